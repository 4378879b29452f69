/* stage.c - pages to articles.
 *
 *   pages ──> begin.lua ──> pool (children) ──> verdict.lua ──> decide ──> articles ──report──> ready ┐
 *               │ suspect: alone, when the pool is idle            └─ dead letter ──report────> ready ┤ in offset order
 *               └ done already, gone ──────────────────────────────────────────────────────────> ready ┘──> commit.lua
 *
 * One task a record; a task waits for one answer at a time (`waiting`), so when its partition starts again it is only marked
 * as dropped and ends with that answer. Tasks of one id form a chain: the next begins when the one before has been committed.
 * Everything but parsing is a few microseconds on the loop. */
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/url.h"
#include "extractor/pool.h"
#include "extractor/record.h"
#include "extractor/state.h"
#include "pipeline/article.h"
#include "pipeline/deadletter.h"
#include "pipeline/event.h"
#include "pipeline/inorder.h"
#include "pipeline/keys.h"
#include "pipeline/meta.h"
#include "pipeline/metrics.h"
#include "pipeline/recheck.h"
#include "pipeline/stage.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_MS 20000
#define TICK_MS 500
#define HELD_PAGES 256
#define STATE_TTL_MS ((int64_t)8 * 24 * 3600 * 1000) /* twice the retention of pages, the re-checks, and a day */

struct extract_stage;

struct task {
    struct extract_stage *x;
    struct inorder_item *item;   /* not to be used once dropped */
    struct record *record;       /* owned */
    struct page page;
    bool readable;               /* page was filled */
    bool waiting;                /* an answer will come, or it stands in a list */
    bool dropped;                /* its partition began again: end as soon as nothing is awaited */
    bool alone;
    struct task *next;           /* in a list */
    struct task *older, *newer;  /* of all tasks */
    struct task *after;          /* the next one of this id */
    struct article_state state;
    struct decision decision;
    bool decided;
    struct error why;            /* dead letter */
    const char *why_word;        /* static */
    struct id holder;            /* whose duplicate it is; hex "" = nobody's */
    struct id claim;             /* the canonical it claims; hex "" = none */
    char *canonical_url;         /* owned; NULL: its own */
    char *canonical_budget;      /* owned; NULL: as its own */
    uint64_t title_hash, text_hash, times_hash;
    enum page_type page_type;
    char *detail, *title;        /* owned */
    struct buffer members;       /* then the whole record */
    int64_t began_ms;            /* monotonic */
};

struct task_list {
    struct task *head, *tail;
};

struct extract_stage {
    struct stage_env env;
    uv_loop_t *loop;
    struct meta *meta;           /* owned */
    struct redis *redis;         /* owned */
    struct producer *producer;   /* owned: articles, events, dead letters */
    struct inorder *pages;       /* owned */
    struct pool *pool;           /* owned */
    struct task *newest;         /* of all tasks */
    struct map *by_id;           /* id -> the last task of its chain */
    struct task_list to_parse, suspects, to_send;
    struct task *alone;          /* the suspect that is tried now */
    uv_timer_t *timer;           /* owned; closed with the loop */
    void (*on_drained)(void *arg);
    void *drained_arg;
    int closing;
    atomic_bool ready;
    struct metric *outcomes[OUTCOME_COUNT];
    struct metric *seconds;
};

static void task_begin(struct task *t);
static void task_dead(struct task *t, const char *word, enum error_kind kind, const char *message);
static void task_send(struct task *t);
static void pump(struct extract_stage *x);

static void list_put(struct task_list *l, struct task *t)
{
    t->next = NULL;
    t->waiting = true;
    if (l->tail)
        l->tail->next = t;
    else
        l->head = t;
    l->tail = t;
}

static struct task *list_take(struct task_list *l)
{
    struct task *t = l->head;

    if (!t)
        return NULL;
    l->head = t->next;
    if (!l->head)
        l->tail = NULL;
    t->next = NULL;
    t->waiting = false;
    return t;
}

/* --- a task's beginning and end --- */

static struct task *task_create(struct extract_stage *x, struct inorder_item *it, struct record *r)
{
    struct task *t = xcalloc(1, sizeof(*t));

    t->x = x;
    t->item = it;
    t->record = r;
    buffer_init(&t->members, 0);
    t->older = x->newest;
    if (t->older)
        t->older->newer = t;
    x->newest = t;
    return t;
}

static void task_free(struct task *t)
{
    if (t->older)
        t->older->newer = t->newer;
    if (t->newer)
        t->newer->older = t->older;
    else
        t->x->newest = t->older;
    if (t->readable)
        page_fini(&t->page);
    record_release(t->record);
    buffer_fini(&t->members);
    free(t->canonical_url);
    free(t->canonical_budget);
    free(t->detail);
    free(t->title);
    free(t);
}

/* Takes t out of its chain; the next one of the id begins. */
static void task_end(struct task *t)
{
    struct extract_stage *x = t->x;
    struct task *after = t->after;

    if (t->readable && map_get(x->by_id, t->page.id.hex) == t)
        map_remove(x->by_id, t->page.id.hex);
    if (x->alone == t)
        x->alone = NULL;
    task_free(t);
    if (!after)
        return;
    after->waiting = false;
    if (after->dropped)
        task_end(after);
    else
        task_begin(after);
}

/* An answer came. True when the task has been dropped meanwhile and is gone now. */
static bool answered(struct task *t)
{
    t->waiting = false;
    if (!t->dropped)
        return false;
    struct extract_stage *x = t->x;
    task_end(t);
    pump(x);
    return true;
}

/* Redis did not answer, or not as it should: true, and the task is gone. */
static bool failed(struct task *t, const struct error *err)
{
    struct extract_stage *x = t->x;

    if (!err)
        return false;
    if (err->kind == ERROR_SYSTEM)
        x->env.on_fatal(x->env.arg, err);
    inorder_restart(t->item); /* drops it, and all others of the partition */
    return true;
}

static void task_ready(struct task *t, struct decision d)
{
    t->decision = d;
    t->decided = true;
    inorder_ready(t->item);
}

/* --- begin: state --- */

static void submit(struct task *t);

static void call_redis(struct task *t, struct redis_script *script, redis_reply_fn *fn, int argc, const char **argv, const size_t *lens)
{
    struct extract_stage *x = t->x;
    struct key partition = key_partition(x->env.config->prefix, t->page.request_partition);
    const char *args[16] = { partition.s, x->env.config->prefix };
    size_t sizes[16] = { strlen(partition.s), strlen(x->env.config->prefix) };

    assert(argc <= 14);
    for (int i = 0; i < argc; i++) {
        args[i + 2] = argv[i];
        sizes[i + 2] = lens[i];
    }
    t->waiting = true;
    redis_eval(x->redis, script, fn, t, 2, argc + 2, args, sizes);
}

static void on_begun(void *arg, const redisReply *reply, const struct error *err)
{
    struct task *t = arg;
    struct extract_stage *x = t->x;

    if (answered(t) || failed(t, err))
        return;
    const redisReply *state = reply->element[0];
    struct decision d;
    if (!state_unpack(state->type == REDIS_REPLY_STRING ? state->str : NULL, state->len, &t->state)) {
        struct error fatal;
        error_set(&fatal, ERROR_SYSTEM, "the state of article %s cannot be read: it was written by another version of tidings", t->page.id.hex);
        x->env.on_fatal(x->env.arg, &fatal);
        return;
    }
    if (state_decide_early(&t->state, &t->page, &d)) {
        if (d.action == ACTION_REMOVE)
            t->decision = d, t->decided = true, task_send(t);
        else
            task_ready(t, d);
    } else if (reply->element[2]->integer >= STATE_DEATHS_MAX) {
        task_dead(t, "crash_loop", ERROR_INVALID, "three times the process ended while it worked on this page alone");
    } else if (t->alone) {
        submit(t);
        return;
    } else {
        list_put(reply->element[1]->integer ? &x->suspects : &x->to_parse, t);
    }
    if (x->alone == t)
        x->alone = NULL; /* it needs no parsing after all */
    pump(x);
}

static void task_begin(struct task *t)
{
    unsigned char id[ID_RAW_LEN];
    char version[24];
    const char *worker = t->x->env.worker_id;

    id_to_raw(&t->page.id, id);
    int version_len = snprintf(version, sizeof(version), "%" PRId64, t->page.version);
    const char *argv[] = { (char *)id, version, worker, t->alone ? "1" : "0", t->page.gone ? "1" : "0", t->page.reextract ? "1" : "0" };
    size_t lens[] = { sizeof(id), (size_t)version_len, strlen(worker), 1, 1, 1 };
    call_redis(t, &state_begin_script, on_begun, COUNT(argv), argv, lens);
}

/* --- parse --- */

static void on_verdict(void *arg, const redisReply *reply, const struct error *err);

/* The canonical is claimed where it is an address of the same registrable domain; else the page's own. */
static void choose_claim(struct task *t, const char *canonical)
{
    struct url own = { 0 }, other = { 0 };

    t->claim = t->page.id;
    if (!*canonical || !url_parse(&other, canonical, strlen(canonical), NULL, NULL, NULL))
        return;
    if (url_parse(&own, t->page.url, strlen(t->page.url), NULL, NULL, NULL)) {
        struct place mine = place_of(t->x->meta, own.host, own.port), theirs = place_of(t->x->meta, other.host, other.port);
        if (strcmp(mine.domain, theirs.domain) == 0 && strcmp(other.id.hex, t->page.id.hex) != 0) {
            t->claim = other.id;
            t->canonical_url = xstrdup(other.fetch);
            t->canonical_budget = xstrdup(theirs.budget);
        }
        place_fini(&mine);
        place_fini(&theirs);
    }
    url_fini(&own);
    url_fini(&other);
}

static void keep_parsed(struct task *t, const struct parsed *p)
{
    t->page_type = p->page_type;
    t->title_hash = p->title_hash;
    t->text_hash = p->text_hash;
    t->times_hash = p->times_hash;
    t->title = *p->title ? xstrdup(p->title) : NULL;
    t->detail = *p->reason ? xstrdup(p->reason) : NULL;
    if (p->ok && p->page_type == PAGE_ARTICLE) {
        buffer_append(&t->members, p->members, p->members_len);
        choose_claim(t, p->canonical_url);
    }
    if (!p->ok) {
        t->why.kind = p->kind;
        snprintf(t->why.message, sizeof(t->why.message), "%s", p->reason);
        t->why_word = p->kind == ERROR_LIMIT ? "parse_limit" : "undecodable";
    }
}

static void on_parsed(void *arg, const struct parsed *p)
{
    struct task *t = arg;
    struct extract_stage *x = t->x;
    unsigned char id[ID_RAW_LEN], claim[ID_RAW_LEN];
    char ttl[24];
    const char *worker = x->env.worker_id;

    if (x->alone == t)
        x->alone = NULL;
    /* Also for a dropped task: the page has had its verdict. */
    if (!t->dropped)
        keep_parsed(t, p);
    id_to_raw(&t->page.id, id);
    if (t->claim.hex[0])
        id_to_raw(&t->claim, claim);
    int ttl_len = snprintf(ttl, sizeof(ttl), "%" PRId64, STATE_TTL_MS);
    const char *argv[] = { (char *)id, worker, (char *)claim, (char *)&t->title_hash, (char *)&t->text_hash, ttl };
    size_t lens[] = { sizeof(id), strlen(worker), t->claim.hex[0] ? sizeof(claim) : 0, 8, 8, (size_t)ttl_len };
    call_redis(t, &state_verdict_script, on_verdict, COUNT(argv), argv, lens);
    pump(x);
}

static void submit(struct task *t)
{
    t->waiting = true;
    t->began_ms = clock_mono_ms();
    pool_submit(t->x->pool, t->record, on_parsed, t);
}

/* Sends to the pool what may go there. A suspect goes alone: the pool runs empty first. */
static void pump(struct extract_stage *x)
{
    struct task *t;

    while (!x->alone && x->suspects.head && pool_jobs(x->pool) == 0) {
        t = list_take(&x->suspects);
        if (t->dropped) {
            task_end(t);
            continue;
        }
        x->alone = t;
        t->alone = true;
        log_warn("page tried alone: it was in work when a process ended url=%s", log_quote(t->page.url));
        task_begin(t); /* says so in Redis, then parses */
        return;
    }
    if (x->alone || x->suspects.head)
        return;
    while ((t = list_take(&x->to_parse))) {
        if (t->dropped)
            task_end(t);
        else
            submit(t);
    }
}

/* --- verdict, decision --- */

static enum claim_result claim_of(const redisReply *reply)
{
    const char *word = reply->element[0]->str;
    return strcmp(word, "twin") == 0 ? CLAIM_TWIN : strcmp(word, "other") == 0 ? CLAIM_OTHER : CLAIM_HELD;
}

static void on_verdict(void *arg, const redisReply *reply, const struct error *err)
{
    struct task *t = arg;
    struct parsed p = { .ok = true, .page_type = t->page_type, .title_hash = t->title_hash, .text_hash = t->text_hash, .times_hash = t->times_hash };

    if (answered(t) || failed(t, err))
        return;
    metric_observe(t->x->seconds, (double)(clock_mono_ms() - t->began_ms) / 1000.0);
    if (t->why_word) {
        task_dead(t, t->why_word, t->why.kind, NULL);
        return;
    }
    enum claim_result claim = claim_of(reply);
    if (claim != CLAIM_HELD && reply->elements > 1 && reply->element[1]->len == ID_RAW_LEN)
        t->holder = id_from_raw((unsigned char *)reply->element[1]->str);
    struct decision d = state_decide(&t->state, &t->page, &p, claim);
    if (claim != CLAIM_HELD)
        t->claim.hex[0] = '\0'; /* somebody else's */
    if (d.action != ACTION_PUBLISH) {
        task_ready(t, d);
        return;
    }
    struct buffer record;
    buffer_init(&record, 0);
    record_write(&t->page, d.revision, clock_unix_ms(), t->members.data, t->members.len, &record);
    buffer_fini(&t->members);
    t->members = record;
    t->decision = d;
    t->decided = true;
    task_send(t);
}

/* --- producing --- */

static void on_produced(void *arg, const struct record *r, const struct error *err)
{
    struct task *t = arg;
    struct extract_stage *x = t->x;

    (void)r;
    if (answered(t))
        return;
    if (!err) {
        task_ready(t, t->decision);
    } else if (err->kind == ERROR_SYSTEM) {
        x->env.on_fatal(x->env.arg, err);
    } else if (t->decision.action == ACTION_DEAD) {
        task_ready(t, t->decision); /* deadletter_send() has said why */
    } else {
        task_dead(t, "too_large", err->kind, err->message);
    }
}

static bool send_article(struct task *t, struct error *err)
{
    struct article a = { .id = t->page.id, .version = t->page.version, .revision = t->decision.revision,
                         .removed = t->decision.action == ACTION_REMOVE, .url = t->page.url, .fetched_at_ms = t->page.fetched_at_ms,
                         .json = t->members.data, .json_len = t->members.len };

    if (strcmp(t->page.id.hex, t->page.request_id.hex) != 0)
        a.alias = t->page.request_id;
    if (a.removed)
        snprintf(a.reason, sizeof(a.reason), "http %d", t->page.status);
    return article_send(t->x->producer, &a, t->page.source, on_produced, t, err);
}

static bool send_dead(struct task *t, struct error *err)
{
    struct deadletter d = { .stage = "extract", .reason = t->why_word, .message = t->why.message, .record = t->record };

    if (t->readable) {
        d.url_id = t->page.request_id.hex;
        d.url = t->page.request_url;
        d.source = t->page.source;
        d.version = t->page.version;
    }
    return deadletter_send(t->x->producer, &d, on_produced, t, err);
}

/* Sends the article, the removal or the dead letter that was decided on; waits for room where there is none. */
static void task_send(struct task *t)
{
    struct error err;

    t->waiting = true;
    if (t->decision.action == ACTION_DEAD ? send_dead(t, &err) : send_article(t, &err))
        return;
    t->waiting = false;
    if (err.kind == ERROR_LIMIT)
        list_put(&t->x->to_send, t);
    else
        on_produced(t, NULL, &err);
}

static void on_space(void *arg)
{
    struct extract_stage *x = arg;
    struct task_list list = x->to_send;
    struct task *t;

    x->to_send = (struct task_list){ 0 };
    while ((t = list_take(&list))) {
        if (t->dropped)
            task_end(t);
        else
            task_send(t);
    }
}

/* message NULL: t->why is filled already. */
static void task_dead(struct task *t, const char *word, enum error_kind kind, const char *message)
{
    if (message) {
        t->why.kind = kind;
        snprintf(t->why.message, sizeof(t->why.message), "%s", message);
    }
    t->why_word = word;
    t->decision = state_decide_dead();
    t->decided = true;
    log_warn("page refused url=%s reason=%s text=%s", log_quote(t->readable ? t->page.url : NULL), word, log_quote(t->why.message));
    task_send(t);
}

/* --- commit --- */

static const char *const action_words[] = { "none", "done", "publish", "unchanged", "remove", "dead" };

/* How long until the page is looked at again; 0 = not. Only what is published and can change. */
static int64_t recheck_of(const struct task *t, int *step)
{
    enum action a = t->decision.action;

    *step = 0;
    if (a != ACTION_PUBLISH && a != ACTION_UNCHANGED)
        return 0;
    return recheck_in_ms(t->page.fetched_at_ms - t->page.discovered_at_ms, step);
}

struct commit_args {
    const char *argv[25];
    size_t lens[25];
    int argc;
    char numbers[6][24];
    int number_count;
};

static void add(struct commit_args *c, const void *bytes, size_t len)
{
    assert(c->argc < (int)COUNT(c->argv));
    c->argv[c->argc] = bytes;
    c->lens[c->argc++] = len;
}

static void add_text(struct commit_args *c, const char *s, size_t max)
{
    add(c, s ? s : "", s ? strnlen(s, max + 1) > max ? 0 : strlen(s) : 0);
}

static void add_number(struct commit_args *c, int64_t n)
{
    char *text = c->numbers[c->number_count++];
    add(c, text, (size_t)snprintf(text, sizeof(c->numbers[0]), "%" PRId64, n));
}

static void on_turn(void *arg, void *work, struct inorder_item *it)
{
    struct extract_stage *x = arg;
    struct task *t = work;
    const struct page *p = &t->page;
    unsigned char id[ID_RAW_LEN], request[ID_RAW_LEN], claim[ID_RAW_LEN];
    char outcome[LEDGER_FIELD_MAX];
    struct url url = { 0 }, canonical = { 0 };
    struct place place = { 0 }, other = { 0 };
    int step;
    int64_t recheck = recheck_of(t, &step);
    struct key partition = key_partition(x->env.config->prefix, p->request_partition);
    struct commit_args c = { 0 };

    id_to_raw(&p->id, id);
    id_to_raw(&p->request_id, request);
    if (t->claim.hex[0])
        id_to_raw(&t->claim, claim);
    ledger_field(outcome, t->decision.outcome, t->decision.detail);
    if (url_parse(&url, p->url, strlen(p->url), NULL, NULL, NULL))
        place = place_of(x->meta, url.host, url.port);
    if (t->state.canonical_url[0] && url_parse(&canonical, t->state.canonical_url, strlen(t->state.canonical_url), NULL, NULL, NULL))
        other = place_of(x->meta, canonical.host, canonical.port);
    add_text(&c, partition.s, 192);
    add_text(&c, x->env.config->prefix, 64);
    add(&c, id, sizeof(id));
    add(&c, request, sizeof(request));
    add_number(&c, p->version);
    add_number(&c, t->decision.revision);
    add_text(&c, action_words[t->decision.action], 16);
    add_text(&c, outcome, sizeof(outcome));
    add(&c, &t->title_hash, 8);
    add(&c, &t->text_hash, 8);
    add(&c, &t->times_hash, 8);
    add(&c, claim, t->claim.hex[0] ? sizeof(claim) : 0);
    add_text(&c, t->canonical_url, 2048);
    add_number(&c, STATE_TTL_MS);
    add_text(&c, p->etag, 256);
    add_text(&c, p->last_modified, 64);
    add_number(&c, recheck);
    add_number(&c, step);
    add_text(&c, p->url, 2048);
    add_text(&c, p->source, 256);
    add_text(&c, place.budget, 256);
    add_text(&c, place.domain, 256);
    add_number(&c, p->discovered_at_ms);
    add_text(&c, t->canonical_budget ? t->canonical_budget : other.budget ? other.budget : place.budget, 256);
    inorder_apply(it, &state_commit_script, 2, c.argc, c.argv, c.lens);
    place_fini(&place);
    place_fini(&other);
    url_fini(&url);
    url_fini(&canonical);
}

static void tell(struct task *t, bool newer)
{
    const struct page *p = &t->page;
    const char *detail = t->why_word ? t->why_word : t->decision.detail;
    struct event e = { .url_id = p->request_id, .url = p->request_url ? p->request_url : p->url, .source = p->source, .stage = "extract",
                       .what = outcome_name(t->decision.outcome), .reason = detail ? detail : t->detail, .version = p->version };

    e.more = json_pack("{s:s}", "article", t->holder.hex[0] && t->decision.outcome == OUTCOME_DUPLICATE ? t->holder.hex : p->id.hex);
    if (t->decision.revision > 0)
        json_object_set_new(e.more, "revision", json_integer(t->decision.revision));
    if (t->title)
        json_object_set_new(e.more, "title", json_string(t->title));
    if (t->detail && e.reason != t->detail)
        json_object_set_new(e.more, "verdict", json_string(t->detail));
    if (newer)
        json_object_set_new(e.more, "again", json_true()); /* a newer version was there: it is fetched once more */
    event_send(t->x->producer, &e);
}

static void on_applied(void *arg, void *work, const redisReply *reply)
{
    struct extract_stage *x = arg;
    struct task *t = work;
    bool newer = reply->elements > 1 && reply->element[1]->str && strcmp(reply->element[1]->str, "newer") == 0;

    metric_add(x->outcomes[t->decision.outcome], 1);
    tell(t, newer);
    task_end(t);
}

static void on_dropped(void *arg, void *work)
{
    struct extract_stage *x = arg;
    struct task *t = work;

    t->dropped = true;
    if (!t->waiting) {
        task_end(t);
        pump(x);
    }
}

/* --- pages --- */

static void on_unreadable_sent(void *arg, const struct record *r, const struct error *err)
{
    struct task *t = arg;

    (void)r;
    if (answered(t))
        return;
    if (err && err->kind == ERROR_SYSTEM) {
        t->x->env.on_fatal(t->x->env.arg, err);
        return;
    }
    inorder_skip(t->item);
    task_free(t);
}

/* What is no page at all has no URL whose request could be closed: it goes to the dead letters, and the position on. */
static void refuse_unreadable(struct task *t, const struct error *why)
{
    struct deadletter d = { .stage = "extract", .reason = "no_page", .message = why->message, .record = t->record };
    struct error err;

    log_warn("record is no page partition=%" PRId32 " offset=%" PRId64 " reason=%s", t->record->partition, t->record->offset, log_quote(why->message));
    t->waiting = true;
    if (deadletter_send(t->x->producer, &d, on_unreadable_sent, t, &err))
        return;
    t->waiting = false;
    if (err.kind == ERROR_LIMIT)
        inorder_restart(t->item); /* no room now: it comes again */
    else
        on_unreadable_sent(t, NULL, &err);
}

static void on_record(void *arg, struct inorder_item *it, struct record *r)
{
    struct extract_stage *x = arg;
    struct task *t = task_create(x, it, r);
    struct error err;

    inorder_set_work(it, t);
    t->readable = page_read(r, &t->page, &err);
    if (!t->readable) {
        refuse_unreadable(t, &err);
        return;
    }
    struct task *before = map_put(x->by_id, t->page.id.hex, t);
    if (before) {
        before->after = t;
        t->waiting = true; /* for the one before */
    } else {
        task_begin(t);
    }
}

static void on_consumer_fatal(void *arg, const struct error *err)
{
    struct extract_stage *x = arg;
    x->env.on_fatal(x->env.arg, err);
}

/* --- life --- */

static void on_redis_up(void *arg)
{
    struct extract_stage *x = arg;
    if (x->pages)
        inorder_redis_up(x->pages);
}

static void on_redis_down(void *arg)
{
    struct extract_stage *x = arg;
    if (x->pages)
        inorder_redis_down(x->pages);
}

static void on_redis_changed(void *arg)
{
    struct extract_stage *x = arg;
    if (x->pages)
        inorder_redis_changed(x->pages);
}

static void on_timer(uv_timer_t *timer)
{
    struct extract_stage *x = timer->data;
    atomic_store(&x->ready, x->pages && inorder_started(x->pages) && redis_connected(x->redis));
}

static bool load_meta(struct extract_stage *x, struct error *err)
{
    const struct config *c = x->env.config;
    redisContext *redis = redis_open(c->redis.frontier, c->redis.frontier_password, err);

    if (!redis)
        return false;
    x->meta = meta_load(redis, c->prefix, (int)c->crawler.partitions, true, err);
    redisFree(redis);
    return x->meta != NULL;
}

static bool open_all(struct extract_stage *x, struct error *err)
{
    const struct config *c = x->env.config;
    struct redis_callbacks redis = { on_redis_up, on_redis_down, on_redis_changed, x };
    struct inorder_callbacks pages = { on_record, on_turn, on_applied, on_dropped, on_consumer_fatal, x };
    struct inorder_options o = { .topic = TOPIC_PAGES, .group = "extractor", .prefix = c->prefix, .max_items = HELD_PAGES,
                                 .max_bytes = (size_t)c->body_budget_mb << 18 };
    struct pool_options pool = {
        .workers = (int)c->extractor.threads, .sandbox = c->extractor.sandbox,
        .limits = { (size_t)c->extractor.max_decoded_bytes, (size_t)c->extractor.parse_memory_mb << 20, c->extractor.parse_timeout_ms } };

    if (!load_meta(x, err))
        return false;
    budget_set_aside(x->env.budget, o.max_bytes);
    x->pool = pool_create(x->loop, &pool, err);
    x->producer = x->pool ? producer_create(x->env.stream, x->loop, err) : NULL;
    if (!x->producer)
        return false;
    producer_on_space(x->producer, on_space, x);
    x->redis = redis_create(x->loop, c->redis.frontier, c->redis.frontier_password, &redis, err);
    if (!x->redis)
        return false;
    x->pages = inorder_create(x->env.stream, x->loop, x->redis, &o, &pages, err);
    return x->pages != NULL;
}

static void stage_destroy(void *self);

static void *stage_create(const struct stage_env *env, uv_loop_t *loop, struct error *err)
{
    static const double bounds[] = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10 };
    struct extract_stage *x = xcalloc(1, sizeof(*x));

    x->env = *env;
    x->loop = loop;
    x->by_id = map_create();
    for (int i = 0; i < OUTCOME_COUNT; i++)
        x->outcomes[i] = metric_counter("tidings_extracted_total", "Pages by what became of them", "outcome", outcome_name((enum outcome)i));
    x->seconds = metric_histogram("tidings_extract_seconds", "From handing a page to the parsers to its verdict", bounds, COUNT(bounds));
    x->timer = xcalloc(1, sizeof(*x->timer));
    uv_timer_init(loop, x->timer);
    x->timer->data = x;
    uv_timer_start(x->timer, on_timer, 0, TICK_MS);
    if (open_all(x, err))
        return x;
    stage_destroy(x);
    return NULL;
}

static void stage_drain(void *self, void (*done)(void *arg), void *arg)
{
    struct extract_stage *x = self;
    inorder_drain(x->pages, DRAIN_MS, done, arg);
}

static void closed_one(void *arg)
{
    struct extract_stage *x = arg;

    if (--x->closing > 0)
        return;
    while (x->newest)
        task_free(x->newest); /* whose answers will not come any more */
    redis_destroy(x->redis);
    meta_destroy(x->meta);
    map_destroy(x->by_id);
    free(x);
}

static void on_timer_closed(uv_handle_t *h)
{
    struct extract_stage *x = h->data;

    free(h);
    closed_one(x);
}

/* What is still in work is dropped; its tasks are freed when nothing can answer them any more. */
static void stage_destroy(void *self)
{
    struct extract_stage *x = self;

    inorder_destroy(x->pages);
    x->pages = NULL;
    producer_destroy(x->producer);
    x->closing = 1 + (x->redis != NULL) + (x->pool != NULL);
    uv_close((uv_handle_t *)x->timer, on_timer_closed);
    if (x->pool)
        pool_destroy(x->pool, closed_one, x);
    if (x->redis)
        redis_close(x->redis, closed_one, x);
}

static bool stage_ready(void *self, struct buffer *why_not)
{
    struct extract_stage *x = self;

    if (atomic_load(&x->ready))
        return true;
    buffer_puts(why_not, "waiting for Redis or for partitions");
    return false;
}

static void stage_busy(void *self, struct buffer *out)
{
    struct extract_stage *x = self;
    size_t held = inorder_held(x->pages);

    if (held > 0)
        buffer_printf(out, "%zu pages being extracted or waiting for their articles' delivery", held);
}

const struct stage extractor_stage = { "extractor", stage_create, stage_drain, stage_destroy, stage_ready, stage_busy };
