/* frontier_rows.h - fills a frontier as crawler and extractor do, by their own scripts, for commands to answer about. */
#ifndef TESTS_UNIT_CLI_FRONTIER_ROWS_H
#define TESTS_UNIT_CLI_FRONTIER_ROWS_H

#include "base/url.h"
#include "crawler/discover.lua.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "pipeline/meta.h"
#include "tests/unit/cli/ask.h"

#define ROWS_PREFIX "tidings"

static struct meta *rows_meta;

/* An empty Redis with 8 partitions. */
static void rows_reset(void)
{
    struct error err;
    ask_empty();
    meta_destroy(rows_meta);
    rows_meta = meta_load(ask_server.c, ROWS_PREFIX, 8, true, &err);
    CHECK(rows_meta, "%s", err.message);
}

struct rows_place {
    struct url url;
    struct place place;
    struct key base;
    unsigned char raw[ID_RAW_LEN];
};

static struct rows_place rows_place(const char *text)
{
    struct rows_place p;
    struct error err;
    CHECK(url_parse(&p.url, text, strlen(text), NULL, NULL, &err), "%s", err.message);
    p.place = place_of(rows_meta, p.url.host, p.url.port);
    p.base = key_partition(ROWS_PREFIX, p.place.partition);
    id_to_raw(&p.url.id, p.raw);
    return p;
}

static void rows_place_fini(struct rows_place *p)
{
    url_fini(&p->url);
    place_fini(&p->place);
}

/* source finds url; reason: why it is filtered, "" = it is accepted and queued. */
static __attribute__((unused)) void rows_found(const char *source, const char *url, const char *reason)
{
    static const struct redis_script script = { .name = "discover", .prelude = frontier_lib_lua, .source = discover_lua };
    struct error err;
    struct rows_place p = rows_place(url);
    struct fingerprint f = fingerprint_of(&p.url.id);
    const char *argv[] = { p.base.s, ROWS_PREFIX, "1", (const char *)p.raw, f.value, f.bucket, p.url.fetch, source, "feed", p.place.budget,
                           p.place.domain, "", reason, "", "0" };
    size_t lens[COUNT(argv)];
    for (size_t i = 0; i < COUNT(argv); i++)
        lens[i] = i == 3 ? sizeof(p.raw) : strlen(argv[i]);
    redisReply *reply = redis_ask_script(ask_server.c, &script, 2, COUNT(argv), argv, lens, &err);
    CHECK(reply && reply->type == REDIS_REPLY_STRING, "%s", err.message);
    freeReplyObject(reply);
    rows_place_fini(&p);
}

/* Runs Lua behind the frontier's own with base, id, url and budget of an address as `base`, ARGV[1], ARGV[2], ARGV[3], further words
 * as ARGV[4] and [5]. */
static __attribute__((unused)) void rows_do(const char *url, const char *lua, const char *a, const char *b)
{
    struct error err;
    struct rows_place p = rows_place(url);
    char *source = xasprintf("partition(KEYS[1], KEYS[2]) %s return 1", lua);
    struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source = source };
    const char *argv[] = { p.base.s, ROWS_PREFIX, (const char *)p.raw, p.url.fetch, p.place.budget, a, b };
    size_t lens[COUNT(argv)];
    for (size_t i = 0; i < COUNT(argv); i++)
        lens[i] = i == 2 ? sizeof(p.raw) : strlen(argv[i]);
    redisReply *reply = redis_ask_script(ask_server.c, &script, 2, COUNT(argv), argv, lens, &err);
    CHECK(reply, "%s", err.message);
    freeReplyObject(reply);
    free(source);
    rows_place_fini(&p);
}

static __attribute__((unused)) void rows_closed(const char *url, const char *outcome)
{
    rows_do(url, "close_request(ARGV[1], now() + 1, ARGV[4])", outcome, "");
}

/* A source's poll, due in so many ms. */
static __attribute__((unused)) void rows_poll(const char *source, const char *url, const char *due_in_ms)
{
    rows_do(url, "local rec = record({ id = ARGV[1], url = ARGV[2], source = ARGV[4], kind = 2, budget = ARGV[3], domain = '' }) "
                 "poll_set('2' .. ARGV[1], rec, now() + tonumber(ARGV[5]))", source, due_in_ms);
}

#endif
