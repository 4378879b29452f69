/* event.h - one line of the crawl log: what happened to one URL at one stage. Events tell the story; they are never summed.
 * They are sent without waiting; when the queue is full they are dropped and counted (tidings_events_dropped_total).
 *
 *     {"at": "2026-11-25T08:59:16.123Z", "url_id": "…", "url": "https://…", "source": "…", "stage": "fetch",
 *      "what": "fetched", "reason": "…", "version": 1764061156123, …more}
 *
 * What has no value is left out. docs/topics.md names the fields that each kind adds. */
#ifndef PIPELINE_EVENT_H
#define PIPELINE_EVENT_H

#include "base/error.h"
#include "base/hash.h"
#include "pipeline/stream.h"

#include <jansson.h>

struct event {
    struct id url_id;       /* the key; id of the requested URL; "" = of no URL */
    const char *url;
    const char *source;     /* NULL where unknown */
    const char *stage;      /* discover | robots | fetch | extract | publish | load | poll */
    const char *what;       /* accepted, filtered, claimed, fetched, not_modified, denied, failed, redirected, article, updated,
                               unchanged, removed, duplicate, not_article, deadlettered, loaded, stale, polled, gone … */
    const char *reason;     /* one word or phrase; NULL */
    int64_t version;        /* 0 = none */
    json_t *more;           /* further fields; stolen; NULL = none */
};

void event_send(struct producer *p, const struct event *e);

/* The JSON of a record of `events`: a new reference. NULL with ERROR_INVALID when it is none (another writer's). */
json_t *event_read(const struct record *r, struct error *err);

#endif
