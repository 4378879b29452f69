/* url_test.c - the two forms of a URL, a table a rule. */
#include "base/url.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *name, const char *got, const char *want)
{
    if (want ? !got || strcmp(got, want) != 0 : got != NULL)
        fail_msg("%s: got %s, want %s", name, got ? got : "an error", want ? want : "an error");
}

static const struct { const char *text, *base, *want; } fetch_forms[] = {
    /* RFC 3986 6.2.2 and 6.2.3 */
    { "HTTP://www.EXAMPLE.com/", NULL, "http://www.example.com/" },
    { "http://example.com", NULL, "http://example.com/" },
    { "http://example.com:/", NULL, "http://example.com/" },
    { "http://example.com:80/", NULL, "http://example.com/" },
    { "https://example.com:443/a", NULL, "https://example.com/a" },
    { "https://example.com:80/a", NULL, "https://example.com:80/a" },
    { "http://example.com:00080/a", NULL, "http://example.com/a" },
    { "http://example.com/%7euser/%41%2d%2E%5f", NULL, "http://example.com/~user/A-._" },
    { "http://example.com/a%c3%a9%2f%3f", NULL, "http://example.com/a%C3%A9%2F%3F" },
    { "http://example.com/?q=%7e%2f%41", NULL, "http://example.com/?q=~%2FA" },
    { "http://example.com/a/./b/../b/%63/%7bfoo%7d", NULL, "http://example.com/a/b/c/%7Bfoo%7D" },
    { "http://example.com/%2e/%2E%2e/x", NULL, "http://example.com/x" },
    { "http://example.com/../../g", NULL, "http://example.com/g" },
    { "http://example.com/a/..", NULL, "http://example.com/" },
    { "http://example.com/a/b/.", NULL, "http://example.com/a/b/" },
    { "http://example.com/a//../b", NULL, "http://example.com/a/b" },
    { "http://example.com/a//b///", NULL, "http://example.com/a//b///" },
    { "http://example.com/...", NULL, "http://example.com/..." },
    { "http://example.com/Case/", NULL, "http://example.com/Case/" },
    { "http://example.com/?", NULL, "http://example.com/?" },
    { "http://example.com?q", NULL, "http://example.com/?q" },
    { "http://example.com/a?x=/../y", NULL, "http://example.com/a?x=/../y" },
    { "http://example.com/a#frag?x", NULL, "http://example.com/a" },
    { "http://example.com/a?b#c", NULL, "http://example.com/a?b" },
    /* what may not stand in a URI is encoded; stray percent signs are left */
    { "http://example.com/b\xc3\xa0i vi\xe1\xba\xbft", NULL, "http://example.com/b%C3%A0i%20vi%E1%BA%BFt" },
    { "http://example.com/a|b\"<>^`{}[]", NULL, "http://example.com/a%7Cb%22%3C%3E%5E%60%7B%7D%5B%5D" },
    { "http://example.com/?a[]=1'", NULL, "http://example.com/?a%5B%5D=1'" },
    { "http://example.com/100%", NULL, "http://example.com/100%" },
    { "http://example.com/%u0111%4", NULL, "http://example.com/%u0111%4" },
    { "http://example.com/%e%32%2g%%34%41", NULL, "http://example.com/%e%32%2g%%34A" }, /* or they would become triplets */
    { "http://example.com/a;b=c,d:e@f!$&'()*+", NULL, "http://example.com/a;b=c,d:e@f!$&'()*+" },
    /* WHATWG: what attributes and feeds contain */
    { "  \n http://example.com/a \t", NULL, "http://example.com/a" },
    { "http://exam\nple.com/a\tb", NULL, "http://example.com/ab" },
    { "http:\\\\example.com\\a\\b?c\\d", NULL, "http://example.com/a/b?c%5Cd" },
    { "http:/example.com/a", NULL, "http://example.com/a" },
    { "http:example.com/a", NULL, "http://example.com/a" },
    { "https:////example.com/a", NULL, "https://example.com/a" },
    { "//other.com/x", "https://example.com/a", "https://other.com/x" },
    { "\\\\other.com/x", "https://example.com/a", "https://other.com/x" },
    { "///other.com/x", "https://example.com/a", "https://other.com/x" },
    { "https:x", "https://example.com/a/b", "https://example.com/a/x" },
    { "https:x", "http://example.com/a/b", "https://x/" },
    { "\\x", "https://example.com/a/b", "https://example.com/x" },
    { "", "https://example.com/a?b#c", "https://example.com/a?b" },
    { "#top", "https://example.com/a?b", "https://example.com/a?b" },
    /* hosts */
    { "http://M\xc3\xbcnchen.de/", NULL, "http://xn--mnchen-3ya.de/" },
    { "http://m%C3%BCnchen.de/", NULL, "http://xn--mnchen-3ya.de/" },
    { "http://fa\xc3\x9f.de/", NULL, "http://xn--fa-hia.de/" },
    { "http://XN--Mnchen-3ya.de/", NULL, "http://xn--mnchen-3ya.de/" },
    { "http://\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x80\x82jp/", NULL, "http://xn--wgv71a119e.jp/" },
    { "http://b\xc3\xa1o.vn/", NULL, "http://xn--bo-mia.vn/" },
    { "http://\xef\xbd\x87oogle.com/", NULL, "http://google.com/" },
    { "http://\xe2\x98\x83.net/", NULL, "http://xn--n3h.net/" },          /* symbols, as browsers have them */
    { "http://\xf0\x9f\x92\xa9.la/", NULL, "http://xn--ls8h.la/" },
    { "http://I\xe2\x9d\xa4\xef\xb8\x8f.ws/", NULL, "http://xn--i-7iq.ws/" },
    { "http://a\xe2\x80\xa8" "b.com/", NULL, NULL },                      /* a line separator */
    { "http://ex%61mple.com/", NULL, "http://example.com/" },
    { "http://r3---sn-x_y.example.com/", NULL, "http://r3---sn-x_y.example.com/" },
    { "http://example.com./", NULL, "http://example.com/" },
    { "http://localhost:8080/", NULL, "http://localhost:8080/" },
    { "http://127.0.0.1/", NULL, "http://127.0.0.1/" },
    { "http://0x7f.1/", NULL, "http://127.0.0.1/" },
    { "http://0x7F000001/", NULL, "http://127.0.0.1/" },
    { "http://2130706433/", NULL, "http://127.0.0.1/" },
    { "http://017700000001/", NULL, "http://127.0.0.1/" },
    { "http://1.2.3/", NULL, "http://1.2.0.3/" },
    { "http://192.0x00A80001/", NULL, "http://192.168.0.1/" },
    { "http://1.2.3.4./", NULL, "http://1.2.3.4/" },
    { "http://\xef\xbc\x91.2.3.4/", NULL, "http://1.2.3.4/" },
    { "http://[::1]:8080/", NULL, "http://[::1]:8080/" },
    { "http://[2001:DB8:0:0:1:0:0:1]/", NULL, "http://[2001:db8::1:0:0:1]/" },
    { "http://[1:0:2:3:4:5:6:7]/", NULL, "http://[1:0:2:3:4:5:6:7]/" },
    { "http://[1:2:3:4:5:6:0:0]/", NULL, "http://[1:2:3:4:5:6::]/" },
    { "http://[0:0:0:0:0:0:0:0]/", NULL, "http://[::]/" },
    { "http://[::ffff:1.2.3.4]/", NULL, "http://[::ffff:102:304]/" },
    /* refused */
    { "", NULL, NULL },
    { "   ", NULL, NULL },
    { "/a", NULL, NULL },
    { "//example.com/", NULL, NULL },
    { "example.com/a", NULL, NULL },
    { "ftp://example.com/", NULL, NULL },
    { "javascript:alert(1)", "http://example.com/", NULL },
    { "mailto:a@example.com", "http://example.com/", NULL },
    { "data:text/html,x", "http://example.com/", NULL },
    { "file:///etc/passwd", NULL, NULL },
    { "x", "mailto:a@example.com", NULL },
    { "x", "nonsense", NULL },
    { "http://", NULL, NULL },
    { "http:///", NULL, NULL },
    { "http://?x", NULL, NULL },
    { "http://user@example.com/", NULL, NULL },
    { "http://user:secret@example.com/", NULL, NULL },
    { "http://@example.com/", NULL, NULL },
    { "http://example.com@evil.com/", NULL, NULL },
    { "http://example.com:0/", NULL, NULL },
    { "http://example.com:65536/", NULL, NULL },
    { "http://example.com:8o/", NULL, NULL },
    { "http://example.com:-1/", NULL, NULL },
    { "http://a..b/", NULL, NULL },
    { "http://.a/", NULL, NULL },
    { "http://a../", NULL, NULL },
    { "http://./", NULL, NULL },
    { "http://a b/", NULL, NULL },
    { "http://a%20b/", NULL, NULL },
    { "http://a%00b/", NULL, NULL },
    { "http://a%/", NULL, NULL },
    { "http://a%2fb/", NULL, NULL },
    { "http://a<b/", NULL, NULL },
    { "http://a,b/", NULL, NULL },
    { "http://\xff\xfe/", NULL, NULL },
    { "http://\xc2\xad/", NULL, NULL },
    { "http://1.2.3.4.5/", NULL, NULL },
    { "http://256.1.1.1/", NULL, NULL },
    { "http://1.1.1.256/", NULL, NULL },
    { "http://4294967296/", NULL, NULL },
    { "http://08.1.1.1/", NULL, NULL },
    { "http://a.1/", NULL, NULL },
    { "http://1..2/", NULL, NULL },
    { "http://[::1/", NULL, NULL },
    { "http://[]/", NULL, NULL },
    { "http://[1:2]/", NULL, NULL },
    { "http://[fe80::1%25eth0]/", NULL, NULL },
    { "http://[::1]x/", NULL, NULL },
};

static char *fetch_form(const char *text, const char *base)
{
    struct url u;
    struct error err = { 0 };
    bool ok = url_parse(&u, text, strlen(text), base, NULL, &err);
    assert_true(ok || err.message[0]);
    char *result = ok ? xstrdup(u.fetch) : NULL;
    url_fini(&u);
    return result;
}

static void test_fetch_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fetch_forms); i++) {
        char *got = fetch_form(fetch_forms[i].text, fetch_forms[i].base);
        expect(fetch_forms[i].text, got, fetch_forms[i].want);
        if (got) { /* normalising is idempotent */
            char *again = fetch_form(got, NULL);
            expect(got, again, got);
            free(again);
        }
        free(got);
    }
}

/* RFC 3986 5.4; "http:g" by its second reading, as every browser does. */
static const struct { const char *text, *want; } references[] = {
    { "g", "http://a/b/c/g" }, { "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" }, { "/g", "http://a/g" },
    { "//g", "http://g" }, { "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" }, { "#s", "http://a/b/c/d;p?q#s" },
    { "g#s", "http://a/b/c/g#s" }, { "g?y#s", "http://a/b/c/g?y#s" }, { ";x", "http://a/b/c/;x" }, { "g;x", "http://a/b/c/g;x" },
    { "g;x?y#s", "http://a/b/c/g;x?y#s" }, { "", "http://a/b/c/d;p?q" }, { ".", "http://a/b/c/" }, { "./", "http://a/b/c/" },
    { "..", "http://a/b/" }, { "../", "http://a/b/" }, { "../g", "http://a/b/g" }, { "../..", "http://a/" },
    { "../../", "http://a/" }, { "../../g", "http://a/g" }, { "../../../g", "http://a/g" }, { "../../../../g", "http://a/g" },
    { "/./g", "http://a/g" }, { "/../g", "http://a/g" }, { "g.", "http://a/b/c/g." }, { ".g", "http://a/b/c/.g" },
    { "g..", "http://a/b/c/g.." }, { "..g", "http://a/b/c/..g" }, { "./../g", "http://a/b/g" }, { "./g/.", "http://a/b/c/g/" },
    { "g/./h", "http://a/b/c/g/h" }, { "g/../h", "http://a/b/c/h" }, { "g;x=1/./y", "http://a/b/c/g;x=1/y" },
    { "g;x=1/../y", "http://a/b/c/y" }, { "g?y/./x", "http://a/b/c/g?y/./x" }, { "g?y/../x", "http://a/b/c/g?y/../x" },
    { "g#s/./x", "http://a/b/c/g#s/./x" }, { "g#s/../x", "http://a/b/c/g#s/../x" },
    /* as published: nothing else is touched */
    { "http://H/%7e/../A?b=%zz#c", "http://H/%7e/../A?b=%zz#c" }, { "mailto:x@y", "mailto:x@y" },
    { " %7e \n", "http://a/b/c/%7e" }, { "b\xc3\xa0i", "http://a/b/c/b\xc3\xa0i" },
};

static void test_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(references); i++) {
        char *got = url_absolute(references[i].text, strlen(references[i].text), "http://a/b/c/d;p?q");
        expect(references[i].text, got, references[i].want);
        free(got);
    }
    assert_null(url_absolute("a", 1, NULL));
    assert_null(url_absolute("a", 1, "mailto:x@y"));
}

static const struct { const char *a, *b; bool same; } keys[] = {
    { "http://example.com/a", "https://example.com/a", true },
    { "http://example.com:80/a", "https://example.com:443/a", true },
    { "http://example.com:8080/a", "https://example.com:8080/a", true },
    { "http://example.com:443/a", "https://example.com/a", false },
    { "https://example.com:80/a", "http://example.com/a", false },
    { "http://example.com/a?utm_source=x&utm_medium=y", "http://example.com/a", true },
    { "http://example.com/a?id=1&fbclid=zz", "http://example.com/a?id=1", true },
    { "http://example.com/a?gclid=1&id=1&mc_cid=2&_ga=3&xtor=RSS-1", "http://example.com/a?id=1", true },
    { "http://example.com/a?UTM_Source=x", "http://example.com/a", true },
    { "http://example.com/a?utm%5Fsource=x", "http://example.com/a", true },
    { "http://example.com/a?utm_source", "http://example.com/a", true },
    { "http://example.com/a?b=2&a=1", "http://example.com/a?a=1&b=2", true },
    { "http://example.com/a?a=1&b=2&a=0", "http://example.com/a?b=2&a=1&a=0", true },
    { "http://example.com/a?a=1&a=0", "http://example.com/a?a=0&a=1", false },
    { "http://example.com/a?a=1&", "http://example.com/a?&a=1", true },
    { "http://example.com/a?a", "http://example.com/a?a=", false },
    { "http://example.com/a?", "http://example.com/a", false }, /* RFC 3986 6.2.3 */
    { "http://example.com/a/", "http://example.com/a", false },
    { "http://example.com/a", "http://example.com/A", false },
    { "http://www.example.com/a", "http://example.com/a", false },
    { "http://example.com/a#b", "http://example.com/a", true },
    { "http://example.com/a?ref=x", "http://example.com/a", false },
    { "http://example.com/a?source=x", "http://example.com/a", false },
    { "http://example.com/a?session=x", "http://example.com/a", false },
    { "http://example.com/a?utm=x", "http://example.com/a", false },
    { "http://example.com/index.html", "http://example.com/", false },
    { "http://example.com/a;jsessionid=1", "http://example.com/a", false },
    { "http://example.com/a%2Fb", "http://example.com/a/b", false },
    { "http://example.com/?q=a+b", "http://example.com/?q=a%20b", false },
    { "http://M\xc3\x9cnchen.de/", "https://xn--mnchen-3ya.de", true },
};

static void test_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct url a, b;
        assert_true(url_parse(&a, keys[i].a, strlen(keys[i].a), NULL, NULL, NULL));
        assert_true(url_parse(&b, keys[i].b, strlen(keys[i].b), NULL, NULL, NULL));
        if ((strcmp(a.key, b.key) == 0) != keys[i].same || (strcmp(a.id.hex, b.id.hex) == 0) != keys[i].same)
            fail_msg("%s and %s: keys %s and %s", keys[i].a, keys[i].b, a.key, b.key);
        url_fini(&a);
        url_fini(&b);
    }
}

static void test_rules(void **state)
{
    (void)state;
    static const char *const keep[] = { "utm_id", NULL }, *const drop[] = { "ref", "utm_id", NULL };
    const struct url_rules rules = { keep, drop };
    const char *text = "https://example.com/a?z=1&ref=x&utm_id=7&utm_source=y";
    struct url u;
    assert_true(url_parse(&u, text, strlen(text), NULL, &rules, NULL));
    assert_string_equal(u.fetch, text);
    assert_string_equal(u.key, "https://example.com/a?utm_id=7&z=1");
    assert_string_equal(u.host, "example.com");
    assert_int_equal(u.port, 443);
    assert_true(u.https);
    url_fini(&u);
}

/* The key form is frozen: these ids may never change while it is called k1. */
static const struct { const char *text, *key; } frozen[] = {
    { "http://Example.com:80/a/../b?z=1&utm_source=x&a=%7e#f", "https://example.com/b?a=~&z=1" },
    { "http://[::1]:8080/?b&a&", "https://[::1]:8080/?a&b" },
};

static void test_frozen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(frozen); i++) {
        struct url u;
        assert_true(url_parse(&u, frozen[i].text, strlen(frozen[i].text), NULL, NULL, NULL));
        assert_string_equal(u.key, frozen[i].key);
        assert_string_equal(u.id.hex, id_of(frozen[i].key, strlen(frozen[i].key)).hex);
        url_fini(&u);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct error err;
    struct url u;
    size_t len = 200 * 1024;
    char *text = xmalloc(len + 1);
    memset(text, 'a', len);
    memcpy(text, "http://h/", 9);
    assert_true(url_parse(&u, text, URL_MAX_BYTES, NULL, NULL, &err));
    url_fini(&u);
    assert_false(url_parse(&u, text, URL_MAX_BYTES + 1, NULL, NULL, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_false(url_parse(&u, text, len, NULL, NULL, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    for (size_t i = 9; i + 3 <= len; i += 3)
        memcpy(text + i, "../", 3);
    assert_true(url_parse(&u, text, 60 * 1024 / 3 * 3, NULL, NULL, &err)); /* long to read, short when normal */
    url_fini(&u);
    free(text);
}

static const struct { const char *text, *want; } typed[] = {
    { "example.com", "https://example.com" }, { " example.com/a?u=http://b/", "https://example.com/a?u=http://b/" },
    { "http://example.com", "http://example.com" }, { "localhost:8080", "https://localhost:8080" },
    { "//example.com", "https://example.com" },
};

static const struct { const char *url, *want; } traps[] = {
    { "http://a/", NULL }, { "http://a/11/11/11/11/some-title", "repeats" }, { "http://a/2011/11/11/11/some-title", NULL },
    { "http://a/x/y/x/y/x/y", "repeats" }, { "http://a/x/y/x/y/", NULL }, { "http://a/b//c//d//", NULL },
    { "http://a/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", NULL }, { "http://a/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "depth" },
    { "http://a/?1&2&3&4&5&6&7&8&9&1&2&3&4&5&6&7&8&9&1&2&3&4&5&6&7", "parameters" }, { "http://a/?x=a/a/a/a/a/a", NULL },
};

static void test_helpers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(typed); i++) {
        char *got = url_typed(typed[i].text);
        expect(typed[i].text, got, typed[i].want);
        free(got);
    }
    for (size_t i = 0; i < COUNT(traps); i++)
        expect(traps[i].url, url_trap(traps[i].url), traps[i].want);
    assert_string_equal(url_path("http://a/b?c"), "/b?c");
    assert_string_equal(url_path("http://a"), "/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetch_forms), cmocka_unit_test(test_references), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_rules),       cmocka_unit_test(test_frozen),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
