/* deadletter.h - what can never succeed, kept with all that is needed to look into it: the record's key, value and headers
 * as they were, and headers that say where it came from and why it is here. Header names: docs/topics.md. */
#ifndef PIPELINE_DEADLETTER_H
#define PIPELINE_DEADLETTER_H

#include "base/error.h"
#include "pipeline/stream.h"

#include <stdint.h>

#define DEADLETTER_HEADERS_MAX (64 * 1024) /* bytes of copied headers; the rest is cut */

struct deadletter {
    const char *stage;           /* crawl | extract | load */
    const char *reason;          /* a word: too_large, undecodable, parse_budget, crash_loop, … */
    const char *message;         /* in words; cut at 512 bytes */
    const char *url_id, *url;    /* NULL where unknown */
    const char *source;          /* NULL where unknown */
    int64_t version;             /* 0 = none */
    const struct record *record; /* the record that failed; for one that never was on a topic: key, value, headers, offset -1.
                                    A value of NULL with a value_len: left out by the caller, that long */
};

/* As producer_send(). A value too large for the topic is left out; tidings-dlq-value-bytes then says how long it was. */
bool deadletter_send(struct producer *p, const struct deadletter *d, producer_delivery_fn *on_delivery, void *arg, struct error *err);

/* Says in the log that r was passed over and why no dead letter could be made of it (ERROR_INVALID); NULL: it was made. */
void deadletter_lost(const struct record *r, const struct error *why);

/* What deadletter_send() put there. Strings are NULL where absent, valid until deadletter_fini(). */
struct deadletter_view {
    char *stage, *reason, *message, *url_id, *url, *source, *topic, *at;
    int64_t version, partition, offset; /* partition and offset -1: it never was on a topic */
    int64_t value_bytes;                /* of the original value */
    bool value_left_out;
};
void deadletter_read(const struct record *r, struct deadletter_view *out);
void deadletter_fini(struct deadletter_view *v);

#endif
