/* ends_test.c - different pages in a row that end at one address. */
#include "crawler/ends.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <string.h>

/* A letter and a digit a page: what was asked, where it ended; "." it answered itself. */
static const struct { const char *pages; bool want; } rows[] = {
    { "a1", false }, { "a1b1", false }, { "a1b1c1", true }, { "a1b1c1d1", true }, { "a1b1c2", false }, { "a1b1c.d1", false },
    { "a1a1a1", false },           /* one page, tried again */
    { "a1b1c1d.", false }, { "a1b2c3d4", false }, { "a1b1c1d2e1", false },
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ends *e = ends_create();
        bool got = false;
        for (const char *p = rows[i].pages; *p; p += 2) {
            struct id asked = { .hex = { p[0] } }, end = { .hex = { p[1] } };
            got = ends_note(e, "one", &asked, p[1] == '.' ? NULL : &end);
            assert_false(ends_note(e, "another", &asked, p[1] == '.' ? NULL : &asked));
        }
        CHECK(got == rows[i].want, "%s", rows[i].pages);
        ends_destroy(e);
    }
    ends_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(table) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
