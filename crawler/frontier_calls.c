/* frontier_calls.c - what does not need a claim: what was found, polls, robots.txt, one more slot. Each is a request that is
 * sent until it is answered; all scripts here are idempotent, or cost no more than a slot when they run twice. */
#include "crawler/frontier_private.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crawler/discover.lua.h"
#include "crawler/poll_change.lua.h"
#include "crawler/poll_end.lua.h"
#include "crawler/poll_put.lua.h"
#include "crawler/robots_get.lua.h"
#include "crawler/robots_put.lua.h"
#include "crawler/seen.lua.h"
#include "crawler/slot.lua.h"
#include "crawler/source_refused.lua.h"
#include "pipeline/frontier_lib.lua.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISCOVER_MAX 128 /* URLs a call: keeps one script under a few milliseconds */

static const struct redis_script discover_script = { .name = "discover", .prelude = frontier_lib_lua, .source = discover_lua };
static const struct redis_script seen_script = { .name = "seen", .prelude = frontier_lib_lua, .source = seen_lua };
static const struct redis_script slot_script = { .name = "slot", .prelude = frontier_lib_lua, .source = slot_lua };
static const struct redis_script put_script = { .name = "poll_put", .prelude = frontier_lib_lua, .source = poll_put_lua };
static const struct redis_script end_script = { .name = "poll_end", .prelude = frontier_lib_lua, .source = poll_end_lua };
static const struct redis_script change_script = { .name = "poll_change", .prelude = frontier_lib_lua, .source = poll_change_lua };
static const struct redis_script robots_get_script = { .name = "robots_get", .source = robots_get_lua };
static const struct redis_script robots_put_script = { .name = "robots_put", .source = robots_put_lua };

/* --- requests --- */

static void request_free(struct request *q)
{
    struct frontier *f = q->frontier;
    if (q->prev)
        q->prev->next = q->next;
    else
        f->requests = q->next;
    if (q->next)
        q->next->prev = q->prev;
    if (q->dropped && q->on_drop)
        q->on_drop(q);
    args_fini(&q->args);
    free(q);
    if (f->draining && !f->closing)
        frontier_settle(f);
}

static void request_answer(struct request *q, const redisReply *reply, const struct error *err)
{
    if (!q->dropped && q->on_reply)
        q->on_reply(q, reply, err);
    request_free(q);
}

static struct request *request_create(struct frontier *f, const struct redis_script *script, int partition)
{
    struct request *q = xcalloc(1, sizeof(*q));
    q->frontier = f;
    q->script = script;
    q->next = f->requests;
    if (q->next)
        q->next->prev = q;
    f->requests = q;
    if (partition >= 0) {
        args_str(&q->args, key_partition(f->prefix, partition).s);
        args_str(&q->args, f->prefix);
        q->keys = 2;
    }
    return q;
}

static void on_request(void *arg, const redisReply *reply, const struct error *err)
{
    struct request *q = arg;
    struct frontier *f = q->frontier;
    if (err && err->kind == ERROR_TRANSIENT && !q->dropped) {
        q->waiting = true; /* sent again once connected, or by the next tick of one that is */
        return;
    }
    if (err && !q->dropped) {
        frontier_fail(f, err);
        q->dropped = true;
    }
    request_answer(q, reply, NULL);
}

static void request_send(struct request *q)
{
    q->waiting = false;
    frontier_eval(q->frontier, q->script, on_request, q, q->keys, q->args.count, (const char **)q->args.items, q->args.lens);
}

void requests_resend(struct frontier *f)
{
    for (struct request *q = f->requests; q; q = q->next)
        if (q->waiting)
            request_send(q);
}

void requests_fail(struct frontier *f)
{
    struct error err;
    error_set(&err, ERROR_TRANSIENT, "Redis was restarted or replaced");
    struct request *q = f->requests;
    while (q) {
        bool dies = q->waiting && q->once_a_server;
        if (dies)
            request_answer(q, NULL, &err);
        q = dies ? f->requests : q->next; /* the answer may have changed the list */
    }
}

void requests_drop(struct frontier *f)
{
    for (struct request *q = f->requests, *next; q; q = next) {
        next = q->next;
        q->dropped = true;
        if (q->waiting)
            request_free(q);
    }
}

/* --- what was found --- */

struct discovery {
    discovered_fn *fn;
    void *arg;
    enum verdict *verdicts;
    size_t *order;    /* URLs sorted by partition: which of the caller's each is */
    size_t count, pending;
    bool failed;
};

static void discovery_free(struct discovery *d)
{
    free(d->verdicts);
    free(d->order);
    free(d);
}

static void discovery_end(struct discovery *d, const struct error *err)
{
    if (--d->pending > 0)
        return;
    struct discovered result = { .verdicts = d->verdicts, .count = d->count };
    for (size_t i = 0; i < d->count; i++) {
        result.accepted += d->verdicts[i] == VERDICT_ACCEPTED;
        result.seen += d->verdicts[i] == VERDICT_SEEN;
        result.filtered += d->verdicts[i] == VERDICT_FILTERED;
    }
    if (d->fn)
        d->fn(d->arg, d->failed ? NULL : &result, d->failed ? err : NULL);
    discovery_free(d);
}

static void on_discovery_dropped(struct request *q)
{
    struct discovery *d = q->owner;
    if (--d->pending == 0)
        discovery_free(d);
}

static enum verdict verdict_of(char letter)
{
    return letter == 'a' ? VERDICT_ACCEPTED : letter == 's' ? VERDICT_SEEN : VERDICT_FILTERED;
}

static void on_discovered(struct request *q, const redisReply *reply, const struct error *err)
{
    struct discovery *d = q->owner;
    struct error lost;
    d->failed = d->failed || err;
    for (size_t i = 0; reply && i < q->count; i++)
        d->verdicts[d->order[q->first + i]] = verdict_of(reply->str[i]);
    struct part *p = part_of(q->frontier, (int)q->number);
    if (reply && memchr(reply->str, 'a', reply->len) && p->state == PART_HELD) {
        p->due_mono_ms = 0; /* something new: do not wait for the next look */
        frontier_wake(q->frontier);
    }
    error_set(&lost, ERROR_TRANSIENT, "Redis was restarted or replaced");
    discovery_end(d, err ? err : &lost);
}

static void add_found(struct args *args, const struct found *u, const struct place *place)
{
    unsigned char raw[ID_RAW_LEN];
    struct fingerprint print = fingerprint_of(&u->url->id);
    char flags[8];
    size_t hints = u->hints ? strlen(u->hints) : 0;
    id_to_raw(&u->url->id, raw);
    snprintf(flags, sizeof(flags), "%s%s%s%s%s", u->past ? "p" : "", u->remember ? "m" : "", u->force ? "f" : "", u->reopened ? "r" : "", u->urgent ? "u" : "");
    args_add(args, raw, sizeof(raw));
    args_str(args, print.value);
    args_str(args, print.bucket);
    args_str(args, u->url->fetch);
    args_str(args, u->source);
    args_str(args, u->via);
    args_str(args, place->budget);
    args_str(args, strcmp(place->domain, place->budget) == 0 ? "" : place->domain);
    args_add(args, u->hints ? u->hints : "", hints < FRONTIER_HINTS_MAX ? hints : FRONTIER_HINTS_MAX);
    if (u->filtered) {
        char field[LEDGER_FIELD_MAX];
        ledger_reason(field, u->filtered);
        args_str(args, field);
    } else {
        args_str(args, "");
    }
    args_str(args, flags);
    args_num(args, u->due_in_ms > 0 ? u->due_in_ms : 0);
}

bool frontier_ask(redisContext *c, const struct meta *meta, const char *prefix, const struct found *u, enum verdict *out,
                  struct error *err)
{
    struct place place = place_of(meta, u->url->host, u->url->port);
    struct args args = { 0 };
    args_str(&args, key_partition(prefix, place.partition).s);
    args_str(&args, prefix);
    args_num(&args, 1);
    add_found(&args, u, &place);
    redisReply *reply = redis_ask_script(c, &discover_script, 2, args.count, (const char **)args.items, args.lens, err);
    bool ok = reply && reply->type == REDIS_REPLY_STRING && reply->len == 1;
    if (ok)
        *out = verdict_of(reply->str[0]);
    else if (reply)
        error_set(err, ERROR_SYSTEM, "discover: an answer of another form");
    freeReplyObject(reply);
    args_fini(&args);
    place_fini(&place);
    return ok;
}

/* An index sorted by partition, the caller's order kept within each. */
static void sort_by_partition(size_t *order, const struct place *places, size_t count, int partitions)
{
    size_t *starts = xcalloc((size_t)partitions + 1, sizeof(*starts));
    for (size_t i = 0; i < count; i++)
        starts[places[i].partition + 1]++;
    for (int p = 0; p < partitions; p++)
        starts[p + 1] += starts[p];
    for (size_t i = 0; i < count; i++)
        order[starts[places[i].partition]++] = i;
    free(starts);
}

static void discover_some(struct frontier *f, struct discovery *d, const struct found *urls, const struct place *places, int partition,
                          size_t first, size_t count)
{
    struct request *q = request_create(f, &discover_script, partition);
    q->on_reply = on_discovered;
    q->on_drop = on_discovery_dropped;
    q->once_a_server = true;
    q->owner = d;
    q->number = partition;
    q->first = first;
    q->count = count;
    args_num(&q->args, (int64_t)count);
    for (size_t i = first; i < first + count; i++)
        add_found(&q->args, &urls[d->order[i]], &places[d->order[i]]);
    args_num(&q->args, f->options.source_daily_max);
    args_num(&q->args, f->options.past_max);
    d->pending++;
    request_send(q);
}

/* Several calls of one partition go out last one first, because each puts its URLs before what is queued. */
void frontier_discover(struct frontier *f, const struct found *urls, size_t count, discovered_fn *fn, void *arg)
{
    struct discovery *d = xcalloc(1, sizeof(*d));
    struct place *places = xcalloc(count + 1, sizeof(*places));
    *d = (struct discovery){ .fn = fn, .arg = arg, .count = count, .pending = 1 };
    d->verdicts = xcalloc(count + 1, sizeof(*d->verdicts));
    d->order = xcalloc(count + 1, sizeof(*d->order));
    for (size_t i = 0; i < count; i++)
        places[i] = place_of(f->options.meta, urls[i].url->host, urls[i].url->port);
    sort_by_partition(d->order, places, count, f->part_count);
    for (size_t end = count, first; end > 0; end = first) {
        int partition = places[d->order[end - 1]].partition;
        for (first = end - 1; first > 0 && end - first < DISCOVER_MAX && places[d->order[first - 1]].partition == partition;)
            first--;
        discover_some(f, d, urls, places, partition, first, end - first);
    }
    if (count == 0) /* the answer must not come from inside the call */
        discover_some(f, d, urls, places, 0, 0, 0);
    for (size_t i = 0; i < count; i++)
        place_fini(&places[i]);
    free(places);
    d->pending--; /* ours; never the last: each answer comes from the loop */
}

/* For questions whose asker frees itself with the answer. */
static void tell_dropped(struct request *q)
{
    struct error err;
    error_set(&err, ERROR_TRANSIENT, "the frontier was closed");
    q->on_reply(q, NULL, &err);
}

static void on_seen(struct request *q, const redisReply *reply, const struct error *err)
{
    seen_fn *fn = (seen_fn *)q->fn;
    fn(q->arg, reply && reply->integer == 1, err);
}

void frontier_seen(struct frontier *f, int partition, const struct id *id, seen_fn *fn, void *arg)
{
    struct request *q = request_create(f, &seen_script, partition);
    struct fingerprint print = fingerprint_of(id);
    q->on_reply = on_seen;
    q->on_drop = tell_dropped;
    q->once_a_server = true;
    q->fn = (void *)fn;
    q->arg = arg;
    args_str(&q->args, print.value);
    args_str(&q->args, print.bucket);
    request_send(q);
}

/* --- one more slot --- */

static void on_slot(struct request *q, const redisReply *reply, const struct error *err)
{
    slot_fn *fn = (slot_fn *)q->fn;
    struct error lost;
    if (!err && reply->element[0]->integer == 0) {
        error_set(&lost, ERROR_TRANSIENT, "the lease of partition %d is gone", (int)q->number);
        err = &lost;
    }
    fn(q->arg, err ? 0 : clock_mono_ms() + reply->element[1]->integer, err);
}

void frontier_slot(struct frontier *f, struct claim *c, int64_t sent_mono_ms, slot_fn *fn, void *arg)
{
    struct request *q = request_create(f, &slot_script, c->partition);
    struct part *p = part_of(f, c->partition);
    struct claim_box *box = (struct claim_box *)c;
    q->on_reply = on_slot;
    q->on_drop = tell_dropped;
    q->once_a_server = true;
    q->fn = (void *)fn;
    q->arg = arg;
    q->number = c->partition;
    args_str(&q->args, box->epoch == p->epoch ? p->token : "-");
    args_str(&q->args, c->budget);
    args_num(&q->args, c->version);
    args_num(&q->args, f->options.delay_ms);
    args_num(&q->args, request_age_ms(sent_mono_ms, clock_mono_ms()));
    request_send(q);
}

/* --- polls --- */

static void on_done(struct request *q, const redisReply *reply, const struct error *err)
{
    frontier_done_fn *fn = (frontier_done_fn *)q->fn;
    (void)reply;
    if (q->number >= 0 && part_of(q->frontier, (int)q->number)->state == PART_HELD) {
        part_of(q->frontier, (int)q->number)->due_mono_ms = 0;
        frontier_wake(q->frontier);
    }
    if (fn)
        fn(q->arg, err);
}

/* Too many sources share it: the answer is the words for this one's row. */
static void on_poll_put(struct request *q, const redisReply *reply, const struct error *err)
{
    struct error full;
    if (reply && reply->type == REDIS_REPLY_STRING) {
        error_set(&full, ERROR_LIMIT, "%s", reply->str);
        err = &full;
    }
    on_done(q, reply, err);
}

static struct request *poll_request(struct frontier *f, const struct redis_script *script, const struct place *place,
                                    const struct url *url, frontier_done_fn *done, void *arg)
{
    struct request *q = request_create(f, script, place->partition);
    unsigned char raw[ID_RAW_LEN];
    id_to_raw(&url->id, raw);
    q->on_reply = on_done;
    q->number = place->partition;
    q->fn = (void *)done;
    q->arg = arg;
    args_add(&q->args, raw, sizeof(raw));
    return q;
}

static void poll_put(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url, int64_t due_in_ms, bool polled,
                     frontier_done_fn *done, void *arg)
{
    struct place place = place_of(f->options.meta, url->host, url->port);
    struct request *q = poll_request(f, &put_script, &place, url, done, arg);
    assert(kind != CLAIM_PAGE);
    q->on_reply = on_poll_put;
    args_str(&q->args, url->fetch);
    args_str(&q->args, source);
    args_num(&q->args, kind);
    args_str(&q->args, place.budget);
    args_str(&q->args, place.domain);
    args_num(&q->args, due_in_ms > 0 ? due_in_ms : 0);
    args_num(&q->args, polled);
    place_fini(&place);
    request_send(q);
}

void frontier_poll_put(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url, int64_t due_in_ms,
                       frontier_done_fn *done, void *arg)
{
    poll_put(f, source, kind, url, due_in_ms, false, done, arg);
}

void frontier_poll_follow(struct frontier *f, const struct claim *c, const struct url *to, frontier_done_fn *done, void *arg)
{
    poll_put(f, c->source, c->kind, to, 0, c->polled, done, arg);
}

static void on_end(struct request *q, const redisReply *reply, const struct error *err)
{
    poll_end_fn *fn = (poll_end_fn *)q->fn;
    fn(q->arg, reply && reply->integer == 1, err);
}

void frontier_poll_end(struct frontier *f, const struct claim *c, const struct url *end, int64_t note_ms, poll_end_fn *fn, void *arg)
{
    struct request *q = request_create(f, &end_script, c->partition);
    unsigned char own[ID_RAW_LEN], there[ID_RAW_LEN];
    id_to_raw(&c->id, own);
    id_to_raw(&end->id, there);
    q->on_reply = on_end;
    q->once_a_server = true;
    q->fn = (void *)fn;
    q->arg = arg;
    args_add(&q->args, own, sizeof(own));
    args_num(&q->args, c->kind);
    args_add(&q->args, there, sizeof(there));
    args_num(&q->args, note_ms);
    request_send(q);
}

static void poll_change(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url, const char *what,
                        frontier_done_fn *done, void *arg)
{
    struct place place = place_of(f->options.meta, url->host, url->port);
    struct request *q = poll_request(f, &change_script, &place, url, done, arg);
    args_num(&q->args, kind);
    args_str(&q->args, source);
    args_str(&q->args, what);
    place_fini(&place);
    request_send(q);
}

void frontier_poll_remove(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url,
                          frontier_done_fn *done, void *arg)
{
    poll_change(f, source, kind, url, "remove", done, arg);
}

void frontier_poll_now(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url,
                       frontier_done_fn *done, void *arg)
{
    poll_change(f, source, kind, url, "now", done, arg);
}

void frontier_source_refused(struct frontier *f, const char *source, const char *state)
{
    static const struct redis_script script = { .name = "source_refused", .source = source_refused_lua };
    struct request *q = request_create(f, &script, -1);
    args_str(&q->args, key_source(f->prefix, source).s);
    args_str(&q->args, state);
    q->keys = 1;
    q->number = -1;
    request_send(q);
}

/* --- robots.txt --- */

static void on_robots(struct request *q, const redisReply *reply, const struct error *err)
{
    robots_fn *fn = (robots_fn *)q->fn;
    if (err || reply->type != REDIS_REPLY_ARRAY) {
        fn(q->arg, NULL, err);
        return;
    }
    struct robots_row row = { .status = (int)reply->element[0]->integer, .fetched_at_ms = reply->element[1]->integer,
                              .age_ms = reply->element[2]->integer, .body = reply->element[3]->str, .len = reply->element[3]->len };
    fn(q->arg, &row, NULL);
}

static struct request *robots_request(struct frontier *f, const struct redis_script *script, int partition, const char *authority)
{
    struct request *q = request_create(f, script, -1);
    char *key = key_robots(f->prefix, partition, authority);
    args_str(&q->args, key);
    free(key);
    q->keys = 1;
    q->number = -1;
    return q;
}

void frontier_robots_get(struct frontier *f, int partition, const char *authority, robots_fn *fn, void *arg)
{
    struct request *q = robots_request(f, &robots_get_script, partition, authority);
    q->on_reply = on_robots;
    q->on_drop = tell_dropped;
    q->fn = (void *)fn;
    q->arg = arg;
    request_send(q);
}

void frontier_robots_put(struct frontier *f, int partition, const char *authority, int status, const char *body, size_t len,
                         frontier_done_fn *fn, void *arg)
{
    struct request *q = robots_request(f, &robots_put_script, partition, authority);
    q->on_reply = on_done;
    q->fn = (void *)fn;
    q->arg = arg;
    args_num(&q->args, status);
    args_add(&q->args, body ? body : "", len < FRONTIER_ROBOTS_MAX ? len : FRONTIER_ROBOTS_MAX);
    request_send(q);
}
