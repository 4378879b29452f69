/* state_dir.h - the directory where `tidings run` keeps what must outlast it (mode 0700):
 *
 *     format        "tidings state 1": the version of this layout; a newer one is refused in words
 *     lock          flock()ed by whoever uses the directory, and by its private redis-server; holds "PID COMMAND"
 *     redis/        the private Redis: append-only file, socket, log
 *     contact       the contact that was asked for once
 *     events, deadletters, logs */
#ifndef CLI_STATE_DIR_H
#define CLI_STATE_DIR_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct state_dir;

/* create: make it (and what is above it) if it is not there. ERROR_INVALID when it is not there, is somebody else's, is
 * open to others, or has a newer format. */
struct state_dir *state_dir_open(const char *path, bool create, struct error *err);
void state_dir_close(struct state_dir *d); /* gives the lock back; NULL is fine */
const char *state_dir_path(const struct state_dir *d);

/* Takes the lock, waiting up to wait_ms for it; longer for the Redis of a holder that has died, which stores what it has.
 * false with ERROR_LIMIT naming the holder. */
bool state_dir_lock(struct state_dir *d, const char *command, int64_t wait_ms, struct error *err);
int state_dir_lock_fd(const struct state_dir *d); /* for a child to inherit; -1 without the lock */
/* Who holds it: its pid and, into command, what it is ("run"). 0: nobody. */
pid_t state_dir_holder(const struct state_dir *d, char *command, size_t size);

/* Small files in it: whole content, or NULL; written through a temporary name and fsync. */
char *state_dir_read(const struct state_dir *d, const char *name);
bool state_dir_write(const struct state_dir *d, const char *name, const char *text, struct error *err);
/* Bytes on disk below it. */
int64_t state_dir_bytes(const struct state_dir *d);

#endif
