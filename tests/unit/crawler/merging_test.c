/* merging_test.c - sources that show one document, by the whole stage: it is polled once, for one of them, and for the others when
 * that one goes. */
#include "tests/unit/crawler/stage_own.h"

static struct stage_own own, other;

#define HTML "Content-Type: text/html\r\n"
#define FEED "Content-Type: application/rss+xml\r\n"
#define PAGE "<html><body><h1>T</h1><p>Text.</p></body></html>"
#define ITEM(path) "<item><title>T</title><link>" path "</link></item>"
#define RSS(items) "<rss version='2.0'><channel><title>T</title>" items "</channel></rss>"

static void up(void)
{
    site_up();
    own_up(&own);
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/1.html")));
    site_set(1, "/1.html", 200, HTML, PAGE);
    site_set(1, "/2.html", 200, HTML, PAGE);
}

static void down(void)
{
    assert_string_equal(own.fatal, "");
    own_down(&own);
    site_down();
}

/* What `sources list` says of a source's documents that are polled for another: who that is; "" none. */
static const char *shared_with(const char *name)
{
    static char with[100];
    struct error err;
    size_t i;
    json_t *row, *rows = source_list(own.redis.c, "tidings", &err);
    with[0] = '\0';
    CHECK(rows, "%s", err.message);
    json_array_foreach(rows, i, row) {
        const json_t *shared = json_object_get(row, "shared");
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0 && shared)
            snprintf(with, sizeof(with), "%s", json_string_value(json_object_get(json_array_get(shared, 0), "with")));
    }
    json_decref(rows);
    return with;
}

static const struct { int host; const char *path; } addresses[] = {
    { 1, "/feed.xml" }, { 1, "/feed.xml?utm_source=x" }, { 1, "/old.xml" }, { 1, "/older.xml" }, { 2, "/old.xml" },
};

static size_t polls_of_it(void)
{
    size_t n = 0;
    for (size_t i = 0; i < COUNT(addresses); i++)
        n += site_count(addresses[i].host, addresses[i].path);
    return n;
}

/* It goes on being asked, at one of its addresses. */
static void asked_at_one_address(const char *name)
{
    size_t before[COUNT(addresses)], all = polls_of_it(), asked = 0;
    for (size_t i = 0; i < COUNT(addresses); i++)
        before[i] = site_count(addresses[i].host, addresses[i].path);
    RUN_UNTIL(&own.loop, polls_of_it() >= all + 10);
    for (size_t i = 0; i < COUNT(addresses); i++)
        asked += site_count(addresses[i].host, addresses[i].path) > before[i];
    CHECK(asked == 1, "%s: asked at %zu addresses", name, asked);
}

/* How two sources come to one document. Pages of the keeper come in its name only. */
static const struct { const char *name, *first, *second; int status; const char *headers; } ways[] = {
    { "one address", "$1/feed.xml", "$1/feed.xml", 0, NULL },
    { "parameters that mean nothing", "$1/feed.xml", "$1/feed.xml?utm_source=x", 0, NULL },
    { "moved for good", "$1/feed.xml", "$1/old.xml", 301, "Location: /feed.xml\r\n" },
    { "led there", "$1/feed.xml", "$1/old.xml", 302, "Location: /feed.xml\r\n" },
    { "moved from another site", "$1/feed.xml", "$2/old.xml", 301, "Location: $1/feed.xml\r\n" },
    { "led from another site", "$1/feed.xml", "$2/old.xml", 302, "Location: $1/feed.xml\r\n" },
    { "both led there", "$1/older.xml", "$1/old.xml", 302, "Location: /feed.xml\r\n" },
};

static void polled_once(size_t way)
{
    const char *name = ways[way].name;
    up();
    site_set(1, "/feed.xml?utm_source=x", 200, FEED, RSS(ITEM("$1/1.html")));
    for (int host = 1; ways[way].status && host <= 2; host++)
        site_set(host, "/old.xml", ways[way].status, ways[way].headers, "");
    site_set(1, "/older.xml", 302, "Location: /feed.xml\r\n", "");
    own_source(&own, "one", "$1/", ways[way].first);
    own_source(&own, "two", "$1/two/", ways[way].second);
    for (size_t i = 0; i < own.config->source_count; i++)
        own.config->sources[i].interval_ms = 100;
    own_start(&own);
    RUN_UNTIL(&own.loop, own_pages(&own, "$1/1.html") == 1 && (*shared_with("one") || *shared_with("two")));
    bool one_waits = *shared_with("one") != '\0';
    const char *waits = one_waits ? "one" : "two", *keeper = one_waits ? "two" : "one";
    CHECK(strcmp(shared_with(waits), keeper) == 0 && !*shared_with(keeper), "%s", name);
    size_t old = site_count(1, "/old.xml") + site_count(1, "/older.xml") + site_count(2, "/old.xml");
    asked_at_one_address(name);

    own_drain(&own); /* a restart changes nothing */
    own_stop(&own);
    strcpy(own.worker, "worker-2");
    own_start(&own);
    asked_at_one_address(name);
    CHECK(site_count(1, "/old.xml") + site_count(1, "/older.xml") + site_count(2, "/old.xml") == old, "%s: the others are asked again", name);
    CHECK(strcmp(shared_with(waits), keeper) == 0, "%s: after a restart", name);

    struct error err;
    CHECK(source_pause(own.redis.c, "tidings", keeper, true, &err), "%s", err.message); /* the keeper goes */
    RUN_UNTIL(&own.loop, !*shared_with(waits));
    old = polls_of_it(); /* what was under way for the keeper ends */
    RUN_UNTIL(&own.loop, polls_of_it() >= old + 3);
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/2.html") ITEM("$1/1.html")));
    site_set(1, "/feed.xml?utm_source=x", 200, FEED, RSS(ITEM("$1/2.html") ITEM("$1/1.html")));
    RUN_UNTIL(&own.loop, own_pages(&own, "$1/2.html") == 1);
    bool early = strstr(ways[way].first, "older") != NULL; /* read before anybody knew of the other */
    CHECK(own.got_count == 2 && (early || strcmp(own.got[0].source, keeper) == 0), "%s: the first in the name of %s", name, own.got[0].source);
    CHECK(strcmp(own.got[1].source, waits) == 0, "%s: the second in the name of %s", name, own.got[1].source);
    CHECK(own_ledger(&own, "accepted") == 2, "%s: %lld", name, own_ledger(&own, "accepted"));
    down();
}

static void one_document_one_poll(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++)
        polled_once(i);
}

/* The feed of one site, which another one links to: it is polled for its own, whoever had it first, and the pages of both count. */
static void who_is_at_home_has_it(void **state)
{
    (void)state;
    struct error err;
    up();
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$1/1.html") ITEM("$2/3.html")));
    site_set(2, "/3.html", 200, HTML, PAGE);
    own_source(&own, "guest", "$2/", "$1/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own_pages(&own, "$2/3.html") == 1 && site_count(1, "/feed.xml") >= 3);
    assert_int_equal(own_pages(&own, "$1/1.html"), 0); /* none of its site's */
    char *url = site_text("$1/"), *feed = site_text("$1/feed.xml");
    struct source home = { .name = "home", .url = url, .feeds.items[0] = feed, .interval_ms = 300 };
    CHECK(source_add(own.redis.c, "tidings", &home, &err), "%s", err.message);
    RUN_UNTIL(&own.loop, own_pages(&own, "$1/1.html") == 1);
    assert_string_equal(own.got[1].source, "home");
    assert_string_equal(shared_with("guest"), "home");
    CHECK(source_remove(own.redis.c, "tidings", "home", &err), "%s", err.message);
    RUN_UNTIL(&own.loop, !*shared_with("guest"));
    size_t polled = site_count(1, "/feed.xml"); /* what was under way ends */
    RUN_UNTIL(&own.loop, site_count(1, "/feed.xml") >= polled + 3);
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("$2/4.html")));
    site_set(2, "/4.html", 200, HTML, PAGE);
    RUN_UNTIL(&own.loop, own_pages(&own, "$2/4.html") == 1);
    assert_string_equal(own.got[2].source, "guest");
    free(url);
    free(feed);
    down();
}

/* Two workers, each with its partitions; the addresses lie in many. */
static void among_workers(void **state)
{
    (void)state;
    static char names[24][16], urls[24][24];
    up();
    own_join(&other, &own, "worker-2");
    for (int i = 0; i < 24; i++) { /* each links to the feed of the next */
        snprintf(names[i], sizeof(names[i]), "s%d", i);
        snprintf(urls[i], sizeof(urls[i]), "$%d/feed.xml", 20 + i / 2);
        site_set(20 + i / 2, "/feed.xml", 200, FEED, RSS(""));
        char site_url[32];
        snprintf(site_url, sizeof(site_url), "$%d/%d/", 20 + i / 2, i);
        own_source(&own, names[i], site_url, urls[i]);
    }
    other.config = own.config;
    own_start(&own);
    own_start(&other);
    for (int i = 0; i < 24; i += 2)
        RUN_UNTIL(&own.loop, site_count(20 + i / 2, "/feed.xml") >= 6 && (*shared_with(names[i]) != '\0') != (*shared_with(names[i + 1]) != '\0'));
    own_drain(&other);
    own_stop(&other);
    own_down(&other);
    assert_string_equal(other.fatal, "");
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_document_one_poll), cmocka_unit_test(who_is_at_home_has_it), cmocka_unit_test(among_workers),
    };
    const char *only = getenv("TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    log_set_level(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
