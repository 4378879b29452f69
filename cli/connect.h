/* connect.h - finds what a question is put to. With redis.frontier configured: that server. Otherwise the embedded form in
 * the state directory: the private Redis of a `tidings run` that is running, or, when none runs, that Redis started for the
 * answer and stopped again (under the lock of the state directory, so that no run can start meanwhile). */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "base/error.h"
#include "config/config.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <sys/types.h>

struct connection {
    redisContext *frontier; /* owned */
    redisContext *cache;    /* may be the same */
    bool embedded;          /* no Kafka configured: events and dead letters are files below state_dir */
    pid_t running;          /* of the `tidings run` on this state directory; 0: none (or distributed) */
    const char *state_dir;  /* lent by the configuration; NULL only when not embedded and none is set */
    char *frontier_address, *cache_address; /* owned; as redis_create() takes them */
    struct private_redis *own; /* private: the server we started for the answer */
    struct state_dir *lock;
};

/* ERROR_TRANSIENT when a server does not answer, ERROR_INVALID when there is nothing to ask: no configuration and no state
 * directory (the message says what to do). */
struct connection *connect_open(const struct config *config, struct error *err);
void connect_close(struct connection *c); /* NULL is fine */

#endif
