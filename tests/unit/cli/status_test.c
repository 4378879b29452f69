/* status_test.c - `tidings status` and `tidings hosts` on a frontier with something in it, and what is judged to be wrong. */
#include "cli/status.h"

#include "base/clock.h"
#include "crawler/robots_put.lua.h"
#include "pipeline/ledger.h"
#include "tests/unit/cli/frontier_rows.h"

static void worker(const char *name, const char *silent_ms)
{
    static const struct redis_script script = { .name = "test", .source =
        "local t = redis.call('TIME') return redis.call('ZADD', KEYS[1], t[1] * 1000 + math.floor(t[2] / 1000) - ARGV[2], ARGV[1])" };
    struct error err;
    struct key key = key_workers(ROWS_PREFIX);
    const char *argv[] = { key.s, name, silent_ms };
    redisReply *reply = redis_ask_script(ask_server.c, &script, 1, COUNT(argv), argv, NULL, &err);
    CHECK(reply, "%s", err.message);
    freeReplyObject(reply);
}

static void owns(int partition, const char *name)
{
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s:row owner %s token x until 99999999999999", key_partition(ROWS_PREFIX, partition).s, name));
}

static void row(const char *source, const char *fields)
{
    char *copy = xstrdup(fields), *save = NULL;
    for (char *field = strtok_r(copy, "|", &save); field; field = strtok_r(NULL, "|", &save)) {
        char *value = strchr(field, '=');
        *value = '\0';
        freeReplyObject(redis_server_ask(&ask_server, "HSET %s %s %s", key_source(ROWS_PREFIX, source).s, field, value + 1));
    }
    free(copy);
}

static void robots(const char *url, const char *status, const char *body)
{
    static const struct redis_script script = { .name = "robots_put", .source = robots_put_lua };
    struct error err;
    struct rows_place p = rows_place(url);
    char *authority = xasprintf("%s://%s:%d", p.url.https ? "https" : "http", p.url.host, p.url.port);
    char *key = key_robots(ROWS_PREFIX, p.place.partition, authority);
    const char *argv[] = { key, status, body };
    redisReply *reply = redis_ask_script(ask_server.c, &script, 1, COUNT(argv), argv, NULL, &err);
    CHECK(reply, "%s", err.message);
    freeReplyObject(reply);
    free(key), free(authority);
    rows_place_fini(&p);
}

static void populate(void)
{
    rows_reset();
    free(ask(0, "sources add --no-wait https://news.example/"));
    free(ask(0, "sources add --no-wait https://other.example/"));
    rows_poll("news.example", "https://news.example/feed", "600000");
    rows_poll("news.example", "https://news.example/feed2", "0");
    rows_found("news.example", "https://news.example/1", "");
    rows_found("news.example", "https://news.example/2", "");
    rows_found("news.example", "https://news.example/old", "old");
    rows_found("other.example", "https://other.example/1", "");
    rows_closed("https://news.example/1", "article");
    worker("alive", "100");
    worker("dead", "3000000");
    for (int p = 0; p < 6; p++)
        owns(p, "alive");
    row("news.example", "polled=1764000000000|status=ok|items=3|new=1764000000000");
}

static int64_t number(const json_t *o, const char *path)
{
    char *copy = xstrdup(path), *save = NULL;
    for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
        o = json_object_get(o, part);
    free(copy);
    return json_integer_value(o);
}

/* Over Kafka, with no broker there: all but the lag is answered. */
static void without_kafka(void **state)
{
    (void)state;
    populate();
    json_t *all = ask_json(0, "status --json --set kafka.bootstrap=127.0.0.1:1"), *s = json_array_get(all, 0);
    CHECK(json_object_get(s, "kafka_error") && !json_object_get(s, "lag"), "kafka_error");
    assert_int_equal(json_array_size(json_object_get(json_object_get(s, "positions"), "pages")), 24);
    json_decref(all);
}

static void what_is_there(void **state)
{
    (void)state;
    populate();
    json_t *all = ask_json(0, "status --json"), *s = json_array_get(all, 0), *workers = json_object_get(s, "workers");
    assert_int_equal(json_array_size(workers), 1);
    assert_int_equal(number(json_array_get(workers, 0), "partitions"), 6);
    static const struct { const char *path; int64_t value; } want[] = {
        { "partitions", 8 }, { "held", 6 }, { "open/queued", 2 }, { "open/fetching", 0 }, { "polls", 2 }, { "polls_due", 1 }, { "seen", 3 },
        { "articles", 0 },
    };
    for (size_t i = 0; i < COUNT(want); i++)
        CHECK(number(s, want[i].path) == want[i].value, "%s: %lld", want[i].path, (long long)number(s, want[i].path));
    json_t *news = json_array_get(json_object_get(s, "sources"), 0);
    assert_string_equal(json_string_value(json_object_get(news, "name")), "news.example");
    assert_int_equal(number(news, "today/articles"), 1);
    assert_int_equal(number(news, "today/filtered/old"), 1);
    CHECK(number(news, "next_poll_at") > 0, "a poll is due");
    CHECK(!json_object_get(news, "usual_per_day"), "nothing is usual yet");
    CHECK(number(s, "redis/used_bytes") > 0, "memory");
    json_decref(all);
    char *text = ask(0, "status");
    CHECK(strstr(text, "news.example") && strstr(text, "2 of 8 partitions are held by nobody") && strstr(text, "queued 2"), "%s", text);
    free(text);
}

static void book(const char *source, int days_ago, int articles)
{
    char day[11];
    ledger_day(day, clock_unix_ms() - days_ago * 86400000LL);
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s found %d accepted %d article %d", key_ledger(ROWS_PREFIX, source, day).s, articles, articles,
                                     articles));
}

static void what_is_usual(void **state)
{
    (void)state;
    populate();
    book("other.example", 20, 500); /* its first day: the backfill */
    book("other.example", 15, 70);  /* too long ago */
    book("other.example", 14, 20);
    book("other.example", 3, 8);
    char day[11];
    ledger_day(day, clock_unix_ms() - 3 * 86400000LL);
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s not_article:other 4 not_article:video 10", key_ledger(ROWS_PREFIX, "other.example", day).s));
    json_t *all = ask_json(0, "status --json"), *other = json_array_get(json_object_get(json_array_get(all, 0), "sources"), 1);
    CHECK(json_real_value(json_object_get(other, "usual_per_day")) == 2.0, "%f", json_real_value(json_object_get(other, "usual_per_day")));
    CHECK(json_real_value(json_object_get(other, "usual_others_per_day")) == 1.0, "%f", json_real_value(json_object_get(other, "usual_others_per_day")));
    json_decref(all);
    char *text = ask(0, "status");
    CHECK(strstr(text, "2.0"), "%s", text);
    free(text);
}

/* --- what is wrong --- */

#define GOOD "\"now\":1000000000, \"partitions\":8, \"held\":8, \"workers\":[{\"name\":\"w\"}]"
#define SOURCE(more) "\"sources\":[{\"name\":\"s\",\"state\":\"active\",\"last_poll_at\":1,\"last_new_at\":1,\"items\":5,\"status\":\"ok\"," more "}]"
#define FINE SOURCE("\"errors\":0")

static const struct { const char *name, *status, *says; } problems[] = {
    { "nothing", "{" GOOD "," FINE "}", NULL },
    { "no source", "{" GOOD ",\"sources\":[]}", "tidings sources add" },
    { "all paused", "{" GOOD ",\"sources\":[{\"name\":\"s\",\"state\":\"paused\",\"errors\":3}]}", "all sources are paused" },
    { "no crawler", "{\"partitions\":8,\"workers\":[]," FINE "}", "`tidings crawler`" },
    { "no run", "{\"embedded\":true,\"partitions\":8,\"workers\":[]," FINE "}", "`tidings run`" },
    { "unread", "{" GOOD "," SOURCE("\"errors\":2,\"status\":\"http 503\"") "}", "s: http 503, 2 times in a row. Try again later: the site asks for fewer requests, or is down." },
    { "unread once", "{" GOOD "," SOURCE("\"errors\":1,\"status\":\"its name is not known (DNS)\"") "}",
      "s: its name is not known (DNS). See whether the name is spelt right." },
    { "no articles linked", "{" GOOD "," SOURCE("\"errors\":0,\"last_poll_at\":990000,\"status\":\"no link on the page looks like an article\"") "}",
      "s: no link on the page looks like an article. Give the address of a section" },
    { "silent", "{" GOOD "," SOURCE("\"errors\":0,\"status\":\"silent: nothing new for 9 days, unlike before\"") "}", "s: silent" },
    { "never polled", "{" GOOD ",\"sources\":[{\"name\":\"s\",\"state\":\"active\",\"added_at\":999000000,\"next_poll_at\":1000000}]}", "not polled since it was added, 16 min ago:" },
    { "just added", "{" GOOD ",\"sources\":[{\"name\":\"s\",\"state\":\"active\",\"added_at\":999990000}]}", NULL },
    { "nothing fetched", "{" GOOD "," SOURCE("\"last_new_at\":0,\"today\":{\"filtered\":{\"old\":50,\"static\":3}}") "}", "5 items in it, but none was fetched: filtered old 50, static 3" },
    { "pages fail", "{" GOOD "," SOURCE("\"errors\":0,\"today\":{\"articles\":2,\"failed\":9,\"failures\":{\"http_403\":9}}") "}", "s: its pages fail: 9 today beside 2 articles (http_403 9)" },
    { "no articles any more", "{" GOOD "," SOURCE("\"errors\":0,\"usual_per_day\":9.5,\"usual_others_per_day\":1.0,\"today\":{\"articles\":0,\"not_articles\":9,\"others\":{\"other\":9}}") "}",
      "s: its pages are no articles any more: 9 today (other 9) beside 0 articles, unlike before (9.5 a day)" },
    { "some are none", "{" GOOD "," SOURCE("\"errors\":0,\"usual_per_day\":9.5,\"usual_others_per_day\":1.0,\"today\":{\"articles\":3,\"not_articles\":9}") "}", NULL },
    { "they never were", "{" GOOD "," SOURCE("\"errors\":0,\"usual_per_day\":2.5,\"usual_others_per_day\":30,\"today\":{\"articles\":0,\"not_articles\":9}") "}", NULL },
    { "no usual day", "{" GOOD "," SOURCE("\"errors\":0,\"today\":{\"articles\":0,\"not_articles\":90}") "}", NULL },
    { "some pages fail", "{" GOOD "," SOURCE("\"errors\":0,\"today\":{\"articles\":20,\"failed\":9}") "}", NULL },
    { "an empty feed", "{" GOOD "," SOURCE("\"last_new_at\":0,\"items\":0") "}", NULL },
    { "lag", "{" GOOD "," FINE ",\"lag\":{\"pages\":5000}}", "5000 records of `pages` wait: is a `tidings extractor` running" },
    { "a little lag", "{" GOOD "," FINE ",\"lag\":{\"pages\":5}}", NULL },
    { "Kafka away", "{" GOOD "," FINE ",\"kafka_error\":\"Kafka at x: no answer\"}", "Kafka at x: no answer" },
    { "memory", "{" GOOD "," FINE ",\"redis\":{\"used_bytes\":90,\"max_bytes\":100}}", "90 % of its memory" },
    { "unbounded memory", "{" GOOD "," FINE ",\"redis\":{\"used_bytes\":90,\"max_bytes\":0}}", NULL },
    { "refused by the loader", "{" GOOD "," FINE ",\"deadletters\":{\"today\":{\"load:no_article\":2,\"crawl:too_large\":9}}}",
      "the loader refused 2 records today: `tidings deadletters list --stage load`" },
    { "refused before the loader", "{" GOOD "," FINE ",\"deadletters\":{\"today\":{\"crawl:too_large\":9}}}", NULL },
    { "hosts", "{" GOOD "," FINE ",\"hosts_backing_off\":3}", "3; `tidings hosts`" },
};

static void what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(problems); i++) {
        json_error_t err;
        json_t *s = json_loads(problems[i].status, 0, &err);
        CHECK(s, "%s: %s", problems[i].name, err.text);
        json_t *list = status_problems(s);
        const char *first = json_string_value(json_array_get(list, 0));
        CHECK(problems[i].says ? first && strstr(first, problems[i].says) : !first, "%s: %s", problems[i].name, first);
        CHECK(json_array_size(list) == (problems[i].says != NULL), "%s: more than one", problems[i].name);
        json_decref(list);
        json_decref(s);
    }
}

static void many_problems(void **state)
{
    (void)state;
    json_error_t err;
    json_t *s = json_loads("{" GOOD "}", 0, &err), *sources = json_array();
    for (int i = 0; i < 30; i++)
        json_array_append_new(sources, json_pack("{s:s, s:s, s:i, s:s}", "name", "s", "state", "active", "errors", 1, "status", "x"));
    json_object_set_new(s, "sources", sources);
    json_t *list = status_problems(s);
    assert_int_equal(json_array_size(list), 21);
    assert_string_equal(json_string_value(json_array_get(list, 20)), "and 10 more sources: see the table");
    json_decref(list), json_decref(s);
}

/* --- hosts --- */

static void hosts(void **state)
{
    (void)state;
    populate();
    rows_do("https://other.example/1", "host_set(ARGV[3], now() + 90000, 5000, 3)", "", "");
    robots("https://other.example/", "200", "User-agent: tidings\nDisallow: /\nCrawl-delay: 5\n");
    robots("http://other.example/", "503", "");
    char *text = ask(0, "hosts");
    char *first = strstr(text, "other.example"), *second = strstr(text, "news.example");
    CHECK(first && second && first < second, "those that back off come first:\n%s", text);
    CHECK(strstr(text, "left alone") && strstr(text, "5.0 s"), "%s", text);
    free(text);
    text = ask(0, "hosts other.example");
    CHECK(strstr(text, "front page denied, by \"Disallow: /\", Crawl-delay 5 s") && strstr(text, "http 503, so nothing is fetched"), "%s", text);
    free(text);
    text = ask(0, "hosts https://other.example/some/page");
    CHECK(strstr(text, "front page denied") && !strstr(text, "503"), "an address has one authority:\n%s", text);
    free(text);
    json_t *all = ask_json(0, "hosts --json OTHER.example"), *o = json_array_get(all, 0);
    assert_int_equal(number(o, "back_off"), 3);
    assert_int_equal(number(o, "queued"), 1);
    CHECK(number(o, "next_allowed_at") > 0 && json_array_size(json_object_get(o, "robots")) == 2, "row");
    json_decref(all);
    text = ask(0, "hosts unknown.example");
    CHECK(strstr(text, "nothing waits for it") && strstr(text, "robots.txt: not asked for yet"), "%s", text);
    free(text);
    free(ask(2, "hosts ftp://x"));
    free(ask(2, "hosts a b"));
    free(ask(2, "hosts --limit 0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there), cmocka_unit_test(what_is_usual), cmocka_unit_test(what_is_wrong), cmocka_unit_test(many_problems), cmocka_unit_test(hosts),
        cmocka_unit_test(without_kafka),
    };
    redis_server_start(&ask_server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&ask_server);
    meta_destroy(rows_meta);
    return failed;
}
