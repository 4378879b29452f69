/* worker.c - the main thread asks, the stages' threads do: between them are only atomics, a line of text under a lock, and
 * one uv_async_t in each direction. */
#include "pipeline/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/confine.h"
#include "pipeline/kafka_client.h"
#include "pipeline/metrics.h"
#include "pipeline/notify.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define TICK_MS 200
#define HANGS_MS 30000
#define FILES_MAX 65536
#define STREAM_SHARE 3 /* of the bodies' budget: a producer's queue and what is fetched ahead (stream_share() each) */
#define TWICE_MS 1000 /* a SIGTERM so soon is the same one: of a group, and again by who stands before us in it (timeout, a script) */
#define POOL_THREADS "32" /* libuv gives look-ups of names half of them */

struct runner { /* one stage; fields without a note belong to its thread */
    const struct stage *stage;
    struct worker *worker;
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t tick;
    void *self;
    bool draining, finished;           /* finished: the stage has said done */
    struct error err;                  /* of create; read by main after `created` */
    uv_sem_t created;
    _Atomic int64_t ticked_ms;
    struct config *config;             /* of the last reload */
    atomic_bool drain_wanted;          /* set by main */
    atomic_bool ended;                 /* the thread is about to return */
    bool started, joined;              /* main's */
    pthread_mutex_t lock;              /* shown, busy, fresh */
    void *shown;                       /* self while it exists, for other threads; then `wake` may be sent to */
    char busy[200];
    struct config *fresh;              /* a reload that is to be done; NULL: none */
};

struct worker {
    struct worker_options options;
    uv_loop_t *loop;
    char id[128];
    struct budget *budget;
    struct stage_env env;
    struct runner runners[WORKER_STAGES_MAX];
    uv_async_t wake;
    uv_timer_t tick;
    uv_signal_t signals[3];
    int open_handles;
    int64_t draining_since_ms, drain_until_ms, told_ms, watchdog_ms, watchdog_told_ms;
    bool told_ready;
    struct { struct metric *used, *lendable, *ready; } shown;
    atomic_bool draining, over;
    enum worker_end end;
    pthread_mutex_t lock; /* failed, err */
    bool failed;
    struct error err;
};

void worker_prepare(void)
{
    struct rlimit files;
    setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 0);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_MAX) {
        files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

void worker_confine(const struct config *config)
{
    struct error err;
    bool exec = !kafka_starts_programs(config);
    if (SANITIZED)
        return;
    if (!exec)
        log_warn("programs may still be started reason=\"kafka.properties ask for Kerberos, whose tickets are renewed by a program\"");
    if (!confine(exec, &err))
        log_warn("process not confined reason=%s", log_quote(err.message));
}

/* --- a stage's thread --- */

static void note_busy(struct runner *r)
{
    struct buffer text;
    buffer_init(&text, sizeof(r->busy) * 4);
    if (r->self && r->stage->busy)
        r->stage->busy(r->self, &text);
    pthread_mutex_lock(&r->lock);
    snprintf(r->busy, sizeof(r->busy), "%s", buffer_str(&text));
    pthread_mutex_unlock(&r->lock);
    buffer_fini(&text);
}

static void on_runner_tick(uv_timer_t *t)
{
    struct runner *r = t->data;
    r->ticked_ms = clock_mono_ms();
    note_busy(r);
}

static void show(struct runner *r, void *self)
{
    pthread_mutex_lock(&r->lock);
    r->shown = self;
    pthread_mutex_unlock(&r->lock);
}

/* From another thread: a handle that is closed, or whose loop has ended, must not be sent to. */
static void wake_runner(struct runner *r)
{
    pthread_mutex_lock(&r->lock);
    if (r->shown)
        uv_async_send(&r->wake);
    pthread_mutex_unlock(&r->lock);
}

static void close_runner(struct runner *r)
{
    show(r, NULL);
    if (r->self)
        r->stage->destroy(r->self);
    r->self = NULL;
    uv_close((uv_handle_t *)&r->wake, NULL);
    uv_close((uv_handle_t *)&r->tick, NULL);
}

/* The stage is destroyed from the loop's next turn, never from inside its own callback. */
static void on_stage_done(void *arg)
{
    struct runner *r = arg;
    r->finished = true;
    uv_async_send(&r->wake);
}

/* config: NULL for none. What was there is the caller's. */
static struct config *swap_fresh(struct runner *r, struct config *config)
{
    pthread_mutex_lock(&r->lock);
    struct config *before = r->fresh;
    r->fresh = config;
    pthread_mutex_unlock(&r->lock);
    return before;
}

static void reload(struct runner *r)
{
    struct config *fresh = swap_fresh(r, NULL);
    if (!fresh)
        return;
    r->stage->reload(r->self, fresh);
    config_destroy(r->config);
    r->config = fresh;
}

static void on_runner_wake(uv_async_t *a)
{
    struct runner *r = a->data;
    if (!r->finished)
        reload(r);
    if (r->finished) {
        close_runner(r);
    } else if (r->drain_wanted && !r->draining) {
        r->draining = true;
        r->stage->drain(r->self, on_stage_done, r);
    }
}

static bool open_runner(struct runner *r)
{
    uv_loop_init(&r->loop);
    uv_async_init(&r->loop, &r->wake, on_runner_wake);
    uv_timer_init(&r->loop, &r->tick);
    r->wake.data = r->tick.data = r;
    r->self = r->stage->create(&r->worker->env, &r->loop, &r->err);
    if (!r->self && !r->err.message[0])
        error_set(&r->err, ERROR_SYSTEM, "could not be started");
    else if (r->self)
        r->err.message[0] = '\0';
    show(r, r->self);
    r->ticked_ms = clock_mono_ms();
    if (r->self)
        uv_timer_start(&r->tick, on_runner_tick, 0, TICK_MS);
    else
        close_runner(r);
    return r->self != NULL;
}

static void run_stage(void *arg)
{
    struct runner *r = arg;
    sigset_t all;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    bool ok = open_runner(r);
    uv_sem_post(&r->created);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&r->loop) != 0)
        log_error("stage left handles open stage=%s", r->stage->name);
    r->ended = true;
    if (ok)
        uv_async_send(&r->worker->wake);
}

/* --- the main thread --- */

static void on_fatal(void *arg, const struct error *err)
{
    worker_fail(arg, err);
}

void worker_fail(struct worker *w, const struct error *err)
{
    pthread_mutex_lock(&w->lock);
    if (!w->failed) {
        w->failed = true;
        w->err = *err;
    }
    pthread_mutex_unlock(&w->lock);
    uv_async_send(&w->wake);
}

static bool has_failed(struct worker *w, struct error *err)
{
    pthread_mutex_lock(&w->lock);
    bool failed = w->failed;
    if (failed && err)
        *err = w->err;
    pthread_mutex_unlock(&w->lock);
    return failed;
}

static void on_handle_closed(uv_handle_t *h)
{
    ((struct worker *)h->data)->open_handles--;
}

static void finish(struct worker *w, enum worker_end end)
{
    if (w->over)
        return;
    w->over = true;
    w->end = end;
    uv_close((uv_handle_t *)&w->tick, on_handle_closed);
    for (size_t i = 0; i < COUNT(w->signals); i++)
        uv_close((uv_handle_t *)&w->signals[i], on_handle_closed);
}

/* Asks the first stage that still runs to drain; the next one when it has ended. */
static void drain_next(struct worker *w)
{
    for (size_t i = 0; i < w->options.stage_count; i++) {
        struct runner *r = &w->runners[i];
        if (r->ended)
            continue;
        if (!r->drain_wanted)
            log_debug("draining stage=%s", r->stage->name);
        r->drain_wanted = true;
        wake_runner(r);
        return;
    }
    finish(w, WORKER_DRAINED);
}

void worker_drain(struct worker *w, const char *why)
{
    if (w->draining || w->over)
        return;
    w->draining = true;
    w->draining_since_ms = w->told_ms = clock_mono_ms();
    w->drain_until_ms = w->draining_since_ms + WORKER_DRAIN_MS;
    log_info("draining reason=%s", log_quote(why));
    notify("STOPPING=1\nSTATUS=draining: %s", why);
    if (w->options.on_drain)
        w->options.on_drain(w->options.arg, why);
    drain_next(w);
}

static void on_worker_wake(uv_async_t *a)
{
    struct worker *w = a->data;
    if (w->over)
        return;
    if (has_failed(w, NULL))
        finish(w, WORKER_FAILED);
    else if (w->draining)
        drain_next(w);
}

static void on_signal(uv_signal_t *s, int number)
{
    struct worker *w = s->data;
    const char *name = number == SIGINT ? "Ctrl-C" : number == SIGTERM ? "SIGTERM" : "SIGHUP";
    if (w->over)
        return;
    if (number == SIGHUP && w->options.on_reload) {
        notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_ms() * 1000);
        w->options.on_reload(w->options.arg);
        notify("READY=1");
    } else if (!w->draining) {
        worker_drain(w, name);
    } else if (number != SIGTERM || clock_mono_ms() - w->draining_since_ms >= TWICE_MS) {
        log_warn("leaving at once signal=%s", name);
        finish(w, WORKER_LEFT);
    }
}

/* What the stages wait for, as of their last tick. */
static void put_busy(struct worker *w, struct buffer *out)
{
    for (size_t i = 0; i < w->options.stage_count; i++) {
        struct runner *r = &w->runners[i];
        if (r->ended)
            continue;
        pthread_mutex_lock(&r->lock);
        if (r->busy[0])
            buffer_printf(out, "%s%s: %s", out->len ? "; " : "", r->stage->name, r->busy);
        pthread_mutex_unlock(&r->lock);
    }
}

static void tell_waiting(struct worker *w, int64_t now_ms)
{
    struct buffer what;
    if (now_ms - w->told_ms < 1000 || !w->options.on_waiting)
        return;
    w->told_ms = now_ms;
    buffer_init(&what, 0);
    put_busy(w, &what);
    w->options.on_waiting(w->options.arg, buffer_str(&what));
    buffer_fini(&what);
}

static void tell_supervisor(struct worker *w, int64_t now_ms)
{
    struct buffer why;
    buffer_init(&why, 1024);
    if (!w->told_ready && worker_ready(w, &why)) {
        w->told_ready = true;
        log_info("ready worker=%s", w->id);
        notify("READY=1\nSTATUS=working");
    }
    buffer_clear(&why);
    if (w->watchdog_ms && now_ms - w->watchdog_told_ms >= w->watchdog_ms && worker_alive(w, &why)) {
        w->watchdog_told_ms = now_ms;
        notify("WATCHDOG=1");
    }
    buffer_fini(&why);
}

static void make_metrics(struct worker *w)
{
    w->shown.used = metric_gauge("tidings_body_budget_used_bytes", "Bytes of bodies that transfers and their readers hold", NULL, NULL);
    w->shown.lendable = metric_gauge("tidings_body_budget_bytes", "What of body_budget_mb can be lent to transfers", NULL, NULL);
    w->shown.ready = metric_gauge("tidings_ready", "1: as /readyz says", NULL, NULL);
}

static void update_metrics(struct worker *w)
{
    struct buffer why;
    buffer_init(&why, 1024);
    metric_set(w->shown.used, (double)budget_used(w->budget));
    metric_set(w->shown.lendable, (double)budget_lendable(w->budget));
    metric_set(w->shown.ready, worker_ready(w, &why));
    buffer_fini(&why);
}

static void on_worker_tick(uv_timer_t *t)
{
    struct worker *w = t->data;
    int64_t now_ms = clock_mono_ms();
    tell_supervisor(w, now_ms);
    update_metrics(w);
    if (!w->draining)
        return;
    tell_waiting(w, now_ms);
    if (now_ms < w->drain_until_ms)
        return;
    struct buffer what;
    buffer_init(&what, 0);
    put_busy(w, &what);
    log_warn("drain not finished limit_ms=%d waiting_for=%s; what was left is done again after the next start", WORKER_DRAIN_MS,
             log_quote(buffer_str(&what)));
    buffer_fini(&what);
    finish(w, WORKER_LEFT);
}

static void start_handles(struct worker *w)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
    uv_timer_init(w->loop, &w->tick);
    w->tick.data = w;
    uv_timer_start(&w->tick, on_worker_tick, TICK_MS, TICK_MS);
    for (size_t i = 0; i < COUNT(numbers); i++) {
        uv_signal_init(w->loop, &w->signals[i]);
        w->signals[i].data = w;
        uv_signal_start(&w->signals[i], on_signal, numbers[i]);
    }
    w->open_handles += 1 + (int)COUNT(numbers);
}

static void make_id(struct worker *w)
{
    char host[64] = "host";
    uint32_t random = 0;
    gethostname(host, sizeof(host) - 1);
    (void)!getrandom(&random, sizeof(random), 0);
    snprintf(w->id, sizeof(w->id), "%s-%d-%08" PRIx32, host, (int)getpid(), random);
}

/* Starts stage i and waits until it is created. */
static bool start_runner(struct worker *w, size_t i, struct error *err)
{
    struct runner *r = &w->runners[i];
    r->stage = w->options.stages[i];
    r->worker = w;
    uv_sem_init(&r->created, 0);
    pthread_mutex_init(&r->lock, NULL);
    if (uv_thread_create(&r->thread, run_stage, r) != 0)
        return error_set(err, ERROR_SYSTEM, "%s: no thread could be started: raise the limit of processes (ulimit -u)", r->stage->name);
    r->started = true;
    uv_sem_wait(&r->created);
    if (r->err.message[0] == '\0')
        return true;
    if (err)
        *err = r->err;
    return error_prefix(err, "%s", r->stage->name);
}

struct worker *worker_create(const struct worker_options *options, uv_loop_t *loop, struct error *err)
{
    struct worker *w = xcalloc(1, sizeof(*w));
    assert(options->stage_count > 0 && options->stage_count <= WORKER_STAGES_MAX);
    w->options = *options;
    w->loop = loop;
    w->watchdog_ms = notify_watchdog_ms();
    make_id(w);
    make_metrics(w);
    size_t budget_bytes = (size_t)options->config->body_budget_mb << 20;
    w->budget = budget_create(budget_bytes);
    budget_set_aside(w->budget, budget_bytes / STREAM_SHARE);
    w->env = (struct stage_env){ .config = options->config, .stream = options->stream, .budget = w->budget, .worker_id = w->id,
                                 .holder = options->holder ? options->holder : w->id, .embedded = options->embedded,
                                 .on_fatal = on_fatal, .arg = w };
    pthread_mutex_init(&w->lock, NULL);
    uv_async_init(loop, &w->wake, on_worker_wake);
    w->wake.data = w;
    w->open_handles = 1;
    start_handles(w); /* a signal that comes during the start is answered when the loop runs */
    /* Downstream first: whoever hands on finds somebody to hand on to. */
    for (size_t i = options->stage_count; i-- > 0;)
        if (!start_runner(w, i, err))
            goto fail;
    return w;

fail:
    worker_destroy(w);
    return NULL;
}

enum worker_end worker_run(struct worker *w, struct error *err)
{
    while (!w->over || w->open_handles > 1) /* the async one stays: threads that were left may still use it */
        uv_run(w->loop, UV_RUN_ONCE);
    if (w->end == WORKER_FAILED)
        has_failed(w, err);
    return w->end;
}

/* Stages that were created before another failed have begun nothing: they are drained, at most a few seconds. */
static void stop_runner(struct runner *r)
{
    if (!r->started)
        return;
    r->drain_wanted = true;
    wake_runner(r);
    uv_thread_join(&r->thread);
    config_destroy(swap_fresh(r, NULL));
    config_destroy(r->config);
    uv_sem_destroy(&r->created);
    pthread_mutex_destroy(&r->lock);
}

void worker_destroy(struct worker *w)
{
    if (!w)
        return;
    finish(w, WORKER_FAILED); /* unless it has ended */
    for (size_t i = 0; i < w->options.stage_count; i++)
        stop_runner(&w->runners[i]);
    uv_close((uv_handle_t *)&w->wake, on_handle_closed);
    while (w->open_handles > 0)
        uv_run(w->loop, UV_RUN_ONCE);
    pthread_mutex_destroy(&w->lock);
    budget_destroy(w->budget);
    free(w);
}

void worker_reload(struct worker *w, struct config *fresh)
{
    for (size_t i = 0; fresh && i < w->options.stage_count; i++) {
        struct runner *r = &w->runners[i];
        if (!r->stage->reload)
            continue;
        config_destroy(swap_fresh(r, fresh));
        wake_runner(r);
        return; /* one stage reads sources */
    }
    config_destroy(fresh);
}

bool worker_alive(const struct worker *w, struct buffer *why_not)
{
    int64_t now_ms = clock_mono_ms();
    for (size_t i = 0; i < w->options.stage_count; i++) {
        const struct runner *r = &w->runners[i];
        int64_t silent_ms = now_ms - r->ticked_ms;
        if (r->ended || silent_ms < HANGS_MS)
            continue;
        buffer_printf(why_not, "%s: its loop has not turned for %" PRId64 " s", r->stage->name, silent_ms / 1000);
        return false;
    }
    return true;
}

bool worker_ready(const struct worker *w, struct buffer *why_not)
{
    if (w->draining) {
        buffer_puts(why_not, "draining");
        return false;
    }
    for (size_t i = 0; i < w->options.stage_count; i++) {
        struct runner *r = (struct runner *)&w->runners[i];
        pthread_mutex_lock(&r->lock);
        bool ready = r->shown && (!r->stage->ready || r->stage->ready(r->shown, why_not));
        pthread_mutex_unlock(&r->lock);
        if (!ready)
            return false;
    }
    return true;
}

const char *worker_id(const struct worker *w)
{
    return w->id;
}
