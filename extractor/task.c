/* task.c - from a page's record to what is decided about it. Everything but parsing is a few microseconds on the loop.
 *
 *   queue ──> begin.lua ──> pool (children) ──> verdict.lua ──> decide ──> publish.c
 *               │ suspect: alone, when the pool is idle
 *               `── done already, gone: no parsing
 *
 * What begin.lua has marked as in work when this process ends is suspect: the next process tries it alone. So no more is
 * begun than keeps the parsers busy. */
#include "extractor/task.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "extractor/record.h"
#include "pipeline/keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void list_put(struct task_list *l, struct task *t)
{
    t->next = NULL;
    t->waiting = true;
    if (l->tail)
        l->tail->next = t;
    else
        l->head = t;
    l->tail = t;
}

struct task *list_take(struct task_list *l)
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

struct task *task_create(struct extract_stage *x, struct inorder_item *it, struct record *r)
{
    struct task *t = xcalloc(1, sizeof(*t));

    t->x = x;
    t->item = it;
    t->record = r;
    buffer_init(&t->members, 0);
    buffer_init(&t->known, 0);
    t->older = x->newest;
    if (t->older)
        t->older->newer = t;
    x->newest = t;
    return t;
}

void task_free(struct task *t)
{
    if (t->older)
        t->older->newer = t->newer;
    if (t->newer)
        t->newer->older = t->older;
    else
        t->x->newest = t->older;
    if (t->readable)
        page_fini(&t->page);
    url_fini(&t->url);
    place_fini(&t->place);
    record_release(t->record);
    buffer_fini(&t->members);
    buffer_fini(&t->known);
    free(t->headers);
    free(t->canonical_url);
    free(t->canonical_budget);
    free(t->detail);
    free(t->title);
    free(t);
}

static void leave_work(struct task *t)
{
    if (t->in_work)
        t->x->in_work--;
    t->in_work = false;
}

void task_end(struct task *t)
{
    struct extract_stage *x = t->x;
    struct task *after = t->after;

    if (t->readable && map_get(x->by_id, t->page.id.hex) == t)
        map_remove(x->by_id, t->page.id.hex);
    if (x->alone == t)
        x->alone = NULL;
    leave_work(t);
    task_free(t);
    if (after)
        task_queue(after);
}

void task_queue(struct task *t)
{
    list_put(&t->x->to_begin, t);
}

/* An answer came. True when the task has been dropped meanwhile and is gone now. */
bool task_answered(struct task *t)
{
    t->waiting = false;
    if (!t->dropped)
        return false;
    struct extract_stage *x = t->x;
    task_end(t);
    tasks_pump(x);
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

void task_ready(struct task *t, struct decision d)
{
    t->decision = d;
    inorder_ready(t->item);
}

/* --- begin: state --- */

static void submit(struct task *t);

static void call_redis(struct task *t, struct redis_script *script, redis_reply_fn *fn, int argc, const char **argv,
                       const size_t *lens)
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

/* It needs no parsing: somebody else may be in work, or be tried alone. */
static void end_early(struct task *t, struct decision d)
{
    if (t->x->alone == t)
        t->x->alone = NULL;
    leave_work(t);
    t->decision = d;
    if (d.action == ACTION_REMOVE)
        task_send(t);
    else
        task_ready(t, d);
}

static void end_in_loop(struct task *t)
{
    if (t->x->alone == t)
        t->x->alone = NULL;
    leave_work(t);
    task_dead(t, "crash_loop", ERROR_INVALID, "three times the process ended while it worked on this page alone");
}

static void on_begun(void *arg, const redisReply *reply, const struct error *err)
{
    struct task *t = arg;
    struct extract_stage *x = t->x;

    if (task_answered(t) || failed(t, err))
        return;
    struct state_bytes stored = state_bytes_of(reply->element[0], reply->element[1]);
    struct decision d;
    if (!state_unpack(&stored, &t->state)) {
        struct error fatal;
        error_set(&fatal, ERROR_SYSTEM, "the state of article %s cannot be read: it was written by another version of tidings",
                  t->page.id.hex);
        x->env.on_fatal(x->env.arg, &fatal);
        return;
    }
    if (reply->element[4]->len > 0)
        buffer_append(&t->known, reply->element[4]->str, reply->element[4]->len);
    if (state_decide_early(&t->state, &t->page, &d))
        end_early(t, d);
    else if (reply->element[3]->integer >= STATE_DEATHS_MAX)
        end_in_loop(t);
    else if (t->alone)
        submit(t);
    else
        list_put(reply->element[2]->integer ? &x->suspects : &x->to_parse, t);
    tasks_pump(x);
}

static void task_begin(struct task *t)
{
    unsigned char id[ID_RAW_LEN];
    char version[24], generation[24];
    const char *worker = t->x->env.worker_id, *host = t->x->env.config->extractor.site_memory ? t->url.host : "";

    if (!t->in_work)
        t->x->in_work++;
    t->in_work = true;
    id_to_raw(&t->page.id, id);
    int version_len = snprintf(version, sizeof(version), "%" PRId64, t->page.version);
    int generation_len = snprintf(generation, sizeof(generation), "%" PRId64, t->page.version / MEMORY_GENERATION_MS);
    const char *argv[] = { (char *)id, version, worker, t->alone ? "1" : "0", t->page.gone ? "1" : "0",
                           t->page.reextract ? "1" : "0", host, generation };
    size_t lens[] = { sizeof(id), (size_t)version_len, strlen(worker), 1, 1, 1, strlen(host), (size_t)generation_len };
    buffer_clear(&t->known);
    call_redis(t, &state_begin_script, on_begun, COUNT(argv), argv, lens);
}

/* --- parse --- */

static void on_verdict(void *arg, const redisReply *reply, const struct error *err);

/* The canonical is claimed where it is an address of the same registrable domain; else the page's own. */
static void choose_claim(struct task *t, const char *canonical)
{
    struct url other;

    t->claim = t->page.id;
    if (!*canonical || !url_parse(&other, canonical, strlen(canonical), NULL, NULL, NULL))
        return;
    struct place theirs = place_of(t->x->meta, other.host, other.port);
    if (strcmp(t->place.domain, theirs.domain) == 0 && strcmp(other.id.hex, t->page.id.hex) != 0) {
        t->claim = other.id;
        t->canonical_url = xstrdup(other.fetch);
        t->canonical_budget = xstrdup(theirs.budget);
    }
    place_fini(&theirs);
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
    t->doubted_len = p->doubted_len < sizeof(t->doubted) ? p->doubted_len : sizeof(t->doubted);
    memcpy(t->doubted, p->doubted, t->doubted_len);
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
    char version[24];
    const char *worker = x->env.worker_id;

    if (x->alone == t)
        x->alone = NULL;
    /* Also for a dropped task: the page has had its verdict. */
    if (!t->dropped)
        keep_parsed(t, p);
    id_to_raw(&t->page.id, id);
    if (t->claim.hex[0])
        id_to_raw(&t->claim, claim);
    int version_len = snprintf(version, sizeof(version), "%" PRId64, t->page.version);
    const char *argv[] = { (char *)id, worker, (char *)claim, (char *)&t->title_hash, (char *)&t->text_hash, version };
    size_t lens[] = { sizeof(id), strlen(worker), t->claim.hex[0] ? sizeof(claim) : 0, 8, 8, (size_t)version_len };
    call_redis(t, &state_verdict_script, on_verdict, COUNT(argv), argv, lens);
    tasks_pump(x);
}

/* What the parser gets: the record as it came, and what the site's memory knows. */
static const struct record *record_for_parser(struct task *t)
{
    const struct record *r = t->record;

    if (t->known.len == 0)
        return r;
    free(t->headers);
    t->headers = xcalloc(r->header_count + 1, sizeof(*t->headers));
    for (size_t i = 0; i < r->header_count; i++)
        t->headers[i] = r->headers[i];
    t->headers[r->header_count] = (struct header){ PARSE_MEMORY_HEADER, t->known.data, t->known.len };
    t->with_memory = *r;
    t->with_memory.headers = t->headers;
    t->with_memory.header_count++;
    return &t->with_memory;
}

static void submit(struct task *t)
{
    t->waiting = true;
    t->began_ms = clock_mono_ms();
    pool_submit(t->x->pool, record_for_parser(t), on_parsed, t);
}

/* Which suspect is tried next differs from process to process: if this one is killed from outside while one is alone, and the
 * next too, it is not always the same page that looks guilty. */
static struct task *take_suspect(struct extract_stage *x)
{
    struct task_list rest = { 0 };
    struct task *best = NULL, *t;
    uint64_t salt = hash64(x->env.worker_id, strlen(x->env.worker_id)), best_turn = 0;

    while ((t = list_take(&x->suspects))) {
        uint64_t turn = hash64(t->page.id.hex, ID_HEX_LEN) * (salt | 1);
        if (!best || turn < best_turn) {
            if (best)
                list_put(&rest, best);
            best = t;
            best_turn = turn;
        } else {
            list_put(&rest, t);
        }
    }
    x->suspects = rest;
    return best;
}

/* One suspect alone, once the pool has run empty. */
static void try_suspects(struct extract_stage *x)
{
    while (!x->alone && x->suspects.head && pool_jobs(x->pool) == 0) {
        struct task *t = take_suspect(x);
        t->waiting = false;
        if (t->dropped) {
            task_end(t);
            continue;
        }
        x->alone = t;
        t->alone = true;
        log_warn("page tried alone: it was in work when a process ended url=%s", log_quote(t->page.url));
        task_begin(t); /* says so in Redis, then parses */
    }
}

void tasks_pump(struct extract_stage *x)
{
    struct task *t;

    if (x->closing)
        return;
    try_suspects(x);
    while (!x->alone && !x->suspects.head && (t = list_take(&x->to_parse))) {
        if (t->dropped)
            task_end(t);
        else
            submit(t);
    }
    while (x->in_work < x->in_work_max && (t = list_take(&x->to_begin))) {
        if (t->dropped)
            task_end(t);
        else
            task_begin(t);
    }
}

/* --- verdict, decision --- */

static enum claim_result claim_of(const redisReply *reply)
{
    const char *word = reply->element[0]->str;
    return strcmp(word, "twin") == 0 ? CLAIM_TWIN : strcmp(word, "other") == 0 ? CLAIM_OTHER : CLAIM_HELD;
}

static void publish(struct task *t, struct decision d)
{
    struct buffer record;

    buffer_init(&record, 0);
    record_write(&t->page, d.revision, clock_unix_ms(), t->members.data, t->members.len, &record);
    buffer_fini(&t->members);
    t->members = record;
    t->decision = d;
    task_send(t);
}

static void on_verdict(void *arg, const redisReply *reply, const struct error *err)
{
    struct task *t = arg;
    struct extract_stage *x = t->x;
    struct parsed p = { .ok = true, .page_type = t->page_type, .title_hash = t->title_hash, .text_hash = t->text_hash,
                        .times_hash = t->times_hash };

    if (task_answered(t) || failed(t, err))
        return;
    leave_work(t);
    metric_observe(x->seconds, (double)(clock_mono_ms() - t->began_ms) / 1000.0);
    if (t->why_word) {
        task_dead(t, t->why_word, t->why.kind, NULL);
        tasks_pump(x);
        return;
    }
    enum claim_result claim = claim_of(reply);
    if (claim != CLAIM_HELD && reply->elements > 1 && reply->element[1]->len == ID_RAW_LEN)
        t->holder = id_from_raw((unsigned char *)reply->element[1]->str);
    struct decision d = state_decide(&t->state, &t->page, &p, claim);
    if (claim != CLAIM_HELD)
        t->claim.hex[0] = '\0'; /* somebody else's */
    if (d.action == ACTION_PUBLISH)
        publish(t, d);
    else
        task_ready(t, d);
    tasks_pump(x);
}
