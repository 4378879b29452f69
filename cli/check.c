/* check.c - `tidings check`: the configuration and everything it names, compared with what is needed. */
#include "cli/command.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "pipeline/meta.h"
#include "pipeline/redis.h"
#include "pipeline/redis_check.h"
#include "pipeline/topics.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct checking {
    const struct invocation *inv;
    bool unreachable, problem;
};

/* kind: "ok", "warning", "problem" or "unreachable". */
static void tell(struct checking *c, const char *kind, const char *what, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void tell(struct checking *c, const char *kind, const char *what, const char *fmt, ...)
{
    char text[700];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    c->unreachable |= strcmp(kind, "unreachable") == 0;
    c->problem |= strcmp(kind, "problem") == 0;
    if (c->inv->json) {
        json_t *o = json_pack("{s:s, s:s, s:s}", "what", what, "status", kind, "text", text);
        json_dumpf(o, stdout, JSON_COMPACT);
        json_decref(o);
        putchar('\n');
    } else {
        printf("%-11s  %s: %s\n", kind, what, text);
    }
}

static size_t tell_all(struct checking *c, const char *kind, const char *what, const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach((json_t *)texts, i, text)
        tell(c, kind, what, "%s", json_string_value(text));
    return json_array_size(texts);
}

static void check_configuration(struct checking *c)
{
    const struct config *config = c->inv->config;
    struct rlimit files;
    tell(c, "ok", "configuration", "%s", config->path ? config->path : "defaults and variables (no file named)");
    if (!config->contact)
        tell(c, "warning", "contact", "not set: crawlers stop at sites beyond this machine. Set it to a mail address or URL");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < (rlim_t)config->crawler.transfers * 2)
        tell(c, "problem", "open files", "at most %llu for a process, and crawler.transfers is %" PRId64 ": raise the limit (LimitNOFILE=65536)",
             (unsigned long long)files.rlim_max, config->crawler.transfers);
}

/* The partitions and versions that this installation was begun with. */
static void check_meta(struct checking *c, redisContext *redis)
{
    struct error err;
    struct meta *meta = meta_load(redis, c->inv->config->prefix, (int)c->inv->config->crawler.partitions, false, &err);
    if (meta)
        tell(c, "ok", "frontier", "%d partition%s", meta_partitions(meta), text_plural(meta_partitions(meta)));
    else
        tell(c, err.kind == ERROR_SYSTEM ? "problem" : "warning", "frontier", "%s", err.message);
    meta_destroy(meta);
}

static void check_redis(struct checking *c, const char *what, const char *address, const char *password, bool frontier)
{
    struct error err;
    redisContext *redis = redis_open(address, password, &err);
    json_t *found = redis ? redis_check(redis, frontier, &err) : NULL;
    if (!found) {
        tell(c, "unreachable", what, "%s", err.message);
    } else if (tell_all(c, "problem", what, json_object_get(found, "problems")) == 0) {
        tell(c, "ok", what, "%s, Redis %s, %lld MB used", address, json_string_value(json_object_get(found, "version")),
             (long long)json_integer_value(json_object_get(found, "used_memory")) >> 20);
    }
    if (found)
        tell_all(c, "warning", what, json_object_get(found, "warnings"));
    if (found && frontier)
        check_meta(c, redis);
    json_decref(found);
    if (redis)
        redisFree(redis);
}

static void check_kafka(struct checking *c)
{
    struct error err;
    size_t i;
    json_t *topic;
    json_t *topics = topics_describe(c->inv->config, &err);
    if (!topics) {
        tell(c, err.kind == ERROR_TRANSIENT ? "unreachable" : "problem", "kafka", "%s (`tidings run` needs no Kafka)", err.message);
        return;
    }
    json_array_foreach(topics, i, topic) {
        const char *name = json_string_value(json_object_get(topic, "topic"));
        if (tell_all(c, "problem", name, json_object_get(topic, "problems")) == 0)
            tell(c, "ok", name, "partitions: %lld, replicas: %lld", (long long)json_integer_value(json_object_get(topic, "partitions")),
                 (long long)json_integer_value(json_object_get(topic, "replicas")));
        tell_all(c, "warning", name, json_object_get(topic, "warnings"));
    }
    json_decref(topics);
}

static int run(struct invocation *inv)
{
    struct checking c = { .inv = inv };
    const struct config *config = inv->config;
    if (inv->argc > 0)
        return command_usage(inv, "%s: takes no arguments", log_quote(inv->argv[0]));
    config_role_defaults(inv->config);
    check_configuration(&c);
    check_redis(&c, "redis.frontier", config->redis.frontier, config->redis.frontier_password, true);
    if (config->redis.cache && strcmp(config->redis.cache, config->redis.frontier) != 0)
        check_redis(&c, "redis.cache", config->redis.cache, config->redis.cache_password, false);
    check_kafka(&c);
    return c.unreachable ? STATUS_UNREACHABLE : c.problem ? STATUS_NO : STATUS_OK;
}

const struct command check_command = {
    .name = "check", .summary = "configuration, Kafka and Redis against what is needed", .usage = "",
    .description = "Reads the configuration, reaches Redis and Kafka, and compares their limits with ours; each line says what is found and,\n"
                   "where something is wrong, what to change. Status 1: something is wrong; 3: something does not answer.",
    .flags = COMMAND_CONFIG | COMMAND_JSON, .example = "tidings check --config /etc/tidings/tidings.yaml", .run = run };
