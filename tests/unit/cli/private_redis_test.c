/* A real redis-server in a folder of its own. */
#include "cli/private_redis.h"

#include "cli/state_dir.h"
#include "tests/unit/check.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[256];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tidings-state-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static struct state_dir *locked(const char *path)
{
    struct error err;
    struct state_dir *d = state_dir_open(path, true, &err);
    CHECK(d, "%s", err.message);
    CHECK(state_dir_lock(d, "run", 5000, &err), "%s", err.message);
    return d;
}

static void check_setting(redisContext *c, const char *name, const char *value)
{
    redisReply *r = redisCommand(c, "CONFIG GET %s", name);
    assert_non_null(r);
    CHECK(r->elements == 2 && strcmp(r->element[1]->str, value) == 0, "%s = %s", name, r->elements == 2 ? r->element[1]->str : "?");
    freeReplyObject(r);
}

static void test_keeps_what_it_has(void **state)
{
    (void)state;
    struct error err;
    struct state_dir *d = locked(folder);
    for (int round = 0; round < 2; round++) {
        struct private_redis *p = private_redis_start(d, 64, NULL, &err);
        CHECK(p, "%s", err.message);
        redisContext *c = redisConnectUnix(private_redis_address(p));
        redisReply *r = redisCommand(c, "INCR n");
        assert_int_equal(r->integer, round + 1);
        freeReplyObject(r);
        check_setting(c, "appendonly", "yes");
        check_setting(c, "maxmemory", "67108864");
        check_setting(c, "maxmemory-policy", "noeviction");
        check_setting(c, "set-max-intset-entries", "1024");
        redisFree(c);
        CHECK(private_redis_check(p, &err), "%s", err.message);
        private_redis_stop(p);
    }
    assert_true(state_dir_bytes(d) > 0);
    state_dir_close(d);
}

static void test_a_path_longer_than_a_socket_address(void **state)
{
    (void)state;
    struct error err;
    char path[400];
    snprintf(path, sizeof(path), "%s/%0120d", folder, 7);
    struct state_dir *d = locked(path);
    struct private_redis *p = private_redis_start(d, 64, NULL, &err);
    CHECK(p, "%s", err.message);
    char *other = private_redis_address_in(d);
    redisContext *c = redisConnectUnix(other);
    assert_int_equal(c->err, 0);
    redisFree(c);
    free(other);
    private_redis_stop(p);
    state_dir_close(d);
}

static void test_one_that_dies_is_named(void **state)
{
    (void)state;
    struct error err;
    struct state_dir *d = locked(folder);
    struct private_redis *p = private_redis_start(d, 64, NULL, &err);
    CHECK(p, "%s", err.message);
    kill(private_redis_pid(p), SIGKILL);
    while (private_redis_check(p, &err)) /* the kernel takes a moment */
        poll(NULL, 0, 1);
    CHECK(err.kind == ERROR_SYSTEM && strstr(err.message, "the private redis-server was ended by signal 9"), "%s", err.message);
    private_redis_stop(p);

    assert_null(private_redis_start(d, 64, "/nonexistent/redis-server", &err));
    CHECK(strstr(err.message, "could not be started") && strstr(err.message, "apt-get install redis-server"), "%s", err.message);
    state_dir_close(d);
}

/* Gone, or a zombie that whoever inherited it has not reaped. */
static bool has_ended(pid_t pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    if (f)
        fclose(f);
    return state == 'Z' || state == 'X';
}

/* Whoever holds the directory is killed: its Redis goes too, and only then the lock is free. */
static void test_goes_with_its_parent(void **state)
{
    (void)state;
    struct error err;
    int ends[2], status;
    pid_t redis = 0;
    char command[32];
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct private_redis *p = private_redis_start(locked(folder), 64, NULL, &err);
        redis = p ? private_redis_pid(p) : 0;
        (void)!write(ends[1], &redis, sizeof(redis));
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &redis, sizeof(redis)), sizeof(redis));
    assert_true(redis > 0);
    struct state_dir *d = state_dir_open(folder, false, &err);
    assert_int_equal(state_dir_holder(d, command, sizeof(command)), pid);
    assert_string_equal(command, "run");
    assert_false(state_dir_lock(d, "run", 0, &err));
    char wanted[64];
    snprintf(wanted, sizeof(wanted), "is in use by process %d (tidings run)", (int)pid);
    CHECK(err.kind == ERROR_LIMIT && strstr(err.message, wanted), "%s", err.message);

    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    CHECK(state_dir_lock(d, "run", 20000, &err), "%s", err.message);
    assert_true(has_ended(redis));
    state_dir_close(d);
}

static void test_directories(void **state)
{
    (void)state;
    struct error err;
    struct stat st;
    char path[300];
    snprintf(path, sizeof(path), "%s/a/b", folder);
    assert_null(state_dir_open(path, false, &err));
    CHECK(strstr(err.message, "`tidings run` makes it"), "%s", err.message);
    struct state_dir *d = state_dir_open(path, true, &err);
    CHECK(d, "%s", err.message);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_true(state_dir_write(d, "format", "tidings state 2\n", &err));
    state_dir_close(d);
    assert_null(state_dir_open(path, true, &err));
    CHECK(strstr(err.message, "was written by a newer tidings (format 2, this program knows 1)"), "%s", err.message);
    d = state_dir_open(folder, true, &err);
    assert_true(state_dir_write(d, "format", "something else\n", &err));
    state_dir_close(d);
    assert_null(state_dir_open(folder, true, &err));
    CHECK(strstr(err.message, "is not ours"), "%s", err.message);
    assert_null(state_dir_open("/proc/nonexistent/a", true, &err));
    CHECK(strstr(err.message, "cannot be made"), "%s", err.message);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_keeps_what_it_has), CASE(test_a_path_longer_than_a_socket_address), CASE(test_one_that_dies_is_named),
        CASE(test_goes_with_its_parent), CASE(test_directories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
