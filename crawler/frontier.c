/* frontier.c - the frontier's life: heartbeats, and which partitions are ours.
 *
 *   FREE ──we rank first──> TAKING ──> HELD ──another ranks first, or drain──> DRAINING ──no claim is out──> GIVING ──> FREE
 *                                       └────────────── lease lapsed or refused ──────────────┴─────────────> FREE (lost)
 *
 * Who ranks first for a partition is a rendezvous hash over the workers that Redis heard of lately, so all workers agree
 * without talking to each other, and one that comes or goes moves only its own share. A lease counts on our monotonic clock
 * from when its renewal was sent: so we think it lapsed before Redis does. */
#include "crawler/frontier_private.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "crawler/heartbeat.lua.h"
#include "crawler/lease_give.lua.h"
#include "crawler/lease_renew.lua.h"
#include "crawler/lease_take.lua.h"
#include "crawler/peek.lua.h"
#include "crawler/sweep.lua.h"
#include "pipeline/frontier_lib.lua.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FLUSH_MS 3           /* so long what is to be told is gathered: the end of a transfer and what became of it go in one call */
#define PEEK_MS 500          /* others queue into our partitions without telling us */
#define SWEEP_MS 60000       /* one round of housekeeping a partition */
#define SKEW_MAX_MS 5000
#define SKEW_TELL_MS 600000
#define RETRY_MS 1000

static const struct redis_script heartbeat_script = { .name = "heartbeat", .source = heartbeat_lua };
static const struct redis_script take_script = { .name = "lease_take", .prelude = frontier_lib_lua, .source = lease_take_lua };
static const struct redis_script renew_script = { .name = "lease_renew", .source = lease_renew_lua };
static const struct redis_script give_script = { .name = "lease_give", .source = lease_give_lua };
static const struct redis_script peek_script = { .name = "peek", .source = peek_lua };
static const struct redis_script sweep_script = { .name = "sweep", .prelude = frontier_lib_lua, .source = sweep_lua };

struct part *part_of(struct frontier *f, int number)
{
    assert(number >= 0 && number < f->part_count);
    return &f->parts[number];
}

/* The lease has not lapsed. */
static bool part_ours(const struct part *p)
{
    return (p->state == PART_HELD || p->state == PART_DRAINING) && clock_mono_ms() < p->lease_end_mono_ms;
}

void frontier_fail(struct frontier *f, const struct error *err)
{
    if (f->callbacks.on_fatal)
        f->callbacks.on_fatal(f->callbacks.arg, err);
    else
        log_error("frontier cannot go on reason=%s", log_quote(err->message));
}

/* An answer may come after frontier_destroy(): the frontier's memory stays until the last one. */
struct ask {
    struct frontier *frontier;
    redis_reply_fn *fn;
    void *arg;
};

static void frontier_free(struct frontier *f)
{
    if (f->open_handles > 0 || f->asking > 0)
        return;
    free(f->parts);
    free(f->live);
    free(f->prefix);
    free(f->worker);
    free(f);
}

static void on_asked(void *arg, const redisReply *reply, const struct error *err)
{
    struct ask ask = *(struct ask *)arg;
    free(arg);
    ask.fn(ask.arg, reply, err);
    ask.frontier->asking--;
    frontier_free(ask.frontier);
}

void frontier_eval(struct frontier *f, const struct redis_script *script, redis_reply_fn *fn, void *arg, int keys, int argc,
                   const char **argv, const size_t *lens)
{
    struct ask *ask = xmalloc(sizeof(*ask));
    *ask = (struct ask){ .frontier = f, .fn = fn, .arg = arg };
    f->asking++;
    redis_eval(f->redis, script, on_asked, ask, keys, argc, argv, lens);
}

/* --- taking and giving --- */

/* Which live worker ranks first for this partition? */
static bool ranks_first(const struct frontier *f, int number)
{
    uint64_t best = 0;
    const char *first = NULL;
    char text[256];
    for (size_t i = 0; i < f->live_count; i++) {
        int n = snprintf(text, sizeof(text), "%d %s", number, f->live[i]);
        uint64_t rank = hash64(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
        if (!first || rank > best) {
            best = rank;
            first = f->live[i];
        }
    }
    return first && strcmp(first, f->worker) == 0;
}

static void part_clear(struct part *p)
{
    struct frontier *f = p->frontier;
    if (p->state == PART_HELD || p->state == PART_DRAINING || p->state == PART_GIVING)
        f->held--;
    p->state = PART_FREE;
    p->epoch++;
    f->asked -= p->asked;
    p->asked = p->out = 0;
    p->calling = p->reconcile = false;
    p->due_mono_ms = INT64_MAX;
    ops_clear(&p->ops);
    ops_clear(&p->sent);
}

void part_lost(struct part *p)
{
    struct frontier *f = p->frontier;
    bool told = p->state == PART_HELD || p->state == PART_DRAINING;
    part_clear(p);
    p->retry_mono_ms = 0;
    if (told) {
        f->lost++;
        f->callbacks.on_lost(f->callbacks.arg, p->number);
    }
}

struct lease_call { /* what a take, give or renewal was sent for */
    struct part *part;
    unsigned epoch;
    int64_t sent_mono_ms;
};

static struct lease_call *lease_call(struct part *p)
{
    struct lease_call *call = xmalloc(sizeof(*call));
    *call = (struct lease_call){ .part = p, .epoch = p->epoch, .sent_mono_ms = clock_mono_ms() };
    return call;
}

static void part_gained(struct part *p, int64_t sent_mono_ms)
{
    struct frontier *f = p->frontier;
    p->state = PART_HELD;
    p->lease_end_mono_ms = sent_mono_ms + f->options.lease_ms;
    p->due_mono_ms = 0;
    p->sweep_mono_ms = clock_mono_ms() + (int64_t)(rand_r(&f->seed) % SWEEP_MS);
    f->held++;
    if (f->callbacks.on_gained)
        f->callbacks.on_gained(f->callbacks.arg, p->number);
    if (f->draining)
        p->state = PART_DRAINING;
    frontier_wake(f);
}

static void on_taken(void *arg, const redisReply *reply, const struct error *err)
{
    struct lease_call call = *(struct lease_call *)arg;
    struct part *p = call.part;
    struct frontier *f = p->frontier;
    free(arg);
    if (f->closing || p->epoch != call.epoch || p->state != PART_TAKING)
        return;
    p->state = PART_FREE;
    p->retry_mono_ms = clock_mono_ms() + RETRY_MS;
    if (err) {
        if (err->kind == ERROR_SYSTEM)
            frontier_fail(f, err);
        return;
    }
    if (reply->element[0]->integer == 1)
        part_gained(p, call.sent_mono_ms);
    else if (reply->element[1]->integer < RETRY_MS)
        p->retry_mono_ms = clock_mono_ms() + reply->element[1]->integer + 1;
}

static void part_take(struct part *p)
{
    struct frontier *f = p->frontier;
    unsigned char random[TOKEN_LEN / 2];
    ssize_t got = getrandom(random, sizeof(random), 0);
    assert(got == sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(p->token + 2 * i, 3, "%02x", random[i]);
    p->state = PART_TAKING;
    p->epoch++;
    struct key base = key_partition(f->prefix, p->number);
    char lease[24];
    snprintf(lease, sizeof(lease), "%" PRId64, f->options.lease_ms);
    const char *argv[] = { base.s, f->prefix, f->worker, lease, p->token };
    frontier_eval(f, &take_script, on_taken, lease_call(p), 2, 5, argv, NULL);
}

static void on_given(void *arg, const redisReply *reply, const struct error *err)
{
    struct lease_call call = *(struct lease_call *)arg;
    struct part *p = call.part;
    struct frontier *f = p->frontier;
    free(arg);
    (void)reply;
    if (f->closing || p->epoch != call.epoch || p->state != PART_GIVING)
        return;
    if (err && err->kind == ERROR_SYSTEM)
        frontier_fail(f, err);
    /* Without an answer the lease lapses by itself. */
    part_clear(p);
    p->retry_mono_ms = clock_mono_ms() + RETRY_MS;
    frontier_settle(f);
}

static void part_give(struct part *p)
{
    struct key base = key_partition(p->frontier->prefix, p->number);
    const char *argv[] = { base.s, p->token };
    p->state = PART_GIVING;
    frontier_eval(p->frontier, &give_script, on_given, lease_call(p), 1, 2, argv, NULL);
}

static void part_drain(struct part *p)
{
    p->state = PART_DRAINING;
    if (p->frontier->callbacks.on_draining)
        p->frontier->callbacks.on_draining(p->frontier->callbacks.arg, p->number);
}

/* --- the worker among workers --- */

static void live_set(struct frontier *f, const redisReply *reply)
{
    for (size_t i = 0; i < f->live_count; i++)
        free(f->live[i]);
    f->live_count = reply ? reply->elements - 1 : 0;
    f->live = xrealloc(f->live, (f->live_count + 1) * sizeof(*f->live));
    for (size_t i = 0; i < f->live_count; i++)
        f->live[i] = xstrdup(reply->element[i + 1]->str);
}

/* Takes what we rank first for and lets go of what we no longer do. */
static void share_out(struct frontier *f)
{
    int64_t now_ms = clock_mono_ms();
    for (int i = 0; i < f->part_count && !f->draining; i++) {
        struct part *p = &f->parts[i];
        if (p->state != PART_FREE && p->state != PART_HELD)
            continue;
        bool first = ranks_first(f, i);
        if (p->state == PART_FREE && first && p->retry_mono_ms <= now_ms)
            part_take(p);
        else if (p->state == PART_HELD && !first)
            part_drain(p);
    }
    frontier_settle(f);
}

static void watch_skew(struct frontier *f, int64_t redis_ms)
{
    int64_t skew_ms = clock_unix_ms() - redis_ms, now_ms = clock_mono_ms();
    if (llabs(skew_ms) <= SKEW_MAX_MS || (f->skew_told_mono_ms && now_ms - f->skew_told_mono_ms < SKEW_TELL_MS))
        return;
    f->skew_told_mono_ms = now_ms;
    log_warn("clock differs from Redis's skew_ms=%" PRId64 " remedy=\"run a time service on both machines\"", skew_ms);
}

static void on_beat(void *arg, const redisReply *reply, const struct error *err)
{
    struct frontier *f = arg;
    f->beating = false;
    if (f->closing)
        return;
    if (err) {
        if (err->kind == ERROR_SYSTEM)
            frontier_fail(f, err);
        return;
    }
    f->heard = true;
    watch_skew(f, reply->element[0]->integer);
    live_set(f, reply);
    share_out(f);
}

static void beat(struct frontier *f, bool leaving, redis_reply_fn *fn)
{
    struct key workers = key_workers(f->prefix);
    char lease[24];
    snprintf(lease, sizeof(lease), "%" PRId64, f->options.lease_ms);
    const char *argv[] = { workers.s, f->worker, lease, leaving ? "1" : "0" };
    frontier_eval(f, &heartbeat_script, fn, f, 1, 4, argv, NULL);
}

/* --- renewing --- */

struct renewal {
    struct frontier *frontier;
    int64_t sent_mono_ms;
    size_t count;
    struct { struct part *part; unsigned epoch; } of[];
};

static void on_renewed(void *arg, const redisReply *reply, const struct error *err)
{
    struct renewal *r = arg;
    struct frontier *f = r->frontier;
    f->renewing = false;
    if (err && err->kind == ERROR_SYSTEM && !f->closing)
        frontier_fail(f, err);
    for (size_t i = 0; !err && !f->closing && i < r->count && i < reply->elements; i++) {
        struct part *p = r->of[i].part;
        if (p->epoch != r->of[i].epoch)
            continue;
        if (reply->element[i]->integer == 1)
            p->lease_end_mono_ms = r->sent_mono_ms + f->options.lease_ms;
        else if (p->state == PART_HELD || p->state == PART_DRAINING)
            part_lost(p);
    }
    free(r);
}

static void renew(struct frontier *f)
{
    struct renewal *r = xmalloc(sizeof(*r) + (size_t)f->held * sizeof(r->of[0]));
    struct args keys = { 0 }, args = { 0 };
    r->frontier = f;
    r->sent_mono_ms = clock_mono_ms();
    r->count = 0;
    args_num(&args, f->options.lease_ms);
    for (int i = 0; i < f->part_count; i++) {
        struct part *p = &f->parts[i];
        if (p->state != PART_HELD && p->state != PART_DRAINING)
            continue;
        r->of[r->count].part = p;
        r->of[r->count++].epoch = p->epoch;
        args_str(&keys, key_partition(f->prefix, i).s);
        args_str(&args, p->token);
    }
    if (r->count == 0) {
        free(r);
    } else {
        f->renewing = true;
        int count = keys.count;
        args_all(&keys, &args);
        frontier_eval(f, &renew_script, on_renewed, r, count, keys.count, (const char **)keys.items, keys.lens);
    }
    args_fini(&keys);
    args_fini(&args);
}

/* --- looking what others queued --- */

static void on_peeked(void *arg, const redisReply *reply, const struct error *err)
{
    struct renewal *r = arg;
    struct frontier *f = r->frontier;
    int64_t now_ms = clock_mono_ms();
    f->peeking = false;
    for (size_t i = 0; !err && !f->closing && i < r->count && i < reply->elements; i++) {
        struct part *p = r->of[i].part;
        int64_t in_ms = reply->element[i]->integer;
        if (p->epoch == r->of[i].epoch && in_ms >= 0 && now_ms + in_ms < p->due_mono_ms)
            p->due_mono_ms = now_ms + in_ms;
    }
    if (!f->closing)
        frontier_wake(f);
    free(r);
}

static void peek(struct frontier *f)
{
    struct renewal *r = xmalloc(sizeof(*r) + (size_t)f->held * sizeof(r->of[0]));
    struct args args = { 0 };
    r->frontier = f;
    r->count = 0;
    for (int i = 0; i < f->part_count; i++) {
        struct part *p = &f->parts[i];
        if (p->state != PART_HELD)
            continue;
        r->of[r->count].part = p;
        r->of[r->count++].epoch = p->epoch;
        args_str(&args, key_partition(f->prefix, i).s);
    }
    int keys = args.count;
    args_num(&args, LOOKAHEAD_MS);
    if (keys == 0) {
        free(r);
    } else {
        f->peeking = true;
        frontier_eval(f, &peek_script, on_peeked, r, keys, args.count, (const char **)args.items, args.lens);
    }
    args_fini(&args);
}

static void on_swept(void *arg, const redisReply *reply, const struct error *err)
{
    struct lease_call call = *(struct lease_call *)arg;
    struct part *p = call.part;
    free(arg);
    if (p->frontier->closing || err || p->epoch != call.epoch)
        return;
    if (reply->element[0]->integer > 0) {
        log_warn("requests on their way for too long queued again partition=%d count=%lld", p->number, reply->element[0]->integer);
        p->due_mono_ms = 0;
    }
    if (reply->element[1]->integer == 1)
        p->sweep_mono_ms = clock_mono_ms() + RETRY_MS;
}

static void sweep(struct frontier *f, int64_t now_ms)
{
    char retention[24];
    snprintf(retention, sizeof(retention), "%" PRId64, f->options.pages_retention_ms);
    for (int i = 0; i < f->part_count; i++) {
        struct part *p = &f->parts[i];
        if (p->state != PART_HELD || p->sweep_mono_ms > now_ms)
            continue;
        struct key base = key_partition(f->prefix, i);
        const char *argv[] = { base.s, f->prefix, retention };
        p->sweep_mono_ms = now_ms + SWEEP_MS;
        frontier_eval(f, &sweep_script, on_swept, lease_call(p), 2, 3, argv, NULL);
    }
}

/* --- the clockwork --- */

/* A lease that could not be renewed: we let go a little before Redis lets another worker in. */
static void drop_lapsed(struct frontier *f, int64_t now_ms)
{
    for (int i = 0; i < f->part_count; i++) {
        struct part *p = &f->parts[i];
        if ((p->state == PART_HELD || p->state == PART_DRAINING) && now_ms > p->lease_end_mono_ms - f->options.lease_ms / 15)
            part_lost(p);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct frontier *f = timer->data;
    int64_t now_ms = clock_mono_ms();
    drop_lapsed(f, now_ms);
    if (f->lost)
        log_warn("partitions lost count=%d remedy=\"their claims are given out again; see whether Redis or this machine is slow\"",
                 f->lost);
    f->lost = 0;
    frontier_settle(f);
    if (!redis_connected(f->redis) || f->left)
        return;
    if (!f->beating && !f->draining && now_ms >= f->beat_mono_ms) {
        f->beat_mono_ms = now_ms + f->options.lease_ms / 15;
        f->beating = true;
        beat(f, false, on_beat);
    }
    if (!f->renewing && now_ms >= f->renew_mono_ms) {
        f->renew_mono_ms = now_ms + f->options.lease_ms / 10;
        renew(f);
    }
    if (!f->peeking && !f->draining && now_ms >= f->peek_mono_ms) {
        f->peek_mono_ms = now_ms + PEEK_MS;
        peek(f);
    }
    if (now_ms >= f->resend_mono_ms) { /* refused though connected: a full Redis, say */
        f->resend_mono_ms = now_ms + RETRY_MS;
        requests_resend(f);
    }
    sweep(f, now_ms);
}

static void on_flush(uv_timer_t *timer)
{
    work_flush(timer->data);
}

void frontier_wake(struct frontier *f)
{
    if (!f->closing && !uv_is_active((uv_handle_t *)&f->flush))
        uv_timer_start(&f->flush, on_flush, FLUSH_MS, 0);
}

static void on_left(void *arg, const redisReply *reply, const struct error *err)
{
    struct frontier *f = arg;
    (void)reply;
    (void)err; /* others will notice by our silence */
    if (!f->closing && f->drained) {
        void (*drained)(void *) = f->drained;
        f->drained = NULL;
        drained(f->drained_arg);
    }
}

void frontier_settle(struct frontier *f)
{
    bool empty = true;
    for (int i = 0; i < f->part_count; i++) {
        struct part *p = &f->parts[i];
        if (p->state == PART_DRAINING && p->out == 0 && p->ops.count == 0 && !p->calling && redis_connected(f->redis))
            part_give(p);
        empty = empty && p->state == PART_FREE;
    }
    if (f->draining && empty && !f->requests && !f->left) {
        f->left = true;
        beat(f, true, on_left);
    }
}

/* --- Redis comes and goes --- */

static void on_connected(void *arg)
{
    struct frontier *f = arg;
    if (f->closing)
        return;
    f->beat_mono_ms = f->renew_mono_ms = 0;
    requests_resend(f);
    on_tick(&f->tick);
    frontier_wake(f);
}

static void on_server_changed(void *arg)
{
    struct frontier *f = arg;
    if (f->closing)
        return;
    for (int i = 0; i < f->part_count; i++)
        if (f->parts[i].state != PART_FREE)
            part_lost(&f->parts[i]);
    requests_fail(f);
    if (f->callbacks.on_server_changed)
        f->callbacks.on_server_changed(f->callbacks.arg);
}

struct redis_callbacks frontier_redis_callbacks(struct frontier *f)
{
    return (struct redis_callbacks){ .on_connected = on_connected, .on_server_changed = on_server_changed, .arg = f };
}

/* --- life --- */

struct frontier *frontier_create(uv_loop_t *loop, const struct frontier_options *options,
                                 const struct frontier_callbacks *callbacks, struct error *err)
{
    (void)err;
    struct frontier *f = xcalloc(1, sizeof(*f));
    f->loop = loop;
    f->prefix = xstrdup(options->prefix);
    f->worker = xstrdup(options->worker_id);
    f->options = *options;
    f->callbacks = *callbacks;
    f->part_count = meta_partitions(options->meta);
    f->parts = xcalloc((size_t)f->part_count, sizeof(*f->parts));
    f->seed = (unsigned)clock_unix_ms() ^ (unsigned)(uintptr_t)f;
    for (int i = 0; i < f->part_count; i++) {
        f->parts[i].frontier = f;
        f->parts[i].number = i;
        f->parts[i].due_mono_ms = INT64_MAX;
        ops_init(&f->parts[i].ops);
        ops_init(&f->parts[i].sent);
    }
    uv_timer_init(loop, &f->tick);
    uv_timer_init(loop, &f->flush);
    uv_timer_init(loop, &f->due);
    f->tick.data = f->flush.data = f->due.data = f;
    f->open_handles = 3;
    return f;
}

void frontier_start(struct frontier *f, struct redis *r)
{
    f->redis = r;
    int64_t period_ms = f->options.lease_ms / 60;
    uv_timer_start(&f->tick, on_tick, 0, (uint64_t)(period_ms < 10 ? 10 : period_ms > 250 ? 250 : period_ms));
}

static void on_farewell(void *arg, const redisReply *reply, const struct error *err)
{
    (void)arg, (void)reply, (void)err; /* said again at the end */
}

void frontier_drain(struct frontier *f, void (*done)(void *arg), void *arg)
{
    f->draining = true;
    f->drained = done;
    f->drained_arg = arg;
    if (f->redis && redis_connected(f->redis))
        beat(f, true, on_farewell); /* so that others take at once what we give back bit by bit */
    for (int i = 0; i < f->part_count; i++)
        if (f->parts[i].state == PART_HELD)
            part_drain(&f->parts[i]);
    frontier_wake(f);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct frontier *f = handle->data;
    f->open_handles--;
    frontier_free(f);
}

void frontier_destroy(struct frontier *f)
{
    if (!f)
        return;
    f->closing = true;
    for (int i = 0; i < f->part_count; i++) {
        ops_clear(&f->parts[i].ops);
        ops_clear(&f->parts[i].sent);
    }
    claims_drop(f);
    requests_drop(f);
    live_set(f, NULL);
    uv_close((uv_handle_t *)&f->tick, on_handle_closed);
    uv_close((uv_handle_t *)&f->flush, on_handle_closed);
    uv_close((uv_handle_t *)&f->due, on_handle_closed);
}

void frontier_set_room(struct frontier *f, size_t room)
{
    f->room = room;
    frontier_wake(f);
}

bool frontier_may_start(const struct frontier *f, int partition)
{
    const struct part *p = &f->parts[partition];
    /* The configuration allows no lease under 20 s; a test's shorter one is halved. */
    int64_t margin_ms = f->options.lease_ms > FRONTIER_LEASE_MARGIN_MS ? FRONTIER_LEASE_MARGIN_MS : f->options.lease_ms / 2;
    return part_ours(p) && clock_mono_ms() + margin_ms < p->lease_end_mono_ms;
}

bool frontier_owns(const struct frontier *f, int partition)
{
    return part_ours(&f->parts[partition]);
}

int frontier_owned(const struct frontier *f)
{
    return f->held;
}

size_t frontier_claimed(const struct frontier *f)
{
    return f->claim_count;
}

bool frontier_ready(const struct frontier *f)
{
    return f->redis && redis_connected(f->redis) && f->heard;
}
