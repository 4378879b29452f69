/* redis.h - one asynchronous connection to Redis on a libuv loop: it reconnects by itself, loads scripts once and calls them
 * by SHA, and never sends anything on a new connection before the server's run_id is compared.
 *
 * A call whose connection breaks is answered with ERROR_TRANSIENT: it may or may not have had its effect, so every script is
 * idempotent and is simply sent again. on_server_changed() says that the server is another one or was restarted: what it
 * acknowledged before may be gone. */
#ifndef PIPELINE_REDIS_H
#define PIPELINE_REDIS_H

#include "base/error.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct redis;

struct redis_callbacks {
    void (*on_connected)(void *arg);       /* also after each reconnect, run_id compared */
    void (*on_disconnected)(void *arg);    /* outstanding calls have been answered ERROR_TRANSIENT before */
    void (*on_server_changed)(void *arg);  /* before on_connected(): another run_id than before */
    void *arg;
};

/* A Lua script, all of it static. `prelude`, when not NULL, is put in front of it (shared functions). */
struct redis_script {
    const char *name;     /* for messages */
    const char *prelude;
    const char *source;
};

/* reply is NULL exactly when err is not; an error reply of the server (-ERR …) is given as err with ERROR_SYSTEM, -OOM,
 * -MISCONF, -LOADING, -READONLY and the like, which somebody can mend, as ERROR_TRANSIENT. reply is lent until the callback
 * returns. */
typedef void redis_reply_fn(void *arg, const redisReply *reply, const struct error *err);

/* Nothing is sent before the loop runs. The callbacks' struct is copied. lens may be NULL in all calls (NUL-terminated then).
 * address: "HOST:PORT", "[V6]:PORT" or an absolute path of a unix socket; password may be NULL. */
struct redis *redis_create(uv_loop_t *loop, const char *address, const char *password, const struct redis_callbacks *callbacks,
                           struct error *err);
/* Answers outstanding calls with ERROR_TRANSIENT, closes its handles, then calls on_closed (may be NULL) from the loop: from
 * there on redis_destroy() may be called. No other callback comes after redis_close() has returned. */
void redis_close(struct redis *r, void (*on_closed)(void *arg), void *arg);
void redis_destroy(struct redis *r); /* NULL is fine */
bool redis_connected(const struct redis *r);
size_t redis_pending(const struct redis *r); /* calls without a reply: keep it below a few thousand */

/* While not connected a call is answered at once with ERROR_TRANSIENT (from the loop, not from inside the call). */
void redis_call(struct redis *r, redis_reply_fn *fn, void *arg, int argc, const char **argv, const size_t *lens);
void redis_callf(struct redis *r, redis_reply_fn *fn, void *arg, const char *format, ...); /* hiredis format: %s %b %d */
/* EVALSHA; the script is loaded once a connection. keys: how many of argv are keys; they come first. */
void redis_eval(struct redis *r, const struct redis_script *script, redis_reply_fn *fn, void *arg, int keys, int argc,
                const char **argv, const size_t *lens);

/* For commands of people: blocking, one call at a time. NULL with the reason. freeReplyObject(). */
redisContext *redis_open(const char *address, const char *password, struct error *err);
redisReply *redis_ask(redisContext *c, struct error *err, const char *format, ...);
redisReply *redis_ask_script(redisContext *c, const struct redis_script *script, int keys, int argc, const char **argv,
                             const size_t *lens, struct error *err);

#endif
