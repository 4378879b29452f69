/* stream_log_test.c - a topic as append-only files: lines of every shape, torn lines, positions, trimming. */
#include "base/buffer.h"
#include "base/clock.h"
#include "pipeline/stream_log.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

static char dir[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/tidings-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct stream_log *open_log(enum topic topic)
{
    struct error err = { .message = "" };
    struct stream_log *l = stream_log_open(dir, topic, &err);
    CHECK(l, "%s", err.message);
    return l;
}

static void append(struct stream_log *l, const void *value, size_t len)
{
    struct record r = { .key = "k", .key_len = 1, .value = value, .value_len = len };
    struct error err = { .message = "" };
    CHECK(stream_log_append(l, &r, &err), "%s", err.message);
}

static void append_text(struct stream_log *l, const char *text)
{
    append(l, text, strlen(text));
}

static char *first_file(enum topic topic)
{
    return xasprintf("%s/%s/%020d.jsonl", dir, topic == TOPIC_EVENTS ? "events" : "deadletters", 0);
}

static void write_raw(enum topic topic, const char *text)
{
    char *path = first_file(topic);
    int fd = open(path, O_WRONLY | O_APPEND);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
    close(fd);
    free(path);
}

/* The values from offset on, joined by spaces; the caller frees it. */
static char *read_all(enum topic topic, int64_t offset)
{
    struct stream_log_reader *r = stream_log_reader_open(dir, topic, offset);
    struct buffer out;
    struct record *record;
    buffer_init(&out, 0);
    while ((record = stream_log_read(r))) {
        buffer_printf(&out, "%s%.*s", out.len ? " " : "", (int)record->value_len, (const char *)record->value);
        record_release(record);
    }
    stream_log_reader_close(r);
    return buffer_take(&out);
}

static void check_all(enum topic topic, int64_t offset, const char *want)
{
    char *got = read_all(topic, offset);
    CHECK(strcmp(got, want) == 0, "from %" PRId64 ": \"%s\", not \"%s\"", offset, got, want);
    free(got);
}

/* --- shapes --- */

static const struct { const char *name; const void *p; size_t len; } values[] = {
    { "text", "hello", 5 },
    { "none", NULL, 0 },
    { "empty", "", 0 },
    { "line ends and quotes", "a\nb\"c\\d\r", 8 },
    { "two letters beyond ASCII", "\xc4\x91\xe1\xbb\x83", 5 },
    { "a NUL", "a\0b", 3 },
    { "one byte that is no text", "\xff", 1 },
    { "two", "\xff\xfe", 2 },
    { "three", "\xff\xfe\x00", 3 },
    { "four", "\xff\xfe\x00\x80", 4 },
};

static void test_every_shape_comes_back(void **state)
{
    struct stream_log *l = open_log(TOPIC_DEADLETTERS);
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct header h[] = { { "a", values[i].p, values[i].len }, { "b", "x", 1 } };
        struct record r = { .key = values[i].p, .key_len = values[i].len, .value = values[i].p, .value_len = values[i].len,
                            .headers = h, .header_count = 2, .timestamp_ms = 1764061156123 };
        CHECK(stream_log_append(l, &r, &err), "%s", err.message);
    }
    struct stream_log_reader *reader = stream_log_reader_open(dir, TOPIC_DEADLETTERS, -1);
    for (size_t i = 0; i < COUNT(values); i++) {
        struct record *r = stream_log_read(reader);
        CHECK(r, "%s", values[i].name);
        const struct header parts[] = { { "key", r->key, r->key_len }, { "value", r->value, r->value_len }, r->headers[0] };
        for (size_t k = 0; k < COUNT(parts); k++)
            CHECK(!parts[k].value == !values[i].p && parts[k].len == values[i].len &&
                      (!parts[k].len || memcmp(parts[k].value, values[i].p, parts[k].len) == 0),
                  "%s: %s", values[i].name, parts[k].name);
        CHECK(r->header_count == 2 && strcmp(r->headers[1].name, "b") == 0, "%s: headers", values[i].name);
        CHECK(r->timestamp_ms == 1764061156123 && r->topic == TOPIC_DEADLETTERS, "%s: time", values[i].name);
        record_release(r);
    }
    assert_null(stream_log_read(reader));
    assert_int_equal(stream_log_position(reader), stream_log_end(l));
    stream_log_reader_close(reader);
    stream_log_close(l);
}

/* --- lines that are no records --- */

static const struct { const char *name, *raw, *want; } broken[] = {
    { "torn by a crash", "{\"at\": 1, \"val", "one two" },
    { "torn at its very end", "{\"at\":1,\"value\":\"half\"}", "one half two" }, /* only its line's end was missing */
    { "not JSON", "hello\n", "one two" },
    { "not an object", "[1]\n", "one two" },
    { "an empty line", "\n\n", "one two" },
    { "a value that is a number", "{\"value\": 1}\n", "one two" },
    { "wrong base64", "{\"value\": {\"base64\": \"!\"}}\n", "one two" },
    { "headers that are none", "{\"value\": \"x\", \"headers\": [[1, 2]]}\n", "one two" },
    { "zeros of a lost write", "{\"at\": 1\0\0\n", "one two" },
};

static void test_broken_lines_are_skipped(void **state)
{
    for (size_t i = 0; i < COUNT(broken); i++) {
        set_up(state);
        struct stream_log *l = open_log(TOPIC_EVENTS);
        append_text(l, "one");
        stream_log_close(l);
        write_raw(TOPIC_EVENTS, broken[i].raw);
        l = open_log(TOPIC_EVENTS);
        append_text(l, "two");
        char *got = read_all(TOPIC_EVENTS, -1);
        CHECK(strcmp(got, broken[i].want) == 0, "%s: \"%s\"", broken[i].name, got);
        free(got);
        stream_log_close(l);
        tear_down(state);
    }
    set_up(state);
}

/* --- positions --- */

static void test_positions(void **state)
{
    struct stream_log *l = open_log(TOPIC_EVENTS);
    (void)state;
    append_text(l, "one");
    int64_t second = stream_log_end(l);
    append_text(l, "two");
    append_text(l, "three");
    check_all(TOPIC_EVENTS, -1, "one two three");
    check_all(TOPIC_EVENTS, 0, "one two three");
    check_all(TOPIC_EVENTS, 1, "two three"); /* inside of the first */
    check_all(TOPIC_EVENTS, second, "two three");
    check_all(TOPIC_EVENTS, second - 1, "two three"); /* its line's end */
    check_all(TOPIC_EVENTS, second + 1, "three");
    check_all(TOPIC_EVENTS, stream_log_end(l), "");
    check_all(TOPIC_EVENTS, stream_log_end(l) + 100000, "one two three"); /* of another state directory */
    stream_log_close(l);
}

static void test_a_reader_follows_the_writer(void **state)
{
    struct stream_log_reader *early = stream_log_reader_open(dir, TOPIC_EVENTS, -1); /* before there is a file */
    (void)state;
    assert_null(stream_log_read(early));
    struct stream_log *l = open_log(TOPIC_EVENTS);
    assert_null(stream_log_read(early));
    for (int i = 0; i < 1000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "number %d", i);
        append_text(l, text);
        struct record *r = stream_log_read(early);
        CHECK(r && r->value_len == strlen(text) && memcmp(r->value, text, strlen(text)) == 0, "%s", text);
        CHECK(stream_log_position(early) == stream_log_end(l), "%s", text);
        record_release(r);
        assert_null(stream_log_read(early));
    }
    stream_log_reader_close(early);
    stream_log_close(l);
}

/* A line is written in pieces by nobody, but read in pieces: the reader waits for its end. */
static void test_half_a_line_is_waited_for(void **state)
{
    struct stream_log *l = open_log(TOPIC_EVENTS);
    struct stream_log_reader *r = stream_log_reader_open(dir, TOPIC_EVENTS, -1);
    (void)state;
    write_raw(TOPIC_EVENTS, "{\"at\": 1, \"va");
    assert_null(stream_log_read(r));
    write_raw(TOPIC_EVENTS, "lue\": \"x\"}\n");
    struct record *record = stream_log_read(r);
    assert_non_null(record);
    assert_int_equal(record->offset, 0);
    record_release(record);
    stream_log_reader_close(r);
    stream_log_close(l);
}

/* --- many files --- */

static size_t count_files(enum topic topic)
{
    char *pattern = xasprintf("ls %s/%s | wc -l", dir, topic == TOPIC_EVENTS ? "events" : "deadletters");
    FILE *f = popen(pattern, "r");
    size_t n = 0;
    CHECK(f && fscanf(f, "%zu", &n) == 1, "%s", pattern);
    pclose(f);
    free(pattern);
    return n;
}

#define BIG (1 << 20)

static void fill(struct stream_log *l, int from, int to)
{
    char *body = xmalloc(BIG);
    memset(body, 'x', BIG);
    for (int i = from; i < to; i++) {
        memcpy(body, "     ", 5);
        body[snprintf(body, 6, "%d", i)] = ' ';
        append(l, body, BIG);
    }
    free(body);
}

static void test_reading_goes_on_over_files(void **state)
{
    struct stream_log *l = open_log(TOPIC_EVENTS);
    struct stream_log_reader *r = stream_log_reader_open(dir, TOPIC_EVENTS, -1);
    int64_t positions[41] = { 0 };
    (void)state;
    fill(l, 0, 40);
    CHECK(count_files(TOPIC_EVENTS) == 3, "%zu files", count_files(TOPIC_EVENTS));
    for (int i = 0; i < 40; i++) {
        struct record *record = stream_log_read(r);
        CHECK(record && atoi(record->value) == i, "record %d", i);
        positions[i] = record->offset;
        record_release(record);
    }
    assert_null(stream_log_read(r));
    stream_log_reader_close(r);
    for (int i = 0; i < 40; i++) { /* from any of them */
        r = stream_log_reader_open(dir, TOPIC_EVENTS, i ? positions[i - 1] + 1 : 0);
        struct record *record = stream_log_read(r);
        CHECK(record && atoi(record->value) == i, "from %d", i);
        record_release(record);
        stream_log_reader_close(r);
    }
    stream_log_close(l);
}

static void test_the_oldest_go_when_there_is_too_much(void **state)
{
    struct stream_log *l = open_log(TOPIC_EVENTS);
    struct stream_log_reader *slow = stream_log_reader_open(dir, TOPIC_EVENTS, -1);
    (void)state;
    fill(l, 0, 1);
    record_release(stream_log_read(slow));
    fill(l, 1, 300); /* 256 MiB are kept */
    CHECK(count_files(TOPIC_EVENTS) <= 18, "%zu files", count_files(TOPIC_EVENTS));
    struct stream_log_reader *r = stream_log_reader_open(dir, TOPIC_EVENTS, 0);
    struct record *record = stream_log_read(r);
    CHECK(record && atoi(record->value) > 20 && atoi(record->value) < 60, "the first kept is %s",
          record ? (const char *)record->value : "none");
    int first = atoi(record->value);
    record_release(record);
    stream_log_reader_close(r);
    for (int i = 1; i < 300; i++) { /* a slow one has its open file, then goes on at the first one kept */
        record = stream_log_read(slow);
        CHECK(record, "%d", i);
        int n = atoi(record->value);
        record_release(record);
        CHECK(n == i || n == first, "%d after %d", n, i - 1);
        i = n;
    }
    assert_null(stream_log_read(slow));
    stream_log_reader_close(slow);
    stream_log_close(l);
    l = open_log(TOPIC_EVENTS); /* goes on behind the last */
    append_text(l, "last");
    stream_log_close(l);
}

static void test_the_oldest_go_when_they_are_too_old(void **state)
{
    struct stream_log *l = open_log(TOPIC_EVENTS);
    char *path = first_file(TOPIC_EVENTS);
    struct utimbuf old = { 1000000000, 1000000000 };
    (void)state;
    fill(l, 0, 20);
    assert_int_equal(count_files(TOPIC_EVENTS), 2);
    assert_int_equal(utime(path, &old), 0);
    fill(l, 20, 40);
    CHECK(access(path, F_OK) != 0, "%s is still there", path);
    assert_int_equal(count_files(TOPIC_EVENTS), 2);
    stream_log_close(l);
    free(path);
}

/* A line longer than any of ours: the reader's memory stays bounded, and it finds the next one. */
static void test_an_endless_line_is_passed_over(void **state)
{
    struct stream_log *l = open_log(TOPIC_EVENTS);
    char *much = xmalloc(BIG + 1);
    (void)state;
    memset(much, 'x', BIG);
    much[BIG] = '\0';
    append_text(l, "one");
    for (int i = 0; i < 30; i++)
        write_raw(TOPIC_EVENTS, much);
    stream_log_close(l);
    l = open_log(TOPIC_EVENTS);
    append_text(l, "two");
    append_text(l, "three");
    check_all(TOPIC_EVENTS, -1, "one two three");
    stream_log_close(l);
    free(much);
}

/* --- errors --- */

static void test_a_directory_that_cannot_be_made(void **state)
{
    struct error err = { .message = "" };
    (void)state;
    char *path = xasprintf("%s/nowhere/at/all", dir);
    assert_null(stream_log_open(path, TOPIC_EVENTS, &err));
    CHECK(strstr(err.message, path) && strstr(err.message, "No such file"), "%s", err.message);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_shape_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_lines_are_skipped, NULL, tear_down),
        cmocka_unit_test_setup_teardown(test_positions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_reader_follows_the_writer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_a_line_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reading_goes_on_over_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_oldest_go_when_there_is_too_much, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_oldest_go_when_they_are_too_old, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_endless_line_is_passed_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_directory_that_cannot_be_made, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
