/* manners_test.c - the rules of "Manners", each told by the server's log: what a site asks for is kept, by the whole stage. */
#include "tests/unit/crawler/stage_own.h"

static struct stage_own own;

#define HTML "Content-Type: text/html\r\n"
#define FEED "Content-Type: application/rss+xml\r\n"
#define ITEM(url) "<item><title>T</title><link>" url "</link></item>"
#define RSS(items) "<rss version='2.0'><channel><title>T</title>" items "</channel></rss>"
#define PAGE "<html><body><h1>T</h1><p>Text.</p></body></html>"

static void up(void)
{
    site_up();
    own_up(&own);
}

static void down(void)
{
    assert_string_equal(own.fatal, "");
    own_down(&own);
    site_down();
}

/* A feed read once: polls would be requests of the site too. */
static void source(const char *name, const char *url, const char *feed)
{
    own_source(&own, name, url, feed);
    own.config->sources[own.config->source_count - 1].interval_ms = 3600000;
}

/* Milliseconds from the first request of one path to the next request of any on that site; -1: none came. */
static int64_t pause_after(int host, const char *path)
{
    size_t count;
    int64_t *at_us = site_times_us(host, &count), from_us = INT64_MAX, pause = -1;
    pthread_mutex_lock(&site.lock);
    for (size_t i = 0; i < site.hit_count; i++)
        if (site.hits[i].host == host && strcmp(site.hits[i].path, path) == 0 && site.hits[i].at_us < from_us)
            from_us = site.hits[i].at_us;
    pthread_mutex_unlock(&site.lock);
    for (size_t i = 0; i < count && pause < 0; i++)
        if (at_us[i] > from_us)
            pause = (at_us[i] - from_us) / 1000;
    free(at_us);
    return pause;
}

static void run_for(int64_t ms)
{
    int64_t end = clock_mono_ms() + ms;
    RUN_UNTIL(&own.loop, clock_mono_ms() >= end);
}

/* What a refusal asks for. least_ms: no other request of the site before; the site next door is served meanwhile. */
static const struct { const char *name; int status; const char *headers; int64_t least_ms; } refusals[] = {
    { "429 with Retry-After", 429, "Retry-After: 2\r\n", 1900 },
    { "503 with Retry-After", 503, "Retry-After: 2\r\n", 1900 },
    { "429 without", 429, "", 3000 },
    { "503 without", 503, "", 3000 },
    { "Retry-After that cannot be read", 503, "Retry-After: soon\r\n", 3000 },
};

static void refusals_are_kept_by_the_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        up();
        site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/a.html") ITEM("$1/b.html") ITEM("$1/c.html")));
        site_set(1, "/a.html", refusals[i].status, refusals[i].headers, "");
        site_set(1, "/b.html", 200, HTML, PAGE);
        site_set(2, "/feed.xml", 200, FEED, RSS(ITEM("$2/a.html") ITEM("$2/b.html")));
        site_set(2, "/a.html", 200, HTML, PAGE);
        site_set(2, "/b.html", 200, HTML, PAGE);
        source("one", "$1/", "$1/feed.xml");
        source("two", "$2/", "$2/feed.xml");
        own_start(&own);
        RUN_UNTIL(&own.loop, site_count(1, "/a.html") == 1 && own_pages(&own, "$2/b.html") == 1);
        run_for(refusals[i].least_ms);
        int64_t pause = pause_after(1, "/a.html");
        CHECK(pause < 0 || pause >= refusals[i].least_ms, "%s: asked again after %lld ms", refusals[i].name, (long long)pause);
        if (strstr(refusals[i].headers, ": 2"))
            RUN_UNTIL(&own.loop, own_pages(&own, "$1/b.html") == 1);
        down();
    }
}

static void crawl_delay(void **state)
{
    (void)state;
    up();
    site_set(1, "/robots.txt", 200, "", "User-agent: *\nCrawl-delay: 0.7\n");
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/a.html") ITEM("$1/b.html")));
    site_set(1, "/a.html", 302, "Location: /c.html\r\n", "");
    site_set(1, "/b.html", 200, HTML, PAGE);
    site_set(1, "/c.html", 200, HTML, PAGE);
    source("one", "$1/", "$1/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count == 2);
    SITE_CHECK_GAP(1, 700);
    down();
}

static void robots_that_cannot_be_read(void **state)
{
    (void)state;
    static const int statuses[] = { 500, 503, 429, -1 };
    up();
    for (int h = 0; h < (int)COUNT(statuses); h++)
        site_set(h + 1, "/robots.txt", statuses[h], "", "");
    site_set(5, "/robots.txt", 404, "", "");
    site_set(5, "/feed.xml", 200, FEED, RSS(ITEM("$5/a.html")));
    site_set(5, "/a.html", 200, HTML, PAGE);
    source("a", "$1/", "$1/feed.xml");
    source("b", "$2/", "$2/feed.xml");
    source("c", "$3/", "$3/feed.xml");
    source("d", "$4/", "$4/feed.xml");
    source("e", "$5/", "$5/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own_pages(&own, "$5/a.html") == 1 && site_hits_of(1) && site_hits_of(2) && site_hits_of(3) && site_hits_of(4));
    run_for(500);
    for (int h = 1; h <= (int)COUNT(statuses); h++)
        assert_int_equal(site_count(h, "/feed.xml"), 0);
    down();
}

static void cookies_live_for_one_fetch(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/a.html") ITEM("$1/b.html")));
    site_set(1, "/a.html", 302, "Location: /a.html\r\nSet-Cookie: seen=1; Path=/\r\n", "");
    site_set(1, "/a.html|cookie", 200, HTML, PAGE);
    site_set(1, "/b.html", 200, HTML, PAGE);
    source("one", "$1/", "$1/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count == 2);
    assert_int_equal(own_pages(&own, "$1/a.html"), 1);
    assert_int_equal(site_count(1, "/a.html"), 2);
    for (size_t i = 0; i < site.hit_count; i++)
        if (strcmp(site.hits[i].path, "/b.html") == 0)
            assert_string_equal(site.hits[i].cookie, "");
    down();
}

static void redirects_end(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/loop1.html") ITEM("$1/there.html") ITEM("$1/x.html") ITEM("$1/nowhere.html")));
    site_set(1, "/loop1.html", 302, "Location: /loop2.html\r\n", "");
    site_set(1, "/loop2.html", 302, "Location: /loop1.html\r\n", "");
    site_set(1, "/there.html", 302, "Location: $2/back.html\r\n", "");
    site_set(2, "/back.html", 302, "Location: $1/there.html\r\n", "");
    site_set(1, "/x.html", 301, "Location: /end.html\r\n", "");
    site_set(1, "/y.html", 301, "Location: /end.html\r\n", "");
    site_set(1, "/end.html", 200, HTML, PAGE);
    site_set(1, "/nowhere.html", 302, "", "");
    own_source(&own, "one", "$1/", "$1/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own_pages(&own, "$1/end.html") == 1);
    own_drain(&own); /* that an end was seen is known once its record's delivery is: without a delay y could be asked before */
    own_stop(&own);
    strcpy(own.worker, "worker-2");
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/y.html")));
    own_start(&own);
    RUN_UNTIL(&own.loop, own_ledger(&own, "failed:redirect_loop") == 2 && own_ledger(&own, "duplicate") == 1 && own_pages(&own, "$1/end.html") == 1);
    RUN_UNTIL(&own.loop, own_ledger(&own, "redirected") >= 2); /* there and back: the way back is seen */
    assert_int_equal(own.got_count, 1);
    assert_in_range(site_count(1, "/loop1.html") + site_count(1, "/loop2.html"), 2, 6);
    assert_in_range(site_count(1, "/there.html"), 1, 2);
    down();
}

/* Addresses of two budgets, asked at the same time, that end at one of a third: it is fetched once, in one name. */
static void two_in_flight_one_end(void **state)
{
    (void)state;
    up();
    for (int h = 1; h <= 2; h++) {
        site_set(h, "/feed.xml", 200, FEED, h == 1 ? RSS(ITEM("$1/x.html")) : RSS(ITEM("$2/x.html")));
        site_set(h, "/x.html", 302, "Location: $3/end.html\r\n", "");
    }
    site_set(3, "/end.html", 200, HTML, PAGE);
    source("one", "$1/", "$1/feed.xml");
    source("two", "$2/", "$2/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own_ledger(&own, "redirected") == 2 && own.got_count > 0);
    run_for(300); /* a second one would come now */
    assert_int_equal(own.got_count, 1);
    assert_int_equal(site_count(3, "/end.html"), 1);
    assert_int_equal(own_ledger(&own, "accepted"), 3);
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals_are_kept_by_the_host), cmocka_unit_test(crawl_delay), cmocka_unit_test(robots_that_cannot_be_read),
        cmocka_unit_test(cookies_live_for_one_fetch), cmocka_unit_test(redirects_end), cmocka_unit_test(two_in_flight_one_end),
    };
    const char *only = getenv("TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    log_set_level(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
