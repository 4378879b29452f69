/* script_rig.h - for tests of scripts that move a position: one real Redis for a group of tests, emptied before each.
 * cmocka_run_group_tests(tests, start, stop), each test with cmocka_unit_test_setup(test, empty). */
#ifndef TESTS_UNIT_SCRIPT_RIG_H
#define TESTS_UNIT_SCRIPT_RIG_H

#include "tests/unit/ids.h"
#include "tests/unit/redis_own.h"

static struct redis_server server;
static redisContext *redis; /* the server's */
static int64_t position;    /* as this worker wrote it last; 0: none */

static int start(void **state)
{
    (void)state;
    redis_server_start(&server);
    redis = server.c;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_server_stop(&server);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    redis_text(redis, "FLUSHALL");
    position = 0;
    return 0;
}

#endif
