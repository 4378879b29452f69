/* pool.c - the jobs of a pool, whoever works on them: pool_process.c or pool_thread.c. */
#include "extractor/pool.h"

#include "base/log.h"
#include "base/mem.h"
#include "extractor/pool_private.h"

#include <assert.h>
#include <stdlib.h>

struct pool {
    const struct backend *backend;
    void *workers;          /* owned: the backend's */
    struct job_list waiting;
    size_t jobs;
    void (*on_closed)(void *arg);
    void *closed_arg;
};

void jobs_put(struct job_list *l, struct job *j)
{
    j->next = NULL;
    if (l->tail)
        l->tail->next = j;
    else
        l->head = j;
    l->tail = j;
}

static void put_first(struct job_list *l, struct job *j)
{
    j->next = l->head;
    l->head = j;
    if (!l->tail)
        l->tail = j;
}

struct job *jobs_take(struct job_list *l)
{
    struct job *j = l->head;

    if (!j)
        return NULL;
    l->head = j->next;
    if (!l->head)
        l->tail = NULL;
    j->next = NULL;
    return j;
}

static int cores(void)
{
    unsigned n = uv_available_parallelism();
    return n < 1 ? 1 : n > 256 ? 256 : (int)n;
}

struct pool *pool_create(uv_loop_t *loop, const struct pool_options *options, struct error *err)
{
    struct pool *p = xcalloc(1, sizeof(*p));
    struct pool_options o = *options;

    o.limits.decoded_bytes = o.limits.decoded_bytes ? o.limits.decoded_bytes : (size_t)8 << 20;
    o.limits.memory_bytes = o.limits.memory_bytes ? o.limits.memory_bytes : (size_t)128 << 20;
    o.limits.deadline_ms = o.limits.deadline_ms ? o.limits.deadline_ms : 1000;
    p->backend = o.sandbox ? &pool_processes : &pool_threads;
    if (!o.sandbox)
        log_warn("pages are parsed without isolation setting=extractor.sandbox value=false");
    p->workers = p->backend->create(p, loop, &o, o.workers > 0 ? o.workers : cores(), err);
    if (p->workers)
        return p;
    free(p);
    return NULL;
}

static void on_workers_closed(void *arg)
{
    struct pool *p = arg;
    struct job *j;

    while ((j = jobs_take(&p->waiting)))
        free(j);
    if (p->on_closed)
        p->on_closed(p->closed_arg);
    free(p);
}

void pool_destroy(struct pool *p, void (*on_closed)(void *arg), void *arg)
{
    p->on_closed = on_closed;
    p->closed_arg = arg;
    p->backend->destroy(p->workers, on_workers_closed, p);
}

void pool_submit(struct pool *p, const struct record *r, pool_done_fn *done, void *arg)
{
    struct job *j = xcalloc(1, sizeof(*j));

    j->record = r;
    j->done = done;
    j->arg = arg;
    p->jobs++;
    jobs_put(&p->waiting, j);
    p->backend->wake(p->workers);
}

size_t pool_jobs(const struct pool *p)
{
    return p->jobs;
}

int pool_children(const struct pool *p, pid_t *pids, int max)
{
    return p->backend->children(p->workers, pids, max);
}

struct job *pool_next_job(struct pool *p)
{
    return jobs_take(&p->waiting);
}

void pool_return_job(struct pool *p, struct job *j)
{
    put_first(&p->waiting, j);
}

void pool_finish_job(struct pool *p, struct job *j, const char *answer, size_t len)
{
    struct parsed parsed;

    if (!parsed_read(answer, len, &parsed)) {
        pool_fail_job(p, j, ERROR_INVALID, "the parser's answer is broken");
        return;
    }
    p->jobs--;
    j->done(j->arg, &parsed);
    free(j);
}

void pool_fail_job(struct pool *p, struct job *j, enum error_kind kind, const char *reason)
{
    struct buffer answer;

    buffer_init(&answer, 0);
    parsed_fail(&answer, kind, reason);
    pool_finish_job(p, j, answer.data, answer.len);
    buffer_fini(&answer);
}
