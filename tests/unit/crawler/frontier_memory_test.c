/* frontier_memory_test.c - what Redis holds for a source, a poll, a URL: bounds with some slack, the figures are those of
 * tests/bench/frontier.py. */
#include "tests/unit/crawler/frontier_world.h"

#include "crawler/sources.h"

#define SOURCES 8000
#define URLS 40000
#define BATCH 500

static double memory(void)
{
    redisReply *info = redis_server_ask(&server, "INFO memory");
    double bytes = atof(strstr(info->str, "used_memory_dataset:") + strlen("used_memory_dataset:"));
    freeReplyObject(info);
    return bytes;
}

static void on_refused(void *arg, size_t i, const struct error *why)
{
    (void)arg, (void)i;
    fail_msg("%s", why->message);
}

static void a_source(void **state)
{
    (void)state;
    struct source *list = xcalloc(SOURCES, sizeof(*list));
    struct error err;
    double before = memory();
    for (int i = 0; i < SOURCES; i++)
        list[i] = (struct source){ .name = xasprintf("newspaper%d.com", i), .url = xasprintf("https://www.newspaper%d.com/", i) };
    CHECK(source_add_all(server.c, prefix, list, SOURCES, on_refused, NULL, &err), "%s", err.message);
    double each = (memory() - before) / SOURCES;
    CHECK(each < 200, "%.0f bytes", each);
    for (int i = 0; i < SOURCES; i++)
        source_fini(&list[i]);
    free(list);
}

/* With validators and a schedule, due some time. */
static void a_poll(void **state)
{
    (void)state;
    double before = memory();
    run_script(0, "for i = 1, 2000 do local name = 'newspaper' .. i .. '.com' local id = string.rep(struct.pack('>I4', i * 2654435761 % 4294967296), 4) "
                  "local rec = record({ id = id, url = 'https://www.' .. name .. '/rss/home.xml', source = name, kind = 2, budget = name, "
                  "etag = '\"67c1a2b3-4d2e\"', last_modified = string.rep('x', 5) }) "
                  "rec[R_POLLED], rec[R_SCHEDULE] = 1, string.rep('s', 54) poll_set('2' .. id, rec, now() + 86400000) end return 1", 0, NULL);
    double each = (memory() - before) / 2000;
    CHECK(each < 190, "%.0f bytes", each);
    CHECK(run_script(0, "return #polls_all() / SHARE_STEP", 0, NULL) == 2000, "all are there, in shares of shares");
    CHECK(run_script(0, "local all = polls_all() for i = 1, #all, SHARE_STEP do "
                        "if poll_get(all[i])[R_SOURCE] ~= poll_of(all[i], all[i + 2])[R_SOURCE] then return 0 end end return 1", 0, NULL) == 1, "and found");
    CHECK(run_script(0, "local all = polls_all() for i = 1, #all, SHARE_STEP do poll_remove(all[i]) end "
                        "return #polls_all() + call('ZCARD', base .. ':due')", 0, NULL) == 0, "and removed");
}

static void on_batch(void *arg, const struct discovered *d, const struct error *err)
{
    CHECK(!err && d, "discover");
    ++*(int *)arg;
}

static double a_url(struct worker *w, bool queued)
{
    static const char hints[] = "{\"title\":\"Council votes on the new budget of the city\",\"published\":\"2026-11-25T09:38:14+07:00\"}";
    double before = memory();
    for (int first = 0; first < URLS; first += BATCH) {
        struct url urls[BATCH];
        struct found found[BATCH];
        int answered = 0;
        for (int i = 0; i < BATCH; i++) {
            char text[160];
            snprintf(text, sizeof(text), "https://www.newspaper%d.com/%s/2026/11/25/council-votes-on-the-new-budget-%d.html", (first + i) / 20 % 200,
                     queued ? "news" : "archive", first + i);
            urls[i] = url_of(text);
            found[i] = (struct found){ .url = &urls[i], .source = "s", .via = "feed", .filtered = queued ? NULL : "old", .remember = true,
                                       .hints = queued ? hints : NULL };
        }
        frontier_discover(w->f, found, BATCH, on_batch, &answered);
        RUN_UNTIL(&loop, answered == 1);
        for (int i = 0; i < BATCH; i++)
            url_fini(&urls[i]);
    }
    return (memory() - before) / URLS;
}

static void urls(void **state)
{
    (void)state;
    struct worker w;
    worker_open(&w, "one");
    double seen = a_url(&w, false), queued = a_url(&w, true);
    CHECK(seen < 20, "a URL that was seen: %.1f bytes", seen);
    CHECK(queued - seen < 330, "one that is queued: %.0f bytes beside that", queued - seen);
    print_message("seen %.1f, queued %.0f\n", seen, queued);
    worker_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_source, world_open, world_close), cmocka_unit_test_setup_teardown(a_poll, world_open, world_close),
        cmocka_unit_test_setup_teardown(urls, world_open, world_close),
    };
    return world_run(tests, COUNT(tests));
}
