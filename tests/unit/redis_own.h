/* redis_own.h - a real redis-server of its own for a test: on a socket in a fresh directory, append-only file on. */
#ifndef TESTS_UNIT_REDIS_OWN_H
#define TESTS_UNIT_REDIS_OWN_H

#include "pipeline/redis.h"
#include "tests/unit/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

struct redis_server {
    char dir[64], socket[96];
    pid_t pid;
    const char *fsync; /* appendfsync; NULL: always */
    redisContext *c;   /* for looking inside */
};

/* Starts it (again, on what it had stored) and waits until it answers. */
static void redis_server_start(struct redis_server *s)
{
    signal(SIGPIPE, SIG_IGN); /* as main() does: a server that is killed is an error, no signal */
    if (!s->dir[0]) {
        snprintf(s->dir, sizeof(s->dir), "/tmp/tidings-test-XXXXXX");
        CHECK(mkdtemp(s->dir), "mkdtemp");
        snprintf(s->socket, sizeof(s->socket), "%s/redis.sock", s->dir);
    }
    s->pid = fork();
    CHECK(s->pid >= 0, "fork");
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", s->socket, "--dir", s->dir, "--appendonly", "yes",
               "--appendfsync", s->fsync ? s->fsync : "always", "--save", "", (char *)NULL);
        _exit(127);
    }
    struct error err;
    for (int i = 0; i < 500; i++) {
        s->c = redis_open(s->socket, NULL, &err);
        redisReply *reply = s->c ? redisCommand(s->c, "PING") : NULL;
        bool up = reply && reply->type == REDIS_REPLY_STATUS;
        if (reply)
            freeReplyObject(reply);
        if (up)
            return;
        if (s->c)
            redisFree(s->c);
        s->c = NULL;
        CHECK(waitpid(s->pid, NULL, WNOHANG) == 0, "redis-server ended; is it installed?");
        usleep(20000);
    }
    fail_msg("redis-server does not answer: %s", err.message);
}

static void redis_server_kill(struct redis_server *s)
{
    if (s->c)
        redisFree(s->c);
    s->c = NULL;
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    unlink(s->socket);
}

static int redis_server_unlink(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static void redis_server_stop(struct redis_server *s)
{
    redis_server_kill(s);
    nftw(s->dir, redis_server_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

static __attribute__((unused, format(printf, 2, 3))) redisReply *redis_server_ask(struct redis_server *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    redisReply *reply = redisvCommand(s->c, format, ap);
    va_end(ap);
    CHECK(reply && reply->type != REDIS_REPLY_ERROR, "%s: %s", format, reply ? reply->str : s->c->errstr);
    return reply;
}

/* The answer as a number: an integer, the number in a string, the length of an array, 0 for nil. */
#define redis_server_number(s, ...) redis_server_count(redis_server_ask(s, __VA_ARGS__))
static __attribute__((unused)) long long redis_server_count(redisReply *reply)
{
    long long n = reply->type == REDIS_REPLY_INTEGER ? reply->integer
                  : reply->type == REDIS_REPLY_STRING ? atoll(reply->str)
                  : reply->type == REDIS_REPLY_ARRAY ? (long long)reply->elements : 0;
    freeReplyObject(reply);
    return n;
}

/* A script called the blocking way. The caller frees the reply; an error fails the test. */
static __attribute__((unused)) redisReply *script_eval(redisContext *c, const struct redis_script *script, int keys, int argc,
                                                       const char **argv, const size_t *lens)
{
    struct error err;
    redisReply *reply = redis_ask_script(c, script, keys, argc, argv, lens, &err);
    CHECK(reply, "%s: %s", script->name, err.message);
    return reply;
}

/* The string answer of a command, "" for nil; numbers in decimal. One of 4 buffers. */
static __attribute__((unused, format(printf, 2, 3))) const char *redis_text(redisContext *c, const char *format, ...)
{
    static char buffers[4][4096];
    static int turn;
    char *out = buffers[turn++ % 4];
    va_list args;

    va_start(args, format);
    redisReply *r = redisvCommand(c, format, args);
    va_end(args);
    CHECK(r && r->type != REDIS_REPLY_ERROR, "%s", r ? r->str : c->errstr);
    out[0] = '\0';
    if (r->type == REDIS_REPLY_INTEGER)
        snprintf(out, sizeof(buffers[0]), "%lld", r->integer);
    else if (r->str)
        snprintf(out, sizeof(buffers[0]), "%s", r->str);
    freeReplyObject(r);
    return out;
}

/* Runs the loop until the condition holds; what takes over 20 s never comes. */
#define RUN_UNTIL(loop, condition)                                                      \
    do {                                                                                \
        uint64_t limit_ = uv_hrtime() + 20000000000u;                                   \
        uv_timer_t turn_;                                                               \
        uv_timer_init(loop, &turn_);                                                    \
        uv_timer_start(&turn_, redis_server_turn, 1, 5);                                \
        while (!(condition) && uv_hrtime() < limit_)                                    \
            uv_run(loop, UV_RUN_ONCE);                                                  \
        uv_close((uv_handle_t *)&turn_, NULL);                                          \
        uv_run(loop, UV_RUN_NOWAIT);                                                    \
        CHECK(condition, "not within 20 s");                                            \
    } while (0)
static __attribute__((unused)) void redis_server_turn(uv_timer_t *timer)
{
    (void)timer; /* wakes the loop so that the condition is looked at */
}

#endif
