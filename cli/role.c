/* role.c - `tidings crawler | extractor | loader`: one stage against Kafka and Redis, until SIGTERM. */
#include "cli/role.h"

#include "base/log.h"
#include "base/mem.h"
#include "cli/command.h"
#include "pipeline/health.h"
#include "pipeline/stage.h"
#include "pipeline/stream.h"
#include "pipeline/topics.h"
#include "pipeline/worker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORT_TRIES 200 /* as many processes of a role find a port by themselves */

struct role {
    struct invocation *inv;
    const struct stage *stage;
    struct config *config;
    uv_loop_t loop;
    struct stream *stream;
    struct worker *worker;
    struct health *health;
};

static enum log_level level_of(const struct config *config)
{
    static const char *const levels[] = { "debug", "info", "warn", "error" };
    for (int i = 0; i < (int)COUNT(levels); i++)
        if (strcmp(config->log.level, levels[i]) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

void role_log_init(const struct config *config, int fd)
{
    log_init(level_of(config), strcmp(config->log.format, "json") == 0 ? LOG_JSON : LOG_TEXT, fd);
}

static bool is_alive(void *arg, struct buffer *why_not)
{
    struct role *r = arg;
    return worker_alive(r->worker, why_not);
}

static bool is_ready(void *arg, struct buffer *why_not)
{
    struct role *r = arg;
    return worker_ready(r->worker, why_not);
}

static void on_waiting(void *arg, const char *what)
{
    (void)arg;
    if (*what)
        log_info("draining waiting_for=%s", log_quote(what));
}

static void on_changed(void *arg, const char *name, bool reload)
{
    (void)arg;
    if (reload)
        log_info("setting taken over name=%s", name);
    else
        log_warn("setting changed in the file, needs a restart name=%s", name);
}

struct config *role_read_again(const struct config *now, bool defaults)
{
    struct error err;
    if (!now->path) {
        log_warn("nothing to read again: no configuration file was given");
        return NULL;
    }
    struct config *fresh = config_load_again(now, &err);
    if (!fresh || !command_check_sources(fresh, &err)) {
        log_error("configuration not taken over reason=%s", log_quote(err.message));
        config_destroy(fresh);
        return NULL;
    }
    if (defaults)
        config_role_defaults(fresh);
    config_compare(now, fresh, on_changed, NULL);
    log_set_level(level_of(fresh));
    return fresh;
}

/* SIGHUP. */
static void on_reload(void *arg)
{
    struct role *r = arg;
    worker_reload(r->worker, role_read_again(r->config, true));
}

static bool start(struct role *r, int default_port, struct error *err)
{
    struct worker_options options = { .config = r->config, .stages = &r->stage, .stage_count = 1, .on_waiting = on_waiting,
                                      .on_reload = on_reload, .arg = r };
    struct health_callbacks callbacks = { .alive = is_alive, .ready = is_ready, .arg = r };
    int port = (int)r->config->health.port;
    if (!topics_check(r->config, err))
        return false;
    r->stream = stream_kafka_create(r->config, r->stage->name, err);
    if (!r->stream)
        return false;
    options.stream = r->stream;
    r->worker = worker_create(&options, &r->loop, err);
    if (!r->worker)
        return false;
    r->health = health_start(r->config->health.address, port ? port : default_port, port ? 1 : PORT_TRIES, &callbacks, err);
    if (!r->health)
        return false;
    log_info("health listening at=%s:%d worker=%s", r->config->health.address, health_port(r->health), worker_id(r->worker));
    return true;
}

/* Threads may still run and client libraries may wait for what does not come: nothing is torn down. What matters is
 * acknowledged elsewhere already, the rest is done again. */
static _Noreturn void leave(struct role *r, int status, const struct error *err)
{
    if (err)
        log_error("%s ends kind=%s reason=%s", r->stage->name, error_kind_name(err->kind), log_quote(err->message));
    fflush(NULL);
    _exit(status);
}

/* Of a start that failed. */
static int status_of(const struct error *err)
{
    return err->kind == ERROR_TRANSIENT ? STATUS_UNREACHABLE : err->kind == ERROR_INVALID ? STATUS_USAGE : STATUS_BROKEN;
}

static int refuse_without_contact(struct invocation *inv)
{
    return command_say(inv, STATUS_USAGE, "sites beyond this machine want to know who asks. Say it once, for the User-Agent:\n"
                       "  tidings %s --contact YOU@EXAMPLE.ORG\n(or TIDINGS_CONTACT, or `contact:` in the configuration)",
                       inv->command->name);
}

/* Runs one stage as a process against Kafka and Redis until it is told to stop. */
static int role_run(struct invocation *inv, const struct stage *stage, int default_port)
{
    struct role r = { .inv = inv, .stage = stage, .config = inv->config };
    struct error err = { 0 };
    if (inv->argc > 0)
        return command_usage(inv, "%s: takes no arguments", log_quote(inv->argv[0]));
    if (stage == &crawler_stage && option(inv, "contact") && !config_set(r.config, "contact", option(inv, "contact"), &err))
        return command_say(inv, STATUS_USAGE, "--contact: %s", err.message);
    if (stage == &crawler_stage && !r.config->contact && !r.config->crawler.allow_private)
        return refuse_without_contact(inv);
    config_role_defaults(r.config);
    worker_prepare();
    role_log_init(r.config, STDERR_FILENO);
    uv_loop_init(&r.loop);
    if (!start(&r, default_port, &err))
        leave(&r, status_of(&err), &err);
    worker_confine(r.config);
    enum worker_end end = worker_run(r.worker, &err);
    if (end == WORKER_FAILED)
        leave(&r, STATUS_BROKEN, &err);
    if (end == WORKER_LEFT)
        leave(&r, STATUS_NO, NULL); /* the worker has said why */
    health_stop(r.health);
    worker_destroy(r.worker);
    stream_destroy(r.stream);
    uv_loop_close(&r.loop);
    log_info("%s drained", stage->name);
    return STATUS_OK;
}

static int run_crawler(struct invocation *inv)
{
    return role_run(inv, &crawler_stage, 9501);
}

static int run_extractor(struct invocation *inv)
{
    return role_run(inv, &extractor_stage, 9511);
}

static int run_loader(struct invocation *inv)
{
    return role_run(inv, &loader_stage, 9521);
}

#define ABOUT_ROLES \
    "Runs until SIGTERM or Ctrl-C, then drains within 25 seconds; a second signal leaves at once. Start as many as you like:\n" \
    "they share the work by themselves. Kafka is sought at localhost:9092 and Redis at localhost:6379 unless configured.\n" \
    "/healthz, /readyz and /metrics are served at 127.0.0.1, at the role's port or the next free one; the log names it."

static const struct command_option contact_option[] = {
    { "contact", 0, "MAIL-OR-URL", "who asks, for the User-Agent" },
    { 0 },
};

const struct command crawler_command = {
    .name = "crawler", .summary = "one role: fetch what is due, hand pages on", .usage = "[--contact MAIL-OR-URL]",
    .description = ABOUT_ROLES, .options = contact_option, .flags = COMMAND_CONFIG,
    .example = "tidings crawler --contact you@example.org", .run = run_crawler };

const struct command extractor_command = {
    .name = "extractor", .summary = "one role: pages to articles", .usage = "", .description = ABOUT_ROLES,
    .flags = COMMAND_CONFIG, .example = "tidings extractor --set extractor.threads=4", .run = run_extractor };

const struct command loader_command = {
    .name = "loader", .summary = "one role: articles and events to Redis", .usage = "", .description = ABOUT_ROLES,
    .flags = COMMAND_CONFIG, .example = "tidings loader --config /etc/tidings/tidings.yaml", .run = run_loader };
