/* week_sources.h - the sources of a simulated week, by a seeded generator: log-normal rates (median 4 a day, sigma 1.5), the hours of
 * a day and the days of a week, bursts; one in five is nearly silent, one in fifty answers "not modified" to every conditional
 * request; a feed shows its last 10 to 50 items. What a source publishes is known before: a list of times. */
#ifndef TESTS_CRAWLER_WEEK_SOURCES_H
#define TESTS_CRAWLER_WEEK_SOURCES_H

#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define MONDAY_S 1763942400 /* 2025-11-24: the first reading */
#define HISTORY_S (14 * 86400)
#define HOUR_S 3600
#define DAY_S 86400

enum origin_kind {
    ORDINARY, /* those the table is made of */
    FAILING,  /* answers 500, or not at all, from failing_s to mended_s */
    HINTING,  /* lively, and asks to be read less often than it is worth */
    STOPPING, /* published regularly, and nothing after stopped_s */
    KINDS
};

struct origin { /* one source of the generator */
    enum origin_kind kind;
    double per_day, phase_h;
    size_t window;
    bool lies;
    int64_t *items; /* times of publication, ascending */
    size_t count, cap;
    int64_t failing_s, mended_s, stopped_s;
};

static uint64_t random_state;

static double uniform(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform() + 1e-12)) * cos(2 * M_PI * uniform());
}

static double rhythm(const struct origin *o, int64_t at_s)
{
    double hour = fmod((double)at_s / HOUR_S + o->phase_h, 24);
    double day = hour < 6 ? 0.15 : hour < 9 ? 1.2 : hour < 20 ? 1.6 : 0.7;
    return day * ((at_s / DAY_S + 3) % 7 >= 5 ? 0.55 : 1.15);
}

static void publish(struct origin *o, int64_t at_s)
{
    if (o->count == o->cap)
        o->items = xrealloc(o->items, (o->cap = o->cap ? o->cap * 2 : 64) * sizeof(*o->items));
    o->items[o->count++] = at_s;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Thinning: candidates at the highest rate, kept by the rhythm; one in eight begins a burst of up to five within half an hour. */
static void origin_generate(struct origin *o, int64_t from_s, int64_t to_s)
{
    double single = o->per_day / 1.4, most = single * 1.6 * 1.15;
    o->phase_h = uniform() * 24;
    for (double t = (double)from_s; (t += -log(uniform() + 1e-12) / most * DAY_S) < (double)to_s;) {
        if (uniform() > rhythm(o, (int64_t)t) / (1.6 * 1.15))
            continue;
        publish(o, (int64_t)t);
        for (int n = uniform() < 0.125 ? 1 + (int)(uniform() * 5) : 0; n > 0; n--)
            publish(o, (int64_t)(t + uniform() * 1800));
    }
    if (o->count > 1)
        qsort(o->items, o->count, sizeof(*o->items), ascending);
}

/* `ordinary` of them, and behind those `more` of each other kind. begin_s: when the days that count begin. */
static struct origin *origins_create(size_t ordinary, size_t more, int64_t begin_s, int64_t to_s)
{
    static const double rates[KINDS] = { [FAILING] = 24, [HINTING] = 400, [STOPPING] = 24 };
    struct origin *all = xcalloc(ordinary + (KINDS - 1) * more, sizeof(*all));
    random_state = 88172645463325252u;
    for (size_t i = 0; i < ordinary; i++) {
        all[i].per_day = 4 * exp(1.5 * normal()) * (uniform() < 0.2 ? 0.01 : 1);
        all[i].window = 10 + (size_t)(uniform() * 41);
        all[i].lies = i % 50 == 7;
        origin_generate(&all[i], MONDAY_S - HISTORY_S, to_s);
    }
    for (size_t i = ordinary; i < ordinary + (KINDS - 1) * more; i++) {
        struct origin *o = &all[i];
        o->kind = (enum origin_kind)(1 + (i - ordinary) / more);
        o->per_day = rates[o->kind];
        o->window = 30;
        o->failing_s = begin_s + 3 * HOUR_S;
        o->mended_s = begin_s + 15 * HOUR_S;
        o->stopped_s = begin_s - 36 * HOUR_S;
        origin_generate(o, MONDAY_S - HISTORY_S, o->kind == STOPPING ? o->stopped_s : to_s);
    }
    return all;
}

static void origins_destroy(struct origin *all, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(all[i].items);
    free(all);
}

/* How many items are out by then; from: as many as are known to be. */
static size_t published(const struct origin *o, size_t from, int64_t now_s)
{
    while (from < o->count && o->items[from] <= now_s)
        from++;
    return from;
}

/* --- ages --- */

struct figures {
    double *ages_s;
    size_t count, cap, requests, lost;
};

static void count_age(struct figures *r, double age_s)
{
    if (r->count == r->cap)
        r->ages_s = xrealloc(r->ages_s, (r->cap = r->cap ? r->cap * 2 : 65536) * sizeof(double));
    r->ages_s[r->count++] = age_s;
}

static int by_age(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(struct figures *r, double q)
{
    qsort(r->ages_s, r->count, sizeof(double), by_age);
    return r->count ? r->ages_s[(size_t)((double)(r->count - 1) * q)] : 0;
}

#endif
