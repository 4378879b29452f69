/* reader.h - reads the body of a feed, sitemap or front page in libuv's pool, a bounded number at once, under a deadline:
 *
 *   body as sent ──decode, charset, parse──> items ──url_parse, scope, dates──> what frontier_discover() takes
 *
 * The loop only hands over and takes back. */
#ifndef CRAWLER_READER_H
#define CRAWLER_READER_H

#include "crawler/fetch.h"
#include "crawler/frontier.h"
#include "crawler/scope.h"

struct readers;
struct reading;

#define READING_ITEMS_MAX 20000   /* of one document; more are left out, with a warning */
#define READING_PARTS_MAX 200     /* of a sitemap index that are watched */
#define READING_FEEDS_MAX 20

struct reading_item {
    struct url url;               /* owned */
    const char *filtered;         /* NULL: to be fetched */
    int64_t dated_ms;             /* 0: not told */
    char *hints;                  /* owned; NULL: none */
    size_t order;                 /* its place in the document */
    char *content;                /* want_contents: the whole article as HTML; owned; NULL: the feed has only its beginning */
};

struct reading_part {             /* of a sitemap index */
    char *url;                    /* owned, fetch form */
    int64_t dated_ms;             /* lastmod; 0: not told */
};

struct reading {
    /* What to read. */
    enum claim_kind kind;         /* CLAIM_FEED, CLAIM_SITEMAP, CLAIM_FRONT or CLAIM_DISCOVERY (as a front page) */
    struct fetch_body body;       /* taken over */
    char *url, *content_type, *content_encoding; /* owned */
    struct scope *scope;          /* a reference */
    char *shapes;                 /* of a front page: what was learned of its source's addresses (choose.h); owned, NULL: nothing */
    size_t shapes_len;
    bool want_contents;           /* of a feed: items with what it says of each */
    bool first;                   /* nothing of it was read before: the backfill's bounds on numbers hold */
    void (*done)(void *arg, struct reading *r); /* from the loop; then reading_free() is the callee's */
    void *arg;
    /* What was read. */
    const char *format;           /* "rss", "sitemapindex", "html" …; "unknown" */
    struct reading_item *items;
    size_t item_count;
    struct reading_part *parts;
    size_t part_count;
    char *feeds[READING_FEEDS_MAX], *feed_lists[READING_FEEDS_MAX]; /* of a front page: feeds, pages that may list feeds */
    size_t feed_count, feed_list_count;
    char *sitemaps[READING_FEEDS_MAX];
    size_t sitemap_count;
    char *hub, *self;             /* WebSub of a feed: owned; NULL: not told. What the caller sets stays */
    int64_t hint_ms;              /* how often it asks to be read; 0: not told */
    char warning[160];            /* "" = none */
    const char *wall;             /* what it is instead (wall.h): static; NULL: none */
    /* The pool's. */
    struct readers *readers;
    struct reading *next;
    uv_work_t work;
};

/* at_once: documents read at the same time. */
struct readers *readers_create(uv_loop_t *loop, int at_once);
/* Freed when what is being read has ended. done is called for all, now for those not begun. NULL is fine */
void readers_destroy(struct readers *rs);
void reading_submit(struct readers *rs, struct reading *r); /* r on the heap; the reader's until done, which is always called */
void reading_free(struct reading *r);

/* Adds an address as found (len bytes, against r->url). hints is taken over; NULL: none. False when there is no room for more. */
bool reading_add(struct reading *r, const char *url, size_t len, int64_t dated_ms, char *hints, int64_t now_unix_ms);

/* Only reads: what reading_submit() does in the pool. For tests and commands. */
void reading_run(struct reading *r, int64_t now_unix_ms);

#endif
