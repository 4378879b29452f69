/* publish.c - what was decided about a page is said: on `articles` or `deadletters`, then, after the delivery report and in
 * offset order, in the state; last as an event. */
#include "extractor/task.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "pipeline/article.h"
#include "pipeline/deadletter.h"
#include "pipeline/deadletter_count.h"
#include "pipeline/event.h"
#include "pipeline/keys.h"
#include "pipeline/recheck.h"
#include "pipeline/shape.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- producing --- */

static void on_produced(void *arg, const struct record *r, const struct error *err)
{
    struct task *t = arg;
    struct extract_stage *x = t->x;

    (void)r;
    if (task_answered(t))
        return;
    if (!err) {
        if (t->decision.action == ACTION_DEAD)
            deadletter_count(x->redis, x->env.config->prefix, "extract", t->why_word);
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
void task_send(struct task *t)
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

void tasks_on_space(void *arg)
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
    tasks_pump(x); /* a dropped one may have kept the next of its id waiting */
}

/* message NULL: t->why is filled already. */
void task_dead(struct task *t, const char *word, enum error_kind kind, const char *message)
{
    if (message) {
        t->why.kind = kind;
        snprintf(t->why.message, sizeof(t->why.message), "%s", message);
    }
    t->why_word = word;
    t->decision = state_decide_dead();
    log_warn("page refused url=%s reason=%s text=%s", log_quote(t->readable ? t->page.url : NULL), word, log_quote(t->why.message));
    task_send(t);
}

/* --- commit --- */

static const char *const action_words[] = { "none", "done", "publish", "unchanged", "remove", "dead" };

/* How long until the page is looked at again; 0 = not. Only what is published and can change: also when it shows something else
 * for once (a consent wall, an error called 200). */
static int64_t recheck_of(const struct task *t, int *step)
{
    enum action a = t->decision.action;
    bool stays = a == ACTION_NONE && !t->page.gone && t->state.revision > 0 && !t->state.removed;

    *step = 0;
    if (a != ACTION_PUBLISH && a != ACTION_UNCHANGED && !stays)
        return 0;
    return recheck_in_ms(t->page.fetched_at_ms - t->page.discovered_at_ms, step);
}

struct commit_args {
    const char *argv[32];
    size_t lens[32];
    int argc;
    char numbers[7][24];
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
    assert(c->number_count < (int)COUNT(c->numbers));
    char *text = c->numbers[c->number_count++];
    add(c, text, (size_t)snprintf(text, sizeof(c->numbers[0]), "%" PRId64, n));
}

void task_on_turn(void *arg, void *work, struct inorder_item *it)
{
    struct extract_stage *x = arg;
    struct task *t = work;
    const struct page *p = &t->page;
    unsigned char id[ID_RAW_LEN], request[ID_RAW_LEN], claim[ID_RAW_LEN];
    char outcome[LEDGER_FIELD_MAX];
    struct url canonical = { 0 };
    struct place other = { 0 };
    int step;
    int64_t recheck = recheck_of(t, &step);
    struct key partition = key_partition(x->env.config->prefix, p->request_partition);
    struct commit_args c = { 0 };
    struct shape shape;
    bool learns = p->via && strcmp(p->via, "front") == 0 && shape_of(p->request_url ? p->request_url : p->url, &shape);

    id_to_raw(&p->id, id);
    id_to_raw(&p->request_id, request);
    if (t->claim.hex[0])
        id_to_raw(&t->claim, claim);
    ledger_field(outcome, t->decision.outcome, t->decision.detail);
    const char *before = t->state.canonical_url;
    if (before[0] && url_parse(&canonical, before, strlen(before), NULL, NULL, NULL))
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
    add_text(&c, t->place.budget, 256);
    add_text(&c, t->place.domain, 256);
    add_number(&c, p->discovered_at_ms);
    add_text(&c, t->canonical_budget ? t->canonical_budget : other.budget ? other.budget : t->place.budget, 256);
    add_text(&c, x->env.config->extractor.site_memory ? t->url.host : "", 256);
    add(&c, t->doubted, t->doubted_len);
    add_number(&c, p->version / MEMORY_GENERATION_MS);
    add(&c, shape.hashes, learns ? sizeof(shape.hashes) : 0);
    inorder_apply(it, &state_commit_script, 2, c.argc, c.argv, c.lens);
    place_fini(&other);
    url_fini(&canonical);
}

static void tell(struct task *t, bool newer)
{
    const struct page *p = &t->page;
    const char *detail = t->why_word ? t->why_word : t->decision.detail;
    struct event e = { .url_id = p->request_id, .url = p->request_url ? p->request_url : p->url, .source = p->source,
                       .stage = "extract",
                       .what = outcome_name(t->decision.outcome), .reason = detail ? detail : t->detail, .version = p->version };

    bool twin = t->holder.hex[0] && t->decision.outcome == OUTCOME_DUPLICATE;
    e.more = json_pack("{s:s}", "article", twin ? t->holder.hex : p->id.hex);
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

void task_on_applied(void *arg, void *work, const redisReply *reply)
{
    struct extract_stage *x = arg;
    struct task *t = work;
    bool newer = reply->elements > 1 && reply->element[1]->str && strcmp(reply->element[1]->str, "newer") == 0;

    metric_add(x->outcomes[t->decision.outcome], 1);
    tell(t, newer);
    task_end(t);
    tasks_pump(x);
}
