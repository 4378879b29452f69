/* pool_thread.c - the pool without isolation: threads of this process, for machines whose kernel or policy has no seccomp.
 * A page that crashes its parser ends the process here; the list of records in work (state.h) then finds it. */
#include "base/mem.h"
#include "extractor/pool_private.h"

#include <stdlib.h>

struct threads {
    struct pool *pool;           /* borrowed */
    struct parse_limits limits;
    int count;
    uv_thread_t *ids;            /* owned */
    uv_mutex_t lock;             /* of what follows */
    uv_cond_t work;
    struct job_list todo, done;
    bool ending;
    uv_async_t *finished;        /* something is in `done`; closed with the loop */
    void (*on_closed)(void *arg);
    void *closed_arg;
};

static struct job *wait_for_job(struct threads *t)
{
    struct job *j = NULL;

    uv_mutex_lock(&t->lock);
    while (!t->ending && !(j = jobs_take(&t->todo)))
        uv_cond_wait(&t->work, &t->lock);
    uv_mutex_unlock(&t->lock);
    return j;
}

static void thread_main(void *arg)
{
    struct threads *t = arg;
    struct parser *parser = parser_create(&t->limits);
    struct job *j;

    while ((j = wait_for_job(t))) {
        parser_run(parser, j->record, &j->answer);
        uv_mutex_lock(&t->lock);
        jobs_put(&t->done, j);
        uv_mutex_unlock(&t->lock);
        uv_async_send(t->finished);
    }
    parser_destroy(parser);
}

static void on_finished(uv_async_t *a)
{
    struct threads *t = a->data;
    struct job *j;

    for (;;) {
        uv_mutex_lock(&t->lock);
        j = jobs_take(&t->done);
        uv_mutex_unlock(&t->lock);
        if (!j)
            return;
        struct buffer answer = j->answer;
        pool_finish_job(t->pool, j, answer.data, answer.len);
        buffer_fini(&answer);
    }
}

static void threads_wake(void *self)
{
    struct threads *t = self;
    struct job *j;

    uv_mutex_lock(&t->lock);
    while ((j = pool_next_job(t->pool)))
        jobs_put(&t->todo, j);
    uv_cond_broadcast(&t->work);
    uv_mutex_unlock(&t->lock);
}

/* All but what is freed last. */
static void threads_free(struct threads *t)
{
    uv_cond_destroy(&t->work);
    uv_mutex_destroy(&t->lock);
    free(t->ids);
}

static void *threads_create(struct pool *p, uv_loop_t *loop, const struct pool_options *options, int workers, struct error *err)
{
    struct threads *t = xcalloc(1, sizeof(*t));

    t->pool = p;
    t->limits = options->limits;
    t->ids = xcalloc((size_t)workers, sizeof(*t->ids));
    t->finished = xcalloc(1, sizeof(*t->finished));
    uv_mutex_init(&t->lock);
    uv_cond_init(&t->work);
    while (t->count < workers && uv_thread_create(&t->ids[t->count], thread_main, t) == 0)
        t->count++;
    if (t->count == 0) {
        error_set(err, ERROR_SYSTEM, "no thread could be started for the parsers: raise the limit of processes (ulimit -u)");
        threads_free(t);
        free(t->finished);
        free(t);
        return NULL;
    }
    uv_async_init(loop, t->finished, on_finished); /* they send to it only when they have had a job */
    t->finished->data = t;
    return t;
}

static void free_jobs(struct job_list *l)
{
    struct job *j;

    while ((j = jobs_take(l))) {
        buffer_fini(&j->answer);
        free(j);
    }
}

static void on_async_closed(uv_handle_t *h)
{
    struct threads *t = h->data;

    free_jobs(&t->todo);
    free_jobs(&t->done);
    threads_free(t);
    void (*on_closed)(void *arg) = t->on_closed;
    void *arg = t->closed_arg;
    free(t);
    free(h);
    on_closed(arg);
}

static void threads_destroy(void *self, void (*on_closed)(void *arg), void *arg)
{
    struct threads *t = self;

    t->on_closed = on_closed;
    t->closed_arg = arg;
    uv_mutex_lock(&t->lock);
    t->ending = true;
    uv_cond_broadcast(&t->work);
    uv_mutex_unlock(&t->lock);
    for (int i = 0; i < t->count; i++)
        uv_thread_join(&t->ids[i]); /* a page takes at most its deadline */
    uv_close((uv_handle_t *)t->finished, on_async_closed);
}

static int threads_children(const void *self, pid_t *pids, int max)
{
    (void)self, (void)pids, (void)max;
    return 0;
}

const struct backend pool_threads = { threads_create, threads_wake, threads_destroy, threads_children };
