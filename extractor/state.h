/* state.h - what the extractor remembers of each article, on the frontier's server, and what it decides by it. Private
 * (docs/redis.md). Keys of a frontier partition PREFIX:{p}, ids as their 16 bytes:
 *
 *   PREFIX:{p}:state:<id>      version, revision, hashes of title, text and times, the canonical it has claimed, validators
 *   PREFIX:{p}:canon:<id>      who was first to claim this canonical: its id, hashes of its title and text
 *   PREFIX:{p}:working         pages between their first decoded byte and their verdict: by whom, deaths alone
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

#define STATE_FIXED_BYTES 61      /* of the packed value; url and validators follow */
#define STATE_DEATHS_MAX 3        /* alone, then the record is a dead letter */

struct article_state {
    bool known;
    int64_t version;
    int64_t revision;             /* 0: never published */
    bool removed;
    bool cleared;                 /* the hashes stand for nothing: the next page is published whatever it says */
    uint64_t title_hash, text_hash, times_hash;
    int64_t first_version;
    struct id canonical;          /* hex "": none claimed */
    char canonical_url[2049];     /* "" = its own address */
    char etag[257], last_modified[65];
};

/* Unpacks a stored value (NULL: unknown); false when it is none of ours. */
bool state_unpack(const char *value, size_t len, struct article_state *s);
/* For commands: blocking. False with the reason when Redis does not answer. */
bool state_load(redisContext *c, const char *prefix, int partition, const struct id *id, struct article_state *s, struct error *err);

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
struct decision state_decide(const struct article_state *s, const struct page *p, const struct parsed *parsed, enum claim_result claim);
struct decision state_decide_dead(void);

extern struct redis_script state_begin_script, state_verdict_script, state_commit_script;

#endif
