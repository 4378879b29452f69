/* crawl.h - what every piece of the crawler's work stands on, and what a piece of work is. Made by crawler.c; everything
 * on the loop's thread. */
#ifndef CRAWLER_CRAWL_H
#define CRAWLER_CRAWL_H

#include "config/config.h"
#include "crawler/fetch.h"
#include "crawler/frontier.h"
#include "crawler/gate.h"
#include "crawler/schedule.h"
#include "pipeline/budget.h"
#include "pipeline/event.h"
#include "pipeline/meta.h"
#include "pipeline/stream.h"

#include <stdbool.h>
#include <uv.h>

#define ROBOTS_AGENT "tidings"                   /* the product token that robots.txt may name */
#define PAGE_READ_MAX (8u << 20)                 /* bytes of a page without content-coding, before our framing */
#define FEED_READ_MAX (8u << 20)                 /* of feeds and front pages, sent and decoded */
#define SITEMAP_READ_MAX (50u << 20)             /* of sitemaps (sitemaps.org: 50 MB) */
#define FETCH_READ_MAX SITEMAP_READ_MAX          /* the largest of them: the fetcher's reserve */

struct redis;
struct robots_cache;
struct readers;
struct sources;
struct blocked;
struct ends;
struct contents;
struct websub;

struct crawl {
    uv_loop_t *loop;
    const struct config *config;       /* borrowed */
    const struct meta *meta;           /* borrowed */
    struct redis *redis;               /* borrowed; the frontier's server */
    struct frontier *frontier;
    struct fetcher *fetcher;
    struct gate *gate;
    struct robots_cache *robots;
    struct readers *readers;
    struct producer *producer;
    struct sources *sources;
    struct websub *websub;             /* NULL: off */
    struct pace pace;                  /* of polls */
    struct blocked *blocked;           /* sources that let us in no more */
    struct ends *ends;                 /* where their redirects end */
    struct contents *contents;         /* of feeds, for pages that are blocked */
    struct budget *budget;
    struct work *works;                /* all that is in work */
    size_t work_count, visiting_count; /* visiting: those whose transfers are not over */
    struct page_fetch *unsent, **unsent_tail; /* pages that wait for room in the producer */
    size_t read_max_bytes;             /* the largest body a request may ask for: the fetcher's reserve */
    bool draining;                     /* takes nothing new */
    void (*changed)(struct crawl *c);  /* room may have changed, or a work is gone */
};

/* A claim in work. It stays in the list, and in memory, until the claim was handed back and nothing that knows of it is
 * still to be called: then ops->free. */
struct work;
struct work_ops {
    const char *name;
    bool (*transferring)(const struct work *w); /* a request is out */
    void (*abort)(struct work *w);              /* drop transfers and waits; the claim is then abandoned by work_abort() */
    void (*free)(struct work *w);
};
struct work {
    struct work *prev, *next;
    const struct work_ops *ops;
    struct crawl *crawl;
    struct claim *claim;               /* NULL once handed back */
    bool visiting;                     /* its transfers are not over */
    int pending;                       /* answers of frontier and producer to come: none after their destruction */
    int in_pool;                       /* jobs in libuv's pool: always come back */
};

void work_begin(struct work *w, struct crawl *c, struct claim *claim, const struct work_ops *ops);
/* The transfers are over: tells the frontier, and makes room for another claim. Once; later calls do nothing. */
void work_visited(struct work *w, int64_t sent_mono_ms, const struct host_effect *effect);
/* These hand the claim back; w may be gone when they return. */
void work_complete(struct work *w, const struct result *r);
void work_poll_done(struct work *w, const struct poll_result *r);
void work_abort(struct work *w);       /* the partition was lost, or drain has no more time */
/* An answer or job came back: counts it down. Returns false when w is nobody's any more (its claim was handed back); it may
 * be gone then. */
bool work_answered(struct work *w);
bool work_back_from_pool(struct work *w);
/* Frontier and producer will call nothing any more: aborts everything and frees what is not in the pool. */
void works_drop(struct crawl *c);

/* An event about the claim's URL. more is stolen. */
void work_event(const struct work *w, const char *stage, const char *what, const char *reason, json_t *more);

/* What the claim's source says of parameters; lent until the next turn of the loop. */
struct url_rules claim_url_rules(const struct crawl *c, const struct claim *claim);

/* ms and up to a quarter more; the same for the same claim and try, so that a test can know it. */
int64_t work_jitter_ms(const struct work *w, int64_t ms);

#endif
