/* stream_kafka_test.c - the kafka driver against a real broker: the contract of streams, and what is its own: groups, and a
 * broker that goes away. */
#include "tests/unit/kafka_own.h"
#include "tests/unit/pipeline/stream_contract.h"

static struct kafka_server server;

/* --- the bed --- */

static void bed_prepare(struct bed *b)
{
    static int turn;
    struct error err = { .message = "" };
    snprintf(b->prefix, sizeof(b->prefix), "test%d", ++turn);
    snprintf(b->dir, sizeof(b->dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(b->dir), "mkdtemp");
    b->config.prefix = b->prefix;
    b->config.kafka.bootstrap = server.address;
    json_t *made = topics_create(&b->config, &err);
    CHECK(made && json_array_size(made) == TOPIC_COUNT, "%s", err.message);
    json_decref(made);
}

static struct stream *bed_stream(struct bed *b, struct error *err)
{
    b->config.prefix = b->prefix;
    b->config.kafka.bootstrap = server.address;
    return stream_kafka_create(&b->config, "test", err);
}

static void bed_clean(struct bed *b)
{
    char line[96];
    snprintf(line, sizeof(line), "rm -rf %s", b->dir);
    CHECK(system(line) == 0, "%s", line);
}

/* --- running --- */

static int set_up(void **state)
{
    (void)state;
    kafka_server_start(&server);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kafka_server_stop(&server);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 5 && strcmp(argv[1], "child") == 0) {
        snprintf(server.address, sizeof(server.address), "%s", argv[4]);
        return killed_main(argv[2], argv[3]);
    }
    const struct CMUnitTest tests[] = {
        CONTRACT_TESTS,
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
