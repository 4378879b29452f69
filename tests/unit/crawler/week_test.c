/* week_test.c - the scheduler over a simulated time: 2,000 sources of a seeded generator, polled by the shipped rules and, beside
 * them, every 10 and every 90 minutes, and with the rates known beforehand. One day counts after one of learning; with
 * TEST_WEEK=1 a whole week does.
 *
 * Rates are log-normal (median 4 a day, sigma 1.5), with the hours of a day and the days of a week, and bursts; one source in
 * five is nearly silent; one in fifty answers "not modified" to every conditional request; a feed shows its last 10 to 50 items. */
#include "crawler/schedule.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SOURCES 2000
#define MONDAY_S 1763942400 /* 2025-11-24 */
#define WARM_UP_S 86400
#define HISTORY_S (14 * 86400)

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

struct origin { /* one source of the generator */
    double per_day, phase_h;
    size_t window;
    bool lies;
    int64_t *items; /* times of publication, ascending */
    size_t count, cap;
};

static double rhythm(const struct origin *o, int64_t at_s)
{
    double hour = fmod((double)at_s / 3600 + o->phase_h, 24);
    double day = hour < 6 ? 0.15 : hour < 9 ? 1.2 : hour < 20 ? 1.6 : 0.7;
    return day * ((at_s / 86400 + 3) % 7 >= 5 ? 0.55 : 1.15);
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
static void generate(struct origin *o, int64_t from_s, int64_t to_s)
{
    double single = o->per_day / 1.4, most = single * 1.6 * 1.15;
    o->phase_h = uniform() * 24;
    for (double t = (double)from_s; (t += -log(uniform() + 1e-12) / most * 86400) < (double)to_s;) {
        if (uniform() > rhythm(o, (int64_t)t) / (1.6 * 1.15))
            continue;
        publish(o, (int64_t)t);
        for (int n = uniform() < 0.125 ? 1 + (int)(uniform() * 5) : 0; n > 0; n--)
            publish(o, (int64_t)(t + uniform() * 1800));
    }
    if (o->count > 1)
        qsort(o->items, o->count, sizeof(*o->items), ascending);
}

static struct origin *origins_create(int64_t to_s)
{
    struct origin *all = xcalloc(SOURCES, sizeof(*all));
    random_state = 88172645463325252u;
    for (int i = 0; i < SOURCES; i++) {
        all[i].per_day = 4 * exp(1.5 * normal()) * (uniform() < 0.2 ? 0.01 : 1);
        all[i].window = 10 + (size_t)(uniform() * 41);
        all[i].lies = i % 50 == 7;
        generate(&all[i], MONDAY_S - HISTORY_S, to_s);
    }
    return all;
}

/* --- polling --- */

enum policy { ADAPTIVE, FIXED, KNOWN };

struct watched {
    struct origin *origin;
    struct schedule schedule;
    size_t next;             /* the first item not yet fetched */
    int64_t due_s;
    bool read;
    size_t fresh_at;         /* items there when its validators were last given */
};

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

static size_t published(const struct origin *o, size_t from, int64_t now_s)
{
    while (from < o->count && o->items[from] <= now_s)
        from++;
    return from;
}

/* One answer: what is new in it. -1: not modified. */
static long answer(struct watched *w, int64_t now_s, bool unconditional, bool counted, struct figures *r)
{
    struct origin *o = w->origin;
    size_t there = published(o, w->next, now_s);
    bool same = there == w->fresh_at;
    if (w->read && !unconditional && (o->lies || same))
        return -1;
    size_t shown = there > o->window ? there - o->window : 0, news = 0;
    for (size_t i = w->next; i < there; i++) {
        if (i < shown && counted && w->read)
            r->lost++;
        if (i >= shown)
            news++;
        if (i >= shown && counted && w->read && o->items[i] >= MONDAY_S + WARM_UP_S)
            count_age(r, (double)(now_s - o->items[i]));
    }
    w->next = w->fresh_at = there;
    return (long)news;
}

static int64_t poll(struct watched *w, int64_t now_s, enum policy policy, int64_t fixed_s, const struct pace *pace, struct figures *r)
{
    bool counted = now_s >= MONDAY_S + WARM_UP_S, unconditional = !w->read || schedule_wants_full(&w->schedule, now_s);
    struct poll_facts f = { .now_s = now_s, .min_ms = 60000, .max_ms = 6 * 3600000, .unconditional = unconditional,
                            .same_validators = w->read && w->origin->lies, .pace = pace->factor, .seed = (uint64_t)now_s ^ (uintptr_t)w };
    int64_t dates[64];
    bool first = !w->read;
    long news = answer(w, now_s, unconditional, counted, r);
    w->read = true;
    f.end = news < 0 ? POLL_NOT_MODIFIED : POLL_READ;
    f.accepted = news > 0 && !first ? (size_t)news : 0;
    size_t shown = w->next > w->origin->window ? w->next - w->origin->window : 0;
    for (size_t i = shown; f.end == POLL_READ && i < w->next; i++)
        dates[f.dated++] = w->origin->items[i];
    f.dated_s = dates;
    r->requests += counted;
    int64_t next_s = schedule_next(&w->schedule, &f) / 1000;
    if (policy == FIXED)
        return fixed_s;
    if (policy == KNOWN) {
        double rate = w->origin->per_day < 0.05 ? 0.05 : w->origin->per_day;
        return (int64_t)((double)fixed_s / sqrt(rate));
    }
    return next_s < 60 ? 60 : next_s;
}

static int by_age(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sink(struct watched **heap, size_t n, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && heap[child + 1]->due_s < heap[child]->due_s)
            child++;
        if (heap[child]->due_s >= heap[i]->due_s)
            break;
        struct watched *t = heap[i];
        heap[i] = heap[child];
        heap[child] = t;
    }
}

static struct figures simulate(struct origin *origins, int64_t to_s, enum policy policy, int64_t fixed_s, double per_hour)
{
    struct watched *all = xcalloc(SOURCES, sizeof(*all)), **heap = xcalloc(SOURCES, sizeof(*heap));
    struct figures r = { 0 };
    struct pace pace;
    pace_init(&pace, per_hour);
    for (size_t i = 0; i < SOURCES; i++) {
        all[i].origin = &origins[i];
        all[i].due_s = MONDAY_S + (int64_t)(i * 600 / SOURCES);
        heap[i] = &all[i];
    }
    while (heap[0]->due_s < to_s) {
        struct watched *w = heap[0];
        int64_t now_s = w->due_s;
        pace_count(&pace, now_s);
        w->due_s = now_s + poll(w, now_s, policy, fixed_s, &pace, &r);
        sink(heap, SOURCES, 0);
    }
    qsort(r.ages_s, r.count, sizeof(double), by_age);
    free(all);
    free(heap);
    return r;
}

static double quantile(const struct figures *r, double q)
{
    return r->ages_s[(size_t)((double)(r->count - 1) * q)];
}

static void show(const char *name, const struct figures *r)
{
    print_message("%-14s %8zu requests %7zu items  p50 %6.0f s  p95 %6.0f s  lost %zu\n", name, r->requests, r->count, quantile(r, 0.5),
                  quantile(r, 0.95), r->lost);
}

static void news_come_sooner_at_the_same_requests(void **state)
{
    (void)state;
    int64_t to_s = MONDAY_S + WARM_UP_S + (getenv("TEST_WEEK") ? 7 : 1) * 86400;
    struct origin *origins = origins_create(to_s);
    struct figures ten = simulate(origins, to_s, FIXED, 600, 0), ninety = simulate(origins, to_s, FIXED, 5400, 0);
    struct figures ours = simulate(origins, to_s, ADAPTIVE, 0, SOURCES * 6.0), known = simulate(origins, to_s, KNOWN, 1380, 0);
    show("every 10 min", &ten);
    show("every 90 min", &ninety);
    show("rates known", &known);
    show("adaptive", &ours);
    CHECK(ours.requests <= ten.requests * 102 / 100, "%zu requests", ours.requests);
    CHECK(quantile(&ours, 0.5) <= quantile(&ten, 0.5) / 2, "p50 %.0f s", quantile(&ours, 0.5));
    CHECK(quantile(&ours, 0.95) <= quantile(&ten, 0.95) * 1.2, "p95 %.0f s", quantile(&ours, 0.95));
    CHECK(ours.lost == 0, "%zu items lost", ours.lost);
    for (int i = 0; i < SOURCES; i++)
        free(origins[i].items);
    free(origins);
    free(ten.ages_s), free(ninety.ages_s), free(ours.ages_s), free(known.ages_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(news_come_sooner_at_the_same_requests) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
