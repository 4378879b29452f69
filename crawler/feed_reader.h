/* feed_reader.h - what feed.c, sitemap.c, feed_xml.c and feed_json.c share, and nobody else includes: one reader takes text in
 * pieces and hands over items; the forms differ in who feeds it.
 *
 *   feed.c     whole body, any charset --.                       .--> feed_xml.c  (RSS, RDF, Atom, sitemaps)
 *   sitemap.c  stream, decoded        ---+--> struct feed_draft <+--> feed_json.c
 *                                                                `--> sitemap.c's lines of text
 */
#ifndef CRAWLER_FEED_READER_H
#define CRAWLER_FEED_READER_H

#include "base/buffer.h"
#include "crawler/feed.h"

#define FEED_AUTHORS_MAX 32

/* What is known of the feed and of the item in work. The strings of info are owned here (char *). */
struct feed_draft {
    struct feed info;        /* items and item_count stay empty */
    const char *base;        /* owned copy of the caller's, or NULL */
    bool (*on_item)(void *arg, const struct feed_item *item); /* false: no more */
    void *arg;
    bool stopped;
    unsigned long item_number; /* from 1, in warnings */

    struct buffer url, id, title, summary, content, language;
    struct date published, modified;
    bool has_published, has_modified;
    char *authors[FEED_AUTHORS_MAX]; /* owned */
    size_t author_count;
};

void feed_draft_init(struct feed_draft *d, const char *base, bool (*on_item)(void *, const struct feed_item *), void *arg);
void feed_draft_fini(struct feed_draft *d);
void feed_warn(struct feed_draft *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void feed_item_begin(struct feed_draft *d);
/* Hands the item over; one without an address is dropped, with a warning. */
void feed_item_end(struct feed_draft *d);
/* Adds the names in text (plain): "mail (Name)", "Name <mail>", "Name"; a mail address alone is no name. */
void feed_add_author(struct feed_draft *d, const char *text, size_t len);
/* Reads text as a date into *out; an unreadable one is a warning that names `what`. */
bool feed_read_date(struct feed_draft *d, const char *what, const char *text, size_t len, struct date *out);
/* Replaces *slot, an owned string. */
void feed_set(const char **slot, char *owned);
/* text as an absolute address (owned), or NULL. base NULL: the feed's own. */
char *feed_address(const struct feed_draft *d, const char *text, size_t len, const char *base);

/* --- XML --- */

struct feed_xml;
struct feed_xml *feed_xml_create(struct feed_draft *d); /* d is borrowed */
bool feed_xml_push(struct feed_xml *x, const char *text, size_t len);
void feed_xml_finish(struct feed_xml *x);
void feed_xml_destroy(struct feed_xml *x);

/* --- JSON --- */

void feed_json_read(struct feed_draft *d, const char *text, size_t len);

#endif
