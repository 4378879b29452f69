/* near_test.c - how near names are. */
#include "base/near.h"

#include "tests/unit/check.h"

#include <string.h>

static const struct { const char *a, *b; size_t distance; } rows[] = {
    { "", "", 0 }, { "", "abc", 3 }, { "abc", "", 3 }, { "latest", "latest", 0 }, { "Latest", "lATEST", 0 }, { "lastest", "latest", 1 },
    { "latets", "latest", 1 }, { "ltest", "latest", 1 }, { "ratest", "latest", 1 }, { "kitten", "sitting", 3 }, { "ca", "abc", 3 },
};

static void test_distances(void **state)
{
    char much[NEAR_MAX + 2];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CHECK(near_distance(rows[i].a, rows[i].b) == rows[i].distance, "%s %s: %zu", rows[i].a, rows[i].b, near_distance(rows[i].a, rows[i].b));
        CHECK(near_distance(rows[i].b, rows[i].a) == rows[i].distance, "%s %s", rows[i].b, rows[i].a);
    }
    memset(much, 'a', sizeof(much));
    much[NEAR_MAX + 1] = '\0';
    assert_true(near_distance(much, much) == SIZE_MAX);
    much[NEAR_MAX] = '\0';
    assert_int_equal(near_distance(much, much), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_distances) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
