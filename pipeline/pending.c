/* pending.c - a script that looks at as many partitions as take a few milliseconds, called until all were looked at. What moves
 * from one partition to another meanwhile may be missed: who waits for "nothing left" looks more than once. */
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

/* Of the partitions from `first` on. */
static redisReply *ask(redisContext *c, const char *prefix, int first, int partitions, bool poll_now, struct error *err)
{
    struct redis_script script = { .name = "pending", .prelude = frontier_lib_lua, .source = pending_lua };
    int argc = partitions + 2;
    struct key *keys = xcalloc((size_t)partitions + 1, sizeof(*keys));
    const char **argv = xcalloc((size_t)argc, sizeof(*argv));
    size_t *lens = xcalloc((size_t)argc, sizeof(*lens));
    argv[0] = prefix;
    for (int p = 0; p < partitions; p++) {
        keys[p] = key_partition(prefix, first + p);
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

static void add_polls(const redisReply *reply, const struct map *rows, struct pending *out)
{
    out->open += reply->element[1]->integer;
    for (size_t i = 2; i + 2 < reply->elements; i += 3) {
        json_t *row = map_get(rows, reply->element[i]->str);
        int64_t next_at = reply->element[i + 2]->integer, before = json_integer_value(json_object_get(row, "next_poll_at"));
        if (!row || is_idle(row))
            continue;
        out->polls_due += reply->element[i + 1]->integer;
        if (next_at && (!before || next_at < before))
            json_object_set_new(row, "next_poll_at", json_integer(next_at));
    }
}

static bool read_partitions(redisContext *c, const char *prefix, int partitions, bool poll_now, const struct map *rows,
                            struct pending *out, struct error *err)
{
    int64_t looked = 1;
    for (int64_t first = 0; first < partitions && looked > 0; first += looked) {
        redisReply *reply = ask(c, prefix, (int)first, partitions - (int)first, poll_now, err);
        if (!reply)
            return false;
        looked = reply->type == REDIS_REPLY_ARRAY && reply->elements >= 2 ? reply->element[0]->integer : 0;
        if (looked > 0)
            add_polls(reply, rows, out);
        freeReplyObject(reply);
    }
    return looked > 0 || error_set(err, ERROR_SYSTEM, "Redis answered the script `pending` with something else than a list");
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
    size_t i;
    json_t *row;
    struct map *rows = by_name(sources);
    memset(out, 0, sizeof(*out));
    json_array_foreach(sources, i, row)
        json_object_del(row, "next_poll_at");
    bool ok = read_partitions(c, prefix, partitions, poll_now, rows, out, err);
    if (ok)
        add_sources(sources, since_ms, out);
    map_destroy(rows);
    return ok;
}
