/* redis_check.c - INFO says most of it, also where CONFIG is forbidden (hosted servers). */
#include "pipeline/redis_check.h"

#include "base/clock.h"
#include "base/mem.h"
#include "pipeline/redis.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MIN 7
#define INTSET_MIN 1024 /* the mean bucket of the seen set holds 250 */
#define CLOCK_OFF_MS 5000
#define FULL_PERCENT 80

/* The value of a line "name:value" of INFO, in out; "" when it is not there. */
static const char *info(const char *text, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    out[0] = '\0';
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            snprintf(out, size, "%.*s", (int)strcspn(line + n + 1, "\r\n"), line + n + 1);
            break;
        }
    }
    return out;
}

static void add(json_t *found, const char *list, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(json_t *found, const char *list, const char *fmt, ...)
{
    char text[400];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    json_array_append_new(json_object_get(found, list), json_string(text));
}

static void check_server(json_t *found, const char *text)
{
    char value[64];
    info(text, "redis_version", value, sizeof(value));
    json_object_set_new(found, "version", json_string(value));
    if (atoi(value) < VERSION_MIN)
        add(found, "problems", "this is Redis %s; at least %d.0 is needed", value, VERSION_MIN);
    if (strcmp(info(text, "role", value, sizeof(value)), "master") != 0)
        add(found, "problems", "this server is a %s, which takes no writes: name the master", value);
    if (atoi(info(text, "cluster_enabled", value, sizeof(value))) != 0)
        add(found, "problems", "this is a cluster; one server is needed (cluster-enabled no)");
}

static void check_memory(json_t *found, const char *text, bool frontier)
{
    char value[64], policy[64];
    int64_t used = atoll(info(text, "used_memory", value, sizeof(value)));
    int64_t most = atoll(info(text, "maxmemory", value, sizeof(value)));
    info(text, "maxmemory_policy", policy, sizeof(policy));
    json_object_set_new(found, "used_memory", json_integer(used));
    json_object_set_new(found, "maxmemory", json_integer(most));
    json_object_set_new(found, "policy", json_string(policy));
    if (frontier && strcmp(policy, "noeviction") != 0)
        add(found, "problems", "maxmemory-policy is %s: URLs would be forgotten when memory is short. CONFIG SET maxmemory-policy "
            "noeviction, and in redis.conf", policy);
    if (most > 0 && used > most / 100 * FULL_PERCENT)
        add(found, "warnings", "%" PRId64 " of %" PRId64 " MB are used: raise maxmemory", used >> 20, most >> 20);
}

static void check_storage(json_t *found, const char *text, bool frontier)
{
    char value[64];
    bool aof = atoi(info(text, "aof_enabled", value, sizeof(value))) == 1;
    json_object_set_new(found, "append_only", json_boolean(aof));
    if (!aof && frontier)
        add(found, "problems", "there is no append-only file: a restart would lose what to fetch and what is on its way. CONFIG SET "
            "appendonly yes, and in redis.conf");
    if (!aof && !frontier)
        add(found, "warnings", "there is no append-only file: after a restart the loader fills the cache anew from the topic");
    if (aof && strcmp(info(text, "aof_last_write_status", value, sizeof(value)), "ok") != 0)
        add(found, "problems", "the append-only file cannot be written (aof_last_write_status:%s): free space on its disk", value);
}

static void check_config(json_t *found, redisContext *c)
{
    struct error err;
    redisReply *r = redis_ask(c, &err, "CONFIG GET set-max-intset-entries");
    if (!r || r->type != REDIS_REPLY_ARRAY || r->elements < 2)
        add(found, "warnings", "CONFIG GET is refused, so set-max-intset-entries is not known: it should be at least %d", INTSET_MIN);
    else if (atoi(r->element[1]->str) < INTSET_MIN)
        add(found, "problems", "set-max-intset-entries is %s: what was seen would take five times the memory. CONFIG SET "
            "set-max-intset-entries %d, and in redis.conf", r->element[1]->str, INTSET_MIN);
    freeReplyObject(r);
}

static void check_clock(json_t *found, redisContext *c)
{
    struct error err;
    int64_t before_ms = clock_unix_ms();
    redisReply *r = redis_ask(c, &err, "TIME");
    int64_t took_ms = clock_unix_ms() - before_ms;
    if (r && r->type == REDIS_REPLY_ARRAY && r->elements == 2) {
        int64_t off_ms = atoll(r->element[0]->str) * 1000 + atoll(r->element[1]->str) / 1000 - before_ms;
        if (off_ms < -CLOCK_OFF_MS || off_ms > CLOCK_OFF_MS + took_ms)
            add(found, "warnings", "its clock and this machine's are %" PRId64 " s apart: let both keep time (NTP)", off_ms / 1000);
    }
    freeReplyObject(r);
}

json_t *redis_check(redisContext *c, bool frontier, struct error *err)
{
    redisReply *r = redis_ask(c, err, "INFO");
    if (!r)
        return NULL;
    const char *text = r->type == REDIS_REPLY_ERROR ? "" : r->str;
    json_t *found = json_pack("{s:[], s:[]}", "problems", "warnings");
    check_server(found, text);
    check_memory(found, text, frontier);
    check_storage(found, text, frontier);
    freeReplyObject(r);
    if (frontier)
        check_config(found, c);
    check_clock(found, c);
    return found;
}
