/* scope_test.c - which addresses of a source are fetched. */
#include "crawler/scope.h"

#include "tests/unit/check.h"

#include <string.h>

static const char list_text[] = "// ===BEGIN ICANN DOMAINS===\ncom\nuk\nco.uk\n// ===END ICANN DOMAINS===\n";

static void filters(void **state)
{
    (void)state;
    static const struct { const char *url, *want; } rows[] = {
        { "https://www.example.co.uk/a/b.html", NULL }, { "http://news.example.co.uk/x?id=1", NULL }, { "https://partner.com/x", NULL },
        { "https://other.co.uk/x", "offsite" }, { "https://example.com/x", "offsite" }, { "https://example.co.uk/a.JPG", "static" },
        { "https://example.co.uk/a.pdf?x=.html", "static" }, { "https://example.co.uk/v1.0/story", NULL },
        { "https://example.co.uk/", "front" }, { "http://example.co.uk", "front" },
        { "https://example.co.uk/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18", "trap" },
    };
    struct suffix_list *list = suffix_list_parse(list_text, strlen(list_text), NULL);
    assert_non_null(list);
    struct scope *s = scope_create(list, "https://example.co.uk/", (const char *const[]){ "https://www.partner.com/", "none", NULL }, NULL, 1000);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct url u;
        assert_true(url_parse(&u, rows[i].url, strlen(rows[i].url), NULL, NULL, NULL));
        const char *got = scope_filter(s, &u);
        CHECK(got == rows[i].want || (got && rows[i].want && strcmp(got, rows[i].want) == 0), "%s: %s", rows[i].url, got ? got : "fetched");
        url_fini(&u);
    }
    assert_null(scope_filter_date(s, 0, 5000));
    assert_null(scope_filter_date(s, 4000, 5000));
    assert_string_equal(scope_filter_date(s, 3999, 5000), "old");
    scope_unref(scope_ref(s));
    scope_unref(s);
    suffix_list_destroy(list);
}

static void backfill(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t want; } rows[] = {
        { NULL, 172800000 }, { "2d", 172800000 }, { "12h", 43200000 }, { "90m", 5400000 }, { "all", BACKFILL_ALL }, { "none", 0 }, { "0d", 0 },
        { "soon", 172800000 }, { "-1d", 172800000 }, { "2days", 172800000 },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(backfill_parse(rows[i].text) == rows[i].want, "%s", rows[i].text ? rows[i].text : "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(filters), cmocka_unit_test(backfill) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
