/* cookies_test.c - RFC 6265 5.1 to 5.4, as far as it matters within one fetch: a row a rule. */
#include "base/buffer.h"
#include "crawler/cookies.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#define NOW_S 1700000000

/* Two answers, of which the second may be missing, then a request: the header it goes out with, "" for none. */
static const struct { const char *name, *from, *lines, *then_from, *then_lines, *to, *want; } rows[] = {
    { "back to the same page", "https://a.test/x", "k=1; Path=/", NULL, NULL, "https://a.test/x", "k=1" },
    { "several", "https://a.test/x", "k=1\nl=2; HttpOnly", NULL, NULL, "https://a.test/y", "k=1; l=2" },
    { "a later one takes its place", "https://a.test/x", "k=1", "https://a.test/y", "k=2", "https://a.test/x", "k=2" },
    { "over another host and back", "https://a.test/x", "k=1", "https://www.a.test/", "l=2", "https://a.test/x", "k=1" },
    { "host only", "https://a.test/", "k=1", NULL, NULL, "https://www.a.test/", "" },
    { "for a domain", "https://www.a.test/", "k=1; Domain=a.test", NULL, NULL, "https://b.a.test/", "k=1" },
    { "for a domain, with a dot, in capitals", "https://www.a.test/", "k=1; domain=.A.Test", NULL, NULL, "https://a.test/", "k=1" },
    { "for somebody else's domain", "https://www.a.test/", "k=1; Domain=b.test", NULL, NULL, "https://b.test/", "" },
    { "for the end of a name that is no domain above", "https://xa.test/", "k=1; Domain=a.test", NULL, NULL, "https://a.test/", "" },
    { "for a host below", "https://a.test/", "k=1; Domain=www.a.test", NULL, NULL, "https://www.a.test/", "" },
    { "for a part of an address", "https://127.0.0.1/", "k=1; Domain=0.0.1", NULL, NULL, "https://127.0.0.1/", "" },
    { "path", "https://a.test/x", "k=1; Path=/p", NULL, NULL, "https://a.test/p/q?r", "k=1" },
    { "path itself", "https://a.test/x", "k=1; Path=/p", NULL, NULL, "https://a.test/p?r", "k=1" },
    { "another path", "https://a.test/x", "k=1; Path=/p", NULL, NULL, "https://a.test/pq", "" },
    { "the path it was set at", "https://a.test/d/x", "k=1", NULL, NULL, "https://a.test/e", "" },
    { "below the path it was set at", "https://a.test/d/x", "k=1", NULL, NULL, "https://a.test/d/y/z", "k=1" },
    { "secure", "https://a.test/", "k=1; Secure", NULL, NULL, "http://a.test/", "" },
    { "secure over https", "https://a.test/", "k=1; Secure", NULL, NULL, "https://a.test/", "k=1" },
    { "taken back by age", "https://a.test/", "k=1", "https://a.test/", "k=; Max-Age=0", "https://a.test/", "" },
    { "taken back by date", "https://a.test/", "k=1", "https://a.test/", "k=; Expires=Thu, 01-Jan-1970 00:00:00 GMT", "https://a.test/", "" },
    { "age goes before date", "https://a.test/", "k=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", NULL, NULL, "https://a.test/", "k=1" },
    { "a date to come", "https://a.test/", "k=1; Expires=Fri, 01 Jan 2038 00:00:00 GMT", NULL, NULL, "https://a.test/", "k=1" },
    { "control characters", "https://a.test/", "k=a\rX: y\nl=\x7f\nm=1; Path=/\x01\nn=1", NULL, NULL, "https://a.test/", "n=1" },
    { "a value with signs", "https://a.test/", " k = a=b \t; Path=/", NULL, NULL, "https://a.test/", "k=a=b" },
    { "no name", "https://a.test/", "=1\nk\n;\n\nl=", NULL, NULL, "https://a.test/", "l=" },
};

static void take(struct cookies *c, const char *from, const char *lines)
{
    struct url u;
    assert_true(url_parse(&u, from, strlen(from), NULL, NULL, NULL));
    cookies_take(c, &u, lines, NOW_S);
    url_fini(&u);
}

static char *header_to(const struct cookies *c, const char *to)
{
    struct url u;
    assert_true(url_parse(&u, to, strlen(to), NULL, NULL, NULL));
    char *header = cookies_for(c, &u);
    url_fini(&u);
    return header;
}

static void every_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cookies c = { 0 };
        take(&c, rows[i].from, rows[i].lines);
        if (rows[i].then_from)
            take(&c, rows[i].then_from, rows[i].then_lines);
        char *got = header_to(&c, rows[i].to);
        CHECK(strcmp(got ? got : "", rows[i].want) == 0, "%s: \"%s\"", rows[i].name, got ? got : "");
        free(got);
        cookies_fini(&c);
    }
}

static void bounded(void **state)
{
    (void)state;
    struct cookies c = { 0 };
    struct buffer lines;
    buffer_init(&lines, 0);
    for (int i = 0; i < 1000; i++)
        buffer_printf(&lines, "k%d=%0500d\n", i, i);
    buffer_printf(&lines, "big=%0*d", COOKIES_MAX_BYTES, 0);
    take(&c, "https://a.test/", lines.data);
    assert_int_equal(c.count, COOKIES_MAX);
    char *header = header_to(&c, "https://a.test/");
    assert_in_range(strlen(header), 2000, COOKIES_MAX_BYTES);
    free(header);
    cookies_fini(&c);
    buffer_fini(&lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_rule), cmocka_unit_test(bounded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
