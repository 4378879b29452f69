/* gate_test.c - requests leave the gate in order of their time, and none while sending is not allowed. */
#include "crawler/gate.h"

#include "base/clock.h"
#include "tests/unit/check.h"

#include <string.h>

static char order[64];
static bool open_for[2];

static bool may_start(void *arg, int partition)
{
    (void)arg;
    return open_for[partition];
}

static void leave(void *arg)
{
    strcat(order, arg);
}

static void in_order(void **state)
{
    (void)state;
    uv_loop_t loop;
    int64_t now = clock_mono_ms();
    uv_loop_init(&loop);
    struct gate *g = gate_create(&loop, may_start, NULL);
    open_for[0] = true;
    order[0] = '\0';
    gate_enter(g, 0, now + 30, leave, "d");
    gate_enter(g, 0, now + 10, leave, "b");
    struct gate_wait *gone = gate_enter(g, 0, now + 15, leave, "x");
    gate_enter(g, 0, 0, leave, "a");
    gate_enter(g, 0, now + 20, leave, "c");
    gate_enter(g, 1, 0, leave, "e");
    gate_leave(g, gone);
    while (gate_waiting(g) > 1)
        uv_run(&loop, UV_RUN_ONCE);
    assert_string_equal(order, "abcd");
    open_for[1] = true;
    while (gate_waiting(g) > 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_string_equal(order, "abcde");
    gate_enter(g, 1, now + 100000, leave, "f"); /* left to gate_destroy() */
    gate_destroy(g);
    gate_destroy(NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_string_equal(order, "abcde");
}

/* A heap under many entries and removals: times never go back. */
static int64_t last;

static void rising(void *arg)
{
    int64_t at = (int64_t)(intptr_t)arg;
    assert_true(at >= last);
    last = at;
}

static void many(void **state)
{
    (void)state;
    uv_loop_t loop;
    struct gate_wait *waits[500];
    uv_loop_init(&loop);
    struct gate *g = gate_create(&loop, may_start, NULL);
    open_for[0] = true;
    last = 0;
    for (int i = 0; i < 500; i++) {
        int64_t at = (i * 7919) % 1000; /* all in the past */
        waits[i] = gate_enter(g, 0, at, rising, (void *)(intptr_t)at);
    }
    for (int i = 0; i < 500; i += 3)
        gate_leave(g, waits[i]);
    while (gate_waiting(g) > 0)
        uv_run(&loop, UV_RUN_ONCE);
    gate_destroy(g);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(in_order), cmocka_unit_test(many) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
