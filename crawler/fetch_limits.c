/* fetch_limits.c - the sweep: deadlines, stalls, and which of the paused transfers goes on. */
#include "crawler/fetch_private.h"

#include "base/clock.h"

/* Lets one paused transfer go on. Curl gives what it holds at once, from inside this call. */
static void resume(struct fetch *t)
{
    fetch_stop_waiting(t);
    curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

static struct fetch *furthest_along(struct fetcher *f)
{
    struct fetch *best = NULL;
    for (struct fetch *t = f->running; t; t = t->next)
        if (t->waiting && (!best || t->body.len > best->body.len))
            best = t;
    return best;
}

static void feed_waiting(struct fetcher *f)
{
    for (size_t n = f->waiting_count; n > 0 && f->waiting_count > 0; n--) {
        struct fetch *t = furthest_along(f);
        if (budget_lendable(f->options.budget) - budget_used(f->options.budget) < CURL_MAX_WRITE_SIZE) {
            if (f->reserve_held)
                return;
            f->reserve_held = true;
            f->reserve_user = t;
            t->uses_reserve = true;
        }
        resume(t);
    }
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

void fetcher_on_sweep(uv_timer_t *timer)
{
    struct fetcher *f = timer->data;
    int64_t now = clock_mono_ms();
    f->references++;
    for (bool again = true; again && !f->closing;) { /* a done callback may change the list: begin anew after each */
        again = false;
        for (struct fetch *t = f->running; t && !again; t = t->next) {
            const char *why = overdue(t, now);
            if (why) {
                fetch_finish_failed(t, FETCH_TIMEOUT, why);
                again = true;
            }
        }
    }
    if (!f->closing) {
        feed_waiting(f);
        metric_set(f->paused, (double)f->waiting_count);
        fetcher_collect(f);
    }
    fetcher_unref(f);
}
