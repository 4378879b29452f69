/* crowd_test.c - several workers share the frontier, come, go and crash: every page is fetched, and no site sees it, because the
 * delay between two requests is kept whoever makes them. Judged by the server's log. */
#include "tests/unit/crawler/stage_own.h"

#define HTML "Content-Type: text/html\r\n"
#define FEED "Content-Type: application/rss+xml\r\n"
#define PAGE "<html><body><h1>T</h1><p>Text.</p></body></html>"
#define SITES 8
#define PAGES 16
#define DELAY_MS 600

static struct stage_own workers[4];
static char paths[PAGES][16], feeds[SITES][4096];

static void sites(void)
{
    for (int n = 0; n < PAGES; n++)
        snprintf(paths[n], sizeof(paths[n]), "/a%d.html", n);
    for (int h = 1; h <= SITES; h++) {
        char name[16], url[16], *feed = feeds[h - 1];
        size_t len = (size_t)sprintf(feed, "<rss version='2.0'><channel><title>T</title>");
        for (int n = 0; n < PAGES; n++) {
            site_set(h, paths[n], 200, HTML, PAGE);
            len += (size_t)sprintf(feed + len, "<item><title>T</title><link>$%d%s</link></item>", h, paths[n]);
        }
        strcpy(feed + len, "</channel></rss>");
        site_set(h, "/feed.xml", 200, FEED, feed);
        snprintf(name, sizeof(name), "s%d", h);
        snprintf(url, sizeof(url), "$%d/", h);
        char feed_url[32];
        snprintf(feed_url, sizeof(feed_url), "$%d/feed.xml", h);
        own_source(&workers[0], name, url, feed_url);
        workers[0].config->sources[h - 1].interval_ms = 3600000;
    }
}

static size_t arrived(void)
{
    size_t n = 0;
    for (int h = 1; h <= SITES; h++)
        for (int p = 0; p < PAGES; p++) {
            char url[32];
            size_t here = 0;
            snprintf(url, sizeof(url), "$%d/a%d.html", h, p);
            for (size_t w = 0; w < COUNT(workers); w++)
                here += own_pages(&workers[w], url);
            n += here > 0;
        }
    return n;
}

static size_t records(void)
{
    size_t n = 0;
    for (size_t w = 0; w < COUNT(workers); w++)
        n += workers[w].got_count;
    return n;
}

static void check_gaps(void)
{
    for (int h = 1; h <= SITES; h++)
        SITE_CHECK_GAP(h, DELAY_MS);
}

/* The mean gap of a site with work waiting, over all sites. */
static double mean_gap_ms(void)
{
    double sum = 0;
    for (int h = 1; h <= SITES; h++) {
        size_t count;
        int64_t *at_us = site_times_us(h, &count);
        sum += (double)(at_us[count - 1] - at_us[0]) / 1000 / (double)(count - 1) / SITES;
        free(at_us);
    }
    return sum;
}

static void up(size_t count)
{
    site_up();
    memset(workers, 0, sizeof(workers));
    own_up(&workers[0]);
    workers[0].config->crawler.delay_ms = DELAY_MS;
    sites();
    own_start(&workers[0]);
    for (size_t w = 1; w < count; w++) {
        char name[16];
        snprintf(name, sizeof(name), "worker-%zu", w + 1);
        own_join(&workers[w], &workers[0], name);
    }
}

static void down(size_t count)
{
    for (size_t w = count; w-- > 0;) {
        assert_string_equal(workers[w].fatal, "");
        own_down(&workers[w]);
    }
    site_down();
}

static void one_worker_wastes_no_time(void **state)
{
    (void)state;
    up(1);
    RUN_UNTIL(workers[0].at, arrived() == SITES * PAGES);
    check_gaps();
    print_message("mean gap %.0f ms, delay %d ms\n", mean_gap_ms(), DELAY_MS);
    assert_int_equal(records(), SITES * PAGES);
    down(1);
}

static void workers_come_go_and_crash(void **state)
{
    (void)state;
    up(4);
    own_start(&workers[1]);
    RUN_UNTIL(workers[0].at, arrived() >= 20);
    own_start(&workers[2]); /* comes: takes over what it ranks first for, after the others have given it back */
    RUN_UNTIL(workers[0].at, arrived() >= 50);
    own_stop(&workers[1]); /* crashes: nothing is given back */
    RUN_UNTIL(workers[0].at, arrived() >= 80);
    own_drain(&workers[0]); /* goes */
    own_stop(&workers[0]);
    own_start(&workers[3]);
    RUN_UNTIL(workers[0].at, arrived() == SITES * PAGES);
    check_gaps();
    /* Once each, and what the crash caught: at most one of a site. */
    assert_in_range(records(), SITES * PAGES, SITES * PAGES + SITES);
    down(4);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(one_worker_wastes_no_time), cmocka_unit_test(workers_come_go_and_crash) };
    const char *only = getenv("TEST_ONLY");
    if (only)
        cmocka_set_test_filter(only);
    log_set_level(getenv("TEST_LOG") ? LOG_DEBUG : LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
