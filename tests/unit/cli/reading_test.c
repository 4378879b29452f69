/* reading_test.c - `tidings latest` on a cache with a few articles: one clock for all sites, and names of sources that are none. */
#include "tests/unit/cli/frontier_rows.h"

#include <time.h>

static const struct { const char *id, *source, *published, *title; } articles[] = {
    { "00000000000000000000000000000001", "saigon.example", "2026-11-25T07:30:00+07:00", "Cầu mới mở cửa" },
    { "00000000000000000000000000000002", "york.example", "2026-11-24T20:00:00-05:00", "The bridge opens" },
    { "00000000000000000000000000000003", "york.example", "2026-11-25T02:00:00Z", "" },
};

static void populate(void)
{
    rows_reset();
    for (size_t i = 0; i < COUNT(articles); i++) {
        json_t *o = json_pack("{ss ss ss ss si si}", "id", articles[i].id, "source", articles[i].source, "published_at", articles[i].published, "title",
                              articles[i].title, "version", 1, "revision", 1);
        char *text = json_dumps(o, JSON_COMPACT);
        freeReplyObject(redis_server_ask(&ask_server, "SET %s %s", key_article(ROWS_PREFIX, articles[i].id).s, text));
        freeReplyObject(redis_server_ask(&ask_server, "ZADD %s %d %s", key_latest(ROWS_PREFIX).s, (int)i, articles[i].id));
        freeReplyObject(redis_server_ask(&ask_server, "ZADD %s %d %s", key_latest_source(ROWS_PREFIX, articles[i].source).s, (int)i, articles[i].id));
        free(text);
        json_decref(o);
    }
    free(ask(0, "sources add --no-wait https://york.example/"));
    free(ask(0, "sources add --no-wait --title Gazette https://hanoi.example/"));
}

static void in_the_readers_zone(void **state)
{
    static const struct { const char *zone, *lines; } zones[] = {
        { "UTC", "2026-11-25 02:00  york.example          (no title)\n"
                 "2026-11-25 01:00  york.example          The bridge opens\n"
                 "2026-11-25 00:30  saigon.example        Cầu mới mở cửa\n" },
        { "UTC-7", "2026-11-25 09:00  york.example          (no title)\n"
                   "2026-11-25 08:00  york.example          The bridge opens\n"
                   "2026-11-25 07:30  saigon.example        Cầu mới mở cửa\n" },
    };
    (void)state;
    populate();
    for (size_t i = 0; i < COUNT(zones); i++) {
        setenv("TZ", zones[i].zone, 1);
        tzset();
        char *text = ask(0, "latest");
        CHECK(strcmp(text, zones[i].lines) == 0, "%s:\n%s", zones[i].zone, text);
        free(text);
    }
    json_t *all = ask_json(0, "latest --json --source saigon.example");
    assert_string_equal(json_string_value(json_object_get(json_array_get(all, 0), "published_at")), "2026-11-25T07:30:00+07:00");
    json_decref(all);
}

static void names_of_no_source(void **state)
{
    static const struct { const char *line; int status; const char *says; } rows[] = {
        { "latest --source nosuch", 1, "no source is called \"nosuch\": `tidings sources list` names them all" },
        { "latest --source yrok.example", 1, "no source is called \"yrok.example\"; did you mean \"york.example\"?" },
        { "latest --source gazette", 1, "did you mean \"hanoi.example\"?" },
        { "latest --source example", 1, "did you mean \"hanoi.example\" or \"york.example\"?" },
        { "latest --source hanoi.example", 0, "no such article is in the cache" },
        { "latest --lang fr", 0, "no such article is in the cache" },
        { "ledger --source hanoy.example", 1, "did you mean \"hanoi.example\"?" },
        { "ledger --source hanoi.example", 0, "nothing was counted of that source or day" },
        { "ledger --day 2026-02-30", 2, "expected a day in UTC like 2026-11-25" },
        { "ledger --day 2001-02-28", 0, "nothing was counted of that source or day" },
        { "get 0123456789abcdef0123456789abcdef", 1, "is the id of no article in the cache" },
        { "get https://york.example/nosuch", 1, "`tidings explain https://york.example/nosuch` tells" },
        { "get xyz", 2, "neither an address nor an id" },
        { "deadletters list --stage loader", 2, "expected crawl, extract or load" },
        { "lastest", 2, "did you mean \"latest\"?" },
    };
    (void)state;
    populate();
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *said = ask_said(rows[i].status, rows[i].line);
        CHECK(strstr(said, rows[i].says), "%s: %s", rows[i].line, said);
        free(said);
    }
    rows_reset();
    char *said = ask_said(1, "latest --source york.example");
    CHECK(strstr(said, "none is watched yet: tidings sources add"), "%s", said);
    free(said);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(in_the_readers_zone), cmocka_unit_test(names_of_no_source) };
    setenv("LC_ALL", "C", 1);
    redis_server_start(&ask_server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&ask_server);
    meta_destroy(rows_meta);
    return failed;
}
