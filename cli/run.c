/* run.c - `tidings run`: all three stages in this process over local streams.
 *
 *   main thread     state directory, private Redis, signals, drain (pipeline/worker.h)
 *   three threads   crawler, extractor, loader
 *   one thread      what is said: articles or the live table (cli/report.h)
 *
 * The order of the start: lock, Redis, sources, report's position, signals and stages, view: a signal never finds a terminal
 * that nobody puts back. */
#include "cli/command.h"

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/address.h"
#include "cli/private_redis.h"
#include "cli/report.h"
#include "cli/role.h"
#include "cli/run_sources.h"
#include "cli/state_dir.h"
#include "pipeline/health.h"
#include "pipeline/keys.h"
#include "pipeline/meta.h"
#include "pipeline/redis.h"
#include "pipeline/stage.h"
#include "pipeline/worker.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOCK_WAIT_MS 3000 /* a run that was killed a moment ago takes its Redis with it */
#define CHECK_MS 1000
#define SIZE_EVERY 5      /* checks */
#define REPORT_MS 5000
#define LOG_BYTES (10u << 20)

struct heard {
    bool reader_gone, idle;
    char gone_why[128];
    int unread;                  /* --once: sources that could not be read */
    char unread_name[80];
};

struct run {
    struct invocation *inv;
    struct config *config;
    enum view_mode mode;
    struct state_dir *state;
    struct private_redis *redis; /* NULL: a configured one */
    char holder[96];             /* in whose name partitions are leased: of all runs on this state directory */
    struct meta *meta;
    struct stream *stream;
    uv_loop_t loop;
    uv_timer_t check;
    uv_async_t wake;
    struct worker *worker;
    struct health *health;
    struct report *report;
    char *log_path;              /* NULL: standard error */
    _Atomic int64_t state_bytes;
    int checks;
    bool trouble;                /* Redis cannot store: said */
    char waiting[300];           /* what was said last */
    bool on_terminal[3];         /* standard input, output, error, at the start */
    struct heard heard;          /* of the report's thread, as far as this one was woken for it */
    pthread_mutex_t lock;        /* told: written by the report's thread, before it wakes the loop */
    struct heard told;
};

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    va_list args;
    fputs("tidings run: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

static void say_size(struct run *r)
{
    r->state_bytes = state_dir_bytes(r->state);
    say("state is in %s (%.1f MB)", state_dir_path(r->state), (double)r->state_bytes / 1e6);
}

/* --- what the report's thread says --- */

static void on_gone(void *arg, const char *why)
{
    struct run *r = arg;
    pthread_mutex_lock(&r->lock);
    r->told.reader_gone = true;
    snprintf(r->told.gone_why, sizeof(r->told.gone_why), "%s", why);
    pthread_mutex_unlock(&r->lock);
    uv_async_send(&r->wake);
}

static void on_idle(void *arg, int unread, const char *which)
{
    struct run *r = arg;
    pthread_mutex_lock(&r->lock);
    r->told.idle = true;
    r->told.unread = unread;
    snprintf(r->told.unread_name, sizeof(r->told.unread_name), "%s", which);
    pthread_mutex_unlock(&r->lock);
    uv_async_send(&r->wake);
}

static int64_t state_bytes(void *arg)
{
    struct run *r = arg;
    return r->state_bytes;
}

static void hear(struct run *r)
{
    pthread_mutex_lock(&r->lock);
    r->heard = r->told;
    pthread_mutex_unlock(&r->lock);
}

static void on_wake(uv_async_t *a)
{
    struct run *r = a->data;
    hear(r);
    if (r->heard.reader_gone && r->worker)
        worker_drain(r->worker, "nobody reads the articles any more");
    else if (r->heard.idle && r->worker)
        worker_drain(r->worker, "every source has been read");
}

/* --- what the worker says --- */

static void on_drain(void *arg, const char *why)
{
    struct run *r = arg;
    if (r->mode == VIEW_JSON && !r->heard.reader_gone && !r->heard.idle)
        say("stopping (%s); Ctrl-C again leaves at once", why);
    report_notice(r->report, "Stopping; Ctrl-C again leaves at once.");
}

static void on_waiting(void *arg, const char *what)
{
    struct run *r = arg;
    char text[400];
    if (!*what || strcmp(what, r->waiting) == 0)
        return;
    snprintf(r->waiting, sizeof(r->waiting), "%s", what);
    snprintf(text, sizeof(text), "Stopping: waits for %s. Ctrl-C again leaves at once.", r->waiting);
    if (r->mode == VIEW_JSON && !r->heard.reader_gone)
        say("waits for %s", what);
    report_notice(r->report, text);
}

static void on_check(uv_timer_t *t)
{
    struct run *r = t->data;
    struct error err;
    if (++r->checks % SIZE_EVERY == 0)
        r->state_bytes = state_dir_bytes(r->state);
    if (!r->redis || !r->worker)
        return;
    bool ok = private_redis_check(r->redis, &err);
    if (!ok && err.kind == ERROR_SYSTEM) {
        worker_fail(r->worker, &err);
    } else if (!ok && !r->trouble) {
        log_error("%s", err.message);
        report_notice(r->report, err.message);
    } else if (ok && r->trouble) {
        log_info("the private Redis stores again");
        report_notice(r->report, NULL);
    }
    r->trouble = !ok;
}

/* Closing a terminal sends SIGHUP, too. */
static bool terminal_gone(const struct run *r)
{
    for (int fd = 0; fd < 3; fd++) {
        struct pollfd p = { .fd = fd };
        if (r->on_terminal[fd] && poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)))
            return true;
    }
    return false;
}

/* SIGHUP. */
static void on_reload(void *arg)
{
    struct run *r = arg;
    if (terminal_gone(r))
        worker_drain(r->worker, "the terminal was closed");
    else
        worker_reload(r->worker, role_read_again(r->config, false));
}

static bool is_alive(void *arg, struct buffer *why_not)
{
    struct run *r = arg;
    return worker_alive(r->worker, why_not);
}

static bool is_ready(void *arg, struct buffer *why_not)
{
    struct run *r = arg;
    return worker_ready(r->worker, why_not);
}

/* --- start --- */

static bool open_state(struct run *r, struct error *err)
{
    r->state = state_dir_open(r->config->state_dir, true, err);
    return r->state && state_dir_lock(r->state, "run", LOCK_WAIT_MS, err) &&
           config_set(r->config, "state_dir", state_dir_path(r->state), err);
}

static bool open_redis(struct run *r, struct error *err)
{
    if (r->config->redis.cache && (!r->config->redis.frontier || strcmp(r->config->redis.cache, r->config->redis.frontier) != 0))
        return error_set(err, ERROR_INVALID, "redis.cache is another server than redis.frontier: `run` uses one for both; leave redis.cache "
                         "out, or start the roles instead");
    if (r->config->redis.frontier)
        return true;
    r->redis = private_redis_start(r->state, r->config->redis.private_max_mb, NULL, err);
    return r->redis && config_set(r->config, "redis.frontier", private_redis_address(r->redis), err);
}

/* Under a view lines would tear it: they go to a file, unless standard error leads elsewhere already. */
static bool open_log(struct run *r, struct error *err)
{
    role_log_init(r->config, STDERR_FILENO);
    if (r->mode == VIEW_JSON || !isatty(STDERR_FILENO))
        return true;
    r->log_path = xasprintf("%s/tidings.log", state_dir_path(r->state));
    if (!log_to_file(r->log_path, LOG_BYTES))
        return error_set(err, ERROR_SYSTEM, "%s: cannot be written", r->log_path);
    say("the log is %s", r->log_path);
    return true;
}

static void make_holder(struct run *r)
{
    char host[64] = "host";
    const char *path = state_dir_path(r->state);
    gethostname(host, sizeof(host) - 1);
    snprintf(r->holder, sizeof(r->holder), "run-%s-%016" PRIx64, host, hash64(path, strlen(path)));
}

/* A configured Redis may have others at work: positions of our streams are ours alone, so this must be its only user. */
static bool is_alone(const struct run *r, redisContext *c, struct error *err)
{
    redisReply *reply = redis_ask(c, err, "TIME");
    if (!reply)
        return false;
    long long now_s = reply->type == REDIS_REPLY_ARRAY ? atoll(reply->element[0]->str) : 0;
    freeReplyObject(reply);
    reply = redis_ask(c, err, "ZRANGEBYSCORE %s %lld +inf", key_workers(r->config->prefix).s, now_s * 1000 - r->config->crawler.lease_ms);
    bool ok = reply != NULL;
    for (size_t i = 0; ok && i < reply->elements; i++)
        if (strcmp(reply->element[i]->str, r->holder) != 0)
            ok = error_set(err, ERROR_LIMIT, "%s works on the Redis at %s already (prefix %s): stop it, or give this run a prefix or a Redis "
                           "of its own", log_quote(reply->element[i]->str), r->config->redis.frontier, r->config->prefix);
    freeReplyObject(reply);
    return ok;
}

static bool open_sources(struct run *r, struct error *err)
{
    redisContext *c = redis_open(r->config->redis.frontier, r->config->redis.frontier_password, err);
    if (!c)
        return false;
    make_holder(r);
    r->meta = meta_load(c, r->config->prefix, (int)r->config->crawler.partitions, true, err);
    bool ok = r->meta && is_alone(r, c, err) && run_contact(c, r->config, r->state, r->inv, err) &&
              run_sources_add(c, r->meta, r->config, r->inv->argv, r->inv->argc, err) &&
              (!option(r->inv, "once") || run_sources_poll_now(c, r->meta, r->config, err));
    redisFree(c);
    return ok;
}

static bool open_report(struct run *r, struct error *err)
{
    struct report_options o = { .config = r->config, .mode = r->mode, .fd = STDOUT_FILENO, .state_path = state_dir_path(r->state),
                                .log_path = r->log_path, .state_bytes = state_bytes, .once = option(r->inv, "once") != NULL,
                                .on_gone = on_gone, .on_idle = on_idle, .arg = r };
    r->report = report_create(&o, err);
    return r->report != NULL;
}

static bool open_worker(struct run *r, struct error *err)
{
    static const struct stage *const stages[] = { &crawler_stage, &extractor_stage, &loader_stage };
    struct health_callbacks callbacks = { .alive = is_alive, .ready = is_ready, .arg = r };
    r->stream = stream_local_create(r->config, state_dir_path(r->state), err);
    if (!r->stream)
        return false;
    uv_loop_init(&r->loop);
    uv_async_init(&r->loop, &r->wake, on_wake);
    uv_timer_init(&r->loop, &r->check);
    r->wake.data = r->check.data = r;
    struct worker_options o = { .config = r->config, .stream = r->stream, .stages = stages, .stage_count = COUNT(stages),
                                .embedded = true, .holder = r->holder, .on_drain = on_drain, .on_waiting = on_waiting,
                                .on_reload = on_reload, .arg = r };
    r->worker = worker_create(&o, &r->loop, err);
    if (!r->worker)
        return false;
    uv_timer_start(&r->check, on_check, CHECK_MS, CHECK_MS);
    if (r->config->health.port)
        r->health = health_start(r->config->health.address, (int)r->config->health.port, 1, &callbacks, err);
    if (r->config->health.port && !r->health)
        return false;
    if (r->health)
        log_info("health listening at=%s:%d", r->config->health.address, health_port(r->health));
    return true;
}

/* --- the end --- */

static void close_handles(struct run *r)
{
    uv_close((uv_handle_t *)&r->check, NULL);
    uv_close((uv_handle_t *)&r->wake, NULL);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    uv_loop_close(&r->loop);
}

static int status_of(struct run *r)
{
    const struct heard *h = &r->heard;
    if (h->reader_gone && h->gone_why[0]) {
        say("standard output: %s", h->gone_why);
        return STATUS_BROKEN;
    }
    if (h->unread == 0)
        return STATUS_OK;
    say("%d source%s could not be read, %s among them: `tidings status --state-dir %s` tells why and what to try", h->unread,
        text_plural(h->unread), h->unread_name, state_dir_path(r->state));
    return STATUS_NO;
}

/* Threads may still run: only what must not be left as it is, is put in order. */
static _Noreturn void leave(struct run *r, int status, const char *message)
{
    if (r->report)
        report_finish(r->report, message ? 1000 : 200, NULL);
    if (message)
        say("%s", message);
    private_redis_stop(r->redis);
    fflush(NULL);
    _exit(status);
}

static int finish(struct run *r)
{
    health_stop(r->health);
    worker_destroy(r->worker);
    r->worker = NULL; /* the report's thread may still wake this one */
    int64_t written;
    if (!report_finish(r->report, REPORT_MS, &written)) {
        r->report = NULL;
        leave(r, STATUS_NO, "standard output does not take the last articles; the next start writes them");
    }
    hear(r);
    stream_destroy(r->stream);
    close_handles(r);
    private_redis_stop(r->redis);
    int status = status_of(r);
    if (!r->heard.reader_gone) {
        say("%lld article%s written", (long long)written, text_plural(written));
        say_size(r);
    }
    meta_destroy(r->meta);
    state_dir_close(r->state);
    free(r->log_path);
    return status;
}

/* A failed assertion shall not take the terminal with it. */
static void on_crash(int number)
{
    live_view_leave(STDOUT_FILENO);
    raise(number); /* SA_RESETHAND: now it ends us */
}

static void catch_crashes(void)
{
    static const int numbers[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND | SA_NODEFER };
    for (size_t i = 0; i < COUNT(numbers); i++)
        sigaction(numbers[i], &action, NULL);
}

static int status_of_start(const struct error *err)
{
    static const int statuses[] = { [ERROR_TRANSIENT] = STATUS_UNREACHABLE, [ERROR_INVALID] = STATUS_USAGE, [ERROR_LIMIT] = STATUS_NO,
                                    [ERROR_SYSTEM] = STATUS_BROKEN };
    return statuses[err->kind];
}

static int run(struct invocation *inv)
{
    struct run r = { .inv = inv, .config = inv->config, .mode = live_view_mode(STDOUT_FILENO), .lock = PTHREAD_MUTEX_INITIALIZER };
    struct error err = { 0 };
    const char *contact = option(inv, "contact");
    if (contact && !config_set(r.config, "contact", contact, &err))
        return command_say(inv, STATUS_USAGE, "--contact: %s", err.message);
    if (address_check(inv, 0) != STATUS_OK)
        return STATUS_USAGE;
    if (inv->json)
        r.mode = VIEW_JSON;
    for (int fd = 0; fd < 3; fd++)
        r.on_terminal[fd] = isatty(fd);
    worker_prepare();
    if (!open_state(&r, &err) || !open_log(&r, &err) || !open_redis(&r, &err) || !open_sources(&r, &err))
        leave(&r, status_of_start(&err), err.message);
    say_size(&r);
    if (r.mode == VIEW_TABLE)
        catch_crashes();
    if (!open_report(&r, &err) || !open_worker(&r, &err) || !report_start(r.report, &err))
        leave(&r, status_of_start(&err), err.message);
    worker_confine(r.config);
    enum worker_end end = worker_run(r.worker, &err);
    if (end == WORKER_FAILED)
        leave(&r, STATUS_BROKEN, err.message);
    if (end == WORKER_LEFT)
        leave(&r, STATUS_NO, "left at once; what was under way is done again after the next start");
    return finish(&r);
}

static const struct command_option options[] = {
    { "contact", 0, "MAIL-OR-URL", "who asks, for the User-Agent; remembered. Loopback needs none" },
    { "once", 0, NULL, "stop when every source has been read and nothing is pending; status 1 if one could not be read" },
    { 0 },
};

const struct command run_command = {
    .name = "run", .summary = "watch sites: all stages in this process", .usage = "[--contact MAIL-OR-URL] [--once] [SITE…]",
    .description =
        "Watches the named sites and those that were added before, and prints articles as they come: a live table on a terminal,\n"
        "one JSON object a line in a pipe (or with --json). No Kafka is needed; Redis is the configured one or a private\n"
        "redis-server in the state directory. A later start goes on where this one stops. Ctrl-C finishes what is under way and\n"
        "stops, a second Ctrl-C leaves at once. SIGHUP reads the sources and log.level of the configuration again.",
    .options = options, .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings run --contact you@example.org https://news.example.org/\ntidings run --once --json https://news.example.org/ | jq .title",
    .run = run };
