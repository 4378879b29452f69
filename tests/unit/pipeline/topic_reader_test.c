/* topic_reader_test.c - reading a topic as a command does: from a real Kafka, and from the files of the embedded form. One
 * set of tests for both; events are the topic that both have. */
#include "base/clock.h"
#include "pipeline/topic_reader.h"
#include "pipeline/topics.h"
#include "tests/unit/kafka_own.h"

#include <string.h>
#include <uv.h>

static bool embedded;

struct bed {
    uv_loop_t loop;
    struct config config;
    char prefix[32], dir[64];
    struct stream *stream;
    struct producer *producer;
    int delivered;
};

static void on_delivery(void *arg, const struct record *r, const struct error *err)
{
    struct bed *b = arg;
    (void)r;
    CHECK(!err, "%s", err->message);
    b->delivered++;
}

static void bed_open(struct bed *b)
{
    static int turn;
    struct error err = { .message = "" };
    *b = (struct bed){ .config = { .prefix = b->prefix, .state_dir = b->dir, .kafka.bootstrap = kafka.address } };
    snprintf(b->prefix, sizeof(b->prefix), "test%d", ++turn);
    snprintf(b->dir, sizeof(b->dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(b->dir), "mkdtemp");
    uv_loop_init(&b->loop);
    if (!embedded) {
        json_t *made = topics_create(&b->config, &err);
        CHECK(made, "%s", err.message);
        json_decref(made);
    }
    b->stream = embedded ? stream_local_create(&b->config, b->dir, &err) : stream_kafka_create(&b->config, "test", &err);
    b->producer = b->stream ? producer_create(b->stream, &b->loop, &err) : NULL;
    CHECK(b->producer, "%s", err.message);
}

static void bed_close(struct bed *b)
{
    char line[96];
    producer_destroy(b->producer);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    stream_destroy(b->stream);
    CHECK(uv_loop_close(&b->loop) == 0, "a handle is left open");
    snprintf(line, sizeof(line), "rm -rf %s", b->dir);
    CHECK(system(line) == 0, "%s", line);
}

static void send_text(struct bed *b, enum topic topic, const char *key, const char *value)
{
    struct record r = { .topic = topic, .key = key, .key_len = strlen(key), .value = value, .value_len = value ? strlen(value) : 0 };
    struct error err = { .message = "" };
    int before = b->delivered;
    CHECK(producer_send(b->producer, &r, on_delivery, b, &err), "%s", err.message);
    while (b->delivered == before)
        uv_run(&b->loop, UV_RUN_ONCE);
}

static struct topic_reader *open_reader(struct bed *b, enum topic topic, enum topic_reader_from from, const char *key)
{
    struct error err = { .message = "" };
    struct topic_reader *t = topic_reader_open(&b->config, embedded, topic, from, key, &err);
    CHECK(t, "%s", err.message);
    return t;
}

/* Counts the records up to the end; the last one's value into *last. */
static int count_all(struct topic_reader *t, char last[32])
{
    struct record *r;
    struct error err = { .message = "" };
    int n = 0, got;
    while ((got = topic_reader_next(t, 0, &r, &err)) == 1) {
        snprintf(last, 32, "%.*s", (int)r->value_len, (const char *)r->value);
        record_release(r);
        n++;
    }
    CHECK(got == 0, "%s", err.message);
    topic_reader_close(t);
    return n;
}

static void test_all(void **state)
{
    struct bed b;
    char last[32] = "", key[16];
    (void)state;
    bed_open(&b);
    assert_int_equal(count_all(open_reader(&b, TOPIC_EVENTS, READ_ALL, NULL), last), 0);
    for (int i = 0; i < 60; i++) {
        char text[16];
        snprintf(key, sizeof(key), "key%d", i % 20);
        snprintf(text, sizeof(text), "%d", i);
        send_text(&b, TOPIC_EVENTS, key, text);
    }
    assert_int_equal(count_all(open_reader(&b, TOPIC_EVENTS, READ_ALL, NULL), last), 60);
    assert_int_equal(count_all(open_reader(&b, TOPIC_EVENTS, READ_ALL, "key7"), last), 3);
    assert_string_equal(last, "47");
    assert_int_equal(count_all(open_reader(&b, TOPIC_EVENTS, READ_ALL, "never sent"), last), 0);
    bed_close(&b);
}

static void test_all_ends_where_it_was_on_opening(void **state)
{
    struct bed b;
    char last[32] = "";
    (void)state;
    bed_open(&b);
    send_text(&b, TOPIC_EVENTS, "k", "one");
    send_text(&b, TOPIC_EVENTS, "k", "two");
    struct topic_reader *t = open_reader(&b, TOPIC_EVENTS, READ_ALL, NULL);
    send_text(&b, TOPIC_EVENTS, "k", "three");
    assert_int_equal(count_all(t, last), 2);
    assert_string_equal(last, "two");
    bed_close(&b);
}

static void test_new(void **state)
{
    struct bed b;
    struct record *r;
    struct error err = { .message = "" };
    (void)state;
    bed_open(&b);
    struct topic_reader *nothing_yet = open_reader(&b, TOPIC_EVENTS, READ_NEW, NULL);
    assert_int_equal(topic_reader_next(nothing_yet, 10, &r, &err), 0);
    send_text(&b, TOPIC_EVENTS, "k", "old");
    struct topic_reader *t = open_reader(&b, TOPIC_EVENTS, READ_NEW, "k");
    send_text(&b, TOPIC_EVENTS, "other", "not ours");
    send_text(&b, TOPIC_EVENTS, "k", "new");
    assert_int_equal(topic_reader_next(t, 30000, &r, &err), 1);
    assert_memory_equal(r->value, "new", 3);
    record_release(r);
    assert_int_equal(topic_reader_next(t, 200, &r, &err), 0);
    assert_int_equal(topic_reader_next(nothing_yet, 30000, &r, &err), 1);
    record_release(r);
    topic_reader_close(t);
    topic_reader_close(nothing_yet);
    bed_close(&b);
}

static void test_tombstones_and_headers(void **state)
{
    struct bed b;
    struct record *r;
    struct error err = { .message = "" };
    static const struct header h[] = { { "name", "value", 5 } };
    struct record sent = { .topic = TOPIC_DEADLETTERS, .key = "k", .key_len = 1, .headers = h, .header_count = 1 };
    (void)state;
    bed_open(&b);
    CHECK(producer_send(b.producer, &sent, on_delivery, &b, &err), "%s", err.message);
    while (!b.delivered)
        uv_run(&b.loop, UV_RUN_ONCE);
    struct topic_reader *t = open_reader(&b, TOPIC_DEADLETTERS, READ_ALL, NULL);
    CHECK(topic_reader_next(t, 0, &r, &err) == 1, "%s", err.message);
    assert_null(r->value);
    assert_int_equal(r->header_count, 1);
    assert_string_equal(r->headers[0].name, "name");
    record_release(r);
    topic_reader_close(t);
    bed_close(&b);
}

static void test_one(void **state)
{
    struct bed b;
    struct record *r;
    struct error err = { .message = "" };
    int64_t offsets[3];
    char key[] = "k", last[32];
    int32_t partition;
    (void)state;
    bed_open(&b);
    send_text(&b, TOPIC_DEADLETTERS, key, "zero");
    send_text(&b, TOPIC_DEADLETTERS, key, "one");
    send_text(&b, TOPIC_DEADLETTERS, key, "two");
    struct topic_reader *t = open_reader(&b, TOPIC_DEADLETTERS, READ_ALL, NULL);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(topic_reader_next(t, 0, &r, &err), 1);
        offsets[i] = r->offset;
        partition = r->partition;
        record_release(r);
    }
    topic_reader_close(t);
    const struct { int32_t partition; int64_t offset; int count; } cases[] = {
        { partition, offsets[1], 1 }, { partition, offsets[2], 1 }, { partition, 1000000, 0 }, { 77, 0, embedded ? 1 : 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        t = topic_reader_open_at(&b.config, embedded, TOPIC_DEADLETTERS, cases[i].partition, cases[i].offset, &err);
        CHECK(t, "%s", err.message);
        int n = count_all(t, last);
        CHECK(n == cases[i].count, "case %zu: %d", i, n);
        CHECK(i != 0 || strcmp(last, "one") == 0, "%s", last);
    }
    bed_close(&b);
}

static void test_what_cannot_be_read(void **state)
{
    struct bed b;
    struct error err = { .message = "" };
    struct config config = { .prefix = "nobody", .state_dir = "/nonexistent", .kafka.bootstrap = kafka.address };
    (void)state;
    bed_open(&b);
    assert_null(topic_reader_open(&b.config, true, TOPIC_ARTICLES, READ_ALL, NULL, &err));
    CHECK(err.kind == ERROR_INVALID && strstr(err.message, "articles"), "%s", err.message);
    if (!embedded) {
        assert_null(topic_reader_open(&config, false, TOPIC_EVENTS, READ_ALL, NULL, &err));
        CHECK(strstr(err.message, "nobody.events.v1 does not exist") && strstr(err.message, "topics create"), "%s", err.message);
    }
    bed_close(&b);
}

static void test_no_broker(void **state)
{
    struct error err = { .message = "" };
    struct config config = { .prefix = "test", .kafka.bootstrap = "127.0.0.1:1" };
    (void)state;
    assert_null(topic_reader_open(&config, false, TOPIC_EVENTS, READ_ALL, NULL, &err));
    CHECK(err.kind == ERROR_TRANSIENT && strstr(err.message, "127.0.0.1:1") && strstr(err.message, "kafka.bootstrap"), "%s",
          err.message);
}

int main(void)
{
    const struct CMUnitTest both[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_all_ends_where_it_was_on_opening),
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_tombstones_and_headers),
        cmocka_unit_test(test_one),
        cmocka_unit_test(test_what_cannot_be_read),
    };
    const struct CMUnitTest alone[] = { cmocka_unit_test(test_no_broker) };
    embedded = true;
    int failed = cmocka_run_group_tests(both, NULL, NULL);
    embedded = false;
    failed += cmocka_run_group_tests(both, kafka_up, kafka_down);
    return failed + cmocka_run_group_tests(alone, NULL, NULL);
}
