/* explain.c - `tidings explain`: the whole story of one URL, from all places that know a part of it.
 *
 *   the address itself ─> normal form, partition        frontier's Redis ─> seen, open, source, host, robots, state
 *   events ─> what happened when                        cache's Redis ─> record, aliases
 *
 * It is gathered as one JSON object; explain_print.c tells it to people. */
#include "cli/explain.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/url.h"
#include "cli/address.h"
#include "cli/articles.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/param_rules.h"
#include "cli/row.h"
#include "crawler/robots.h"
#include "crawler/robots_get.lua.h"
#include "crawler/scope.h"
#include "crawler/sources.h"
#include "extractor/state.h"
#include "pipeline/event.h"
#include "pipeline/frontier_state.h"
#include "pipeline/keys.h"
#include "pipeline/meta.h"
#include "pipeline/shape.h"
#include "pipeline/topic_reader.h"

#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 200 /* the newest; kept for 7 days, a URL has a few a day */

struct story {
    struct invocation *inv;
    struct connection *c;  /* owned */
    struct meta *meta;     /* owned */
    json_t *sources;       /* owned: all rows */
    struct url url;
    struct place place;    /* owned */
    json_t *told;          /* owned: what is printed */
};

/* --- the address --- */

static bool read_address(struct story *s, const char *text, struct error *err)
{
    if (!address_by_rules(text, s->sources, s->meta, &s->url, err))
        return false;
    s->place = place_of(s->meta, s->url.host, s->url.port);
    return true;
}

static void tell_address(struct story *s)
{
    s->told = json_pack("{ss ss ss ss ss si}", "fetch", s->url.fetch, "key", s->url.key, "id", s->url.id.hex, "domain",
                        s->place.domain,
                        "budget", s->place.budget, "partition", s->place.partition);
}

/* --- the frontier --- */

static bool tell_frontier(struct story *s, struct error *err)
{
    json_t *known = frontier_url(s->c->frontier, s->inv->config->prefix, s->place.partition, &s->url.id, err);

    if (!known)
        return false;
    json_object_update(s->told, known);
    json_decref(known);
    json_t *hosts = frontier_hosts(s->c->frontier, s->inv->config->prefix, meta_partitions(s->meta), s->place.partition,
                                   s->place.budget, err);
    if (!hosts)
        return false;
    if (json_array_size(hosts) > 0)
        json_object_set(s->told, "host", json_array_get(hosts, 0));
    json_decref(hosts);
    return true;
}

static void tell_robots_of(struct story *s, const redisReply *r)
{
    int status = (int)r->element[0]->integer;
    const redisReply *body = r->element[3];
    bool has_rules = status >= 200 && status < 300 && body->type == REDIS_REPLY_STRING;
    bool unreachable = status < 200 || status == 429 || status >= 500; /* RFC 9309 2.3.1.4: nothing may be fetched */
    struct robots *rules = robots_parse(has_rules ? body->str : "", has_rules ? body->len : 0);
    struct robots_verdict v = robots_check(rules, "tidings", url_path(s->url.fetch));
    json_t *o = json_pack("{si sI sb ss*}", "status", status, "fetched_at", (json_int_t)r->element[1]->integer, "allowed",
                          !unreachable && v.allowed, "rule", unreachable ? NULL : v.rule);
    if (v.line && !unreachable)
        json_object_set_new(o, "line", json_integer(v.line));
    if (v.crawl_delay_s >= 0)
        json_object_set_new(o, "crawl_delay_s", json_real(v.crawl_delay_s));
    json_object_set_new(s->told, "robots", o);
    robots_destroy(rules);
}

static bool tell_robots(struct story *s, struct error *err)
{
    static const struct redis_script script = { .name = "robots_get", .source = robots_get_lua };
    char *authority = xasprintf("%s://%s:%d", s->url.https ? "https" : "http", s->url.host, s->url.port);
    char *key = key_robots(s->inv->config->prefix, s->place.partition, authority);
    const char *argv[] = { key };
    redisReply *r = redis_ask_script(s->c->frontier, &script, 1, 1, argv, NULL, err);

    if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 4)
        tell_robots_of(s, r);
    free(authority);
    free(key);
    if (!r)
        return false;
    freeReplyObject(r);
    return true;
}

/* --- the source --- */

static const char *filter_of(const struct story *s, const json_t *row)
{
    const char *backfill = json_string_value(json_object_get(row, "backfill"));
    struct param_rules r;
    param_rules_init(&r, row);
    struct scope *scope = scope_create(meta_suffix_list(s->meta), row_text(row, "url"), NULL, &r.rules,
                                       backfill_parse(backfill ? backfill : s->inv->config->crawler.backfill));
    const char *why = scope_filter(scope, &s->url);

    scope_unref(scope);
    param_rules_fini(&r);
    return why;
}

/* What addresses of its shape turned out to be, where the source is watched by pages with links. */
static bool tell_shape(struct story *s, const char *source, struct error *err)
{
    static const char *const words[] = { [SHAPE_UNKNOWN] = "unknown", [SHAPE_ARTICLES] = "articles", [SHAPE_OTHERS] = "others" };
    struct shape shape;
    redisReply *r = redis_ask(s->c->frontier, err, "GET %s", key_shapes(s->inv->config->prefix, source).s);

    if (r && r->type == REDIS_REPLY_STRING && shape_of(s->url.fetch, &shape)) {
        struct shape_counts c = shape_judge(r->str, r->len, &shape);
        json_object_set_new(s->told, "shape", json_pack("{ss si si ss}", "text", c.fine ? shape.fine : shape.coarse, "articles", c.articles,
                                                        "others", c.others, "verdict", words[c.verdict]));
    }
    freeReplyObject(r);
    return r != NULL;
}

/* Who asked for it: of the open request, of the last event that names one, else whoever watches its domain. */
static bool tell_source(struct story *s, struct error *err)
{
    const char *name = row_text(json_object_get(s->told, "open"), "source");
    json_t *events = json_object_get(s->told, "events");

    for (size_t i = json_array_size(events); !*name && i-- > 0;)
        name = row_text(json_array_get(events, i), "source");
    const json_t *row = *name ? row_with(s->sources, "name", name) : source_row_of_domain(s->sources, s->meta, s->place.domain);
    if (!row) {
        if (*name)
            json_object_set_new(s->told, "source", json_pack("{ss sb}", "name", name, "removed", 1));
        return true;
    }
    json_object_set(s->told, "source", (json_t *)row);
    const char *filter = filter_of(s, row);
    if (filter)
        json_object_set_new(s->told, "filtered", json_string(filter));
    return tell_shape(s, row_text(row, "name"), err);
}

/* --- events --- */

static bool tell_events(struct story *s, struct error *err)
{
    struct record *r;
    json_t *list = json_array();
    struct topic_reader *reader = topic_reader_open(s->inv->config, s->c->embedded, TOPIC_EVENTS, READ_ALL, s->url.id.hex, err);
    int got = reader ? 0 : -1;

    json_object_set_new(s->told, "events", list);
    while (reader && (got = topic_reader_next(reader, 0, &r, err)) == 1) {
        json_t *event = event_read(r, NULL);
        record_release(r);
        if (event)
            json_array_append_new(list, event);
        if (json_array_size(list) > EVENTS_MAX)
            json_array_remove(list, 0);
    }
    topic_reader_close(reader);
    return got == 0;
}

/* --- state and cache --- */

static bool tell_state(struct story *s, struct error *err)
{
    struct article_state *state = xcalloc(1, sizeof(*state));
    bool ok = state_load(s->c->frontier, s->inv->config->prefix, s->place.partition, &s->url.id, state, err);

    if (ok && state->known) {
        json_t *o = json_pack("{sI sI}", "version", (json_int_t)state->version, "revision", (json_int_t)state->revision);
        if (state->removed)
            json_object_set_new(o, "removed", json_true());
        if (state->canonical_url[0])
            json_object_set_new(o, "canonical", json_string(state->canonical_url));
        if (state->etag[0])
            json_object_set_new(o, "etag", json_string(state->etag));
        if (state->last_modified[0])
            json_object_set_new(o, "last_modified", json_string(state->last_modified));
        json_object_set_new(s->told, "state", o);
    }
    free(state);
    return ok;
}

static void set_members(json_t *to, const json_t *from)
{
    static const char *const names[] = { "url", "canonical_url", "source", "title", "version", "revision", "published_at",
                                         "fetched_at",
                                         "extracted_at", "page_type", "quality" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (json_object_get(from, names[i]))
            json_object_set(to, names[i], json_object_get(from, names[i]));
}

static bool tell_meta(struct story *s, const struct id *id, json_t *record, struct error *err)
{
    redisReply *r = redis_ask(s->c->cache, err, "HMGET %s version revision removed_at reason",
                              key_article_meta(s->inv->config->prefix, id->hex).s);

    if (!r)
        return false;
    if (r->type == REDIS_REPLY_ARRAY && r->elements == 4 && r->element[0]->type == REDIS_REPLY_STRING) {
        json_object_set_new(record, "held_version", json_integer(atoll(r->element[0]->str)));
        if (r->element[2]->type == REDIS_REPLY_STRING)
            json_object_set_new(record, "removed_at", json_integer(atoll(r->element[2]->str)));
        if (r->element[3]->type == REDIS_REPLY_STRING)
            json_object_set_new(record, "reason", json_string(r->element[3]->str));
    }
    freeReplyObject(r);
    return true;
}

static bool tell_record(struct story *s, struct error *err)
{
    struct id id;
    char *text = NULL;
    const char *ids[] = { id.hex };

    if (!articles_follow(s->c->cache, s->inv->config->prefix, &s->url.id, &id, err) ||
        !articles_fetch(s->c->cache, s->inv->config->prefix, ids, 1, &text, err))
        return false;
    json_t *record = json_pack("{ss ss sb}", "id", id.hex, "key", key_article(s->inv->config->prefix, id.hex).s, "alias",
                               strcmp(id.hex, s->url.id.hex) != 0);
    json_t *article = text ? json_loads(text, 0, NULL) : NULL;
    set_members(record, article);
    json_object_set_new(record, "cached", json_boolean(article));
    json_decref(article);
    articles_free(&text, 1);
    bool ok = tell_meta(s, &id, record, err);
    if (json_is_true(json_object_get(record, "cached")) || json_object_get(record, "held_version"))
        json_object_set(s->told, "record", record);
    json_decref(record);
    return ok;
}

/* --- the command --- */

static bool tell_all(struct story *s, struct error *err)
{
    struct error why;

    tell_address(s);
    if (!tell_frontier(s, err) || !tell_robots(s, err) || !tell_state(s, err) || !tell_record(s, err))
        return false;
    if (!tell_events(s, &why)) /* Kafka may be away, or not configured here: the rest is worth something */
        json_object_set_new(s->told, "events_missing", json_string(why.message));
    return tell_source(s, err);
}

static void story_fini(struct story *s)
{
    json_decref(s->told);
    json_decref(s->sources);
    url_fini(&s->url);
    place_fini(&s->place);
    meta_destroy(s->meta);
    connect_close(s->c);
}

/* Something but the address is known. */
static bool known(const json_t *told)
{
    return json_is_true(json_object_get(told, "seen")) || json_object_get(told, "open") || json_object_get(told, "state") ||
           json_object_get(told, "record") || json_array_size(json_object_get(told, "events")) > 0;
}

static int answer(struct story *s)
{
    struct error err;

    s->c = connect_open(s->inv->config, &err);
    s->meta = s->c ? meta_load(s->c->frontier, s->inv->config->prefix, 0, false, &err) : NULL;
    s->sources = s->meta ? source_list(s->c->frontier, s->inv->config->prefix, &err) : NULL;
    if (!s->sources || !read_address(s, s->inv->argv[0], &err) || !tell_all(s, &err))
        return command_fail(s->inv, &err);
    if (s->inv->json)
        row_print(s->told);
    else
        explain_print(s->told);
    return known(s->told) ? STATUS_OK : STATUS_NO;
}

static int run(struct invocation *inv)
{
    struct story s = { .inv = inv };

    if (inv->argc != 1)
        return command_usage(inv, "one address, please");
    if (address_check(inv, 0) != STATUS_OK)
        return STATUS_USAGE;
    int status = answer(&s);
    story_fini(&s);
    return status;
}

const struct command explain_command = {
    .name = "explain",
    .summary = "tell the whole story of one address",
    .usage = "URL",
    .description = "Its normal form and id, who watches it, whether it was seen and what of it is open, what robots.txt says, how its host "
                   "is treated, every event of the last days, the extractor's state and the record in the cache. Exit status 1 when "
                   "nothing is known of it.",
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings explain https://news.example/2026/11/25/bridge-opens\ntidings explain --json https://news.example/ | jq .events",
    .run = run,
};
