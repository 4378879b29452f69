/* page.h - what travels on `pages`: a body exactly as the server sent it, and what is known about it in headers. Header
 * names are docs/topics.md's. */
#ifndef PIPELINE_PAGE_H
#define PIPELINE_PAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/hash.h"
#include "pipeline/stream.h"

#include <stdint.h>
#include <strings.h>

/* Strings are NULL where absent. In a page made by page_read() they live in an allocation of its own: page_fini(). */
struct page {
    struct id id;              /* key: the id of the URL that answered */
    const char *url;           /* that URL, fetch form */
    struct id request_id;      /* the requested URL, whose open request this answers (the same without a redirect) */
    const char *request_url;
    int request_partition;     /* frontier partition of both */
    int64_t version;           /* from the claim */
    int64_t opened_at_ms;      /* when the open request was opened, Redis time; 0: a re-check, nothing is open */
    bool reextract;            /* of that very version */
    const char *source;        /* name */
    const char *source_name;   /* as shown to readers */
    const char *timezone;      /* the source's, IANA or "+07:00" */
    const char *language;      /* the source's, for pages that name none (BCP 47) */
    const char *body_from;     /* "feed": the page is blocked, the body is what the feed carries */
    const char *include, *exclude; /* the source's rules: selectors, several with commas */
    const char *via;           /* feed | sitemap | front | request | recheck | replay */
    int status;                /* HTTP status; 410 or 404 and no body: gone */
    bool gone;
    int64_t discovered_at_ms, fetched_at_ms; /* Unix time */
    const char *content_type, *content_encoding, *framed; /* framed: "zstd" where we compressed a plain body */
    const char *content_language, *etag, *last_modified, *x_robots_tag, *tdm_reservation;
    const char *hint_title, *hint_summary, *hint_published, *hint_authors; /* from the feed; at most 1 KiB together */
    const void *body;
    size_t body_len;
    void *memory;              /* owned; freed by page_fini() */
};

/* A body that the server coded travels as it is; any other in a zstd frame of ours of this level (measured: the ratio of gzip at
 * 400 MB/s). Neither may be larger than crawler.max_body_bytes then. */
#define PAGE_FRAME_LEVEL 3
static inline bool page_is_coded(const char *content_encoding)
{
    return content_encoding && *content_encoding && strcasecmp(content_encoding, "identity") != 0;
}

/* Fills p from r; body is lent by r, the strings are p's own. ERROR_INVALID names the header that is missing or wrong. */
bool page_read(const struct record *r, struct page *p, struct error *err);
void page_fini(struct page *p);
/* Sends p. As producer_send(). */
bool page_send(struct producer *producer, const struct page *p, producer_delivery_fn *on_delivery, void *arg, struct error *err);

#endif
