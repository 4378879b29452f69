/* page_fetch_test.c - the order of effects of every way an article URL can go, read from a journal of what reached the
 * frontier and the producer. */
#include "tests/unit/check.h"
#include "tests/unit/crawler/fake.h"

#include "crawler/reader.h"

#include <zlib.h>

#define LARGE (300 * 1024)

static char large[LARGE]; /* does not compress below the limit */
static const char *robots_text = "User-agent: *\nDisallow: /private\nCrawl-delay: 0.2\n";
static int robots_status = 200;

static bool is(const struct web_request *r, const char *path)
{
    return strcmp(r->path, path) == 0;
}

static bool to_port(struct web_request *r, const char *host, const char *path, int status)
{
    char headers[256];
    snprintf(headers, sizeof(headers), "Location: http://%s:%d%s\r\n", host, r->web->port, path);
    return web_text(r, status, headers, "");
}

#define SENTENCE "The new bridge over the river was opened to traffic on Sunday morning after four years of work, the city said in a statement. "
#define WHOLE "&lt;p&gt;" SENTENCE SENTENCE SENTENCE "&lt;/p&gt;&lt;p&gt;" SENTENCE SENTENCE SENTENCE "&lt;/p&gt;"

/* A feed that carries its articles whole. */
static bool full_feed(struct web_request *r)
{
    static const char *const paths[] = { "/status/403", "/wall", "/to-login", "/to-consent", "/status/429", "/status/404", "/private/x" };
    struct buffer b;
    buffer_init(&b, 0);
    buffer_puts(&b, "<rss version='2.0'><channel><title>T</title>");
    for (size_t i = 0; i < COUNT(paths); i++)
        buffer_printf(&b, "<item><title>Bridge &amp;amp; river</title><link>http://127.0.0.1:%d%s</link><description>" WHOLE "</description>"
                          "<content:encoded>" WHOLE "</content:encoded></item>", r->web->port, paths[i]);
    buffer_puts(&b, "</channel></rss>");
    bool keep = web_text(r, 200, "Content-Type: application/rss+xml\r\n", buffer_str(&b));
    buffer_fini(&b);
    return keep;
}

static bool site(struct web_request *r)
{
    static const char html[] = "Content-Type: text/html; charset=utf-8\r\n";
    int n;
    if (is(r, "/robots.txt"))
        return web_text(r, robots_status, "Content-Type: text/plain\r\n", robots_text);
    if (is(r, "/full-feed") || is(r, "/private/full-feed"))
        return full_feed(r);
    if (is(r, "/ok"))
        return web_text(r, 200, html, "<p>hello");
    if (is(r, "/etag"))
        return web_text(r, strstr(r->text, "If-None-Match: \"e1\"") ? 304 : 200, html, "");
    if (sscanf(r->path, "/status/%d", &n) == 1)
        return web_text(r, n, n == 429 ? "Retry-After: 120\r\n" : html, "text");
    if (is(r, "/moved"))
        return web_text(r, 301, "Location: /ok\r\n", "");
    if (is(r, "/to-private"))
        return web_text(r, 302, "Location: /private/x\r\n", "");
    if (is(r, "/out"))
        return to_port(r, "localhost", "/ok", 302);
    if (is(r, "/loop"))
        return web_text(r, 302, "Location: /loop\r\n", "");
    if (is(r, "/nowhere"))
        return web_text(r, 302, "", "");
    if (is(r, "/mailto"))
        return web_text(r, 302, "Location: mailto:a@b.c\r\n", "");
    if (is(r, "/cookie"))
        return strstr(r->text, "Cookie: seen=1") ? web_text(r, 200, html, "with cookie")
                                                 : web_text(r, 302, "Set-Cookie: seen=1; Path=/\r\nLocation: /cookie\r\n", "");
    if (is(r, "/pdf"))
        return web_text(r, 200, "Content-Type: application/pdf\r\n", "%PDF");
    if (is(r, "/wall"))
        return web_text(r, 200, html, "<script>window._cf_chl_opt={}</script>");
    if (is(r, "/mitigated"))
        return web_text(r, 200, "Content-Type: text/html\r\ncf-mitigated: challenge\r\n", "x");
    if (is(r, "/wall-429"))
        return web_text(r, 429, html, "<div class=g-recaptcha></div>");
    if (is(r, "/to-login"))
        return web_text(r, 302, "Location: /login?from=x\r\n", "");
    if (strncmp(r->path, "/login", 6) == 0)
        return web_text(r, 200, html, "<form>");
    if (is(r, "/to-consent"))
        return to_port(r, "localhost", "/consent", 302);
    if (is(r, "/large-403"))
        return web_answer(r, 403, html, large, LARGE);
    if (is(r, "/large"))
        return web_answer(r, 200, html, large, LARGE);
    if (is(r, "/cut"))
        return web_printf(r, "HTTP/1.1 200 OK\r\n%sContent-Length: 100\r\n\r\nhello", html), false;
    if (is(r, "/silent"))
        return web_hang(r), false;
    return web_text(r, 404, "", "");
}

static const struct { const char *path, *journal; } ways[] = {
    { "/ok", "robots? robots:200 slot ended crawl-delay:200 page delivered SENT" },
    { "/private/x", "robots? robots:200 ended crawl-delay:0 CLOSE:failed:robots" },
    { "/moved", "robots? robots:200 slot seen? slot ended crawl-delay:200 page delivered SENT+end" },
    { "/to-private", "robots? robots:200 slot seen? ended crawl-delay:200 CLOSE:failed:robots" },
    { "/out", "robots? robots:200 slot ended crawl-delay:200 discover:1/1:reopened replied CLOSE:redirected" },
    { "/loop", "robots? robots:200 slot slot slot slot slot slot ended crawl-delay:200 CLOSE:failed:redirect_loop" },
    { "/nowhere", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:redirect_loop" },
    { "/mailto", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:redirect_loop" },
    { "/cookie", "robots? robots:200 slot slot ended crawl-delay:200 page delivered SENT" },
    { "/pdf", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:not_html" },
    { "/large", "robots? robots:200 slot ended crawl-delay:200 deadletter delivered CLOSE:deadlettered" },
    { "/cut", "robots? robots:200 slot slot ended crawl-delay:200 RETRY" },
    { "/status/404", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:http_404" },
    { "/status/410", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:http_410" },
    { "/status/403", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:http_403" },
    { "/wall", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:blocked" },
    { "/mitigated", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:blocked" },
    { "/wall-429", "robots? robots:200 slot ended:failed crawl-delay:200 RETRY" },
    { "/to-login", "robots? robots:200 slot seen? slot ended crawl-delay:200 CLOSE:failed:blocked" },
    { "/to-consent", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:blocked" },
    { "/large-403", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:http_403" },
    { "/status/418", "robots? robots:200 slot ended crawl-delay:200 CLOSE:failed:http_4xx" },
    { "/status/429", "robots? robots:200 slot ended:failed retry-after:120000 crawl-delay:200 RETRY" },
    { "/status/500", "robots? robots:200 slot ended crawl-delay:200 RETRY" },
    { "/status/503", "robots? robots:200 slot ended:failed crawl-delay:200 RETRY" },
    { "/silent", "robots? robots:200 slot ended:failed crawl-delay:200 RETRY" },
};

/* A denied URL tells nothing about the delay: strip the word so that rows stay readable. */
static bool same(const char *got, const char *want)
{
    char text[512], *cut;
    snprintf(text, sizeof(text), "%s", want);
    if ((cut = strstr(text, " crawl-delay:0")))
        memmove(cut, cut + 14, strlen(cut + 14) + 1);
    return strcmp(got, text) == 0;
}

static void every_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        fake_up(site);
        page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, ways[i].path));
        const char *got = fake_run(NULL);
        CHECK(same(got, ways[i].journal), "%s:\n  got  %s\n  want %s", ways[i].path, got, ways[i].journal);
        fake_down();
    }
}

/* The page is blocked, and the feed that named it carried the article. */
static const struct { const char *path, *feed; int attempts; const char *via, *journal; } from_feeds[] = {
    { "/status/403", "/full-feed", 0, "feed", "robots? robots:200 slot slot ended page delivered SENT" },
    { "/wall", "/full-feed", 0, "feed", "robots? robots:200 slot slot ended page delivered SENT" },
    { "/to-login", "/full-feed", 0, "feed", "robots? robots:200 slot seen? slot slot ended page delivered SENT" },
    { "/to-consent", "/full-feed", 0, "feed", "robots? robots:200 slot slot ended page delivered SENT" },
    { "/status/429", "/full-feed", 5, "feed", "robots? robots:200 slot ended:failed retry-after:120000 RETRY" }, /* not while it asks for a pause */
    { "/status/429", "/full-feed", 6, "feed", "robots? robots:200 slot ended page delivered SENT" },             /* but then, without the page */
    { "/status/403", "/ok", 0, "feed", "robots? robots:200 slot slot ended CLOSE:failed:http_403" },               /* no feed any more */
    { "/status/403", "/private/full-feed", 0, "feed", "robots? robots:200 slot ended CLOSE:failed:http_403" },     /* robots.txt */
    { "/status/403", "http://localhost/full-feed", 0, "feed", "robots? robots:200 slot ended CLOSE:failed:http_403" }, /* another budget's */
    { "/status/403", "/full-feed", 0, "recheck", "robots? robots:200 slot ended CLOSE:failed:http_403" },
    { "/private/x", "/full-feed", 0, "feed", "robots? robots:200 ended CLOSE:failed:robots" }, /* what is not allowed is not got round */
    { "/status/404", "/full-feed", 0, "feed", "robots? robots:200 slot ended CLOSE:failed:http_404" },
};

static struct claim *claim_of_feed(const char *path, const char *feed)
{
    struct claim *c = fake_claim(CLAIM_PAGE, path);
    free(c->hints);
    c->hints = xasprintf("{\"t\":\"Bridge & river\",\"f\":\"%s\"}", feed);
    return c;
}

static void instead_of_blocked_pages(void **state)
{
    const char *rules = robots_text;
    (void)state;
    robots_text = "User-agent: *\nDisallow: /private\n";
    for (size_t i = 0; i < COUNT(from_feeds); i++) {
        fake_up(site);
        struct readers *readers = fake.crawl.readers = readers_create(&fake.loop, 2);
        struct claim *c = claim_of_feed(from_feeds[i].path, from_feeds[i].feed);
        c->attempts = from_feeds[i].attempts;
        free(c->via);
        c->via = xstrdup(from_feeds[i].via);
        page_fetch_begin(&fake.crawl, c);
        const char *got = fake_run(NULL);
        CHECK(strcmp(got, from_feeds[i].journal) == 0, "%s, %s:\n  got  %s\n  want %s", from_feeds[i].path, from_feeds[i].feed, got, from_feeds[i].journal);
        if (strstr(got, "SENT")) {
            struct buffer plain;
            buffer_init(&plain, 10000);
            assert_string_equal(fake.page_body_from, "feed");
            assert_true(decode_body(fake.page_body, fake.page_len, "zstd", NULL, &plain, NULL, NULL));
            CHECK(strstr(buffer_str(&plain), "<h1>Bridge &amp; river</h1><p>" SENTENCE), "%s", buffer_str(&plain));
            buffer_fini(&plain);
        }
        readers_destroy(readers);
        fake_down();
    }
    robots_text = rules;
}

/* Aborted before anything was asked: what the host's row says of its delay stays. */
static void nothing_is_told_of_a_host_not_asked(void **state)
{
    (void)state;
    fake_up(site);
    struct claim *c = claim_of_feed("/status/429", "/full-feed");
    c->attempts = 6;
    page_fetch_begin(&fake.crawl, c);
    work_abort(fake.crawl.works);
    assert_string_equal(buffer_str(&fake.journal), "ended:unsent ABANDON");
    assert_int_equal(fake.ended_crawl_delay_ms, -1);
    fake_down();
}

/* One reading of the feed serves all of its pages. */
static void a_feed_is_read_once(void **state)
{
    const char *rules = robots_text;
    (void)state;
    robots_text = "";
    fake_up(site);
    struct readers *readers = fake.crawl.readers = readers_create(&fake.loop, 2);
    page_fetch_begin(&fake.crawl, claim_of_feed("/status/403", "/full-feed"));
    fake_run(NULL);
    buffer_clear(&fake.journal);
    page_fetch_begin(&fake.crawl, claim_of_feed("/wall", "/full-feed"));
    assert_string_equal(fake_run(NULL), "ended page delivered SENT");
    buffer_clear(&fake.journal);
    page_fetch_begin(&fake.crawl, claim_of_feed("/wall", "/full-feed")); /* taken: it is not kept for ever */
    assert_string_equal(fake_run(NULL), "ended CLOSE:failed:blocked");
    readers_destroy(readers);
    fake_down();
    robots_text = rules;
}

static void what_travels(void **state)
{
    (void)state;
    fake_up(site);
    page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, "/cookie"));
    fake_run(NULL);
    assert_string_equal(fake.page_framed, "zstd"); /* a plain body travels in a frame of ours */
    struct buffer plain;
    buffer_init(&plain, 1000);
    assert_true(decode_body(fake.page_body, fake.page_len, "zstd", NULL, &plain, NULL, NULL));
    assert_string_equal(buffer_str(&plain), "with cookie");
    buffer_fini(&plain);
    fake_down();
}

static void rechecks(void **state)
{
    (void)state;
    static const struct { const char *path, *etag, *last; int attempts; } rows[] = {
        { "/etag", "\"e1\"", "CLOSE:unchanged", 0 }, { "/status/410", NULL, "SENT", 0 }, { "/status/404", NULL, "RETRY", 0 },
        { "/status/404", NULL, "SENT", 2 }, { "/status/500", NULL, "RETRY", 4 }, { "/status/500", NULL, "CLOSE:failed:http_500", 5 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        fake_up(site);
        struct claim *c = fake_claim(CLAIM_PAGE, rows[i].path);
        c->step = 1;
        c->attempts = rows[i].attempts;
        c->etag = xstrdup(rows[i].etag);
        page_fetch_begin(&fake.crawl, c);
        const char *got = fake_run(NULL), *last = strrchr(got, ' ') + 1;
        CHECK(strcmp(last, rows[i].last) == 0, "%s after %d: %s", rows[i].path, rows[i].attempts, got);
        CHECK(strstr(got, "page:gone") ? strcmp(rows[i].last, "SENT") == 0 : strcmp(rows[i].last, "SENT") != 0, "%s: %s", rows[i].path, got);
        fake_down();
    }
}

static void robots_unreachable(void **state)
{
    (void)state;
    static const struct { int status; const char *journal; } rows[] = {
        { 503, "robots? robots:503 ended:failed RETRY" }, { 500, "robots? robots:500 ended RETRY" },
        { 429, "robots? robots:429 ended:failed RETRY" }, { 404, "robots? robots:404 slot ended page delivered SENT" },
        { 403, "robots? robots:403 slot ended page delivered SENT" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        fake_up(site);
        robots_status = rows[i].status;
        page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, "/ok"));
        const char *got = fake_run(NULL);
        CHECK(strcmp(got, rows[i].journal) == 0, "%d: %s", rows[i].status, got);
        fake_down();
    }
    robots_status = 200;
}

static void robots_from_redis(void **state)
{
    (void)state;
    fake_up(site);
    fake.robots_status = 200;
    fake.robots_body = "User-agent: tidings\nDisallow: /ok\n";
    page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, "/ok"));
    assert_string_equal(fake_run(NULL), "robots? ended:unsent CLOSE:failed:robots");
    buffer_clear(&fake.journal); /* now from memory */
    page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, "/moved"));
    assert_string_equal(fake_run(NULL), "seen? ended CLOSE:failed:robots");
    fake_down();
}

static void end_seen_before(void **state)
{
    (void)state;
    fake_up(site);
    fake.seen = true;
    page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, "/moved"));
    assert_non_null(strstr(fake_run(NULL), "slot seen? ended crawl-delay:200 CLOSE:duplicate"));
    fake_down();
}

/* Without room page or dead letter waits; with room it goes; complete only after the delivery report. */
static void producer_full(void **state)
{
    (void)state;
    static const struct { const char *path, *sent, *last; } rows[] = {
        { "/ok", " page", "page delivered SENT" }, { "/large", " deadletter", "deadletter delivered CLOSE:deadlettered" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        fake_up(site);
        fake.full = true;
        fake.deliver = false;
        page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, rows[i].path));
        fake_run("crawl-delay:200");
        for (int turns = 0; !fake.crawl.unsent; turns++) {
            CHECK(fake.crawl.works && turns < 10000, "%s did not wait: %s", rows[i].path, buffer_str(&fake.journal));
            uv_run(&fake.loop, UV_RUN_ONCE);
        }
        page_fetch_send_waiting(&fake.crawl);
        assert_non_null(fake.crawl.unsent);
        fake.full = false;
        page_fetch_send_waiting(&fake.crawl);
        assert_null(fake.crawl.unsent);
        fake_run(rows[i].sent);
        /* a page's bytes are counted until they are delivered; a dead letter has none */
        CHECK((budget_used(fake.budget) > 0) == (i == 0), "%s: %zu bytes", rows[i].path, budget_used(fake.budget));
        deliver(NULL);
        CHECK(strstr(fake_run(NULL), rows[i].last), "%s: %s", rows[i].path, buffer_str(&fake.journal));
        fake_down();
    }
}

/* What can never be sent ends; a producer that is dead ends the process, and the request stays open for the next one. */
static void producer_refuses(void **state)
{
    (void)state;
    static const struct { const char *path; enum error_kind kind; const char *last; } rows[] = {
        { "/ok", ERROR_INVALID, "CLOSE:failed:produce" }, { "/large", ERROR_INVALID, "CLOSE:failed:produce" },
        { "/ok", ERROR_SYSTEM, "crawl-delay:200" },      { "/large", ERROR_SYSTEM, "crawl-delay:200" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { rows[i].kind, "no" };
        fake_up(site);
        fake.unsendable = &err;
        page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, rows[i].path));
        const char *got = fake_run(rows[i].kind == ERROR_SYSTEM ? rows[i].last : NULL);
        CHECK(strstr(got, rows[i].last) && !strstr(got, "RETRY"), "%s: %s", rows[i].path, got);
        CHECK((fake.crawl.works != NULL) == (rows[i].kind == ERROR_SYSTEM), "%s: %s", rows[i].path, got);
        fake_down();
    }
}

/* Lost at every point of the way: abandoned once, never completed, whatever comes back later. */
static void lease_lost(void **state)
{
    (void)state;
    static const struct { const char *path, *at; } rows[] = {
        { "/ok", "robots?" }, { "/ok", "robots:200" }, { "/ok", "slot" }, { "/silent", "slot" }, { "/moved", "seen?" },
        { "/ok", " page" }, { "/out", "discover:1/1:reopened" }, { "/large", "deadletter" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        fake_up(site);
        fake.deliver = fake.answer_discover = false;
        fake.hold_seen = true;
        page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, rows[i].path));
        fake_run(rows[i].at);
        work_abort(fake.crawl.works);
        if (fake.on_delivery)
            deliver(NULL);
        if (fake.on_discovered)
            answer_discovered(NULL);
        if (fake.seen_arg)
            answer_seen(fake.seen_arg);
        const char *got = fake_run(NULL);
        CHECK(strstr(got, "ABANDON"), "%s at %s: %s", rows[i].path, rows[i].at, got);
        CHECK(!strstr(got, "SENT") && !strstr(got, "CLOSE") && !strstr(got, "RETRY"), "%s at %s: %s", rows[i].path, rows[i].at, got);
        uv_run(&fake.loop, UV_RUN_NOWAIT);
        fake_down();
    }
}

static void redirect_hops_between_domains(void **state)
{
    (void)state;
    fake_up(site);
    struct claim *c = fake_claim(CLAIM_PAGE, "/out");
    free(c->hints);
    c->hints = xstrdup("{\"t\":\"Title\",\"r\":4}");
    page_fetch_begin(&fake.crawl, c);
    fake_run(NULL);
    assert_string_equal(fake.hints, "{\"t\":\"Title\",\"r\":5}");
    c = fake_claim(CLAIM_PAGE, "/out");
    free(c->hints);
    c->hints = xstrdup(fake.hints);
    page_fetch_begin(&fake.crawl, c);
    assert_non_null(strstr(fake_run(NULL), "CLOSE:failed:redirect_loop"));
    fake_down();
}

static void dropped_with_the_stage(void **state)
{
    (void)state;
    static const char *const until[] = { "robots:200", "slot", " page" };
    for (size_t i = 0; i < COUNT(until); i++) {
        fake_up(site);
        fake.deliver = false;
        page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, "/ok"));
        fake_run(until[i]);
        fake_down();
    }
}

/* Redis says that the slot is not this claim's any more, before the frontier noticed: nothing is sent. */
static void slot_lost(void **state)
{
    (void)state;
    fake_up(site);
    fake.slot_fails = true;
    page_fetch_begin(&fake.crawl, fake_claim(CLAIM_PAGE, "/ok"));
    const char *got = fake_run(NULL);
    CHECK(strcmp(got, "robots? robots:200 slot ended ABANDON") == 0, "%s", got);
    fake_down();
}

int main(void)
{
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < sizeof(large); i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        large[i] = (char)x;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slot_lost),
        cmocka_unit_test(every_way), cmocka_unit_test(instead_of_blocked_pages), cmocka_unit_test(a_feed_is_read_once),
        cmocka_unit_test(nothing_is_told_of_a_host_not_asked), cmocka_unit_test(what_travels), cmocka_unit_test(rechecks), cmocka_unit_test(robots_unreachable),
        cmocka_unit_test(robots_from_redis), cmocka_unit_test(end_seen_before), cmocka_unit_test(producer_full), cmocka_unit_test(producer_refuses),
        cmocka_unit_test(lease_lost), cmocka_unit_test(redirect_hops_between_domains), cmocka_unit_test(dropped_with_the_stage),
    };
    const char *only = getenv("TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
