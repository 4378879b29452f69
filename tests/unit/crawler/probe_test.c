/* probe_test.c - what is said about sites of every kind, and why nothing will come. */
#include "crawler/probe.h"

#include "tests/unit/check.h"
#include "tests/unit/crawler/site.h"

#define HTML "Content-Type: text/html\r\n"
#define FEED "Content-Type: application/rss+xml\r\n"

static const char feed[] = "<rss version='2.0'><channel><title>T</title><item><title>One</title><link>$1/one.html</link></item>"
                           "<item><title>Two</title><link>$1/two.html</link></item></channel></rss>";
static const char front_of_feed[] = "<html><head><link rel=alternate type='application/rss+xml' href='/feed.xml'></head></html>";
static const char front_of_links[] = "<html><main><h2><a href='/a-story-of-cats-and-dogs.html'>A story of cats and dogs</a></h2></main></html>";

static const struct {
    const char *name;
    int front_status;
    const char *front_headers, *front, *robots; /* robots NULL: 404 */
    bool has_feed;
    bool yields, unreachable;
    const char *watch;                          /* kind and path of the first */
    size_t samples;
    const char *why;
} rows[] = {
    { "declared feed", 200, HTML, front_of_feed, NULL, true, true, false, "feed /feed.xml", 2, "" },
    { "feed at a well-known path", 200, HTML, "<html></html>", "User-agent: *\nCrawl-delay: 0.01\n", true, true, false, "feed /feed.xml", 2, "" },
    { "front page", 200, HTML, front_of_links, "", false, true, false, "front /", 1, "" },
    { "the address is a feed", 200, FEED, feed, "", false, true, false, "feed /", 2, "" },
    { "nothing", 200, HTML, "<html></html>", "", false, false, false, "front /", 0, "no link on the page" },
    { "denied", 200, HTML, front_of_links, "User-agent: *\nDisallow: /\n", false, false, false, NULL, 0, "robots.txt does not allow it: line 2" },
    { "wall", 403, HTML, "<script>window._cf_chl_opt={}</script>", "", false, false, false, NULL, 0, "Cloudflare check (http 403)" },
    { "wall of 200", 200, HTML, "<script>document.cookie='a=1';location.reload()</script>", "", false, false, false, NULL, 0, "cookie check" },
    { "wall told by its header", 200, HTML "cf-mitigated: challenge\r\n", front_of_links, "", false, false, false, NULL, 0, "Cloudflare check (http 200)" },
    { "moved away", 404, HTML, "", "", false, false, false, NULL, 0, "no such page" },
    { "a loop", 302, "Location: /\r\n", "", "", false, false, false, NULL, 0, "too many redirects" },
    { "no answer", -1, "", "", "", false, false, true, NULL, 0, "it broke off: " },
};

static void every_site(void **state)
{
    (void)state;
    struct error err;
    struct config *config = config_load(NULL, NULL, 0, &err);
    struct suffix_list *list = suffix_list_load(NULL, &err);
    static const char *const kinds[] = { "page", "front", "feed", "sitemap", "discovery" };
    config->crawler.allow_private = true;
    config->crawler.delay_ms = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct probe p;
        site_up();
        if (rows[i].robots)
            site_set(1, "/robots.txt", 200, "", rows[i].robots);
        if (rows[i].has_feed)
            site_set(1, "/feed.xml", 200, FEED, feed);
        site_set(1, "/", rows[i].front_status, rows[i].front_headers, rows[i].front);
        struct visitor *v = visitor_create(config, list, PROBE_LIMIT_MS, &err);
        char *site_url = site_text("$1/");
        probe_run(v, config, list, site_url, &p);
        CHECK(p.yields == rows[i].yields && p.unreachable == rows[i].unreachable, "%s: %s", rows[i].name, p.why);
        CHECK(strstr(p.why, rows[i].why) && (rows[i].why[0] || !p.why[0]), "%s: %s", rows[i].name, p.why);
        CHECK((p.why[0] == '\0') == (p.remedy[0] == '\0'), "%s: a remedy for each reason", rows[i].name);
        CHECK(p.sample_count == rows[i].samples, "%s: %zu samples", rows[i].name, p.sample_count);
        char watch[200] = "";
        if (p.watch_count)
            snprintf(watch, sizeof(watch), "%s %s", kinds[p.watches[0].kind], strchr(p.watches[0].url + 7, '/'));
        CHECK(strcmp(watch, rows[i].watch ? rows[i].watch : "") == 0, "%s: %s", rows[i].name, watch);
        probe_fini(&p);
        visitor_destroy(v);
        free(site_url);
        site_down();
    }
    suffix_list_destroy(list);
    config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_site) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
