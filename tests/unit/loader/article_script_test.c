/* The script of the cache against a real Redis: order, repeats, removal, indexes, lifetimes. */
#include "tests/unit/script_rig.h"
#include "base/clock.h"
#include "config/config.h"
#include "loader/loader.h"
#include "pipeline/keys.h"

#include <inttypes.h>

static struct config config = { .prefix = "t", .loader = { .ttl_ms = 3600000, .latest_max = 5, .stream_max = 1000 } };

struct one {
    int64_t version, revision;
    bool removed;
    const char *source, *language, *title;
    int64_t published_s;
};

/* Applies it at `expected`; the script's word, or "refused". */
static const char *apply_at(int64_t expected, int64_t next, int n, const struct one *o)
{
    static char word[24];
    struct load l = { .time_ms = o->published_s ? o->published_s * 1000 : o->version };
    struct load_call call;
    char json[256], text[2][24], key[64];
    const char *argv[LOAD_KEYS_MAX + LOAD_ARGS + 3];
    size_t lens[LOAD_KEYS_MAX + LOAD_ARGS + 3];
    int c = 0;

    buffer_init(&l.section, 0);
    l.article = (struct article){ .id = id_n(n), .version = o->version, .revision = o->revision, .removed = o->removed };
    snprintf(json, sizeof(json), "{\"title\":\"%s\"}", o->title ? o->title : "t");
    l.article.json = json;
    l.article.json_len = strlen(json);
    snprintf(l.source, sizeof(l.source), "%s", o->source ? o->source : "s");
    snprintf(l.language, sizeof(l.language), "%s", o->language ? o->language : "en");
    load_call_init(&call, &l, &config);
    snprintf(key, sizeof(key), "t:position");
    snprintf(text[0], sizeof(text[0]), "%.0" PRId64, expected);
    snprintf(text[1], sizeof(text[1]), "%" PRId64, next);
    for (int i = 0; i < call.keys; i++)
        argv[c] = call.argv[i], lens[c++] = call.lens[i];
    argv[c] = key, lens[c++] = strlen(key);
    argv[c] = text[0], lens[c++] = strlen(text[0]);
    argv[c] = text[1], lens[c++] = strlen(text[1]);
    for (int i = call.keys; i < call.argc; i++)
        argv[c] = call.argv[i], lens[c++] = call.lens[i];
    redisReply *r = script_eval(redis, &load_article_script, call.keys + 1, c, argv, lens);
    snprintf(word, sizeof(word), "%s", r->element[0]->integer == 1 ? r->element[1]->str : "refused");
    freeReplyObject(r);
    load_fini(&l);
    return word;
}

static const char *apply(int n, struct one o)
{
    const char *word = apply_at(position, position + 1, n, &o);
    position++;
    return word;
}

static void applies_only_what_is_newer(void **state)
{
    int64_t v = clock_unix_ms();
    const struct { struct one o; const char *want; } rows[] = {
        { { v, 1, .title = "a" }, "new" },
        { { v, 1, .title = "a" }, "stale" },
        { { v - 1, 9, .title = "x" }, "stale" },
        { { v, 2, .title = "b" }, "updated" },
        { { v + 5, 3, .title = "c" }, "updated" },
        { { v + 6, 3, .removed = true }, "removed" },
        { { v + 6, 3, .removed = true }, "stale" },
        { { v + 5, 3, .title = "c" }, "stale" },
        { { v + 7, 4, .title = "d" }, "new" },
        { { v - 4000000, 1, .title = "old" }, "stale" },
    };
    char *id = xstrdup(id_n(1).hex);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = apply(1, rows[i].o);
        CHECK(strcmp(got, rows[i].want) == 0, "row %zu: %s", i, got);
    }
    assert_string_equal(redis_text(redis, "GET t:article:%s", id), "{\"title\":\"d\"}");
    assert_string_equal(redis_text(redis, "HGET t:meta:%s removed_at", id), "");
    assert_string_equal(redis_text(redis, "GET t:url:%s", id), id);
    assert_string_equal(redis_text(redis, "XLEN t:stream:articles"), "5");
    assert_string_equal(apply(2, (struct one){ v - 4000000, 1 }), "expired");
    assert_string_equal(redis_text(redis, "EXISTS t:article:%s", id_n(2).hex), "0");
    free(id);
}

static void refuses_another_position(void **state)
{
    int64_t v = clock_unix_ms();
    struct one o = { v, 1 };

    (void)state;
    assert_string_equal(apply_at(5, 6, 1, &o), "refused"); /* none stored */
    assert_string_equal(apply_at(0, 1, 1, &o), "new");
    assert_string_equal(apply_at(0, 1, 2, &o), "refused"); /* some stored */
    assert_string_equal(apply_at(7, 8, 2, &o), "refused");
    assert_string_equal(redis_text(redis, "EXISTS t:article:%s", id_n(2).hex), "0");
    assert_string_equal(redis_text(redis, "GET t:position"), "1");
}

static void removal_leaves_no_trace_but_meta(void **state)
{
    int64_t v = clock_unix_ms();

    (void)state;
    apply(1, (struct one){ v, 1, .source = "a", .language = "vi" });
    assert_string_equal(redis_text(redis, "ZCARD t:latest:source:a"), "1");
    assert_string_equal(redis_text(redis, "ZCARD t:latest:lang:vi"), "1");
    apply(1, (struct one){ v + 1, 1, .removed = true });
    assert_string_equal(redis_text(redis, "EXISTS t:latest t:latest:source:a t:latest:lang:vi t:loaded t:article:%s",
                                   id_n(1).hex), "0");
    assert_string_equal(redis_text(redis, "HGET t:meta:%s version", id_n(1).hex), redis_text(redis, "HGET t:meta:%s removed_at",
                                                                                             id_n(1).hex));
}

static void a_change_of_source_or_language_moves_it(void **state)
{
    int64_t v = clock_unix_ms();

    (void)state;
    apply(1, (struct one){ v, 1, .source = "a", .language = "vi" });
    apply(1, (struct one){ v + 1, 2, .source = "b", .language = "en-GB" });
    assert_string_equal(redis_text(redis, "EXISTS t:latest:source:a t:latest:lang:vi"), "0");
    assert_string_equal(redis_text(redis, "ZCARD t:latest:source:b"), "1");
    assert_string_equal(redis_text(redis, "ZCARD t:latest:lang:en"), "1");
}

static void indexes_keep_the_newest(void **state)
{
    int64_t v = clock_unix_ms();

    (void)state;
    for (int n = 0; n < 9; n++)
        apply(n, (struct one){ v, 1, .published_s = v / 1000 - n });
    assert_string_equal(redis_text(redis, "ZCARD t:latest"), "5");
    assert_string_equal(redis_text(redis, "ZSCORE t:latest %s", id_n(8).hex), "");
    assert_string_not_equal(redis_text(redis, "ZSCORE t:latest %s", id_n(0).hex), "");
}

static void lifetimes_count_from_the_version(void **state)
{
    int64_t v = clock_unix_ms() - 3500000;

    (void)state;
    apply(1, (struct one){ v, 1 });
    int64_t left = atoll(redis_text(redis, "PTTL t:article:%s", id_n(1).hex));
    int64_t meta = atoll(redis_text(redis, "PTTL t:meta:%s", id_n(1).hex));
    CHECK(left > 0 && left <= 100000, "%" PRId64, left);
    CHECK(meta > left + 80000000, "meta outlives it: %" PRId64, meta);
}

static void what_is_past_its_time_leaves_the_indexes(void **state)
{
    int64_t v = clock_unix_ms();

    (void)state;
    apply(1, (struct one){ v - 3000000, 1, .source = "a" });
    config.loader.ttl_ms = 1000000; /* as if time had passed */
    apply(2, (struct one){ v, 1, .source = "a" });
    config.loader.ttl_ms = 3600000;
    assert_string_equal(redis_text(redis, "ZCARD t:latest:source:a"), "1");
    assert_string_equal(redis_text(redis, "ZCARD t:loaded"), "1");
}

/* The end is the same whatever the order, and whatever is repeated. */
static void any_order_gives_the_same(void **state)
{
    int64_t v = clock_unix_ms();
    struct one all[] = {
        { v, 1, .title = "1" }, { v + 1, 2, .title = "2" }, { v + 1, 3, .title = "3" }, { v + 2, 3, .removed = true },
        { v + 3, 4, .title = "4" }, { v + 4, 5, .title = "5", .source = "z" },
    };

    (void)state;
    srand(7);
    for (int round = 0; round < 200; round++) {
        empty(NULL);
        for (int i = 0; i < 12; i++)
            apply(1, all[i < 6 ? (i * (round % 5 + 1) + round) % 6 : rand() % 6]);
        for (int i = 0; i < 6; i++)
            apply(1, all[i == 0 ? round % 6 : rand() % 6]);
        apply(1, all[5]);
        CHECK(strcmp(redis_text(redis, "GET t:article:%s", id_n(1).hex), "{\"title\":\"5\"}") == 0, "round %d", round);
        CHECK(strcmp(redis_text(redis, "ZCARD t:latest:source:z"), "1") == 0, "round %d", round);
        CHECK(strcmp(redis_text(redis, "EXISTS t:latest:source:s"), "0") == 0, "round %d", round);
    }
}

static void aliases_lead_to_it_unless_they_have_their_own(void **state)
{
    int64_t v = clock_unix_ms();

    (void)state;
    apply(2, (struct one){ v, 1 });
    struct load l = { .time_ms = v, .canonical = id_n(2) };
    struct load_call call;
    const char *argv[32];
    size_t lens[32];
    int c = 0;
    buffer_init(&l.section, 0);
    l.article = (struct article){ .id = id_n(1), .version = v, .revision = 1, .alias = id_n(3), .json = "{}", .json_len = 2 };
    load_call_init(&call, &l, &config);
    for (int i = 0; i < call.argc; i++) {
        if (i == call.keys) {
            argv[c] = "t:position", lens[c++] = 10;
            argv[c] = "1", lens[c++] = 1;
            argv[c] = "2", lens[c++] = 1;
        }
        argv[c] = call.argv[i], lens[c++] = call.lens[i];
    }
    freeReplyObject(script_eval(redis, &load_article_script, call.keys + 1, c, argv, lens));
    struct id one = id_n(1), two = id_n(2), three = id_n(3);
    assert_string_equal(redis_text(redis, "GET t:url:%s", two.hex), two.hex);
    assert_string_equal(redis_text(redis, "GET t:url:%s", three.hex), one.hex);
}

static void evicts_the_oldest(void **state)
{
    int64_t v = clock_unix_ms();
    const char *argv[] = { "t:loaded", "t:stream:articles", "t", "3" };

    (void)state;
    for (int n = 0; n < 5; n++)
        apply(n, (struct one){ v + n, 1 });
    redisReply *r = script_eval(redis, &load_evict_script, 2, 4, argv, NULL);
    assert_int_equal(r->integer, 3);
    freeReplyObject(r);
    assert_string_equal(redis_text(redis, "EXISTS t:article:%s t:article:%s", id_n(0).hex, id_n(2).hex), "0");
    assert_string_equal(redis_text(redis, "ZCARD t:latest"), "2");
    assert_string_equal(apply(0, (struct one){ v, 1 }), "stale"); /* gone is not forgotten */
}

static void lead(int alias, int article)
{
    char url[64], known[64];
    struct id from = id_n(alias), to = id_n(article);
    const char *argv[] = { url, known, "t", from.hex, to.hex, "3600000" };

    snprintf(url, sizeof(url), "t:url:%s", from.hex);
    snprintf(known, sizeof(known), "t:aliases:%s", to.hex);
    freeReplyObject(script_eval(redis, &load_alias_script, 2, 6, argv, NULL));
}

static void addresses_go_with_their_article(void **state)
{
    int64_t v = clock_unix_ms();
    const char *argv[] = { "t:loaded", "t:stream:articles", "t", "1" };

    (void)state;
    lead(10, 0); /* before its article is here */
    apply(0, (struct one){ v, 1 });
    apply(1, (struct one){ v + 1, 1 });
    for (int alias = 11; alias < 30; alias++)
        lead(alias, 0);
    lead(1, 0);   /* has an article of its own */
    lead(40, 1);
    lead(40, 0);  /* leads to one that is here */
    assert_string_equal(redis_text(redis, "SCARD t:aliases:%s", id_n(0).hex), "16");
    assert_string_equal(redis_text(redis, "GET t:url:%s", id_n(29).hex), id_n(0).hex);
    freeReplyObject(script_eval(redis, &load_evict_script, 2, 4, argv, NULL));
    assert_string_equal(redis_text(redis, "EXISTS t:url:%s t:url:%s t:url:%s t:aliases:%s", id_n(0).hex, id_n(10).hex, id_n(25).hex,
                                   id_n(0).hex), "0");
    assert_string_equal(redis_text(redis, "GET t:url:%s", id_n(1).hex), id_n(1).hex);
    assert_string_equal(redis_text(redis, "GET t:url:%s", id_n(40).hex), id_n(1).hex);
    assert_string_equal(redis_text(redis, "EXISTS t:url:%s", id_n(29).hex), "1"); /* the 17th and later: until their time */
    CHECK(redis_server_number(&server, "PTTL t:url:%s", id_n(29).hex) > 0, "for a time");
    lead(40, 2); /* what it led to is here no more, once it has gone, too */
    freeReplyObject(script_eval(redis, &load_evict_script, 2, 4, argv, NULL));
    lead(40, 2);
    assert_string_equal(redis_text(redis, "GET t:url:%s", id_n(40).hex), id_n(2).hex);
}

static void health_tells_the_newest(void **state)
{
    const char *first[] = { "t:source:a", "t:hp", "", "1", "2000", "failed", "error", "dns" };
    const char *older[] = { "t:source:a", "t:hp", "1", "2", "1000", "failed", "error", "timeout" };
    const char *gone[] = { "t:source:b", "t:hp", "2", "3", "1000", "failed", "error", "timeout" };

    (void)state;
    redis_text(redis, "HSET t:source:a url x");
    freeReplyObject(script_eval(redis, &load_health_script, 2, 8, first, NULL));
    freeReplyObject(script_eval(redis, &load_health_script, 2, 8, older, NULL));
    freeReplyObject(script_eval(redis, &load_health_script, 2, 8, gone, NULL));
    assert_string_equal(redis_text(redis, "HGET t:source:a error"), "dns");
    assert_string_equal(redis_text(redis, "EXISTS t:source:b"), "0");
    assert_string_equal(redis_text(redis, "GET t:hp"), "3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(applies_only_what_is_newer, empty),
        cmocka_unit_test_setup(refuses_another_position, empty),
        cmocka_unit_test_setup(removal_leaves_no_trace_but_meta, empty),
        cmocka_unit_test_setup(a_change_of_source_or_language_moves_it, empty),
        cmocka_unit_test_setup(indexes_keep_the_newest, empty),
        cmocka_unit_test_setup(lifetimes_count_from_the_version, empty),
        cmocka_unit_test_setup(what_is_past_its_time_leaves_the_indexes, empty),
        cmocka_unit_test_setup(any_order_gives_the_same, empty),
        cmocka_unit_test_setup(aliases_lead_to_it_unless_they_have_their_own, empty),
        cmocka_unit_test_setup(evicts_the_oldest, empty),
        cmocka_unit_test_setup(addresses_go_with_their_article, empty),
        cmocka_unit_test_setup(health_tells_the_newest, empty),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
