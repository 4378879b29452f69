/* frontier_work.c - claims, and what becomes of them: the calls of work.lua.
 *
 * A partition has at most one such call out. It carries what was told since the last one (transfers that ended, results) and
 * asks for claims. Without an answer the same is sent again, with the list of claims we know of: whatever else Redis has
 * leased to us went with the lost answer and is queued again. */
#include "crawler/frontier_private.h"
#include "crawler/http_date.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crawler/work.lua.h"
#include "pipeline/frontier_lib.lua.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 64  /* one call's */
#define OPS_MAX 128    /* told in one call */
#define RESULTS_MS 200 /* what became of a page can wait so long for a call that is made anyway; the end of a transfer cannot */
#define CLAIM_FIELDS 23

static const struct redis_script work_script = { .name = "work", .prelude = frontier_lib_lua, .source = work_lua };

/* --- what is to be told --- */

void ops_init(struct ops *o)
{
    o->head = NULL;
    o->tail = &o->head;
    o->count = 0;
}

static void ops_put(struct ops *o, struct op *op)
{
    op->next = NULL;
    *o->tail = op;
    o->tail = &op->next;
    o->count++;
}

static struct op *ops_take(struct ops *o)
{
    struct op *op = o->head;
    if (op) {
        o->head = op->next;
        o->count--;
        if (!o->head)
            o->tail = &o->head;
    }
    return op;
}

void ops_clear(struct ops *o)
{
    struct op *op;
    while ((op = ops_take(o))) {
        args_fini(&op->args);
        free(op);
    }
}

/* What work.lua calls a claim. */
static size_t member_of(const struct claim *c, char member[MEMBER_MAX])
{
    size_t n = 0;
    member[n++] = c->kind == CLAIM_PAGE ? 'u' : 'p';
    if (c->kind != CLAIM_PAGE)
        member[n++] = (char)('0' + c->kind);
    id_to_raw(&c->id, (unsigned char *)member + n);
    return n + ID_RAW_LEN;
}

static struct op *op_create(const struct claim_box *box, bool is_end)
{
    struct op *op = xcalloc(1, sizeof(*op));
    op->is_end = is_end;
    op->member_len = member_of(&box->claim, op->member);
    return op;
}

static void op_tell(struct frontier *f, const struct claim_box *box, struct op *op)
{
    struct part *p = part_of(f, box->claim.partition);
    if (!p->ops.head)
        p->tell_mono_ms = clock_mono_ms() + RESULTS_MS;
    ops_put(&p->ops, op);
    if (op->is_end || f->draining)
        p->tell_mono_ms = 0;
    frontier_wake(f);
}

/* --- claims --- */

static void claim_free(struct claim_box *box)
{
    struct claim *c = &box->claim;
    free(c->url);
    free(c->budget);
    free(c->source);
    free(c->via);
    free(c->hints);
    free(c->sharers);
    free(c->refused);
    free(c->etag);
    free(c->last_modified);
    free(c->shapes);
    free(box->domain);
    free(box);
}

static void claim_link(struct frontier *f, struct claim_box *box)
{
    box->next = f->claims;
    if (box->next)
        box->next->prev = box;
    f->claims = box;
    f->claim_count++;
}

static void claim_unlink(struct frontier *f, struct claim_box *box)
{
    if (box->prev)
        box->prev->next = box->next;
    else
        f->claims = box->next;
    if (box->next)
        box->next->prev = box->prev;
    f->claim_count--;
}

void claims_drop(struct frontier *f)
{
    while (f->claims) {
        struct claim_box *box = f->claims;
        claim_unlink(f, box);
        claim_free(box);
    }
}

static bool is_void(struct frontier *f, const struct claim_box *box)
{
    return box->epoch != part_of(f, box->claim.partition)->epoch;
}

/* The crawler has handed it back. */
static void claim_end(struct frontier *f, struct claim_box *box)
{
    struct part *p = part_of(f, box->claim.partition);
    if (!is_void(f, box))
        p->out--;
    claim_unlink(f, box);
    claim_free(box);
    frontier_wake(f);
}

static char *text_of(const redisReply *r)
{
    return xstrndup(r->str, r->len);
}

static char *text_or_null(const redisReply *r)
{
    return r->len ? xstrndup(r->str, r->len) : NULL;
}

/* Reads one claim of work.lua's answer: see lease() there. */
static struct claim_box *claim_read(struct part *p, const redisReply *r, int64_t now_mono_ms)
{
    assert(r->type == REDIS_REPLY_ARRAY && r->elements == CLAIM_FIELDS && r->element[1]->len == ID_RAW_LEN);
    struct claim_box *box = xcalloc(1, sizeof(*box));
    struct claim *c = &box->claim;
    redisReply **e = r->element;
    c->kind = (enum claim_kind)e[0]->integer;
    c->id = id_from_raw((const unsigned char *)e[1]->str);
    c->url = text_of(e[2]);
    c->source = text_of(e[3]);
    c->via = text_of(e[4]);
    c->budget = text_of(e[5]);
    box->domain = text_of(e[6]);
    c->hints = text_of(e[7]);
    c->etag = text_or_null(e[8]);
    c->last_modified = http_date_unpack(e[9]->str, e[9]->len);
    c->version = strtoll(e[10]->str, NULL, 10);
    c->opened_at_ms = e[11]->integer;
    c->discovered_at_ms = e[12]->integer;
    c->start_mono_ms = now_mono_ms + e[13]->integer;
    c->delay_ms = e[14]->integer;
    c->attempts = (int)e[15]->integer;
    c->step = (int)e[16]->integer;
    c->polled = e[17]->integer != 0; /* frontier_lib.lua: UNREAD, READ, ELSEWHERE */
    c->elsewhere = e[17]->integer == 2;
    c->schedule_len = e[18]->len < sizeof(c->schedule) ? e[18]->len : sizeof(c->schedule);
    memcpy(c->schedule, e[18]->str, c->schedule_len);
    c->shapes = text_or_null(e[19]);
    c->shapes_len = e[19]->len;
    c->sharers = text_of(e[20]);
    c->refused = text_of(e[21]);
    c->past = (size_t)e[22]->integer;
    c->partition = p->number;
    box->epoch = p->epoch;
    return box;
}

/* --- one call --- */

struct work_call {
    struct part *part;
    unsigned epoch;
};

static void take_claims(struct part *p, const redisReply *reply)
{
    struct frontier *f = p->frontier;
    int64_t now_ms = clock_mono_ms();
    unsigned epoch = p->epoch;
    size_t count = reply->elements - 2;
    p->out += count;
    f->room -= f->room < count ? f->room : count;
    for (size_t i = 0; i < count; i++) { /* a callback may make the partition lost: then the rest is nobody's */
        if (p->epoch != epoch)
            break;
        struct claim_box *box = claim_read(p, reply->element[i + 2], now_ms);
        claim_link(f, box);
        f->callbacks.on_claim(f->callbacks.arg, &box->claim);
    }
}

static void on_worked(void *arg, const redisReply *reply, const struct error *err)
{
    struct work_call call = *(struct work_call *)arg;
    struct part *p = call.part;
    struct frontier *f = p->frontier;
    free(arg);
    if (f->closing || p->epoch != call.epoch)
        return;
    f->asked -= p->asked;
    p->asked = 0;
    p->calling = false;
    if (err) {
        p->reconcile = true;
        if (err->kind == ERROR_SYSTEM)
            frontier_fail(f, err);
        else
            p->due_mono_ms = clock_mono_ms() + 100; /* a full Redis, say: do not ask in a tight loop */
        frontier_wake(f);
        return;
    }
    ops_clear(&p->sent);
    p->reconcile = false;
    if (reply->element[0]->integer == 0) {
        part_lost(p);
        return;
    }
    int64_t in_ms = reply->element[1]->integer;
    p->due_mono_ms = in_ms < 0 ? INT64_MAX : clock_mono_ms() + (in_ms > 0 || reply->elements > 2 ? in_ms : 1);
    frontier_wake(f);
    take_claims(p, reply);
}

static void add_end(struct args *args, const struct op *op, int64_t now_ms)
{
    for (int i = 0; i < op->args.count; i++) {
        if (i == END_AGE)
            args_num(args, request_age_ms(op->sent_mono_ms, now_ms));
        else
            args_add(args, op->args.items[i], op->args.lens[i]);
    }
}

static size_t ops_of(const struct ops *o, bool is_end)
{
    size_t n = 0;
    for (const struct op *op = o->head; op; op = op->next)
        n += op->is_end == is_end;
    return n;
}

/* What Redis may rightly have leased to us: claims that are out and those whose results are under way. */
static void add_known(struct frontier *f, struct part *p, struct args *args)
{
    struct args known = { 0 };
    char member[MEMBER_MAX];
    const struct ops *lists[] = { &p->sent, &p->ops };
    if (p->reconcile) {
        for (struct claim_box *box = f->claims; box; box = box->next) {
            if (box->claim.partition != p->number || is_void(f, box))
                continue;
            args_add(&known, member, member_of(&box->claim, member));
        }
        for (size_t i = 0; i < COUNT(lists); i++)
            for (const struct op *op = lists[i]->head; op; op = op->next)
                args_add(&known, op->member, op->member_len);
    }
    args_num(args, p->reconcile);
    args_num(args, known.count);
    args_all(args, &known);
    args_fini(&known);
}

static void work_call(struct part *p, size_t wanted)
{
    struct frontier *f = p->frontier;
    struct args args = { 0 };
    int64_t now_ms = clock_mono_ms();
    if (!p->sent.head) /* else: the last batch was not answered, it goes first and again */
        for (size_t i = 0; i < OPS_MAX && p->ops.head; i++)
            ops_put(&p->sent, ops_take(&p->ops));
    args_str(&args, key_partition(f->prefix, p->number).s);
    args_str(&args, f->prefix);
    args_str(&args, p->token);
    args_num(&args, LOOKAHEAD_MS);
    args_num(&args, (int64_t)wanted);
    args_num(&args, f->options.delay_ms);
    args_num(&args, f->options.budgets_per_domain);
    add_known(f, p, &args);
    args_num(&args, (int64_t)ops_of(&p->sent, true));
    for (const struct op *op = p->sent.head; op; op = op->next)
        if (op->is_end)
            add_end(&args, op, now_ms);
    args_num(&args, (int64_t)ops_of(&p->sent, false));
    for (const struct op *op = p->sent.head; op; op = op->next)
        if (!op->is_end)
            args_all(&args, &op->args);

    struct work_call *call = xmalloc(sizeof(*call));
    *call = (struct work_call){ .part = p, .epoch = p->epoch };
    p->calling = true;
    p->asked = wanted;
    f->asked += wanted;
    frontier_eval(f, &work_script, on_worked, call, 2, args.count, (const char **)args.items, args.lens);
    args_fini(&args);
}

/* Where a transfer has ended its budget may have the next for us: one call tells the one and asks for the other. */
static bool is_due(const struct part *p, int64_t now_ms)
{
    return p->state == PART_HELD && !p->calling && (p->due_mono_ms <= now_ms || ops_of(&p->ops, true) > 0);
}

static void on_due(uv_timer_t *timer)
{
    work_flush(timer->data);
}

/* Sleeps until the first partition is worth calling again. */
static void set_due_timer(struct frontier *f, int64_t now_ms)
{
    int64_t first_ms = INT64_MAX;
    bool may_ask = !f->draining && f->room > f->asked;
    for (int i = 0; i < f->part_count; i++) {
        const struct part *p = &f->parts[i];
        if (p->calling || (p->state != PART_HELD && p->state != PART_DRAINING))
            continue;
        if (may_ask && p->state == PART_HELD && p->due_mono_ms < first_ms)
            first_ms = p->due_mono_ms;
        if (p->ops.head && p->tell_mono_ms < first_ms)
            first_ms = p->tell_mono_ms;
    }
    if (first_ms == INT64_MAX)
        uv_timer_stop(&f->due);
    else
        uv_timer_start(&f->due, on_due, (uint64_t)(first_ms > now_ms ? first_ms - now_ms : 1), 0);
}

/* Calls every partition that has something to tell, or something due while there is room. */
void work_flush(struct frontier *f)
{
    if (f->closing || !f->redis || !redis_connected(f->redis))
        return;
    int64_t now_ms = clock_mono_ms();
    size_t due = 0, share;
    for (int i = 0; i < f->part_count; i++)
        due += is_due(&f->parts[i], now_ms);
    size_t room = f->draining || f->room <= f->asked ? 0 : f->room - f->asked;
    share = due ? room / due : 0;
    share = share < 1 ? 1 : share > CLAIMS_MAX ? CLAIMS_MAX : share;
    for (int i = 0; i < f->part_count; i++) {
        struct part *p = &f->parts[(f->turn + i) % f->part_count];
        if ((p->state != PART_HELD && p->state != PART_DRAINING) || p->calling)
            continue;
        size_t wanted = is_due(p, now_ms) && room > 0 ? (share < room ? share : room) : 0;
        bool tell = p->ops.head && (p->tell_mono_ms <= now_ms || f->draining || p->state == PART_DRAINING);
        if (wanted > 0 || tell || p->sent.head || p->reconcile) {
            room -= wanted;
            work_call(p, wanted);
        }
    }
    f->turn = (f->turn + 1) % f->part_count;
    set_due_timer(f, now_ms);
    frontier_settle(f);
}

/* --- the crawler hands back --- */

void frontier_ended(struct frontier *f, struct claim *c, int64_t sent_mono_ms, const struct host_effect *effect)
{
    struct claim_box *box = (struct claim_box *)c;
    static const struct host_effect nothing = { .crawl_delay_ms = -1 };
    const struct host_effect *e = effect ? effect : &nothing;
    if (box->ended || is_void(f, box))
        return;
    box->ended = true;
    struct op *op = op_create(box, true);
    op->sent_mono_ms = sent_mono_ms;
    args_str(&op->args, c->budget);
    args_str(&op->args, box->domain);
    args_num(&op->args, c->version);
    args_num(&op->args, -1); /* END_AGE */
    args_num(&op->args, e->failed);
    args_num(&op->args, e->retry_after_ms > 0 ? e->retry_after_ms : 0);
    args_num(&op->args, e->crawl_delay_ms);
    args_num(&op->args, e->slow);
    args_num(&op->args, (int64_t)(rand_r(&f->seed) % 1000));
    op_tell(f, box, op);
}

/* Begins a result: kind, member, version; NULL when nobody is to be told. */
static struct op *result_begin(struct frontier *f, struct claim_box *box, const char *kind)
{
    if (is_void(f, box))
        return NULL;
    frontier_ended(f, &box->claim, 0, NULL);
    struct op *op = op_create(box, false);
    args_str(&op->args, kind);
    args_add(&op->args, op->member, op->member_len);
    args_num(&op->args, box->claim.version);
    return op;
}

static void add_end_of_redirect(struct op *op, const struct id *end)
{
    struct fingerprint f = { .value = "", .bucket = "0" };
    if (end)
        f = fingerprint_of(end);
    args_str(&op->args, f.value);
    args_str(&op->args, f.bucket);
}

static void add_close(struct op *op, const struct result *r)
{
    char field[LEDGER_FIELD_MAX];
    ledger_field(field, r->outcome, r->detail);
    args_str(&op->args, field);
    add_end_of_redirect(op, r->end);
    args_num(&op->args, r->recheck_in_ms);
    args_str(&op->args, r->etag);
    args_str(&op->args, r->last_modified);
}

void frontier_complete(struct frontier *f, struct claim *c, const struct result *r)
{
    static const char *const kinds[] = { [FRONTIER_CLOSE] = "C", [FRONTIER_SENT] = "S", [FRONTIER_RETRY] = "R" };
    struct claim_box *box = (struct claim_box *)c;
    assert(c->kind == CLAIM_PAGE);
    struct op *op = result_begin(f, box, kinds[r->completion]);
    if (op && r->completion == FRONTIER_CLOSE) {
        add_close(op, r);
    } else if (op && r->completion == FRONTIER_SENT) {
        add_end_of_redirect(op, r->end);
    } else if (op) {
        args_num(&op->args, r->retry_in_ms > 0 ? r->retry_in_ms : 0);
        args_num(&op->args, r->unconditional);
    }
    if (op)
        op_tell(f, box, op);
    claim_end(f, box);
}

void frontier_abandon(struct frontier *f, struct claim *c)
{
    struct claim_box *box = (struct claim_box *)c;
    frontier_ended(f, c, clock_mono_ms(), NULL); /* a request of it may be out: the host waits as if it had gone out now */
    struct op *op = result_begin(f, box, "A");
    if (op)
        op_tell(f, box, op);
    claim_end(f, box);
}

void frontier_poll_done(struct frontier *f, struct claim *c, const struct poll_result *r)
{
    struct claim_box *box = (struct claim_box *)c;
    assert(c->kind != CLAIM_PAGE);
    struct op *op = result_begin(f, box, "P");
    if (op) {
        char status[61];
        unsigned char date[HTTP_DATE_PACKED];
        snprintf(status, sizeof(status), "%s", r->status ? r->status : "");
        args_str(&op->args, r->keep_validators ? NULL : r->etag);
        if (!r->keep_validators && http_date_pack(r->last_modified, date))
            args_add(&op->args, date, sizeof(date));
        else
            args_str(&op->args, r->keep_validators ? NULL : r->last_modified);
        args_num(&op->args, r->keep_validators);
        assert(r->schedule_len <= FRONTIER_SCHEDULE_MAX);
        args_add(&op->args, r->schedule ? r->schedule : "", r->schedule ? r->schedule_len : 0);
        args_num(&op->args, r->next_in_ms > 0 ? r->next_in_ms : 0);
        args_str(&op->args, status);
        args_num(&op->args, r->ok);
        args_num(&op->args, (int64_t)r->items);
        args_num(&op->args, (int64_t)r->accepted);
        args_num(&op->args, r->elsewhere);
        op_tell(f, box, op);
    }
    claim_end(f, box);
}
