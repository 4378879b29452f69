/* sources.h - the sources this installation watches: those of the configuration file and those added while running. A row
 * of each lies in Redis (PREFIX:source:<name>), so that all crawlers and `tidings sources` see the same.
 *
 *   file ─sources_start()──┐
 *   `tidings sources add` ─┴─> rows ──version counter──> every crawler re-reads ──on_changed()──> polls
 *
 * A source of the file wins over an added one of the same name or address. A paused or removed source keeps no poll due.
 * Sources whose addresses lead to one site are merged: one that is not paused, the file's, else the oldest, takes over the polls of the others, which
 * stay listed and are watched on their own again when it goes.
 * Belongs to the loop, like the frontier. */
#ifndef CRAWLER_SOURCES_H
#define CRAWLER_SOURCES_H

#include "base/error.h"
#include "base/hash.h"
#include "base/url.h"
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
    struct config_list feeds, sitemaps, keep_params, drop_params, include, exclude;
    bool from_file, paused;
    /* Filled in by what reads and adds sources. */
    struct id id;             /* of url's key form: two sources of one id watch the same */
    char *file;               /* with from_file: the configuration that names it */
    char *site;               /* the address that answered, when it is another one; NULL */
    struct id site_id;        /* of site, else id: sources that end at one site are one, see same_as */
    int64_t added_at_ms;
    const char *same_as;      /* the source that watches this site already; NULL: none does. Lent */
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
/* The address of this source led to site. */
void sources_answered(struct sources *s, const char *name, const struct url *site);
/* The configuration was read again (SIGHUP): sources that left the file are removed. config is borrowed from now on. */
void sources_reload(struct sources *s, const struct config *config);
/* Redis is another one or was restarted: rows and polls may be older than what is known. All is read, written and told again. */
void sources_redis_changed(struct sources *s);

/* The name a source gets when none is given: the registrable domain of its address. The caller frees it; NULL with the
 * reason when url is no address. */
char *source_default_name(const struct meta *meta, const char *url, struct error *err);

bool source_name_check(const char *name, struct error *err); /* ERROR_INVALID: says what a name is */

/* --- for commands: blocking, while crawlers run or not --- */

/* s->id, file and from_file need not be set. ERROR_INVALID: there is one of this name or address, or it cannot be one. */
bool source_add(redisContext *c, const char *prefix, const struct source *s, struct error *err);
/* Many in few calls, paused ones as such. refused() is told those that source_add() would refuse; false with err when Redis fails. */
bool source_add_all(redisContext *c, const char *prefix, const struct source *list, size_t count,
                    void (*refused)(void *arg, size_t i, const struct error *why), void *arg, struct error *err);
/* ERROR_INVALID names why not: unknown, or of the file (says where to edit). */
bool source_remove(redisContext *c, const char *prefix, const char *name, struct error *err);
bool source_pause(redisContext *c, const char *prefix, const char *name, bool paused, struct error *err);
/* An array of rows, by name: {"name", "url", "origin": file|added, "state": active|paused, "added_at", "last_poll_at",
 * "last_ok_at", "last_new_at", "status", "errors", "items", "last_article_at", "last_error", …}; times as Unix milliseconds,
 * left out where never; "same_as": the source it is merged with; "shared": [{"url", "with"}], its documents that are polled for another; "feeds", "sitemaps", "keep_params", "drop_params" as arrays, left out where empty. */
json_t *source_list(redisContext *c, const char *prefix, struct error *err);

/* Frees what s owns, not s. */
void source_fini(struct source *s);

#endif
