/* poll_test.c - polls and discovery against a scripted site, in the order of their effects. */
#include "crawler/poll.h"

#include "crawler/discover.h"
#include "crawler/reader.h"
#include "tests/unit/check.h"
#include "tests/unit/crawler/fake.h"

static const char *front = "<html><body><h1>Nothing</h1></body></html>", *robots = "";
static bool has_well_known;

static const char rss[] =
    "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title>"
    "<item><title>One &amp; only</title><link>/one.html</link><description>About one</description>"
    "<pubDate>Wed, 25 Nov 2026 06:00:00 GMT</pubDate></item>"
    "<item><title>Two</title><link>/two.html?utm_source=rss</link></item>"
    "<item><title>Picture</title><link>/three.jpg</link></item>"
    "<item><title>Elsewhere</title><link>http://www.example.com/x.html</link></item>"
    "</channel></rss>";

static bool is(const struct web_request *r, const char *path)
{
    return strcmp(r->path, path) == 0;
}

static bool sitemap_index(struct web_request *r)
{
    char text[1000];
    snprintf(text, sizeof(text),
             "<sitemapindex><sitemap><loc>http://127.0.0.1:%d/part1.xml</loc></sitemap>"
             "<sitemap><loc>http://127.0.0.1:%d/part2.xml.gz</loc></sitemap></sitemapindex>", r->web->port, r->web->port);
    return web_text(r, 200, "Content-Type: text/xml\r\n", text);
}

/* More than is read of a feed: one item, and comments without end. */
static bool large_feed(struct web_request *r)
{
    struct buffer b;
    buffer_init(&b, 0);
    buffer_puts(&b, "<rss><channel><item><link>/one.html</link></item>");
    while (b.len <= FEED_READ_MAX)
        buffer_printf(&b, "<!-- %01000d -->", 0);
    bool keep = web_text(r, 200, "Content-Type: application/rss+xml\r\n", b.data);
    buffer_fini(&b);
    return keep;
}

static bool site(struct web_request *r)
{
    if (is(r, "/robots.txt"))
        return web_text(r, 200, "", robots);
    if (is(r, "/"))
        return web_text(r, 200, "Content-Type: text/html\r\n", front);
    if (is(r, "/feed.rss") || (has_well_known && is(r, "/rss.xml")))
        return strstr(r->text, "If-None-Match: \"f1\"") ? web_printf(r, "HTTP/1.1 304 X\r\nETag: \"f1\"\r\n\r\n"), true
                                                        : web_text(r, 200, "Content-Type: application/rss+xml\r\nETag: \"f1\"\r\n", rss);
    if (is(r, "/large.rss"))
        return large_feed(r);
    if (is(r, "/feeds.html"))
        return web_text(r, 200, "Content-Type: text/html\r\n", "<a href='/feed.rss'>RSS feed</a>");
    if (is(r, "/html"))
        return web_text(r, 200, "Content-Type: text/html\r\n", "<!DOCTYPE html><html><body>Sorry</body></html>");
    if (is(r, "/index.xml"))
        return sitemap_index(r);
    if (is(r, "/cut"))
        return web_printf(r, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>"), false;
    if (is(r, "/410"))
        return web_text(r, 410, "", "");
    if (is(r, "/moved.rss"))
        return web_text(r, 301, "Location: /feed.rss\r\n", "");
    if (is(r, "/moved-a-while.rss"))
        return web_text(r, 302, "Location: /feed.rss\r\n", "");
    if (is(r, "/503"))
        return web_text(r, 503, "Retry-After: 60\r\n", "");
    if (is(r, "/out")) {
        char headers[200];
        snprintf(headers, sizeof(headers), "Location: http://localhost:%d/feed.rss\r\n", r->web->port);
        return web_text(r, 301, headers, "");
    }
    return web_text(r, 404, "", "");
}

static void up(void)
{
    front = "<html><body><h1>Nothing</h1></body></html>";
    robots = "";
    has_well_known = false;
    fake_up(site);
    fake.crawl.readers = readers_create(&fake.loop, 2);
}

static void down(void)
{
    struct readers *readers = fake.crawl.readers;
    works_drop(&fake.crawl);
    readers_destroy(readers);
    fake_down();
}

static const struct { enum claim_kind kind; const char *path, *etag, *journal, *status; bool polled; } polls[] = {
    { CLAIM_FEED, "/feed.rss", NULL, "ended discover:2/4 replied POLLED:ok:etag:4", "ok" },
    { CLAIM_FEED, "/feed.rss", "\"f1\"", "ended POLLED:ok:keep:0", "not modified" },
    { CLAIM_FEED, "/html", NULL, "ended POLLED:failed:keep:0", NULL },
    { CLAIM_FEED, "/gone", NULL, "ended POLLED:failed:keep:0", "http 404" },
    { CLAIM_FEED, "/410", NULL, "ended put:discovery:/ poll-now POLLED:failed:keep:0", "http 410" },
    { CLAIM_FEED, "/moved.rss", NULL, "slot ended put:discovery:/ poll-now put:feed:/feed.rss POLLED:ok:elsewhere:0", NULL },
    { CLAIM_FEED, "/moved-a-while.rss", NULL, "slot ended end:/feed.rss discover:2/4 replied POLLED:ok:etag:4", "ok" },
    { CLAIM_FEED, "/moved-a-while.rss", NULL, "slot ended end:/feed.rss put:feed:/feed.rss POLLED:ok:elsewhere:0", NULL, .polled = true },
    { CLAIM_FEED, "/503", NULL, "ended:failed retry-after:60000 POLLED:failed:keep:0", "http 503" },
    { CLAIM_FEED, "/cut", NULL, "slot ended POLLED:failed:keep:0", NULL },
    { CLAIM_FEED, "/out", NULL, "ended put:discovery:/ poll-now put:feed:/feed.rss POLLED:ok:elsewhere:0", NULL },
    { CLAIM_FEED, "/large.rss", NULL, "ended discover:1/1 replied POLLED:ok:1", "larger than 8388608 bytes: the rest is not read" },
    { CLAIM_SITEMAP, "/index.xml", NULL, "ended put:sitemap:/part1.xml put:sitemap:/part2.xml.gz POLLED:ok:2", "ok" },
};

/* A moment ago, and with an ETag. */
static void read_before(struct claim *c, const char *etag)
{
    struct schedule s = { .polled_s = clock_unix_ms() / 1000, .full_s = clock_unix_ms() / 1000 };
    c->etag = xstrdup(etag);
    c->polled = etag != NULL;
    if (etag)
        c->schedule_len = schedule_write(&s, c->schedule);
}

static void every_poll(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(polls); i++) {
        up();
        fake.config.crawler.robots = false;
        fake.polled = polls[i].polled;
        struct claim *c = fake_claim(polls[i].kind, polls[i].path);
        read_before(c, polls[i].etag);
        poll_begin(&fake.crawl, c);
        const char *got = fake_run(NULL);
        CHECK(strcmp(got, polls[i].journal) == 0, "%s:\n  got  %s (%s)\n  want %s", polls[i].path, got, fake.poll_status_text, polls[i].journal);
        CHECK(!polls[i].status || strcmp(fake.poll_status_text, polls[i].status) == 0, "%s: %s", polls[i].path, fake.poll_status_text);
        down();
    }
}

static void hints_travel(void **state)
{
    (void)state;
    up();
    poll_begin(&fake.crawl, fake_claim(CLAIM_FEED, "/feed.rss"));
    fake_run(NULL);
    assert_string_equal(fake.hints, "{\"t\":\"One & only\",\"s\":\"About one\",\"p\":\"2026-11-25T06:00:00Z\"}");
    down();
}

/* A frontier that was replaced may have lost what was found: the poll is due again and keeps its old validators. */
static void discover_not_stored(void **state)
{
    (void)state;
    up();
    fake.discover_fails = true;
    poll_begin(&fake.crawl, fake_claim(CLAIM_FEED, "/feed.rss"));
    assert_non_null(strstr(fake_run(NULL), "replied POLLED:ok:keep:etag:4"));
    down();
}

/* The validators are not stored before the discover has replied, and not at all when the lease is lost before. */
static void lost_before_the_reply(void **state)
{
    (void)state;
    up();
    fake.answer_discover = false;
    poll_begin(&fake.crawl, fake_claim(CLAIM_FEED, "/feed.rss"));
    fake_run("discover");
    uv_run(&fake.loop, UV_RUN_NOWAIT);
    assert_null(strstr(buffer_str(&fake.journal), "POLLED"));
    work_abort(fake.crawl.works);
    answer_discovered(NULL);
    assert_non_null(strstr(fake_run(NULL), "ABANDON replied"));
    assert_null(strstr(buffer_str(&fake.journal), "POLLED"));
    down();
}

static void backfill_bounds_the_first_reading(void **state)
{
    (void)state;
    struct buffer feed;
    buffer_init(&feed, 0);
    buffer_puts(&feed, "<rss><channel>");
    for (int i = 0; i < 80; i++)
        buffer_printf(&feed, "<item><link>http://example.com/a-%d.html</link></item>", i);
    buffer_puts(&feed, "<item><link>http://example.com/dated.html</link><pubDate>Wed, 25 Nov 2026 06:00:00 GMT</pubDate></item>"
                       "<item><link>http://example.com/old.html</link><pubDate>Wed, 18 Nov 2026 06:00:00 GMT</pubDate></item></channel></rss>");
    static const struct { bool first; const char *backfill; size_t wanted; } rows[] = {
        { true, "2d", BACKFILL_ITEMS }, { false, "2d", 81 }, { true, "all", 82 }, { false, "all", 82 }, { true, "none", BACKFILL_ITEMS },
    };
    static const char suffixes[] = "// ===BEGIN ICANN DOMAINS===\ncom\n// ===END ICANN DOMAINS===\n";
    struct suffix_list *list = suffix_list_parse(suffixes, strlen(suffixes), NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reading *r = xcalloc(1, sizeof(*r));
        size_t wanted = 0;
        *r = (struct reading){ .kind = CLAIM_FEED, .url = xstrdup("http://example.com/feed"), .first = rows[i].first,
                               .scope = scope_create(list, "http://example.com/", NULL, NULL, backfill_parse(rows[i].backfill)) };
        r->body = (struct fetch_body){ .data = xmemdup(feed.data, feed.len), .len = feed.len };
        reading_run(r, 1795593600000); /* 2026-11-25 08:00 UTC */
        for (size_t k = 0; k < r->item_count; k++)
            wanted += r->items[k].filtered == NULL;
        CHECK(wanted == rows[i].wanted, "%s: %zu", rows[i].backfill, wanted);
        reading_free(r);
    }
    suffix_list_destroy(list);
    buffer_fini(&feed);
}

/* Newest first; those of one day in the document's order, however many they are. */
static void items_of_one_time_keep_their_order(void **state)
{
    enum { ITEMS = 2000 };
    static const char suffixes[] = "// ===BEGIN ICANN DOMAINS===\ncom\n// ===END ICANN DOMAINS===\n";
    struct suffix_list *list = suffix_list_parse(suffixes, strlen(suffixes), NULL);
    struct buffer feed;
    (void)state;
    buffer_init(&feed, 0);
    buffer_puts(&feed, "<rss><channel>");
    for (int i = 0; i < ITEMS; i++)
        buffer_printf(&feed, "<item><link>http://example.com/%d</link><pubDate>%d Nov 2026 06:00:00 GMT</pubDate></item>", i, 20 + i % 3);
    buffer_puts(&feed, "</channel></rss>");
    struct reading *r = xcalloc(1, sizeof(*r));
    *r = (struct reading){ .kind = CLAIM_FEED, .url = xstrdup("http://example.com/feed"),
                           .scope = scope_create(list, "http://example.com/", NULL, NULL, BACKFILL_ALL) };
    r->body = (struct fetch_body){ .data = xmemdup(feed.data, feed.len), .len = feed.len };
    buffer_fini(&feed);
    reading_run(r, 1795593600000); /* 2026-11-25 08:00 UTC */
    assert_int_equal(r->item_count, ITEMS);
    for (int day = 22, k = 0; day >= 20; day--)
        for (int i = day - 20; i < ITEMS; i += 3, k++)
            CHECK(atoi(strrchr(r->items[k].url.fetch, '/') + 1) == i, "item %d is %s, not %d", k, r->items[k].url.fetch, i);
    reading_free(r);
    suffix_list_destroy(list);
}

static void front_pages(void **state)
{
    (void)state;
    up();
    front = "<html><body><nav><a href='/sports-2026-news-page'>Sports and everything</a></nav><main>"
            "<h2><a href='/first'>A headline</a></h2><a href='/a-story-about-cats-and-dogs.html'>A story about cats and dogs</a>"
            "<a href='/about'>About us and our long history</a><a href='http://www.example.com/a-story-of-another-site-1234'>Elsewhere it is so</a>"
            "</main></body></html>";
    poll_begin(&fake.crawl, fake_claim(CLAIM_FRONT, "/"));
    assert_non_null(strstr(fake_run(NULL), "discover:2/2 replied POLLED:ok:3"));
    down();
}

static void discovery(void **state)
{
    (void)state;
    static const struct { const char *front, *robots; bool well_known; const char *want; } rows[] = {
        { "<html><head><link rel=alternate type='application/rss+xml' href='/feed.rss'></head></html>", "", false,
          "ended put:feed:/feed.rss POLLED:ok:keep:1" },
        { "<html></html>", "Sitemap: /index.xml\n", false, "ended put:sitemap:/index.xml POLLED:ok:keep:1" },
        { "<html><a href='/feeds.html'>Our RSS feeds</a></html>", "", false, "ended put:feed:/feed.rss POLLED:ok:keep:1" },
        { "<html><a href='/feeds.html'>RSS-Feeds</a></html>", "Sitemap: /index.xml\n", false,
          "ended put:sitemap:/index.xml put:feed:/feed.rss POLLED:ok:keep:2" }, /* a feed is quicker than a sitemap */
        { "<html></html>", "", true, "ended put:feed:/rss.xml POLLED:ok:keep:1" },
        { "<html></html>", "", false, "ended put:front:/ POLLED:ok:keep:1" },
        { "<rss><channel><item><link>/x</link></item></channel></rss>", "", false, "ended put:feed:/ POLLED:ok:keep:1" },
        { "<html></html>", "User-agent: *\nDisallow: /\n", false, "ended POLLED:failed:keep:0" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        up();
        front = rows[i].front;
        robots = rows[i].robots;
        has_well_known = rows[i].well_known;
        discover_begin(&fake.crawl, fake_claim(CLAIM_DISCOVERY, "/"));
        const char *got = fake_run(NULL);
        CHECK(strstr(got, rows[i].want), "%zu: %s (%s)", i, got, fake.poll_status_text);
        down();
    }
}

static void sources_put_polls(void **state)
{
    (void)state;
    up();
    poll_source(&fake.crawl, &fake.source);
    fake.source.feeds.items[0] = "/a.rss";
    fake.source.sitemaps.items[0] = "http://127.0.0.1/s.xml";
    poll_source(&fake.crawl, &fake.source);
    fake.source.paused = true;
    poll_source(&fake.crawl, &fake.source);
    assert_string_equal(buffer_str(&fake.journal), "put:discovery:/ put:feed:/a.rss put:sitemap:/s.xml");
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_poll), cmocka_unit_test(hints_travel), cmocka_unit_test(discover_not_stored),
        cmocka_unit_test(lost_before_the_reply), cmocka_unit_test(backfill_bounds_the_first_reading),
        cmocka_unit_test(items_of_one_time_keep_their_order), cmocka_unit_test(front_pages),
        cmocka_unit_test(discovery), cmocka_unit_test(sources_put_polls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
