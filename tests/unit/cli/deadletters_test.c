/* deadletters_test.c - `tidings deadletters` over a real Kafka and over the files of the embedded form. */
#include "pipeline/deadletter.h"
#include "pipeline/topics.h"
#include "tests/unit/cli/frontier_rows.h"
#include "tests/unit/kafka_own.h"

static bool embedded;
static char dir[64];
static struct config config = { .prefix = ROWS_PREFIX };
static int delivered;

static void on_delivery(void *arg, const struct record *r, const struct error *err)
{
    (void)arg, (void)r;
    CHECK(!err, "%s", err->message);
    delivered++;
}

static const struct { const char *stage, *reason, *url, *source, *value; } letters[] = {
    { "crawl", "too_large", "https://news.example/big", "news", NULL },
    { "extract", "no_page", "https://news.example/odd", "news", "a page \x1b[31m in red" },
    { "extract", "crash_loop", "https://other.example/worse", "other", "\xff\xfe\xfd" },
    { "load", "no_article", NULL, NULL, "{\"url\": \"https://other.example/last\"}" },
    { "crawl", "bad_request", NULL, NULL, "no request" },
    { "crawl", "too_large", "https://news.example/big", "news", NULL }, /* the same once more */
    { "extract", "slow", "https://rules.example/a?sid=1&utm_source=x", "rules.example", "a page" },
};

static void populate(void)
{
    struct error err = { .message = "" };
    uv_loop_t loop;
    rows_reset();
    rows_found("news", "https://news.example/big", "");
    free(ask(0, "sources add --no-wait --keep-params utm_source --drop-params sid https://rules.example/"));
    rows_do("https://news.example/big", "close_request(ARGV[1], 99999999999999, 'deadlettered')", "", "");
    uv_loop_init(&loop);
    struct stream *s = embedded ? stream_local_create(&config, dir, &err) : stream_kafka_create(&config, "test", &err);
    struct producer *p = s ? producer_create(s, &loop, &err) : NULL;
    CHECK(p, "%s", err.message);
    delivered = 0;
    for (size_t i = 0; i < COUNT(letters); i++) {
        static const struct header h[] = { { "etag", "\"1\"", 3 } };
        struct record r = { .topic = TOPIC_PAGES, .offset = letters[i].value ? (int64_t)i : -1, .key = "same key", .key_len = 8,
                            .value = letters[i].value, .value_len = letters[i].value ? strlen(letters[i].value) : 2000000,
                            .headers = h, .header_count = 1 };
        struct deadletter d = { .stage = letters[i].stage, .reason = letters[i].reason, .message = "it is so", .url = letters[i].url,
                                .source = letters[i].source, .record = &r };
        CHECK(deadletter_send(p, &d, on_delivery, NULL, &err), "%s", err.message);
    }
    while (delivered < (int)COUNT(letters))
        uv_run(&loop, UV_RUN_ONCE);
    producer_destroy(p);
    uv_run(&loop, UV_RUN_DEFAULT);
    stream_destroy(s);
    uv_loop_close(&loop);
}

/* The command line with where it is to look. */
static char *line_of(const char *line)
{
    return embedded ? xasprintf("%s --state-dir %s", line, dir) : xasprintf("%s --set kafka.bootstrap=%s", line, kafka.address);
}

static char *say(int status, const char *line)
{
    char *whole = line_of(line), *answer = ask(status, whole);
    free(whole);
    return answer;
}

static json_t *say_json(int status, const char *line)
{
    char *whole = line_of(line);
    json_t *answer = ask_json(status, whole);
    free(whole);
    return answer;
}

static const char *field(const json_t *rows, size_t i, const char *name)
{
    const char *s = json_string_value(json_object_get(json_array_get(rows, i), name));
    return s ? s : "";
}

/* The id of letter i of the table. */
static char *id_of_letter(size_t i)
{
    json_t *rows = say_json(0, "deadletters list --json");
    char *id = xstrdup(field(rows, i, "id"));
    json_decref(rows);
    return id;
}

static void list(void **state)
{
    (void)state;
    json_t *rows = say_json(0, "deadletters list --json");
    CHECK(json_array_size(rows) == COUNT(letters), "%zu rows", json_array_size(rows));
    for (size_t i = 0; i < COUNT(letters); i++) {
        assert_string_equal(field(rows, i, "stage"), letters[i].stage);
        assert_string_equal(field(rows, i, "reason"), letters[i].reason);
        assert_string_equal(field(rows, i, "url"), letters[i].url ? letters[i].url : "");
        assert_string_equal(field(rows, i, "message"), "it is so");
    }
    assert_true(json_is_true(json_object_get(json_array_get(rows, 0), "value_left_out")));
    json_decref(rows);
    rows = say_json(0, "deadletters list --json --stage extract --reason no_page");
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
    rows = say_json(0, "deadletters list --json --source other");
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows);
    char *text = say(0, "deadletters list");
    CHECK(strstr(text, "ID") && strstr(text, "crash_loop") && strstr(text, "https://other.example/worse"), "%s", text);
    free(text);
}

static char *show_line(size_t i, const char *more)
{
    char *id = id_of_letter(i), *line = xasprintf("deadletters show %s%s", id, more);
    free(id);
    return line;
}

static void show(void **state)
{
    (void)state;
    char *line = show_line(1, ""), *text = say(0, line);
    CHECK(strstr(text, "no_page") && strstr(text, "a page ") && strstr(text, "header       etag: \"1\""), "%s", text);
    CHECK(!strchr(text, '\x1b'), "an escape character is shown: %s", text);
    free(text), free(line);
    line = show_line(2, ""), text = say(0, line);
    CHECK(strstr(text, "3 bytes that are no text"), "%s", text);
    free(text), free(line);
    line = show_line(0, ""), text = say(0, line);
    CHECK(strstr(text, "2000000 bytes, too many to be kept"), "%s", text);
    free(text), free(line);
    line = show_line(2, " --value"), text = say(0, line);
    assert_string_equal(text, "\xff\xfe\xfd");
    free(text), free(line);
    line = show_line(3, " --json");
    json_t *rows = say_json(0, line);
    assert_string_equal(field(rows, 0, "value"), letters[3].value);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(rows, 0), "headers"), "etag")), "\"1\"");
    json_decref(rows), free(line);
    free(say(1, "deadletters show 0-99999999"));
    free(say(2, "deadletters show nonsense"));
    free(say(2, "deadletters show"));
    free(say(2, "deadletters"));
    free(say(2, "deadletters replay"));
    free(say(2, "deadletters list --all"));
}

static int open_count(const char *url)
{
    struct rows_place p = rows_place(url);
    char *key = xasprintf("%s:open:%d", p.base.s, p.raw[0] % 64);
    redisReply *reply = redisCommand(ask_server.c, "HEXISTS %s %b", key, p.raw, sizeof(p.raw));
    int n = (int)reply->integer;
    freeReplyObject(reply);
    free(key);
    rows_place_fini(&p);
    return n;
}

static int books(const char *source, const char *name)
{
    redisReply *keys = redis_server_ask(&ask_server, "KEYS " ROWS_PREFIX ":ledger:%s:*", source);
    int n = 0;
    for (size_t i = 0; i < keys->elements; i++)
        n += (int)redis_server_number(&ask_server, "HGET %s %s", keys->element[i]->str, name);
    freeReplyObject(keys);
    return n;
}

static void replay_one(void **state)
{
    (void)state;
    assert_int_equal(open_count(letters[1].url), 0);
    char *id = id_of_letter(1), *line = xasprintf("deadletters replay %s", id), *text = say(0, line);
    CHECK(strstr(text, "queued") && strstr(text, letters[1].url), "%s", text);
    assert_int_equal(open_count(letters[1].url), 1);
    assert_int_equal(books("news", "reopened"), 1);
    free(text);
    text = say(0, line); /* twice opens nothing more */
    CHECK(strstr(text, "is being fetched already"), "%s", text);
    free(text), free(line), free(id);
    id = id_of_letter(4), line = xasprintf("deadletters replay %s", id), text = say(1, line);
    CHECK(strstr(text, "has no address"), "%s", text);
    free(text), free(line), free(id);
    free(say(1, "deadletters replay 0-99999999"));
    free(say(0, "ledger")); /* still balances */
}

/* The id is the one that crawlers give it by the rules of its source. */
static void replay_by_rules(void **state)
{
    (void)state;
    char *id = id_of_letter(6), *line = xasprintf("deadletters replay %s", id), *text = say(0, line);
    CHECK(strstr(text, "queued"), "%s", text);
    static const char *const keep[] = { "utm_source", NULL }, *const drop[] = { "sid", NULL };
    struct url_rules rules = { keep, drop };
    struct url u;
    assert_true(url_parse(&u, letters[6].url, strlen(letters[6].url), NULL, &rules, NULL));
    assert_string_equal(u.key, "https://rules.example/a?utm_source=x");
    struct rows_place p = rows_place(letters[6].url);
    unsigned char raw[ID_RAW_LEN];
    id_to_raw(&u.id, raw);
    char *key = xasprintf("%s:open:%d", p.base.s, raw[0] % 64);
    redisReply *reply = redisCommand(ask_server.c, "HEXISTS %s %b", key, raw, sizeof(raw));
    assert_int_equal(reply->integer, 1);
    assert_int_equal(open_count(letters[6].url), 0); /* not the id without them */
    freeReplyObject(reply);
    rows_place_fini(&p);
    url_fini(&u);
    free(key), free(text), free(line), free(id);
}

static void replay_all(void **state)
{
    (void)state;
    json_t *rows = say_json(0, "deadletters replay --all --reason too_large --json");
    CHECK(json_array_size(rows) == 1, "%zu rows", json_array_size(rows)); /* one URL once */
    assert_string_equal(field(rows, 0, "result"), "queued");
    json_decref(rows);
    rows = say_json(1, "deadletters replay --all --json"); /* one has no address */
    CHECK(json_array_size(rows) == 6, "%zu rows", json_array_size(rows));
    json_decref(rows);
    for (size_t i = 0; i < 3; i++)
        CHECK(open_count(letters[i].url) == 1, "%s", letters[i].url);
    assert_int_equal(open_count("https://other.example/last"), 1);
    free(say(0, "ledger"));
}

static int all(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(list), cmocka_unit_test(show), cmocka_unit_test(replay_one),
                                        cmocka_unit_test(replay_by_rules), cmocka_unit_test(replay_all) };
    populate();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    struct error err = { .message = "" };
    char line[96];
    redis_server_start(&ask_server);
    snprintf(dir, sizeof(dir), "/tmp/tidings-test-XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    embedded = true;
    int failed = all();
    embedded = false;
    kafka_server_start(&kafka);
    config.kafka.bootstrap = kafka.address;
    json_t *made = topics_create(&config, &err);
    if (!made)
        fprintf(stderr, "%s\n", err.message);
    json_decref(made);
    failed += all();
    kafka_server_stop(&kafka);
    redis_server_stop(&ask_server);
    meta_destroy(rows_meta);
    snprintf(line, sizeof(line), "rm -rf %s", dir);
    return failed + (system(line) != 0);
}
