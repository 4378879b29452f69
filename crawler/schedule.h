/* schedule.h - when to poll a feed, sitemap or front page again. Pure: time comes in as an argument, so that a test or a
 * simulation drives it with its own clock; what it remembers of a poll is a few dozen bytes that travel with the poll's claim.
 *
 * What is to be minimised is the age of news when they are fetched, summed over all, at a given number of requests. For a
 * source that publishes at rate r that is an interval proportional to 1/sqrt(r): the requests go where they are worth most,
 * and a source with one item in a week is still asked. r is learned (its mean, the hours of the day and days of the week at
 * which it publishes, what happened in the last hour), so the interval shrinks after news and before the usual hours.
 * Failures add to it, linearly, and never end a poll. Jitter of a tenth keeps sources from lining up. */
#ifndef CRAWLER_SCHEDULE_H
#define CRAWLER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_BYTES 56 /* written */

struct schedule { /* what is remembered of one poll */
    int failures;          /* in a row */
    bool distrust;         /* its validators said "not modified" though there was news: ask without them */
    bool told;             /* they have told news once: a request with them brought something new */
    int64_t polled_s;      /* last reading or 304, Unix time; 0: never */
    int64_t new_s;         /* last time something new was in it */
    int64_t full_s;        /* last unconditional reading */
    int64_t window_s;      /* half of the time that the document's dates reached back when it was read; 0: not known, or long */
    int64_t hint_ms;       /* how often the document asks to be read, as it said last; 0: it does not say */
    float items, days;     /* what was published in how long, older weeks counting less */
    float lately;          /* what was published, the last hours only */
    uint8_t hours[24], weekdays[7]; /* when, UTC: items, older ones halved */
};

enum poll_kind { POLL_FEED, POLL_SITEMAP, POLL_FRONT };
enum poll_end { POLL_READ, POLL_NOT_MODIFIED, POLL_FAILED };

struct poll_facts {
    enum poll_kind kind;
    enum poll_end end;
    int64_t now_s;           /* Unix time */
    bool unconditional;      /* it was asked for without validators */
    bool same_validators;    /* and came with those that a conditional request would have named */
    size_t accepted;         /* items that were new */
    const int64_t *dated_s;  /* the dates of all items that have one, in any order; NULL: none has */
    size_t dated;
    int64_t min_ms, max_ms;  /* the bounds configured */
    int64_t fixed_ms;        /* the source's own interval; 0: adaptive */
    int64_t hint_ms;         /* of POLL_READ: ttl, sy:, max-age: at least this, within 1 to 10 minutes; 0: none */
    int64_t retry_after_ms;  /* as the server asked; 0: it did not */
    double pace;             /* of the budget shared by all polls: intervals are stretched by it; 0 = 1 */
    uint64_t seed;           /* of the jitter */
};

/* Bytes of another layout, or none: a poll that was never made. */
void schedule_read(struct schedule *s, const void *bytes, size_t len);
size_t schedule_write(const struct schedule *s, unsigned char out[SCHEDULE_BYTES]);

/* Is the next request to be made without validators? Once a day; sooner when a source that should have published by now says
 * that nothing changed, and before what was read last can have left its window as long as its validators have never told news. */
bool schedule_wants_full(const struct schedule *s, int64_t now_s);
/* Updates s and returns in how many milliseconds the next poll is due. */
int64_t schedule_next(struct schedule *s, const struct poll_facts *f);
/* Items a day, as learned. */
double schedule_rate(const struct schedule *s);
/* Has nothing new come for so long that its own rate makes that next to impossible? */
bool schedule_is_silent(const struct schedule *s, int64_t now_s);

/* The budget of polls of one worker: as long as they are more than so many an hour, all intervals are stretched alike. */
struct pace {
    double per_hour;         /* the bound; 0: none */
    double factor;           /* 1 or more */
    double seen;             /* polls lately */
    int64_t at_s, began_s;
};
void pace_init(struct pace *p, double per_hour);
void pace_count(struct pace *p, int64_t now_s); /* a poll was made */

#endif
