/* connect.c - see connect.h. */
#include "cli/connect.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/private_redis.h"
#include "cli/state_dir.h"
#include "pipeline/redis.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 15000 /* for a run that is starting, or another question that is being answered */
#define ROLES_REDIS "localhost:6379"
#define ROLES_WAIT_MS 5000

/* The servers at c's addresses. */
static bool open_both(struct connection *c, const struct config *config, struct error *err)
{
    bool one = strcmp(c->frontier_address, c->cache_address) == 0;
    const char *password = config->redis.cache_password ? config->redis.cache_password : one ? config->redis.frontier_password : NULL;
    c->frontier = redis_open(c->frontier_address, config->redis.frontier_password, err);
    if (c->frontier)
        c->cache = one ? c->frontier : redis_open(c->cache_address, password, err);
    return c->cache != NULL;
}

static void close_both(struct connection *c)
{
    if (c->cache && c->cache != c->frontier)
        redisFree(c->cache);
    if (c->frontier)
        redisFree(c->frontier);
    c->cache = c->frontier = NULL;
}

/* A server that has just been started reads its append-only file first. */
static bool has_loaded(struct connection *c, struct error *err)
{
    redisReply *reply = redis_ask(c->frontier, err, "PING");
    freeReplyObject(reply);
    return reply != NULL;
}

static bool use_configured(struct connection *c, const struct config *config, const char *frontier, struct error *err)
{
    const char *cache = config->redis.cache ? config->redis.cache : frontier;
    c->frontier_address = xstrdup(frontier);
    c->cache_address = xstrdup(cache);
    return open_both(c, config, err);
}

static bool use_private(struct connection *c, const struct config *config, struct error *err)
{
    c->frontier_address = private_redis_address_in(c->lock);
    c->cache_address = xstrdup(config->redis.cache ? config->redis.cache : c->frontier_address);
    return open_both(c, config, err);
}

/* A run that has the lock may still be starting its server. */
static bool use_running(struct connection *c, const struct config *config, struct error *err)
{
    char command[32];
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (!use_private(c, config, err) || !has_loaded(c, err)) {
        close_both(c);
        if (err->kind != ERROR_TRANSIENT || clock_mono_ms() > until_ms || !state_dir_holder(c->lock, command, sizeof(command)))
            return false;
        free(c->frontier_address);
        free(c->cache_address);
        poll(NULL, 0, 50);
    }
    return true;
}

/* The embedded form: c->lock is the open state directory. */
static bool use_state_dir(struct connection *c, const struct config *config, struct error *err)
{
    char command[32] = "";
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    c->embedded = true;
    while (!state_dir_lock(c->lock, "question", 0, err)) {
        if (err->kind != ERROR_LIMIT)
            return false;
        pid_t holder = state_dir_holder(c->lock, command, sizeof(command));
        if (holder && strcmp(command, "run") == 0) {
            c->running = holder;
            return use_running(c, config, err);
        }
        if (clock_mono_ms() > until_ms)
            return false;
        poll(NULL, 0, 20);
    }
    c->own = private_redis_start(c->lock, config->redis.private_max_mb, NULL, err);
    return c->own && use_private(c, config, err);
}

/* Nothing is configured and no state directory was named: is a run at work in the usual one? */
static bool runs(struct connection *c, const struct config *config)
{
    char command[32] = "";
    struct error err;
    c->lock = state_dir_open(config->state_dir, false, &err);
    return c->lock && state_dir_holder(c->lock, command, sizeof(command)) && strcmp(command, "run") == 0;
}

/* Do roles that somebody started by hand keep their frontier where they do unless configured? */
static bool roles_here(struct connection *c, const struct config *config)
{
    struct error err;
    redisContext *r = redis_open(ROLES_REDIS, config->redis.frontier_password, &err);
    if (!r)
        return false;
    redisReply *reply = redis_ask(r, &err, "EXISTS %s:meta", config->prefix);
    bool here = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    redisFree(r);
    return here && use_configured(c, config, ROLES_REDIS, &err);
}

static bool redis_answers(const struct config *config)
{
    struct error err;
    redisContext *r = redis_open(ROLES_REDIS, config->redis.frontier_password, &err);
    if (r)
        redisFree(r);
    return r != NULL;
}

/* No state directory either: roles may have been started by hand a moment ago. */
static bool roles_come(struct connection *c, const struct config *config)
{
    struct error err;
    int64_t until_ms = clock_mono_ms() + ROLES_WAIT_MS;
    struct state_dir *d = state_dir_open(config->state_dir, false, &err);
    bool here = d != NULL;
    state_dir_close(d);
    if (here)
        return false;
    while (!(here = roles_here(c, config)) && redis_answers(config) && clock_mono_ms() < until_ms)
        poll(NULL, 0, 50);
    return here;
}

static bool find(struct connection *c, const struct config *config, struct error *err)
{
    if (config->redis.frontier) {
        c->embedded = !config->kafka.bootstrap;
        return use_configured(c, config, config->redis.frontier, err);
    }
    if (!config->state_dir_chosen && !runs(c, config) && (roles_here(c, config) || roles_come(c, config)))
        return true;
    if (!c->lock)
        c->lock = state_dir_open(config->state_dir, false, err);
    return c->lock && use_state_dir(c, config, err);
}

struct connection *connect_open(const struct config *config, struct error *err)
{
    struct connection *c = xcalloc(1, sizeof(*c));
    struct error own;
    c->state_dir = config->state_dir;
    if (find(c, config, err ? err : &own))
        return c;
    connect_close(c);
    return NULL;
}

void connect_close(struct connection *c)
{
    if (!c)
        return;
    close_both(c);
    private_redis_stop(c->own);
    state_dir_close(c->lock);
    free(c->frontier_address);
    free(c->cache_address);
    free(c);
}
