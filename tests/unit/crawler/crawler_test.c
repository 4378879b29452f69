/* crawler_test.c - the whole stage: from a source's address to records on `pages`, with everything real but the web. */
#include "tests/unit/crawler/stage_own.h"

#include "base/url.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"

static struct stage_own own;

#define HTML "Content-Type: text/html\r\n"
#define FEED "Content-Type: application/rss+xml\r\n"
#define ITEM(title, url) "<item><title>" title "</title><link>" url "</link></item>"
#define RSS(items) "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title>" items "</channel></rss>"
#define PAGE(title) "<html><head><title>" title "</title></head><body><h1>" title "</h1><p>Text.</p></body></html>"

static void up(void)
{
    site_up();
    own_up(&own);
}

static void down(void)
{
    own_down(&own);
    site_down();
}

/* Nothing is queued or in work. */
static bool quiet(void)
{
    struct buffer b;
    buffer_init(&b, 1000);
    crawler_stage.busy(own.stage, &b);
    bool idle = b.len == 0;
    buffer_fini(&b);
    return idle;
}

static void from_address_to_pages(void **state)
{
    (void)state;
    up();
    site_set(1, "/robots.txt", 200, "", "User-agent: *\nDisallow: /private\n");
    site_set(1, "/", 200, HTML, "<html><head><link rel=alternate type='application/rss+xml' href='/feed.xml'></head><body></body></html>");
    site_set(1, "/feed.xml", 200, FEED "ETag: \"f1\"\r\n",
             RSS(ITEM("One", "$1/one.html") ITEM("Two", "$1/two.html?utm_source=x") ITEM("No", "$1/private/x.html")
                 ITEM("Moved", "$1/old.html") ITEM("Out", "$1/out.html") ITEM("Nowhere", "$1/404.html")));
    site_set(1, "/one.html", 200, HTML, PAGE("One"));
    site_set(1, "/two.html?utm_source=x", 200, HTML, PAGE("Two"));
    site_set(1, "/two.html", 200, HTML, PAGE("Two"));
    site_set(1, "/old.html", 301, "Location: /new.html\r\n", "");
    site_set(1, "/new.html", 200, HTML, PAGE("New"));
    site_set(1, "/out.html", 302, "Location: $2/in.html\r\n", "");
    site_set(2, "/in.html", 200, HTML, PAGE("In"));
    own_source(&own, "one", "$1/", NULL);
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count >= 4 && site_count(1, "/404.html") && quiet());
    assert_int_equal(own.got_count, 4);
    assert_int_equal(own_pages(&own, "$1/one.html"), 1);
    assert_int_equal(own_pages(&own, "$1/new.html"), 1);
    assert_int_equal(own_pages(&own, "$2/in.html"), 1);
    assert_int_equal(site_count(1, "/private/x.html"), 0);
    RUN_UNTIL(&own.loop, own_ledger(&own, "failed:http_404") == 1 && own_ledger(&own, "failed:robots") == 1 && own_ledger(&own, "redirected") == 1);
    RUN_UNTIL(&own.loop, site_count(1, "/feed.xml") >= 2);
    assert_string_equal(own.fatal, "");
    down();
}

/* --- manners --- */

static void the_delay_is_kept(void **state)
{
    (void)state;
    up();
    own.config->crawler.delay_ms = 400;
    site_set(1, "/robots.txt", 200, "", "");
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("A", "$1/a.html") ITEM("B", "$1/b.html") ITEM("C", "$1/c.html") ITEM("D", "$1/d.html")));
    site_set(1, "/a.html", 302, "Location: /a2.html\r\n", "");
    site_set(1, "/a2.html", 200, HTML, PAGE("A"));
    site_set(1, "/b.html", 503, "", "");
    site_set(1, "/c.html", -1, "", "");
    site_set(1, "/d.html", 200, HTML, PAGE("D"));
    own_source(&own, "one", "$1/", "$1/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, site_hits_of(1) >= 6);
    SITE_CHECK_GAP(1, 400);
    down();
}

/* --- re-checks --- */

static void recheck(const char *url_text, const char *etag)
{
    static const struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source =
        "partition(KEYS[1], KEYS[2]) "
        "if is_open(ARGV[1]) then close_request(ARGV[1], now() + 1000, 'article') end "
        "schedule_recheck(record{id=ARGV[1], url=ARGV[2], source='one', via='recheck', budget=ARGV[3], domain=ARGV[4], etag=ARGV[5], step=1}, 1) "
        "return 1" };
    struct error err;
    struct url u;
    char *text = site_text(url_text);
    unsigned char raw[ID_RAW_LEN];
    struct meta *meta = meta_load(own.redis.c, "tidings", 16, false, &err);
    CHECK(meta && url_parse(&u, text, strlen(text), NULL, NULL, &err), "%s", err.message);
    struct place place = place_of(meta, u.host, u.port);
    struct key base = key_partition("tidings", place.partition);
    id_to_raw(&u.id, raw);
    const char *argv[] = { base.s, "tidings", (const char *)raw, u.fetch, place.budget, place.domain, etag };
    size_t lens[] = { strlen(base.s), 7, ID_RAW_LEN, strlen(u.fetch), strlen(place.budget), strlen(place.domain), strlen(etag) };
    redisReply *reply = redis_ask_script(own.redis.c, &script, 2, 7, argv, lens, &err);
    CHECK(reply, "%s", err.message);
    freeReplyObject(reply);
    place_fini(&place);
    url_fini(&u);
    meta_destroy(meta);
    free(text);
}

static size_t gone_pages(void)
{
    size_t n = 0;
    for (size_t i = 0; i < own.got_count; i++)
        n += own.got[i].gone;
    return n;
}

static void rechecks_find_what_changed(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 200, FEED, RSS(ITEM("A", "$1/a.html") ITEM("B", "$1/b.html")));
    site_set(1, "/a.html", 200, HTML "ETag: \"a1\"\r\n", PAGE("A"));
    site_set(1, "/b.html", 200, HTML, PAGE("B"));
    own_source(&own, "one", "$1/", "$1/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count == 2 && quiet());
    recheck("$1/a.html", "\"a1\"");
    RUN_UNTIL(&own.loop, own_ledger(&own, "unchanged") == 1);
    assert_int_equal(own.got_count, 2);
    site_set(1, "/b.html", 410, "", "");
    recheck("$1/b.html", "");
    RUN_UNTIL(&own.loop, gone_pages() == 1);
    assert_string_equal(own.fatal, "");
    down();
}

/* --- many pages, for what happens on the way --- */

static char many_paths[60][16], many_feeds[4][4096];

/* Sites 1 to 4, each with 15 articles. */
static void many_sites(void)
{
    for (int h = 0; h < 4; h++) {
        size_t len = (size_t)snprintf(many_feeds[h], sizeof(many_feeds[h]), "<rss version=\"2.0\"><channel><title>T</title>");
        for (int i = 0; i < 15; i++) {
            snprintf(many_paths[h * 15 + i], sizeof(many_paths[0]), "/a%d.html", i);
            len += (size_t)snprintf(many_feeds[h] + len, sizeof(many_feeds[h]) - len, "<item><title>T</title><link>$%d/a%d.html</link></item>", h + 1, i);
            site_set(h + 1, many_paths[h * 15 + i], 200, HTML, PAGE("T"));
        }
        snprintf(many_feeds[h] + len, sizeof(many_feeds[h]) - len, "</channel></rss>");
        site_set(h + 1, "/feed.xml", 200, FEED, many_feeds[h]);
    }
    own_source(&own, "one", "$1/", "$1/feed.xml");
    own_source(&own, "two", "$2/", "$2/feed.xml");
    own_source(&own, "three", "$3/", "$3/feed.xml");
    own_source(&own, "four", "$4/", "$4/feed.xml");
}

/* Which of the 60 have come at least once. */
static size_t many_arrived(void)
{
    size_t n = 0;
    char url[32];
    for (int h = 0; h < 4; h++)
        for (int i = 0; i < 15; i++) {
            snprintf(url, sizeof(url), "$%d/a%d.html", h + 1, i);
            n += own_pages(&own, url) > 0;
        }
    return n;
}

static void redis_is_restarted(void **state)
{
    (void)state;
    up();
    many_sites();
    own.config->crawler.delay_ms = 20;
    own_start(&own);
    for (int kills = 1; kills <= 3; kills++) {
        RUN_UNTIL(&own.loop, many_arrived() >= (size_t)kills * 10);
        redis_server_kill(&own.redis);
        for (int turns = 0; turns < 20; turns++)
            uv_run(&own.loop, UV_RUN_ONCE);
        redis_server_start(&own.redis);
    }
    RUN_UNTIL(&own.loop, many_arrived() == 60);
    assert_in_range(own.got_count, 60, 60 + 3 * 4); /* once, and what each kill caught: one of a site */
    assert_string_equal(own.fatal, "");
    down();
}

static void lease_lapses(void **state)
{
    (void)state;
    up();
    many_sites();
    own.config->crawler.delay_ms = 100;
    own_start(&own);
    RUN_UNTIL(&own.loop, many_arrived() >= 8);
    kill(own.redis.pid, SIGSTOP);
    int64_t stopped_ms = clock_mono_ms();
    RUN_UNTIL(&own.loop, clock_mono_ms() - stopped_ms > 3500);
    size_t hits = site.hit_count;
    RUN_UNTIL(&own.loop, clock_mono_ms() - stopped_ms > 4500);
    assert_int_equal(site.hit_count, hits); /* nothing is sent without a lease */
    kill(own.redis.pid, SIGCONT);
    RUN_UNTIL(&own.loop, many_arrived() == 60);
    assert_string_equal(own.fatal, "");
    down();
}

/* --- drain --- */

static void drain_and_go_on(void **state)
{
    (void)state;
    up();
    many_sites();
    own.config->crawler.delay_ms = 50;
    own_start(&own);
    RUN_UNTIL(&own.loop, many_arrived() >= 8);
    own_drain(&own);
    own_stop(&own);
    size_t before = own.got_count;
    assert_true(before < 60);
    strcpy(own.worker, "worker-2");
    own_start(&own);
    RUN_UNTIL(&own.loop, many_arrived() == 60);
    RUN_UNTIL(&own.loop, quiet());
    assert_int_equal(own.got_count, 60); /* each once */
    for (int i = 0; i < 15; i++)
        assert_int_equal(site_count(1, many_paths[i]), 1);
    down();
}

static void drain_without_redis(void **state)
{
    (void)state;
    up();
    many_sites();
    own.config->crawler.delay_ms = 50;
    own_start(&own);
    RUN_UNTIL(&own.loop, many_arrived() >= 8);
    redis_server_kill(&own.redis);
    own_drain(&own);
    own_stop(&own);
    redis_server_start(&own.redis);
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_address_to_pages), cmocka_unit_test(the_delay_is_kept), cmocka_unit_test(rechecks_find_what_changed),
        cmocka_unit_test(redis_is_restarted), cmocka_unit_test(lease_lapses), cmocka_unit_test(drain_and_go_on),
        cmocka_unit_test(drain_without_redis),
    };
    const char *only = getenv("TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    log_set_level(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
