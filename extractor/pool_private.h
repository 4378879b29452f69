/* pool_private.h - private to pool*.c: jobs, and the two ways to work on them. */
#ifndef EXTRACTOR_POOL_PRIVATE_H
#define EXTRACTOR_POOL_PRIVATE_H

#include "extractor/pool.h"

struct job {
    struct job *next;
    const struct record *record; /* borrowed */
    pool_done_fn *done;
    void *arg;
    int tries;                   /* children that were killed from outside while they had it */
    struct buffer answer;        /* threads */
};

struct job_list {
    struct job *head, *tail;
};
void jobs_put(struct job_list *l, struct job *j);       /* at the end */
struct job *jobs_take(struct job_list *l);              /* NULL when empty */

/* One way to work: children or threads. */
struct backend {
    void *(*create)(struct pool *p, uv_loop_t *loop, const struct pool_options *options, int workers, struct error *err);
    void (*wake)(void *self);                            /* there are waiting jobs */
    void (*destroy)(void *self, void (*on_closed)(void *arg), void *arg);
    int (*children)(const void *self, pid_t *pids, int max);
};
extern const struct backend pool_processes, pool_threads;

struct job *pool_next_job(struct pool *p);               /* NULL: none waits */
void pool_return_job(struct pool *p, struct job *j);     /* to the front */
void pool_finish_job(struct pool *p, struct job *j, const char *answer, size_t len); /* frees j */
void pool_fail_job(struct pool *p, struct job *j, enum error_kind kind, const char *reason);

#endif
