/* frontier_private.h - inside of the frontier, which is four files: frontier.c (its life, leases), frontier_work.c (claims
 * and what becomes of them), frontier_calls.c (what was found, polls, hosts), frontier_args.c (arguments of scripts). */
#ifndef CRAWLER_FRONTIER_PRIVATE_H
#define CRAWLER_FRONTIER_PRIVATE_H

#include "crawler/frontier.h"
#include "pipeline/keys.h"

#include <uv.h>

#define LOOKAHEAD_MS 200 /* a budget is claimed so long before its time, so that the crawler is ready for it */
#define TOKEN_LEN 32

/* Arguments of one script call: owned copies. */
struct args {
    char **items;
    size_t *lens;
    int count, room;
};
void args_add(struct args *a, const void *bytes, size_t len);
void args_str(struct args *a, const char *s); /* NULL: "" */
void args_num(struct args *a, int64_t n);
/* How the scripts are told of a request: milliseconds since it was sent, -1 when none was. One that counts from a moment still to come
 * (fetch_counts_from_mono_ms()) was sent all the same. */
int64_t request_age_ms(int64_t sent_mono_ms, int64_t now_mono_ms);
void args_all(struct args *a, const struct args *more);
void args_fini(struct args *a);

/* A claim that is out, or voided and not yet handed back. */
struct claim_box {
    struct claim claim; /* first: the crawler's pointer is ours */
    struct claim_box *prev, *next;
    char *domain;       /* of the budget's cap; "" = none */
    unsigned epoch;     /* of the partition when it was claimed */
    bool ended;
};

#define MEMBER_MAX (2 + ID_RAW_LEN) /* member_of() of frontier_lib.lua */

/* Something to tell the partition's script: a transfer that ended, or a result. */
struct op {
    struct op *next;
    bool is_end;
    int64_t sent_mono_ms;  /* of an end: its age is worked out when it is sent */
    char member[MEMBER_MAX];
    size_t member_len;
    struct args args;      /* an end: age is at END_AGE */
};
#define END_AGE 3

struct ops {
    struct op *head, **tail;
    size_t count;
};

enum part_state {
    PART_FREE,     /* not ours */
    PART_TAKING,   /* asked for */
    PART_HELD,
    PART_DRAINING, /* ours until its claims have ended */
    PART_GIVING    /* given back, not yet answered */
};

struct part {
    struct frontier *frontier;
    int number;
    enum part_state state;
    char token[TOKEN_LEN + 1];
    unsigned epoch;            /* counts how often it was taken or lost: answers of another epoch are void */
    int64_t lease_end_mono_ms; /* counted from when the renewal was sent */
    int64_t retry_mono_ms;     /* do not ask for it before */
    int64_t due_mono_ms;       /* when its script is worth calling; INT64_MAX: nothing waits */
    int64_t sweep_mono_ms;
    size_t out;                /* claims of this epoch */
    struct ops ops;            /* to be sent */
    int64_t tell_mono_ms;      /* by then, if they are only results */
    struct ops sent;           /* in the call that is out: sent again until it is answered */
    bool calling;
    bool reconcile;            /* the answer of a call was lost */
    size_t asked;              /* claims asked for in the call that is out */
};

/* A script call that is repeated until it is answered. on_reply: err is only what repeating cannot mend (the server was
 * replaced). It frees nothing of the request. */
struct request {
    struct frontier *frontier;
    struct request *prev, *next;
    const struct redis_script *script;
    int keys;
    struct args args;
    bool once_a_server; /* answered with err when the server was replaced meanwhile */
    bool waiting;       /* not sent: the connection is away */
    bool dropped;       /* nobody is to be told any more */
    void (*on_reply)(struct request *q, const redisReply *reply, const struct error *err);
    void *owner, *fn, *arg; /* on_reply's */
    int64_t number;
    size_t first, count;    /* of a batch */
    void (*on_drop)(struct request *q); /* instead of on_reply when the call failed for good or the frontier is destroyed; may be NULL */
};

struct frontier {
    uv_loop_t *loop;
    char *prefix, *worker;
    struct frontier_options options;
    struct frontier_callbacks callbacks;
    struct redis *redis;       /* borrowed */
    struct part *parts;
    int part_count, held;
    int lost;                  /* since the last tick */
    uv_timer_t tick, flush, due;
    int open_handles;
    size_t asking;             /* calls without an answer: they hold our memory */
    struct claim_box *claims;  /* all that are out */
    size_t claim_count, room, asked;
    struct request *requests;  /* all without an answer */
    char **live;               /* names of workers */
    size_t live_count;
    int64_t resend_mono_ms, beat_mono_ms, renew_mono_ms, peek_mono_ms, skew_told_mono_ms;
    bool beating, renewing, peeking, heard, draining, left, closing;
    void (*drained)(void *arg);
    void *drained_arg;
    unsigned seed;
    int turn;                  /* where the next flush begins */
};

/* frontier.c */
struct part *part_of(struct frontier *f, int number);
void part_lost(struct part *p);
/* redis_eval() that keeps the frontier's memory until the answer. fn is always called: it frees arg, and looks at closing. */
void frontier_eval(struct frontier *f, const struct redis_script *script, redis_reply_fn *fn, void *arg, int keys, int argc,
                   const char **argv, const size_t *lens);
void frontier_fail(struct frontier *f, const struct error *err);
void frontier_wake(struct frontier *f); /* flush in the next turn of the loop */
void frontier_settle(struct frontier *f); /* draining: give back what has ended, and say so when all has */

/* frontier_work.c */
void work_flush(struct frontier *f);
void ops_init(struct ops *o);
void ops_clear(struct ops *o);
void claims_drop(struct frontier *f); /* frees all that are out; tells nobody */

/* frontier_calls.c */
void requests_resend(struct frontier *f);
void requests_fail(struct frontier *f); /* those that die with the server */
void requests_drop(struct frontier *f);

#endif
