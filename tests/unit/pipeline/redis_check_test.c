/* Against a real redis-server, set up wrongly in each way. */
#include "pipeline/redis_check.h"

#include "pipeline/redis.h"
#include "tests/unit/check.h"
#include "tests/unit/redis_own.h"

#include <string.h>

static const struct { const char *name, *wrong, *right, *list, *text; } cases[] = {
    { "evicts", "CONFIG SET maxmemory-policy allkeys-lru", "CONFIG SET maxmemory-policy noeviction", "problems", "maxmemory-policy is allkeys-lru" },
    { "no append-only file", "CONFIG SET appendonly no", "CONFIG SET appendonly yes", "problems", "there is no append-only file" },
    { "small intsets", "CONFIG SET set-max-intset-entries 512", "CONFIG SET set-max-intset-entries 1024", "problems", "set-max-intset-entries is 512" },
    { "nearly full", "CONFIG SET maxmemory 1000000", "CONFIG SET maxmemory 0", "warnings", "raise maxmemory" },
};

static bool says(const json_t *found, const char *list, const char *text)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(found, list), i, line)
        if (strstr(json_string_value(line), text))
            return true;
    return false;
}

static void tell(redisContext *c, const char *command)
{
    struct error err;
    redisReply *r = redis_ask(c, &err, command);
    CHECK(r && r->type == REDIS_REPLY_STATUS, "%s", command);
    freeReplyObject(r);
}

static void test_cases(void **state)
{
    (void)state;
    struct error err;
    struct redis_server server = { 0 };
    redis_server_start(&server);
    redisContext *c = redis_open(server.socket, NULL, &err);
    CHECK(c, "%s", err.message);
    for (size_t i = 0; i < COUNT(cases); i++)
        tell(c, cases[i].right);
    for (size_t i = 0; i < COUNT(cases); i++) {
        json_t *found = redis_check(c, true, &err);
        CHECK(found && json_array_size(json_object_get(found, "problems")) == 0, "before %s: %s", cases[i].name, json_dumps(found, 0));
        json_decref(found);
        tell(c, cases[i].wrong);
        found = redis_check(c, true, &err);
        CHECK(found && says(found, cases[i].list, cases[i].text), "%s", cases[i].name);
        json_decref(found);
        tell(c, cases[i].right);
    }
    tell(c, cases[1].wrong); /* a cache may do without */
    json_t *found = redis_check(c, false, &err);
    assert_int_equal(json_array_size(json_object_get(found, "problems")), 0);
    assert_true(says(found, "warnings", "fills the cache anew"));
    json_decref(found);
    redisFree(c);
    redis_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
