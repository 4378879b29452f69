/* frontier_bench.c - what a frontier costs in Redis: bytes a URL and a source, calls a second. Run by frontier.py. One line of
 * JSON: {"figure": value, …}. frontier_bench [URLS]
 *
 *   frontier_bench URLS SOCKET    only fills the Redis of that socket: all sources polled, so many URLs queued, none of it due. For scale.py Delays are off, Redis is on a socket of the same machine and writes its file every second. */
#define PARTITIONS 256
#include "crawler/schedule.h"
#include "crawler/sources.h"
#include "tests/unit/crawler/frontier_world.h"

#define SOURCES 10000
#define BATCH 500
#define BATCHES_OUT 8

static struct worker w;
static size_t batches_out, handed_back;
static int urls_wanted = 1000000; /* of each kind; a tenth of them is claimed */

static double seconds(void)
{
    return (double)clock_mono_ms() / 1000;
}

static double memory(void)
{
    redisReply *info = redis_server_ask(&server, "INFO memory");
    double bytes = atof(strstr(info->str, "used_memory:") + strlen("used_memory:"));
    freeReplyObject(info);
    return bytes;
}

static double redis_cpu(void)
{
    redisReply *info = redis_server_ask(&server, "INFO cpu");
    double s = atof(strstr(info->str, "used_cpu_user:") + strlen("used_cpu_user:")) +
               atof(strstr(info->str, "used_cpu_sys:") + strlen("used_cpu_sys:"));
    freeReplyObject(info);
    return s;
}

static int polls_out;
static void on_put(void *arg, const struct error *err) { (void)arg, (void)err; polls_out--; }

static void on_refused(void *arg, size_t i, const struct error *why)
{
    (void)arg, (void)i;
    fail_msg("%s", why->message);
}

/* with_feed: the row names it, so that no crawler searches the site. */
static void add_rows(bool with_feed)
{
    struct source *list = xcalloc(SOURCES, sizeof(*list));
    struct error err;
    for (int i = 0; i < SOURCES; i++)
        list[i] = (struct source){ .name = xasprintf("newspaper%d.com", i), .url = xasprintf("https://www.newspaper%d.com/", i),
                                   .feeds.items[0] = with_feed ? xasprintf("https://www.newspaper%d.com/rss/home.xml", i) : NULL };
    CHECK(source_add_all(server.c, prefix, list, SOURCES, on_refused, NULL, &err), "%s", err.message);
    for (int i = 0; i < SOURCES; i++)
        source_fini(&list[i]);
    free(list);
}

static void add_polls(void)
{
    for (int i = 0; i < SOURCES; i++) {
        char name[64], feed[96];
        snprintf(name, sizeof(name), "newspaper%d.com", i);
        snprintf(feed, sizeof(feed), "https://www.newspaper%d.com/rss/home.xml", i);
        struct url u = url_of(feed);
        polls_out++;
        frontier_poll_put(w.f, name, CLAIM_FEED, &u, 0, on_put, NULL);
        url_fini(&u);
        if (polls_out >= 500)
            RUN_UNTIL(&loop, polls_out == 0);
    }
    RUN_UNTIL(&loop, polls_out == 0);
}

/* As a crawler leaves a poll behind: validators, a schedule that has learned, the source's health. */
static void poll_once(struct claim *c, int round)
{
    char etag[32], date[40];
    unsigned char bytes[SCHEDULE_BYTES];
    struct schedule s = { .polled_s = clock_unix_ms() / 1000, .new_s = clock_unix_ms() / 1000, .full_s = clock_unix_ms() / 1000, .items = 20,
                          .days = 9, .lately = 1 };
    for (size_t i = 0; i < COUNT(s.hours); i++)
        s.hours[i] = (uint8_t)(i + (size_t)rand() % 9);
    size_t len = schedule_write(&s, bytes);
    snprintf(etag, sizeof(etag), "\"%08x-%04x\"", (unsigned)rand(), (unsigned)rand() & 0xffff);
    snprintf(date, sizeof(date), "Wed, 25 Nov 2026 %02d:%02d:%02d GMT", rand() % 24, rand() % 60, rand() % 60);
    frontier_ended(w.f, c, clock_mono_ms(), NULL);
    frontier_poll_done(w.f, c, &(struct poll_result){ .etag = etag, .last_modified = date, .next_in_ms = round ? 86400000 : 0, .schedule = bytes,
                       .schedule_len = len, .status = round ? "not modified" : "ok", .ok = true, .items = 20, .accepted = round ? 0 : 3 });
}

static void poll_all(int round)
{
    for (int polled = 0; polled < SOURCES;) {
        frontier_set_room(w.f, 256);
        uv_run(&loop, UV_RUN_ONCE);
        for (size_t i = 0; i < w.count; i++)
            poll_once(w.claims[i], round);
        polled += (int)w.count;
        w.count = 0;
    }
}

static void on_batch(void *arg, const struct discovered *d, const struct error *err)
{
    CHECK(!err && d, "discover");
    (void)arg;
    batches_out--;
}

/* URLs of all sources in turn, as a newspaper has them; a feed's hints with those that are queued. */
static void discover_all(const char *kind, bool queued)
{
    static const char hints[] = "{\"title\":\"Quốc hội thông qua luật sửa đổi về đất đai\",\"published\":\"2026-11-25T09:38:14+07:00\"}";
    static struct url urls[BATCH];
    static struct found found[BATCH];
    static char names[BATCH][64];
    for (int first = 0; first < urls_wanted; first += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            int n = first + i, source = n / 20 % SOURCES; /* 20 of one source together */
            char text[160];
            snprintf(text, sizeof(text), "https://www.newspaper%d.com/%s/2026/11/25/council-votes-on-the-new-budget-%d.html", source, kind, n);
            snprintf(names[i], sizeof(names[i]), "newspaper%d.com", source);
            urls[i] = url_of(text);
            found[i] = (struct found){ .url = &urls[i], .source = names[i], .via = "feed", .filtered = queued ? NULL : "old",
                                       .remember = true, .hints = queued ? hints : NULL };
        }
        batches_out++;
        frontier_discover(w.f, found, BATCH, on_batch, NULL);
        for (int i = 0; i < BATCH; i++)
            url_fini(&urls[i]);
        while (batches_out >= BATCHES_OUT)
            uv_run(&loop, UV_RUN_ONCE);
    }
    while (batches_out > 0)
        uv_run(&loop, UV_RUN_ONCE);
}

static void claim_many(void)
{
    while (handed_back < (size_t)urls_wanted / 10) {
        frontier_set_room(w.f, 256);
        uv_run(&loop, UV_RUN_ONCE);
        for (size_t i = 0; i < w.count; i++) {
            frontier_ended(w.f, w.claims[i], clock_mono_ms(), NULL);
            frontier_complete(w.f, w.claims[i], &(struct result){ .completion = FRONTIER_CLOSE, .outcome = OUTCOME_FAILED, .detail = "http_404" });
        }
        handed_back += w.count;
        w.count = 0;
    }
}

static void measure(void **state)
{
    (void)state;
    worker_open(&w, "one");
    double empty = memory();
    add_rows(false);
    double rows = memory();
    add_polls();
    poll_all(0);
    poll_all(1);
    double sources = memory(), t0 = seconds(), cpu0 = redis_cpu();
    discover_all("archive", false);
    double t1 = seconds(), cpu1 = redis_cpu(), seen = memory();
    discover_all("news", true);
    double t2 = seconds(), cpu2 = redis_cpu(), queued = memory();
    claim_many();
    double t3 = seconds(), cpu3 = redis_cpu();
    double a_seen = (seen - sources) / urls_wanted;
    print_message("{\"bytes_an_added_source\": %.0f, \"bytes_a_source\": %.0f, \"bytes_a_seen_url\": %.1f, \"bytes_a_queued_url\": %.0f, \"seen_a_second\": %.0f, "
                  "\"seen_redis_us\": %.1f, \"queued_a_second\": %.0f, \"queued_redis_us\": %.1f, \"claims_a_second\": %.0f, \"claim_redis_us\": %.1f}\n",
                  (rows - empty) / SOURCES, (sources - empty) / SOURCES, a_seen, (queued - seen) / urls_wanted - a_seen, urls_wanted / (t1 - t0), (cpu1 - cpu0) / urls_wanted * 1e6,
                  urls_wanted / (t2 - t1), (cpu2 - cpu1) / urls_wanted * 1e6, (double)handed_back / (t3 - t2), (cpu3 - cpu2) / (double)handed_back * 1e6);
    worker_close(&w);
}

/* No host may be asked within the hour. */
static void put_off(void)
{
    for (int p = 0; p < PARTITIONS; p++)
        run_script(p, "local later = now() + 3600000 for _, b in ipairs(call('ZRANGE', base .. ':budgets', 0, -1)) do "
                      "host_set(b, later, 0, 0) call('ZADD', base .. ':budgets', later, b) end return 1", 0, NULL);
}

static void fill(const char *socket)
{
    struct error err;
    snprintf(server.socket, sizeof(server.socket), "%s", socket);
    server.c = redis_open(socket, NULL, &err);
    CHECK(server.c, "%s", err.message);
    uv_loop_init(&loop);
    world_open(NULL);
    worker_open(&w, "one");
    add_rows(true);
    add_polls();
    poll_all(0);
    poll_all(1);
    frontier_set_room(w.f, 0);
    discover_all("news", true);
    put_off();
    worker_drain(&w);
    world_close(NULL);
    redisFree(server.c);
    uv_loop_close(&loop);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(measure, world_open, world_close) };
    server.fsync = "everysec";
    if (argc > 1)
        urls_wanted = atoi(argv[1]);
    if (argc > 2) {
        fill(argv[2]);
        return 0;
    }
    return world_run(tests, COUNT(tests));
}
