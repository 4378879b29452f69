/* run_sources_test.c - which sites `run` takes, when it is done with them (pipeline/pending.h), on a real Redis. */
#include "cli/run_sources.h"

#include "crawler/sources.h"
#include "pipeline/pending.h"
#include "tests/unit/cli/frontier_rows.h"

static void loopback(void **state)
{
    (void)state;
    static const struct { const char *url; bool want; } rows[] = {
        { "http://127.0.0.1/", true }, { "http://127.9.9.9:8000/x", true }, { "http://[::1]:80/", true }, { "http://localhost/", true },
        { "http://news.localhost:81/", true }, { "https://10.0.0.1/", false }, { "https://news.example/", false },
        { "https://localhost.example/", false }, { "http://128.0.0.1/", false }, { "mailto:a@b.example", false }, { "", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK(site_is_loopback(rows[i].url) == rows[i].want, "%s", rows[i].url);
}

static struct config *config_of(bool allow_private)
{
    struct error err;
    struct config *c = config_load(NULL, NULL, 0, &err);
    CHECK(c && config_set(c, "crawler.partitions", "8", &err), "%s", err.message);
    c->crawler.allow_private = allow_private;
    return c;
}

static size_t known(void)
{
    struct error err;
    json_t *rows = source_list(ask_server.c, ROWS_PREFIX, &err);
    size_t n = json_array_size(rows);
    json_decref(rows);
    return n;
}

static void sites(void **state)
{
    (void)state;
    static const struct { const char *site; bool private; const char *refused; size_t known; } rows[] = {
        { "https://news.example/", false, NULL, 1 },
        { "https://news.example/", false, NULL, 1 }, /* the same */
        { "other.example", false, NULL, 2 },         /* as people type it */
        { "https://news.example:8443/", false, NULL, 3 },
        { "http://127.0.0.1:8000/", false, "add --set crawler.allow_private=true", 3 },
        { "http://127.0.0.1:8000/", true, NULL, 4 },
        { "http://127.0.0.1:8001/", true, NULL, 5 },
        { "ftp://news.example/", false, "is no address (", 5 },
        { "https://", false, "is no address (", 5 },
    };
    rows_reset();
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct error err = { 0 };
        struct config *c = config_of(rows[i].private);
        char *site = (char *)rows[i].site;
        bool ok = run_sources_add(ask_server.c, rows_meta, c, &site, 1, &err);
        CHECK(ok == !rows[i].refused && (ok || strstr(err.message, rows[i].refused)), "%s: %s", rows[i].site, err.message);
        CHECK(known() == rows[i].known, "%s: %zu sources", rows[i].site, known());
        config_destroy(c);
    }
    rows_reset();
    struct error err;
    struct config *c = config_of(false);
    assert_false(run_sources_add(ask_server.c, rows_meta, c, NULL, 0, &err));
    assert_non_null(strstr(err.message, "nothing to watch yet"));
    config_destroy(c);
}

static struct pending pending(json_t *rows, int64_t since_ms, bool poll_now)
{
    struct pending p;
    struct error err;
    CHECK(pending_read(ask_server.c, ROWS_PREFIX, 8, since_ms, poll_now, rows, &p, &err), "%s", err.message);
    return p;
}

static void what_is_left(void **state)
{
    (void)state;
    rows_reset();
    for (int i = 0; i < 3; i++)
        freeReplyObject(redis_server_ask(&ask_server, "HSET " ROWS_PREFIX ":source:%s url x state %s", ((const char *[]){ "a", "resting", "broken" })[i],
                                         i == 1 ? "paused" : "active"));
    json_t *rows = json_pack("[{s:s, s:s, s:I}, {s:s, s:s}, {s:s, s:s, s:I, s:i}]", "name", "a", "state", "active", "last_poll_at", (json_int_t)900,
                             "name", "resting", "state", "paused", "name", "broken", "state", "active", "last_poll_at", (json_int_t)2000, "errors", 3);
    struct pending p = pending(rows, 1000, false);
    assert_true(p.open == 0 && p.polls_due == 0 && p.unpolled == 1 && p.unread == 1);
    assert_string_equal(p.unread_name, "broken");
    rows_found("a", "https://a.example/1", "");
    rows_found("a", "https://b.example/2", "");
    rows_found("a", "https://b.example/old", "old");
    rows_poll("a", "https://a.example/feed", "60000");
    rows_poll("a", "https://a.example/late", "90000");
    rows_poll("resting", "https://b.example/feed", "0");
    p = pending(rows, 0, false);
    assert_true(p.open == 2 && p.polls_due == 0 && p.unpolled == 0);
    json_t *next = json_object_get(json_array_get(rows, 0), "next_poll_at"), *none = json_object_get(json_array_get(rows, 1), "next_poll_at");
    assert_true(json_integer_value(next) > 1700000000000 && !none);
    rows_closed("https://a.example/1", "article");
    rows_poll("broken", "https://c.example/feed", "-5");
    p = pending(rows, 0, false);
    assert_true(p.open == 1 && p.polls_due == 1);
    p = pending(rows, 0, true);
    assert_int_equal(p.polls_due, 3);
    rows_do("https://c.example/feed", "poll_set('2' .. ARGV[1], (poll_get('2' .. ARGV[1])), 0)", "", ""); /* a worker has it */
    assert_int_equal(pending(rows, 0, false).polls_due, 3);
    json_decref(rows);
}

static long long scripts_run(void)
{
    redisReply *r = redis_server_ask(&ask_server, "INFO commandstats");
    const char *at = strstr(r->str, "cmdstat_eval:calls=");
    long long calls = at ? atoll(at + strlen("cmdstat_eval:calls=")) : 0;
    freeReplyObject(r);
    return calls;
}

/* More than one call may look at: nothing is left out, and the earliest poll of all calls is the next one. */
static void very_much_is_left(void **state)
{
    enum { HOSTS = 16, POLLS = 600 };
    static const char many[] = "for i = 1, 600 do local id = string.sub(ARGV[1], 1, 12) .. struct.pack('>I4', i) "
                               "poll_set('2' .. id, record({ id = id, url = ARGV[2], source = 'a', kind = 2, budget = ARGV[3], domain = '' }), "
                               "tonumber(ARGV[4]) + i * 1000) end";
    int64_t first_ms = 4000000000000;
    (void)state;
    rows_reset();
    freeReplyObject(redis_server_ask(&ask_server, "HSET " ROWS_PREFIX ":source:a url x state active"));
    for (int i = 0; i < HOSTS; i++) {
        char url[64], from[24];
        snprintf(url, sizeof(url), "https://h%d.example/feed", i);
        snprintf(from, sizeof(from), "%lld", (long long)first_ms + (HOSTS - i) * 10000000LL);
        rows_do(url, many, from, "");
        snprintf(url, sizeof(url), "https://h%d.example/1", i);
        rows_found("a", url, "");
    }
    json_t *rows = json_pack("[{s:s, s:s, s:i}]", "name", "a", "state", "active", "next_poll_at", 1);
    long long before = scripts_run();
    struct pending p = pending(rows, 0, false);
    assert_true(p.open == HOSTS && p.polls_due == 0);
    assert_true(scripts_run() > before + 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "next_poll_at")), first_ms + 10000000LL + 1000);
    p = pending(rows, 0, true);
    assert_int_equal(p.polls_due, HOSTS * POLLS);
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(loopback), cmocka_unit_test(sites), cmocka_unit_test(what_is_left), cmocka_unit_test(very_much_is_left) };
    redis_server_start(&ask_server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&ask_server);
    meta_destroy(rows_meta);
    return failed;
}
