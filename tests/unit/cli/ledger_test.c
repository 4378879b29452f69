/* ledger_test.c - `tidings ledger` on books that balance and on such that do not. */
#include "base/clock.h"
#include "pipeline/ledger.h"
#include "tests/unit/cli/frontier_rows.h"

static int64_t number(const json_t *row, const char *path)
{
    char *copy = xstrdup(path), *save = NULL;
    for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
        row = json_object_get(row, part);
    free(copy);
    return json_integer_value(row);
}

static void populate(void)
{
    rows_reset();
    rows_found("news", "https://news.example/1", "");
    rows_found("news", "https://news.example/1", ""); /* seen */
    rows_found("news", "https://news.example/2", "");
    rows_found("news", "https://news.example/3", "");
    rows_found("news", "https://news.example/4", "");
    rows_found("news", "https://news.example/5", "");
    rows_found("news", "https://news.example/old", "old");
    rows_found("other:8080", "https://other.example/1", "");
    rows_closed("https://news.example/1", "article");
    rows_closed("https://news.example/2", "failed:http_404");
    rows_do("https://news.example/3", "local rec = { ARGV[1], ARGV[2], ARGV[4], PAGE } "
            "call('HSET', base .. ':leased', 'u' .. ARGV[1], cmsgpack.pack({ 1, rec }))", "news", "");
    rows_do("https://news.example/4", "local rec = { ARGV[1], ARGV[2], ARGV[4], PAGE } "
            "call('HSET', base .. ':sent', ARGV[1], cmsgpack.pack({ now(), rec }))", "news", "");
}

static void balanced(void **state)
{
    (void)state;
    populate();
    json_t *rows = ask_json(0, "ledger --json"), *news = json_array_get(rows, 0), *other = json_array_get(rows, 1);
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(news, "source")), "news");
    assert_string_equal(json_string_value(json_object_get(other, "source")), "other:8080");
    assert_int_equal(number(news, "found"), 7);
    assert_int_equal(number(news, "seen"), 1);
    assert_int_equal(number(news, "filtered/old"), 1);
    assert_int_equal(number(news, "accepted"), 5);
    assert_int_equal(number(news, "outcomes/article"), 1);
    assert_int_equal(number(news, "outcomes/failed:http_404"), 1);
    assert_int_equal(number(news, "open/queued"), 1);
    assert_int_equal(number(news, "open/fetching"), 1);
    assert_int_equal(number(news, "open/on_its_way"), 1);
    assert_true(json_is_true(json_object_get(news, "balanced")));
    json_decref(rows);
    char *text = ask(0, "ledger");
    static const char *const says[] = { "found 7 + reopened 0 = seen 1 + filtered 1 (old 1) + accepted 5", " + article 1 + failed 1 (http_404 1)",
                                        "https://news.example/3", "https://news.example/4", "https://news.example/5", "on_its_way",
                                        "books: 2, all balance; open requests: 4" };
    for (size_t i = 0; i < COUNT(says); i++)
        CHECK(strstr(text, says[i]), "%s is not in\n%s", says[i], text);
    free(text);
}

static void chosen(void **state)
{
    (void)state;
    populate();
    json_t *rows = ask_json(0, "ledger --json --source other:8080");
    assert_int_equal(json_array_size(rows), 1);
    assert_int_equal(number(json_array_get(rows, 0), "open/queued"), 1);
    json_decref(rows);
    rows = ask_json(0, "ledger --json --day 2001-01-01");
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
    free(ask(2, "ledger --day yesterday"));
    free(ask(2, "ledger news"));
}

static void lost(void **state)
{
    (void)state;
    populate();
    /* A request that disappeared without an outcome. */
    rows_do("https://news.example/5", "call('HDEL', open_key(ARGV[1]), ARGV[1])", "", "");
    char *text = ask(1, "ledger");
    CHECK(strstr(text, "DOES NOT BALANCE") && strstr(text, "out of balance: 1 of 2 books"), "%s", text);
    free(text);
    json_t *rows = ask_json(1, "ledger --json --source news");
    assert_true(json_is_false(json_object_get(json_array_get(rows, 0), "balanced")));
    json_decref(rows);
    free(ask(0, "ledger --source other:8080"));
    /* One that was decided and not counted. */
    populate();
    rows_do("https://other.example/9", "open_request(ARGV[1], 'other:8080')", "", "");
    free(ask(1, "ledger"));
}

/* More books than are read in one call. */
static void many_books(void **state)
{
    (void)state;
    rows_reset();
    freeReplyObject(redis_server_ask(&ask_server, "EVAL %s 0", "for i = 1, 4500 do redis.call('HSET', 'tidings:ledger:s' .. i .. ':2026-11-01', "
                                     "'found', 3, 'seen', 1, 'accepted', 2, 'article', 1, 'failed:http_404', 1) end return 1"));
    rows_found("news", "https://news.example/1", "");
    json_t *rows = ask_json(0, "ledger --json");
    assert_int_equal(json_array_size(rows), 4501);
    assert_int_equal(number(json_array_get(rows, 0), "open/queued"), 1);
    assert_int_equal(number(json_array_get(rows, 4500), "outcomes/failed:http_404"), 1);
    json_decref(rows);
}

static void dead_letters(void **state)
{
    char day[11], long_ago[11];
    (void)state;
    populate();
    ledger_day(day, clock_unix_ms());
    ledger_day(long_ago, clock_unix_ms() - 2 * 86400000LL);
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s load:no_article 2 crawl:too_large 1", key_deadletters(ROWS_PREFIX, day).s));
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s load:no_article 3 extract:no_page 1", key_deadletters(ROWS_PREFIX, long_ago).s));
    char *text = ask(0, "ledger"), *line = xasprintf("ledger --day %s", day), *today = ask(0, line);
    CHECK(strstr(text, "dead letters, last 30 days:\n  crawl 1 (too_large 1), extract 1 (no_page 1), load 5 (no_article 5); see"), "%s", text);
    CHECK(strstr(today, "crawl 1 (too_large 1), extract 0, load 2 (no_article 2); see"), "%s", today);
    free(text), free(line), free(today);
    text = ask(0, "status");
    CHECK(strstr(text, "deadletters in 30 days: crawl 1 (too_large 1), extract 1 (no_page 1), load 5 (no_article 5)"), "%s", text);
    CHECK(strstr(text, "the loader refused 2 records today"), "%s", text);
    free(text);
}

static void nothing_there(void **state)
{
    (void)state;
    rows_reset();
    char *text = ask(0, "ledger --json");
    assert_string_equal(text, "");
    free(text);
    ask_empty();
    free(ask(1, "ledger")); /* no installation: the message says so */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(balanced), cmocka_unit_test(chosen), cmocka_unit_test(lost), cmocka_unit_test(many_books), cmocka_unit_test(dead_letters), cmocka_unit_test(nothing_there) };
    redis_server_start(&ask_server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&ask_server);
    meta_destroy(rows_meta);
    return failed;
}
