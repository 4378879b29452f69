/* sources_test.c - rows of sources in a real Redis: what commands may do, how crawlers follow, and that the file wins. */
#include "crawler/sources.h"

#include "base/log.h"
#include "base/url.h"
#include "crawler/poll_put.lua.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "tests/unit/redis_own.h"

#define P "t"
#define PARTITIONS 8

static struct redis_server server;
static struct meta *meta;
static uv_loop_t loop;

static void up(void)
{
    struct error err;
    freeReplyObject(redis_server_ask(&server, "FLUSHALL"));
    meta_destroy(meta);
    meta = meta_load(server.c, P, PARTITIONS, true, &err);
    CHECK(meta, "%s", err.message);
}

/* --- polls, as the frontier puts them --- */

static struct url url_of(const char *text)
{
    struct url u;
    CHECK(url_parse(&u, text, strlen(text), NULL, NULL, NULL), "%s", text);
    return u;
}

static struct key partition_of(const struct url *u)
{
    struct place place = place_of(meta, u->host, u->port);
    struct key k = key_partition(P, place.partition);
    place_fini(&place);
    return k;
}

static bool poll_put(const char *source, const char *text, const char *due_in_ms)
{
    static const struct redis_script script = { .name = "poll_put", .prelude = frontier_lib_lua, .source = poll_put_lua };
    struct error err;
    struct url u = url_of(text);
    struct key base = partition_of(&u);
    unsigned char raw[ID_RAW_LEN];
    id_to_raw(&u.id, raw);
    const char *argv[] = { base.s, P, (char *)raw, u.fetch, source, "2", u.host, u.host, due_in_ms, "0" };
    size_t lens[COUNT(argv)];
    for (size_t i = 0; i < COUNT(argv); i++)
        lens[i] = i == 2 ? sizeof(raw) : strlen(argv[i]);
    redisReply *reply = redis_ask_script(server.c, &script, 2, COUNT(argv), argv, lens, &err);
    CHECK(reply, "%s", err.message);
    bool new = reply->integer == 1;
    freeReplyObject(reply);
    url_fini(&u);
    return new;
}

/* Counts polls for which an expression of their due time (ms) holds. */
static int polls(const char *that)
{
    long long n = 0;
    char *source = xasprintf("partition(KEYS[1], KEYS[2]) local n, all = 0, polls_all() for i = 2, #all, SHARE_STEP do local due = all[i] * 1000 "
                             "if %s then n = n + 1 end end return n", that);
    struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source = source };
    for (int p = 0; p < PARTITIONS; p++) {
        struct error err;
        struct key base = key_partition(P, p);
        const char *argv[] = { base.s, P };
        redisReply *reply = redis_ask_script(server.c, &script, 2, COUNT(argv), argv, NULL, &err);
        CHECK(reply && reply->type == REDIS_REPLY_INTEGER, "polls of %d", p);
        n += reply->integer;
        freeReplyObject(reply);
    }
    free(source);
    return (int)n;
}

/* --- commands --- */

static bool add(const char *name, const char *url, struct error *err)
{
    struct source s = { .name = (char *)name, .url = (char *)url };
    return source_add(server.c, P, &s, err);
}

static const struct { const char *name, *url; bool ok; const char *says; } additions[] = {
    { "one", "https://one.example/", true, "" },
    { "one", "https://two.example/", false, "--name" },
    { "other", "http://one.example/?utm_source=x", false, "as \"one\"" }, /* the same key form */
    { "other", "https://one.example/sport", true, "" },
    { "Th\xe1\xbb\x9di s\xe1\xbb\xb1", "https://vn.example/", true, "" },
    { "", "https://three.example/", false, "no name" },
    { "-x", "https://three.example/", false, "no name" },
    { "a\nb", "https://three.example/", false, "no name" },
    { "\xff", "https://three.example/", false, "no name" },
    { "01234567890123456789012345678901234567890123456789012345678901234", "https://three.example/", false, "64 bytes" },
    { "ftp", "ftp://three.example/", false, "no site's address" },
};

static void adding(void **state)
{
    (void)state;
    up();
    for (size_t i = 0; i < COUNT(additions); i++) {
        struct error err = { .message = "" };
        bool ok = add(additions[i].name, additions[i].url, &err);
        CHECK(ok == additions[i].ok, "row %zu: %s", i, err.message);
        CHECK(ok || (err.kind == ERROR_INVALID && strstr(err.message, additions[i].says)), "row %zu: %s", i, err.message);
    }
}

static const char *text(const json_t *row, const char *field)
{
    const char *s = json_string_value(json_object_get(row, field));
    return s ? s : "";
}

static json_t *list_of(size_t count)
{
    struct error err;
    json_t *rows = source_list(server.c, P, &err);
    CHECK(rows, "%s", err.message);
    CHECK(json_array_size(rows) == count, "%zu rows, not %zu", json_array_size(rows), count);
    return rows;
}

static void listing(void **state)
{
    (void)state;
    struct error err;
    up();
    struct source s = { .name = "full", .url = "https://full.example/", .title = "Full", .timezone = "+07:00", .language = "vi",
                        .backfill = "all", .interval_ms = 90000, .feeds = { { "https://full.example/a.rss", "https://full.example/b.rss" } },
                        .drop_params = { { "sid" } } };
    CHECK(source_add(server.c, P, &s, &err), "%s", err.message);
    CHECK(add("bare", "https://bare.example/", &err), "%s", err.message);
    freeReplyObject(redis_server_ask(&server, "HSET %s polled 1764000000000 status ok", key_source(P, "bare").s));
    json_t *rows = list_of(2), *bare = json_array_get(rows, 0), *full = json_array_get(rows, 1);
    assert_string_equal(text(bare, "name"), "bare");
    assert_string_equal(text(bare, "origin"), "added");
    assert_string_equal(text(bare, "state"), "active");
    assert_int_equal(json_integer_value(json_object_get(bare, "last_poll_at")), 1764000000000);
    CHECK(json_integer_value(json_object_get(bare, "added_at")) > 1600000000000, "added_at");
    CHECK(!json_object_get(bare, "feeds") && !json_object_get(bare, "interval_ms"), "what is not set is left out");
    assert_string_equal(text(full, "timezone"), "+07:00");
    assert_int_equal(json_integer_value(json_object_get(full, "interval_ms")), 90000);
    assert_int_equal(json_array_size(json_object_get(full, "feeds")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(full, "feeds"), 1)), "https://full.example/b.rss");
    json_decref(rows);
}

static void count_refused(void *arg, size_t i, const struct error *why)
{
    (void)i, (void)why;
    ++*(int *)arg;
}

static void adding_many(void **state)
{
    (void)state;
    enum { N = 1203 };
    static struct source list[N];
    static char urls[N][48], names[N][16];
    struct error err;
    int refused = 0;
    up();
    for (int i = 0; i < N; i++) {
        snprintf(urls[i], sizeof(urls[i]), "https://s%d.example/", i % 1200); /* the last three are there already */
        snprintf(names[i], sizeof(names[i]), "n%d", i);
        list[i] = (struct source){ .name = names[i], .url = urls[i] };
    }
    CHECK(source_add_all(server.c, P, list, N, count_refused, &refused, &err), "%s", err.message);
    assert_int_equal(refused, 3);
    json_decref(list_of(1200));
}

static void polls_of_commands(void **state)
{
    (void)state;
    struct error err;
    up();
    CHECK(add("one", "https://one.example/", &err) && add("two", "https://two.example/", &err), "%s", err.message);
    CHECK(poll_put("one", "https://one.example/feed", "0") && poll_put("one", "https://elsewhere.test/feed", "600000"), "put");
    CHECK(poll_put("two", "https://two.example/feed", "600000"), "put");
    CHECK(!poll_put("two", "https://one.example/feed", "0"), "a poll of a source that is watched was taken");
    CHECK(source_pause(server.c, P, "one", true, &err), "%s", err.message);
    assert_int_equal(polls("true"), 3);
    assert_int_equal(polls("due > 0"), 2); /* of two, who takes over what both show */
    assert_int_equal(polls("due > 0 and due <= now()"), 1);
    CHECK(source_pause(server.c, P, "one", false, &err), "%s", err.message);
    assert_int_equal(polls("due > 0 and due <= now()"), 2); /* at once, though one was far off */
    CHECK(source_remove(server.c, P, "one", &err), "%s", err.message);
    assert_int_equal(polls("true"), 2);
    assert_int_equal(polls("due > 0"), 2);
    CHECK(!source_remove(server.c, P, "one", &err) && err.kind == ERROR_INVALID && strstr(err.message, "sources list"), "%s", err.message);
    CHECK(!source_pause(server.c, P, "one", true, &err) && err.kind == ERROR_INVALID, "%s", err.message);
    CHECK(add("again", "https://one.example/", &err), "%s", err.message);
    /* A crawler that was at it put a poll back for the removed one: whoever watches now takes it over. */
    CHECK(poll_put("gone", "https://one.example/more", "0") && poll_put("again", "https://one.example/more", "0"), "taken over");
}

/* --- crawlers that follow --- */

struct crawler {
    struct config config;
    struct redis *redis;
    struct sources *sources;
    char journal[400]; /* "+name " told, "-name " gone */
    int changed, closed;
};

static void on_source(void *arg, const struct source *s)
{
    struct crawler *c = arg;
    size_t n = strlen(c->journal);
    snprintf(c->journal + n, sizeof(c->journal) - n, "+%s ", s->name);
}

static void on_gone(void *arg, const char *name)
{
    struct crawler *c = arg;
    size_t n = strlen(c->journal);
    snprintf(c->journal + n, sizeof(c->journal) - n, "-%s ", name);
}

static void on_nothing(void *arg) { (void)arg; }
static void on_server_changed(void *arg)
{
    struct crawler *c = arg;
    if (c->sources)
        sources_redis_changed(c->sources);
    c->changed++;
}

static void crawler_up(struct crawler *c, struct config_source *list, size_t count)
{
    struct error err;
    struct redis_callbacks redis_callbacks = { on_nothing, on_nothing, on_server_changed, c };
    struct sources_callbacks callbacks = { on_source, on_gone, c };
    *c = (struct crawler){ .config = { .prefix = P, .path = "/dev/null", .sources = list, .source_count = count } };
    c->redis = redis_create(&loop, server.socket, NULL, &redis_callbacks, &err);
    CHECK(c->redis, "%s", err.message);
    c->sources = sources_create(&loop, &c->config, meta, c->redis, &callbacks);
    sources_start(c->sources);
    RUN_UNTIL(&loop, sources_ready(c->sources));
}

static void on_closed(void *arg) { ((struct crawler *)arg)->closed = 1; }
static void crawler_down(struct crawler *c)
{
    sources_destroy(c->sources);
    c->sources = NULL;
    redis_close(c->redis, on_closed, c);
    RUN_UNTIL(&loop, c->closed);
    redis_destroy(c->redis);
}

static bool heard(struct crawler *c, const char *what)
{
    return strstr(c->journal, what) != NULL;
}

static void following(void **state)
{
    (void)state;
    struct error err;
    struct crawler a, b;
    up();
    CHECK(add("first", "https://first.example/", &err), "%s", err.message);
    crawler_up(&a, NULL, 0);
    crawler_up(&b, NULL, 0);
    assert_string_equal(a.journal, "+first ");
    CHECK(add("second", "https://second.example/", &err), "%s", err.message);
    RUN_UNTIL(&loop, heard(&a, "+second ") && heard(&b, "+second "));
    CHECK(source_pause(server.c, P, "first", true, &err), "%s", err.message);
    RUN_UNTIL(&loop, heard(&a, "-first ") && heard(&b, "-first "));
    CHECK(sources_get(a.sources, "first")->paused, "paused");
    CHECK(source_pause(server.c, P, "first", false, &err), "%s", err.message);
    RUN_UNTIL(&loop, heard(&a, "-first +first ") && heard(&b, "-first +first "));
    freeReplyObject(redis_server_ask(&server, "SET %s x", key_shapes(P, "second").s));
    CHECK(source_remove(server.c, P, "second", &err), "%s", err.message);
    CHECK(redis_server_number(&server, "EXISTS %s", key_shapes(P, "second").s) == 0, "what was learned of it stays");
    CHECK(add("third", "https://third.example/", &err), "%s", err.message); /* as many as before */
    RUN_UNTIL(&loop, heard(&a, "-second ") && heard(&b, "-second ") && heard(&a, "+third "));
    CHECK(!sources_get(a.sources, "second") && sources_count(a.sources) == 2, "second is there");
    crawler_down(&a);
    crawler_down(&b);
}

static void file_wins(void **state)
{
    (void)state;
    struct error err;
    struct crawler a;
    struct config_source list[] = {
        { .url = "https://www.one.example/" }, /* its name: one.example */
        { .url = "https://www.one.example/sport" }, { .name = "two", .url = "two.example", .title = "Two" },
        { .name = "two", .url = "https://three.example/" }, { .url = "ftp://four.example/" },
    };
    up();
    CHECK(add("mine", "http://www.one.example/", &err) && add("two", "https://elsewhere.example/", &err), "%s", err.message);
    CHECK(source_pause(server.c, P, "two", true, &err), "%s", err.message);
    CHECK(poll_put("mine", "https://www.one.example/feed", "0") && poll_put("two", "https://elsewhere.example/feed", "0"), "put");
    crawler_up(&a, list, COUNT(list));
    RUN_UNTIL(&loop, sources_count(a.sources) == 3);
    json_t *rows = list_of(3);
    assert_string_equal(text(json_array_get(rows, 0), "name"), "one.example");
    assert_string_equal(text(json_array_get(rows, 1), "name"), "one.example-2");
    assert_string_equal(text(json_array_get(rows, 2), "url"), "https://two.example/");
    assert_string_equal(text(json_array_get(rows, 2), "title"), "Two");
    assert_string_equal(text(json_array_get(rows, 2), "origin"), "file");
    assert_string_equal(text(json_array_get(rows, 2), "state"), "paused"); /* what a person said stays */
    json_decref(rows);
    assert_int_equal(polls("true"), 0);
    CHECK(!source_remove(server.c, P, "two", &err) && strstr(err.message, "/dev/null"), "%s", err.message);
    CHECK(!add("x", "https://two.example/", &err), "added beside the file's");

    /* The file is read again: one left it, one has another address, one a name. */
    struct config_source later[] = { { .name = "first", .url = "https://www.one.example/" }, { .name = "two", .url = "https://new.example/" } };
    struct config config = { .prefix = P, .path = "/dev/null", .sources = later, .source_count = COUNT(later) };
    CHECK(source_pause(server.c, P, "two", false, &err), "%s", err.message);
    CHECK(poll_put("one.example-2", "https://www.one.example/2", "0") && poll_put("two", "https://two.example/feed", "0"), "put");
    CHECK(add("added", "https://added.example/", &err), "%s", err.message);
    a.journal[0] = '\0';
    sources_reload(a.sources, &config);
    RUN_UNTIL(&loop, heard(&a, "-one.example ") && heard(&a, "-one.example-2 ") && heard(&a, "+first ") && heard(&a, "+two ") && heard(&a, "+added "));
    RUN_UNTIL(&loop, sources_ready(a.sources));
    assert_int_equal(sources_count(a.sources), 3);
    assert_string_equal(sources_get(a.sources, "two")->url, "https://new.example/");
    assert_int_equal(polls("true"), 0);
    crawler_down(&a);

    /* Restarted with the same file: nothing changes. */
    long long version = redis_server_number(&server, "GET %s", key_sources_version(P).s);
    crawler_up(&a, later, COUNT(later));
    CHECK(redis_server_number(&server, "GET %s", key_sources_version(P).s) == version, "written again");
    crawler_down(&a);

    /* A file that is gone holds nobody back. */
    freeReplyObject(redis_server_ask(&server, "HSET %s file /nonexistent/tidings.yaml", key_source(P, "first").s));
    CHECK(source_remove(server.c, P, "first", &err), "%s", err.message);
}

static void restarted_redis(void **state)
{
    (void)state;
    struct error err;
    struct crawler a;
    struct config_source list[] = { { .name = "file", .url = "https://file.example/" } };
    up();
    CHECK(add("kept", "https://kept.example/", &err), "%s", err.message);
    crawler_up(&a, list, 1);
    RUN_UNTIL(&loop, sources_count(a.sources) == 2);
    freeReplyObject(redis_server_ask(&server, "DEL %s", key_source(P, "file").s)); /* as if it came back older */
    for (int i = 0; i < 128; i++)
        freeReplyObject(redis_server_ask(&server, "ZREM %s:%d file", key_sources(P).s, i));
    redis_server_kill(&server);
    redis_server_start(&server);
    a.journal[0] = '\0';
    RUN_UNTIL(&loop, a.changed == 1 && sources_ready(a.sources));
    RUN_UNTIL(&loop, heard(&a, "+kept ") && heard(&a, "+file "));
    CHECK(redis_server_number(&server, "EXISTS %s", key_source(P, "file").s) == 1, "the file's row is back");
    crawler_down(&a);
}

/* --- merging --- */

static const char *polled_by(const char *text)
{
    static char name[100];
    struct url u = url_of(text);
    struct key base = partition_of(&u);
    unsigned char raw[ID_RAW_LEN];
    id_to_raw(&u.id, raw);
    static const struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source =
        "partition(KEYS[1], KEYS[2]) local rec = poll_get('2' .. ARGV[1]) return rec and rec[R_SOURCE] or ''" };
    struct error err;
    const char *argv[] = { base.s, P, (char *)raw };
    redisReply *reply = redis_ask_script(server.c, &script, 2, COUNT(argv), argv, (size_t[]){ strlen(base.s), strlen(P), sizeof(raw) }, &err);
    CHECK(reply && reply->type == REDIS_REPLY_STRING, "%s", text);
    snprintf(name, sizeof(name), "%s", reply->str);
    freeReplyObject(reply);
    url_fini(&u);
    return name;
}

static void answered(struct crawler *c, const char *name, const char *site)
{
    struct url u = url_of(site);
    sources_answered(c->sources, name, &u);
    url_fini(&u);
}

static void one_site_one_source(void **state)
{
    (void)state;
    struct error err;
    struct crawler a, b;
    up();
    CHECK(add("old", "https://old.example/", &err) && add("new", "https://www.old.example/", &err) && add("other", "https://other.example/", &err),
          "%s", err.message);
    freeReplyObject(redis_server_ask(&server, "HSET %s added 1", key_source(P, "old").s)); /* not within the same millisecond */
    crawler_up(&a, NULL, 0);
    crawler_up(&b, NULL, 0);
    RUN_UNTIL(&loop, heard(&a, "+new ") && heard(&b, "+new "));
    CHECK(poll_put("new", "https://www.old.example/feed", "0"), "put");
    answered(&a, "old", "https://www.old.example/");
    answered(&a, "new", "https://www.old.example/");            /* itself: no news */
    answered(&a, "other", "https://www.old.example/?consent=1"); /* no site */
    RUN_UNTIL(&loop, heard(&a, "-new ") && heard(&b, "-new "));
    RUN_UNTIL(&loop, strcmp(polled_by("https://www.old.example/feed"), "old") == 0);
    assert_string_equal(sources_get(a.sources, "new")->same_as, "old"); /* the one added first */
    CHECK(!sources_get(b.sources, "old")->same_as && !sources_get(b.sources, "other")->same_as, "merged too much");
    json_t *rows = list_of(3);
    assert_string_equal(text(json_array_get(rows, 0), "same_as"), "old");
    RUN_UNTIL(&loop, redis_server_number(&server, "HEXISTS %s discovery", key_source(P, "new").s) == 1);
    json_decref(rows);
    CHECK(!add("third", "https://www.old.example/", &err), "a third time");

    /* When the one that watched goes, the other does. */
    a.journal[0] = b.journal[0] = '\0';
    CHECK(source_remove(server.c, P, "old", &err), "%s", err.message);
    RUN_UNTIL(&loop, heard(&a, "+new ") && heard(&b, "+new "));
    CHECK(heard(&a, "-old ") && !sources_get(a.sources, "new")->same_as, "merged still");
    crawler_down(&a);
    crawler_down(&b);
}

static void destroyed_while_asking(void **state)
{
    (void)state;
    struct crawler a;
    struct error err;
    struct redis_callbacks redis_callbacks = { on_nothing, on_nothing, on_server_changed, &a };
    struct sources_callbacks callbacks = { on_source, on_gone, &a };
    up();
    a = (struct crawler){ .config = { .prefix = P } };
    a.redis = redis_create(&loop, server.socket, NULL, &redis_callbacks, &err);
    RUN_UNTIL(&loop, redis_connected(a.redis));
    a.sources = sources_create(&loop, &a.config, meta, a.redis, &callbacks);
    sources_start(a.sources);
    RUN_UNTIL(&loop, redis_pending(a.redis) > 0 || sources_ready(a.sources));
    crawler_down(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding), cmocka_unit_test(listing), cmocka_unit_test(adding_many), cmocka_unit_test(polls_of_commands),
        cmocka_unit_test(following), cmocka_unit_test(file_wins), cmocka_unit_test(restarted_redis), cmocka_unit_test(one_site_one_source), cmocka_unit_test(destroyed_while_asking),
    };
    log_init(LOG_ERROR, LOG_TEXT, 2);
    uv_loop_init(&loop);
    redis_server_start(&server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&server);
    meta_destroy(meta);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return failed;
}
