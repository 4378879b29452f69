/* stream_faults_test.c - the kafka driver when things go wrong, against librdkafka's mock cluster: brokers that are away,
 * errors that a broker answers with. The mock keeps little and checks no limits: what it stores is not looked at here. */
#include "tests/unit/pipeline/stream_bed.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* Numbers of requests (Kafka's protocol guide, "Api Keys"). */
enum { PRODUCE = 0, FETCH = 1, METADATA = 3, HEARTBEAT = 12, INIT_PRODUCER_ID = 22 };

static rd_kafka_t *host; /* of the cluster */
static rd_kafka_mock_cluster_t *cluster;

/* --- the bed --- */

static void bed_prepare(struct bed *b)
{
    static int turn;
    snprintf(b->prefix, sizeof(b->prefix), "faults%d", ++turn);
    b->config.prefix = b->prefix;
    b->config.kafka.bootstrap = (char *)rd_kafka_mock_cluster_bootstraps(cluster);
    for (int t = 0; t < TOPIC_COUNT; t++) {
        char name[TOPIC_NAME_MAX];
        topic_full_name(b->prefix, (enum topic)t, name);
        CHECK(!rd_kafka_mock_topic_create(cluster, name, topic_spec((enum topic)t)->partitions, 1), "%s", name);
    }
}

static struct stream *bed_stream(struct bed *b, struct error *err)
{
    return stream_kafka_create(&b->config, "test", err);
}

static void bed_clean(struct bed *b)
{
    (void)b;
    rd_kafka_mock_clear_request_errors(cluster, PRODUCE);
    rd_kafka_mock_clear_request_errors(cluster, INIT_PRODUCER_ID);
}

static int make_cluster(void **state)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    (void)state;
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    CHECK(host, "%s", why);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    return cluster ? 0 : -1;
}

static int drop_cluster(void **state)
{
    (void)state;
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}

/* --- brokers that are away --- */

static void test_no_broker_at_the_start(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    rd_kafka_mock_broker_set_down(cluster, 1);
    bed_open(&b);
    reader_init(&r, &b);
    reader_create(&r, TOPIC_PAGES);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 3), 0, 20);
    int64_t end_ms = clock_mono_ms() + 2500; /* statistics have come: it knows */
    AWAIT(&b, clock_mono_ms() > end_ms);
    assert_false(producer_reachable(b.producer));
    assert_false(consumer_ready(r.c));
    assert_int_equal(consumer_lag(r.c), -1);
    assert_int_equal(b.delivered + b.failed, 0);
    rd_kafka_mock_broker_set_up(cluster, 1);
    AWAIT(&b, b.delivered == 20 && r.count == 20 && producer_reachable(b.producer));
    check_numbers(&r, 3, 0, 20, 0);
    CHECK(!b.fatal.message[0] && !r.fatal.message[0], "%s%s", b.fatal.message, r.fatal.message);
    reader_close(&r);
    bed_close(&b);
}

static void test_a_broker_lost_for_a_while(void **state)
{
    struct bed b;
    (void)state;
    bed_open(&b);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 3), 0, 20);
    AWAIT(&b, b.delivered == 20 && producer_reachable(b.producer));
    for (int i = 0; i < 3; i++) {
        size_t before = b.delivered;
        rd_kafka_mock_broker_set_down(cluster, 1);
        send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 3), 0, 20);
        AWAIT(&b, !producer_reachable(b.producer));
        assert_int_equal(b.delivered, before);
        rd_kafka_mock_broker_set_up(cluster, 1);
        AWAIT(&b, b.delivered == before + 20 && producer_reachable(b.producer));
    }
    assert_int_equal(b.failed, 0);
    CHECK(!b.fatal.message[0], "%s", b.fatal.message);
    bed_close(&b);
}

/* A record waits for its broker as long as it takes; closing does not wait for it. */
static void test_leaving_while_the_broker_is_away(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    reader_create(&r, TOPIC_PAGES);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 3), 0, 20);
    AWAIT(&b, r.count == 20);
    rd_kafka_mock_broker_set_down(cluster, 1);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 3), 20, 40);
    AWAIT(&b, !producer_reachable(b.producer));
    reader_close(&r);
    bed_close(&b);
    rd_kafka_mock_broker_set_up(cluster, 1);
}

/* --- errors of producing --- */

static const struct { const char *name; rd_kafka_resp_err_t code; int times; } passing[] = {
    { "not enough replicas", RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 3 },
    { "not enough replicas after append", RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, 2 },
    { "not leader", RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 3 },
    { "request timed out", RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, 2 },
    { "storage", RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, 2 },
    { "connection closed", RD_KAFKA_RESP_ERR__TRANSPORT, 3 },
};

static void test_errors_that_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(passing); i++) {
        struct bed b;
        bed_open(&b);
        for (int k = 0; k < passing[i].times; k++)
            rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, passing[i].code);
        send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 3), 0, 20);
        AWAIT(&b, b.delivered + b.failed == 20 || b.fatal.message[0]);
        CHECK(b.delivered == 20 && !b.fatal.message[0], "%s: %zu delivered, %s%s", passing[i].name, b.delivered, b.last_error.message,
              b.fatal.message);
        bed_close(&b);
    }
}

static const struct { const char *name; rd_kafka_resp_err_t code; } of_record[] = {
    { "too large", RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE },
    { "invalid record", RD_KAFKA_RESP_ERR_INVALID_RECORD },
    { "invalid timestamp", RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP },
};

/* One record is refused; those behind it go on. */
static void test_errors_of_a_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(of_record); i++) {
        struct bed b;
        bed_open(&b);
        send_text(&b, TOPIC_PAGES, "k", "first");
        AWAIT(&b, b.delivered == 1);
        rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, of_record[i].code);
        send_text(&b, TOPIC_PAGES, "k", "refused");
        AWAIT(&b, b.failed == 1 || b.fatal.message[0]);
        CHECK(b.failed == 1 && b.last_error.kind == ERROR_INVALID && strstr(b.last_error.message, "pages.v1"), "%s: %s%s",
              of_record[i].name, b.last_error.message, b.fatal.message);
        send_numbers(&b, TOPIC_PAGES, "k", 0, 20);
        AWAIT(&b, b.delivered + b.failed == 22 || b.fatal.message[0]);
        CHECK(b.delivered == 21, "%s: %zu delivered, %s", of_record[i].name, b.delivered, b.fatal.message);
        assert_int_equal(producer_queued(b.producer), 0);
        bed_close(&b);
    }
}

static const struct { const char *name; int request; rd_kafka_resp_err_t code; const char *says; } fatal[] = {
    { "not allowed to write", PRODUCE, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "allow this user to write" },
    { "not allowed to be idempotent", INIT_PRODUCER_ID, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "uthoriz" },
    { "sequence lost", PRODUCE, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "" },
};

static void check_ends(struct bed *b, const char *name, const char *says)
{
    struct error err;
    AWAIT(b, b->fatal.message[0]);
    CHECK(b->fatal.kind == ERROR_SYSTEM && strstr(b->fatal.message, says), "%s: %s", name, b->fatal.message);
    turn_loop(b, 50); /* it is told once, and no record is reported */
    CHECK(b->delivered <= 1 && b->failed == 0, "%s: %zu delivered, %zu failed", name, b->delivered, b->failed);
    assert_false(try_send(b, TOPIC_PAGES, "k", "x", 1, &err));
    CHECK(err.kind == ERROR_SYSTEM, "%s: %s", name, err.message);
}

static void test_errors_that_end_the_process(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fatal); i++) {
        struct bed b;
        if (fatal[i].request == INIT_PRODUCER_ID)
            rd_kafka_mock_push_request_errors(cluster, INIT_PRODUCER_ID, 1, fatal[i].code);
        bed_open(&b);
        if (fatal[i].request == PRODUCE) {
            send_text(&b, TOPIC_PAGES, "k", "first");
            AWAIT(&b, b.delivered == 1);
            rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, fatal[i].code);
        }
        send_numbers(&b, TOPIC_PAGES, "k", 0, 20);
        check_ends(&b, fatal[i].name, fatal[i].says);
        bed_close(&b);
    }
}

/* Nobody waits for its report: the process ends all the same. */
static void test_a_failure_with_nobody_waiting(void **state)
{
    struct bed b;
    struct record r = { .topic = TOPIC_EVENTS, .key = "k", .key_len = 1, .value = "{}", .value_len = 2 };
    (void)state;
    bed_open(&b);
    rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    assert_true(producer_send(b.producer, &r, NULL, NULL, NULL));
    AWAIT(&b, b.fatal.message[0]);
    bed_close(&b);
}

/* --- a consumer's --- */

static void test_a_group_that_loses_its_coordinator_comes_back(void **state)
{
    struct bed b;
    struct reader r;
    (void)state;
    bed_open(&b);
    reader_init(&r, &b);
    r.stored = xcalloc(PARTITIONS_MAX, sizeof(*r.stored));
    reader_create(&r, TOPIC_PAGES);
    AWAIT(&b, r.assigned_count == 24);
    rd_kafka_mock_push_request_errors(cluster, HEARTBEAT, 2, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    AWAIT(&b, r.revocations >= 1 && r.assigned_count == 24);
    send_numbers(&b, TOPIC_PAGES, key_for(&b, TOPIC_PAGES, 3), 0, 20);
    AWAIT(&b, r.count == 20);
    check_numbers(&r, 3, 0, 20, 0);
    CHECK(!r.fatal.message[0], "%s", r.fatal.message);
    free(r.stored);
    r.stored = NULL;
    reader_close(&r);
    bed_close(&b);
}

/* --- settings that cannot be --- */

static const struct { const char *name, *value, *says; } settings[] = {
    { "no.such.property", "1", "no such property" },
    { "linger.ms", "soon", "refuses this value" },
    { "sasl.password", "", NULL },
};

static void test_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(settings); i++) {
        struct config_property p = { (char *)settings[i].name, (char *)settings[i].value };
        struct config config = { .prefix = "x", .kafka = { .bootstrap = "127.0.0.1:1", .properties = &p, .property_count = 1 } };
        struct error err = { .message = "" };
        struct stream *s = stream_kafka_create(&config, "test", &err);
        CHECK(!s == (settings[i].says != NULL), "%s", settings[i].name);
        CHECK(s || (err.kind == ERROR_INVALID && strstr(err.message, settings[i].name) && strstr(err.message, settings[i].says)),
              "%s: %s", settings[i].name, err.message);
        stream_destroy(s);
    }
}

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_broker_at_the_start),
        cmocka_unit_test(test_a_broker_lost_for_a_while),
        cmocka_unit_test(test_leaving_while_the_broker_is_away),
        cmocka_unit_test(test_errors_that_pass),
        cmocka_unit_test(test_errors_of_a_record),
        cmocka_unit_test(test_errors_that_end_the_process),
        cmocka_unit_test(test_a_failure_with_nobody_waiting),
        cmocka_unit_test(test_a_group_that_loses_its_coordinator_comes_back),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, make_cluster, drop_cluster);
}
