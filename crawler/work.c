/* work.c - a claim in work, see crawl.h. */
#include "crawler/crawl.h"

#include "base/hash.h"
#include "crawler/sources.h"

#include <assert.h>

void work_begin(struct work *w, struct crawl *c, struct claim *claim, const struct work_ops *ops)
{
    *w = (struct work){ .next = c->works, .ops = ops, .crawl = c, .claim = claim, .visiting = true };
    claim->user = w;
    if (w->next)
        w->next->prev = w;
    c->works = w;
    c->work_count++;
    c->visiting_count++;
    c->changed(c);
}

static void leave(struct work *w)
{
    struct crawl *c = w->crawl;
    *(w->prev ? &w->prev->next : &c->works) = w->next;
    if (w->next)
        w->next->prev = w->prev;
    c->work_count--;
    w->ops->free(w);
    c->changed(c);
}

static void stop_visiting(struct work *w)
{
    if (w->visiting)
        w->crawl->visiting_count--;
    w->visiting = false;
}

static void handed_back(struct work *w)
{
    w->claim = NULL;
    stop_visiting(w);
    if (w->pending == 0 && w->in_pool == 0)
        leave(w);
}

void work_visited(struct work *w, int64_t sent_mono_ms, const struct host_effect *effect)
{
    if (!w->visiting)
        return;
    stop_visiting(w);
    frontier_ended(w->crawl->frontier, w->claim, sent_mono_ms, effect);
    w->crawl->changed(w->crawl);
}

void work_complete(struct work *w, const struct result *r)
{
    frontier_complete(w->crawl->frontier, w->claim, r);
    handed_back(w);
}

void work_poll_done(struct work *w, const struct poll_result *r)
{
    frontier_poll_done(w->crawl->frontier, w->claim, r);
    handed_back(w);
}

void work_abort(struct work *w)
{
    if (!w->claim)
        return;
    w->ops->abort(w);
    frontier_abandon(w->crawl->frontier, w->claim);
    handed_back(w);
}

static bool came_back(struct work *w, int *count)
{
    assert(*count > 0);
    --*count;
    if (w->claim)
        return true;
    if (w->pending == 0 && w->in_pool == 0)
        leave(w);
    return false;
}

bool work_answered(struct work *w)
{
    return came_back(w, &w->pending);
}

bool work_back_from_pool(struct work *w)
{
    return came_back(w, &w->in_pool);
}

void works_drop(struct crawl *c)
{
    for (struct work *w = c->works, *next; w; w = next) {
        next = w->next;
        work_abort(w);
    }
    for (struct work *w = c->works, *next; w; w = next) {
        next = w->next;
        w->pending = 0;
        if (w->in_pool == 0)
            leave(w);
    }
}

void work_event(const struct work *w, const char *stage, const char *what, const char *reason, json_t *more)
{
    const struct claim *c = w->claim;
    if (c->kind == CLAIM_PAGE) { /* how its address came to us: of whatever event of a page is kept, explain can tell */
        more = more ? more : json_object();
        json_object_set_new(more, "via", json_string(c->via));
        json_object_set_new(more, "discovered_at", json_integer(c->discovered_at_ms));
    }
    event_send(w->crawl->producer, &(struct event){ .url_id = c->id, .url = c->url, .source = c->source, .stage = stage, .what = what,
                                                    .reason = reason, .version = c->version, .more = more });
}

struct url_rules claim_url_rules(const struct crawl *c, const struct claim *claim)
{
    const struct source *s = sources_get(c->sources, claim->source);
    return s ? (struct url_rules){ (const char *const *)s->keep_params.items, (const char *const *)s->drop_params.items } : (struct url_rules){ 0 };
}

int64_t work_jitter_ms(const struct work *w, int64_t ms)
{
    const struct claim *c = w->claim;
    uint64_t h = hash64(c->id.hex, ID_HEX_LEN) ^ ((uint64_t)c->attempts * 0x9e3779b97f4a7c15u) ^ (uint64_t)c->version;
    return ms + (int64_t)(hash64(&h, sizeof(h)) % (uint64_t)(ms / 4 + 1));
}
