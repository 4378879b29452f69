/* pending.c - one script over all partitions; a few milliseconds with 256 of them. */
#include "pipeline/pending.h"

#include "base/map.h"
#include "base/mem.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "pipeline/pending.lua.h"
#include "pipeline/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisReply *ask(redisContext *c, const char *prefix, int partitions, bool poll_now, struct error *err)
{
    struct redis_script script = { .name = "pending", .prelude = frontier_lib_lua, .source = pending_lua };
    int argc = partitions + 2;
    struct key *keys = xcalloc((size_t)partitions + 1, sizeof(*keys));
    const char **argv = xcalloc((size_t)argc, sizeof(*argv));
    size_t *lens = xcalloc((size_t)argc, sizeof(*lens));
    argv[0] = prefix;
    for (int p = 0; p < partitions; p++) {
        keys[p] = key_partition(prefix, p);
        argv[p + 1] = keys[p].s;
    }
    argv[argc - 1] = poll_now ? "1" : "0";
    for (int i = 0; i < argc; i++)
        lens[i] = strlen(argv[i]);
    redisReply *reply = redis_ask_script(c, &script, partitions + 1, argc, argv, lens, err);
    free(keys);
    free(argv);
    free(lens);
    return reply;
}

static struct map *by_name(json_t *sources)
{
    struct map *rows = map_create();
    size_t i;
    json_t *row;
    json_array_foreach(sources, i, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (name)
            map_put(rows, name, row);
    }
    return rows;
}

/* Paused, or merged with another source of its site. */
static bool is_idle(const json_t *row)
{
    const char *state = json_string_value(json_object_get(row, "state"));
    return (state && strcmp(state, "paused") == 0) || json_object_get(row, "same_as");
}

static void add_polls(const redisReply *reply, json_t *sources, struct pending *out)
{
    struct map *rows = by_name(sources);
    out->open = reply->element[0]->integer;
    for (size_t i = 1; i + 2 < reply->elements; i += 3) {
        json_t *row = map_get(rows, reply->element[i]->str);
        int64_t next_at = reply->element[i + 2]->integer;
        if (!row || is_idle(row))
            continue;
        out->polls_due += reply->element[i + 1]->integer;
        if (next_at)
            json_object_set_new(row, "next_poll_at", json_integer(next_at));
    }
    map_destroy(rows);
}

static void add_sources(json_t *sources, int64_t since_ms, struct pending *out)
{
    size_t i;
    json_t *row;
    json_array_foreach(sources, i, row) {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (is_idle(row))
            continue;
        if (json_integer_value(json_object_get(row, "last_poll_at")) < since_ms) {
            out->unpolled++;
        } else if (json_integer_value(json_object_get(row, "errors")) > 0) {
            out->unread++;
            snprintf(out->unread_name, sizeof(out->unread_name), "%s", name ? name : "");
        }
    }
}

bool pending_read(redisContext *c, const char *prefix, int partitions, int64_t since_ms, bool poll_now, json_t *sources,
                  struct pending *out, struct error *err)
{
    memset(out, 0, sizeof(*out));
    redisReply *reply = ask(c, prefix, partitions, poll_now, err);
    if (!reply)
        return false;
    bool ok = reply->type == REDIS_REPLY_ARRAY && reply->elements >= 1;
    if (ok) {
        add_polls(reply, sources, out);
        add_sources(sources, since_ms, out);
    } else {
        error_set(err, ERROR_SYSTEM, "Redis answered the script `pending` with something else than a list");
    }
    freeReplyObject(reply);
    return ok;
}
