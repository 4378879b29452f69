/* source_shares.c - which sources show a document that is polled for another: read from the frontier's partitions when somebody
 * asks, so that it needs no place in their rows and is never out of date. */
#include "crawler/sources_private.h"

#include "base/map.h"
#include "base/mem.h"
#include "crawler/source_shares.lua.h"
#include "pipeline/frontier_lib.lua.h"

#include <stdlib.h>
#include <string.h>

#define PARTITIONS_AT_ONCE 32 /* whose polls one call looks through */

static void add_share(struct map *rows, redisReply *const *v)
{
    json_t *row = map_get(rows, v[0]->str), *shared = row ? json_object_get(row, "shared") : NULL;
    if (!row || strcmp(v[0]->str, v[2]->str) == 0)
        return;
    if (!shared) {
        shared = json_array();
        json_object_set_new(row, "shared", shared);
    }
    json_array_append_new(shared, json_pack("{s:s, s:s}", "url", v[1]->str, "with", v[2]->str));
}

static bool read_shares(redisContext *c, const char *prefix, int first, int end, struct map *rows, struct error *err)
{
    static const struct redis_script script = { .name = "source_shares", .prelude = frontier_lib_lua, .source = source_shares_lua };
    struct args a = { 0 };
    args_str(&a, prefix);
    for (int p = first; p < end; p++)
        args_str(&a, key_partition(prefix, p).s);
    redisReply *reply = redis_ask_script(c, &script, a.count, a.count, (const char **)a.items, a.lens, err);
    args_fini(&a);
    for (size_t i = 0; reply && i + 2 < reply->elements; i += 3)
        add_share(rows, &reply->element[i]);
    freeReplyObject(reply);
    return reply != NULL;
}

bool source_shares(redisContext *c, const char *prefix, json_t *all, struct error *err)
{
    redisReply *stored = redis_ask(c, err, "HGET %s partitions", key_meta(prefix).s);
    if (!stored)
        return false;
    int partitions = stored->type == REDIS_REPLY_STRING ? atoi(stored->str) : 0;
    struct map *rows = map_create();
    bool ok = true;
    size_t i;
    json_t *row;
    freeReplyObject(stored);
    json_array_foreach(all, i, row)
        map_put(rows, json_string_value(json_object_get(row, "name")), row);
    for (int p = 0; ok && p < partitions; p += PARTITIONS_AT_ONCE)
        ok = read_shares(c, prefix, p, p + PARTITIONS_AT_ONCE < partitions ? p + PARTITIONS_AT_ONCE : partitions, rows, err);
    map_destroy(rows);
    return ok;
}
