/* asyncapi_test.c - docs/asyncapi.yaml says what the program does: the table of topics, and the headers of what it sends. */
#include "base/buffer.h"
#include "pipeline/article.h"
#include "pipeline/deadletter.h"
#include "pipeline/page.h"
#include "pipeline/stream_log.h"
#include "pipeline/topics.h"
#include "tests/unit/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <yaml.h>

static yaml_document_t document;

static int load(void **state)
{
    yaml_parser_t parser;
    FILE *f = fopen("docs/asyncapi.yaml", "r");
    (void)state;
    CHECK(f, "docs/asyncapi.yaml: run the test in the project's root");
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_file(&parser, f);
    CHECK(yaml_parser_load(&parser, &document), "docs/asyncapi.yaml:%zu: %s", parser.problem_mark.line + 1, parser.problem);
    yaml_parser_delete(&parser);
    fclose(f);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    yaml_document_delete(&document);
    return 0;
}

/* --- looking into it --- */

static const char *scalar(const yaml_node_t *n)
{
    return n && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

static yaml_node_t *member(const yaml_node_t *map, const char *name)
{
    if (!map || map->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
        if (strcmp(scalar(yaml_document_get_node(&document, p->key)), name) == 0)
            return yaml_document_get_node(&document, p->value);
    return NULL;
}

/* By names parted by "/"; it must be there. */
static yaml_node_t *at(const char *path)
{
    char *copy = xstrdup(path), *save = NULL;
    yaml_node_t *n = yaml_document_get_root_node(&document);
    for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
        n = member(n, name);
        CHECK(n, "%s: there is no %s", path, name);
    }
    free(copy);
    return n;
}

static size_t members(const yaml_node_t *map)
{
    return (size_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
}

/* --- topics --- */

static void check_number(const yaml_node_t *map, const char *topic, const char *name, int64_t want)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, want);
    const yaml_node_t *n = member(map, name);
    CHECK(want ? strcmp(scalar(n), text) == 0 : !n, "%s: %s is %s, the program has %s", topic, name, scalar(n), text);
}

static void check_cleanup(const yaml_node_t *settings, const struct topic_spec *s)
{
    struct buffer b;
    const yaml_node_t *list = member(settings, "cleanup.policy");
    CHECK(list && list->type == YAML_SEQUENCE_NODE, "%s: cleanup.policy", s->name);
    buffer_init(&b, 0);
    for (yaml_node_item_t *i = list->data.sequence.items.start; i < list->data.sequence.items.top; i++)
        buffer_printf(&b, "%s%s", b.len ? "," : "", scalar(yaml_document_get_node(&document, *i)));
    CHECK(strcmp(buffer_str(&b), s->cleanup) == 0, "%s: cleanup.policy is %s", s->name, buffer_str(&b));
    buffer_fini(&b);
}

static void test_topics(void **state)
{
    (void)state;
    assert_string_equal(scalar(at("asyncapi")), "3.0.0");
    assert_int_equal(members(at("channels")), TOPIC_COUNT);
    for (int t = 0; t < TOPIC_COUNT; t++) {
        const struct topic_spec *s = topic_spec((enum topic)t);
        char path[64], full[TOPIC_NAME_MAX];
        snprintf(path, sizeof(path), "channels/%s", s->name);
        topic_full_name("{prefix}", (enum topic)t, full);
        const yaml_node_t *channel = at(path), *kafka = member(member(channel, "bindings"), "kafka");
        const yaml_node_t *settings = member(kafka, "topicConfiguration");
        CHECK(strcmp(scalar(member(channel, "address")), full) == 0, "%s: address", s->name);
        topic_full_name("tidings", (enum topic)t, full);
        CHECK(strcmp(scalar(member(kafka, "topic")), full) == 0, "%s: topic", s->name);
        check_number(kafka, s->name, "partitions", s->partitions);
        check_number(kafka, s->name, "replicas", TOPIC_REPLICAS);
        check_number(settings, s->name, "retention.ms", s->retention_ms);
        check_number(settings, s->name, "max.message.bytes", s->max_message_bytes);
        check_number(settings, s->name, "segment.ms", s->segment_ms);
        check_number(settings, s->name, "min.compaction.lag.ms", s->compaction_lag_ms);
        check_number(settings, s->name, "delete.retention.ms", s->delete_retention_ms);
        check_cleanup(settings, s);
    }
}

/* --- headers of what is sent; the local driver shows them --- */

static struct {
    uv_loop_t loop;
    struct config config;
    char dir[64];
    struct stream *stream;
    struct producer *producer;
    struct record *got;
} bed;

static void on_record(void *arg, struct record *r)
{
    struct consumer **c = arg;
    consumer_done(*c, r->partition, r->offset + 1);
    bed.got = r;
}

static void on_assigned(void *arg, const int32_t *partitions, size_t count)
{
    struct consumer **c = arg;
    for (size_t i = 0; i < count; i++)
        consumer_start(*c, partitions[i], -1);
}

/* The record that was sent to that topic. */
static struct record *take(enum topic topic)
{
    struct consumer *c = NULL;
    struct consumer_callbacks callbacks = { .on_assigned = on_assigned, .on_record = on_record, .arg = &c };
    bed.got = NULL;
    c = consumer_create(bed.stream, &bed.loop, topic, "test", &callbacks, NULL);
    while (!bed.got)
        uv_run(&bed.loop, UV_RUN_ONCE);
    consumer_destroy(c);
    return bed.got;
}

static int open_bed(void **state)
{
    struct error err = { .message = "" };
    load(state);
    snprintf(bed.dir, sizeof(bed.dir), "/tmp/tidings-test-XXXXXX");
    CHECK(mkdtemp(bed.dir), "mkdtemp");
    uv_loop_init(&bed.loop);
    bed.stream = stream_local_create(&bed.config, bed.dir, &err);
    bed.producer = bed.stream ? producer_create(bed.stream, &bed.loop, &err) : NULL;
    CHECK(bed.producer, "%s", err.message);
    return 0;
}

static int close_bed(void **state)
{
    char line[96];
    producer_destroy(bed.producer);
    uv_run(&bed.loop, UV_RUN_DEFAULT);
    stream_destroy(bed.stream);
    uv_loop_close(&bed.loop);
    snprintf(line, sizeof(line), "rm -rf %s", bed.dir);
    return unload(state) + system(line);
}

/* Each header is documented, and each documented one is there: the record was made with everything that may be. */
static void check_headers(const struct record *r, const char *schema, size_t absent)
{
    char path[96];
    snprintf(path, sizeof(path), "components/schemas/%s/properties", schema);
    const yaml_node_t *properties = at(path);
    for (size_t i = 0; i < r->header_count; i++)
        CHECK(member(properties, r->headers[i].name), "%s: the header %s is not documented", schema, r->headers[i].name);
    for (yaml_node_pair_t *p = properties->data.mapping.pairs.start; p < properties->data.mapping.pairs.top; p++) {
        const char *name = scalar(yaml_document_get_node(&document, p->key));
        bool there = record_header(r, name) != NULL;
        CHECK(there || absent > 0, "%s: the header %s is documented and not sent", schema, name);
        absent -= !there;
    }
    CHECK(absent == 0, "%s: %zu headers more than expected", schema, absent);
}

static struct id some_id(char digit)
{
    struct id id;
    memset(id.hex, digit, ID_HEX_LEN);
    id.hex[ID_HEX_LEN] = '\0';
    return id;
}

static void test_page_headers(void **state)
{
    struct error err = { .message = "" };
    struct page p = { .id = some_id('a'), .url = "u", .request_id = some_id('b'), .request_url = "r", .request_partition = 1, .version = 1,
                      .opened_at_ms = 1, .reextract = true, .source = "s", .source_name = "S", .timezone = "UTC", .via = "feed", .body_from = "feed", .status = 200,
                      .discovered_at_ms = 1, .fetched_at_ms = 1, .content_type = "t", .content_encoding = "gzip", .framed = "zstd",
                      .language = "en", .include = "#a", .exclude = "#b", .content_language = "en", .etag = "e", .last_modified = "l", .x_robots_tag = "x", .tdm_reservation = "1",
                      .hint_title = "t", .hint_summary = "s", .hint_published = "p", .hint_authors = "a", .body = "b", .body_len = 1 };
    (void)state;
    CHECK(page_send(bed.producer, &p, NULL, NULL, &err), "%s", err.message);
    struct record *r = take(TOPIC_PAGES);
    check_headers(r, "pageHeaders", 0);
    record_release(r);
}

static void test_article_headers(void **state)
{
    struct error err = { .message = "" };
    struct article a = { .id = some_id('a'), .version = 1, .revision = 1, .removed = true, .url = "u", .fetched_at_ms = 1,
                         .alias = some_id('b'), .reason = "http_410" };
    (void)state;
    CHECK(article_send(bed.producer, &a, "s", NULL, NULL, &err), "%s", err.message);
    struct record *r = take(TOPIC_ARTICLES);
    check_headers(r, "articleHeaders", 0);
    record_release(r);
}

static void test_deadletter_headers(void **state)
{
    struct error err = { .message = "" };
    struct record failed = { .topic = TOPIC_PAGES, .offset = 1, .key = "k", .key_len = 1 };
    struct deadletter d = { .stage = "crawl", .reason = "too_large", .message = "m", .url_id = "i", .url = "u", .source = "s", .version = 1,
                            .record = &failed };
    (void)state;
    CHECK(deadletter_send(bed.producer, &d, NULL, NULL, &err), "%s", err.message);
    struct record *r = take(TOPIC_DEADLETTERS);
    check_headers(r, "deadletterHeaders", 0);
    record_release(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_topics, load, unload),
        cmocka_unit_test_setup_teardown(test_page_headers, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_article_headers, open_bed, close_bed),
        cmocka_unit_test_setup_teardown(test_deadletter_headers, open_bed, close_bed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
