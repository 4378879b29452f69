/* private_redis.c - see private_redis.h. The server changes into its folder and binds a relative name, and clients whose path
 * would be longer than a socket's address go through /proc/self/fd: so any state directory will do. */
#include "cli/private_redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 1000
#define LOAD_MS 120000  /* to read a large append-only file */
#define STOP_MS 10000
#define LOG_MAX_BYTES (1 << 20)

struct private_redis {
    char *folder, *address, *log;
    pid_t pid; /* 0: ended and reaped */
    int status;
};

char *private_redis_address_in(const struct state_dir *d)
{
    char *path = xasprintf("%s/redis/redis.sock", state_dir_path(d));
    if (strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path))
        return path;
    path[strlen(path) - strlen("/redis.sock")] = '\0';
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC); /* stays open as long as the process: it is part of the address */
    free(path);
    return xasprintf("/proc/self/fd/%d/redis.sock", fd);
}

/* In the child. parent: who must still be there. */
static _Noreturn void become_server(const struct private_redis *p, int64_t max_mb, int lock_fd, pid_t parent, const char *program)
{
    char memory[32];
    sigset_t none;
    snprintf(memory, sizeof(memory), "%lldmb", (long long)max_mb);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
    setpgid(0, 0); /* Ctrl-C is ours to handle: we stop it when we have drained */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    fcntl(lock_fd, F_SETFD, 0);
    int null = open("/dev/null", O_RDWR);
    int log = open(p->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(null, 0);
    dup2(log >= 0 ? log : null, 1);
    dup2(log >= 0 ? log : null, 2);
    execlp(program, "redis-server", "--port", "0", "--unixsocket", "redis.sock", "--unixsocketperm", "700", "--dir", p->folder,
           "--daemonize", "no", "--logfile", p->log, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
           "--auto-aof-rewrite-min-size", "16mb", "--maxmemory", memory, "--maxmemory-policy", "noeviction",
           "--set-max-intset-entries", "1024", "--databases", "1", (char *)NULL);
    fprintf(stderr, "%s: %s\n", program, strerror(errno));
    _exit(127);
}

static bool reap(struct private_redis *p)
{
    if (p->pid && waitpid(p->pid, &p->status, WNOHANG) == p->pid)
        p->pid = 0;
    return p->pid == 0;
}

/* The last line its log has, without the time and role in front. */
static void last_words(const struct private_redis *p, char *out, size_t size)
{
    char line[512];
    snprintf(out, size, "(nothing)");
    FILE *f = fopen(p->log, "re");
    if (!f)
        return;
    while (fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = '\0';
        const char *mark = strstr(line, " # ");
        bool chatter = strstr(line, "WARNING") || strstr(line, "sysctl") || strstr(line, "oO0O") || strstr(line, "Configuration loaded");
        if (line[0] && !chatter && (mark || !strchr("0123456789 `'.|_-(", line[0])))
            snprintf(out, size, "%.200s", mark ? mark + 3 : line);
    }
    fclose(f);
}

static bool say_ended(const struct private_redis *p, struct error *err)
{
    char words[256], how[64];
    last_words(p, words, sizeof(words));
    if (WIFEXITED(p->status) && WEXITSTATUS(p->status) == 127)
        return error_set(err, ERROR_SYSTEM, "redis-server could not be started (%s): install it (apt-get install redis-server), or name a "
                         "Redis of yours: --set redis.frontier=HOST:PORT", words);
    if (WIFSIGNALED(p->status))
        snprintf(how, sizeof(how), "was ended by signal %d", WTERMSIG(p->status));
    else
        snprintf(how, sizeof(how), "ended with status %d", WEXITSTATUS(p->status));
    return error_set(err, ERROR_SYSTEM, "the private redis-server %s; its last words: %s (%s). What was acknowledged is in %s; start again",
                     how, log_quote(words), p->log, p->folder);
}

static redisContext *open_server(const struct private_redis *p)
{
    struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
    redisContext *c = redisConnectUnixWithTimeout(p->address, limit);
    if (c && c->err == 0) {
        redisSetTimeout(c, limit);
        return c;
    }
    if (c)
        redisFree(c);
    return NULL;
}

/* 1 it answers, 0 not yet (also while it loads), with what it said in *err. */
static bool answers(const struct private_redis *p, struct error *err)
{
    redisContext *c = open_server(p);
    if (!c)
        return false;
    redisReply *r = redisCommand(c, "PING");
    bool ok = r && r->type == REDIS_REPLY_STATUS;
    if (r && r->type == REDIS_REPLY_ERROR)
        error_set(err, ERROR_TRANSIENT, "%.200s", r->str);
    freeReplyObject(r);
    redisFree(c);
    return ok;
}

static bool wait_for_answer(struct private_redis *p, struct error *err)
{
    struct error said = { .message = "no answer" };
    int64_t until_ms = clock_mono_ms() + LOAD_MS;
    while (!answers(p, &said)) {
        if (reap(p))
            return say_ended(p, err);
        if (clock_mono_ms() > until_ms)
            return error_set(err, ERROR_SYSTEM, "the private redis-server does not answer after %d s (%s): see %s", LOAD_MS / 1000,
                             said.message, p->log);
        poll(NULL, 0, 5);
    }
    return true;
}

static void keep_log_small(const struct private_redis *p)
{
    struct stat st;
    if (stat(p->log, &st) == 0 && st.st_size > LOG_MAX_BYTES) {
        char *old = xasprintf("%s.1", p->log);
        rename(p->log, old); /* Redis opens its log for each line */
        free(old);
    }
}

struct private_redis *private_redis_start(const struct state_dir *d, int64_t max_mb, const char *program, struct error *err)
{
    struct private_redis *p = xcalloc(1, sizeof(*p));
    p->folder = xasprintf("%s/redis", state_dir_path(d));
    p->log = xasprintf("%s/redis/redis.log", state_dir_path(d));
    if (mkdir(p->folder, 0700) != 0 && errno != EEXIST) {
        error_set(err, ERROR_SYSTEM, "%s: cannot be made: %s", p->folder, strerror(errno));
        goto fail;
    }
    p->address = private_redis_address_in(d);
    keep_log_small(p);
    pid_t parent = getpid();
    p->pid = fork();
    if (p->pid == 0)
        become_server(p, max_mb, state_dir_lock_fd(d), parent, program ? program : "redis-server");
    if (p->pid < 0) {
        p->pid = 0;
        error_set(err, ERROR_SYSTEM, "no process could be started for redis-server: %s", strerror(errno));
        goto fail;
    }
    if (!wait_for_answer(p, err))
        goto fail;
    return p;

fail:
    private_redis_stop(p);
    return NULL;
}

const char *private_redis_address(const struct private_redis *p)
{
    return p->address;
}

pid_t private_redis_pid(const struct private_redis *p)
{
    return p->pid;
}

bool private_redis_check(struct private_redis *p, struct error *err)
{
    if (reap(p))
        return say_ended(p, err);
    keep_log_small(p);
    redisContext *c = open_server(p);
    redisReply *r = c ? redisCommand(c, "INFO persistence") : NULL;
    bool fails = r && r->type == REDIS_REPLY_STRING && strstr(r->str, "aof_last_write_status:err");
    freeReplyObject(r);
    if (c)
        redisFree(c);
    if (!fails)
        return true;
    struct statvfs disk = { 0 };
    char words[256];
    last_words(p, words, sizeof(words));
    statvfs(p->folder, &disk);
    return error_set(err, ERROR_TRANSIENT, "the private Redis cannot store: %.80s; %llu kB are free at %.80s: make room there, and work goes on "
                     "by itself", words, (unsigned long long)disk.f_bavail * disk.f_frsize / 1024, p->folder);
}

void private_redis_stop(struct private_redis *p)
{
    if (!p)
        return;
    int64_t until_ms = clock_mono_ms() + STOP_MS;
    if (p->pid)
        kill(p->pid, SIGTERM);
    while (!reap(p)) {
        if (clock_mono_ms() > until_ms)
            kill(p->pid, SIGKILL);
        poll(NULL, 0, 5);
    }
    free(p->folder);
    free(p->address);
    free(p->log);
    free(p);
}
