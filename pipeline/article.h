/* article.h - what travels on `articles`: a record's JSON, or none when the article was removed, with CloudEvents 1.0 headers
 * in binary mode and two of our own. The extractor alone sends it; the loader and anybody else read it. docs/topics.md. */
#ifndef PIPELINE_ARTICLE_H
#define PIPELINE_ARTICLE_H

#include "base/error.h"
#include "base/hash.h"
#include "pipeline/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARTICLE_DATASCHEMA "urn:tidings:schema:article:1.0" /* ce_dataschema; $id of docs/article.schema.json */

struct article {
    struct id id;            /* the key */
    int64_t version;         /* ms */
    int64_t revision;
    bool removed;            /* a tombstone: no JSON */
    const char *url;         /* ce_subject; lent; in a read one not NUL-terminated: url_len */
    size_t url_len;
    int64_t fetched_at_ms;   /* ce_time; sending only */
    struct id alias;         /* another url id that leads here (a redirect's start); hex "" = none: tidings-alias */
    char reason[64];         /* why it was removed: tidings-reason */
    const char *json;        /* lent */
    size_t json_len;
};

/* As producer_send(); ce_source comes from source. */
bool article_send(struct producer *p, const struct article *a, const char *source, producer_delivery_fn *on_delivery, void *arg,
                  struct error *err);

/* Reads headers and key; the JSON is not looked into. Strings are lent by r. ERROR_INVALID names what is wrong. */
bool article_read(const struct record *r, struct article *a, struct error *err);

#endif
