/* trouble_test.c - why a site brings nothing: words that fit a row, and a remedy for each. */
#include "crawler/trouble.h"

#include "crawler/poll.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static void test_errors(void **state)
{
    (void)state;
    for (int e = FETCH_OK + 1; e <= FETCH_INVALID; e++) {
        const char *words = trouble_words((enum fetch_error)e);
        CHECK(words && *words && strlen(words) < POLL_STATUS_SIZE, "error %d: %s", e, words);
        CHECK(strlen(trouble_remedy_of_failure(words)) > 10, "error %d has no remedy", e);
    }
    assert_string_equal(trouble_words(FETCH_OK), "");
}

static const struct { const char *words, *remedy; } rows[] = { /* remedy NULL: no trouble */
    { "ok", NULL },
    { "not modified", NULL },
    { "found 2 feeds, 1 sitemap", NULL },
    { "no feed, no sitemap: front page watched", NULL },
    { "its name is not known (DNS)", "spelt right" },
    { "its name cannot be looked up: temporary failure", "DNS server" },
    { "refused: loopback address", "crawler.allow_private" },
    { "refused: private address (RFC 1918)", "crawler.allow_private" },
    { "refused: multicast or reserved address", "never asks" },
    { "refused: port that is not allowed (crawler.allow_ports)", "crawler.allow_ports" },
    { "refused: address beyond this machine, and no contact is set", "--contact" },
    { "robots.txt: Disallow: /", "Ask the site" },
    { "robots.txt cannot be read: http 503", "RFC 9309" },
    { "front page: http 403", "browser" },
    { "http 404", "spelt right" },
    { "http 429", "later" },
    { "blocked: 19 of 20 pages http 403", "User-Agent" },
    { "silent: nothing new for 12 days, unlike before", "tidings probe" },
    { "too many sources share its feed or sitemap", "Remove sources" },
    { POLL_NO_LINK, "section" },
};

static void test_remedies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *remedy = trouble_remedy(rows[i].words);
        CHECK(rows[i].remedy ? remedy && strstr(remedy, rows[i].remedy) : !remedy, "%s: %s", rows[i].words, remedy ? remedy : "(none)");
    }
    assert_non_null(strstr(trouble_remedy_of_failure("no answer in time"), "browser"));
}

static void test_robots(void **state)
{
    char text[TROUBLE_ROBOTS_SIZE];
    (void)state;
    trouble_robots(text, 503);
    assert_string_equal(text, "robots.txt cannot be read: http 503");
    trouble_robots(text, 0);
    assert_string_equal(text, "no answer to robots.txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_errors), cmocka_unit_test(test_remedies), cmocka_unit_test(test_robots) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
