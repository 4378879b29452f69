/* meta_test.c - what an installation agrees on, in a real Redis: who comes first decides, and who differs is told why. */
#include "pipeline/meta.h"

#include "tests/unit/redis_own.h"

#define P "t"

static struct redis_server server;

static const struct {
    const char *name, *field, *stored; /* stored: over what the first process wrote; NULL: nothing */
    int partitions;
    const char *said;                  /* NULL: it starts */
} starts[] = {
    { "the same again", NULL, NULL, 8, NULL },
    { "whatever is stored, for a question", NULL, NULL, 0, NULL },
    { "other partitions", NULL, NULL, 16, "this Redis was set up with partitions 8, this program or its configuration has 16" },
    { "another key form", "key_form", "k0", 8, "set up with key_form k0" },
    { "an older layout", "layout", "1", 8, "holds keys of layout 1, written by an older tidings" },
    { "an older layout's remedy", "layout", "1", 8, "start afresh with another prefix, an empty Redis or" },
    { "a newer layout", "layout", "1000", 8, "written by a newer tidings" },
    { "a layout that is none", "layout", "x", 8, "holds keys of layout x" },
    { "partitions that are none", "partitions", "0", 0, "says 0 partitions: expected 1 to 4096" },
};

static void put_first(void)
{
    struct error err;
    freeReplyObject(redis_server_ask(&server, "FLUSHALL"));
    struct meta *first = meta_load(server.c, P, 8, true, &err);
    CHECK(first && meta_partitions(first) == 8, "%s", err.message);
    meta_destroy(first);
}

static void test_who_differs_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(starts); i++) {
        struct error err = { 0 };
        put_first();
        if (starts[i].field)
            freeReplyObject(redis_server_ask(&server, "HSET " P ":meta %s %s", starts[i].field, starts[i].stored));
        struct meta *m = meta_load(server.c, P, starts[i].partitions, starts[i].partitions > 0, &err);
        if (starts[i].said)
            CHECK(!m && err.kind == ERROR_SYSTEM && strstr(err.message, starts[i].said), "%s: %s", starts[i].name, err.message);
        else
            CHECK(m && meta_partitions(m) == 8, "%s: %s", starts[i].name, err.message);
        meta_destroy(m);
    }
}

static void test_a_question_creates_nothing(void **state)
{
    struct error err;
    (void)state;
    freeReplyObject(redis_server_ask(&server, "FLUSHALL"));
    CHECK(!meta_load(server.c, P, 8, false, &err) && err.kind == ERROR_INVALID && strstr(err.message, "start a crawler or `tidings run`"),
          "%s", err.message);
    CHECK(redis_server_number(&server, "DBSIZE") == 0, "nothing is written");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_differs_is_told),
        cmocka_unit_test(test_a_question_creates_nothing),
    };
    redis_server_start(&server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&server);
    return failed;
}
