/* wall_test.c - walls are named, pages are not. */
#include "crawler/wall.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static void table(void **state)
{
    (void)state;
    static const struct { int status; const char *text, *want; } rows[] = {
        { 403, "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>", "Cloudflare check" },
        { 200, "<html><script src='https://ct.captcha-delivery.com/c.js'></script></html>", "DataDome check" },
        { 403, "<H1>Access Denied</H1>You don't have permission to access \"http://x/\" on this server. https://errors.edgesuite.net/18", "Akamai block" },
        { 200, "<html><body><script>document.cookie=\"D1N=1\"+\"; path=/\";window.location.reload(true);</script></body></html>", "cookie check by script" },
        { 503, "<p>Please enable JavaScript and cookies to continue</p>", "script check" },
        { 200, "<p>The minister asked them to verify you are human before g-recaptcha.</p>", NULL },
        { 200, "<script src=/cdn-cgi/challenge-platform/scripts/jsd/main.js></script><p>News</p>", NULL },
        { 404, "<script>window._cf_chl_opt={}</script>", NULL },
        { 503, "<h1>Maintenance</h1>", NULL },
        { 200, "", NULL },
        { 200, "<html><head><META NAME=ROBOTS CONTENT=NOINDEX></head><iframe src='/_Incapsula_Resource?SWUDNSAI=31'>Request unsuccessful</iframe></html>", "Imperva check" },
        { 401, "<script src=https://ct.captcha-delivery.com/c.js></script>", "DataDome check" },
        { 500, "<script>window._cf_chl_opt={}</script>", NULL },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = wall_of(rows[i].status, rows[i].text, strlen(rows[i].text));
        CHECK((!got && !rows[i].want) || (got && rows[i].want && strcmp(got, rows[i].want) == 0), "%s: %s", rows[i].text, got ? got : "none");
    }
}

/* An ordinary page behind such a product carries its script, too; and a page may be about walls. */
static void a_page_with_text_is_none(void **state)
{
    (void)state;
    static char page[WALL_READ_MAX + 100];
    size_t len = (size_t)sprintf(page, "<style>p{}</style><!-- x --><script src='/_Incapsula_Resource?x'>var long_script = 1;</script><article>");
    for (int i = 0; i < 30; i++)
        len += (size_t)sprintf(page + len, "<p>Sentence %d of an article about something that happened; there are many of them.</p>\n", i);
    assert_null(wall_of(200, page, len));
    assert_string_equal(wall_of(403, page, len), "Imperva check"); /* refused is refused */
    assert_string_equal(wall_of(200, page, strchr(page, 'S') - page), "Imperva check");
    memset(page + len, ' ', sizeof(page) - len);
    memcpy(page, "<script>_cf_chl_opt", 19);
    assert_null(wall_of(200, page, sizeof(page))); /* too large for a wall */
}

static void suspicion(void **state)
{
    (void)state;
    static const struct { int status; bool coded; size_t sent; bool want; } rows[] = {
        { 200, true, 4000, true }, { 200, true, 5000, false }, { 200, false, 16000, true }, { 200, false, 17000, false }, { 200, false, 100000, false }, { 200, false, 0, false },
        { 403, true, 200000, true }, { 503, false, 10, true }, { 403, false, 0, false }, { 404, false, 10, false }, { 304, false, 0, false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(wall_suspected(rows[i].status, rows[i].coded, rows[i].sent) == rows[i].want, "row %zu", i);
    assert_string_equal(wall_by_header("challenge"), "Cloudflare check");
    assert_null(wall_by_header(NULL));
    assert_null(wall_by_header("none"));
}

static void gates(void **state)
{
    (void)state;
    static const struct { const char *asked, *end; bool want; } rows[] = {
        { "https://a.com/news/story-1.html", "https://a.com/login", true },
        { "https://a.com/news/story-1.html", "https://a.com/user/sign-in.php?x=1", true },
        { "https://a.com/news/story-1.html", "https://login.a.com/", true },
        { "https://a.com/news/story-1.html", "https://consent.b.com/v2/collectConsent?sessionId=3", true },
        { "https://a.com/news/story-1.html", "https://a.com/zeitung/angebot?url=https%3A%2F%2Fa.com%2Fnews%2Fstory-1.html", true },
        { "https://a.com/t\u00fcr/gr%C3%BC%C3%9Fe", "https://a.com/x?to=/t\u00fcr/gr%C3%BC%C3%9Fe", true },
        { "https://a.com/news/story-1.html", "https://a.com/news/story-1.html?from=/news/story-1.html", false },
        { "https://a.com/news/story-1.html", "https://a.com/article.php?id=1", false },
        { "https://a.com/news/login-found-guilty", "https://a.com/2025/login-found-guilty", false },
        { "https://a.com/login/tips", "https://www.a.com/login/tips-and-more", false },
        { "https://a.com/1", "https://a.com/go?x=/1", false },
        { "https://a.com/2025/story", "https://a.com/news/challenge/story.html", false },
        { "https://a.com/2025/story", "https://a.com/auth/login/?next=1", true },
        { "https://a.com/2025/story", "https://a.com", false },
        { "https://loginnews.com/a", "https://www.loginnews.com/a", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(wall_is_gate(rows[i].asked, rows[i].end) == rows[i].want, "%s -> %s", rows[i].asked, rows[i].end);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(table), cmocka_unit_test(a_page_with_text_is_none), cmocka_unit_test(suspicion),
                                        cmocka_unit_test(gates) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
