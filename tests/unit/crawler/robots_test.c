/* robots_test.c - RFC 9309, a row a rule. */
#include "crawler/robots.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct { const char *name, *file, *agent, *target; bool allowed; unsigned line; } rules[] = {
    { "empty file", "", "tidings", "/a", true, 0 },
    { "plain disallow", "User-agent: *\nDisallow: /p/\n", "tidings", "/p/x", false, 2 },
    { "other path", "User-agent: *\nDisallow: /p/\n", "tidings", "/q", true, 0 },
    { "whole url", "User-agent: *\nDisallow: /p/\n", "tidings", "https://a.example/p/x?y=1", false, 2 },
    { "url without a path", "User-agent: *\nDisallow: /\n", "tidings", "https://a.example", false, 2 },
    { "2.2.1 our group replaces *", "User-agent: *\nDisallow: /\n\nUser-agent: tidings\nDisallow: /x\n", "tidings", "/a", true, 0 },
    { "2.2.1 groups are merged", "User-agent: tidings\nDisallow: /a\n\nUser-agent: b\nDisallow: /c\n\nUser-agent: Tidings\nDisallow: /d\n", "tidings", "/d", false, 8 },
    { "2.2.1 * groups are merged", "User-agent: *\nDisallow: /a\nUser-agent: x\nDisallow: /\nUser-agent: *\nDisallow: /b\n", "tidings", "/b", false, 6 },
    { "2.2.1 case of the token", "User-agent: TIDINGS\nDisallow: /\n", "tidings/1.0", "/a", false, 2 },
    { "2.2.1 version behind the token", "User-agent: tidings/2.0 (x)\nDisallow: /\n", "tidings", "/a", false, 2 },
    { "2.2.1 a longer token is another", "User-agent: tidings-news\nDisallow: /\n", "tidings", "/a", true, 0 },
    { "several agents share a group", "User-agent: a\nUser-agent: tidings\nDisallow: /p\n", "tidings", "/p", false, 3 },
    { "2.2.2 longest wins", "User-agent: *\nDisallow: /a\nAllow: /a/b\n", "tidings", "/a/b/c", true, 3 },
    { "2.2.2 longest wins, other order", "User-agent: *\nAllow: /a/b\nDisallow: /a\n", "tidings", "/a/c", false, 3 },
    { "2.2.2 allow wins ties", "User-agent: *\nDisallow: /a\nAllow: /a\n", "tidings", "/a", true, 3 },
    { "2.2.2 encoded in the rule", "User-agent: *\nDisallow: /%66oo\n", "tidings", "/foo", false, 2 },
    { "2.2.2 octets in the rule", "User-agent: *\nDisallow: /\xe3\x83\x84\n", "tidings", "/%E3%83%84", false, 2 },
    { "2.2.2 %2F stays encoded", "User-agent: *\nDisallow: /a%2fb\n", "tidings", "/a/b", true, 0 },
    { "2.2.3 *", "User-agent: *\nDisallow: /*.php\n", "tidings", "/a/b.php?x", false, 2 },
    { "2.2.3 $", "User-agent: *\nDisallow: /*.php$\n", "tidings", "/a.php?x", true, 0 },
    { "2.2.3 $ at the end", "User-agent: *\nDisallow: /*.php$\n", "tidings", "/a.php", false, 2 },
    { "2.2.4 other records do not end a group", "User-agent: *\nSitemap: http://a/s\nHost: a\nDisallow: /p\n", "tidings", "/p", false, 4 },
    { "robots.txt itself", "User-agent: *\nDisallow: /\n", "tidings", "/robots.txt", true, 0 },
    { "empty disallow", "User-agent: *\nDisallow:\n", "tidings", "/a", true, 0 },
    { "byte order mark, CR", "\xef\xbb\xbfUser-agent: *\rDisallow: /p\r", "tidings", "/p", false, 2 },
    { "CRLF counts once", "User-agent: *\r\n\r\nDisallow: /p\r\n", "tidings", "/p", false, 3 },
    { "comment", "User-agent: * # all\nDisallow: /p # that\n", "tidings", "/p", false, 2 },
    { "misspelt", "Useragent: *\nDissallow: /p\n", "tidings", "/p", false, 2 },
    { "2.2.2 a path begins with a slash", "User-agent: *\nDisallow: p/\nDisallow: $\n", "tidings", "/p/1", true, 0 },
    { "2.2.2 encoded unreserved", "User-agent: *\nDisallow: /foo/bar/%62%61%7A\n", "tidings", "/foo/bar/baz", false, 2 },
    { "2.2.2 reserved in a query", "User-agent: *\nDisallow: /foo/bar?baz=https://foo.bar\n", "tidings", "/foo/bar?baz=https%3A%2F%2Ffoo.bar", false, 2 },
    { "2.2.2 the other way round", "User-agent: *\nDisallow: /foo/bar?baz=https%3a%2f%2Ffoo.bar\n", "tidings", "/foo/bar?baz=https://foo.bar", false, 2 },
    { "2.2.2 case of the path", "User-agent: *\nDisallow: /Foo\n", "tidings", "/foo", true, 0 },
    { "2.2.2 what a URI may not hold", "User-agent: *\nDisallow: /a|b[c] \"d\"\n", "tidings", "/a%7Cb%5Bc%5D%20%22d%22", false, 2 },
    { "2.2.3 encoded star", "User-agent: *\nDisallow: /file-with-a-%2A.html\n", "tidings", "/file-with-a-*.html", false, 2 },
    { "2.2.3 encoded star is no wildcard", "User-agent: *\nDisallow: /file-with-a-%2A.html\n", "tidings", "/file-with-a-x.html", true, 0 },
    { "2.2.3 encoded dollar", "User-agent: *\nDisallow: /foo-%24\n", "tidings", "/foo-$x", false, 2 },
    { "2.2.3 dollar in the middle", "User-agent: *\nDisallow: /a$b\n", "tidings", "/a$b", false, 2 },
    { "2.2.3 star before $", "User-agent: *\nDisallow: /a*$\n", "tidings", "/abc", false, 2 },
    { "2.2.3 star matches nothing, too", "User-agent: *\nDisallow: /a*b\n", "tidings", "/ab", false, 2 },
    { "2.2.3 two stars, last part at the end", "User-agent: *\nDisallow: /*x*x$\n", "tidings", "/axbx", false, 2 },
    { "2.2.3 two stars need two", "User-agent: *\nDisallow: /*x*x$\n", "tidings", "/ax", true, 0 },
    { "5.1 *.gif$", "User-agent: *\nDisallow: *.gif$\n", "tidings", "/a/b.gif", false, 2 },
    { "5.2 longest match", "User-agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif\n", "foobot", "/example/page/disallow.gif", true, 2 },
    { "2.2.4 crawl-delay does not end a group", "User-agent: a\nCrawl-delay: 5\nUser-agent: tidings\nDisallow: /p\n", "a", "/p", false, 4 },
    { "2.2.1 empty group is still ours", "User-agent: *\nDisallow: /\n\nUser-agent: tidings\n", "tidings", "/a", true, 0 },
    { "2.2.1 digits in a token", "User-agent: MJ12bot\nDisallow: /\n", "MJ13bot", "/a", true, 0 },
    { "2.2.1 agent with a comment", "User-agent: * foo\nDisallow: /\n", "tidings", "/a", false, 2 },
    { "colon missing", "User-agent *\nDisallow\t/p\n", "tidings", "/p", false, 2 },
    { "utf-16 mark before plain bytes", "\xff\xfeUser-agent: *\nDisallow: /p\n", "tidings", "/p", false, 2 },
    { "rule before any agent", "Disallow: /\nUser-agent: *\nDisallow: /p\n", "tidings", "/a", true, 0 },
    { "html page", "<!DOCTYPE html><html><body>Not: found</body></html>", "tidings", "/a", true, 0 },
    { "no newline at the end", "User-agent: *\nDisallow: /p", "tidings", "/p", false, 2 },
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct robots *r = robots_parse(rules[i].file, strlen(rules[i].file));
        struct robots_verdict v = robots_check(r, rules[i].agent, rules[i].target);
        if (v.allowed != rules[i].allowed || v.line != rules[i].line)
            fail_msg("%s: allowed %d line %u, want %d line %u", rules[i].name, v.allowed, v.line, rules[i].allowed, rules[i].line);
        robots_destroy(r);
    }
}

/* What Google's own tests ask (its published parser and documentation), as far as the RFC says nothing else. */
#define GROUPS "allow: /foo/bar/\n\nuser-agent: FooBot\ndisallow: /\nallow: /x/\nuser-agent: BarBot\ndisallow: /\nallow: /y/\n\n\nallow: /w/\n" \
               "user-agent: BazBot\n\nuser-agent: FooBot\nallow: /z/\ndisallow: /\n"
#define FISH(rule) "user-agent: FooBot\ndisallow: /\nallow: " rule "\n"
static const struct { const char *file, *agent, *target; bool allowed; } google[] = {
    { "", "", "/", true },
    { "user-agent: FooBot\ndisallow: /\n", "", "/", true },
    { "user-agent: FooBot\ndisallow: /\n", "FooBot", "/x/y", false },
    { "foo: FooBot\nbar: /\n", "FooBot", "/x/y", true },
    { "user-agent FooBot\ndisallow /\n", "FooBot", "/x/y", false },
    { "user-agent: FooBot\ndisallow /x y\n", "FooBot", "/x", true }, /* three words and no colon */
    { GROUPS, "FooBot", "/x/b", true },  { GROUPS, "FooBot", "/z/d", true },  { GROUPS, "FooBot", "/y/c", false },
    { GROUPS, "BarBot", "/y/c", true },  { GROUPS, "BarBot", "/w/a", true },  { GROUPS, "BarBot", "/z/d", false },
    { GROUPS, "BazBot", "/z/d", true },  { GROUPS, "FooBot", "/foo/bar/", false }, { GROUPS, "BarBot", "/foo/bar/", false },
    { GROUPS, "BazBot", "/foo/bar/", false },
    { "User-agent: BarBot\nSitemap: https://foo.bar/sitemap\nUser-agent: *\nDisallow: /\n", "FooBot", "/", false },
    { "User-agent: BarBot\nSitemap: https://foo.bar/sitemap\nUser-agent: *\nDisallow: /\n", "BarBot", "/", false },
    { "User-agent: FooBot\nInvalid-Unknown-Line: unknown\nUser-agent: *\nDisallow: /\n", "FooBot", "/", false },
    { "User-agent: FooBot\nInvalid-Unknown-Line: unknown\nUser-agent: *\nDisallow: /\n", "BarBot", "/", false },
    { "USER-AGENT: FooBot\nALLOW: /x/\nDISALLOW: /\n", "FooBot", "/x/y", true },
    { "uSeR-aGeNt: FooBot\naLlOw: /x/\ndIsAlLoW: /\n", "FooBot", "/a/b", false },
    { "USER-AGENT: FOO BAR\nALLOW: /x/\nDISALLOW: /\n", "Foo", "/x/y", true },
    { "user-agent: FoO bAr\nallow: /x/\ndisallow: /\n", "foo", "/a/b", false },
    { "User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n", "Foo", "/x/y", true },
    { "User-Agent: *\nDisallow: /\nUser-Agent: Foo Bar\nAllow: /x/\nDisallow: /\n", "Foo Bar", "/x/y", false },
    { "user-agent: *\nallow: /\nuser-agent: FooBot\ndisallow: /\n", "FooBot", "/x/y", false },
    { "user-agent: *\nallow: /\nuser-agent: FooBot\ndisallow: /\n", "BarBot", "/x/y", true },
    { "user-agent: *\ndisallow: /\nuser-agent: FooBot\nallow: /\n", "BarBot", "/x/y", false },
    { "user-agent: FooBot\nallow: /\nuser-agent: BarBot\ndisallow: /\nuser-agent: BazBot\ndisallow: /\n", "QuxBot", "/x/y", true },
    { "user-agent: FooBot\ndisallow: /X/\n", "FooBot", "/x/y", true },
    { "user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/\n", "FooBot", "/x/page.html", false },
    { "user-agent: FooBot\nallow: /x/page.html\ndisallow: /x/\n", "FooBot", "/x/page.html", true },
    { "user-agent: FooBot\nallow: /x/page.html\ndisallow: /x/\n", "FooBot", "/x/", false },
    { "user-agent: FooBot\ndisallow: \nallow: \n", "FooBot", "/x/page.html", true },
    { "user-agent: FooBot\ndisallow: /\nallow: /\n", "FooBot", "/x/page.html", true },
    { "user-agent: FooBot\ndisallow: /x\nallow: /x/\n", "FooBot", "/x", false },
    { "user-agent: FooBot\ndisallow: /x\nallow: /x/\n", "FooBot", "/x/", true },
    { "user-agent: FooBot\ndisallow: /x/page.html\nallow: /x/page.html\n", "FooBot", "/x/page.html", true },
    { "user-agent: FooBot\nallow: /page\ndisallow: /*.html\n", "FooBot", "/page.html", false },
    { "user-agent: FooBot\nallow: /page\ndisallow: /*.html\n", "FooBot", "/page", true },
    { "user-agent: FooBot\nallow: /x/page.\ndisallow: /*.html\n", "FooBot", "/x/page.html", true },
    { "user-agent: FooBot\nallow: /x/page.\ndisallow: /*.html\n", "FooBot", "/x/y.html", false },
    { "User-agent: *\nDisallow: /x/\nUser-agent: FooBot\nDisallow: /y/\n", "FooBot", "/x/page", true },
    { "User-agent: *\nDisallow: /x/\nUser-agent: FooBot\nDisallow: /y/\n", "FooBot", "/y/page", false },
    { FISH("/foo/bar?qux=taz&baz=http://foo.bar?tar&par"), "FooBot", "/foo/bar?qux=taz&baz=http://foo.bar?tar&par", true },
    { FISH("/foo/bar/\xe3\x83\x84"), "FooBot", "/foo/bar/%E3%83%84", true },
    { FISH("/foo/bar/%E3%83%84"), "FooBot", "/foo/bar/%e3%83%84", true },
    { FISH("/foo/bar/%62%61%7A"), "FooBot", "/foo/bar/%62%61%7A", true },
    { "User-agent: FooBot\nDisallow: /foo/bar/quz\nAllow: /foo/*/qux\n", "FooBot", "/foo/bar/quz", false },
    { "User-agent: FooBot\nDisallow: /foo/bar/quz\nAllow: /foo/*/qux\n", "FooBot", "/foo//quz", true },
    { "User-agent: FooBot\nDisallow: /foo/bar$\nAllow: /foo/bar/qux\n", "FooBot", "/foo/bar", false },
    { "User-agent: FooBot\nDisallow: /foo/bar$\nAllow: /foo/bar/qux\n", "FooBot", "/foo/bar/", true },
    { "User-agent: FooBot\n# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /\n", "FooBot", "/foo/bar", true },
    { "User-agent: FooBot\n# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /\n", "FooBot", "/foo/quz", false },
    { "User-Agent: *\nAllow: /dir/index.html\nDisallow: /\n", "foobot", "/dir/", true },
    { "User-Agent: *\nAllow: /dir/index.html\nDisallow: /\n", "foobot", "/dir/index.html", true },
    { "User-Agent: *\nAllow: /dir/index.html\nDisallow: /\n", "foobot", "/dir/index.htm", false },
    { "User-Agent: *\nAllow: /dir/index.html\nDisallow: /\n", "foobot", "/other", false },
    { FISH("/fish"), "FooBot", "/bar", false },         { FISH("/fish"), "FooBot", "/fish", true },
    { FISH("/fish"), "FooBot", "/fishheads/yummy.html", true }, { FISH("/fish"), "FooBot", "/fish.html?id=anything", true },
    { FISH("/fish"), "FooBot", "/Fish.asp", false },    { FISH("/fish"), "FooBot", "/catfish", false },
    { FISH("/fish"), "FooBot", "/?id=fish", false },    { FISH("/fish*"), "FooBot", "/fishheads", true },
    { FISH("/fish*"), "FooBot", "/Fish.asp", false },   { FISH("/fish/"), "FooBot", "/fish/?salmon", true },
    { FISH("/fish/"), "FooBot", "/fish", false },       { FISH("/fish/"), "FooBot", "/fish.html", false },
    { FISH("/*.php"), "FooBot", "/filename.php", true },{ FISH("/*.php"), "FooBot", "/folder/any.php.file.html", true },
    { FISH("/*.php"), "FooBot", "/filename.php/", true },{ FISH("/*.php"), "FooBot", "/index?f=filename.php/", true },
    { FISH("/*.php"), "FooBot", "/php/", false },       { FISH("/*.php"), "FooBot", "/windows.PHP", false },
    { FISH("/*.php$"), "FooBot", "/folder/filename.php", true }, { FISH("/*.php$"), "FooBot", "/filename.php?parameters", false },
    { FISH("/*.php$"), "FooBot", "/filename.php/", false }, { FISH("/*.php$"), "FooBot", "/filename.php5", false },
    { FISH("/fish*.php"), "FooBot", "/fishheads/catfish.php?parameters", true }, { FISH("/fish*.php"), "FooBot", "/Fish.PHP", false },
    { "user-agent: FooBot\nallow: /p\ndisallow: /\n", "FooBot", "/page", true },
    { "user-agent: FooBot\nallow: /folder\ndisallow: /folder\n", "FooBot", "/folder/page", true },
    { "user-agent: FooBot\nallow: /page\ndisallow: /*.htm\n", "FooBot", "/page.htm", false },
    { "user-agent: FooBot\nallow: /$\ndisallow: /\n", "FooBot", "https://example.com/", true },
    { "user-agent: FooBot\nallow: /$\ndisallow: /\n", "FooBot", "https://example.com/page.html", false },
    { "\xef\xbb\xbfUser-Agent: foo\nDisallow: /\n", "foo", "/", false },
    { "\xef\xbbUser-Agent: foo\nDisallow: /\n", "foo", "/", false },
    { "\xefUser-Agent: foo\nDisallow: /\n", "foo", "/", false },
    { "\xef\x11\xbfUser-Agent: foo\nDisallow: /\n", "foo", "/", true },
    { "User-Agent: foo\n\xef\xbb\xbf" "Disallow: /\n", "foo", "/", true },
};

static void test_google(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(google); i++) {
        struct robots *r = robots_parse(google[i].file, strlen(google[i].file));
        if (robots_check(r, google[i].agent, google[i].target).allowed != google[i].allowed)
            fail_msg("row %zu: %s for %s, want allowed %d of\n%s", i, google[i].target, google[i].agent, google[i].allowed, google[i].file);
        robots_destroy(r);
    }
}

/* The rule is what fits into the longest line that is read. */
static void test_long_line(void **state)
{
    (void)state;
    size_t len = 2083 * 8;
    char *file = xcalloc(1, len + 100), *path = xcalloc(1, len + 100);
    strcpy(file, "user-agent: FooBot\ndisallow: /x/");
    size_t head = strlen(file) - strlen("user-agent: FooBot\n");
    memset(file + strlen(file), 'a', len - head);
    strcpy(path, "/x/");
    memset(path + 3, 'a', len - head);
    strcat(file, "/qux\n");
    strcat(path, "/fux");
    struct robots *r = robots_parse(file, strlen(file));
    assert_false(robots_check(r, "FooBot", path).allowed);
    assert_true(robots_check(r, "FooBot", "/fux").allowed);
    robots_destroy(r);
    free(file);
    free(path);
}

static const struct { const char *name, *file, *agent; double want_s; } delays[] = {
    { "of the group", "User-agent: *\nCrawl-delay: 10\n", "tidings", 10 },
    { "behind the rules", "User-agent: *\nDisallow: /a\nCrawl-delay: 1.5\n", "tidings", 1.5 },
    { "of another agent", "User-agent: b\nCrawl-delay: 10\n\nUser-agent: *\nDisallow: /x\n", "tidings", -1 },
    { "agents without a rule between", "User-agent: b\nCrawl-delay: 10\nUser-agent: *\nCrawl-delay: 3\n", "tidings", 3 },
    { "shared", "User-agent: b\nUser-agent: tidings\nCrawl-delay: 7\nDisallow:\n", "tidings", 7 },
    { "ours has none", "User-agent: *\nCrawl-delay: 7\n\nUser-agent: tidings\nDisallow:\n", "tidings", -1 },
    { "comma", "User-agent: *\nCrawl-delay: 0,5\n", "tidings", 0.5 },
    { "with a unit", "User-agent: *\nCrawl-delay: 20 seconds\n", "tidings", 20 },
    { "no number", "User-agent: *\nCrawl-delay: soon\n", "tidings", -1 },
    { "negative", "User-agent: *\nCrawl-delay: -5\n", "tidings", -1 },
    { "before any group", "Crawl-delay: 5\nUser-agent: *\nDisallow: /a\n", "tidings", -1 },
};

static void test_delays(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(delays); i++) {
        struct robots *r = robots_parse(delays[i].file, strlen(delays[i].file));
        double got_s = robots_check(r, delays[i].agent, "/").crawl_delay_s;
        if (got_s != delays[i].want_s)
            fail_msg("%s: %g, want %g", delays[i].name, got_s, delays[i].want_s);
        robots_destroy(r);
    }
}

static void test_utf16(void **state)
{
    (void)state;
    const char *text = "User-agent: *\nDisallow: /p\n";
    char file[200] = "\xff\xfe";
    size_t len = 2;
    for (const char *p = text; *p; p++, len += 2)
        file[len] = *p;
    struct robots *r = robots_parse(file, len);
    assert_false(robots_check(r, "tidings", "/p").allowed);
    robots_destroy(r);
}

static void test_delay_and_sitemaps(void **state)
{
    (void)state;
    const char *file = "Sitemap: https://a.example/1.xml\nUser-agent: *\nCrawl-delay: 2.5\nDisallow: /p\nSITEMAP:https://a.example/2.xml\n";
    struct robots *r = robots_parse(file, strlen(file));
    const char *const *urls;
    assert_int_equal(robots_sitemaps(r, &urls), 2);
    assert_string_equal(urls[1], "https://a.example/2.xml");
    struct robots_verdict v = robots_check(r, "tidings", "/p");
    assert_true(v.crawl_delay_s == 2.5);
    assert_string_equal(v.rule, "Disallow: /p");
    robots_destroy(r);
}

/* A pattern of many stars against a long path must stay cheap: this ends at once or not within the test's limit. */
static void test_many_wildcards(void **state)
{
    (void)state;
    char file[4096] = "User-agent: *\nDisallow: /", *path = xmalloc(100002);
    for (int i = 0; i < 1000; i++)
        strcat(file, "*a");
    strcat(file, "b\n");
    memset(path, 'a', 100001);
    path[0] = '/';
    path[100001] = '\0';
    struct robots *r = robots_parse(file, strlen(file));
    assert_true(robots_check(r, "tidings", path).allowed);
    robots_destroy(r);
    free(path);
}

static void test_beyond_the_limit(void **state)
{
    (void)state;
    size_t len = ROBOTS_MAX_BYTES + 100;
    char *file = xmalloc(len);
    memset(file, '#', len);
    memcpy(file, "User-agent: *\nDisallow: /p\n", 27);
    memcpy(file + ROBOTS_MAX_BYTES + 10, "\nDisallow: /q\n", 14);
    struct robots *r = robots_parse(file, len);
    assert_false(robots_check(r, "tidings", "/p").allowed);
    assert_true(robots_check(r, "tidings", "/q").allowed);
    robots_destroy(r);
    free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules), cmocka_unit_test(test_google), cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_delay_and_sitemaps), cmocka_unit_test(test_many_wildcards),
        cmocka_unit_test(test_beyond_the_limit), cmocka_unit_test(test_delays), cmocka_unit_test(test_utf16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
