/* sources.h - the sources this installation watches: those of the configuration file and those added while running. A row
 * of each lies in Redis (PREFIX:source:<name>), so that all crawlers and `tidings sources` see the same.
 *
 *   file ──sources_sync()──┐
 *   `tidings sources add` ─┴─> rows ──version counter──> every crawler re-reads ──on_changed()──> polls
 *
 * A source of the file wins over an added one of the same name or address. A paused or removed source keeps no poll due.
 * Belongs to the loop, like the frontier. */
#ifndef CRAWLER_SOURCES_H
#define CRAWLER_SOURCES_H

#include "base/error.h"
#include "config/config.h"
#include "pipeline/meta.h"
#include "pipeline/redis.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source {
    char *name;               /* unique; what the ledger, records and keys call it */
    char *url;                /* the address it was added by */
    char *title;              /* NULL */
    char *timezone, *language;/* NULL */
    char *backfill;           /* NULL: the setting's */
    int64_t interval_ms;      /* 0: chosen */
    struct config_list feeds, sitemaps, keep_params, drop_params;
    bool from_file, paused;
};

struct sources;

struct sources_callbacks {
    /* A source is new or was changed or resumed: see that its polls exist (frontier_poll_put()). */
    void (*on_source)(void *arg, const struct source *s);
    /* It was removed or paused: its polls are gone already. */
    void (*on_gone)(void *arg, const char *name);
    void *arg;
};

/* config is borrowed; r too. Nothing is read before sources_start(). */
struct sources *sources_create(uv_loop_t *loop, const struct config *config, const struct meta *meta, struct redis *r,
                               const struct sources_callbacks *callbacks);
/* Writes the file's sources to Redis and reads all rows, then watches for changes (within 2 s). */
void sources_start(struct sources *s);
void sources_destroy(struct sources *s);               /* closes its handles; the loop must still run */
const struct source *sources_get(const struct sources *s, const char *name); /* NULL: unknown; lent until the next turn of the loop */
size_t sources_count(const struct sources *s);
bool sources_ready(const struct sources *s);           /* rows have been read */
/* The configuration was read again (SIGHUP): sources that left the file are removed. */
void sources_reload(struct sources *s, const struct config *config);

/* The name a source gets when none is given: the registrable domain of its address. The caller frees it; NULL with the
 * reason when url is no address. */
char *source_default_name(const struct meta *meta, const char *url, struct error *err);

/* --- for commands: blocking, while crawlers run or not --- */

bool source_add(redisContext *c, const char *prefix, const struct source *s, struct error *err); /* ERROR_INVALID: there is one */
/* ERROR_INVALID names why not: unknown, or of the file (says where to edit). */
bool source_remove(redisContext *c, const char *prefix, const char *name, struct error *err);
bool source_pause(redisContext *c, const char *prefix, const char *name, bool paused, struct error *err);
/* An array of rows: {"name", "url", "origin": file|added, "state": active|paused, "last_poll_at", "last_new_at", "status",
 * "errors", "polls", "items", …}; times as Unix milliseconds, left out where never. */
json_t *source_list(redisContext *c, const char *prefix, struct error *err);

#endif
