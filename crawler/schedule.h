/* schedule.h - when to poll a feed, sitemap or front page again. Pure, time comes in as an argument: a test or a simulation
 * drives it with its own clock.
 *
 * The rule now: an interval between two bounds that shrinks when a poll brought something new and grows slowly when it did
 * not; failures add to it, linearly, and never end a poll. Jitter of a tenth keeps sources from lining up. */
#ifndef CRAWLER_SCHEDULE_H
#define CRAWLER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct schedule { /* what is remembered of one poll */
    int64_t interval_ms; /* 0: never polled */
    int failures;        /* in a row */
};

enum poll_kind { POLL_FEED, POLL_SITEMAP, POLL_FRONT };
enum poll_end { POLL_READ, POLL_NOT_MODIFIED, POLL_FAILED };

struct poll_facts {
    enum poll_kind kind;
    enum poll_end end;
    size_t accepted;         /* items that were new */
    int64_t min_ms, max_ms;  /* the bounds configured */
    int64_t fixed_ms;        /* the source's own interval; 0: adaptive */
    int64_t hint_ms;         /* ttl, sy:, max-age: at least this, within 1 min to 1 h; 0: none */
    int64_t retry_after_ms;  /* as the server asked; 0: it did not */
    uint64_t seed;           /* of the jitter */
};

/* Updates s and returns in how many milliseconds the next poll is due. */
int64_t schedule_next(struct schedule *s, const struct poll_facts *f);

/* Schedules by the id of the polled URL, bounded: what is forgotten begins anew in the middle. */
struct schedules;
struct schedules *schedules_create(size_t max);
void schedules_destroy(struct schedules *s);
struct schedule *schedules_get(struct schedules *s, const char *id); /* lent until the next call */

#endif
