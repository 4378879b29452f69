/* schedule_test.c - the bounds hold, news shorten the interval, silence and failures lengthen it, what is learned is kept. */
#include "crawler/schedule.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <string.h>

enum { MINUTE = 60 * 1000, HOUR_S = 3600, DAY_S = 86400 };
#define BEGIN_S 1764061200 /* 2025-11-25T09:00Z, a Tuesday */

/* Polls `times` times, each when it is due; the last interval. */
static int64_t run(struct schedule *s, struct poll_facts f, int times)
{
    int64_t due = 0;
    f.min_ms = f.min_ms ? f.min_ms : MINUTE;
    f.max_ms = f.max_ms ? f.max_ms : 360 * MINUTE;
    f.now_s = f.now_s ? f.now_s : BEGIN_S;
    for (int i = 0; i < times; i++) {
        f.seed++;
        due = schedule_next(s, &f);
        assert_true(due >= f.min_ms * 9 / 10);
        f.now_s += due / 1000;
    }
    return due;
}

static void rules(void **state)
{
    (void)state;
    static const struct { const char *name; struct poll_facts facts; int times; int64_t low, high; } rows[] = {
        { "the first time", { .end = POLL_READ }, 1, 10 * MINUTE, 30 * MINUTE },
        { "much news", { .end = POLL_READ, .accepted = 5 }, 40, MINUTE * 9 / 10, MINUTE * 11 / 10 },
        { "silence", { .end = POLL_READ }, 300, 60 * MINUTE, 396 * MINUTE },
        { "not modified", { .end = POLL_NOT_MODIFIED }, 300, 60 * MINUTE, 396 * MINUTE },
        { "one failure", { .end = POLL_FAILED }, 1, 10 * MINUTE, 30 * MINUTE },
        { "three failures", { .end = POLL_FAILED, .fixed_ms = 5 * MINUTE }, 3, 22 * MINUTE, 28 * MINUTE },
        { "failures for ever", { .end = POLL_FAILED }, 1000, 324 * MINUTE, 396 * MINUTE },
        { "fixed", { .end = POLL_READ, .accepted = 9, .fixed_ms = 7 * MINUTE, .hint_ms = 60 * MINUTE }, 9, 6 * MINUTE, 8 * MINUTE },
        { "a hint", { .end = POLL_READ, .accepted = 9, .hint_ms = 5 * MINUTE }, 20, 4 * MINUTE, 6 * MINUTE },
        { "an absurd hint", { .end = POLL_READ, .accepted = 9, .hint_ms = 9000 * MINUTE }, 20, 9 * MINUTE, 11 * MINUTE },
        { "Retry-After", { .end = POLL_FAILED, .retry_after_ms = 500 * MINUTE }, 1, 500 * MINUTE, 500 * MINUTE },
        { "beyond the budget", { .end = POLL_READ, .accepted = 5, .pace = 10 }, 40, 3 * MINUTE, 20 * MINUTE },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct schedule s = { 0 };
        int64_t due = run(&s, rows[i].facts, rows[i].times);
        CHECK(due >= rows[i].low && due <= rows[i].high, "%s: %lld s", rows[i].name, (long long)due / 1000);
    }
}

/* The first reading tells what the rate was: an item every so many minutes, twenty of them. */
static int64_t first_interval(int64_t minutes, struct schedule *s)
{
    int64_t dates[20];
    for (int i = 0; i < 20; i++)
        dates[i] = BEGIN_S - i * minutes * 60;
    *s = (struct schedule){ 0 };
    return run(s, (struct poll_facts){ .end = POLL_READ, .dated_s = dates, .dated = 20 }, 1);
}

static void the_past_counts(void **state)
{
    (void)state;
    struct schedule fast, slow;
    int64_t few = first_interval(24 * 60, &slow), many = first_interval(15, &fast);
    CHECK(many < 5 * MINUTE, "96 a day: %lld s", (long long)many / 1000);
    CHECK(few > 2 * many && few < 60 * MINUTE, "one a day: %lld s", (long long)few / 1000);
    CHECK(schedule_rate(&fast) > 40 && schedule_rate(&slow) < 3, "%f %f", schedule_rate(&fast), schedule_rate(&slow));
}

/* Half of what the document shows may pass, not more. */
static void the_window_bounds_it(void **state)
{
    (void)state;
    int64_t dates[10];
    struct schedule s = { .polled_s = BEGIN_S - 60, .days = 10 };
    for (int i = 0; i < 10; i++)
        dates[i] = BEGIN_S - i * 60;
    int64_t due = run(&s, (struct poll_facts){ .end = POLL_READ, .dated_s = dates, .dated = 10 }, 1);
    CHECK(due <= 5 * MINUTE, "%lld s", (long long)due / 1000);
}

/* Ten items at nine in the morning of each day, none else: polls are denser then. */
static void usual_hours(void **state)
{
    (void)state;
    struct schedule s = { 0 };
    struct poll_facts f = { .end = POLL_READ, .min_ms = MINUTE, .max_ms = 360 * MINUTE, .now_s = BEGIN_S };
    int64_t morning_ms = 0, night_ms = 0;
    for (int hour = 0; hour < 24 * 20; hour++, f.now_s += HOUR_S) {
        f.accepted = hour % 24 == 0 ? 10 : 0;
        int64_t due = schedule_next(&s, &f);
        if (hour == 24 * 19 - 1)
            morning_ms = due;
        if (hour == 24 * 19 + 12)
            night_ms = due;
    }
    CHECK(morning_ms * 2 < night_ms, "before the hour %lld s, at night %lld s", (long long)morning_ms / 1000, (long long)night_ms / 1000);
}

static void validators_that_lie(void **state)
{
    (void)state;
    struct schedule s;
    first_interval(60, &s);
    struct poll_facts f = { .end = POLL_READ, .unconditional = true, .min_ms = MINUTE, .max_ms = 360 * MINUTE, .now_s = BEGIN_S };
    schedule_next(&s, &f);
    assert_false(schedule_wants_full(&s, BEGIN_S + 60));
    assert_true(schedule_wants_full(&s, BEGIN_S + DAY_S));
    f.unconditional = false;
    f.end = POLL_NOT_MODIFIED;
    for (f.now_s = BEGIN_S + 600; !schedule_wants_full(&s, f.now_s); f.now_s += 600)
        schedule_next(&s, &f);
    CHECK(f.now_s < BEGIN_S + 6 * HOUR_S, "an item an hour, and it is asked after %lld h", (long long)(f.now_s - BEGIN_S) / HOUR_S);
    f = (struct poll_facts){ .end = POLL_READ, .unconditional = true, .same_validators = true, .accepted = 4, .min_ms = MINUTE,
                             .max_ms = 360 * MINUTE, .now_s = f.now_s };
    schedule_next(&s, &f);
    assert_true(schedule_wants_full(&s, f.now_s + 1));
}

/* One who never told news with them is not believed for long: a lively liar loses what leaves its window until it is found out. */
static void validators_not_proven_yet(void **state)
{
    (void)state;
    for (int told = 0; told < 2; told++) {
        struct schedule s;
        first_interval(2, &s);
        int64_t dates[5] = { BEGIN_S, BEGIN_S - 500, BEGIN_S - 1000, BEGIN_S - 1500, BEGIN_S - 2000 };
        struct poll_facts f = { .end = POLL_READ, .unconditional = true, .min_ms = MINUTE, .max_ms = 360 * MINUTE, .now_s = BEGIN_S,
                                .dated_s = dates, .dated = 5 };
        schedule_next(&s, &f);
        f.unconditional = false;
        f.accepted = (size_t)told;
        f.now_s += 60;
        schedule_next(&s, &f);
        f.accepted = 0;
        f.dated = 0;
        f.end = POLL_NOT_MODIFIED;
        for (f.now_s += 60; !schedule_wants_full(&s, f.now_s); f.now_s += 60)
            schedule_next(&s, &f);
        CHECK(told ? f.now_s >= BEGIN_S + 1800 : f.now_s < BEGIN_S + 1200, "told %d: after %lld s", told, (long long)(f.now_s - BEGIN_S));
    }
}

/* What the document asked for holds while it is "not modified", and until it says something else. */
static void a_hint_is_remembered(void **state)
{
    (void)state;
    struct schedule s;
    unsigned char bytes[SCHEDULE_BYTES];
    first_interval(3, &s);
    run(&s, (struct poll_facts){ .end = POLL_READ, .hint_ms = 8 * MINUTE }, 1);
    schedule_read(&s, bytes, schedule_write(&s, bytes));
    int64_t later = run(&s, (struct poll_facts){ .end = POLL_NOT_MODIFIED, .now_s = BEGIN_S + 480 }, 1);
    CHECK(later >= 7 * MINUTE, "%lld s", (long long)later / 1000);
    later = run(&s, (struct poll_facts){ .end = POLL_READ, .accepted = 5, .now_s = BEGIN_S + 960 }, 1);
    CHECK(later < 7 * MINUTE, "%lld s", (long long)later / 1000);
}

static void silence_is_told(void **state)
{
    (void)state;
    static const struct { const char *name; int64_t minutes; int days; bool want; } rows[] = {
        { "one an hour, a day without", 60, 1, false }, { "one an hour, three days without", 60, 3, true },
        { "one a day, a week without", 1440, 7, false }, { "one a day, three weeks without", 1440, 21, true },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct schedule s;
        first_interval(rows[i].minutes, &s);
        struct poll_facts f = { .end = POLL_NOT_MODIFIED, .min_ms = MINUTE, .max_ms = 360 * MINUTE, .now_s = BEGIN_S };
        for (int64_t end_s = BEGIN_S + rows[i].days * DAY_S; f.now_s < end_s; f.now_s += HOUR_S)
            schedule_next(&s, &f);
        CHECK(schedule_is_silent(&s, f.now_s) == rows[i].want, "%s", rows[i].name);
    }
}

static void bytes_keep_it(void **state)
{
    (void)state;
    struct schedule s, back;
    unsigned char bytes[SCHEDULE_BYTES];
    first_interval(15, &s);
    s.failures = 7;
    s.distrust = true;
    size_t len = schedule_write(&s, bytes);
    assert_true(len <= SCHEDULE_BYTES);
    schedule_read(&back, bytes, len);
    assert_int_equal(back.failures, 7);
    assert_true(back.distrust);
    assert_int_equal(back.polled_s, s.polled_s);
    assert_memory_equal(back.hours, s.hours, sizeof(s.hours));
    assert_memory_equal(back.weekdays, s.weekdays, sizeof(s.weekdays));
    assert_true(schedule_rate(&back) == schedule_rate(&s));
    assert_true(s.new_s - back.new_s >= 0 && s.new_s - back.new_s < 300 && s.full_s == back.full_s);
    assert_true(back.lately <= s.lately && back.lately > s.lately * 0.99f);
    for (size_t cut = 0; cut < len; cut++) { /* of another layout, or cut: a poll that was never made */
        schedule_read(&back, bytes, cut);
        assert_int_equal(back.polled_s, 0);
    }
    bytes[0] = 99;
    schedule_read(&back, bytes, len);
    assert_int_equal(back.failures, 0);
    schedule_read(&back, NULL, 0);
}

static void pace_holds_the_budget(void **state)
{
    (void)state;
    struct pace p;
    pace_init(&p, 3600); /* one a second */
    for (int64_t t = BEGIN_S; t < BEGIN_S + 7200; t++)
        for (double polls = 4 / p.factor; polls > 0; polls--)
            pace_count(&p, t);
    CHECK(p.factor > 1.5, "four a second were wanted: %f", p.factor);
    for (int64_t t = BEGIN_S + 7200; t < BEGIN_S + 20000; t += 10)
        pace_count(&p, t);
    CHECK(p.factor < 1.1, "one in ten seconds is wanted: %f", p.factor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules), cmocka_unit_test(the_past_counts), cmocka_unit_test(the_window_bounds_it), cmocka_unit_test(usual_hours),
        cmocka_unit_test(validators_that_lie), cmocka_unit_test(validators_not_proven_yet),
        cmocka_unit_test(a_hint_is_remembered), cmocka_unit_test(silence_is_told), cmocka_unit_test(bytes_keep_it),
        cmocka_unit_test(pace_holds_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
