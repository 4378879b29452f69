/* table_test.c - times between, in words. */
#include "cli/table.h"

#include "base/text.h"
#include "tests/unit/check.h"

#include <string.h>

static void test_ages(void **state)
{
    static const struct { int64_t ms; const char *age, *ago; } rows[] = {
        { 0, "now", "just now" }, { 999, "now", "just now" }, { 1000, "1 s", "1 s ago" }, { 119999, "119 s", "119 s ago" },
        { 120000, "2 min", "2 min ago" }, { 7200000, "2 h", "2 h ago" }, { 172800000, "2 d", "2 d ago" }, { 400 * 86400000LL, "400 d", "400 d ago" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(strcmp(age_of(rows[i].ms, 0).s, rows[i].age) == 0, "%s: %s", rows[i].age, age_of(rows[i].ms, 0).s);
        CHECK(strcmp(age_of(0, rows[i].ms).s, rows[i].age) == 0, "%s", rows[i].age);
        CHECK(strcmp(ago_of(rows[i].ms, 0).s, rows[i].ago) == 0, "%s: %s", rows[i].ago, ago_of(rows[i].ms, 0).s);
    }
}

static void test_plurals(void **state)
{
    (void)state;
    assert_string_equal(text_plural(1), "");
    assert_string_equal(text_plural(0), "s");
    assert_string_equal(text_plural(2), "s");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_ages), cmocka_unit_test(test_plurals) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
