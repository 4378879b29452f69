/* task.h - one record of `pages` on its way through the extractor, and the stage it belongs to. Private to stage.c (records,
 * connections, life), task.c (state, parsing, decision) and publish.c (producing, state script, events).
 *
 * A task waits for one answer at a time (`waiting`), so when its partition starts again it is only marked as dropped and
 * ends with that answer. Tasks of one id form a chain: the next begins when the one before has been committed. */
#ifndef EXTRACTOR_TASK_H
#define EXTRACTOR_TASK_H

#include "base/buffer.h"
#include "base/map.h"
#include "base/url.h"
#include "extractor/memory.h"
#include "extractor/pool.h"
#include "extractor/state.h"
#include "pipeline/inorder.h"
#include "pipeline/meta.h"
#include "pipeline/metrics.h"
#include "pipeline/stage.h"

#include <stdatomic.h>

#define STATE_TTL_MS ((int64_t)8 * 24 * 3600 * 1000) /* twice the retention of pages, the re-checks, and a day */

struct extract_stage;

struct task {
    struct extract_stage *x;
    struct inorder_item *item;   /* not to be used once dropped */
    struct record *record;       /* owned */
    struct page page;
    struct url url;              /* of page.url */
    struct place place;          /* of url's host */
    bool readable;               /* all three were filled */
    bool waiting;                /* an answer will come, or it stands in a list */
    bool dropped;                /* its partition began again: end as soon as nothing is awaited */
    bool in_work;                /* counted in x->in_work: Redis knows that we are at it */
    bool alone;
    struct task *next;           /* in a list */
    struct task *older, *newer;  /* of all tasks */
    struct task *after;          /* the next one of this id */
    struct article_state state;
    struct decision decision;
    struct error why;            /* dead letter */
    const char *why_word;        /* static */
    struct id holder;            /* whose duplicate it is; hex "" = nobody's */
    struct id claim;             /* the canonical it claims; hex "" = none */
    char *canonical_url;         /* owned; NULL: its own */
    char *canonical_budget;      /* owned; NULL: as its own */
    uint64_t title_hash, text_hash, times_hash;
    enum page_type page_type;
    char *detail, *title;        /* owned */
    struct buffer members;       /* then the whole record */
    struct buffer known;         /* blocks of the site's memory; what the parser is given: */
    struct record with_memory;   /* the record, with them as one more of its headers */
    struct header *headers;      /* owned */
    uint32_t doubted[MEMORY_TELLS];
    size_t doubted_len;          /* bytes */
    int64_t began_ms;            /* monotonic */
};

struct task_list {
    struct task *head, *tail;
};

struct extract_stage {
    struct stage_env env;
    uv_loop_t *loop;
    struct meta *meta;           /* owned */
    struct redis *redis;         /* owned */
    struct producer *producer;   /* owned: articles, events, dead letters */
    struct inorder *pages;       /* owned */
    struct pool *pool;           /* owned */
    struct task *newest;         /* of all tasks */
    struct map *by_id;           /* id -> the last task of its chain */
    struct task_list to_begin, to_parse, suspects, to_send;
    size_t in_work, in_work_max; /* tasks from the first question to the verdict */
    struct task *alone;          /* the suspect that is tried now */
    uv_timer_t *timer;           /* owned; closed with the loop */
    int closing;
    atomic_bool ready;
    struct metric *outcomes[OUTCOME_COUNT];
    struct metric *seconds;
};

void list_put(struct task_list *l, struct task *t);
struct task *list_take(struct task_list *l);

/* --- task.c --- */

struct task *task_create(struct extract_stage *x, struct inorder_item *it, struct record *r);
void task_free(struct task *t);
/* Takes t out of its chain and frees it; the next one of the id begins. */
void task_end(struct task *t);
/* An answer came. True when the task has been dropped meanwhile and is gone now. */
bool task_answered(struct task *t);
/* Its effect is decided, and whatever it says is delivered. */
void task_ready(struct task *t, struct decision d);
/* Begins as soon as fewer than in_work_max are in work. */
void task_queue(struct task *t);
/* Begins and parses what may. */
void tasks_pump(struct extract_stage *x);

/* --- publish.c --- */

/* Sends the article, the removal or the dead letter that was decided on; waits for room where there is none. */
void task_send(struct task *t);
/* Decides on a dead letter and sends it. message NULL: t->why is filled already. */
void task_dead(struct task *t, const char *word, enum error_kind kind, const char *message);
/* For producer_on_space(), with the stage. */
void tasks_on_space(void *arg);
/* For inorder: the state script of a task whose turn it is; and its answer. */
void task_on_turn(void *arg, void *work, struct inorder_item *it);
void task_on_applied(void *arg, void *work, const redisReply *reply);

#endif
