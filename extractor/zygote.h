/* zygote.h - a process that forks others on request. It is started before its owner gives up starting programs, and from then on
 * children can still be replaced. They share what the zygote has prepared; nothing of the owner's memory, files or environment
 * is in either.
 *
 *   owner ── fork slot n, three descriptors ──> zygote ── fork ──> child n: standard input, output and error
 *         <── child n is process p, child n has ended ──
 *
 * One child at a time has a slot. Children die with the zygote, the zygote with the thread that created it. Where the two
 * processes' addresses are is drawn once, by the zygote: a child that is forked anew has the same. */
#ifndef EXTRACTOR_ZYGOTE_H
#define EXTRACTOR_ZYGOTE_H

#include "base/error.h"

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#define ZYGOTE_SLOTS_MAX 256

struct zygote;

struct zygote_callbacks { /* on the loop's thread */
    void (*on_started)(void *arg, int slot, pid_t pid);
    void (*on_exit)(void *arg, int slot, int status); /* as waitpid() gives it; ZYGOTE_NOT_FORKED */
    void (*on_lost)(void *arg); /* it ended unasked, after on_exit() of each child: no child can be started any more */
    void *arg;
};
#define ZYGOTE_NOT_FORKED (-1)

/* Starts program with args (ended by NULL) and env; its main() must come to zygote_serve(0, …). NULL with ERROR_SYSTEM. */
struct zygote *zygote_create(uv_loop_t *loop, const char *program, char **args, char **env, const struct zygote_callbacks *callbacks,
                             struct error *err);
/* The descriptors stay the caller's. True: on_exit() will come, on_started() before it if it could be forked. */
bool zygote_fork(struct zygote *z, int slot, const int fds[3]);
void zygote_kill(struct zygote *z, int slot); /* SIGKILL; nothing when it has ended */
/* Only when no child is left. on_closed is called when all handles are closed and z is freed. */
void zygote_destroy(struct zygote *z, void (*on_closed)(void *arg), void *arg);

/* The zygote's own life: forks until the owner has gone, then kills its children and returns. The process must have one thread.
 * child(arg) is called in each child, with descriptors 0 to 2 as given, and must not return. */
void zygote_serve(int fd, void (*child)(void *arg), void *arg);

#endif
