/* sources_test.c - `tidings sources` on a real Redis, and OPML out of it and back. */
#include "tests/unit/cli/ask.h"

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
    check_line(2, "sources add https://four.example/ ftp://three.example/", "");
    check_line(2, "sources add", "");
    check_line(2, "sources add --name x https://a.example https://b.example", "");
    check_line(2, "sources add --interval soon https://a.example", "");
    check_line(2, "sources add --include p:first-child https://a.example", "");
    check_line(2, "sources add --timezone Foo/Bar https://a.example", "");
    check_line(2, "sources add --feeds gopher://a.example/ https://a.example", "");
    check_line(2, "sources add --name -x https://a.example", "");
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
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s status x errors 1 polled 1 items 0", key_source("tidings", "seen.example").s));
    freeReplyObject(redis_server_ask(&ask_server, "EVAL %s 1 %s",
                                     "local t = redis.call('TIME') return redis.call('ZADD', KEYS[1], t[1] * 1000, 'w')", key_workers("tidings").s));
    freeReplyObject(redis_server_ask(&ask_server, "HSET %s status %s", key_source("tidings", "seen.example").s, "robots.txt: Disallow: /"));
    check_line(0, "sources add https://seen.example/", "robots.txt: Disallow: /");
    check_line(0, "sources add --no-wait https://unseen.example/", "as unseen.example");
}

/* --- OPML --- */

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
                                        "--interval", "90", "--include", "div.story p, #main > p", "--keep-params",
                                        "id page", "--drop-params", "sid", "https://f.example/" };
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
    check_line(0, line, "0 added, 2 watched already");
    char *again = ask(0, "sources export");
    assert_string_equal(again, exported);
    free(again), free(exported);
    json_decref(before), json_decref(after);
    unlink(path);
    check_line(1, line, ""); /* no such file */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(first_look), cmocka_unit_test(round_trip) };
    redis_server_start(&ask_server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&ask_server);
    return failed;
}
