/* schedule.c - see schedule.h.
 *
 * The interval t is the shortest for which t * (items expected in t) reaches WORTH: for a constant rate that is
 * sqrt(WORTH / rate). Looking ahead over the learned hours keeps a long interval of the night from reaching into the morning. */
#include "crawler/schedule.h"

#include "base/hash.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define LAYOUT 3
#define DAY_S 86400.0
#define WORTH 0.00031             /* items * days: a source with one item a day is polled every 25 minutes */
#define MEMORY_DAYS 10.0          /* half a life: what is older than that counts less than half */
#define SPAN_DAYS (MEMORY_DAYS / M_LN2)
#define LATELY_S 2700.0           /* the span of "lately": after it two thirds of a burst is forgotten */
#define LATELY_WEIGHT 0.35        /* how far news of the last hour let more expect */
#define PRIOR_ITEMS 0.5           /* a source nobody knows: two items a day */
#define PRIOR_DAYS 0.25
#define HOUR_PRIOR 4.0            /* items of every hour and weekday: until more is known all are alike */
#define WEIGHT_MAX 250            /* all are halved then: a byte each, because thousands of polls are kept */
#define NEW_STORED_S 300          /* the last news need not be known better */
#define WINDOW_STORED_S 120
#define HINT_STORED_MS 10000
#define FAILURES_MAX 63           /* that are told apart; the interval is at its bound long before */
#define FACTOR_MIN 0.15
#define FACTOR_MAX 5.0
#define STEP_S 300                /* of the look ahead */
#define FAILURE_STEP_MS (10 * 60 * 1000LL)
#define HINT_MIN_MS (60 * 1000LL)
#define HINT_MAX_MS (600 * 1000LL)   /* many systems write "hourly" into every feed, whatever they publish */
#define FULL_S 86400              /* an unconditional request a day */
#define FULL_SOONEST_S 1800
#define FULL_EXPECTED 2.0         /* items that should have come meanwhile */
#define SILENT_EXPECTED 12.0      /* a chance of one in 100,000, if they come one by one */
#define SILENT_SOONEST_S (2 * 86400)
#define SILENT_BASELINE_DAYS 2.0  /* what came in less is taken to have come in this: one busy hour is no baseline */

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static int64_t jitter(int64_t ms, uint64_t seed)
{
    int64_t spread = ms / 10;
    return spread ? ms - spread + (int64_t)(hash64(&seed, sizeof(seed)) % (uint64_t)(2 * spread + 1)) : ms;
}

/* --- bytes --- */

static unsigned char *put(unsigned char *p, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *p++ = (unsigned char)(v >> (8 * i));
    return p;
}

static uint64_t get(const unsigned char **p, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | *(*p)++;
    return v;
}

static uint32_t float_bits(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

static float bits_float(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof(v));
    return isfinite(v) && v >= 0 ? v : 0;
}

size_t schedule_write(const struct schedule *s, unsigned char out[SCHEDULE_BYTES])
{
    unsigned char *p = put(out, LAYOUT, 1);
    p = put(p, (uint64_t)clamp(s->failures, 0, FAILURES_MAX) << 2 | (uint64_t)s->told << 1 | s->distrust, 1);
    p = put(p, (uint64_t)s->polled_s, 4);
    p = put(p, (uint64_t)s->full_s, 4);
    p = put(p, (uint64_t)s->new_s / NEW_STORED_S, 3);
    p = put(p, float_bits(s->items), 4);
    p = put(p, float_bits(s->days), 4);
    p = put(p, float_bits(s->lately) >> 16, 2); /* 1 in 256 is near enough: it fades within the hour */
    p = put(p, (uint64_t)s->window_s / WINDOW_STORED_S, 1);
    p = put(p, (uint64_t)s->hint_ms / HINT_STORED_MS, 1);
    memcpy(p, s->hours, sizeof(s->hours));
    memcpy(p + sizeof(s->hours), s->weekdays, sizeof(s->weekdays));
    return SCHEDULE_BYTES;
}

void schedule_read(struct schedule *s, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    *s = (struct schedule){ 0 };
    if (len < SCHEDULE_BYTES || get(&p, 1) != LAYOUT)
        return;
    uint64_t failed = get(&p, 1);
    s->distrust = failed & 1;
    s->told = failed & 2;
    s->failures = (int)(failed >> 2);
    s->polled_s = (int64_t)get(&p, 4);
    s->full_s = (int64_t)get(&p, 4);
    s->new_s = (int64_t)get(&p, 3) * NEW_STORED_S;
    s->items = bits_float((uint32_t)get(&p, 4));
    s->days = bits_float((uint32_t)get(&p, 4));
    s->lately = bits_float((uint32_t)get(&p, 2) << 16);
    s->window_s = (int64_t)get(&p, 1) * WINDOW_STORED_S;
    s->hint_ms = (int64_t)get(&p, 1) * HINT_STORED_MS;
    memcpy(s->hours, p, sizeof(s->hours));
    memcpy(s->weekdays, p + sizeof(s->hours), sizeof(s->weekdays));
}

/* --- what is learned --- */

static int hour_of(int64_t unix_s)
{
    return (int)(unix_s / 3600 % 24);
}

static int weekday_of(int64_t unix_s)
{
    return (int)((unix_s / 86400 + 3) % 7); /* 1970-01-01 was a Thursday; Monday is 0 */
}

static void weight_add(uint8_t *weights, size_t count, size_t i)
{
    weights[i]++;
    if (weights[i] < WEIGHT_MAX)
        return;
    for (size_t k = 0; k < count; k++)
        weights[k] /= 2;
}

/* How many times the mean is published in this slot. Neighbouring hours lend each other some of their weight. */
static double factor(const uint8_t *weights, size_t count, size_t i)
{
    double sum = 0, own = weights[i] * 0.5 + weights[(i + 1) % count] * 0.25 + weights[(i + count - 1) % count] * 0.25;
    for (size_t k = 0; k < count; k++)
        sum += weights[k];
    double f = (own + HOUR_PRIOR) / (sum / (double)count + HOUR_PRIOR);
    return f < FACTOR_MIN ? FACTOR_MIN : f > FACTOR_MAX ? FACTOR_MAX : f;
}

double schedule_rate(const struct schedule *s)
{
    return (s->items + PRIOR_ITEMS) / (s->days + PRIOR_DAYS);
}

static double rate_at(const struct schedule *s, int64_t unix_s)
{
    return schedule_rate(s) * factor(s->hours, COUNT(s->hours), (size_t)hour_of(unix_s)) *
           factor(s->weekdays, COUNT(s->weekdays), (size_t)weekday_of(unix_s));
}

static void learn_when(struct schedule *s, int64_t unix_s)
{
    weight_add(s->hours, COUNT(s->hours), (size_t)hour_of(unix_s));
    weight_add(s->weekdays, COUNT(s->weekdays), (size_t)weekday_of(unix_s));
}

/* The first reading tells of the past: the dates of what stands there. */
static void learn_past(struct schedule *s, const struct poll_facts *f)
{
    int64_t oldest_s = f->now_s;
    double sum = 0; /* of what their ages have left of them */
    size_t n = 0;
    for (size_t i = 0; i < f->dated; i++) {
        if (f->dated_s[i] <= 0 || f->dated_s[i] > f->now_s || f->dated_s[i] < f->now_s - 30 * 86400)
            continue;
        oldest_s = f->dated_s[i] < oldest_s ? f->dated_s[i] : oldest_s;
        learn_when(s, f->dated_s[i]);
        s->lately += (float)exp(-(double)(f->now_s - f->dated_s[i]) / LATELY_S);
        s->new_s = f->dated_s[i] > s->new_s ? f->dated_s[i] : s->new_s;
        sum += exp(-(double)(f->now_s - f->dated_s[i]) / DAY_S / SPAN_DAYS);
        n++;
    }
    if (n < 2)
        return;
    double days = (double)(f->now_s - oldest_s) / DAY_S;
    s->items = (float)(sum - exp(-days / SPAN_DAYS)); /* the oldest only marks the beginning */
    s->days = (float)(SPAN_DAYS * (1 - exp(-days / SPAN_DAYS)));
}

/* What is new learns its hour from its date; without one it was published somewhere since the last reading. */
static void learn_new(struct schedule *s, const struct poll_facts *f, int64_t since_s)
{
    size_t left = f->accepted;
    for (size_t i = 0; i < f->dated && left > 0; i++) {
        if (f->dated_s[i] <= since_s || f->dated_s[i] > f->now_s)
            continue;
        learn_when(s, f->dated_s[i]);
        left--;
    }
    for (size_t i = 0; i < left && i < 100; i++)
        learn_when(s, since_s + (int64_t)((double)(f->now_s - since_s) * ((double)i + 0.5) / (double)left));
}

static void learn(struct schedule *s, const struct poll_facts *f)
{
    if (!s->polled_s) {
        learn_past(s, f);
    } else {
        double passed_s = f->now_s > s->polled_s ? (double)(f->now_s - s->polled_s) : 0;
        double keep = exp(-passed_s / DAY_S / SPAN_DAYS);
        s->items = (float)(s->items * keep + (double)f->accepted);
        s->days = (float)(s->days * keep + passed_s / DAY_S);
        s->lately = (float)(s->lately * exp(-passed_s / LATELY_S) + (double)f->accepted);
        learn_new(s, f, s->polled_s);
        if (f->accepted)
            s->new_s = f->now_s;
    }
    if (!s->new_s)
        s->new_s = f->now_s;
    s->polled_s = f->now_s;
}

/* --- when --- */

static int64_t adapted_ms(const struct schedule *s, const struct poll_facts *f)
{
    double now_rate = rate_at(s, f->now_s), lately = s->lately * DAY_S / LATELY_S;
    double more = lately > now_rate ? LATELY_WEIGHT * (lately - now_rate) : 0, expected = 0;
    int64_t max_s = f->max_ms / 1000;
    for (int64_t t = 0; t < max_s; t += STEP_S) {
        double rate = rate_at(s, f->now_s + t) + more * exp(-(double)t / LATELY_S), before = expected, days = (double)t / DAY_S;
        expected += rate * STEP_S / DAY_S;
        if ((days + STEP_S / DAY_S) * expected < WORTH)
            continue;
        for (int64_t u = 0; u < STEP_S; u += 15) /* within the step the rate is constant */
            if ((days + (double)u / DAY_S) * (before + rate * (double)u / DAY_S) >= WORTH)
                return (t + u) * 1000;
        return (t + STEP_S) * 1000;
    }
    return max_s * 1000;
}

/* The dated items of the document, oldest first, go back this far: in less than half of that it must be read again. */
static int64_t window_ms(const struct poll_facts *f)
{
    int64_t oldest_s = f->now_s;
    for (size_t i = 0; i < f->dated; i++)
        if (f->dated_s[i] > 0 && f->dated_s[i] < oldest_s)
            oldest_s = f->dated_s[i];
    return f->dated >= 5 ? (f->now_s - oldest_s) * 1000 / 2 : INT64_MAX;
}

static int64_t interval_ms(const struct schedule *s, const struct poll_facts *f)
{
    if (f->fixed_ms)
        return clamp(f->fixed_ms, f->min_ms, f->max_ms);
    double ms = (double)adapted_ms(s, f) * (f->pace > 1 ? f->pace : 1);
    int64_t most_ms = window_ms(f);
    ms = ms > (double)most_ms ? (double)most_ms : ms;
    int64_t bounded = clamp(ms > (double)f->max_ms ? f->max_ms : (int64_t)ms, f->min_ms, f->max_ms);
    return bounded < s->hint_ms ? clamp(s->hint_ms, f->min_ms, f->max_ms) : bounded;
}

int64_t schedule_next(struct schedule *s, const struct poll_facts *f)
{
    s->failures = f->end == POLL_FAILED ? s->failures + 1 : 0;
    if (f->end != POLL_FAILED) {
        /* Asked without them, it had news and the validators of before: they do not tell news. */
        s->distrust = s->distrust || (f->unconditional && f->same_validators && f->accepted > 0 && s->polled_s > s->full_s);
        s->told = s->told || (!f->unconditional && f->accepted > 0);
        learn(s, f);
        if (f->end == POLL_READ && f->unconditional)
            s->full_s = f->now_s;
    }
    if (f->end == POLL_READ) { /* "not modified" brings no document: what the last one said holds on */
        int64_t window_s = window_ms(f) / 1000;
        s->window_s = window_s > WINDOW_STORED_S * UINT8_MAX ? 0 : window_s < WINDOW_STORED_S ? WINDOW_STORED_S : window_s;
        s->hint_ms = f->hint_ms ? clamp(f->hint_ms, HINT_MIN_MS, HINT_MAX_MS) : 0;
    }
    int64_t due_ms = interval_ms(s, f);
    if (s->failures > 1) /* the first may be chance */
        due_ms = clamp(due_ms + (s->failures - 1) * FAILURE_STEP_MS, f->min_ms, f->max_ms);
    due_ms = jitter(due_ms, f->seed);
    return due_ms > f->retry_after_ms ? due_ms : f->retry_after_ms;
}

bool schedule_wants_full(const struct schedule *s, int64_t now_s)
{
    int64_t since_s = now_s - s->full_s;
    if (s->distrust || since_s >= FULL_S)
        return true;
    if (!s->told && s->window_s && since_s >= s->window_s) /* a lively source that lies from the beginning */
        return true;
    return since_s >= FULL_SOONEST_S && schedule_rate(s) * (double)(now_s - (s->new_s > s->full_s ? s->new_s : s->full_s)) / DAY_S > FULL_EXPECTED;
}

bool schedule_is_silent(const struct schedule *s, int64_t now_s)
{
    double silent_days = (double)(now_s - s->new_s) / DAY_S;
    if (!s->polled_s || now_s - s->new_s < SILENT_SOONEST_S)
        return false;
    /* The rate when it was last heard of: since then nothing was added and all was halved every MEMORY_DAYS. */
    double keep = exp(-silent_days / SPAN_DAYS);
    double days = (s->days - SPAN_DAYS * (1 - keep)) / keep;
    double items = s->items / keep, least = items - 1.25 * sqrt(items); /* so many came; at least this many are to be relied on */
    return least / (days > SILENT_BASELINE_DAYS ? days : SILENT_BASELINE_DAYS) * silent_days > SILENT_EXPECTED;
}

/* --- the budget --- */

#define PACE_SPAN_S 900.0

void pace_init(struct pace *p, double per_hour)
{
    *p = (struct pace){ .per_hour = per_hour, .factor = 1 };
}

void pace_count(struct pace *p, int64_t now_s)
{
    if (!p->at_s)
        p->at_s = p->began_s = now_s;
    p->seen = p->seen * exp(-(double)(now_s - p->at_s) / PACE_SPAN_S) + 1;
    double step = (double)(now_s - p->at_s);
    p->at_s = now_s;
    if (p->per_hour <= 0 || now_s - p->began_s < (int64_t)PACE_SPAN_S || step <= 0)
        return;
    double ratio = p->seen / PACE_SPAN_S * 3600 / p->per_hour, gain = 1 - exp(-step / PACE_SPAN_S);
    p->factor *= 1 + gain * (ratio - 1);
    p->factor = p->factor < 1 ? 1 : p->factor > 100 ? 100 : p->factor;
}
