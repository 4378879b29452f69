/* pool.h - parses pages beside the loop: in child processes that can touch nothing but their pipes and their memory, or,
 * where the sandbox is turned off, in threads of this process.
 *
 *   pool_submit() ──> waiting ──> child (2 at once: one parsed, one in its pipe) ──> done(parsed)
 *                                   │ dies, or takes too long
 *                                   `──> the verdict on its page, and a new child
 *
 * Children are forked by a process that is this program, started anew with POOL_CHILD_ARGUMENT (zygote.h): nothing of our memory,
 * files or environment is in them, and we may give up starting programs. Jobs end in any order. Everything is called from, and calls back on, the loop's thread. */
#ifndef EXTRACTOR_POOL_H
#define EXTRACTOR_POOL_H

#include "extractor/parse.h"

#include <sys/types.h>
#include <uv.h>

#define POOL_CHILD_ARGUMENT "__parse-pages" /* argv[1] of that process; main() hands over to pool_child_main() */

struct pool;

struct pool_options {
    int workers;                /* 0: one a core */
    bool sandbox;               /* false: threads */
    struct parse_limits limits; /* the deadline is the child's own, for its tree */
    int64_t kill_after_ms;      /* CPU time of a child on one page, ten times that in real time; 0: the deadline and 2 s */
    const char *program;        /* NULL: /proc/self/exe */
    void (*on_fatal)(void *arg, const struct error *err); /* no child can be started any more; NULL: only the log says so */
    void *fatal_arg;
};

/* NULL with ERROR_SYSTEM when no child can be started. */
struct pool *pool_create(uv_loop_t *loop, const struct pool_options *options, struct error *err);
/* Ends the children; on_closed is called when all handles are closed and the pool is freed. Jobs that are not done are
 * forgotten, their callbacks are not called. */
void pool_destroy(struct pool *p, void (*on_closed)(void *arg), void *arg);

/* r is borrowed until done() is called, with what is lent until it returns. */
typedef void pool_done_fn(void *arg, const struct parsed *parsed);
void pool_submit(struct pool *p, const struct record *r, pool_done_fn *done, void *arg);
size_t pool_jobs(const struct pool *p); /* submitted and not done */

/* For tests and messages: the pids of the children that live, at most max. */
int pool_children(const struct pool *p, pid_t *pids, int max);

/* The whole life of that process; its children read requests from standard input and answer on standard output. Returns the exit
 * status. */
int pool_child_main(int argc, char **argv);
/* Gives up everything but memory, read, write, futex, clock and exit, for good. For tests; pool_child_main() calls it. */
bool pool_child_confine(struct error *err);

#endif
