/* frontier.h - what to fetch next and when: this worker's part of the frontier in Redis.
 *
 *   found URLs ──discover──> seen? ──> queue of its budget ──claim──> the crawler ──ended──> the budget is free again
 *                                          ^                              └─────complete──> closed | on its way | later
 *                       polls, re-checks ──┘ (when due)
 *
 * The frontier heartbeats, takes and renews the leases of the partitions this worker ranks first for, and pushes claims
 * to the crawler while there is room and something is due. It batches: calls made in one turn of the loop go out as one
 * script call a partition. What Redis does not answer is sent again by itself (every script is idempotent) until it is
 * answered or the partition is lost, so a caller sees no outage, only silence.
 *
 * Everything is called from, and calls back on, the loop's thread, never from inside the call it answers. Times ending in
 * _at_ms without "mono" are Redis's clock in Unix milliseconds; *_mono_ms are clock_mono_ms(). docs/redis.md: keys, scripts. */
#ifndef CRAWLER_FRONTIER_H
#define CRAWLER_FRONTIER_H

#include "base/error.h"
#include "base/url.h"
#include "pipeline/ledger.h"
#include "pipeline/meta.h"
#include "pipeline/redis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRONTIER_HINTS_MAX 1024           /* bytes of hints a request */
#define FRONTIER_ROBOTS_MAX (512 * 1024)  /* bytes of a robots.txt kept */
#define FRONTIER_SCHEDULE_MAX 96          /* bytes that a poll's schedule may take */
#define FRONTIER_LEASE_MARGIN_MS 15000    /* no request starts with less than this left of its partition's lease */

enum claim_kind {
    CLAIM_PAGE,     /* an open request of the ledger: an article, or what may be one */
    CLAIM_FRONT,    /* polls of a source: not in the ledger */
    CLAIM_FEED,
    CLAIM_SITEMAP,
    CLAIM_DISCOVERY /* find the feeds and sitemaps of a source from its address */
};

/* One URL to fetch now (or at start_mono_ms). It belongs to the crawler until it hands it back with exactly one of
 * frontier_complete(), frontier_poll_done() or frontier_abandon(). While it is out, nothing else of its budget is claimed
 * until frontier_ended(). */
struct claim {
    enum claim_kind kind;
    char *url;                 /* fetch form */
    struct id id;              /* of its key form */
    int partition;
    char *budget;              /* politeness is kept by this name */
    char *source;              /* name */
    char *via;                 /* feed | sitemap | front | request | recheck | replay | redirect */
    char *hints;               /* as given to frontier_discover(); "" = none */
    char *etag, *last_modified;/* NULL: ask unconditionally */
    int64_t version;           /* of the page this fetch brings */
    int64_t opened_at_ms;      /* 0: a poll */
    int64_t discovered_at_ms;  /* when the URL was first accepted */
    int64_t start_mono_ms;     /* send nothing before: the slot is reserved from then on */
    int64_t delay_ms;          /* the budget's delay in force */
    int attempts;              /* tries before this one that ended in FRONTIER_RETRY */
    int step;                  /* of the re-check schedule: 0 = the first fetch, 1 = first re-check, … */
    bool polled;               /* a poll: read before, by whatever worker: what is new in it now is news, not its back list */
    bool elsewhere;            /* a poll: it led to another address, which is polled by itself */
    size_t past;               /* a poll: of its source's past so many have been accepted */
    char *refused;             /* which of its source's last pages were: blocked_known(); "" = none */
    char *sharers;             /* a poll: sources that would have polled it, too, one a line; "" = none */
    unsigned char schedule[FRONTIER_SCHEDULE_MAX]; /* a poll: as frontier_poll_done() was given it last */
    size_t schedule_len;       /* 0: none yet */
    char *shapes;              /* a front page: what was learned of its source's addresses (pipeline/shape.h); NULL: nothing */
    size_t shapes_len;
    void *user;                /* the crawler's */
};

struct frontier;

struct frontier_options {
    const char *prefix, *worker_id;
    const struct meta *meta;       /* borrowed */
    int64_t lease_ms;              /* 30000 */
    int64_t delay_ms;              /* between two requests of one budget, where robots.txt asks for no more */
    int budgets_per_domain;        /* at once below one ICANN domain: 10 */
    int64_t pages_retention_ms;    /* on its way longer than this: queued again */
    int64_t source_daily_max;      /* new URLs of one source; 0: no bound */
    int64_t past_max;              /* found.past */
};

struct frontier_callbacks { /* on_claim, on_lost and on_fatal must be there */
    void (*on_claim)(void *arg, struct claim *c);
    void (*on_gained)(void *arg, int partition);
    /* About to be given back: its claims are finished as usual, no new ones come, and the lease is renewed meanwhile; when
     * the last claim has been handed back, the frontier gives it back by itself. */
    void (*on_draining)(void *arg, int partition);
    /* The lease is gone: abort its transfers now, frontier_abandon() their claims. Nothing of it may complete. */
    void (*on_lost)(void *arg, int partition);
    /* Redis is another one or was restarted: all partitions have been reported lost; a poll under way starts over. */
    void (*on_server_changed)(void *arg);
    void (*on_fatal)(void *arg, const struct error *err);
    void *arg;
};

/* r (of frontier_start()) is borrowed and connects by itself; hand what frontier_redis_callbacks() gives to redis_create(), or
 * call those (some may be NULL) from your own. */
struct frontier *frontier_create(uv_loop_t *loop, const struct frontier_options *options,
                                 const struct frontier_callbacks *callbacks, struct error *err);
/* Begins to heartbeat and to take partitions; call it before the loop runs. */
void frontier_start(struct frontier *f, struct redis *r);
struct redis_callbacks frontier_redis_callbacks(struct frontier *f);
/* Claims nothing more and gives every partition back as its claims end, outstanding calls answered; then done, once. */
void frontier_drain(struct frontier *f, void (*done)(void *arg), void *arg);
/* Frees the claims that are out and calls back no more, but for frontier_seen(), frontier_slot() and frontier_robots_get(), which are
 * answered ERROR_TRANSIENT, for who asked may hang on the answer alone. Undrained leases lapse. Its own memory goes when its handles are
 * closed and what it asked Redis has been answered, so let the loop run on, and redis_close(r), which answers all, only
 * after this. The redis callbacks must not be called any more. */
void frontier_destroy(struct frontier *f);

/* How many more claims the crawler can take now; each on_claim() takes one. 0 pauses. */
void frontier_set_room(struct frontier *f, size_t room);
/* To be asked right before each request is sent, redirects and retries too. */
bool frontier_may_start(const struct frontier *f, int partition);
bool frontier_owns(const struct frontier *f, int partition);
int frontier_owned(const struct frontier *f);        /* partitions */
size_t frontier_claimed(const struct frontier *f);   /* claims that are out */
bool frontier_ready(const struct frontier *f);       /* connected, and has had an answer about its partitions */

/* --- what was found --- */

enum verdict { VERDICT_ACCEPTED, VERDICT_SEEN, VERDICT_FILTERED };

struct found {
    const struct url *url;
    const char *source, *via;
    const char *hints;         /* at most FRONTIER_HINTS_MAX bytes (cut); NULL = none */
    const char *filtered;      /* a reason ([a-z0-9_]): counted so and not queued; NULL: to be fetched */
    bool past;                 /* of a first reading: at most past_max of a source are accepted in all, the rest is "old" */
    bool remember;             /* with filtered: mark it seen, so that it is counted so once only ("old") */
    bool force;                /* fetch it though it was seen (somebody asked); if it is open that counts as seen */
    bool reopened;             /* counts as reopened, not as found: replays and redirect targets */
    bool urgent;               /* before what the budget has waiting (somebody asked) */
    int64_t due_in_ms;         /* not before; 0 = now */
};

struct discovered {
    const enum verdict *verdicts; /* one for each URL, in order; lent */
    size_t count, accepted, seen, filtered;
};
/* err: the server was replaced meanwhile; what was found counts as not stored: start the poll over. */
typedef void discovered_fn(void *arg, const struct discovered *d, const struct error *err);

/* Copies what it needs. Order: what comes first is fetched first (newest first). Any worker may call it for any partition. */
void frontier_discover(struct frontier *f, const struct found *urls, size_t count, discovered_fn *fn, void *arg);

/* The same for one URL and a command of a person: blocking, without a worker. */
bool frontier_ask(redisContext *c, const struct meta *meta, const char *prefix, const struct found *u, enum verdict *out,
                  struct error *err);

/* Was this id seen (the end of a redirect inside the domain)? err as above. */
typedef void seen_fn(void *arg, bool seen, const struct error *err);
void frontier_seen(struct frontier *f, int partition, const struct id *id, seen_fn *fn, void *arg);

/* --- a claim's way --- */

/* One more request of the same claim (robots.txt, a redirect inside the domain, a retry at once): reserves the budget's
 * next slot. start_mono_ms: not before; err: the partition was lost, abandon the claim. */
typedef void slot_fn(void *arg, int64_t start_mono_ms, const struct error *err);
void frontier_slot(struct frontier *f, struct claim *c, int64_t sent_mono_ms, slot_fn *fn, void *arg);

/* What an answer means for the host. Zero: nothing special, back-off decays. */
struct host_effect {
    bool failed;               /* 429, 503, connect failure, timeout: exponential back-off with jitter */
    int64_t retry_after_ms;    /* as the server asked; 0 = it did not. Bounded to a day */
    int64_t crawl_delay_ms;    /* robots.txt's, already capped; 0 = none, -1 = not known now: leave it */
    bool slow;                 /* answered slowly: widen the delay for this time */
};

/* The transfer is over (well, badly, or never sent: sent_mono_ms = 0): the budget may be claimed again one delay after
 * sent_mono_ms, when the request went out. Does not end the claim: delivery may still be under way. Once a claim. */
void frontier_ended(struct frontier *f, struct claim *c, int64_t sent_mono_ms, const struct host_effect *effect);

enum completion {
    FRONTIER_CLOSE,  /* it ends here, with outcome and detail */
    FRONTIER_SENT,   /* `pages` has it for good (the delivery report came): on its way */
    FRONTIER_RETRY,  /* later again, after retry_in_ms; stays open */
};

struct result {
    enum completion completion;
    enum outcome outcome;        /* FRONTIER_CLOSE */
    const char *detail;          /* of the outcome; NULL */
    int64_t retry_in_ms;         /* FRONTIER_RETRY: after back-off and jitter */
    bool unconditional;          /* FRONTIER_RETRY: without validators */
    const struct id *end;        /* a redirect inside the domain ended there: marked seen; NULL */
    int64_t recheck_in_ms;       /* after a 304: the next re-check; 0 = none */
    const char *etag, *last_modified; /* for that re-check; NULL: as before */
};

/* Hands the claim back (it is freed) with what became of it. Implies frontier_ended() with nothing sent if that was not called.
 * Only pages; acts only on this claim's version under this worker's token. A claim of a lost partition changes nothing. */
void frontier_complete(struct frontier *f, struct claim *c, const struct result *r);
/* Hands back a claim whose partition was lost, or one that was not begun (drain): it is queued again as it was. */
void frontier_abandon(struct frontier *f, struct claim *c);

/* --- polls of sources --- */

struct poll_result {
    const char *etag, *last_modified; /* stored with the next due; NULL = none. Ignored with keep_validators */
    bool keep_validators;             /* 304 or a failure */
    int64_t next_in_ms;
    const void *schedule;             /* kept with the poll, for its next claim; NULL: as it was. At most FRONTIER_SCHEDULE_MAX */
    size_t schedule_len;
    const char *status;               /* a word or two: "ok", "not modified", "http 503"; at most 60 bytes */
    bool ok;                          /* read, or 304: resets the row's count of errors. ok without keep_validators: read
                                         whole, and all that was found is stored: from now on it counts as polled */
    bool elsewhere;                   /* with ok: it leads to another address, which is polled by itself */
    size_t items, accepted;           /* in it, and new */
};

/* Call it only when every frontier_discover() of this poll has been answered without err. Frees the claim. */
void frontier_poll_done(struct frontier *f, struct claim *c, const struct poll_result *r);

/* Makes sure that url is polled for a source (idempotent; the schedule of one that exists is kept). Where another source polls
 * it already, it is polled for one of them: the one whose site it is, else the first. The other waits for it to go, and then
 * takes over. done may be NULL; ERROR_LIMIT: too many wait already, in words for a row; nothing is to be done again. */
typedef void frontier_done_fn(void *arg, const struct error *err);
void frontier_poll_put(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url, int64_t due_in_ms,
                       frontier_done_fn *done, void *arg);
/* The same for where the poll c is led to: what was read there by c is no first reading. */
void frontier_poll_follow(struct frontier *f, const struct claim *c, const struct url *to, frontier_done_fn *done, void *arg);
/* The poll c is led to end, in its own budget, but not for good. polled: that address is polled by itself, or another poll is
 * led there, too: follow it. Else it is noted, for note_ms, that c reads it. err as of frontier_seen(). */
typedef void poll_end_fn(void *arg, bool polled, const struct error *err);
void frontier_poll_end(struct frontier *f, const struct claim *c, const struct url *end, int64_t note_ms, poll_end_fn *fn, void *arg);
void frontier_poll_remove(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url,
                          frontier_done_fn *done, void *arg);
/* Due at once (a person asks, WebSub). */
void frontier_poll_now(struct frontier *f, const char *source, enum claim_kind kind, const struct url *url,
                       frontier_done_fn *done, void *arg);

/* Keeps with the source which of its last pages were refused; "": none. */
void frontier_source_refused(struct frontier *f, const char *source, const char *state);

/* --- what is kept with a host --- */

struct robots_row {
    int status;            /* HTTP status, 0: no answer */
    int64_t fetched_at_ms; /* Redis's clock */
    int64_t age_ms;        /* at the time of the reply */
    const char *body;      /* lent; NULL when there is none */
    size_t len;
};
/* row is NULL when nothing is known. authority: "https://host:port". */
typedef void robots_fn(void *arg, const struct robots_row *row, const struct error *err);
void frontier_robots_get(struct frontier *f, int partition, const char *authority, robots_fn *fn, void *arg);
/* Cut to FRONTIER_ROBOTS_MAX; fetched_at_ms is set by Redis. fn may be NULL. */
void frontier_robots_put(struct frontier *f, int partition, const char *authority, int status, const char *body, size_t len,
                         frontier_done_fn *fn, void *arg);

#endif
