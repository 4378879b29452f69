/* probe.c - `tidings probe`: what adding a site would do. */
#include "cli/command.h"

#include "base/date.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/address.h"
#include "cli/verdict.h"
#include "crawler/probe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = { "page", "front page", "feed", "sitemap", "discovery" };

static void say_span(int64_t ms, char out[32])
{
    if (ms < 1000)
        snprintf(out, 32, "%lld ms", (long long)ms);
    else if (ms < 120000)
        snprintf(out, 32, "%lld s", (long long)(ms / 1000));
    else if (ms < 7200000)
        snprintf(out, 32, "%lld min", (long long)(ms / 60000));
    else
        snprintf(out, 32, "%.1f h", (double)ms / 3600000);
}

static void say_text(const char *text)
{
    struct buffer b;
    buffer_init(&b, 0);
    text_for_terminal(text, strlen(text), 200, false, &b);
    printf("%s", buffer_str(&b));
    buffer_fini(&b);
}

static void say_watch(const struct probe_watch *w)
{
    char span[32], date[DATE_TEXT_MAX];
    printf("  %-10s ", kinds[w->kind]);
    say_text(w->url);
    if (w->problem[0]) {
        printf("\n             cannot be read: ");
        say_text(w->problem);
        printf("\n");
        return;
    }
    say_span(w->interval_ms, span);
    printf("\n             %s, %zu entr%s, %zu to be fetched at first", w->format, w->items, w->items == 1 ? "y" : "ies", w->wanted);
    if (w->newest_ms) {
        date_format_ms(w->newest_ms, date);
        printf(", newest %.19sZ", date);
    }
    if (w->per_day > 0)
        printf(", about %.1f a day", w->per_day);
    printf("\n             first interval: %s, then as often as it publishes\n", span);
}

static void say_samples(const struct probe *p, json_t *verdicts)
{
    if (p->sample_count)
        printf("samples\n");
    for (size_t i = 0; i < p->sample_count; i++) {
        printf("  ");
        say_text(p->samples[i].url);
        printf("\n");
        if (i < json_array_size(verdicts))
            verdict_say("    ", "    ", json_array_get(verdicts, i));
        else if (p->samples[i].title)
            printf("    "), say_text(p->samples[i].title), printf("\n");
    }
}

static void say(const struct probe *p, json_t *verdicts)
{
    char span[32];
    if (p->site) {
        say_span(p->delay_ms, span);
        printf("site       "), say_text(p->site);
        printf("\nrobots.txt %s; at least %s between two requests\n", p->robots, span);
    }
    if (p->watch_count)
        printf("would be watched\n");
    for (size_t i = 0; i < p->watch_count; i++)
        say_watch(&p->watches[i]);
    say_samples(p, verdicts);
    if (p->why[0])
        printf("%s", p->yields ? "note: " : "nothing will come: "), say_text(p->why), printf("\n%s\n", p->remedy);
}

static json_t *text_json(const char *s)
{
    return s && *s ? json_string(s) : NULL;
}

static json_t *watch_json(const struct probe_watch *w)
{
    char newest[DATE_TEXT_MAX] = "";
    if (w->newest_ms)
        date_format_ms(w->newest_ms, newest);
    return json_pack("{ss ss ss* sI sI ss* sf sI ss*}", "kind", w->kind == CLAIM_FRONT ? "front" : kinds[w->kind], "url", w->url, "format",
                     w->format[0] ? w->format : NULL, "entries", (json_int_t)w->items, "wanted", (json_int_t)w->wanted, "newest_at",
                     newest[0] ? newest : NULL, "per_day", w->per_day, "interval_ms", (json_int_t)w->interval_ms, "problem",
                     w->problem[0] ? w->problem : NULL);
}

static void print_json(const struct probe *p, json_t *verdicts)
{
    json_t *watches = json_array(), *samples = json_array();
    for (size_t i = 0; i < p->watch_count; i++)
        json_array_append_new(watches, watch_json(&p->watches[i]));
    for (size_t i = 0; i < p->sample_count; i++)
        json_array_append_new(samples, json_pack("{ss so* sO*}", "url", p->samples[i].url, "title", text_json(p->samples[i].title), "verdict",
                                                 i < json_array_size(verdicts) ? json_array_get(verdicts, i) : NULL));
    json_t *o = json_pack("{sb so* so* sI so so so* so*}", "yields", p->yields, "site", text_json(p->site), "robots", text_json(p->robots),
                          "delay_ms", (json_int_t)p->delay_ms, "watches", watches, "samples", samples, "why", text_json(p->why), "remedy",
                          text_json(p->remedy));
    json_dumpf(o, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(o);
}

/* Fetches the samples as long as there is time. */
static json_t *try_samples(struct visitor *v, const struct config *config, const struct probe *p)
{
    json_t *verdicts = json_array();
    for (size_t i = 0; i < p->sample_count && !visitor_late(v); i++) {
        struct visited a;
        visitor_get(v, p->samples[i].url, VERDICT_ACCEPT, VERDICT_MAX_BYTES, &a);
        if (a.end != VISITED_LATE)
            json_array_append_new(verdicts, verdict_of(&a, config->crawler.max_body_bytes));
        visited_fini(&a);
    }
    return verdicts;
}

static int run(struct invocation *inv)
{
    struct error err;
    struct url site;
    if (inv->argc != 1)
        return command_usage(inv, "expected one address");
    if (!address_typed(inv->argv[0], &site, &err))
        return command_say(inv, STATUS_USAGE, "%s", err.message);
    struct suffix_list *list = suffix_list_load(NULL, &err);
    struct visitor *v = list ? visitor_create(inv->config, list, PROBE_LIMIT_MS, &err) : NULL;
    int status = STATUS_BROKEN;
    if (!v) {
        command_fail(inv, &err);
    } else {
        struct probe p;
        probe_run(v, inv->config, list, site.fetch, &p);
        json_t *verdicts = try_samples(v, inv->config, &p);
        if (inv->json)
            print_json(&p, verdicts);
        else
            say(&p, verdicts);
        status = p.yields ? STATUS_OK : p.unreachable ? STATUS_UNREACHABLE : STATUS_NO;
        json_decref(verdicts);
        probe_fini(&p);
    }
    visitor_destroy(v);
    suffix_list_destroy(list);
    url_fini(&site);
    return status;
}

const struct command probe_command = {
    .name = "probe", .summary = "what adding a site would do", .usage = "SITE",
    .description = "Asks the site as the crawler would before it watches it: robots.txt, front page, feeds, sitemaps, and up to five of its "
                   "articles. Says which addresses would be polled and how often, or why nothing will come and what to try. Takes at most "
                   "half a minute, keeps robots.txt and the delay, needs no services and stores nothing. Exit status 1: nothing will come; "
                   "3: the site cannot be reached.",
    .flags = COMMAND_CONFIG | COMMAND_JSON, .example = "tidings probe https://www.example.com/", .run = run };
