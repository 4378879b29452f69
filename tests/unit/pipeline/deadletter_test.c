/* deadletter_test.c - dead letters as records and back, over the files of the embedded form. */
#include "pipeline/deadletter.h"
#include "pipeline/stream_log.h"
#include "pipeline/topics.h"
#include "tests/unit/check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

static struct {
    uv_loop_t loop;
    struct config config;
    char dir[64];
    struct stream *stream;
    struct producer *producer;
    struct stream_log_reader *reader;
} bed;

static int set_up(void **state)
{
    struct error err = { .message = "" };
    (void)state;
    snprintf(bed.dir, sizeof(bed.dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(bed.dir), "mkdtemp");
    uv_loop_init(&bed.loop);
    bed.stream = stream_local_create(&bed.config, bed.dir, &err);
    bed.producer = bed.stream ? producer_create(bed.stream, &bed.loop, &err) : NULL;
    CHECK(bed.producer, "%s", err.message);
    bed.reader = stream_log_reader_open(bed.dir, TOPIC_DEADLETTERS, -1);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    stream_log_reader_close(bed.reader);
    producer_destroy(bed.producer);
    uv_run(&bed.loop, UV_RUN_DEFAULT);
    stream_destroy(bed.stream);
    CHECK(uv_loop_close(&bed.loop) == 0, "a handle is left open");
    return nftw(bed.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What d is on the topic; record_release(). */
static struct record *sent(const struct deadletter *d)
{
    struct error err = { .message = "" };
    CHECK(deadletter_send(bed.producer, d, NULL, NULL, &err), "%s", err.message);
    struct record *r = stream_log_read(bed.reader);
    CHECK(r, "nothing was appended");
    return r;
}

static bool has(const struct record *r, const char *name, const char *value)
{
    const struct header *h = record_header(r, name);
    return h && h->len == strlen(value) && memcmp(h->value, value, h->len) == 0;
}

static void test_headers(void **state)
{
    static const struct header own[] = { { "url", "http://a/", 9 }, { "tidings-dlq-reason", "older", 5 }, { "__connect.errors.topic", "x", 1 } };
    struct record r = { .topic = TOPIC_PAGES, .partition = 7, .offset = 4711, .key = "key", .key_len = 3, .value = "body", .value_len = 4,
                        .headers = own, .header_count = COUNT(own) };
    struct deadletter d = { .stage = "extract", .reason = "undecodable", .message = "gzip: bad block", .url_id = "0123", .url = "http://a/",
                            .source = "a", .version = 1764061156123, .record = &r };
    (void)state;
    struct record *got = sent(&d);
    assert_memory_equal(got->key, "key", 3);
    assert_memory_equal(got->value, "body", 4);
    const struct { const char *name, *value; } want[] = { /* Kafka Connect's names: KIP-298 */
        { "url", "http://a/" },
        { "__connect.errors.topic", "pages" },
        { "__connect.errors.partition", "7" },
        { "__connect.errors.offset", "4711" },
        { "__connect.errors.stage", "extract" },
        { "__connect.errors.class.name", "tidings" },
        { "__connect.errors.exception.class.name", "tidings.undecodable" },
        { "__connect.errors.exception.message", "gzip: bad block" },
        { "tidings-dlq-stage", "extract" },
        { "tidings-dlq-reason", "undecodable" },
        { "tidings-dlq-url-id", "0123" },
        { "tidings-dlq-url", "http://a/" },
        { "tidings-dlq-source", "a" },
        { "tidings-dlq-version", "1764061156123" },
        { "tidings-dlq-value-bytes", "4" },
    };
    for (size_t i = 0; i < COUNT(want); i++)
        CHECK(has(got, want[i].name, want[i].value), "%s", want[i].name);
    struct deadletter_view v;
    deadletter_read(got, &v);
    assert_string_equal(v.stage, "extract");
    assert_string_equal(v.reason, "undecodable");
    assert_string_equal(v.message, "gzip: bad block");
    assert_string_equal(v.topic, "pages");
    assert_int_equal(v.partition, 7);
    assert_int_equal(v.offset, 4711);
    assert_int_equal(v.version, 1764061156123);
    assert_int_equal(v.value_bytes, 4);
    assert_false(v.value_left_out);
    CHECK(strlen(v.at) == 24 && v.at[23] == 'Z', "%s", v.at);
    deadletter_fini(&v);
    record_release(got);
}

static void test_one_that_was_never_on_a_topic(void **state)
{
    struct record r = { .topic = TOPIC_PAGES, .offset = -1, .key = "k", .key_len = 1, .value = NULL, .value_len = 5000000 };
    struct deadletter d = { .stage = "crawl", .reason = "too_large", .message = "5000000 bytes", .url = "http://a/", .record = &r };
    struct deadletter_view v;
    (void)state;
    struct record *got = sent(&d);
    deadletter_read(got, &v);
    assert_null(record_header(got, "__connect.errors.topic"));
    assert_null(record_header(got, "tidings-dlq-source"));
    assert_int_equal(v.offset, -1);
    assert_int_equal(v.value_bytes, 5000000);
    assert_true(v.value_left_out);
    assert_null(v.source);
    deadletter_fini(&v);
    record_release(got);
}

/* The largest record of any topic, with headers beyond measure, still makes a dead letter with its bytes. */
static void test_the_largest(void **state)
{
    static struct header many[500];
    char *body = xcalloc(1, 2 << 20), name[16];
    (void)state;
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct header){ "filler", body, 1000 };
    snprintf(name, sizeof(name), "x");
    struct record r = { .topic = TOPIC_PAGES, .offset = 1, .key = name, .key_len = 1, .value = body, .value_len = (2 << 20) - 200,
                        .headers = many, .header_count = COUNT(many) };
    char *message = xmalloc(3000);
    memset(message, 'm', 2999);
    message[2999] = '\0';
    struct deadletter d = { .stage = "extract", .reason = "parse_budget", .message = message, .record = &r };
    struct record *got = sent(&d);
    assert_int_equal(got->value_len, (2 << 20) - 200);
    size_t copied = 0;
    for (size_t i = 0; i < got->header_count; i++)
        copied += strcmp(got->headers[i].name, "filler") == 0;
    CHECK(copied == DEADLETTER_HEADERS_MAX / 1006, "%zu headers copied", copied);
    assert_int_equal(record_header(got, "__connect.errors.exception.message")->len, 512);
    record_release(got);
    r.value_len = 2500000; /* none of ours: left out */
    free(body);
    body = xcalloc(1, 2500000);
    r.value = body;
    r.header_count = 0;
    got = sent(&d);
    struct deadletter_view v;
    deadletter_read(got, &v);
    assert_true(v.value_left_out);
    assert_int_equal(v.value_bytes, 2500000);
    deadletter_fini(&v);
    record_release(got);
    free(body);
    free(message);
}

static void test_a_record_of_another_writer(void **state)
{
    static const struct header odd[] = { { "tidings-dlq-version", "12x", 3 }, { "tidings-dlq-stage", NULL, 0 } };
    struct record r = { .value = "v", .value_len = 1, .headers = odd, .header_count = COUNT(odd) };
    struct deadletter_view v;
    (void)state;
    deadletter_read(&r, &v);
    assert_int_equal(v.version, 0);
    assert_null(v.stage);
    assert_null(v.reason);
    assert_int_equal(v.value_bytes, 1);
    assert_false(v.value_left_out);
    deadletter_fini(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_that_was_never_on_a_topic, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_largest, set_up, tear_down),
        cmocka_unit_test(test_a_record_of_another_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
