/* hosts.c - `tidings hosts`: how each host is treated just now, and why. One row is one budget: a registrable domain, or one blog
 * of a blog host. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "cli/address.h"
#include "cli/connect.h"
#include "cli/paragraph.h"
#include "cli/row.h"
#include "cli/table.h"
#include "crawler/robots.h"
#include "crawler/robots_get.lua.h"
#include "pipeline/frontier_state.h"
#include "pipeline/keys.h"
#include "pipeline/meta.h"
#include "pipeline/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 50
#define AGENT "tidings"

/* --- all hosts --- */

static int64_t waiting(const json_t *row)
{
    return row_number(row, "queued") + row_number(row, "urgent");
}

/* Those that back off first, then by what waits. */
static int by_interest(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int64_t level = row_number(y, "back_off") - row_number(x, "back_off"), queue = waiting(y) - waiting(x);
    return level ? (level > 0) - (level < 0) : queue ? (queue > 0) - (queue < 0) : strcmp(row_text(x, "host"), row_text(y, "host"));
}

static json_t *in_order(json_t *rows)
{
    size_t n = json_array_size(rows), i;
    json_t **list = xmalloc((n + 1) * sizeof(*list)), *sorted = json_array();
    for (i = 0; i < n; i++)
        list[i] = json_array_get(rows, i);
    qsort(list, n, sizeof(*list), by_interest);
    for (i = 0; i < n; i++)
        json_array_append(sorted, list[i]);
    free(list);
    json_decref(rows);
    return sorted;
}

static const char *state_of(const json_t *row, int64_t now_ms)
{
    if (json_is_true(json_object_get(row, "busy")))
        return "asking";
    if (row_number(row, "next_allowed_at") > now_ms)
        return row_number(row, "back_off") ? "left alone" : "waits";
    if (json_is_true(json_object_get(row, "capped")))
        return "domain is full";
    return waiting(row) ? "due" : "idle";
}

static void print_table(const json_t *rows, size_t most, int64_t now_ms)
{
    static const char *const headers[] = { "HOST", "STATE", "NEXT REQUEST", ">BACK-OFF", ">DELAY ASKED", ">QUEUED", NULL };
    size_t i, n = json_array_size(rows);
    struct table *t = table_create(headers);
    for (i = 0; i < n && i < most; i++) {
        const json_t *row = json_array_get(rows, i);
        int64_t delay_ms = row_number(row, "delay_ms");
        char delay[32];
        snprintf(delay, sizeof(delay), "%.1f s", (double)delay_ms / 1000);
        table_put(t, row_text(row, "host"));
        table_put(t, state_of(row, now_ms));
        table_age(t, now_ms, row_number(row, "next_allowed_at") > now_ms ? row_number(row, "next_allowed_at") : 0);
        table_number(t, row_number(row, "back_off"));
        table_put(t, delay_ms ? delay : NULL);
        table_number(t, waiting(row));
    }
    table_print(t);
    if (n > most)
        printf("and %zu more: --limit shows them\n", n - most);
}

static int list(struct invocation *inv, redisContext *c, const struct meta *meta)
{
    struct error err;
    int64_t most, now_ms;
    size_t i;
    json_t *row;
    if (!option_number(inv, "limit", SHOWN, 1, 1000000, &most))
        return STATUS_USAGE;
    json_t *rows = frontier_now(c, &now_ms, &err) ? frontier_hosts(c, inv->config->prefix, meta_partitions(meta), 0, NULL, &err) : NULL;
    if (!rows)
        return command_fail(inv, &err);
    rows = in_order(rows);
    if (inv->json)
        json_array_foreach(rows, i, row)
            row_print(row);
    else if (json_array_size(rows) == 0)
        fputs("no host has been asked within the last hour, and nothing waits for one\n", stderr);
    else
        print_table(rows, (size_t)most, now_ms);
    json_decref(rows);
    return STATUS_OK;
}

/* --- one host --- */

static void add_rules(json_t *o, const char *body, size_t len)
{
    struct robots *r = robots_parse(body, len);
    struct robots_verdict v = robots_check(r, AGENT, "/");
    json_object_set_new(o, "bytes", json_integer((json_int_t)len));
    json_object_set_new(o, "front_page_allowed", json_boolean(v.allowed));
    if (v.rule)
        json_object_set_new(o, "rule", json_string(v.rule));
    if (v.crawl_delay_s >= 0)
        json_object_set_new(o, "crawl_delay_s", json_real(v.crawl_delay_s));
    robots_destroy(r);
}

/* What is known of the robots.txt of one authority; left out of all when nothing is. */
static bool add_robots(json_t *all, redisContext *c, const char *prefix, int partition, const char *authority, struct error *err)
{
    static const struct redis_script script = { .name = "robots_get", .source = robots_get_lua };
    char *key = key_robots(prefix, partition, authority);
    const char *argv[] = { key };
    redisReply *reply = redis_ask_script(c, &script, 1, 1, argv, NULL, err);
    free(key);
    if (!reply)
        return false;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 4) {
        int64_t status = reply->element[0]->integer;
        json_t *o = json_pack("{s:s, s:I, s:I}", "authority", authority, "status", (json_int_t)status, "fetched_at",
                              (json_int_t)reply->element[1]->integer);
        if (status >= 200 && status < 300)
            add_rules(o, reply->element[3]->str, reply->element[3]->len);
        json_array_append_new(all, o);
    }
    freeReplyObject(reply);
    return true;
}

/* typed: without a scheme, so that either is meant. */
static json_t *read_robots(redisContext *c, const char *prefix, int partition, const struct url *u, bool typed, struct error *err)
{
    json_t *all = json_array();
    char *first = xasprintf("%s://%s:%d", u->https ? "https" : "http", u->host, u->port);
    char *plain = xasprintf("http://%s:%d", u->host, u->port == 443 ? 80 : u->port);
    bool ok = add_robots(all, c, prefix, partition, first, err) && (!typed || add_robots(all, c, prefix, partition, plain, err));
    free(first);
    free(plain);
    if (ok)
        return all;
    json_decref(all);
    return NULL;
}

static void print_robots(const json_t *robots, int64_t now_ms)
{
    struct buffer line;
    size_t i;
    json_t *o;
    buffer_init(&line, 0);
    json_array_foreach((json_t *)robots, i, o) {
        int64_t status = row_number(o, "status");
        buffer_clear(&line);
        buffer_printf(&line, "robots.txt of %s: ", row_text(o, "authority"));
        if (status == 0)
            buffer_puts(&line, "no answer, so nothing is fetched");
        else if (status >= 200 && status < 300)
            buffer_printf(&line, "%lld bytes, front page %s%s%s", (long long)row_number(o, "bytes"),
                          json_is_true(json_object_get(o, "front_page_allowed")) ? "allowed" : "denied", json_object_get(o, "rule") ? ", by " : "",
                          json_object_get(o, "rule") ? log_quote(row_text(o, "rule")) : "");
        else
            buffer_printf(&line, "http %lld, so %s is fetched", (long long)status, status == 429 || status >= 500 ? "nothing" : "everything");
        if (json_object_get(o, "crawl_delay_s"))
            buffer_printf(&line, ", Crawl-delay %g s", json_real_value(json_object_get(o, "crawl_delay_s")));
        buffer_printf(&line, "; asked %s", ago_of(now_ms, row_number(o, "fetched_at")).s);
        paragraph_print(buffer_str(&line), 0, 2);
    }
    if (json_array_size(robots) == 0)
        puts("robots.txt: not asked for yet");
    buffer_fini(&line);
}

static int show(struct invocation *inv, redisContext *c, const struct meta *meta, const struct url *u, bool typed)
{
    struct error err;
    int64_t now_ms;
    struct place place = place_of(meta, u->host, u->port);
    json_t *rows = frontier_now(c, &now_ms, &err)
        ? frontier_hosts(c, inv->config->prefix, meta_partitions(meta), place.partition, place.budget, &err) : NULL;
    json_t *robots = rows ? read_robots(c, inv->config->prefix, place.partition, u, typed, &err) : NULL;
    int status = robots ? STATUS_OK : command_fail(inv, &err);
    json_t *row = json_array_get(rows, 0);
    if (robots && inv->json) {
        json_t *o = row ? json_incref(row) : json_pack("{s:s, s:i}", "host", place.budget, "partition", place.partition);
        json_object_set_new(o, "domain", json_string(place.domain));
        json_object_set(o, "robots", robots);
        row_print(o);
        json_decref(o);
    } else if (robots) {
        printf("%s: partition %d\n", place.budget, place.partition);
        if (row)
            print_table(rows, 1, now_ms);
        else
            puts("not asked within the last hour, and nothing waits for it");
        print_robots(robots, now_ms);
    }
    json_decref(rows);
    json_decref(robots);
    place_fini(&place);
    return status;
}

static int answer(struct invocation *inv, redisContext *c, const struct meta *meta)
{
    struct error err;
    struct url u;
    if (inv->argc == 0)
        return list(inv, c, meta);
    if (!address_typed(inv->argv[0], &u, &err))
        return command_fail(inv, &err);
    bool plain = !strstr(inv->argv[0], "//"); /* a host, so both of its usual authorities are meant */
    int status = show(inv, c, meta, &u, plain);
    url_fini(&u);
    return status;
}

static int run(struct invocation *inv)
{
    struct error err;
    if (inv->argc > 1)
        return command_usage(inv, "one host at a time");
    if (address_check(inv, 0) != STATUS_OK)
        return STATUS_USAGE;
    struct connection *c = connect_open(inv->config, &err);
    struct meta *meta = c ? meta_load(c->frontier, inv->config->prefix, 0, false, &err) : NULL;
    int status = meta ? answer(inv, c->frontier, meta) : command_fail(inv, &err);
    meta_destroy(meta);
    connect_close(c);
    return status;
}

const struct command hosts_command = {
    .name = "hosts",
    .summary = "how each host is treated: next request, back-off, robots.txt",
    .usage = "[HOST|URL]",
    .description = "One row is one budget of politeness: a registrable domain, or one blog of a blog host. Those that back off come first,\n"
                   "then those with the longest queue. With a host: its row, and what its robots.txt answered.",
    .options = (const struct command_option[]){ { "limit", 'n', "N", "at most N rows (default 50)" }, { 0 } },
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings hosts news.example.org",
    .run = run,
};
