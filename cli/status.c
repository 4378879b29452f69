/* status.c - `tidings status`: does it work, and if nothing comes, why not. */
#include "cli/status.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/letters.h"
#include "cli/live_view.h"
#include "cli/paragraph.h"
#include "cli/row.h"
#include "cli/table.h"
#include "crawler/sources.h"
#include "pipeline/deadletter_count.h"
#include "pipeline/frontier_state.h"
#include "pipeline/keys.h"
#include "pipeline/ledger.h"
#include "pipeline/meta.h"
#include "pipeline/pending.h"
#include "pipeline/redis.h"
#include "pipeline/topic_ends.h"
#include "pipeline/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_COLUMNS 600
#define USUAL_DAYS 14 /* before today: what a source usually brings */

static int64_t sum(const json_t *numbers, const char *prefix)
{
    int64_t total = 0;
    const char *name;
    json_t *n;
    json_object_foreach((json_t *)numbers, name, n)
        if (strncmp(name, prefix, strlen(prefix)) == 0)
            total += json_integer_value(n);
    return total;
}

/* --- sources: rows, next polls, what today brought --- */

static struct map *by_name(json_t *rows)
{
    struct map *names = map_create();
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
        map_put(names, row_text(row, "name"), row);
    return names;
}

/* Of the outcomes that begin so ("failed:"), what follows: a new object. */
static json_t *reasons_of(const json_t *outcomes, const char *begin)
{
    json_t *reasons = json_object(), *n;
    const char *name;
    size_t len = strlen(begin);
    json_object_foreach((json_t *)outcomes, name, n)
        if (strncmp(name, begin, len) == 0)
            json_object_set(reasons, name + len, n);
    return reasons;
}

static int64_t articles_of(const json_t *book)
{
    const json_t *outcomes = json_object_get(book, "outcomes");
    return sum(outcomes, "article") + sum(outcomes, "updated");
}

static void add_today(json_t *row, const json_t *book)
{
    const json_t *outcomes = json_object_get(book, "outcomes");
    json_object_set_new(row, "today", json_pack("{s:I, s:I, s:I, s:I, s:o, s:I, s:O, s:o, s:O}", "found", (json_int_t)row_number(book, "found"), "accepted",
                                                (json_int_t)row_number(book, "accepted"), "articles", (json_int_t)articles_of(book), "not_articles",
                                                (json_int_t)sum(outcomes, "not_article"), "others", reasons_of(outcomes, "not_article:"), "failed",
                                                (json_int_t)(sum(outcomes, "failed") + sum(outcomes, "deadlettered")), "filtered",
                                                json_object_get(book, "filtered"), "failures", reasons_of(outcomes, "failed:"), "open",
                                                json_object_get(book, "open")));
}

static int64_t day_number(const char *day)
{
    struct tm tm = { 0 };
    return strptime(day, "%Y-%m-%d", &tm) ? timegm(&tm) / 86400 : 0;
}

/* The books come in order of source and day. A source's first day holds its backfill and is no measure. */
static void add_books(json_t *rows, const json_t *books, int64_t now_ms)
{
    size_t i;
    json_t *book, *row = NULL;
    struct map *names = by_name(rows);
    int64_t today = now_ms / 86400000, from = 0, articles = 0, others = 0;
    const char *source = "";
    json_array_foreach((json_t *)books, i, book) {
        int64_t day = day_number(row_text(book, "day"));
        if (strcmp(source, row_text(book, "source")) != 0) {
            source = row_text(book, "source");
            row = map_get(names, source);
            from = day + 1 > today - USUAL_DAYS ? day + 1 : today - USUAL_DAYS;
            articles = others = 0;
        }
        if (row && day >= from && day < today) {
            articles += articles_of(book);
            others += sum(json_object_get(book, "outcomes"), "not_article");
        }
        if (row && day == today)
            add_today(row, book);
        if (row && from < today) {
            json_object_set_new(row, "usual_per_day", json_real((double)articles / (double)(today - from)));
            json_object_set_new(row, "usual_others_per_day", json_real((double)others / (double)(today - from)));
        }
    }
    map_destroy(names);
}

static bool add_sources(json_t *s, redisContext *c, const char *prefix, int partitions, struct error *err)
{
    struct pending pending;
    json_t *rows = source_list(c, prefix, err);
    json_t *books = rows ? ledger_read(c, prefix, partitions, NULL, err) : NULL;
    bool ok = books && pending_read(c, prefix, partitions, 0, false, rows, &pending, err);
    if (ok) {
        add_books(rows, books, row_number(s, "now"));
        json_object_set(s, "sources", rows);
    }
    json_decref(rows);
    json_decref(books);
    return ok;
}

/* --- positions --- */

/* The positions stored for a topic: an array, null where none is. */
static json_t *positions_of(redisContext *c, const char *prefix, enum topic topic, int32_t count, struct error *err)
{
    json_t *all = json_array();
    for (int32_t p = 0; p < count; p++) {
        redisReply *reply = redis_ask(c, err, "GET %s", key_position(prefix, topic_name(topic), p).s);
        if (!reply) {
            json_decref(all);
            return NULL;
        }
        json_array_append_new(all, reply->type == REDIS_REPLY_STRING ? json_integer(atoll(reply->str)) : json_null());
        freeReplyObject(reply);
    }
    return all;
}

static int64_t lag_of(struct topic_ends *ends, enum topic topic, const json_t *positions, struct error *err)
{
    int64_t lag = 0;
    for (size_t p = 0; p < json_array_size(positions); p++) {
        int64_t first, end;
        const json_t *at = json_array_get(positions, p);
        if (!topic_ends_read(ends, topic, (int32_t)p, &first, &end, err))
            return -1;
        int64_t from = json_is_integer(at) && json_integer_value(at) > first ? json_integer_value(at) : first;
        lag += end > from ? end - from : 0;
    }
    return lag;
}

static const struct { enum topic topic; bool on_cache; } read_topics[] = {
    { TOPIC_REQUESTS, false }, { TOPIC_PAGES, false }, { TOPIC_ARTICLES, true }, { TOPIC_EVENTS, false },
};

/* Positions lie beside the effects, so the loader's are with the cache. Lag is only known over Kafka: in the embedded form
 * nothing waits outside this process but what the frontier counts as on its way. */
static bool add_positions(json_t *s, const struct connection *c, const struct config *config, struct error *err)
{
    struct error kafka_err;
    json_t *positions = json_object(), *lag = json_object();
    struct topic_ends *ends = c->embedded ? NULL : topic_ends_open(config, &kafka_err);
    bool ok = true, answers = ends != NULL;
    for (size_t i = 0; ok && i < COUNT(read_topics); i++) {
        enum topic topic = read_topics[i].topic;
        json_t *list = positions_of(read_topics[i].on_cache ? c->cache : c->frontier, config->prefix, topic,
                                    c->embedded ? 1 : topic_spec(topic)->partitions, err);
        int64_t n = list && answers ? lag_of(ends, topic, list, &kafka_err) : 0;
        ok = list != NULL;
        answers = answers && n >= 0;
        if (ok && answers)
            json_object_set_new(lag, topic_name(topic), json_integer(n));
        if (ok)
            json_object_set_new(positions, topic_name(topic), list);
    }
    if (!c->embedded && !answers)
        json_object_set_new(s, "kafka_error", json_string(kafka_err.message));
    if (!c->embedded)
        json_object_set_new(s, "positions", json_incref(positions));
    if (answers)
        json_object_set_new(s, "lag", json_incref(lag));
    json_decref(positions);
    json_decref(lag);
    topic_ends_close(ends);
    return ok;
}

/* --- servers --- */

static int64_t info_number(const char *info, const char *name)
{
    const char *at = strstr(info, name);
    return at ? atoll(at + strlen(name)) : 0;
}

static json_t *memory_of(redisContext *c, struct error *err)
{
    redisReply *reply = redis_ask(c, err, "INFO memory");
    json_t *o = reply && reply->str ? json_pack("{s:I, s:I}", "used_bytes", (json_int_t)info_number(reply->str, "used_memory:"), "max_bytes",
                                                (json_int_t)info_number(reply->str, "maxmemory:")) : NULL;
    freeReplyObject(reply);
    return o;
}

/* Of the last days, and of today alone. */
static bool add_letters(json_t *s, redisContext *c, const char *prefix, struct error *err)
{
    char today[11];
    int64_t now_ms = row_number(s, "now");
    ledger_day(today, now_ms);
    json_t *kept = deadletter_counts(c, prefix, NULL, now_ms, err), *new = kept ? deadletter_counts(c, prefix, today, now_ms, err) : NULL;
    if (new)
        json_object_set_new(s, "deadletters", json_pack("{s:O, s:O}", "last_30_days", kept, "today", new));
    json_decref(kept);
    json_decref(new);
    return new != NULL;
}

static bool add_servers(json_t *s, const struct connection *c, const char *prefix, struct error *err)
{
    redisReply *reply = redis_ask(c->cache, err, "ZCARD %s", key_latest(prefix).s);
    if (!reply)
        return false;
    json_object_set_new(s, "articles", json_integer(reply->integer));
    freeReplyObject(reply);
    json_object_set_new(s, "redis", memory_of(c->frontier, err));
    if (c->cache != c->frontier)
        json_object_set_new(s, "cache", memory_of(c->cache, err));
    return true;
}

/* --- all of it --- */

static json_t *read_status(const struct connection *c, const struct config *config, struct error *err)
{
    struct meta *meta = meta_load(c->frontier, config->prefix, 0, false, err);
    json_t *s = meta ? frontier_state(c->frontier, config->prefix, meta_partitions(meta), config->crawler.lease_ms, err) : NULL;
    bool ok = s != NULL;
    if (ok) {
        json_object_set_new(s, "embedded", json_boolean(c->embedded));
        if (c->running)
            json_object_set_new(s, "running", json_integer(c->running));
        ok = add_sources(s, c->frontier, config->prefix, meta_partitions(meta), err) && add_positions(s, c, config, err) &&
             add_servers(s, c, config->prefix, err) && add_letters(s, c->frontier, config->prefix, err);
    }
    meta_destroy(meta);
    if (ok) {
        json_object_set_new(s, "problems", status_problems(s));
        return s;
    }
    json_decref(s);
    return NULL;
}

/* --- for people --- */

/* The rest of a line that begins with so many columns. */
static void put_shown(const char *s, int used)
{
    struct buffer b;
    buffer_init(&b, 0);
    text_for_terminal(s, strlen(s), LINE_COLUMNS, live_view_ascii(), &b);
    paragraph_print(buffer_str(&b), used, used);
    buffer_fini(&b);
}

static void put_workers(const json_t *s)
{
    size_t i;
    json_t *w, *workers = json_object_get(s, "workers");
    printf("workers     %zu alive", json_array_size(workers));
    if (row_number(s, "running"))
        printf(", `tidings run` with pid %lld", (long long)row_number(s, "running"));
    printf("; partitions held: %lld of %lld\n", (long long)row_number(s, "held"), (long long)row_number(s, "partitions"));
    json_array_foreach(workers, i, w) {
        struct buffer line;
        buffer_init(&line, 0);
        buffer_printf(&line, "%s  %lld partition%s, ", row_text(w, "name"), (long long)row_number(w, "partitions"), text_plural(row_number(w, "partitions")));
        if (row_number(w, "seen_at"))
            buffer_printf(&line, "heard of %s", ago_of(row_number(s, "now"), row_number(w, "seen_at")).s);
        else
            buffer_puts(&line, "silent");
        printf("%12s", "");
        put_shown(buffer_str(&line), 12);
        buffer_fini(&line);
    }
}

static void put_numbers(const char *label, const json_t *numbers)
{
    const char *name, *before = "";
    json_t *n;
    printf("%-12s", label);
    json_object_foreach((json_t *)numbers, name, n) {
        printf("%s%s %lld", before, strcmp(name, "on_its_way") == 0 ? "on its way" : name, (long long)json_integer_value(n));
        before = ", ";
    }
    putchar('\n');
}

static void put_letters(const json_t *s)
{
    struct buffer text;
    const json_t *kept = json_object_get(json_object_get(s, "deadletters"), "last_30_days");
    buffer_init(&text, 0);
    buffer_printf(&text, "in %d days: ", DEADLETTER_DAYS);
    if (letters_of(kept, NULL) > 0)
        letters_say(kept, &text);
    else
        buffer_puts(&text, "none");
    fputs("deadletters ", stdout);
    put_shown(buffer_str(&text), 12);
    buffer_fini(&text);
}

static void put_memory(const char *label, const json_t *m)
{
    if (!m)
        return;
    printf("%-12s%.1f MB", label, (double)row_number(m, "used_bytes") / 1e6);
    if (row_number(m, "max_bytes"))
        printf(" of %.1f MB", (double)row_number(m, "max_bytes") / 1e6);
    putchar('\n');
}

/* What the last look said, unless nobody looks. */
static void put_state(struct table *t, const json_t *row)
{
    char text[SOURCE_NAME_MAX + 32], *status = row_source_status(row);
    bool active = strcmp(row_text(row, "state"), "active") == 0;
    snprintf(text, sizeof(text), "merged with %s", row_text(row, "same_as"));
    table_put(t, json_object_get(row, "same_as") ? text : active ? status : row_text(row, "state"));
    free(status);
}

/* TODAY, USUAL: articles (UTC); FAILED: pages of today. */
static void put_sources(const json_t *s)
{
    static const char *const headers[] = { "SOURCE", "POLLED", "NEXT", "NEW", ">TODAY", ">USUAL", ">FAILED", "STATUS", NULL };
    size_t i;
    json_t *row, *rows = json_object_get(s, "sources");
    int64_t now_ms = row_number(s, "now");
    if (json_array_size(rows) == 0)
        return;
    putchar('\n');
    struct table *t = table_create(headers);
    json_array_foreach(rows, i, row) {
        const json_t *today = json_object_get(row, "today");
        int64_t next_ms = row_number(row, "next_poll_at");
        char usual[24];
        table_put(t, row_text(row, "name"));
        table_age(t, now_ms, row_number(row, "last_poll_at"));
        if (next_ms && next_ms <= now_ms)
            table_put(t, "due");
        else
            table_age(t, now_ms, next_ms);
        table_age(t, now_ms, row_number(row, "last_new_at"));
        table_number(t, row_number(today, "articles"));
        snprintf(usual, sizeof(usual), "%.1f", json_real_value(json_object_get(row, "usual_per_day")));
        table_put(t, json_object_get(row, "usual_per_day") ? usual : NULL);
        table_number(t, row_number(today, "failed"));
        put_state(t, row);
    }
    table_print(t);
}

static void print_text(const json_t *s)
{
    size_t i;
    json_t *problem;
    put_workers(s);
    put_numbers("open", json_object_get(s, "open"));
    printf("to come     tries and re-checks %lld; polls %lld, due now %lld\n", (long long)row_number(s, "scheduled"), (long long)row_number(s, "polls"),
           (long long)row_number(s, "polls_due"));
    printf("hosts       %lld, left alone for now %lld; addresses seen %lld\n", (long long)row_number(s, "hosts"), (long long)row_number(s, "hosts_backing_off"),
           (long long)row_number(s, "seen"));
    if (json_object_get(s, "lag"))
        put_numbers("waiting", json_object_get(s, "lag"));
    printf("articles    %lld in the cache\n", (long long)row_number(s, "articles"));
    put_letters(s);
    put_memory("Redis", json_object_get(s, "redis"));
    put_memory("cache", json_object_get(s, "cache"));
    put_sources(s);
    if (json_array_size(json_object_get(s, "problems")) > 0)
        puts("\nproblems");
    json_array_foreach(json_object_get(s, "problems"), i, problem) {
        fputs("- ", stdout);
        put_shown(json_string_value(problem), 2);
    }
}

static int run(struct invocation *inv)
{
    struct error err;
    if (inv->argc > 0)
        return command_usage(inv, "takes no argument");
    struct connection *c = connect_open(inv->config, &err);
    json_t *s = c ? read_status(c, inv->config, &err) : NULL;
    int status = s ? STATUS_OK : command_fail(inv, &err);
    if (s && inv->json)
        row_print(s);
    else if (s)
        print_text(s);
    json_decref(s);
    connect_close(c);
    return status;
}

const struct command status_command = {
    .name = "status",
    .summary = "what is at work, what waits, and why nothing comes",
    .usage = "",
    .description = "Workers and the parts of the frontier they hold, open requests by stage, what is to come, how many records wait on\n"
                   "each topic (over Kafka), dead letters, and for each source when it was POLLED last, when that is NEXT, when something NEW\n"
                   "came last, how many articles came TODAY (UTC) and come on a USUAL day, how many of today's pages FAILED, and what the last\n"
                   "look said. What is wrong is told at the end, in words, with what to try.",
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings status",
    .run = run,
};
