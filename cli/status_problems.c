/* status_problems.c - why nothing comes. */
#include "cli/status.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/letters.h"
#include "cli/row.h"
#include "cli/table.h"
#include "crawler/trouble.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX 20          /* sources with a problem that are named */
#define UNPOLLED_MS 60000     /* a new source should have been looked at by then */
#define MEMORY_PERCENT 80
#define FAILED_MIN 5          /* pages of a day, before their failing says something */
#define OTHERS_MIN 8          /* pages of a day that are no articles, before they say something */
#define USUAL_MIN 2.0         /* articles a day that a source brought before */
#define LAG_MIN 1000          /* records: fewer are worked off in seconds */

static __attribute__((format(printf, 2, 3))) void say(json_t *problems, const char *fmt, ...)
{
    char line[600];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    json_array_append_new(problems, json_string(line));
}

/* --- the whole --- */

static void judge_workers(json_t *problems, const json_t *s)
{
    int64_t partitions = row_number(s, "partitions"), held = row_number(s, "held");
    bool embedded = json_is_true(json_object_get(s, "embedded"));
    if (json_array_size(json_object_get(s, "workers")) == 0)
        say(problems, "no crawler is alive: start %s", embedded ? "`tidings run`" : "`tidings crawler`");
    else if (held < partitions)
        say(problems, "%lld of %lld partitions are held by nobody: a worker that died keeps its own until its lease runs out (crawler.lease_ms)",
            (long long)(partitions - held), (long long)partitions);
}

static void judge_sources_at_all(json_t *problems, const json_t *s)
{
    const json_t *sources = json_object_get(s, "sources");
    size_t i, active = 0;
    json_t *row;
    json_array_foreach((json_t *)sources, i, row)
        active += strcmp(row_text(row, "state"), "paused") != 0;
    if (json_array_size(sources) == 0)
        say(problems, "no source is watched: tidings sources add https://news.example.org/");
    else if (active == 0)
        say(problems, "all sources are paused: tidings sources resume NAME");
}

static void judge_memory(json_t *problems, const json_t *s, const char *which)
{
    const json_t *redis = json_object_get(s, which);
    int64_t used = row_number(redis, "used_bytes"), most = row_number(redis, "max_bytes");
    if (most > 0 && used >= most / 100 * MEMORY_PERCENT)
        say(problems, "the %s is at %lld %% of its memory: %s", strcmp(which, "cache") == 0 ? "cache's Redis" : "frontier's Redis",
            (long long)(used / (most / 100)),
            json_is_true(json_object_get(s, "embedded")) ? "raise redis.private_max_mb" : "raise its maxmemory");
}

static void judge_lag(json_t *problems, const json_t *s)
{
    static const struct { const char *topic, *role; } readers[] = { { "pages", "extractor" }, { "articles", "loader" }, { "events", "loader" } };
    const json_t *lag = json_object_get(s, "lag");
    for (size_t i = 0; i < COUNT(readers); i++)
        if (row_number(lag, readers[i].topic) >= LAG_MIN)
            say(problems, "%lld records of `%s` wait: is a `tidings %s` running, are there enough?", (long long)row_number(lag, readers[i].topic),
                readers[i].topic, readers[i].role);
    if (json_object_get(s, "kafka_error"))
        say(problems, "%s", row_text(s, "kafka_error"));
}

/* What the loader refuses was published by nobody of us, or by an extractor of another version: readers miss it. */
static void judge_letters(json_t *problems, const json_t *s)
{
    int64_t refused = letters_of(json_object_get(json_object_get(s, "deadletters"), "today"), "load");
    if (refused > 0)
        say(problems, "the loader refused %lld record%s today: `tidings deadletters list --stage load` tells why", (long long)refused,
            text_plural(refused));
}

/* --- one source --- */

/* "old 50, static 3" */
static void counts_of(const json_t *numbers, char *out, size_t size)
{
    const char *reason;
    json_t *n;
    size_t len = 0;
    out[0] = '\0';
    json_object_foreach((json_t *)numbers, reason, n)
        if (len < size)
            len += (size_t)snprintf(out + len, size - len, "%s%s %lld", len ? ", " : "", reason, (long long)json_integer_value(n));
}

/* Most of what is fetched fails: a wall, a block, a site that was rebuilt. */
static bool judge_pages(json_t *problems, const json_t *row)
{
    const json_t *today = json_object_get(row, "today");
    int64_t failed = row_number(today, "failed"), articles = row_number(today, "articles");
    char reasons[300];
    if (failed < FAILED_MIN || failed <= articles)
        return false;
    counts_of(json_object_get(today, "failures"), reasons, sizeof(reasons));
    say(problems, "%s: its pages fail: %lld today beside %lld article%s (%s)", row_text(row, "name"), (long long)failed, (long long)articles,
        text_plural(articles), reasons);
    return true;
}

static void say_failures(json_t *problems, const json_t *row)
{
    int64_t times = row_number(row, "errors");
    char often[48] = "";
    if (times > 1)
        snprintf(often, sizeof(often), ", %lld times in a row", (long long)times);
    say(problems, "%s: %s%s. %s", row_text(row, "name"), row_text(row, "status"), often, trouble_remedy_of_failure(row_text(row, "status")));
}

/* What used to bring articles brings other pages, with status 200: a wall we do not know by name, or a site that was rebuilt. */
static bool judge_yield(json_t *problems, const json_t *row)
{
    const json_t *today = json_object_get(row, "today");
    int64_t others = row_number(today, "not_articles"), articles = row_number(today, "articles");
    double usual = json_number_value(json_object_get(row, "usual_per_day")), usual_others = json_number_value(json_object_get(row, "usual_others_per_day"));
    char reasons[300];
    if (others < OTHERS_MIN || articles * 10 > others || usual < USUAL_MIN || usual_others > usual)
        return false;
    counts_of(json_object_get(today, "others"), reasons, sizeof(reasons));
    say(problems, "%s: its pages are no articles any more: %lld today (%s) beside %lld articles, unlike before (%.1f a day): a wall, or the site "
        "was rebuilt; `tidings fetch URL` shows one", row_text(row, "name"), (long long)others, reasons, (long long)articles, usual);
    return true;
}

static bool judge_source(json_t *problems, const json_t *row, int64_t now_ms, bool crawled)
{
    const char *name = row_text(row, "name"), *status = row_text(row, "status");
    char filters[300];
    bool waits = json_object_get(row, "shared") && row_number(row, "last_poll_at") == 0; /* all it shows is polled for others */
    if (strcmp(row_text(row, "state"), "paused") == 0 || json_object_get(row, "same_as") || waits)
        return false;
    if (row_number(row, "errors") > 0) {
        say_failures(problems, row);
    } else if (row_number(row, "last_poll_at") == 0) {
        if (!crawled || now_ms - row_number(row, "added_at") < UNPOLLED_MS)
            return false;
        say(problems, "%s: not polled since it was added, %s%s: `tidings hosts` tells what its host waits for", name,
            ago_of(now_ms, row_number(row, "added_at")).s, row_number(row, "next_poll_at") ? "" : ", and no poll is due");
    } else if (trouble_remedy(status)) {
        say(problems, "%s: %s. %s", name, status, trouble_remedy(status));
    } else if (row_number(row, "last_new_at") == 0 && row_number(row, "items") > 0) {
        counts_of(json_object_get(json_object_get(row, "today"), "filtered"), filters, sizeof(filters));
        say(problems, "%s: read, %lld item%s in it, but none was fetched%s%s", name, (long long)row_number(row, "items"), text_plural(row_number(row, "items")),
            filters[0] ? ": filtered " : ": all were seen before", filters);
    } else {
        return judge_pages(problems, row) || judge_yield(problems, row);
    }
    return true;
}

static void judge_sources(json_t *problems, const json_t *s)
{
    bool crawled = json_array_size(json_object_get(s, "workers")) > 0;
    size_t i, named = 0, more = 0;
    json_t *row, *rest = json_array();
    json_array_foreach(json_object_get(s, "sources"), i, row) {
        if (judge_source(named < NAMED_MAX ? problems : rest, row, row_number(s, "now"), crawled))
            named < NAMED_MAX ? named++ : more++;
    }
    if (more > 0)
        say(problems, "and %zu more source%s: see the table", more, text_plural((int64_t)more));
    json_decref(rest);
}

json_t *status_problems(const json_t *s)
{
    json_t *problems = json_array();
    judge_sources_at_all(problems, s);
    judge_workers(problems, s);
    judge_lag(problems, s);
    judge_letters(problems, s);
    judge_memory(problems, s, "redis");
    judge_memory(problems, s, "cache");
    judge_sources(problems, s);
    if (row_number(s, "hosts_backing_off") > 0)
        say(problems, "hosts left alone for now, as they asked or because they failed: %lld; `tidings hosts` names them",
            (long long)row_number(s, "hosts_backing_off"));
    return problems;
}
