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
            changes += blocked_note(b, "one", 1, *p == 'r' ? "http_403" : NULL);
        bool got = blocked_evidence(b, "one", text, sizeof(text));
        CHECK(got == rows[i].want && strcmp(text, rows[i].evidence ? rows[i].evidence : "") == 0, "%s: %s", rows[i].pages, text);
        CHECK((changes % 2 == 1) == rows[i].want, "%s: %d changes", rows[i].pages, changes);
        assert_false(blocked_evidence(b, "another", text, sizeof(text)));
        blocked_destroy(b);
    }
    assert_true(blocked_status(403) && !blocked_status(404) && !blocked_status(200));
}

static bool knows(const struct blocked *b, const char *source)
{
    char text[64];
    return blocked_evidence(b, source, text, sizeof(text));
}

static void a_lost_partition(void **state)
{
    (void)state;
    struct blocked *b = blocked_create();
    for (int i = 0; i < 10; i++) {
        blocked_note(b, "lost", 3, "http_403");
        blocked_note(b, "ours", 4, "http_403");
        blocked_note(b, "both", 3 + i % 2, "http_403");
    }
    blocked_forget(b, 3);
    CHECK(!knows(b, "lost") && knows(b, "ours") && !knows(b, "both"), "what has pages there is forgotten, the rest is not");
    blocked_known(b, "lost", 3, "1023/10 http_403");
    CHECK(knows(b, "lost"), "what is kept counts again");
    blocked_forget(b, 4);
    CHECK(knows(b, "lost") && !knows(b, "ours"), "the other way round");
    blocked_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(table), cmocka_unit_test(a_lost_partition) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
