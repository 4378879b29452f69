/* private_redis.h - the redis-server of a state directory: a child on a unix socket that goes with us. It inherits the
 * directory's lock and asks the kernel for SIGTERM when we die, so that two never work on one append-only file. */
#ifndef CLI_PRIVATE_REDIS_H
#define CLI_PRIVATE_REDIS_H

#include "base/error.h"
#include "cli/state_dir.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct private_redis;

/* Starts it in a locked directory and waits until it answers (a large append-only file takes its time to read). Call it
 * from the main thread before there are others. program: NULL = redis-server from PATH. */
struct private_redis *private_redis_start(const struct state_dir *d, int64_t max_mb, const char *program, struct error *err);
const char *private_redis_address(const struct private_redis *p); /* as redis_create() and redis_open() take it */
pid_t private_redis_pid(const struct private_redis *p);
/* false when it has ended or cannot store: ERROR_SYSTEM ended (with what its log says), ERROR_TRANSIENT a full disk. */
bool private_redis_check(struct private_redis *p, struct error *err);
void private_redis_stop(struct private_redis *p); /* writes all it has; at most 10 s; NULL is fine */

/* The address of the server of a directory, for processes that did not start it. free() it. */
char *private_redis_address_in(const struct state_dir *d);

#endif
