/* schedule_test.c - the bounds hold, news shorten the interval, silence and failures lengthen it, jitter stays in a tenth. */
#include "crawler/schedule.h"

#include "base/mem.h"
#include "tests/unit/check.h"

enum { MINUTE = 60 * 1000 };

static int64_t run(struct schedule *s, struct poll_facts f, int times)
{
    int64_t due = 0;
    f.min_ms = f.min_ms ? f.min_ms : MINUTE;
    f.max_ms = f.max_ms ? f.max_ms : 360 * MINUTE;
    for (int i = 0; i < times; i++) {
        f.seed++;
        due = schedule_next(s, &f);
        assert_true(due >= f.min_ms * 9 / 10);
    }
    return due;
}

static void rules(void **state)
{
    (void)state;
    static const struct { const char *name; struct poll_facts facts; int times; int64_t low, high; } rows[] = {
        { "the first time", { .end = POLL_READ, .accepted = 1 }, 1, 2 * MINUTE, 4 * MINUTE },
        { "much news", { .end = POLL_READ, .accepted = 5 }, 20, MINUTE * 9 / 10, MINUTE * 11 / 10 },
        { "silence", { .end = POLL_READ }, 100, 324 * MINUTE, 396 * MINUTE },
        { "not modified", { .end = POLL_NOT_MODIFIED }, 100, 324 * MINUTE, 396 * MINUTE },
        { "one failure", { .end = POLL_FAILED }, 1, 4 * MINUTE, 6 * MINUTE },
        { "three failures", { .end = POLL_FAILED }, 3, 22 * MINUTE, 28 * MINUTE },
        { "failures for ever", { .end = POLL_FAILED }, 1000, 324 * MINUTE, 396 * MINUTE },
        { "fixed", { .end = POLL_READ, .accepted = 9, .fixed_ms = 7 * MINUTE, .hint_ms = 60 * MINUTE }, 9, 6 * MINUTE, 8 * MINUTE },
        { "a hint", { .end = POLL_READ, .accepted = 9, .hint_ms = 15 * MINUTE }, 20, 13 * MINUTE, 17 * MINUTE },
        { "an absurd hint", { .end = POLL_READ, .accepted = 9, .hint_ms = 9000 * MINUTE }, 20, 54 * MINUTE, 66 * MINUTE },
        { "Retry-After", { .end = POLL_FAILED, .retry_after_ms = 500 * MINUTE }, 1, 500 * MINUTE, 500 * MINUTE },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct schedule s = { 0 };
        int64_t due = run(&s, rows[i].facts, rows[i].times);
        if (due < rows[i].low || due > rows[i].high)
            fail_msg("%s: %lld s", rows[i].name, (long long)due / 1000);
    }
}

static void remembers_a_bounded_number(void **state)
{
    (void)state;
    struct schedules *all = schedules_create(2);
    schedules_get(all, "a")->failures = 7;
    schedules_get(all, "b");
    assert_int_equal(schedules_get(all, "a")->failures, 7);
    schedules_get(all, "c");
    schedules_get(all, "d");
    schedules_destroy(all);
    schedules_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rules), cmocka_unit_test(remembers_a_bounded_number) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
