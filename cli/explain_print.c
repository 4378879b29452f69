/* explain_print.c - the story of one URL in words, a line for each thing that is known. */
#include "cli/explain.h"

#include "base/date.h"
#include "base/text.h"
#include "cli/articles.h"
#include "cli/live_view.h"
#include "cli/paragraph.h"
#include "cli/row.h"
#include "cli/table.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void label(const char *name)
{
    printf("%-11s ", name);
}

static __attribute__((format(printf, 2, 3))) void line(const char *name, const char *fmt, ...)
{
    char text[3000];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    struct buffer b;
    buffer_init(&b, 0);
    text_for_terminal(text, strlen(text), INT_MAX, live_view_ascii(), &b);
    label(name);
    paragraph_print(buffer_str(&b), 12, 12);
    buffer_fini(&b);
}

struct when { char s[DATE_TEXT_MAX + 24]; };

/* "2026-11-25T08:59:16Z, 3 min ago" */
static struct when when(int64_t now_ms, int64_t at_ms)
{
    struct date d = { .unix_s = at_ms / 1000, .has_time = true, .has_zone = true };
    char text[DATE_TEXT_MAX];
    struct when w;

    date_format(&d, text);
    bool to_come = at_ms >= now_ms + 1000;
    snprintf(w.s, sizeof(w.s), to_come ? "%s, in %s" : "%s, %s", text, to_come ? age_of(now_ms, at_ms).s : ago_of(now_ms, at_ms).s);
    return w;
}

static void print_address(const json_t *t)
{
    line("url", "%s", row_text(t, "fetch"));
    if (strcmp(row_text(t, "key"), row_text(t, "fetch")) != 0)
        line("key form", "%s", row_text(t, "key"));
    line("id", "%s", row_text(t, "id"));
    const char *worker = row_text(t, "worker");
    line("partition", "%" PRId64 " (domain %s)%s%s", row_number(t, "partition"), row_text(t, "domain"), *worker ? ", held by " : "",
         worker);
}

static void print_source(const json_t *t)
{
    const json_t *s = json_object_get(t, "source");

    if (!s)
        line("source", "none watches this domain: `tidings sources add %s`", row_text(t, "domain"));
    else if (json_is_true(json_object_get(s, "removed")))
        line("source", "%s, which is not watched any more", row_text(s, "name"));
    else
        line("source", "%s (%s, %s)", row_text(s, "name"), row_text(s, "url"), row_text(s, "state"));
    if (*row_text(t, "filtered"))
        line("filtered", "%s: it would not be queued when a page links to it", row_text(t, "filtered"));
}

static void print_shape(const json_t *t)
{
    const json_t *s = json_object_get(t, "shape");
    const char *verdict = row_text(s, "verdict");

    if (s)
        line("pattern", "%s: %" PRId64 " were articles lately, %" PRId64 " were not%s", row_text(s, "text"), row_number(s, "articles"),
             row_number(s, "others"), strcmp(verdict, "articles") == 0 ? ": such links are taken first"
                                      : strcmp(verdict, "others") == 0 ? ": such links are left out but for one in 16" : "");
}

static void print_frontier(const json_t *t)
{
    const json_t *open = json_object_get(t, "open");
    int64_t now = row_number(t, "now");

    line("seen", json_is_true(json_object_get(t, "seen")) ? "yes" : "no: no feed, sitemap or page of a source has named it");
    if (open)
        line("open", "%s since %s", row_text(open, "stage"), when(now, row_number(open, "opened_at")).s);
    else
        line("open", "no");
    if (row_number(t, "retry_at"))
        line("next try", "%s", when(now, row_number(t, "retry_at")).s);
    if (row_number(t, "recheck_at"))
        line("re-check", "%s", when(now, row_number(t, "recheck_at")).s);
    if (*row_text(t, "extracting"))
        line("extracting", "by %s", row_text(t, "extracting"));
}

/* The first fetch that is still told of knows how the address came to us. */
static void print_found(const json_t *t)
{
    size_t i;
    json_t *e;

    json_array_foreach(json_object_get(t, "events"), i, e)
        if (*row_text(e, "via")) {
            line("found", "by %s, %s", row_text(e, "via"), when(row_number(t, "now"), row_number(e, "discovered_at")).s);
            return;
        }
}

static void print_host(const json_t *t)
{
    const json_t *h = json_object_get(t, "host");
    int64_t now = row_number(t, "now"), next = row_number(h, "next_allowed_at");

    if (!h) {
        line("host", "%s: nothing was fetched from it lately", row_text(t, "budget"));
        return;
    }
    line("host", "%s: next request %s%s%s, %" PRId64 " waiting", row_text(t, "budget"), next > now ? "in " : "may go out",
         next > now ? age_of(now, next).s : "",
         json_is_true(json_object_get(h, "busy")) ? ", one is out" : "", row_number(h, "queued") + row_number(h, "urgent"));
    if (row_number(h, "back_off"))
        line("", "it failed: backing off, level %" PRId64, row_number(h, "back_off"));
}

static void print_robots(const json_t *t)
{
    const json_t *r = json_object_get(t, "robots");

    if (!r)
        line("robots.txt", "not read yet");
    else if (*row_text(r, "rule"))
        line("robots.txt", "%s, line %" PRId64 ": %s (read %s)",
             json_is_true(json_object_get(r, "allowed")) ? "allows" : "denies", row_number(r, "line"),
             row_text(r, "rule"), when(row_number(t, "now"), row_number(r, "fetched_at")).s);
    else
        line("robots.txt", "%s (http %" PRId64 ", read %s)",
             json_is_true(json_object_get(r, "allowed")) ? "allows: no rule matches" : "cannot be read: nothing is fetched",
             row_number(r, "status"), when(row_number(t, "now"), row_number(r, "fetched_at")).s);
}

static void print_state(const json_t *t)
{
    const json_t *s = json_object_get(t, "state");

    if (!s)
        return;
    line("extractor", "version %" PRId64 ", revision %" PRId64 "%s", row_number(s, "version"), row_number(s, "revision"),
         json_is_true(json_object_get(s, "removed")) ? ", removed" : "");
    if (*row_text(s, "canonical"))
        line("canonical", "%s", row_text(s, "canonical"));
}

static void print_record(const json_t *t)
{
    const json_t *r = json_object_get(t, "record");

    if (*row_text(t, "canonical_of") && strcmp(row_text(t, "canonical_of"), row_text(t, "id")) != 0)
        line("published", "under %s, which names this address as its canonical one", row_text(t, "canonical_of"));
    if (!r) {
        line("record", "none in the cache");
        return;
    }
    if (json_is_true(json_object_get(r, "alias")))
        line("alias", "of article %s", row_text(r, "id"));
    if (json_is_true(json_object_get(r, "cached")))
        line("record", "%s, version %" PRId64 ", revision %" PRId64 ": %s", row_text(r, "key"), row_number(r, "version"),
             row_number(r, "revision"),
             row_text(r, "title"));
    else if (row_number(r, "removed_at"))
        line("record", "removed by its site (%s)", row_text(r, "reason"));
    else
        line("record", "was in the cache, and has left it by age or for want of room");
}

static void print_event(const json_t *e)
{
    char text[700];
    int64_t status = row_number(e, "status"), revision = row_number(e, "revision");
    int n = snprintf(text, sizeof(text), "%s: %s", row_text(e, "stage"), row_text(e, "what"));

    if (status && n < (int)sizeof(text))
        n += snprintf(text + n, sizeof(text) - (size_t)n, " http %" PRId64, status);
    if (revision && n < (int)sizeof(text))
        n += snprintf(text + n, sizeof(text) - (size_t)n, " revision %" PRId64, revision);
    if (*row_text(e, "reason") && n < (int)sizeof(text))
        snprintf(text + n, sizeof(text) - (size_t)n, " (%.500s)", row_text(e, "reason"));
    printf("  %s  ", row_text(e, "at"));
    articles_print_text(text, 0);
    putchar('\n');
}

static void print_events(const json_t *t)
{
    const json_t *events = json_object_get(t, "events");
    size_t i;
    json_t *e;

    if (*row_text(t, "events_missing"))
        line("events", "cannot be read: %s", row_text(t, "events_missing"));
    else if (json_array_size(events) == 0)
        line("events", "none are kept");
    else
        puts("events");
    json_array_foreach((json_t *)events, i, e)
        print_event(e);
}

void explain_print(const json_t *told)
{
    print_address(told);
    print_source(told);
    print_shape(told);
    print_found(told);
    print_frontier(told);
    print_host(told);
    print_robots(told);
    print_state(told);
    print_record(told);
    print_events(told);
}
