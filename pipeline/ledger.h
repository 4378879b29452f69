/* ledger.h - the books of promise 2: per source and day (UTC, of the opening),
 *
 *   found + reopened = seen + filtered(reason) + accepted
 *   accepted = open(stage) + article + updated + unchanged + removed + duplicate + redirected + not_article(type)
 *              + failed(reason) + deadlettered
 *
 * Scripts count, by the functions of pipeline/lua/frontier_lib.lua: opening counts found or reopened with its verdict,
 * closing counts the outcome, once, in the call that removes the open entry. This header names the terms and reads them. */
#ifndef PIPELINE_LEDGER_H
#define PIPELINE_LEDGER_H

#include "base/error.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum outcome {
    OUTCOME_ARTICLE,      /* first revision published */
    OUTCOME_UPDATED,      /* a later revision */
    OUTCOME_UNCHANGED,    /* 304, or the same text, title and times */
    OUTCOME_REMOVED,      /* a tombstone was published */
    OUTCOME_DUPLICATE,    /* another id holds this article */
    OUTCOME_REDIRECTED,   /* the target is a request of its own */
    OUTCOME_NOT_ARTICLE,  /* detail: the page type */
    OUTCOME_FAILED,       /* detail: http_404, robots, dns, timeout, … */
    OUTCOME_DEADLETTERED,
    OUTCOME_COUNT
};

#define LEDGER_FIELD_MAX 48

/* The counter an outcome goes to: "article", "failed:http_404". detail is cut to LEDGER_FIELD_MAX and what is not
 * [a-z0-9_] becomes "_"; it must be one of few (never a URL). NULL where the outcome has none. Scripts take this as `outcome`. */
void ledger_field(char out[LEDGER_FIELD_MAX], enum outcome outcome, const char *detail);
const char *outcome_name(enum outcome outcome);
/* The same for the reason something was filtered for: the part behind "filtered:". */
void ledger_reason(char out[LEDGER_FIELD_MAX], const char *reason);

/* "2026-11-25" of a Unix time in milliseconds. */
void ledger_day(char out[11], int64_t unix_ms);

/* Reads the books of one source (NULL: all), each day that has any. An array of
 * {"source", "day", "found", "reopened", "seen", "accepted", "filtered": {reason: n}, "open": {stage: n},
 * "outcomes": {field: n}, "balanced": bool}. "moved" is there where so much was open that it could not be read in one look: so many
 * requests of the book were opened or closed meanwhile, and accepted may be out by as many. NULL with the reason. */
json_t *ledger_read(redisContext *c, const char *prefix, int partitions, const char *source, struct error *err);

/* Names what is open, at most `most` of a source (NULL: of all): an array of {"id", "url", "source", "stage", "opened_at"}; url
 * is left out where it was not found among the first of a long queue. NULL with the reason. */
json_t *ledger_open(redisContext *c, const char *prefix, int partitions, const char *source, int most, struct error *err);

#endif
