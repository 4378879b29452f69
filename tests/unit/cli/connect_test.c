/* Questions find what to ask: a configured Redis, a run at work, or the state directory, with real servers. */
#include "cli/connect.h"

#include "cli/private_redis.h"
#include "cli/state_dir.h"
#include "tests/unit/check.h"
#include "tests/unit/redis_own.h"

#include <stdlib.h>
#include <string.h>

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tidings-connect-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(folder, redis_server_unlink, 8, FTW_DEPTH | FTW_PHYS);
}

static struct config *configured(const char *name, const char *value)
{
    struct error err;
    struct config *c = config_load(NULL, NULL, 0, &err);
    CHECK(c && config_set(c, "state_dir", folder, &err) && (!name || config_set(c, name, value, &err)), "%s", err.message);
    return c;
}

static long long count_up(redisContext *c)
{
    redisReply *r = redisCommand(c, "INCR n");
    long long n = r && r->type == REDIS_REPLY_INTEGER ? r->integer : -1;
    freeReplyObject(r);
    return n;
}

static void test_the_state_directory(void **state)
{
    (void)state;
    struct error err;
    struct config *config = configured(NULL, NULL);
    struct state_dir *d = state_dir_open(folder, true, &err);
    state_dir_close(d);
    for (int i = 1; i <= 2; i++) { /* started for the answer, and stopped with it */
        struct connection *c = connect_open(config, &err);
        CHECK(c, "%s", err.message);
        assert_true(c->embedded && c->running == 0 && c->cache == c->frontier && c->own);
        assert_int_equal(count_up(c->frontier), i);
        connect_close(c);
    }
    config_destroy(config);
}

static void test_a_run_at_work(void **state)
{
    (void)state;
    struct error err;
    struct config *config = configured(NULL, NULL);
    struct state_dir *d = state_dir_open(folder, true, &err);
    assert_true(state_dir_lock(d, "run", 0, &err));
    struct private_redis *p = private_redis_start(d, 64, NULL, &err);
    CHECK(p, "%s", err.message);
    struct connection *one = connect_open(config, &err), *two = connect_open(config, &err); /* as many as like */
    CHECK(one && two, "%s", err.message);
    assert_int_equal(one->running, getpid());
    assert_null(two->own);
    assert_int_equal(count_up(two->frontier), 3);
    connect_close(one);
    connect_close(two);
    private_redis_stop(p);
    state_dir_close(d);
    config_destroy(config);
}

static void test_a_configured_redis(void **state)
{
    (void)state;
    struct error err;
    struct redis_server server = { 0 };
    redis_server_start(&server);
    struct config *config = configured("redis.frontier", server.socket);
    struct connection *c = connect_open(config, &err);
    CHECK(c, "%s", err.message);
    assert_true(c->embedded && c->cache == c->frontier && !c->own && !c->lock);
    assert_int_equal(count_up(c->cache), 1);
    connect_close(c);
    assert_true(config_set(config, "kafka.bootstrap", "localhost:1", &err)); /* nobody asks it here */
    c = connect_open(config, &err);
    assert_true(c && !c->embedded);
    connect_close(c);
    redis_server_stop(&server);
    assert_null(connect_open(config, &err));
    assert_int_equal(err.kind, ERROR_TRANSIENT);
    assert_non_null(strstr(err.message, server.socket));
    config_destroy(config);
}

static void test_nothing_there(void **state)
{
    (void)state;
    struct error err;
    struct config *config = configured("state_dir", "/nonexistent/tidings");
    assert_null(connect_open(config, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_non_null(strstr(err.message, "`tidings run` makes it"));
    config_destroy(config);
    connect_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_state_directory), cmocka_unit_test(test_a_run_at_work),
                                        cmocka_unit_test(test_a_configured_redis), cmocka_unit_test(test_nothing_there) };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
