#include "extractor/state.h"

#include "base/mem.h"
#include "extractor/begin.lua.h"
#include "extractor/commit.lua.h"
#include "extractor/verdict.lua.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redis_script state_begin_script = { .name = "extract_begin", .source = begin_lua };
struct redis_script state_verdict_script = { .name = "extract_verdict", .source = verdict_lua };
struct redis_script state_commit_script = { .name = "extract_commit", .prelude = frontier_lib_lua, .source = commit_lua };

#define STATE_BUCKETS 64 /* of a partition; the scripts say so too */

enum { FLAG_REMOVED = 1, FLAG_CLEARED = 2, FLAG_NO_CLAIM = 4, FLAG_ELSEWHERE = 8 };

static uint64_t big_endian(const char *p, int bytes)
{
    uint64_t v = 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* The next NUL-terminated string of the tail. */
static bool tail_string(const char **at, const char *end, char *out, size_t size)
{
    const char *nul = memchr(*at, '\0', (size_t)(end - *at));

    if (!nul || (size_t)(nul - *at) >= size)
        return false;
    memcpy(out, *at, (size_t)(nul - *at) + 1);
    *at = nul + 1;
    return true;
}

static bool unpack_tail(const struct state_bytes *b, struct article_state *s)
{
    const char *at = b->tail, *end = b->tail + b->tail_len;

    return tail_string(&at, end, s->canonical_url, sizeof(s->canonical_url)) && tail_string(&at, end, s->etag, sizeof(s->etag)) &&
           tail_string(&at, end, s->last_modified, sizeof(s->last_modified));
}

/* commit.lua packs, big-endian: version I6, revision I3, title c8, text c8, times c8, flags B, generation I3; then the canonical's id. Apart:
 * canonical URL, ETag and Last-Modified, each with a NUL. */
bool state_unpack(const struct state_bytes *b, struct article_state *s)
{
    memset(s, 0, sizeof(*s));
    if (!b->fixed)
        return true;
    if (b->fixed_len < STATE_FIXED_BYTES)
        return false;
    int flags = b->fixed[33];
    s->known = true;
    s->version = (int64_t)big_endian(b->fixed, 6);
    s->revision = (int64_t)big_endian(b->fixed + 6, 3);
    memcpy(&s->title_hash, b->fixed + 9, 8);
    memcpy(&s->text_hash, b->fixed + 17, 8);
    memcpy(&s->times_hash, b->fixed + 25, 8);
    s->removed = flags & FLAG_REMOVED;
    s->cleared = flags & FLAG_CLEARED;
    s->claims = !(flags & (FLAG_REMOVED | FLAG_NO_CLAIM));
    if (flags & FLAG_ELSEWHERE) {
        if (b->fixed_len != STATE_FIXED_BYTES + ID_RAW_LEN)
            return false;
        s->canonical = id_from_raw((const unsigned char *)b->fixed + STATE_FIXED_BYTES);
    }
    return !b->tail || unpack_tail(b, s);
}

struct state_bytes state_bytes_of(const redisReply *fixed, const redisReply *tail)
{
    struct state_bytes b = { 0 };

    if (fixed->type == REDIS_REPLY_STRING)
        b.fixed = fixed->str, b.fixed_len = fixed->len;
    if (tail->type == REDIS_REPLY_STRING)
        b.tail = tail->str, b.tail_len = tail->len;
    return b;
}

bool state_load(redisContext *c, const char *prefix, int partition, const struct id *id, struct article_state *s, struct error *err)
{
    unsigned char raw[ID_RAW_LEN];
    struct key key = key_partition(prefix, partition);

    id_to_raw(id, raw);
    redisReply *fixed = redis_ask(c, err, "HGET %s:state:%d %b", key.s, raw[0] % STATE_BUCKETS, raw, (size_t)ID_RAW_LEN);
    redisReply *tail = NULL;
    if (fixed)
        tail = redis_ask(c, err, "HGET %s:long:%d %b", key.s, raw[0] % STATE_BUCKETS, raw, (size_t)ID_RAW_LEN);
    bool answered = tail != NULL, ok = false;
    if (answered) {
        struct state_bytes b = state_bytes_of(fixed, tail);
        ok = state_unpack(&b, s);
    }
    freeReplyObject(fixed);
    freeReplyObject(tail);
    if (answered && !ok)
        error_set(err, ERROR_INVALID, "the state of article %s cannot be read: written by another version of tidings?", id->hex);
    return ok;
}

static bool published(const struct article_state *s)
{
    return s->revision > 0 && !s->removed;
}

/* A second address that ended at a known article is counted as a duplicate of it. */
static enum outcome nothing_new(const struct page *p)
{
    return strcmp(p->id.hex, p->request_id.hex) != 0 ? OUTCOME_DUPLICATE : OUTCOME_UNCHANGED;
}

static struct decision decide_gone(const struct article_state *s, const struct page *p)
{
    if (published(s))
        return (struct decision){ ACTION_REMOVE, OUTCOME_REMOVED, NULL, s->revision };
    if (s->removed)
        return (struct decision){ ACTION_NONE, nothing_new(p), NULL, 0 };
    return (struct decision){ ACTION_NONE, OUTCOME_FAILED, "gone", 0 };
}

bool state_decide_early(const struct article_state *s, const struct page *p, struct decision *d)
{
    bool again = p->reextract && p->version == s->version;

    if (s->known && p->version <= s->version && !again) {
        *d = (struct decision){ ACTION_DONE, nothing_new(p), NULL, 0 };
        return true;
    }
    if (!p->gone)
        return false;
    *d = decide_gone(s, p);
    return true;
}

struct decision state_decide(const struct article_state *s, const struct page *p, const struct parsed *parsed,
                             enum claim_result claim)
{
    if (parsed->page_type != PAGE_ARTICLE)
        return (struct decision){ ACTION_NONE, OUTCOME_NOT_ARTICLE, page_type_name(parsed->page_type), 0 };
    if (claim == CLAIM_TWIN && !published(s))
        return (struct decision){ ACTION_NONE, OUTCOME_DUPLICATE, NULL, 0 };
    bool same = s->title_hash == parsed->title_hash && s->text_hash == parsed->text_hash && s->times_hash == parsed->times_hash;
    if (published(s) && !s->cleared && same)
        return (struct decision){ ACTION_UNCHANGED, nothing_new(p), NULL, s->revision };
    return (struct decision){ ACTION_PUBLISH, s->revision > 0 ? OUTCOME_UPDATED : OUTCOME_ARTICLE, NULL, s->revision + 1 };
}

struct decision state_decide_dead(void)
{
    return (struct decision){ ACTION_DEAD, OUTCOME_DEADLETTERED, NULL, 0 };
}
