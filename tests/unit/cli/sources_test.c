/* sources_test.c - `tidings sources` on a real Redis, and OPML. */
#include "tests/unit/cli/ask.h"

#include "cli/opml.h"
#include "pipeline/keys.h"

static void check_line(int status, const char *line, const char *says)
{
    char *text = ask(status, line);
    CHECK(strstr(text, says), "%s: %s", line, text);
    free(text);
}

static void lines(void **state)
{
    (void)state;
    ask_empty();
    check_line(0, "sources list", "");
    check_line(0, "sources add https://one.example/ www.two.example:8080/news", "as two.example");
    check_line(1, "sources add http://one.example", "");
    check_line(0, "sources add https://one.example/sport", "as one.example-2"); /* a name nobody gave is made */
    check_line(1, "sources add --name one.example https://other.example", "");
    check_line(1, "sources add ftp://three.example/", "");
    check_line(2, "sources add", "");
    check_line(2, "sources add --name x https://a.example https://b.example", "");
    check_line(2, "sources add --interval soon https://a.example", "");
    check_line(2, "sources", "");
    check_line(2, "sources drop", "");
    check_line(0, "sources pause one.example", "paused one.example");
    check_line(0, "sources list", "paused");
    check_line(0, "sources resume https://one.example/?utm_source=x", "resumed one.example");
    check_line(0, "sources remove one.example-2", "removed one.example-2");
    check_line(1, "sources remove one.example-2", "");
    json_t *rows = ask_json(0, "sources list --json");
    assert_int_equal(json_array_size(rows), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "url")), "https://www.two.example:8080/news");
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "state")), "active");
    json_decref(rows);
}

/* A crawler lives: adding waits for its first look. */
static void first_look(void **state)
{
    (void)state;
    ask_empty();
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s status x errors 1 last_poll_at 1 items 0", key_source("tidings", "seen.example").s));
    freeReplyObject(redis_server_ask(&ask_server, "EVAL %s 1 %s",
                                     "local t = redis.call('TIME') return redis.call('ZADD', KEYS[1], t[1] * 1000, 'w')", key_workers("tidings").s));
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s status %s", key_source("tidings", "seen.example").s, "robots.txt: Disallow: /"));
    check_line(0, "sources add https://seen.example/", "robots.txt: Disallow: /");
    check_line(0, "sources add --no-wait https://unseen.example/", "as unseen.example");
}

/* --- OPML --- */

#define OPML(body) "<?xml version='1.0'?><opml version='1.1'><head><title>T</title></head><body>" body "</body></opml>"

static const struct { const char *name, *text; size_t sources; const char *url, *title; size_t feeds; } opml[] = {
    { "a reader's", OPML("<outline text='News'><outline type='rss' text='A' title='Site A' xmlUrl='https://a.example/rss' htmlUrl='https://a.example'/></outline>"),
      1, "https://a.example/", "Site A", 1 },
    { "no htmlUrl", OPML("<outline text='A' xmlUrl='https://a.example/rss'/>"), 1, "https://a.example/rss", "A", 1 },
    { "two feeds of a site", OPML("<outline text='A' xmlUrl='https://a.example/1' htmlUrl='http://a.example/'/>"
                                  "<outline text='B' xmlUrl='https://a.example/2' htmlUrl='https://a.example'/>"), 1, "http://a.example/", "A", 2 },
    { "the same feed twice", OPML("<outline xmlUrl='https://a.example/1'/><outline xmlUrl='https://a.example/1'/>"), 1, "https://a.example/1", NULL, 1 },
    { "a link", OPML("<outline type='link' text='L' url='https://l.example/'/>"), 1, "https://l.example/", "L", 0 },
    { "odd capitals, bare ampersand", OPML("<Outline TEXT='A & B' XMLURL='https://a.example/?a=1&b=2'/>"), 1, "https://a.example/?a=1&b=2", "A & B", 1 },
    { "broken", "<opml><body><outline xmlUrl='https://a.example/1'><outline xmlUrl='https://b.example/1'>", 2, "https://a.example/1", NULL, 1 },
    { "windows-1252", "<?xml version='1.0' encoding='windows-1252'?><opml><outline text='Caf\xe9' xmlUrl='https://a.example/'/></opml>", 1, "https://a.example/",
      "Caf\xc3\xa9", 1 },
    { "nothing that leads anywhere", OPML("<outline text='A' xmlUrl='feed:nowhere'/><outline text='B'/>"), 0, NULL, NULL, 0 },
    { "no OPML", "hello", 0, NULL, NULL, 0 },
};

static void reading_opml(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(opml); i++) {
        struct source *list;
        struct error err = { .message = "" };
        size_t count, feeds = 0;
        bool ok = opml_read(opml[i].text, strlen(opml[i].text), &list, &count, &err);
        CHECK(ok == (opml[i].sources > 0) && count == opml[i].sources, "%s: %zu sources %s", opml[i].name, count, err.message);
        CHECK(ok || err.kind == ERROR_INVALID, "%s", opml[i].name);
        if (ok) {
            while (list[0].feeds.items[feeds])
                feeds++;
            CHECK(strcmp(list[0].url, opml[i].url) == 0 && feeds == opml[i].feeds, "%s: %s %zu", opml[i].name, list[0].url, feeds);
            CHECK(opml[i].title ? list[0].title && strcmp(list[0].title, opml[i].title) == 0 : !list[0].title, "%s: %s", opml[i].name,
                  list[0].title);
        }
        for (size_t k = 0; k < count; k++)
            source_fini(&list[k]);
        free(list);
    }
}

static json_t *without_times(json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
        json_object_del(row, "added_at");
    return rows;
}

static void round_trip(void **state)
{
    (void)state;
    static const char *const full[] = { "sources", "add", "--name", "full", "--title", "A & <B> \"C\"", "--feeds", "https://f.example/1 https://f.example/2",
                                        "--sitemaps", "https://f.example/s.xml", "--language", "vi", "--timezone", "+07:00", "--backfill", "all",
                                        "--interval", "90", "https://f.example/" };
    char path[] = "/tmp/tidings-opml-XXXXXX", line[100];
    ask_empty();
    free(ask_words(0, COUNT(full), full));
    free(ask(0, "sources add bare.example"));
    free(ask(0, "sources pause full"));
    json_t *before = without_times(ask_json(0, "sources list --json"));
    char *exported = ask(0, "sources export");
    int fd = mkstemp(path);
    assert_true(write(fd, exported, strlen(exported)) == (ssize_t)strlen(exported));
    close(fd);
    ask_empty();
    snprintf(line, sizeof(line), "sources import %s", path);
    check_line(0, line, "2 added");
    json_t *after = without_times(ask_json(0, "sources list --json"));
    char *text = json_dumps(after, 0);
    CHECK(json_equal(before, after), "%s", text);
    free(text);
    check_line(0, line, "0 added, 2 were watched already");
    char *again = ask(0, "sources export");
    assert_string_equal(again, exported);
    free(again), free(exported);
    json_decref(before), json_decref(after);
    unlink(path);
    check_line(1, line, ""); /* no such file */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(first_look), cmocka_unit_test(reading_opml), cmocka_unit_test(round_trip) };
    redis_server_start(&ask_server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&ask_server);
    return failed;
}
