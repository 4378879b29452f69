/* watching_test.c - a source over time, by the whole stage: what is fetched of its past, what is news, what happens when its feed
 * goes away. */
#include "tests/unit/crawler/stage_own.h"

#include "base/date.h"
#include "base/url.h"
#include "crawler/choose.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "pipeline/shape.h"

static struct stage_own own;

#define HTML "Content-Type: text/html\r\n"
#define FEED "Content-Type: application/rss+xml\r\n"
#define XML "Content-Type: text/xml\r\n"
#define PAGE "<html><body><h1>T</h1><p>Text.</p></body></html>"

static char documents[8][32768], paths[400][24];
static size_t path_count;

static void up(void)
{
    path_count = 0;
    site_up();
    own_up(&own);
}

static void down(void)
{
    assert_string_equal(own.fatal, "");
    own_down(&own);
    site_down();
}

static void rfc3339(int64_t age_ms, char out[DATE_TEXT_MAX])
{
    date_format_ms(clock_unix_ms() - age_ms, out);
}

/* Item n of a document, with its page; age_ms 0: without a date. */
static size_t item(char *at, size_t size, const char *name, int n, int64_t age_ms)
{
    char date[DATE_TEXT_MAX] = "", *path = paths[path_count++];
    snprintf(path, sizeof(paths[0]), "/%s-%d.html", name, n);
    site_set(1, path, 200, HTML, PAGE);
    if (age_ms)
        rfc3339(age_ms, date);
    return (size_t)snprintf(at, size, "<item><title>T</title><link>$1%s</link>%s%s%s</item>", path, age_ms ? "<pubDate>" : "", date,
                            age_ms ? "</pubDate>" : "");
}

static const char *feed_of(char *out, const char *name, int from, int to, int64_t age_ms)
{
    size_t len = (size_t)sprintf(out, "<rss version='2.0'><channel><title>T</title>");
    for (int n = from; n < to; n++)
        len += item(out + len, sizeof(documents[0]) - len, name, n, age_ms);
    strcpy(out + len, "</channel></rss>");
    return out;
}

static struct config_source *source(const char *feed, const char *second)
{
    own_source(&own, "one", "$1/", feed);
    struct config_source *s = &own.config->sources[0];
    if (second)
        s->feeds.items[1] = site_text(second);
    return s;
}

#define HOUR_MS (3600 * 1000LL)

static void only_the_latest_of_the_past(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, 80, 0));
    site_set(1, "/more.xml", 200, FEED, feed_of(documents[1], "b", 0, 30, 0));
    source("$1/feed.xml", "$1/more.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own_ledger(&own, "filtered:old") == 60 && own.got_count >= 50 && site_count(1, "/more.xml") >= 2);
    assert_int_equal(own.got_count, 50); /* of both together */
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[2], "a", 0, 81, 0));
    RUN_UNTIL(&own.loop, own.got_count == 51);
    own_drain(&own);
    own_stop(&own);
    strcpy(own.worker, "worker-2"); /* after a restart it is still known what was read before: what is new is news */
    site_set(1, "/more.xml", 200, FEED, feed_of(documents[3], "b", 0, 32, 0));
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count == 53);
    assert_int_equal(own_ledger(&own, "filtered:old"), 60);
    down();
}

/* A crash in the middle of first readings, and what stands in front has changed when they are made again: the bound holds. */
static void a_crash_in_the_first_reading(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, 40, 0));
    site_set(1, "/more.xml", 200, FEED, feed_of(documents[2], "c", 0, 0, 0)); /* a refusal would hold up the host */
    source("$1/feed.xml", "$1/more.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, own_ledger(&own, "accepted") == 40);
    own_stop(&own); /* not drained: nothing of what is under way is told */
    strcpy(own.worker, "worker-2");
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[1], "b", 0, 30, 0));
    site_set(1, "/more.xml", 200, FEED, feed_of(documents[2], "c", 0, 30, 0));
    redisReply *keys = redis_server_ask(&own.redis, "KEYS tidings:{*}:polls"); /* as if it had been before the feed's own end */
    for (size_t i = 0; i < keys->elements; i++)
        freeReplyObject(redis_server_ask(&own.redis, "DEL %s", keys->element[i]->str));
    freeReplyObject(keys);
    own_start(&own);
    RUN_UNTIL(&own.loop, own_ledger(&own, "filtered:old") == 50 && site_count(1, "/more.xml") >= 3);
    assert_int_equal(own_ledger(&own, "accepted"), 50);
    down();
}

/* An endless source: what it may bring in a day is bounded, and counted. What has room is found at the next polls. */
static void a_source_without_end(void **state)
{
    (void)state;
    up();
    own.config->crawler.source_daily_max = 5;
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, 12, 0));
    source("$1/feed.xml", NULL);
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count >= 5 && site_count(1, "/feed.xml") >= 3);
    assert_int_equal(own.got_count, 5);
    assert_true(own_ledger(&own, "filtered:cap") >= 14);
    assert_true(own_ledger(&own, "found") == own_ledger(&own, "seen") + own_ledger(&own, "filtered:cap") + own_ledger(&own, "accepted"));
    down();
}

static void the_date_decides(void **state)
{
    (void)state;
    static const struct { const char *backfill; size_t fetched; } rows[] = { { "2d", 2 }, { "12h", 1 }, { "all", 3 } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        up();
        size_t len = (size_t)sprintf(documents[0], "<rss version='2.0'><channel><title>T</title>");
        len += item(documents[0] + len, 1000, "now", 0, HOUR_MS);
        len += item(documents[0] + len, 1000, "yesterday", 0, 30 * HOUR_MS);
        len += item(documents[0] + len, 1000, "long-ago", 0, 72 * HOUR_MS);
        strcpy(documents[0] + len, "</channel></rss>");
        site_set(1, "/feed.xml", 200, FEED, documents[0]);
        struct config_source *s = source("$1/feed.xml", NULL);
        free(s->backfill);
        s->backfill = xstrdup(rows[i].backfill);
        own_start(&own);
        RUN_UNTIL(&own.loop, own.got_count >= rows[i].fetched && site_count(1, "/feed.xml") >= 2);
        CHECK(own.got_count == rows[i].fetched, "%s: %zu", rows[i].backfill, own.got_count);
        CHECK(own_ledger(&own, "filtered:old") == (long long)(3 - rows[i].fetched), "%s", rows[i].backfill);
        down();
    }
}

static const char *index_of(char *out, int64_t age_of_second_ms)
{
    char first[DATE_TEXT_MAX], second[DATE_TEXT_MAX];
    rfc3339(HOUR_MS, first);
    rfc3339(age_of_second_ms, second);
    sprintf(out, "<sitemapindex><sitemap><loc>$1/part1.xml</loc><lastmod>%s</lastmod></sitemap>"
                 "<sitemap><loc>$1/part2.xml</loc><lastmod>%s</lastmod></sitemap>"
                 "<sitemap><loc>$1/archive.xml</loc><lastmod>2020-01-01</lastmod></sitemap></sitemapindex>", first, second);
    return out;
}

static const char *part_of(char *out, const char *name, int count)
{
    char date[DATE_TEXT_MAX];
    size_t len = (size_t)sprintf(out, "<urlset>");
    rfc3339(HOUR_MS / 2, date);
    for (int n = 0; n < count; n++) {
        char *path = paths[path_count++];
        snprintf(path, sizeof(paths[0]), "/%s-%d.html", name, n);
        site_set(1, path, 200, HTML, PAGE);
        len += (size_t)sprintf(out + len, "<url><loc>$1%s</loc><lastmod>%s</lastmod></url>", path, date);
    }
    strcpy(out + len, "</urlset>");
    return out;
}

/* The poll of this address is due now, as if its interval were over. */
static void make_due(const char *url)
{
    struct url u;
    unsigned char raw[ID_RAW_LEN];
    char *text = site_text(url);
    assert_true(url_parse(&u, text, strlen(text), NULL, NULL, NULL));
    id_to_raw(&u.id, raw);
    static const struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source =
        "local base_key = string.gsub(KEYS[1], ':polls$', '') partition(base_key, KEYS[2]) local all = polls_all() for i = 1, #all, SHARE_STEP do "
        "if all[i + 1] > 0 and string.sub(all[i], 2) == ARGV[1] then poll_set(all[i], poll_of(all[i], all[i + 2]), 1000) end end return 1" };
    redisReply *keys = redis_server_ask(&own.redis, "KEYS tidings:*:polls");
    for (size_t i = 0; i < keys->elements; i++) {
        struct error err;
        const char *argv[] = { keys->element[i]->str, "tidings", (char *)raw };
        size_t lens[] = { keys->element[i]->len, strlen("tidings"), sizeof(raw) };
        redisReply *reply = redis_ask_script(own.redis.c, &script, 2, COUNT(argv), argv, lens, &err);
        CHECK(reply, "%s", err.message);
        freeReplyObject(reply);
    }
    freeReplyObject(keys);
    url_fini(&u);
    free(text);
}

/* Links without end: what may be one is not followed, and counted. */
static void traps_are_counted(void **state)
{
    (void)state;
    static const char *const traps[] = {
        "/a/a/a/a/a/a.html", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20.html", "/calendar/next/calendar/next/calendar/next/",
        "/x?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1&l=1&m=1&n=1&o=1&p=1&q=1&r=1&s=1&t=1&u=1&v=1&w=1&x=1&y=1&z=1",
    };
    up();
    size_t len = (size_t)sprintf(documents[0], "<rss version='2.0'><channel><title>T</title>");
    for (size_t i = 0; i < COUNT(traps); i++) {
        len += (size_t)sprintf(documents[0] + len, "<item><title>T</title><link><![CDATA[$1%s]]></link></item>", traps[i]);
        site_set(1, traps[i], 200, HTML, PAGE);
    }
    len += item(documents[0] + len, 1000, "a", 0, 0);
    strcpy(documents[0] + len, "</channel></rss>");
    site_set(1, "/feed.xml", 200, FEED, documents[0]);
    source("$1/feed.xml", NULL);
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count == 1 && own_ledger(&own, "filtered:trap") >= (long long)COUNT(traps));
    for (size_t i = 0; i < COUNT(traps); i++)
        assert_int_equal(site_count(1, traps[i]), 0);
    assert_true(own_ledger(&own, "found") == own_ledger(&own, "seen") + own_ledger(&own, "filtered:trap") + own_ledger(&own, "accepted"));
    down();
}

/* In how many ms the only poll there is comes by itself; 0: it is out, or stands in line. */
static long long only_poll_in_ms(void)
{
    static const struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source =
        "local due = 0 for _, key in ipairs(redis.call('KEYS', KEYS[1] .. ':*:polls')) do partition(string.gsub(key, ':polls$', ''), KEYS[1]) "
        "local all = polls_all() if all[2] then due = all[2] end end return due > 0 and due * 1000 - now() or 0" };
    struct error err;
    const char *argv[] = { "tidings" };
    redisReply *reply = redis_ask_script(own.redis.c, &script, 1, 1, argv, NULL, &err);
    CHECK(reply, "%s", err.message);
    long long in_ms = reply->integer;
    freeReplyObject(reply);
    return in_ms;
}

/* Ten minutes more for each failure in a row after the first, and it is read when it is there again. */
static void failures_add_up_and_end(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 500, "", "");
    source("$1/feed.xml", NULL);
    own_start(&own);
    RUN_UNTIL(&own.loop, site_count(1, "/feed.xml") >= 2); /* the first may be chance: asked again as soon as ever */
    for (size_t failures = 2; failures <= 6; failures++) {
        long long wanted_ms = (long long)(failures - 1) * 600000, in_ms = 0;
        RUN_UNTIL(&own.loop, site_count(1, "/feed.xml") >= failures && (in_ms = only_poll_in_ms()) > 60000);
        CHECK(in_ms > wanted_ms * 85 / 100 && in_ms < wanted_ms * 115 / 100, "%zu failures: in %lld ms", failures, in_ms);
        make_due("$1/feed.xml");
    }
    RUN_UNTIL(&own.loop, only_poll_in_ms() > 60000);
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, 1, 0));
    make_due("$1/feed.xml");
    RUN_UNTIL(&own.loop, own.got_count == 1 && site_count(1, "/feed.xml") >= 10); /* and as often as before */
    down();
}

/* Parts are polled by themselves, but no more often than the source's interval asks: here once an hour. The index is read now
 * and then by hand; only what it says has changed is read again. */
static void parts_that_changed(void **state)
{
    (void)state;
    up();
    site_set(1, "/map.xml", 200, XML, index_of(documents[0], HOUR_MS));
    site_set(1, "/part1.xml", 200, XML, part_of(documents[1], "p", 1));
    site_set(1, "/part2.xml", 200, XML, part_of(documents[2], "q", 1));
    struct config_source *s = source(NULL, NULL);
    s->sitemaps.items[0] = site_text("$1/map.xml");
    s->interval_ms = 3600000;
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count == 2);
    assert_int_equal(site_count(1, "/archive.xml"), 0);
    site_set(1, "/part2.xml", 200, XML, part_of(documents[3], "q", 2));
    site_set(1, "/map.xml", 200, XML, index_of(documents[4], -60000));
    make_due("$1/map.xml");
    RUN_UNTIL(&own.loop, own.got_count == 3);
    assert_int_equal(site_count(1, "/map.xml"), 2);
    assert_int_equal(site_count(1, "/part1.xml"), 1);
    assert_int_equal(site_count(1, "/part2.xml"), 2);
    down();
}

/* What a feed's address may come to; discovery then finds the new one. */
static const struct { const char *name; int status; const char *headers, *body; } ends[] = {
    { "gone", 410, "", "" },
    { "not found", 404, "", "" },
    { "a page", 200, HTML, "<!DOCTYPE html><html><body>Welcome</body></html>" },
    { "moved for good", 301, "Location: /new.xml\r\n", "" },
};

static void feeds_that_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        up();
        own.config->crawler.poll_max_ms = 1000; /* failures are asked again soon */
        site_set(1, "/", 200, HTML, "<html><head><link rel=alternate type='application/rss+xml' href='/new.xml'></head></html>");
        site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, 1, 0));
        source("$1/feed.xml", NULL);
        own_start(&own);
        RUN_UNTIL(&own.loop, own.got_count == 1);
        assert_int_equal(site_count(1, "/new.xml"), 0);
        site_set(1, "/feed.xml", ends[i].status, ends[i].headers, ends[i].body);
        site_set(1, "/new.xml", 200, FEED, feed_of(documents[1], "a", 0, 2, 0));
        RUN_UNTIL(&own.loop, own.got_count == 2);
        RUN_UNTIL(&own.loop, site_count(1, "/new.xml") >= 3);
        size_t old = site_count(1, "/feed.xml");
        if (ends[i].status == 301) { /* asked at the new address alone */
            RUN_UNTIL(&own.loop, site_count(1, "/new.xml") >= 5);
            assert_int_equal(site_count(1, "/feed.xml"), old);
        }
        down();
    }
}

static bool status_is(const char *want)
{
    redisReply *reply = redis_server_ask(&own.redis, "HGET tidings:source:one status");
    bool same = strcmp(reply->str ? reply->str : "ok", want) == 0; /* what is fine is not there */
    freeReplyObject(reply);
    return same;
}

static void refused_pages_are_told(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, 6, 0));
    for (size_t i = 0; i < path_count; i++)
        site_set(1, paths[i], 403, HTML, "Forbidden");
    source("$1/feed.xml", NULL);
    own_start(&own);
    RUN_UNTIL(&own.loop, own_ledger(&own, "failed:http_403") == 6);
    RUN_UNTIL(&own.loop, status_is("blocked: 6 of the last 6 pages http_403"));
    down();
}

/* Who is blocked stays so over a restart, until pages come. */
static void blocked_over_a_restart(void **state)
{
    (void)state;
    up();
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, 6, 0));
    for (size_t i = 0; i < path_count; i++)
        site_set(1, paths[i], 403, HTML, "Forbidden");
    source("$1/feed.xml", NULL);
    own_start(&own);
    RUN_UNTIL(&own.loop, status_is("blocked: 6 of the last 6 pages http_403"));
    own_drain(&own);
    own_stop(&own);
    strcpy(own.worker, "worker-2");
    size_t polled = site_count(1, "/feed.xml");
    own_start(&own);
    RUN_UNTIL(&own.loop, site_count(1, "/feed.xml") >= polled + 3);
    assert_true(status_is("blocked: 6 of the last 6 pages http_403"));
    feed_of(documents[1], "b", 0, 1, 0);
    site_set(1, paths[path_count - 1], 403, HTML, "Forbidden");
    site_set(1, "/feed.xml", 200, FEED, documents[1]);
    RUN_UNTIL(&own.loop, status_is("blocked: 7 of the last 7 pages http_403"));
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[2], "c", 0, 3, 0));
    RUN_UNTIL(&own.loop, status_is("ok"));
    RUN_UNTIL(&own.loop, redis_server_number(&own.redis, "HEXISTS tidings:source:one refused") == 1);
    site_set(1, "/feed.xml", 200, FEED, feed_of(documents[3], "d", 0, 10, 0));
    RUN_UNTIL(&own.loop, redis_server_number(&own.redis, "HEXISTS tidings:source:one refused") == 0); /* not longer than needed */
    down();
}

/* Pages turn into walls, and into pages again: answered as such with 200, or all of them leading to one page. */
static const struct { int status; const char *headers, *body, *told; long long failed; } walls[] = {
    { 200, HTML, "<html><script>window._cf_chl_opt={}</script></html>", "blocked: 6 of the last 6 pages Cloudflare check", 6 },
    { 403, HTML, "<script src=https://ct.captcha-delivery.com/c.js></script>", "blocked: 6 of the last 6 pages DataDome check", 6 },
    { 302, "Location: /login?next=x\r\n", "", "blocked: 6 of the last 6 pages led to /login", 6 },
    { 302, "Location: $2/consent\r\n", "", "blocked: 6 of the last 6 pages led to 127.0.0.2", 6 },
    { 302, "Location: /welcome.html\r\n", "", "blocked: 6 of the last 7 pages led to /welcome.html", 6 }, /* two for its name to tell nothing */
};

static void pages_turn_into_walls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(walls); i++) {
        up();
        bool nameless = strstr(walls[i].headers, "/welcome") != NULL;
        site_set(1, "/feed.xml", 200, FEED, feed_of(documents[0], "a", 0, nameless ? 8 : 6, 0));
        for (size_t k = 0; k < path_count; k++)
            site_set(1, paths[k], walls[i].status, walls[i].headers, walls[i].body);
        site_set(1, "/login?next=x", 200, HTML, PAGE);
        site_set(1, "/welcome.html", 200, HTML, PAGE);
        source("$1/feed.xml", NULL);
        own_start(&own);
        RUN_UNTIL(&own.loop, own_ledger(&own, "failed:blocked") == walls[i].failed);
        RUN_UNTIL(&own.loop, status_is(walls[i].told));
        CHECK(own.got_count == nameless, "%s: %zu", walls[i].told, own.got_count);
        site_set(1, "/feed.xml", 200, FEED, feed_of(documents[1], "b", 0, 3, 0));
        RUN_UNTIL(&own.loop, status_is("ok"));
        down();
    }
}

static void fronts_that_are_walls(void **state)
{
    (void)state;
    static const struct { int status; const char *headers, *body, *told; } fronts[] = {
        { 200, HTML, "<html><script>window._cf_chl_opt={}</script></html>", "front page: blocked: Cloudflare check" },
        { 302, "Location: /login?next=x\r\n", "", "front page: blocked: led to 127.0.0.1" },
    };
    for (size_t i = 0; i < COUNT(fronts); i++) {
        up();
        site_set(1, "/", fronts[i].status, fronts[i].headers, fronts[i].body);
        site_set(1, "/login?next=x", 200, HTML, PAGE);
        source(NULL, NULL);
        own_start(&own);
        RUN_UNTIL(&own.loop, status_is(fronts[i].told));
        down();
    }
}

/* As the extractor would have counted it, of addresses like this one. */
static size_t add_shape(unsigned char *at, const char *url, int articles, int others)
{
    struct shape s;
    char *text = site_text(url);
    assert_true(shape_of(text, &s));
    free(text);
    memcpy(at, s.hashes, SHAPE_HASH_BYTES);
    at[4] = (unsigned char)articles;
    at[5] = (unsigned char)others;
    return SHAPE_ENTRY_BYTES;
}

#define LINK(path, text) "<p><a href='" path "'>" text "</a></p>"

/* Two addresses of the same shape, one that is tried although its shape brings no articles (one in CHOOSE_EXPLORE is, by the hash of
 * the whole address and so by the port, too) and one that is not. */
static void tags(const unsigned char *shapes, size_t len, char paths_out[2][40])
{
    static const enum choice wanted[2] = { CHOICE_EXPLORED, CHOICE_PATTERN };
    for (int i = 0, n = 0; i < 2; n = 0, i++) {
        enum choice c;
        do {
            char template[128];
            snprintf(paths_out[i], 40, "/tag/many-%c%c-words-of-interest", 'a' + n / 26 % 26, 'a' + n % 26);
            snprintf(template, sizeof(template), "$1%s", paths_out[i]);
            char *url = site_text(template);
            c = link_choose(&(struct link){ .url = url, .text = "All there is on this matter" }, shapes, len, NULL);
            free(url);
        } while (c != wanted[i] && ++n < 26 * 26);
        CHECK(c == wanted[i], "no address is decided so: %s", choice_words(wanted[i]));
    }
}

/* A site without a feed: what its articles' addresses look like has been learned. */
static void a_front_page_by_what_was_learned(void **state)
{
    unsigned char shapes[SHAPES_BYTES];
    char tag[2][40], front[1000];
    size_t len = 0;
    (void)state;
    up();
    len += add_shape(shapes + len, "$1/story/x-1234", 9, 0);
    len += add_shape(shapes + len, "$1/tag/other-zz-words-of-interest", 0, 9);
    tags(shapes, len, tag);
    snprintf(front, sizeof(front), "<html><body>" LINK("%s", "All there is on this matter") LINK("%s", "All there is on this matter")
             LINK("/new/many-words-of-a-title", "A headline of another kind") LINK("/story/one-1001", "One") LINK("/about", "About us all")
             "</body></html>", tag[0], tag[1]);
    site_set(1, "/", 200, HTML, front);
    site_set(1, "/story/one-1001", 200, HTML, PAGE);
    site_set(1, "/new/many-words-of-a-title", 200, HTML, PAGE);
    site_set(1, tag[0], 200, HTML, PAGE);
    site_set(1, tag[1], 200, HTML, PAGE);
    freeReplyObject(redisCommand(own.redis.c, "SET tidings:shapes:one %b", shapes, len));
    source(NULL, NULL);
    own_start(&own);
    RUN_UNTIL(&own.loop, own.got_count == 3 && own_ledger(&own, "filtered:pattern") >= 2);
    assert_int_equal(own_pages(&own, "$1/story/one-1001"), 1);
    assert_true(strstr(own.got[0].url, "/story/one-1001")); /* first, though it stands below and carries no sign */
    assert_int_equal(site_count(1, tag[0]), 1);
    assert_int_equal(site_count(1, tag[1]), 0);
    assert_int_equal(site_count(1, "/about"), 0);
    assert_true(own_ledger(&own, "found") == own_ledger(&own, "seen") + own_ledger(&own, "filtered:pattern") + own_ledger(&own, "accepted"));
    down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_latest_of_the_past), cmocka_unit_test(a_crash_in_the_first_reading), cmocka_unit_test(blocked_over_a_restart), cmocka_unit_test(traps_are_counted), cmocka_unit_test(failures_add_up_and_end), cmocka_unit_test(a_source_without_end), cmocka_unit_test(the_date_decides), cmocka_unit_test(parts_that_changed),
        cmocka_unit_test(feeds_that_end), cmocka_unit_test(refused_pages_are_told),
        cmocka_unit_test(pages_turn_into_walls), cmocka_unit_test(fronts_that_are_walls), cmocka_unit_test(a_front_page_by_what_was_learned),
    };
    const char *only = getenv("TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    log_set_level(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
