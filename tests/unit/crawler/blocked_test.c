/* blocked_test.c - a source is blocked when most of its last pages are refused, and until they are not. */
#include "crawler/blocked.h"

#include "tests/unit/check.h"

#include <string.h>

static void table(void **state)
{
    (void)state;
    static const struct { const char *pages; bool want; const char *evidence; } rows[] = { /* r: refused, p: a page */
        { "", false, NULL }, { "rrrr", false, NULL }, { "rrrrr", true, "5 of the last 5 pages http_403" },
        { "pprrr", false, NULL }, { "pppppppppprrrrrrr", false, NULL }, { "pppppppppprrrrrrrr", true, "8 of the last 10 pages http_403" },
        { "rrrrrrrrrrpp", true, "8 of the last 10 pages http_403" }, { "rrrrrrrrrrppp", false, NULL }, { "pppppppppp", false, NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct blocked *b = blocked_create();
        char text[64] = "";
        int changes = 0;
        for (const char *p = rows[i].pages; *p; p++)
            changes += blocked_note(b, "one", *p == 'r' ? "http_403" : NULL);
        bool got = blocked_evidence(b, "one", text, sizeof(text));
        CHECK(got == rows[i].want && strcmp(text, rows[i].evidence ? rows[i].evidence : "") == 0, "%s: %s", rows[i].pages, text);
        CHECK((changes % 2 == 1) == rows[i].want, "%s: %d changes", rows[i].pages, changes);
        assert_false(blocked_evidence(b, "another", text, sizeof(text)));
        blocked_destroy(b);
    }
    assert_true(blocked_status(403) && !blocked_status(404) && !blocked_status(200));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(table) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
