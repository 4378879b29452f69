/* schedule.c - see schedule.h. */
#include "crawler/schedule.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_MS (5 * 60 * 1000LL)
#define FAILURE_STEP_MS (10 * 60 * 1000LL)
#define HINT_MIN_MS (60 * 1000LL)
#define HINT_MAX_MS (3600 * 1000LL)

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static int64_t jitter(int64_t ms, uint64_t seed)
{
    int64_t spread = ms / 10;
    return spread ? ms - spread + (int64_t)(hash64(&seed, sizeof(seed)) % (uint64_t)(2 * spread + 1)) : ms;
}

static int64_t adapted(const struct schedule *s, const struct poll_facts *f)
{
    int64_t ms = s->interval_ms ? s->interval_ms : FIRST_MS;
    if (f->end == POLL_NOT_MODIFIED)
        ms = ms * 115 / 100;
    else if (f->end == POLL_READ)
        ms = f->accepted ? ms * 60 / 100 : ms * 125 / 100;
    return ms;
}

int64_t schedule_next(struct schedule *s, const struct poll_facts *f)
{
    int64_t due_ms;
    s->failures = f->end == POLL_FAILED ? s->failures + 1 : 0;
    s->interval_ms = clamp(f->fixed_ms ? f->fixed_ms : adapted(s, f), f->min_ms, f->max_ms);
    due_ms = s->interval_ms;
    if (f->hint_ms && !f->fixed_ms && due_ms < clamp(f->hint_ms, HINT_MIN_MS, HINT_MAX_MS))
        due_ms = clamp(f->hint_ms, HINT_MIN_MS, HINT_MAX_MS);
    if (s->failures > 1) /* the first may be chance */
        due_ms = clamp(due_ms + (s->failures - 1) * FAILURE_STEP_MS, f->min_ms, f->max_ms);
    due_ms = jitter(due_ms, f->seed);
    return due_ms > f->retry_after_ms ? due_ms : f->retry_after_ms;
}

struct schedules {
    struct map *by_id;
    size_t max;
};

struct schedules *schedules_create(size_t max)
{
    struct schedules *s = xcalloc(1, sizeof(*s));
    s->by_id = map_create();
    s->max = max;
    return s;
}

void schedules_destroy(struct schedules *s)
{
    size_t at = 0;
    if (!s)
        return;
    for (struct schedule *one; (one = map_next(s->by_id, &at, NULL));)
        free(one);
    map_destroy(s->by_id);
    free(s);
}

static void forget_one(struct schedules *s)
{
    size_t at = 0;
    const char *key;
    struct schedule *one = map_next(s->by_id, &at, &key);
    char id[ID_HEX_LEN + 1];
    strncpy(id, key, sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    map_remove(s->by_id, id);
    free(one);
}

struct schedule *schedules_get(struct schedules *s, const char *id)
{
    struct schedule *one = map_get(s->by_id, id);
    if (one)
        return one;
    if (map_count(s->by_id) >= s->max)
        forget_one(s);
    one = xcalloc(1, sizeof(*one));
    map_put(s->by_id, id, one);
    return one;
}
