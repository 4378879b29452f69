/* state.h - what the extractor remembers of each article, on the frontier's server, and what it decides by it. Private
 * (docs/redis.md). Keys of a frontier partition PREFIX:{p}, ids as their 16 bytes:
 *
 *   PREFIX:{p}:state:<b>   id -> version, revision, hashes of title, text and times, flags, generation of memory.h that it is judged
 *                          by, the canonical it has claimed if it is another address (b: first byte of the id modulo 64)
 *   PREFIX:{p}:long:<b>    id -> that canonical's URL, ETag, Last-Modified; only where there is one
 *   PREFIX:{p}:canon:<b>   canonical -> who was first to claim it, hashes of its title and text, version. Who is published under
 *                          its own address has none here: its state says so
 *   PREFIX:{p}:working     pages between their first decoded byte and their verdict: by whom, deaths alone
 *
 * Three scripts a page: begin.lua (state; in work) → parse → verdict.lua (no longer in work; claim of the canonical) →
 * decide → produce → delivery report → commit.lua (state, claims, outcome, re-check, position: pipeline/inorder.h). */
#ifndef EXTRACTOR_STATE_H
#define EXTRACTOR_STATE_H

#include "base/error.h"
#include "base/hash.h"
#include "extractor/parse.h"
#include "pipeline/ledger.h"
#include "pipeline/page.h"
#include "pipeline/redis.h"

#include <stdbool.h>
#include <stdint.h>

#define STATE_FIXED_BYTES 37      /* of the packed value; the id of a canonical elsewhere may follow */
#define STATE_DEATHS_MAX 3        /* alone, then the record is a dead letter */

struct article_state {
    bool known;
    int64_t version;
    int64_t revision;             /* 0: never published */
    bool removed;
    bool cleared;                 /* the hashes stand for nothing: the next page is published whatever it says */
    uint64_t title_hash, text_hash, times_hash;
    bool claims;                  /* its canonical address is its: its own, or: */
    struct id canonical;          /* another one; hex "": none */
    char canonical_url[2049];
    char etag[257], last_modified[65];
};

struct state_bytes {              /* as stored; NULL: nothing */
    const char *fixed, *tail;
    size_t fixed_len, tail_len;
};
/* Unpacks what is stored; false when it is none of ours. */
bool state_unpack(const struct state_bytes *b, struct article_state *s);
/* From the replies that begin.lua, or two HGET, give. */
struct state_bytes state_bytes_of(const redisReply *fixed, const redisReply *tail);
/* For commands: blocking. False with the reason when Redis does not answer. */
bool state_load(redisContext *c, const char *prefix, int partition, const struct id *id, struct article_state *s,
                struct error *err);

enum claim_result { CLAIM_HELD, CLAIM_TWIN, CLAIM_OTHER }; /* ours | another id holds it and says the same | says something else */

enum action {
    ACTION_NONE,      /* state stays, but for its version where it is known */
    ACTION_DONE,      /* older than the state: nothing but the outcome */
    ACTION_PUBLISH,
    ACTION_UNCHANGED,
    ACTION_REMOVE,
    ACTION_DEAD       /* dead letter; frees the claim */
};

struct decision {
    enum action action;
    enum outcome outcome;
    const char *detail;           /* of the outcome; NULL or static or lent by parsed */
    int64_t revision;             /* ACTION_PUBLISH, ACTION_REMOVE: of the record */
};

/* Before parsing: true when the page needs none (already done, gone). */
bool state_decide_early(const struct article_state *s, const struct page *p, struct decision *d);
/* After it: parsed->ok. claim: of an article's canonical. */
struct decision state_decide(const struct article_state *s, const struct page *p, const struct parsed *parsed,
                             enum claim_result claim);
struct decision state_decide_dead(void);

extern struct redis_script state_begin_script, state_verdict_script, state_commit_script;

#endif
