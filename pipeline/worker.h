/* worker.h - the life of a process that runs stages: start, signals, drain, end.
 *
 *   main thread (this loop): signals, watchdog, readiness, limits of time
 *      |--- stage's thread and loop: crawler     each ticks; asked to drain one after another in this order, since an
 *      |--- stage's thread and loop: extractor   earlier stage waits for its records to have their effect in a later one
 *      `--- stage's thread and loop: loader
 *
 * A stage has a thread of its own even when it is the only one, so that a loop that hangs is noticed, told to the
 * supervisor and can still be left. First SIGTERM or SIGINT: drain, at most WORKER_DRAIN_MS; second: leave at once. */
#ifndef PIPELINE_WORKER_H
#define PIPELINE_WORKER_H

#include "base/buffer.h"
#include "base/error.h"
#include "pipeline/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define WORKER_DRAIN_MS 25000 /* 10 s transfers, 10 s flush, 5 s close */
#define WORKER_STAGES_MAX 4

struct worker_options {
    const struct config *config; /* borrowed; the others too. body_budget_mb is what the stages share */
    struct stream *stream;
    const struct stage *const *stages; /* stage_count of them, upstream first */
    size_t stage_count;
    bool embedded;
    const char *holder; /* NULL: the worker's id. Else only this process can have it (the lock of a state directory) */
    /* All on the main thread; each may be NULL. */
    void (*on_drain)(void *arg, const char *why);      /* the drain begins */
    void (*on_waiting)(void *arg, const char *for_what); /* each second of it */
    void (*on_reload)(void *arg);                      /* SIGHUP */
    void *arg;
};

enum worker_end {
    WORKER_DRAINED, /* all is done */
    WORKER_LEFT,    /* second signal, or the time was up: stage threads may still run, so end with _exit() */
    WORKER_FAILED,  /* *err says why; as WORKER_LEFT */
};

struct worker;

/* What every such process does first, before any thread: open files limit, no new privileges, libuv's pool. */
void worker_prepare(void);
/* Starts the stages on threads; loop is the main thread's. Signals are caught from here on. NULL with the reason if a stage
 * cannot be created. */
struct worker *worker_create(const struct worker_options *options, uv_loop_t *loop, struct error *err);
/* Gives up what confine.h says, once everything is started; starting programs, too, unless Kafka's client needs to. Where the
 * kernel refuses, the log says so and the worker goes on; builds with sanitizers give up nothing, since those look into processes
 * and start programs themselves. */
void worker_confine(const struct config *config);
/* Runs the loop until the end. The caller closes its own handles on the loop afterwards. */
enum worker_end worker_run(struct worker *w, struct error *err);
void worker_destroy(struct worker *w); /* only after WORKER_DRAINED, or a failed create */

void worker_drain(struct worker *w, const char *why);  /* as the first signal; main thread */
void worker_fail(struct worker *w, const struct error *err); /* ends worker_run(); any thread */
/* SIGHUP's new configuration, for the stages that want one; takes it, which is borrowed as options.config is otherwise. */
void worker_reload(struct worker *w, struct config *fresh);
bool worker_alive(const struct worker *w, struct buffer *why_not); /* loops ticked within 30 s; any thread */
bool worker_ready(const struct worker *w, struct buffer *why_not); /* any thread */
const char *worker_id(const struct worker *w);

#endif
