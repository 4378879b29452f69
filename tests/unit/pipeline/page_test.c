/* page_test.c - pages as records and back: every field, and what is refused. */
#include "pipeline/page.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define ID_A "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb"
#define ID_B "ccccccccccccccccdddddddddddddddd"

static struct {
    uv_loop_t loop;
    struct config config;
    char dir[64];
    struct stream *stream;
    struct producer *producer;
    struct consumer *consumer;
    struct record *got;
} bed;

static void on_assigned(void *arg, const int32_t *partitions, size_t count)
{
    (void)arg;
    for (size_t i = 0; i < count; i++)
        consumer_start(bed.consumer, partitions[i], -1);
}

static void on_record(void *arg, struct record *r)
{
    (void)arg;
    consumer_done(bed.consumer, r->partition, r->offset + 1);
    bed.got = r;
}

static int set_up(void **state)
{
    struct consumer_callbacks callbacks = { .on_assigned = on_assigned, .on_record = on_record };
    struct error err = { .message = "" };
    (void)state;
    snprintf(bed.dir, sizeof(bed.dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(bed.dir), "mkdtemp");
    uv_loop_init(&bed.loop);
    bed.stream = stream_local_create(&bed.config, bed.dir, &err);
    bed.producer = bed.stream ? producer_create(bed.stream, &bed.loop, &err) : NULL;
    bed.consumer = bed.producer ? consumer_create(bed.stream, &bed.loop, TOPIC_PAGES, "test", &callbacks, &err) : NULL;
    CHECK(bed.consumer, "%s", err.message);
    return 0;
}

static int tear_down(void **state)
{
    char line[96];
    (void)state;
    consumer_destroy(bed.consumer);
    producer_destroy(bed.producer);
    uv_run(&bed.loop, UV_RUN_DEFAULT);
    stream_destroy(bed.stream);
    CHECK(uv_loop_close(&bed.loop) == 0, "a handle is left open");
    snprintf(line, sizeof(line), "rm -rf %s", bed.dir);
    return system(line);
}

/* What p is on the topic; record_release(). */
static struct record *sent(const struct page *p)
{
    struct error err = { .message = "" };
    CHECK(page_send(bed.producer, p, NULL, NULL, &err), "%s", err.message);
    bed.got = NULL;
    while (!bed.got)
        uv_run(&bed.loop, UV_RUN_ONCE);
    return bed.got;
}

static const struct page whole = {
    .id = { ID_A }, .url = "https://a.example/1", .request_id = { ID_B }, .request_url = "https://a.example/r", .request_partition = 255,
    .version = 1764061156123, .opened_at_ms = 1764061150000, .reextract = true, .source = "a.example", .source_name = "A", .timezone = "+07:00",
    .via = "feed", .body_from = "feed", .status = 200, .discovered_at_ms = 1764061140000, .fetched_at_ms = 1764061156000, .content_type = "text/html",
    .content_encoding = "gzip", .framed = "zstd", .content_language = "vi", .etag = "\"1\"", .last_modified = "yesterday",
    .x_robots_tag = "noarchive", .tdm_reservation = "1", .hint_title = "Đề", .hint_summary = "s", .hint_published = "p", .hint_authors = "a",
    .body = "\0body", .body_len = 5,
};

static void check_text(const char *got, const char *want, const char *name)
{
    CHECK(!got == !want && (!got || strcmp(got, want) == 0), "%s is %s, not %s", name, got ? got : "-", want ? want : "-");
}

static void check_same(const struct page *p, const struct page *w)
{
#define TEXT(field) check_text(p->field, w->field, #field)
#define NUMBER(field) CHECK(p->field == w->field, #field)
    check_text(p->id.hex, w->id.hex, "id");
    check_text(p->request_id.hex, w->request_id.hex, "request_id");
    TEXT(url), TEXT(request_url), TEXT(source), TEXT(source_name), TEXT(timezone), TEXT(via), TEXT(body_from), TEXT(content_type), TEXT(content_encoding);
    TEXT(framed), TEXT(content_language), TEXT(etag), TEXT(last_modified), TEXT(x_robots_tag), TEXT(tdm_reservation);
    TEXT(hint_title), TEXT(hint_summary), TEXT(hint_published), TEXT(hint_authors);
    NUMBER(request_partition);
    NUMBER(version);
    NUMBER(opened_at_ms);
    NUMBER(reextract);
    NUMBER(status);
    NUMBER(gone);
    NUMBER(discovered_at_ms);
    NUMBER(fetched_at_ms);
    NUMBER(body_len);
#undef TEXT
#undef NUMBER
    CHECK(!p->body == !w->body && (!p->body || memcmp(p->body, w->body, p->body_len) == 0), "body");
}

static void check_comes_back(const struct page *sent_page, const struct page *want)
{
    struct record *r = sent(sent_page);
    struct error err = { .message = "" };
    struct page p;
    CHECK(page_read(r, &p, &err), "%s", err.message);
    check_same(&p, want);
    page_fini(&p);
    record_release(r);
}

static void test_every_field_comes_back(void **state)
{
    (void)state;
    check_comes_back(&whole, &whole);
}

static void test_as_little_as_may_be(void **state)
{
    struct page little = { .id = { ID_A }, .url = "u", .request_id = { ID_A }, .request_url = "u", .version = 1, .body = "", .body_len = 0 };
    (void)state;
    check_comes_back(&little, &little);
    little.body = NULL; /* an empty answer is no removal */
    struct page want = little;
    want.body = "";
    check_comes_back(&little, &want);
}

static void test_gone(void **state)
{
    struct page gone = whole, want = whole;
    (void)state;
    gone.gone = want.gone = true;
    want.body = NULL;
    want.body_len = 0;
    check_comes_back(&gone, &want);
}

/* --- what is refused --- */

static const struct { const char *name, *key, *header, *value, *says; } refused[] = {
    { "no key", "", NULL, NULL, "key is no url id" },
    { "key that is no id", "AAAA", NULL, NULL, "key is no url id" },
    { "no url", ID_A, "tidings-url", NULL, "without the header tidings-url" },
    { "empty url", ID_A, "tidings-url", "", "without the header tidings-url" },
    { "no version", ID_A, "tidings-version", NULL, "without the header tidings-version" },
    { "version in words", ID_A, "tidings-version", "one", "tidings-version that is no number" },
    { "negative version", ID_A, "tidings-version", "-1", "tidings-version that is no number" },
    { "version too large", ID_A, "tidings-version", "9223372036854775808", "tidings-version that is no number" },
    { "partition too large", ID_A, "tidings-request-partition", "65536", "tidings-request-partition that is no number" },
    { "number with a tail", ID_A, "tidings-fetched-at", "12 ", "tidings-fetched-at that is no number" },
    { "empty number", ID_A, "tidings-opened-at", "", "tidings-opened-at that is no number" },
    { "request id that is none", ID_A, "tidings-request-id", "xyz", "tidings-request-id that is no url id" },
};

static void check_refused(const struct record *r, const char *name, const char *says)
{
    struct error err = { .kind = ERROR_SYSTEM, .message = "" };
    struct page p;
    CHECK(!page_read(r, &p, &err) && err.kind == ERROR_INVALID && strstr(err.message, says), "%s: %s", name, err.message);
    CHECK(!p.url && !p.memory, "%s: something is left", name);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct record *r = sent(&whole), changed = *r;
        struct header headers[40];
        changed.header_count = 0;
        for (size_t k = 0; k < r->header_count; k++) {
            headers[changed.header_count] = r->headers[k];
            if (refused[i].header && strcmp(r->headers[k].name, refused[i].header) == 0) {
                if (!refused[i].value)
                    continue;
                headers[changed.header_count].value = refused[i].value;
                headers[changed.header_count].len = strlen(refused[i].value);
            }
            changed.header_count++;
        }
        changed.headers = headers;
        changed.key = refused[i].key;
        changed.key_len = strlen(refused[i].key);
        check_refused(&changed, refused[i].name, refused[i].says);
        record_release(r);
    }
}

static void test_a_body_must_be_there(void **state)
{
    (void)state;
    struct record *r = sent(&whole), changed = *r;
    changed.value = NULL;
    changed.value_len = 0;
    check_refused(&changed, "no value", "without a body");
    record_release(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_field_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_as_little_as_may_be, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_body_must_be_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
