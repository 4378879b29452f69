/* frontier_state.c - see frontier_state.h. */
#include "pipeline/frontier_state.h"

#include "base/mem.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/frontier_state.lua.h"
#include "pipeline/hosts_list.lua.h"
#include "pipeline/keys.h"
#include "pipeline/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTITIONS_AT_ONCE 32 /* bounds how long one call keeps Redis */

enum { OPEN, FETCHING, SENT, SCHEDULED, POLLS, DUE, HOSTS, BACKING_OFF, SEEN, HELD, SUMS };

static json_t *worker_named(json_t *workers, const char *name)
{
    size_t i;
    json_t *w;
    json_array_foreach(workers, i, w)
        if (strcmp(json_string_value(json_object_get(w, "name")), name) == 0)
            return w;
    w = json_pack("{s:s, s:i}", "name", name, "partitions", 0); /* holds some, and does not say it lives */
    json_array_append_new(workers, w);
    return w;
}

static void add_partition(json_t *workers, const char *owner)
{
    json_t *w = worker_named(workers, owner);
    json_object_set_new(w, "partitions", json_integer(json_integer_value(json_object_get(w, "partitions")) + 1));
}

static bool add_sums(redisContext *c, const char *prefix, int first, int end, int64_t sums[SUMS], json_t *workers, struct error *err)
{
    static const struct redis_script script = { .name = "frontier_state", .prelude = frontier_lib_lua, .source = frontier_state_lua };
    struct key keys[PARTITIONS_AT_ONCE];
    const char *argv[PARTITIONS_AT_ONCE + 1] = { prefix };
    for (int p = first; p < end; p++) {
        keys[p - first] = key_partition(prefix, p);
        argv[p - first + 1] = keys[p - first].s;
    }
    redisReply *reply = redis_ask_script(c, &script, end - first + 1, end - first + 1, argv, NULL, err);
    if (!reply)
        return false;
    for (size_t i = 0; i < SUMS; i++)
        sums[i] += reply->element[i]->integer;
    for (size_t i = SUMS; i < reply->elements; i++)
        add_partition(workers, reply->element[i]->str);
    freeReplyObject(reply);
    return true;
}

bool frontier_now(redisContext *c, int64_t *now_ms, struct error *err)
{
    redisReply *reply = redis_ask(c, err, "TIME");
    if (!reply)
        return false;
    *now_ms = atoll(reply->element[0]->str) * 1000 + atoll(reply->element[1]->str) / 1000;
    freeReplyObject(reply);
    return true;
}

static bool read_workers(redisContext *c, const char *prefix, int64_t since_ms, json_t *workers, struct error *err)
{
    char since[24];
    snprintf(since, sizeof(since), "%" PRId64, since_ms);
    redisReply *reply = redis_ask(c, err, "ZRANGEBYSCORE %s %s +inf WITHSCORES", key_workers(prefix).s, since);
    if (!reply)
        return false;
    for (size_t i = 0; i + 1 < reply->elements; i += 2)
        json_array_append_new(workers, json_pack("{s:s, s:I, s:i}", "name", reply->element[i]->str, "seen_at",
                                                 (json_int_t)atoll(reply->element[i + 1]->str), "partitions", 0));
    freeReplyObject(reply);
    return true;
}

json_t *frontier_state(redisContext *c, const char *prefix, int partitions, int64_t dead_ms, struct error *err)
{
    int64_t sums[SUMS] = { 0 }, now_ms = 0;
    json_t *workers = json_array();
    bool ok = frontier_now(c, &now_ms, err) && read_workers(c, prefix, now_ms - dead_ms, workers, err);
    for (int p = 0; ok && p < partitions; p += PARTITIONS_AT_ONCE)
        ok = add_sums(c, prefix, p, p + PARTITIONS_AT_ONCE < partitions ? p + PARTITIONS_AT_ONCE : partitions, sums, workers, err);
    if (!ok) {
        json_decref(workers);
        return NULL;
    }
    int64_t queued = sums[OPEN] - sums[FETCHING] - sums[SENT];
    return json_pack("{s:I, s:i, s:I, s:o, s:{s:I, s:I, s:I}, s:I, s:I, s:I, s:I, s:I, s:I}", "now", (json_int_t)now_ms, "partitions", partitions,
                     "held", (json_int_t)sums[HELD], "workers", workers, "open", "queued", (json_int_t)(queued > 0 ? queued : 0), "fetching",
                     (json_int_t)sums[FETCHING], "on_its_way", (json_int_t)sums[SENT], "scheduled", (json_int_t)sums[SCHEDULED], "polls",
                     (json_int_t)sums[POLLS], "polls_due", (json_int_t)sums[DUE], "hosts", (json_int_t)sums[HOSTS], "hosts_backing_off",
                     (json_int_t)sums[BACKING_OFF], "seen", (json_int_t)sums[SEEN]);
}

static bool add_hosts(redisContext *c, const char *prefix, int partition, const char *budget, json_t *all, struct error *err)
{
    static const struct redis_script script = { .name = "hosts_list", .prelude = frontier_lib_lua, .source = hosts_list_lua };
    struct key base = key_partition(prefix, partition);
    const char *argv[] = { base.s, prefix, budget ? budget : "" };
    redisReply *reply = redis_ask_script(c, &script, 2, COUNT(argv), argv, NULL, err);
    if (!reply)
        return false;
    for (size_t i = 0; i + 7 < reply->elements; i += 8) {
        redisReply **v = &reply->element[i];
        json_t *row = json_pack("{s:s, s:i, s:I, s:I, s:b, s:b, s:I, s:I}", "host", v[0]->str, "partition", partition, "delay_ms",
                                (json_int_t)v[2]->integer, "back_off", (json_int_t)v[3]->integer, "busy", (int)v[4]->integer, "capped",
                                (int)v[5]->integer, "urgent", (json_int_t)v[6]->integer, "queued", (json_int_t)v[7]->integer);
        if (row && v[1]->integer > 0)
            json_object_set_new(row, "next_allowed_at", json_integer(v[1]->integer));
        json_array_append_new(all, row);
    }
    freeReplyObject(reply);
    return true;
}

json_t *frontier_hosts(redisContext *c, const char *prefix, int partitions, int partition, const char *budget, struct error *err)
{
    json_t *all = json_array();
    bool ok = true;
    if (budget)
        ok = add_hosts(c, prefix, partition, budget, all, err);
    for (int p = 0; ok && !budget && p < partitions; p++)
        ok = add_hosts(c, prefix, p, NULL, all, err);
    if (ok)
        return all;
    json_decref(all);
    return NULL;
}
