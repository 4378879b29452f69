/* gate.c - see gate.h. */
#include "crawler/gate.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>

#define ASK_AGAIN_MS 50

struct gate_wait {
    int64_t at_mono_ms;
    size_t place; /* in the heap */
    int partition;
    gate_fn *fn;
    void *arg;
};

struct gate {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct gate_wait **heap; /* earliest first; owned */
    size_t count, cap;
    bool (*may_start)(void *arg, int partition);
    void *arg;
};

static void put(struct gate *g, size_t place, struct gate_wait *w)
{
    g->heap[place] = w;
    w->place = place;
}

static void rise(struct gate *g, struct gate_wait *w)
{
    size_t i = w->place;
    for (; i > 0 && g->heap[(i - 1) / 2]->at_mono_ms > w->at_mono_ms; i = (i - 1) / 2)
        put(g, i, g->heap[(i - 1) / 2]);
    put(g, i, w);
}

static void sink(struct gate *g, struct gate_wait *w)
{
    size_t i = w->place;
    for (size_t child; (child = 2 * i + 1) < g->count; i = child) {
        if (child + 1 < g->count && g->heap[child + 1]->at_mono_ms < g->heap[child]->at_mono_ms)
            child++;
        if (g->heap[child]->at_mono_ms >= w->at_mono_ms)
            break;
        put(g, i, g->heap[child]);
    }
    put(g, i, w);
}

static void add(struct gate *g, struct gate_wait *w)
{
    if (g->count == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 64;
        g->heap = xrealloc(g->heap, g->cap * sizeof(struct gate_wait *));
    }
    put(g, g->count++, w);
    rise(g, w);
}

static void take(struct gate *g, struct gate_wait *w)
{
    struct gate_wait *last = g->heap[--g->count];
    if (last == w)
        return;
    put(g, w->place, last);
    rise(g, last);
    sink(g, last);
}

static void on_timer(uv_timer_t *timer);

static void set_timer(struct gate *g)
{
    if (g->count == 0) {
        uv_timer_stop(&g->timer);
        return;
    }
    uv_update_time(g->loop);
    int64_t wait_ms = g->heap[0]->at_mono_ms - clock_mono_ms();
    uv_timer_start(&g->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

/* Only those due when it begins: what fn lets in with no wait has its turn in the next round of the loop. */
static void on_timer(uv_timer_t *timer)
{
    struct gate *g = timer->data;
    int64_t now = clock_mono_ms();
    for (size_t n = g->count; n > 0 && g->count > 0 && g->heap[0]->at_mono_ms <= now; n--) {
        struct gate_wait *w = g->heap[0];
        take(g, w);
        if (!g->may_start(g->arg, w->partition)) {
            w->at_mono_ms = now + ASK_AGAIN_MS;
            add(g, w);
            continue;
        }
        struct gate_wait copy = *w;
        free(w);
        copy.fn(copy.arg);
    }
    set_timer(g);
}

struct gate_wait *gate_enter(struct gate *g, int partition, int64_t at_mono_ms, gate_fn *fn, void *arg)
{
    struct gate_wait *w = xcalloc(1, sizeof(*w));
    *w = (struct gate_wait){ .at_mono_ms = at_mono_ms, .partition = partition, .fn = fn, .arg = arg };
    add(g, w);
    if (w->place == 0)
        set_timer(g);
    return w;
}

void gate_leave(struct gate *g, struct gate_wait *w)
{
    take(g, w);
    free(w);
}

size_t gate_waiting(const struct gate *g)
{
    return g->count;
}

struct gate *gate_create(uv_loop_t *loop, bool (*may_start)(void *arg, int partition), void *arg)
{
    struct gate *g = xcalloc(1, sizeof(*g));
    g->loop = loop;
    g->may_start = may_start;
    g->arg = arg;
    uv_timer_init(loop, &g->timer);
    g->timer.data = g;
    return g;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void gate_destroy(struct gate *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->count; i++)
        free(g->heap[i]);
    free(g->heap);
    g->heap = NULL;
    g->count = 0;
    uv_close((uv_handle_t *)&g->timer, on_closed);
}
