/* clock_test.c - which clock stands still while a thread sleeps. */
#include "base/clock.h"

#include "tests/unit/check.h"

#include <time.h>

static void test_a_threads_clock_runs_with_its_work(void **state)
{
    struct timespec pause = { .tv_nsec = 50000000 };
    int64_t mono_ms = clock_mono_ms(), thread_ms = clock_thread_ms();
    (void)state;
    nanosleep(&pause, NULL);
    assert_true(clock_mono_ms() - mono_ms >= 49);
    assert_true(clock_thread_ms() - thread_ms < 49);
    thread_ms = clock_thread_ms();
    while (clock_thread_ms() == thread_ms) /* ends: this is work */
        ;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_a_threads_clock_runs_with_its_work) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
