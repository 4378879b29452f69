/* inorder.c - one lane a partition: a queue of items in offset order, of which a first part has been sent to Redis.
 *
 *   lane:   [sent][sent][ready][working][ready] <- newest
 *            │ answered from the left          `- unsent: the first that has not been sent
 *
 * A lane reads its position (WAITING), then runs (RUNNING) until something is uncertain; then it drops all items and waits
 * again, in pause, so that nothing piles up while Redis is away. An item whose call is under way when it is dropped stays
 * until the call's answer, which is ignored. Items without an effect (skip) leave at once; their offsets are covered by the
 * next script of the lane, or by a bare one (advance.lua) when none follows soon. */
#include "pipeline/inorder.h"

#include "base/log.h"
#include "base/mem.h"
#include "pipeline/advance.lua.h"
#include "pipeline/keys.h"
#include "pipeline/metrics.h"
#include "pipeline/topics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_ITEMS 256
#define DEFAULT_BYTES ((size_t)32 << 20)
#define ARGS_MAX 67
#define TICK_MS 200           /* how late a bare position may be, and how often a lane asks Redis again */
#define SKIPS_MAX 1024        /* before a bare position is stored */
#define REVOKE_LIMIT_MS 15000 /* of consumer_callbacks.on_revoked()'s 20 s */

enum item_state { ITEM_WORKING, ITEM_READY, ITEM_SENT, ITEM_ORPHAN };

struct inorder_item {
    struct lane *lane;          /* NULL for an orphan */
    struct inorder *owner;
    struct inorder_item *next;
    enum item_state state;
    bool bare;                  /* moves the position only; no work */
    void *work;                 /* the stage's */
    int64_t offset;
    size_t bytes;               /* counted against max_bytes */
};

enum lane_state { LANE_WAITING, LANE_READING, LANE_RUNNING };

struct lane {
    struct inorder *owner;
    int32_t partition;
    enum lane_state state;
    uint64_t generation;        /* names what a position reply was asked for */
    bool leaving;               /* revoked: finish, take nothing new */
    bool paused;
    bool told;                  /* a restart was logged; the next ones are not until something has its effect */
    struct inorder_item *head, *tail, *unsent;
    int64_t stored;             /* the position that the last sent script will have written; -1 = none */
    int64_t covered;            /* offset after the newest skipped item; 0 = nothing to cover */
    size_t skips;
    int64_t last_offset;        /* newest offset taken; -1 = none since the start */
};

struct inorder {
    struct redis *redis;
    struct consumer *consumer;
    struct inorder_options options;
    struct inorder_callbacks callbacks;
    char *prefix;
    struct lane **lanes;        /* by partition; NULL: not ours */
    int32_t partitions;
    size_t held, held_bytes;
    bool gapless;               /* offsets follow each other but for what retention takes */
    bool throttled;             /* max_items or max_bytes reached: all lanes pause */
    uint64_t generation;
    uv_timer_t *tick;           /* owned; closed with the loop's next turn */
    bool revoking;
    uint64_t revoke_started_ms;
    bool draining, closed;
    uint64_t drain_deadline_ms;
    void (*on_drained)(void *arg);
    void *drained_arg;
    size_t questions;           /* position replies that are awaited: they keep this alive */
    bool destroyed;
    struct metric *restarts, *applied, *unstored, *lag;
};

static struct redis_script advance_script = { .name = "advance", .source = advance_lua };

static void lane_pump(struct lane *l);
static void lane_restart(struct lane *l, const char *why);
static void check_leaving(struct inorder *o);

/* --- pausing --- */

static void lane_update_pause(struct lane *l)
{
    struct inorder *o = l->owner;
    bool want = l->state != LANE_RUNNING || o->throttled || o->draining || l->leaving;

    if (want == l->paused)
        return;
    l->paused = want;
    if (want)
        consumer_pause(o->consumer, l->partition);
    else
        consumer_resume(o->consumer, l->partition);
}

static void update_throttle(struct inorder *o)
{
    size_t items = o->options.max_items, bytes = o->options.max_bytes;
    bool full = o->throttled ? o->held > items / 2 || o->held_bytes > bytes / 2 : o->held >= items || o->held_bytes >= bytes;

    if (full == o->throttled)
        return;
    o->throttled = full;
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p])
            lane_update_pause(o->lanes[p]);
}

/* --- items --- */

/* One record more (sign 1) or less (-1) is held here. */
static void count_held(struct inorder *o, int sign, size_t bytes)
{
    o->held += (size_t)sign;
    o->held_bytes += sign > 0 ? bytes : -bytes;
    metric_set(o->unstored, (double)o->held);
}

static struct inorder_item *item_add(struct lane *l, int64_t offset, size_t bytes, bool bare)
{
    struct inorder_item *it = xcalloc(1, sizeof(*it));

    *it = (struct inorder_item){ .lane = l, .owner = l->owner, .offset = offset, .bytes = bytes, .bare = bare };
    if (l->tail)
        l->tail->next = it;
    else
        l->head = it;
    l->tail = it;
    if (!l->unsent)
        l->unsent = it;
    if (!bare)
        count_held(l->owner, 1, bytes);
    return it;
}

/* Takes it out of its lane, where it is the head (answered), or anywhere before the lane's first sent item (skipped). */
static void item_unlink(struct inorder_item *it)
{
    struct lane *l = it->lane;
    struct inorder_item *before = NULL;

    for (struct inorder_item *i = l->head; i != it; i = i->next)
        before = i;
    if (before)
        before->next = it->next;
    else
        l->head = it->next;
    if (l->tail == it)
        l->tail = before;
    if (l->unsent == it)
        l->unsent = it->next;
    if (!it->bare)
        count_held(it->owner, -1, it->bytes);
    it->lane = NULL;
    it->next = NULL;
}

static void lane_drop_all(struct lane *l)
{
    struct inorder *o = l->owner;

    while (l->head) {
        struct inorder_item *it = l->head;
        bool sent = it->state == ITEM_SENT;

        item_unlink(it);
        it->state = ITEM_ORPHAN;
        if (!it->bare)
            o->callbacks.on_dropped(o->callbacks.arg, it->work);
        if (!sent)
            free(it);
    }
    l->unsent = NULL;
    l->covered = 0;
    l->skips = 0;
}

/* --- positions --- */

struct position_request {
    struct inorder *owner;
    int32_t partition;
    uint64_t generation;
};

static void lane_start(struct lane *l, int64_t stored)
{
    struct inorder *o = l->owner;

    l->state = LANE_RUNNING;
    l->stored = stored;
    l->last_offset = -1;
    log_debug("partition started topic=%s partition=%" PRId32 " offset=%" PRId64, topic_name(o->options.topic), l->partition,
              stored);
    consumer_start(o->consumer, l->partition, stored);
    lane_update_pause(l);
}

/* A position as it is stored; -1 for "" or no string, -2 for what is none. */
static int64_t position_value(const redisReply *r)
{
    if (!r || r->type == REDIS_REPLY_NIL || (r->type == REDIS_REPLY_STRING && r->len == 0))
        return -1;
    if (r->type != REDIS_REPLY_STRING)
        return -2;
    char *end;
    long long v = strtoll(r->str, &end, 10);
    return *end || v < 0 ? -2 : v;
}

static void on_position(void *arg, const redisReply *reply, const struct error *err)
{
    struct position_request request = *(struct position_request *)arg;
    struct inorder *o = request.owner;

    free(arg);
    o->questions--;
    if (o->destroyed) {
        if (o->questions == 0)
            free(o);
        return;
    }
    struct lane *l = o->lanes[request.partition];
    if (!l || l->generation != request.generation || l->state != LANE_READING)
        return;
    if (err) {
        l->state = LANE_WAITING; /* the tick asks again */
        return;
    }
    int64_t stored = position_value(reply);
    if (stored == -2) {
        struct error fatal;
        struct key key = key_position(o->prefix, topic_name(o->options.topic), l->partition);
        error_set(&fatal, ERROR_SYSTEM,
                  "Redis key %s holds no offset: is this prefix (setting prefix) used by another program?", key.s);
        o->callbacks.on_fatal(o->callbacks.arg, &fatal);
        return;
    }
    lane_start(l, stored);
}

static void lane_read_position(struct lane *l)
{
    struct inorder *o = l->owner;
    struct key key = key_position(o->prefix, topic_name(o->options.topic), l->partition);
    const char *argv[] = { "GET", key.s };
    struct position_request *request = xcalloc(1, sizeof(*request));

    *request = (struct position_request){ o, l->partition, l->generation };
    l->state = LANE_READING;
    o->questions++;
    redis_call(o->redis, on_position, request, 2, argv, NULL);
}

/* Drops what is held and waits for the tick, or for Redis, to read the position again. */
static void lane_restart(struct lane *l, const char *why)
{
    struct inorder *o = l->owner;

    if (l->state == LANE_RUNNING) {
        if (!l->told && redis_connected(o->redis)) { /* else every lane would say what the connection has said */
            l->told = true;
            log_info("partition restarts topic=%s partition=%" PRId32 " held=%zu reason=\"%s\"", topic_name(o->options.topic),
                     l->partition, o->held, why);
        }
        metric_add(o->restarts, 1);
    }
    l->state = LANE_WAITING;
    l->generation = ++o->generation;
    lane_update_pause(l);
    lane_drop_all(l);
    update_throttle(o);
    check_leaving(o);
}

/* --- effects --- */

static void item_applied(struct inorder_item *it, const redisReply *reply)
{
    struct lane *l = it->lane;
    struct inorder *o = l->owner;

    assert(it == l->head); /* one connection answers in order */
    item_unlink(it);
    l->told = false;
    consumer_done(o->consumer, l->partition, it->offset + 1);
    if (!it->bare) {
        metric_add(o->applied, 1);
        o->callbacks.on_applied(o->callbacks.arg, it->work, reply);
    }
    free(it);
    update_throttle(o);
    check_leaving(o);
}

static void on_effect(void *arg, const redisReply *reply, const struct error *err)
{
    struct inorder_item *it = arg;

    if (it->state == ITEM_ORPHAN) {
        free(it);
        return;
    }
    struct lane *l = it->lane;
    struct inorder *o = l->owner;
    if (err && err->kind == ERROR_SYSTEM) { /* a script that fails on what it was given is a bug: crash-only */
        o->callbacks.on_fatal(o->callbacks.arg, err);
        it->state = ITEM_READY; /* no call is under way any more */
        lane_restart(l, err->message);
        return;
    }
    it->state = ITEM_READY;
    if (err)
        lane_restart(l, err->message);
    else if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 || reply->element[0]->integer != 1)
        lane_restart(l, "another position is stored");
    else
        item_applied(it, reply);
}

void inorder_apply(struct inorder_item *it, struct redis_script *script, int keys, int argc, const char **argv, const size_t *lens)
{
    struct lane *l = it->lane;
    struct inorder *o = l->owner;
    const char *args[ARGS_MAX];
    size_t sizes[ARGS_MAX];
    char expected[24] = "", next[24];
    struct key key = key_position(o->prefix, topic_name(o->options.topic), l->partition);
    int n = 0;

    assert(argc + 3 <= ARGS_MAX && keys <= argc && it->state == ITEM_READY && l->unsent == it);
    if (l->stored >= 0)
        snprintf(expected, sizeof(expected), "%" PRId64, l->stored);
    snprintf(next, sizeof(next), "%" PRId64, it->offset + 1);
    for (int i = 0; i < keys; i++)
        args[n] = argv[i], sizes[n++] = lens ? lens[i] : strlen(argv[i]);
    args[n] = key.s, sizes[n++] = strlen(key.s);
    args[n] = expected, sizes[n++] = strlen(expected);
    args[n] = next, sizes[n++] = strlen(next);
    for (int i = keys; i < argc; i++)
        args[n] = argv[i], sizes[n++] = lens ? lens[i] : strlen(argv[i]);
    it->state = ITEM_SENT;
    l->unsent = it->next;
    l->stored = it->offset + 1;
    if (it->offset + 1 >= l->covered)
        l->covered = 0, l->skips = 0;
    redis_eval(o->redis, script, on_effect, it, keys + 1, n, args, sizes);
}

/* Sends what is ready, from the left. */
static void lane_pump(struct lane *l)
{
    while (l->state == LANE_RUNNING && l->unsent && l->unsent->state == ITEM_READY) {
        struct inorder_item *it = l->unsent;

        if (it->bare)
            inorder_apply(it, &advance_script, 0, 0, NULL, NULL);
        else
            l->owner->callbacks.on_turn(l->owner->callbacks.arg, it->work, it);
        assert(l->unsent != it);
    }
}

/* Stores the position past skipped items when nothing else of the lane will. */
static void lane_cover(struct lane *l)
{
    if (l->state != LANE_RUNNING || !l->covered || l->unsent)
        return;
    struct inorder_item *it = item_add(l, l->covered - 1, 0, true);
    it->state = ITEM_READY;
    lane_pump(l);
}

void inorder_ready(struct inorder_item *it)
{
    assert(it->state == ITEM_WORKING && it->lane);
    it->state = ITEM_READY;
    lane_pump(it->lane);
}

void inorder_skip(struct inorder_item *it)
{
    struct lane *l = it->lane;
    struct inorder *o = l->owner;

    assert(it->state == ITEM_WORKING && l);
    if (l->unsent != it) { /* something before it is not sent yet: it moves the position when its turn comes */
        it->state = ITEM_READY;
        it->bare = true;
        count_held(o, -1, it->bytes);
        update_throttle(o);
        return;
    }
    l->covered = it->offset + 1;
    l->skips++;
    item_unlink(it);
    free(it);
    if (l->skips >= SKIPS_MAX)
        lane_cover(l);
    lane_pump(l);
    update_throttle(o);
    check_leaving(o);
}

void inorder_restart(struct inorder_item *it)
{
    if (it->lane)
        lane_restart(it->lane, "no answer from Redis");
}

/* --- the consumer's side --- */

/* Records come from the position on; where that no longer (or not yet) exists, from the first one kept. */
static void tell_gap(const struct lane *l, int64_t offset)
{
    const char *topic = topic_name(l->owner->options.topic);

    if (offset < l->stored)
        log_error("position is beyond the topic's end, reading begins anew topic=%s partition=%" PRId32 " position=%" PRId64 " offset=%" PRId64
                  " reason=\"was the topic made anew?\"", topic, l->partition, l->stored, offset);
    else if (l->owner->gapless && offset > l->stored && l->stored >= 0)
        log_error("records were gone before they were read topic=%s partition=%" PRId32 " position=%" PRId64 " offset=%" PRId64
                  " reason=\"the topic's retention; their requests are queued again in time\"", topic, l->partition, l->stored, offset);
}

static void on_record(void *arg, struct record *r)
{
    struct inorder *o = arg;
    struct lane *l = r->partition < o->partitions ? o->lanes[r->partition] : NULL;

    if (!l || l->state != LANE_RUNNING || l->leaving || o->draining || r->offset <= l->last_offset) {
        record_release(r); /* it comes again when the lane starts again, or to another worker */
        return;
    }
    if (l->last_offset < 0)
        tell_gap(l, r->offset);
    l->last_offset = r->offset;
    struct inorder_item *it = item_add(l, r->offset, r->key_len + r->value_len + 256, false);
    update_throttle(o);
    o->callbacks.on_record(o->callbacks.arg, it, r);
}

void inorder_set_work(struct inorder_item *it, void *work)
{
    it->work = work;
}

/* A topic may have more partitions than we make. */
static void make_room(struct inorder *o, int32_t partition)
{
    if (partition < o->partitions)
        return;
    o->lanes = xrealloc(o->lanes, (size_t)(partition + 1) * sizeof(struct lane *));
    for (; o->partitions <= partition; o->partitions++)
        o->lanes[o->partitions] = NULL;
}

static void lane_free(struct lane *l)
{
    l->leaving = true;
    l->generation = ++l->owner->generation;
    lane_drop_all(l);
    l->owner->lanes[l->partition] = NULL;
    free(l);
}

static void free_leaving(struct inorder *o)
{
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p] && o->lanes[p]->leaving)
            lane_free(o->lanes[p]);
    update_throttle(o);
}

static void on_assigned(void *arg, const int32_t *partitions, size_t count)
{
    struct inorder *o = arg;

    if (o->revoking) { /* this loop stood still for so long that the stream gave up waiting for our answer */
        o->revoking = false;
        free_leaving(o);
    }
    for (size_t i = 0; i < count; i++) {
        int32_t p = partitions[i];
        make_room(o, p);
        assert(p >= 0 && !o->lanes[p]);
        struct lane *l = xcalloc(1, sizeof(*l));
        *l = (struct lane){ .owner = o, .partition = p, .generation = ++o->generation, .last_offset = -1 };
        o->lanes[p] = l;
        if (redis_connected(o->redis))
            lane_read_position(l);
    }
}

static void on_revoked(void *arg, const int32_t *partitions, size_t count, bool lost)
{
    struct inorder *o = arg;

    o->revoking = true;
    o->revoke_started_ms = uv_now(o->tick->loop);
    for (size_t i = 0; i < count; i++) {
        struct lane *l = partitions[i] < o->partitions ? o->lanes[partitions[i]] : NULL;
        if (!l)
            continue;
        l->leaving = true;
        lane_update_pause(l);
        if (lost)
            lane_free(l);
        else
            lane_cover(l);
    }
    update_throttle(o);
    check_leaving(o);
}

static bool lane_idle(const struct lane *l)
{
    return !l->head && (!l->covered || l->state != LANE_RUNNING);
}

/* Frees the lanes that have finished leaving, and answers the revocation when none is left. */
static void check_leaving(struct inorder *o)
{
    bool left = false;

    if (!o->revoking)
        return;
    for (int32_t p = 0; p < o->partitions; p++) {
        struct lane *l = o->lanes[p];
        if (!l || !l->leaving)
            continue;
        if (lane_idle(l))
            lane_free(l);
        else
            left = true;
    }
    if (left)
        return;
    o->revoking = false;
    consumer_revoked(o->consumer);
}

static void on_consumer_fatal(void *arg, const struct error *err)
{
    struct inorder *o = arg;
    o->callbacks.on_fatal(o->callbacks.arg, err);
}

/* --- time --- */

static void drop_late(struct inorder *o, uint64_t now_ms)
{
    bool late_revoke = o->revoking && now_ms - o->revoke_started_ms > REVOKE_LIMIT_MS;

    if (late_revoke) {
        free_leaving(o);
        check_leaving(o);
    }
}

static void on_consumer_closed(void *arg)
{
    struct inorder *o = arg;

    o->closed = true;
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p])
            lane_free(o->lanes[p]);
    if (o->on_drained)
        o->on_drained(o->drained_arg);
}

static void check_drained(struct inorder *o, uint64_t now_ms)
{
    bool idle = true;

    if (!o->drain_deadline_ms)
        return;
    for (int32_t p = 0; p < o->partitions; p++)
        idle = idle && (!o->lanes[p] || lane_idle(o->lanes[p]));
    if (!idle && now_ms < o->drain_deadline_ms)
        return;
    o->drain_deadline_ms = 0;
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p])
            lane_drop_all(o->lanes[p]);
    consumer_close(o->consumer, on_consumer_closed, o);
}

static void on_tick(uv_timer_t *t)
{
    struct inorder *o = t->data;
    uint64_t now_ms = uv_now(t->loop);

    for (int32_t p = 0; p < o->partitions; p++) {
        struct lane *l = o->lanes[p];
        if (!l)
            continue;
        if (l->state == LANE_WAITING && redis_connected(o->redis) && !o->draining)
            lane_read_position(l);
        lane_cover(l);
    }
    if (consumer_lag(o->consumer) >= 0)
        metric_set(o->lag, (double)consumer_lag(o->consumer));
    drop_late(o, now_ms);
    check_drained(o, now_ms);
}

/* --- the stage's side --- */

void inorder_redis_up(struct inorder *o)
{
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p] && o->lanes[p]->state == LANE_WAITING)
            lane_read_position(o->lanes[p]);
}

void inorder_redis_down(struct inorder *o)
{
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p])
            lane_restart(o->lanes[p], "Redis is away");
}

void inorder_redis_changed(struct inorder *o)
{
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p])
            lane_restart(o->lanes[p], "another Redis, or restarted");
}

struct inorder *inorder_create(struct stream *s, uv_loop_t *loop, struct redis *redis, const struct inorder_options *options,
                               const struct inorder_callbacks *callbacks, struct error *err)
{
    struct inorder *o = xcalloc(1, sizeof(*o));
    struct consumer_callbacks consumer = { on_assigned, on_revoked, on_record, on_consumer_fatal, o };
    const char *topic = topic_name(options->topic);

    o->redis = redis;
    o->options = *options;
    o->callbacks = *callbacks;
    o->options.max_items = options->max_items ? options->max_items : DEFAULT_ITEMS;
    o->options.max_bytes = options->max_bytes ? options->max_bytes : DEFAULT_BYTES;
    o->prefix = xstrdup(options->prefix);
    o->partitions = stream_partitions(s, options->topic);
    o->lanes = xcalloc((size_t)o->partitions, sizeof(struct lane *));
    o->gapless = !stream_is_local(s) && !topic_spec(options->topic)->compacted;
    o->restarts = metric_counter("tidings_partition_restarts_total", "Partitions read again from the stored position", "topic",
                                 topic);
    o->applied = metric_counter("tidings_records_applied_total", "Records whose effect is in Redis", "topic", topic);
    o->unstored = metric_gauge("tidings_unstored_offsets", "Records received whose position is not in Redis yet", "topic", topic);
    o->lag = metric_gauge("tidings_consumer_lag", "Records in the topic's partitions of this worker that are not done", "topic",
                          topic);
    o->tick = xcalloc(1, sizeof(*o->tick));
    uv_timer_init(loop, o->tick);
    o->tick->data = o;
    uv_timer_start(o->tick, on_tick, TICK_MS, TICK_MS);
    o->consumer = consumer_create(s, loop, options->topic, options->group, &consumer, err);
    if (!o->consumer) {
        inorder_destroy(o);
        return NULL;
    }
    return o;
}

static void on_tick_closed(uv_handle_t *h)
{
    free(h);
}

void inorder_destroy(struct inorder *o)
{
    if (!o)
        return;
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p])
            lane_free(o->lanes[p]);
    consumer_destroy(o->consumer);
    uv_close((uv_handle_t *)o->tick, on_tick_closed);
    free(o->lanes);
    free(o->prefix);
    o->destroyed = true;
    if (o->questions == 0)
        free(o);
}

void inorder_drain(struct inorder *o, int64_t limit_ms, void (*done)(void *arg), void *arg)
{
    o->draining = true;
    o->on_drained = done;
    o->drained_arg = arg;
    o->drain_deadline_ms = uv_now(o->tick->loop) + (uint64_t)limit_ms;
    for (int32_t p = 0; p < o->partitions; p++) {
        if (!o->lanes[p])
            continue;
        lane_update_pause(o->lanes[p]);
        lane_cover(o->lanes[p]);
    }
}

size_t inorder_held(const struct inorder *o)
{
    return o->held;
}

bool inorder_started(const struct inorder *o)
{
    if (!consumer_ready(o->consumer))
        return false;
    for (int32_t p = 0; p < o->partitions; p++)
        if (o->lanes[p] && o->lanes[p]->state != LANE_RUNNING)
            return false;
    return true;
}

struct consumer *inorder_consumer(struct inorder *o)
{
    return o->consumer;
}
