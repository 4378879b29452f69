/* wall_test.c - walls are named, pages are not. */
#include "crawler/wall.h"

#include "tests/unit/check.h"

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
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = wall_of(rows[i].status, rows[i].text, strlen(rows[i].text));
        CHECK((!got && !rows[i].want) || (got && rows[i].want && strcmp(got, rows[i].want) == 0), "%s: %s", rows[i].text, got ? got : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(table) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
