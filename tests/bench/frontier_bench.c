/* frontier_bench.c - what a frontier costs in Redis: bytes a URL and a source, calls a second. Run by frontier.py. One line of
 * JSON: {"figure": value, …}. Delays are off, Redis is on a socket of the same machine and writes its file every second. */
#define PARTITIONS 256
#include "tests/unit/crawler/frontier_world.h"

#define SOURCES 10000
#define URLS 1000000
#define CLAIMED 100000
#define BATCH 500
#define BATCHES_OUT 8

static struct worker w;
static size_t batches_out, handed_back;

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

static void add_sources(void)
{
    for (int i = 0; i < SOURCES; i++) {
        char name[64], feed[96];
        snprintf(name, sizeof(name), "newspaper%d.com", i);
        snprintf(feed, sizeof(feed), "https://www.newspaper%d.com/rss/home.xml", i);
        freeReplyObject(redis_server_ask(&server, "HSET %s:source:%s url https://www.newspaper%d.com/ origin added state active added_at 1795602188761 "
                                         "last_poll_at 1795602188761 last_ok_at 1795602188761 last_new_at 1795602188761 status ok items 20 errors 0",
                                         prefix, name, i));
        freeReplyObject(redis_server_ask(&server, "ZADD %s:sources:%d %d %s", prefix, i % 128, i, name));
        struct url u = url_of(feed);
        polls_out++;
        frontier_poll_put(w.f, name, CLAIM_FEED, &u, 86400000, on_put, NULL);
        url_fini(&u);
        if (polls_out >= 500)
            RUN_UNTIL(&loop, polls_out == 0);
    }
    RUN_UNTIL(&loop, polls_out == 0);
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
    for (int first = 0; first < URLS; first += BATCH) {
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
    while (handed_back < CLAIMED) {
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
    add_sources();
    double sources = memory(), t0 = seconds(), cpu0 = redis_cpu();
    discover_all("archive", false);
    double t1 = seconds(), cpu1 = redis_cpu(), seen = memory();
    discover_all("news", true);
    double t2 = seconds(), cpu2 = redis_cpu(), queued = memory();
    claim_many();
    double t3 = seconds(), cpu3 = redis_cpu();
    double a_seen = (seen - sources) / URLS;
    print_message("{\"bytes_a_source\": %.0f, \"bytes_a_seen_url\": %.1f, \"bytes_a_queued_url\": %.0f, \"seen_a_second\": %.0f, "
                  "\"seen_redis_us\": %.1f, \"queued_a_second\": %.0f, \"queued_redis_us\": %.1f, \"claims_a_second\": %.0f, \"claim_redis_us\": %.1f}\n",
                  (sources - empty) / SOURCES, a_seen, (queued - seen) / URLS - a_seen, URLS / (t1 - t0), (cpu1 - cpu0) / URLS * 1e6,
                  URLS / (t2 - t1), (cpu2 - cpu1) / URLS * 1e6, (double)handed_back / (t3 - t2), (cpu3 - cpu2) / (double)handed_back * 1e6);
    worker_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(measure, world_open, world_close) };
    server.fsync = "everysec";
    return world_run(tests, COUNT(tests));
}
