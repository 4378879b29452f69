/* deadletter_count.c - see deadletter_count.h. */
#include "pipeline/deadletter_count.h"

#include "base/clock.h"
#include "pipeline/keys.h"
#include "pipeline/ledger.h"

#include <stdlib.h>

#define DAY_MS (24 * 3600 * 1000LL)

void deadletter_count(struct redis *r, const char *prefix, const char *stage, const char *reason)
{
    char day[11];
    if (!r)
        return;
    ledger_day(day, clock_unix_ms());
    struct key key = key_deadletters(prefix, day);
    redis_callf(r, NULL, NULL, "HINCRBY %s %s:%s 1", key.s, stage, reason);
    redis_callf(r, NULL, NULL, "EXPIRE %s %d", key.s, (DEADLETTER_DAYS + 1) * 86400);
}

static bool add_day(json_t *counts, redisContext *c, const char *prefix, const char *day, struct error *err)
{
    redisReply *reply = redis_ask(c, err, "HGETALL %s", key_deadletters(prefix, day).s);
    if (!reply)
        return false;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i + 1 < reply->elements; i += 2) {
        const char *field = reply->element[i]->str;
        int64_t n = json_integer_value(json_object_get(counts, field)) + atoll(reply->element[i + 1]->str);
        json_object_set_new(counts, field, json_integer(n));
    }
    freeReplyObject(reply);
    return true;
}

json_t *deadletter_counts(redisContext *c, const char *prefix, const char *day, int64_t now_ms, struct error *err)
{
    json_t *counts = json_object();
    char past[11];
    bool ok = !day || add_day(counts, c, prefix, day, err);
    for (int i = 0; ok && !day && i <= DEADLETTER_DAYS; i++) {
        ledger_day(past, now_ms - i * DAY_MS);
        ok = add_day(counts, c, prefix, past, err);
    }
    if (ok)
        return counts;
    json_decref(counts);
    return NULL;
}
