/* door.c - see door.h. A dead letter is delivered before its record's position moves. */
#include "crawler/door.h"

#include "base/mem.h"
#include "base/url.h"
#include "crawler/sources.h"
#include "pipeline/deadletter.h"
#include "pipeline/deadletter_count.h"
#include "pipeline/inorder.h"
#include "pipeline/keys.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_MS 5000

struct door {
    struct crawl *crawl;
    struct inorder *inorder;
    void (*on_fatal)(void *arg, const struct error *err);
    void *fatal_arg;
    struct request *requests; /* all on their way */
};

struct request { /* one record on its way; freed when both we and inorder are done with it */
    struct door *door;
    struct request *prev, *next;
    struct inorder_item *item; /* NULL once dropped */
    struct record *record;
    bool waiting;              /* for an answer */
};

static struct request *request_create(struct door *d, struct inorder_item *item, struct record *r)
{
    struct request *q = xcalloc(1, sizeof(*q));
    *q = (struct request){ .door = d, .next = d->requests, .item = item, .record = r };
    if (q->next)
        q->next->prev = q;
    return d->requests = q;
}

static void request_free(struct request *q)
{
    if (q->prev)
        q->prev->next = q->next;
    else
        q->door->requests = q->next;
    if (q->next)
        q->next->prev = q->prev;
    record_release(q->record);
    free(q);
}

/* The answer came: NULL when the record was dropped meanwhile. */
static struct inorder_item *answered(struct request *q)
{
    struct inorder_item *item = q->item;
    q->waiting = false;
    if (!item)
        request_free(q);
    return item;
}

/* Its effect is the frontier's, or there is none: only the position moves on. */
static void finish(struct request *q)
{
    inorder_skip(q->item);
    request_free(q);
}

static void on_discovered(void *arg, const struct discovered *d, const struct error *err)
{
    struct request *q = arg;
    (void)d;
    struct inorder_item *item = answered(q);
    if (item && err)
        inorder_restart(item);
    else if (item)
        finish(q);
}

/* Without its dead letter the record is lost only where no dead letter will ever be made of it. */
static void settle(struct request *q, const struct error *err)
{
    struct door *d = q->door;
    if (err && err->kind == ERROR_SYSTEM) {
        d->on_fatal(d->fatal_arg, err); /* the position stays: it is read again */
        return;
    }
    if (err && err->kind != ERROR_INVALID) { /* no room now */
        inorder_restart(q->item);
        return;
    }
    deadletter_lost(q->record, err);
    finish(q);
}

static void on_deadletter(void *arg, const struct record *r, const struct error *err)
{
    struct request *q = arg;
    (void)r;
    if (!err)
        deadletter_count(q->door->crawl->redis, q->door->crawl->config->prefix, "crawl", "bad_request");
    if (answered(q))
        settle(q, err);
}

static void refuse(struct request *q, const struct error *why)
{
    struct error err;
    struct deadletter d = { .stage = "crawl", .reason = "bad_request", .message = why->message, .record = q->record };
    q->waiting = true;
    if (!deadletter_send(q->door->crawl->producer, &d, on_deadletter, q, &err))
        on_deadletter(q, NULL, &err);
}

static bool read_request(const struct record *r, struct url *url, char **source, struct error *err)
{
    json_error_t where;
    json_t *o = json_loadb(r->value ? r->value : "", r->value_len, 0, &where);
    const char *text = json_string_value(json_object_get(o, "url"));
    bool ok = false;
    if (!text)
        error_set(err, ERROR_INVALID, "request is not a JSON object with a \"url\"");
    else
        ok = url_parse(url, text, strlen(text), NULL, NULL, err);
    *source = ok ? xstrdup(json_string_value(json_object_get(o, "source"))) : NULL;
    json_decref(o);
    return ok;
}

static void on_record(void *arg, struct inorder_item *item, struct record *r)
{
    struct door *d = arg;
    struct request *q = request_create(d, item, r);
    struct url url;
    struct error err;
    char *source;
    inorder_set_work(item, q);
    if (!read_request(r, &url, &source, &err)) {
        refuse(q, &err);
        return;
    }
    if (!source || !*source || strlen(source) > SOURCE_NAME_MAX) {
        free(source);
        source = source_default_name(d->crawl->meta, url.fetch, NULL);
    }
    struct found f = { .url = &url, .source = source ? source : "requests", .via = "request", .force = true, .urgent = true };
    q->waiting = true;
    frontier_discover(d->crawl->frontier, &f, 1, on_discovered, q);
    free(source);
    url_fini(&url);
}

static void on_dropped(void *arg, void *work)
{
    struct request *q = work;
    (void)arg;
    q->item = NULL;
    if (!q->waiting)
        request_free(q);
}

/* Every record is skipped: none has a turn. */
static void on_turn(void *arg, void *work, struct inorder_item *item)
{
    (void)arg, (void)work, (void)item;
}

static void on_applied(void *arg, void *work, const redisReply *reply)
{
    (void)arg, (void)work, (void)reply;
}

static void on_door_fatal(void *arg, const struct error *err)
{
    struct door *d = arg;
    d->on_fatal(d->fatal_arg, err);
}

struct door *door_create(struct crawl *c, struct stream *s, struct redis *r, void (*on_fatal)(void *arg, const struct error *err),
                         void *arg, struct error *err)
{
    struct door *d = xcalloc(1, sizeof(*d));
    struct inorder_options o = { .topic = TOPIC_REQUESTS, .group = "crawler", .prefix = c->config->prefix };
    struct inorder_callbacks callbacks = { on_record, on_turn, on_applied, on_dropped, on_door_fatal, d };
    *d = (struct door){ .crawl = c, .on_fatal = on_fatal, .fatal_arg = arg };
    d->inorder = inorder_create(s, c->loop, r, &o, &callbacks, err);
    if (d->inorder)
        return d;
    free(d);
    return NULL;
}

void door_destroy(struct door *d)
{
    if (!d)
        return;
    inorder_destroy(d->inorder);
    while (d->requests) /* neither producer nor frontier answers any more */
        request_free(d->requests);
    free(d);
}

void door_redis_up(struct door *d)
{
    inorder_redis_up(d->inorder);
}

void door_redis_down(struct door *d)
{
    inorder_redis_down(d->inorder);
}

void door_redis_changed(struct door *d)
{
    inorder_redis_changed(d->inorder);
}

void door_drain(struct door *d, void (*done)(void *arg), void *arg)
{
    inorder_drain(d->inorder, DRAIN_MS, done, arg);
}

bool door_ready(const struct door *d)
{
    return inorder_started(d->inorder);
}
