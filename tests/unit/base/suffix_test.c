/* suffix_test.c - domains by the ICANN section, budgets by the full list. */
#include "base/suffix.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const char list_text[] = "// ===BEGIN ICANN DOMAINS===\n"
                                "com\nvn\ncom.vn\nuk\nco.uk\n*.ck\n!www.ck\njp\n*.kawasaki.jp\n!city.kawasaki.jp\nde\n"
                                "\xe5\x85\xac\xe5\x8f\xb8.cn\ncn\n"
                                "// ===END ICANN DOMAINS===\n// ===BEGIN PRIVATE DOMAINS===\n"
                                "blogspot.com\n*.compute.amazonaws.com\ngithub.io\n"
                                "// ===END PRIVATE DOMAINS===\n";

static const struct { const char *host; int port; const char *domain, *budget; } cases[] = {
    { "example.com", 80, "example.com", "example.com" },
    { "a.b.example.com", 8080, "example.com", "example.com" },
    { "vnexpress.com.vn", 443, "vnexpress.com.vn", "vnexpress.com.vn" },
    { "www.bbc.co.uk", 443, "bbc.co.uk", "bbc.co.uk" },
    { "one.blogspot.com", 443, "blogspot.com", "one.blogspot.com" },
    { "x.one.blogspot.com", 443, "blogspot.com", "one.blogspot.com" },
    { "blogspot.com", 443, "blogspot.com", "blogspot.com" },
    { "a.x.compute.amazonaws.com", 443, "amazonaws.com", "a.x.compute.amazonaws.com" },
    { "www.ck", 80, "www.ck", "www.ck" },
    { "a.b.c.ck", 80, "b.c.ck", "b.c.ck" },
    { "x.city.kawasaki.jp", 80, "city.kawasaki.jp", "city.kawasaki.jp" },
    { "com", 80, "com", "com" },                 /* a suffix is its own domain */
    { "co.uk", 80, "co.uk", "co.uk" },
    { "localhost", 8080, "localhost", "localhost" },
    { "a.b.unknown", 80, "b.unknown", "b.unknown" }, /* the list's default rule "*" */
    { "x.xn--55qx5d.cn", 80, "x.xn--55qx5d.cn", "x.xn--55qx5d.cn" },
    { "xn--mnchen-3ya.de", 80, "xn--mnchen-3ya.de", "xn--mnchen-3ya.de" },
    { "127.0.0.1", 80, "127.0.0.1", "127.0.0.1" },
    { "127.0.0.1", 443, "127.0.0.1", "127.0.0.1" },
    { "127.0.0.1", 8080, "127.0.0.1:8080", "127.0.0.1:8080" },
    { "127.0.0.1", 0, "127.0.0.1", "127.0.0.1" },
    { "[::1]", 8080, "[::1]:8080", "[::1]:8080" },
};

static void test_cases(void **state)
{
    (void)state;
    struct suffix_list *list = suffix_list_parse(list_text, sizeof(list_text) - 1, NULL);
    assert_non_null(list);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *domain = suffix_domain(list, cases[i].host, cases[i].port);
        char *budget = suffix_budget(list, cases[i].host, cases[i].port);
        assert_string_equal(domain, cases[i].domain);
        assert_string_equal(budget, cases[i].budget);
        free(domain);
        free(budget);
    }
    suffix_list_destroy(list);
}

static void test_distribution(void **state)
{
    (void)state;
    struct error err;
    struct suffix_list *list = suffix_list_load(NULL, &err);
    assert_non_null(list);
    char *domain = suffix_domain(list, "www.bbc.co.uk", 443);
    assert_string_equal(domain, "bbc.co.uk");
    free(domain);
    suffix_list_destroy(list);
    assert_null(suffix_list_load("/nonexistent/list", &err));
    assert_non_null(strstr(err.message, "/nonexistent/list"));
    assert_null(suffix_list_parse("", 0, &err));
    assert_null(suffix_list_parse("// nothing\n", 11, &err));
    suffix_list_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases), cmocka_unit_test(test_distribution) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
