/* source_named.c - see source_named.h. */
#include "cli/source_named.h"

#include "base/log.h"
#include "base/near.h"
#include "cli/row.h"
#include "crawler/sources.h"
#include "pipeline/keys.h"
#include "pipeline/redis.h"

#include <string.h>

#define NEAREST 3

struct candidate {
    const char *name; /* of a row; NULL: none */
    size_t distance;
};

/* A part of a name, a title or an address counts as near, too. */
static size_t distance_to(const json_t *row, const char *typed)
{
    size_t d = near_distance(typed, row_text(row, "name"));
    bool part = strcasestr(row_text(row, "name"), typed) || strcasestr(row_text(row, "title"), typed) || strcasestr(row_text(row, "url"), typed);
    return part && d > 1 ? 1 : d;
}

static void take(struct candidate best[NEAREST], struct candidate c)
{
    for (size_t i = 0; i < NEAREST; i++) {
        if (best[i].name && best[i].distance <= c.distance)
            continue;
        struct candidate worse = best[i];
        best[i] = c;
        c = worse;
        if (!c.name)
            return;
    }
}

static int say_unknown(const struct invocation *inv, const json_t *rows, const char *name)
{
    struct candidate best[NEAREST] = { 0 };
    struct buffer near;
    size_t i, near_enough = strlen(name) / 4;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        struct candidate c = { row_text(row, "name"), distance_to(row, name) };
        if (c.distance <= near_enough || c.distance <= 1)
            take(best, c);
    }
    buffer_init(&near, 0);
    for (i = 0; i < NEAREST && best[i].name && best[i].distance == best[0].distance; i++)
        buffer_printf(&near, "%s%s", i ? " or " : "", log_quote(best[i].name));
    if (near.len)
        buffer_putc(&near, '?');
    int status = json_array_size(rows) == 0
        ? command_say(inv, STATUS_NO, "no source is called %s, and none is watched yet: tidings sources add https://news.example.org/", log_quote(name))
        : command_say(inv, STATUS_NO, "no source is called %s%s%s `tidings sources list` names them all", log_quote(name),
                      near.len ? "; did you mean " : ":", near.len ? buffer_str(&near) : "");
    buffer_fini(&near);
    return status;
}

static bool has_key(redisContext *server, const char *key, bool *has, struct error *err)
{
    redisReply *reply = redis_ask(server, err, "EXISTS %s", key);
    if (!reply)
        return false;
    *has = *has || reply->integer > 0;
    freeReplyObject(reply);
    return true;
}

int source_named(const struct invocation *inv, const struct connection *c, const char *name)
{
    const char *prefix = inv->config->prefix;
    struct error err;
    bool has = false;
    json_t *rows = NULL;
    if (strlen(name) > SOURCE_NAME_MAX)
        return command_usage(inv, "--source: names of sources have at most %d bytes", SOURCE_NAME_MAX);
    if (!has_key(c->frontier, key_source(prefix, name).s, &has, &err) || !has_key(c->cache, key_latest_source(prefix, name).s, &has, &err) ||
        (!has && !(rows = source_list(c->frontier, prefix, &err))))
        return command_fail(inv, &err);
    int status = has ? STATUS_OK : say_unknown(inv, rows, name);
    json_decref(rows);
    return status;
}
