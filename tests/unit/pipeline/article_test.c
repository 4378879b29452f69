/* article_test.c - article records and events: what is refused, and events of broken text. */
#include "pipeline/article.h"
#include "pipeline/event.h"
#include "pipeline/stream_log.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define ID "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb"
#define UPSERTED "tidings.article.upserted"
#define DELETED "tidings.article.deleted"

static const struct {
    const char *name, *key, *ce_id, *ce_type, *value;
    const char *says; /* NULL: it is read */
} cases[] = {
    { "an article", ID, ID ".1764061156123.2", UPSERTED, "{}", NULL },
    { "a removal", ID, ID ".1764061156123.2", DELETED, NULL, NULL },
    { "no key", "", ID ".1.1", UPSERTED, "{}", "not an article id" },
    { "another key", "ccccccccccccccccdddddddddddddddd", ID ".1.1", UPSERTED, "{}", "another id than the key" },
    { "no ce_id", ID, NULL, UPSERTED, "{}", "ce_id is missing" },
    { "no ce_type", ID, ID ".1.1", NULL, "{}", "ce_type is missing" },
    { "another ce_type", ID, ID ".1.1", "tidings.article.read", "{}", "ce_type is neither" },
    { "ce_id without a version", ID, ID, UPSERTED, "{}", "ce_id is not ID.VERSION.REVISION" },
    { "ce_id without a revision", ID, ID ".17", UPSERTED, "{}", "ce_id is not" },
    { "ce_id in words", ID, ID ".one.two", UPSERTED, "{}", "no version and revision" },
    { "version of 19 digits", ID, ID ".9999999999999999999.1", UPSERTED, "{}", "no version and revision" },
    { "version 0", ID, ID ".0.1", UPSERTED, "{}", "no version and revision" },
    { "revision with a tail", ID, ID ".1.1x", UPSERTED, "{}", "no version and revision" },
    { "an article without a value", ID, ID ".1.1", UPSERTED, NULL, "an article without a value" },
    { "a removal with a value", ID, ID ".1.1", DELETED, "{}", "a removal with a value" },
};

static void test_reading(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct header headers[2];
        struct record r = { .topic = TOPIC_ARTICLES, .key = cases[i].key, .key_len = strlen(cases[i].key), .value = cases[i].value,
                            .value_len = cases[i].value ? strlen(cases[i].value) : 0, .headers = headers };
        if (cases[i].ce_id)
            headers[r.header_count++] = (struct header){ "ce_id", cases[i].ce_id, strlen(cases[i].ce_id) };
        if (cases[i].ce_type)
            headers[r.header_count++] = (struct header){ "ce_type", cases[i].ce_type, strlen(cases[i].ce_type) };
        struct error err = { .kind = ERROR_SYSTEM, .message = "" };
        struct article a;
        bool ok = article_read(&r, &a, &err);
        CHECK(ok == !cases[i].says, "%s: %s", cases[i].name, err.message);
        CHECK(ok || (err.kind == ERROR_INVALID && strstr(err.message, cases[i].says)), "%s: %s", cases[i].name, err.message);
        CHECK(!ok || (a.version == 1764061156123 && a.revision == 2 && a.removed == !cases[i].value), "%s", cases[i].name);
    }
}

/* --- events --- */

/* The event as it is on the topic. */
static json_t *said(const struct event *e)
{
    struct config config = { 0 };
    struct error err = { .message = "" };
    char dir[] = "/tmp/tidings-test-XXXXXX", line[64];
    uv_loop_t loop;
    CHECK(mkdtemp(dir), "mkdtemp");
    uv_loop_init(&loop);
    struct stream *s = stream_local_create(&config, dir, &err);
    struct producer *p = s ? producer_create(s, &loop, &err) : NULL;
    CHECK(p, "%s", err.message);
    event_send(p, e);
    struct stream_log_reader *reader = stream_log_reader_open(dir, TOPIC_EVENTS, -1);
    struct record *r = stream_log_read(reader);
    CHECK(r, "nothing was appended");
    CHECK(r->key_len == strlen(e->url_id.hex), "key of %zu bytes", r->key_len);
    json_t *o = event_read(r, &err);
    CHECK(o, "%s", err.message);
    record_release(r);
    stream_log_reader_close(reader);
    producer_destroy(p);
    uv_run(&loop, UV_RUN_DEFAULT);
    stream_destroy(s);
    uv_loop_close(&loop);
    snprintf(line, sizeof(line), "rm -rf %s", dir);
    CHECK(system(line) == 0, "%s", line);
    return o;
}

static const char *text(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "-";
}

static void test_events(void **state)
{
    struct event e = { .url_id = { ID }, .url = "https://a.example/\xff", .source = "a", .stage = "fetch", .what = "failed", .reason = "caf\xe9",
                       .version = 7, .more = json_pack("{s:i}", "status", 503) };
    (void)state;
    json_t *o = said(&e);
    assert_string_equal(text(o, "url_id"), ID);
    assert_string_equal(text(o, "url"), "https://a.example/\xef\xbf\xbd");
    assert_string_equal(text(o, "reason"), "caf\xef\xbf\xbd");
    assert_string_equal(text(o, "stage"), "fetch");
    assert_int_equal(json_integer_value(json_object_get(o, "version")), 7);
    assert_int_equal(json_integer_value(json_object_get(o, "status")), 503);
    CHECK(strlen(text(o, "at")) == 24, "%s", text(o, "at"));
    json_decref(o);
}

static void test_an_event_of_no_url(void **state)
{
    struct event e = { .stage = "poll", .what = "polled", .reason = "" };
    (void)state;
    json_t *o = said(&e);
    assert_int_equal(json_object_size(o), 3); /* at, stage, what: what has no value is left out */
    json_decref(o);
}

static void test_what_is_no_event(void **state)
{
    static const char *const values[] = { "", "[1]", "{\"at\": ", "\xff" };
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        struct record r = { .topic = TOPIC_EVENTS, .partition = 3, .offset = 12, .value = values[i], .value_len = strlen(values[i]) };
        struct error err = { .message = "" };
        assert_null(event_read(&r, &err));
        CHECK(err.kind == ERROR_INVALID && strstr(err.message, "partition 3 offset 12"), "%s", err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_an_event_of_no_url),
        cmocka_unit_test(test_what_is_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
