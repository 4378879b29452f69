/* fetch_limits.c - the sweep: deadlines, stalls, and which of the paused transfers goes on. */
#include "crawler/fetch_private.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

/* Lets one paused transfer go on. Curl gives what it holds at once, from inside this call. */
static void resume(struct fetch *t)
{
    fetch_stop_waiting(t);
    curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

static int furthest_first(const void *a, const void *b)
{
    const struct fetch *x = *(struct fetch *const *)a, *y = *(struct fetch *const *)b;
    return (x->body.len < y->body.len) - (x->body.len > y->body.len);
}

static bool room_for_a_write(const struct fetcher *f)
{
    const struct budget *b = f->options.budget;
    size_t lendable = budget_lendable(b), used = budget_used(b);
    return lendable > used && lendable - used >= CURL_MAX_WRITE_SIZE;
}

/* Those furthest along go on while there is room: they are the first to give theirs back. When there is none, one goes on from
 * the reserve. No callback of a caller's comes from inside resume(), so the list stays what it is. */
static void feed_waiting(struct fetcher *f)
{
    size_t n = 0;
    if (f->waiting_count == 0 || (f->reserve_held && !room_for_a_write(f)))
        return;
    struct fetch **waiting = xmalloc(f->waiting_count * sizeof(struct fetch *));
    for (struct fetch *t = f->running; t; t = t->next)
        if (t->waiting)
            waiting[n++] = t;
    qsort(waiting, n, sizeof(struct fetch *), furthest_first);
    for (size_t i = 0; i < n; i++) {
        if (!room_for_a_write(f)) {
            if (f->reserve_held)
                break;
            f->reserve_held = true;
            f->reserve_user = waiting[i];
            waiting[i]->uses_reserve = true;
        }
        resume(waiting[i]);
    }
    free(waiting);
}

static const char *overdue(struct fetch *t, int64_t now)
{
    const struct fetcher_options *o = &t->fetcher->options;
    int64_t age = now - t->begun_mono_ms - t->paused_ms;
    if (t->waiting || t->state == CHECKING)
        return NULL;
    if (!t->first_byte_mono_ms && age > o->first_byte_ms)
        return "no answer in time";
    if (age > o->timeout_ms)
        return "no answer in time: the transfer took too long";
    if (t->first_byte_mono_ms && now - t->window_mono_ms >= o->stall_ms) {
        if (t->received - t->window_bytes < (size_t)o->stall_bytes)
            return "no answer in time: the transfer stalled";
        t->window_mono_ms = now;
        t->window_bytes = t->received;
    }
    return NULL;
}

/* A done callback may end any transfer, and the fetcher: list_remove() moves f->sweeping on. */
static void end_overdue(struct fetcher *f)
{
    int64_t now = clock_mono_ms();
    f->sweeping = f->running;
    while (f->sweeping) {
        struct fetch *t = f->sweeping;
        const char *why = overdue(t, now);
        f->sweeping = t->next;
        if (why)
            fetch_finish_failed(t, FETCH_TIMEOUT, why);
    }
}

void fetcher_on_sweep(uv_timer_t *timer)
{
    struct fetcher *f = timer->data;
    f->references++;
    end_overdue(f);
    if (!f->closing) {
        feed_waiting(f);
        metric_set(f->paused, (double)f->waiting_count);
        for (int i = 0; i < LANES; i++)
            fetcher_collect(&f->lanes[i]);
    }
    fetcher_unref(f);
}
