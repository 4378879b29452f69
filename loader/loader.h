/* loader.h - articles and events to Redis, for readers (docs/redis.md). The stage itself is loader_stage in
 * pipeline/stage.h; here is what its parts share and tests call.
 *
 *   articles ──> article.lua on the cache: applied only if (version, revision) is newer; position beside it
 *      `── what is no record ──> dead letter, position moves
 *   events ──> health.lua on the frontier's server: what the source's row says; a duplicate's alias on the cache */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include "base/buffer.h"
#include "pipeline/article.h"
#include "pipeline/redis.h"

struct config;

/* What the scripts need to know of one record. */
struct load {
    struct article article;      /* lent by the record */
    int64_t time_ms;             /* its place in the indexes: published_at, at most the version */
    char source[80], language[40];
    struct buffer section;       /* JSON, as in the record */
    struct id canonical;         /* url id; hex "" = none, or the same */
};

/* Reads and checks a record of `articles`. False with ERROR_INVALID; load_fini() in either case. */
bool load_read(struct load *l, const struct record *r, struct error *err);
void load_fini(struct load *l);

/* The keys and arguments of article.lua, without position, expected and next. Everything is lent by this struct or l. */
#define LOAD_KEYS_MAX 8
#define LOAD_ARGS 14
struct load_call {
    const char *argv[LOAD_KEYS_MAX + LOAD_ARGS];
    size_t lens[LOAD_KEYS_MAX + LOAD_ARGS];
    int keys, argc;
    char numbers[6][24];
    char key_text[LOAD_KEYS_MAX][192];
};
void load_call_init(struct load_call *c, const struct load *l, const struct config *config);

extern struct redis_script load_article_script, load_alias_script, load_health_script, load_evict_script;

#endif
