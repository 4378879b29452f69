/* redis_server.h - a redis-server of a test's own, on a unix socket in a directory of its own; and scripts called in the
 * plainest way, so that they can be tested without pipeline/redis.c. */
#ifndef TESTS_UNIT_REDIS_SERVER_H
#define TESTS_UNIT_REDIS_SERVER_H

#include "check.h"
#include "pipeline/redis.h"

#include <hiredis/hiredis.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
    pid_t pid;
    char dir[64], socket[96], maxmemory[24];
};

/* Starts it (again) on what its append-only file holds, and waits until it answers. */
static inline void redis_server_start(struct redis_server *s)
{
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        char log[96];
        snprintf(log, sizeof(log), "%s/log", s->dir);
        execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", s->socket, "--dir", s->dir, "--save", "", "--appendonly", "yes",
               "--appendfsync", "always", "--logfile", log, "--maxmemory", s->maxmemory[0] ? s->maxmemory : "0", "--loglevel", "warning", (char *)NULL);
        _exit(127);
    }
    for (;;) { /* ctest's own limit ends a server that never comes */
        redisContext *c = redisConnectUnix(s->socket);
        redisReply *r = c && !c->err ? redisCommand(c, "PING") : NULL;
        bool up = r && r->type == REDIS_REPLY_STATUS;
        if (r)
            freeReplyObject(r);
        if (c)
            redisFree(c);
        if (up)
            return;
        CHECK(waitpid(s->pid, NULL, WNOHANG) == 0, "redis-server ended at once: is it installed?");
        usleep(2000);
    }
}

static inline void redis_server_create(struct redis_server *s)
{
    snprintf(s->dir, sizeof(s->dir), "/tmp/tidings-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->socket, sizeof(s->socket), "%s/redis.sock", s->dir);
    redis_server_start(s);
}

static inline void redis_server_stop(struct redis_server *s, int signal_number)
{
    kill(s->pid, signal_number);
    waitpid(s->pid, NULL, 0);
}

static inline void redis_server_destroy(struct redis_server *s)
{
    char command[128];

    redis_server_stop(s, SIGKILL);
    snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
    assert_int_equal(system(command), 0);
}

static inline redisContext *redis_server_connect(const struct redis_server *s)
{
    redisContext *c = redisConnectUnix(s->socket);
    assert_true(c && !c->err);
    return c;
}

/* EVAL of a script with its prelude. The caller frees the reply; an error fails the test. */
static inline redisReply *script_eval(redisContext *c, const struct redis_script *s, int keys, int argc, const char **argv, const size_t *lens)
{
    size_t prelude = s->prelude ? strlen(s->prelude) : 0;
    char *text = xmalloc(prelude + strlen(s->source) + 2), number[16];
    const char *args[64] = { "EVAL", text, number };
    size_t sizes[64];

    sprintf(text, "%s\n%s", s->prelude ? s->prelude : "", s->source);
    snprintf(number, sizeof(number), "%d", keys);
    for (int i = 0; i < argc + 3; i++) {
        if (i >= 3)
            args[i] = argv[i - 3];
        sizes[i] = i >= 3 && lens ? lens[i - 3] : strlen(args[i]);
    }
    redisReply *r = redisCommandArgv(c, argc + 3, args, sizes);
    free(text);
    CHECK(r && r->type != REDIS_REPLY_ERROR, "%s: %s", s->name, r ? r->str : c->errstr);
    return r;
}

/* The string answer of a command, "" for nil; numbers in decimal. One of 4 buffers. */
static inline const char *redis_text(redisContext *c, const char *format, ...)
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

#endif
