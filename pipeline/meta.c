/* meta.c - PREFIX:meta and the suffix list. Everything is written with "only if it is not there", so that of two first
 * processes one wins and the other reads what it wrote. */
#include "pipeline/meta.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "base/mem.h"
#include "pipeline/keys.h"
#include "pipeline/redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTHING_HERE "this Redis has nothing of tidings yet (no key %s): start a crawler or `tidings run`, or name another one: redis.frontier, prefix"
#define PARTITIONS_DEFAULT 256
#define PARTITIONS_MAX 4096
#define LIST_MAX (4u << 20) /* the list has about 300 KB */

struct meta {
    int partitions;
    struct suffix_list *list; /* owned */
};

static bool read_list(struct buffer *out, struct error *err)
{
    const char *path = suffix_list_path();
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!file)
        return error_set(err, ERROR_SYSTEM, "cannot read the public suffix list %s: %s; install the package publicsuffix",
                         path ? path : "", path ? strerror(errno) : "not installed");
    char block[16384];
    size_t n;
    bool ok = true;
    while (ok && (n = fread(block, 1, sizeof(block), file)) > 0)
        ok = buffer_append(out, block, n);
    ok = ok && !ferror(file);
    fclose(file);
    return ok || error_set(err, ERROR_SYSTEM, "cannot read the public suffix list %s whole", path);
}

/* Writes the distribution's list unless one is there. */
static bool seed_list(redisContext *c, const char *prefix, struct error *err)
{
    struct buffer text;
    buffer_init(&text, LIST_MAX);
    redisReply *reply = NULL;
    if (read_list(&text, err))
        reply = redis_ask(c, err, "SET %s %b NX", key_suffix_list(prefix).s, text.data, text.len);
    buffer_fini(&text);
    if (reply)
        freeReplyObject(reply);
    return reply != NULL;
}

static struct suffix_list *load_list(redisContext *c, const char *prefix, bool create, struct error *err)
{
    struct suffix_list *list = NULL;
    redisReply *reply = redis_ask(c, err, "GET %s", key_suffix_list(prefix).s);
    if (reply && reply->type == REDIS_REPLY_NIL && create) {
        freeReplyObject(reply);
        reply = seed_list(c, prefix, err) ? redis_ask(c, err, "GET %s", key_suffix_list(prefix).s) : NULL;
    }
    if (reply && reply->type == REDIS_REPLY_STRING) {
        list = suffix_list_parse(reply->str, reply->len, err);
        if (!list)
            error_prefix(err, "the public suffix list at %s in Redis", key_suffix_list(prefix).s);
    } else if (reply) {
        error_set(err, ERROR_INVALID, NOTHING_HERE,
                  key_meta(prefix).s);
    }
    if (reply)
        freeReplyObject(reply);
    return list;
}

/* There is no conversion: what is open is lost on neither side, as long as the program that wrote the keys finishes it. */
static bool refuse_layout(const char *key, const char *got, struct error *err)
{
    if (atoi(got) > atoi(META_LAYOUT))
        return error_set(err, ERROR_SYSTEM, "this Redis holds keys of layout %s, written by a newer tidings; this one knows layout %s "
                         "(key %s): run that version here", got, META_LAYOUT, key);
    return error_set(err, ERROR_SYSTEM, "this Redis holds keys of layout %s, written by an older tidings; this one needs layout %s "
                     "(key %s): start afresh with another prefix, an empty Redis or, for `tidings run`, another state directory; or go on "
                     "with the older version", got, META_LAYOUT, key);
}

/* Field of PREFIX:meta: what is stored must be what this program needs; want NULL: take what is there. */
static bool agree(redisContext *c, const char *prefix, const char *field, const char *want, bool create, char got[32],
                  struct error *err)
{
    struct key meta = key_meta(prefix);
    redisReply *reply;
    if (create && want) {
        reply = redis_ask(c, err, "HSETNX %s %s %s", meta.s, field, want);
        if (!reply)
            return false;
        freeReplyObject(reply);
    }
    reply = redis_ask(c, err, "HGET %s %s", meta.s, field);
    if (!reply)
        return false;
    snprintf(got, 32, "%s", reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    if (!got[0])
        return error_set(err, ERROR_INVALID,
                         NOTHING_HERE, meta.s);
    if (want && strcmp(got, want) != 0 && strcmp(field, "layout") == 0)
        return refuse_layout(meta.s, got, err);
    if (want && strcmp(got, want) != 0)
        return error_set(err, ERROR_SYSTEM,
                         "this Redis was set up with %s %s, this program or its configuration has %s (key %s): use the same, or "
                         "another redis.frontier or prefix", field, got, want, meta.s);
    return true;
}

struct meta *meta_load(redisContext *c, const char *prefix, int partitions, bool create, struct error *err)
{
    char want[32], got[32];
    snprintf(want, sizeof(want), "%d", partitions > 0 ? partitions : PARTITIONS_DEFAULT);
    if (!agree(c, prefix, "key_form", META_KEY_FORM, create, got, err) || !agree(c, prefix, "layout", META_LAYOUT, create, got, err) ||
        !agree(c, prefix, "partitions", partitions > 0 || create ? want : NULL, create, got, err))
        return NULL;
    int stored = atoi(got);
    if (stored < 1 || stored > PARTITIONS_MAX) {
        error_set(err, ERROR_SYSTEM, "%s says %s partitions: expected 1 to %d", key_meta(prefix).s, got, PARTITIONS_MAX);
        return NULL;
    }
    struct suffix_list *list = load_list(c, prefix, create, err);
    if (!list)
        return NULL;
    struct meta *m = xcalloc(1, sizeof(*m));
    m->partitions = stored;
    m->list = list;
    return m;
}

void meta_destroy(struct meta *m)
{
    if (!m)
        return;
    suffix_list_destroy(m->list);
    free(m);
}

int meta_partitions(const struct meta *m)
{
    return m->partitions;
}

const struct suffix_list *meta_suffix_list(const struct meta *m)
{
    return m->list;
}

struct place place_of(const struct meta *m, const char *host, int port)
{
    struct place p;
    p.domain = suffix_domain(m->list, host, port);
    p.budget = suffix_budget(m->list, host, port);
    p.partition = (int)(hash64(p.domain, strlen(p.domain)) % (uint64_t)m->partitions);
    return p;
}

void place_fini(struct place *p)
{
    free(p->domain);
    free(p->budget);
    p->domain = p->budget = NULL;
}
