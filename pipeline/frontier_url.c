/* frontier_url.c - one URL of frontier_state.h. */
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/frontier_state.h"
#include "pipeline/frontier_url.lua.h"
#include "pipeline/keys.h"
#include "pipeline/redis.h"

#include <string.h>

static void set_text(json_t *o, const char *name, const redisReply *r)
{
    if (r->len > 0)
        json_object_set_new(o, name, json_stringn(r->str, r->len));
}

static void set_time(json_t *o, const char *name, const redisReply *r)
{
    if (r->integer > 0)
        json_object_set_new(o, name, json_integer(r->integer));
}

static json_t *from_reply(const redisReply *r)
{
    redisReply *const *e = r->element;
    json_t *o = json_pack("{sI sb}", "now", (json_int_t)e[0]->integer, "seen", (int)e[1]->integer);

    if (e[2]->len > 0)
        json_object_set_new(o, "open", json_pack("{ss sI ss}", "stage", e[2]->str, "opened_at", (json_int_t)e[3]->integer,
                                                 "source", e[4]->str));
    set_time(o, "recheck_at", e[5]);
    set_time(o, "retry_at", e[6]);
    set_text(o, "worker", e[7]);
    set_text(o, "extracting", e[8]);
    if (e[9]->len == ID_RAW_LEN) {
        struct id holder = id_from_raw((const unsigned char *)e[9]->str);
        json_object_set_new(o, "canonical_of", json_string(holder.hex));
    }
    return o;
}

json_t *frontier_url(redisContext *c, const char *prefix, int partition, const struct id *id, struct error *err)
{
    static const struct redis_script script = { .name = "frontier_url", .prelude = frontier_lib_lua, .source = frontier_url_lua };
    struct key key = key_partition(prefix, partition);
    struct fingerprint f = fingerprint_of(id);
    unsigned char raw[ID_RAW_LEN];
    const char *argv[] = { key.s, prefix, (char *)raw, f.value, f.bucket };
    size_t lens[] = { strlen(key.s), strlen(prefix), sizeof(raw), strlen(f.value), strlen(f.bucket) };

    id_to_raw(id, raw);
    redisReply *r = redis_ask_script(c, &script, 2, 5, argv, lens, err);
    if (!r)
        return NULL;
    json_t *o = r->type == REDIS_REPLY_ARRAY && r->elements == 10 ? from_reply(r) : NULL;
    if (!o)
        error_set(err, ERROR_SYSTEM, "Redis answered script frontier_url with something else");
    freeReplyObject(r);
    return o;
}
