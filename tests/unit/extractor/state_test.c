/* What the extractor decides from its state (tables), and its three scripts against a real Redis. */
#include "extractor/state.h"

#include "tests/unit/script_rig.h"
#include "base/clock.h"
#include "pipeline/shape.h"
#include "pipeline/keys.h"

#include <inttypes.h>

/* --- decisions --- */

static const struct {
    const char *name;
    struct article_state s;
    struct page p;
    bool early;
    enum action action;
    enum outcome outcome;
    int64_t revision;
} early[] = {
    { "never seen",              { 0 },                                            { .version = 5 },                             false },
    { "newer page",              { .known = true, .version = 4, .revision = 1 },   { .version = 5 },                             false },
    { "same version",            { .known = true, .version = 5, .revision = 1 },   { .version = 5 },                             true, ACTION_DONE, OUTCOME_UNCHANGED },
    { "older page",              { .known = true, .version = 6, .revision = 1 },   { .version = 5 },                             true, ACTION_DONE, OUTCOME_UNCHANGED },
    { "extracted again",         { .known = true, .version = 5, .revision = 1 },   { .version = 5, .reextract = true },          false },
    { "extracted again, old",    { .known = true, .version = 6, .revision = 1 },   { .version = 5, .reextract = true },          true, ACTION_DONE, OUTCOME_UNCHANGED },
    { "gone, never published",   { 0 },                                            { .version = 5, .gone = true },               true, ACTION_NONE, OUTCOME_FAILED },
    { "gone, published",         { .known = true, .version = 4, .revision = 3 },   { .version = 5, .gone = true },               true, ACTION_REMOVE, OUTCOME_REMOVED, 3 },
    { "gone twice",              { .known = true, .version = 4, .revision = 3, .removed = true }, { .version = 5, .gone = true }, true, ACTION_NONE, OUTCOME_UNCHANGED },
    { "gone, but older",         { .known = true, .version = 6, .revision = 3 },   { .version = 5, .gone = true },               true, ACTION_DONE, OUTCOME_UNCHANGED },
};

static void decides_before_parsing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(early); i++) {
        struct decision d = { 0 };
        struct page p = early[i].p;
        p.id = p.request_id = id_n(1);
        CHECK(state_decide_early(&early[i].s, &p, &d) == early[i].early, "%s", early[i].name);
        if (early[i].early)
            CHECK(d.action == early[i].action && d.outcome == early[i].outcome && d.revision == early[i].revision, "%s", early[i].name);
    }
}

#define SAME .title_hash = 1, .text_hash = 2, .times_hash = 3
static const struct {
    const char *name;
    struct article_state s;
    struct parsed parsed;
    enum claim_result claim;
    bool redirected;
    enum action action;
    enum outcome outcome;
    int64_t revision;
} late[] = {
    { "first",                { 0 },                                                       { SAME }, CLAIM_HELD, false, ACTION_PUBLISH, OUTCOME_ARTICLE, 1 },
    { "first, redirected",    { 0 },                                                       { SAME }, CLAIM_HELD, true, ACTION_PUBLISH, OUTCOME_ARTICLE, 1 },
    { "same",                 { .known = true, .revision = 2, SAME },                      { SAME }, CLAIM_HELD, false, ACTION_UNCHANGED, OUTCOME_UNCHANGED, 2 },
    { "same, redirected",     { .known = true, .revision = 2, SAME },                      { SAME }, CLAIM_HELD, true, ACTION_UNCHANGED, OUTCOME_DUPLICATE, 2 },
    { "other text",           { .known = true, .revision = 2, .title_hash = 1, .text_hash = 9, .times_hash = 3 }, { SAME }, CLAIM_HELD, false, ACTION_PUBLISH, OUTCOME_UPDATED, 3 },
    { "other title",          { .known = true, .revision = 2, .title_hash = 9, .text_hash = 2, .times_hash = 3 }, { SAME }, CLAIM_HELD, false, ACTION_PUBLISH, OUTCOME_UPDATED, 3 },
    { "other times",          { .known = true, .revision = 2, .title_hash = 1, .text_hash = 2, .times_hash = 9 }, { SAME }, CLAIM_HELD, false, ACTION_PUBLISH, OUTCOME_UPDATED, 3 },
    { "hashes cleared",       { .known = true, .revision = 2, .cleared = true, SAME },     { SAME }, CLAIM_HELD, false, ACTION_PUBLISH, OUTCOME_UPDATED, 3 },
    { "back after removal",   { .known = true, .revision = 2, .removed = true, SAME },     { SAME }, CLAIM_HELD, false, ACTION_PUBLISH, OUTCOME_UPDATED, 3 },
    { "twin of another",      { 0 },                                                       { SAME }, CLAIM_TWIN, false, ACTION_NONE, OUTCOME_DUPLICATE, 0 },
    { "twin, published long", { .known = true, .revision = 1, .text_hash = 9 },            { SAME }, CLAIM_TWIN, false, ACTION_PUBLISH, OUTCOME_UPDATED, 2 },
    { "other text, same canonical", { 0 },                                                 { SAME }, CLAIM_OTHER, false, ACTION_PUBLISH, OUTCOME_ARTICLE, 1 },
    { "listing",              { 0 },                                                       { .page_type = PAGE_LISTING }, CLAIM_HELD, false, ACTION_NONE, OUTCOME_NOT_ARTICLE, 0 },
    { "became an error",      { .known = true, .revision = 4, SAME },                      { .page_type = PAGE_ERROR }, CLAIM_HELD, false, ACTION_NONE, OUTCOME_NOT_ARTICLE, 0 },
};

static void decides_after_parsing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(late); i++) {
        struct page p = { .id = id_n(1), .request_id = id_n(late[i].redirected ? 2 : 1), .version = 5 };
        struct decision d = state_decide(&late[i].s, &p, &late[i].parsed, late[i].claim);
        CHECK(d.action == late[i].action && d.outcome == late[i].outcome && d.revision == late[i].revision, "%s: %d %d %" PRId64, late[i].name,
              d.action, d.outcome, d.revision);
    }
}

/* --- scripts --- */

struct begun { bool known; int suspect, deaths; struct article_state s; char memory[64]; };
static struct shape shape; /* of the page committed; none with shaped false */
static bool shaped;
static const char *memory_host = "", *memory_generation = "0", *memory_doubted = "";

static struct begun begin_as(const char *worker, int n, int64_t version, bool alone)
{
    unsigned char raw[ID_RAW_LEN];
    struct id id = id_n(n);
    char text[24];
    struct begun b = { 0 };

    id_to_raw(&id, raw);
    snprintf(text, sizeof(text), "%" PRId64, version);
    const char *argv[] = { "t:{3}", "t", (char *)raw, text, worker, alone ? "1" : "0", "0", "0", memory_host, memory_generation };
    size_t lens[] = { 5, 1, ID_RAW_LEN, strlen(text), strlen(worker), 1, 1, 1, strlen(memory_host), strlen(memory_generation) };
    redisReply *r = script_eval(redis, &state_begin_script, 2, 10, argv, lens);
    b.known = r->element[0]->type == REDIS_REPLY_STRING;
    struct state_bytes stored = state_bytes_of(r->element[0], r->element[1]);
    assert_true(state_unpack(&stored, &b.s));
    b.suspect = (int)r->element[2]->integer;
    b.deaths = (int)r->element[3]->integer;
    snprintf(b.memory, sizeof(b.memory), "%s", r->element[4]->str);
    freeReplyObject(r);
    return b;
}

/* canonical 0: no claim. The word. */
static const char *verdict_as(const char *worker, int n, int canonical, const char *title, const char *text)
{
    static char word[16];
    unsigned char raw[ID_RAW_LEN], canon[ID_RAW_LEN];
    struct id id = id_n(n), c = id_n(canonical);

    id_to_raw(&id, raw);
    id_to_raw(&c, canon);
    char version[24];
    snprintf(version, sizeof(version), "%" PRId64, clock_unix_ms());
    const char *argv[] = { "t:{3}", "t", (char *)raw, worker, (char *)canon, title, text, version };
    size_t lens[] = { 5, 1, ID_RAW_LEN, strlen(worker), canonical ? ID_RAW_LEN : 0, 8, 8, strlen(version) };
    redisReply *r = script_eval(redis, &state_verdict_script, 2, 8, argv, lens);
    snprintf(word, sizeof(word), "%s", r->element[0]->str);
    freeReplyObject(r);
    return word;
}

struct commit {
    int n;
    int64_t version, revision;
    const char *action, *outcome, *title, *text;
    int canonical;
    const char *canonical_url, *recheck;
    int64_t expected; /* 0: as written last */
    bool no_validators;
};

static const char *commit(struct commit c)
{
    static char word[16];
    unsigned char raw[ID_RAW_LEN], canon[ID_RAW_LEN];
    struct id id = id_n(c.n), other = id_n(c.canonical);
    char version[24], revision[24], expected[24], next[24], url[64];

    id_to_raw(&id, raw);
    id_to_raw(&other, canon);
    int64_t from = c.expected ? c.expected : position;
    snprintf(version, sizeof(version), "%" PRId64, c.version);
    snprintf(revision, sizeof(revision), "%" PRId64, c.revision);
    snprintf(expected, sizeof(expected), "%.0" PRId64, from);
    snprintf(next, sizeof(next), "%" PRId64, from + 1);
    snprintf(url, sizeof(url), "https://a.example/%d", c.n);
    const char *title = c.title ? c.title : "TTTTTTTT", *text = c.text ? c.text : "XXXXXXXX";
    const char *argv[] = { "t:{3}", "t", "t:position", expected, next, (char *)raw, (char *)raw, version, revision, c.action, c.outcome, title, text,
                           "MMMMMMMM", (char *)canon, c.canonical_url ? c.canonical_url : "", "100000", c.no_validators ? "" : "\"etag\"", "", c.recheck ? c.recheck : "0", "1",
                           url, "src", "a.example", "a.example", "1000", "a.example", memory_host, memory_doubted, memory_generation, (char *)shape.hashes };
    size_t lens[COUNT(argv)];
    for (size_t i = 0; i < COUNT(argv); i++)
        lens[i] = i == 5 || i == 6 ? ID_RAW_LEN : i >= 11 && i <= 13 ? 8 : i == 14 ? (c.canonical ? ID_RAW_LEN : 0) : i == COUNT(argv) - 1 ? (shaped ? sizeof(shape.hashes) : 0) : strlen(argv[i]);
    redisReply *r = script_eval(redis, &state_commit_script, 3, COUNT(argv), argv, lens);
    snprintf(word, sizeof(word), "%s", r->element[0]->integer == 1 ? r->element[1]->str : "refused");
    freeReplyObject(r);
    if (strcmp(word, "refused") != 0)
        position = from + 1;
    return word;
}

static void state_is_kept_and_packed(void **state)
{
    (void)state;
    struct begun b = begin_as("w1", 1, 100, false);
    assert_false(b.known);
    assert_string_equal(verdict_as("w1", 1, 2, "TTTTTTTT", "XXXXXXXX"), "held");
    assert_string_equal(commit((struct commit){ 1, 100, 1, "publish", "article", .canonical = 2, .canonical_url = "https://a.example/2" }), "done");
    b = begin_as("w1", 1, 101, false);
    assert_true(b.known);
    assert_int_equal(b.s.version, 100);
    assert_int_equal(b.s.revision, 1);
    assert_memory_equal(&b.s.title_hash, "TTTTTTTT", 8);
    assert_memory_equal(&b.s.text_hash, "XXXXXXXX", 8);
    assert_memory_equal(&b.s.times_hash, "MMMMMMMM", 8);
    assert_string_equal(b.s.canonical.hex, id_n(2).hex);
    assert_string_equal(b.s.canonical_url, "https://a.example/2");
    assert_string_equal(b.s.etag, "\"etag\"");
    assert_string_equal(commit((struct commit){ 1, 105, 1, "unchanged", "unchanged" }), "done");
    b = begin_as("w1", 1, 106, false);
    assert_int_equal(b.s.version, 105);
    assert_int_equal(b.s.revision, 1);
}

static void first_to_claim_is_published(void **state)
{
    (void)state;
    assert_string_equal(verdict_as("w", 1, 9, "TTTTTTTT", "XXXXXXXX"), "held");
    assert_string_equal(verdict_as("w", 1, 9, "TTTTTTTT", "XXXXXXXX"), "held");
    assert_string_equal(verdict_as("w", 2, 9, "TTTTTTTT", "yyyyyyyy"), "twin"); /* same title */
    assert_string_equal(verdict_as("w", 3, 9, "tttttttt", "XXXXXXXX"), "twin"); /* same text */
    assert_string_equal(verdict_as("w", 4, 9, "tttttttt", "yyyyyyyy"), "other");
    assert_string_equal(verdict_as("w", 5, 0, "TTTTTTTT", "XXXXXXXX"), "held"); /* claims nothing */
}

static void removal_frees_the_claim_and_asks_the_canonical(void **state)
{
    (void)state;
    int64_t v = clock_unix_ms() + 1000;
    verdict_as("w", 1, 2, "TTTTTTTT", "XXXXXXXX");
    commit((struct commit){ 1, v, 1, "publish", "article", .canonical = 2, .canonical_url = "https://a.example/2", .recheck = "600000" });
    assert_string_equal(redis_text(redis, "ZCARD t:{3}:due"), "1");
    assert_string_equal(commit((struct commit){ 1, v + 1, 1, "remove", "removed" }), "done");
    assert_string_equal(verdict_as("w", 2, 2, "TTTTTTTT", "XXXXXXXX"), "held");
    assert_string_equal(redis_text(redis, "ZCARD t:{3}:due"), "0"); /* no further re-check */
    assert_string_equal(redis_text(redis, "LLEN t:{3}:qn:a.example"), "1");
    struct begun b = begin_as("w", 1, v + 2, false);
    assert_true(b.s.removed);
    assert_int_equal(b.s.revision, 1);
    assert_int_equal(b.s.version, v + 1);
}

static void removal_of_its_own_canonical_asks_nothing(void **state)
{
    (void)state;
    verdict_as("w", 1, 1, "TTTTTTTT", "XXXXXXXX");
    commit((struct commit){ 1, 100, 1, "publish", "article", .canonical = 1 });
    commit((struct commit){ 1, 101, 1, "remove", "removed" });
    assert_string_equal(redis_text(redis, "EXISTS t:{3}:qn:a.example"), "0");
}

static void a_dead_letter_frees_the_claim(void **state)
{
    (void)state;
    begin_as("w", 1, 100, true);
    verdict_as("w", 1, 2, "TTTTTTTT", "XXXXXXXX");
    begin_as("w", 1, 100, true);
    commit((struct commit){ 1, 100, 0, "dead", "deadlettered", .canonical = 2, .canonical_url = "https://a.example/2" });
    assert_string_equal(redis_text(redis, "LLEN t:{3}:qn:a.example"), "1");
    assert_string_equal(redis_text(redis, "EXISTS t:{3}:working"), "0");
    assert_string_equal(verdict_as("w", 2, 2, "aaaaaaaa", "bbbbbbbb"), "held");
}

/* Who is published under its own address holds it, with no entry of its own; until it is removed. */
static void its_own_address_is_held_by_the_state(void **state)
{
    int64_t v = clock_unix_ms();

    (void)state;
    verdict_as("w", 2, 2, "TTTTTTTT", "XXXXXXXX");
    assert_string_equal(verdict_as("w", 1, 2, "TTTTTTTT", "yyyyyyyy"), "twin"); /* before the state is there, too */
    commit((struct commit){ 2, v, 1, "publish", "article", .canonical = 2 });
    assert_string_equal(redis_text(redis, "KEYS t:{3}:canon:*"), "");
    assert_string_equal(verdict_as("w", 1, 2, "TTTTTTTT", "yyyyyyyy"), "twin");
    assert_string_equal(verdict_as("w", 1, 2, "tttttttt", "yyyyyyyy"), "other");
    assert_string_equal(verdict_as("w", 2, 2, "tttttttt", "yyyyyyyy"), "held");
    commit((struct commit){ 2, v + 1, 2, "publish", "updated", "tttttttt", "yyyyyyyy", 2 });
    assert_string_equal(verdict_as("w", 1, 2, "TTTTTTTT", "yyyyyyyy"), "twin");
    commit((struct commit){ 2, v + 2, 2, "remove", "removed" });
    assert_string_equal(verdict_as("w", 1, 2, "TTTTTTTT", "yyyyyyyy"), "held");
    assert_string_equal(commit((struct commit){ 1, v, 1, "publish", "article", .canonical = 2, .canonical_url = "https://a.example/2" }), "done");
    assert_string_equal(verdict_as("w", 2, 2, "TTTTTTTT", "zzzzzzzz"), "twin"); /* now it is the other's */
    struct begun b = begin_as("w", 1, v + 5, false);
    assert_string_equal(b.s.canonical.hex, id_n(2).hex);
    assert_true(b.s.claims);
}

/* Private state is at most 96 bytes an article, all that Redis needs for it counted. */
static void an_article_takes_96_bytes(void **state)
{
    enum { N = 6000 }; /* about a hundred in each hash */
    int64_t v = clock_unix_ms();

    (void)state;
    commit((struct commit){ N + 1, v, 1, "publish", "article", .canonical = N + 1 });
    long long before = atoll(strstr(redis_text(redis, "INFO memory"), "used_memory:") + 12);
    for (int n = 0; n < N; n++)
        commit((struct commit){ n, v, 1, "publish", "article", .canonical = n, .no_validators = true });
    long long after = atoll(strstr(redis_text(redis, "INFO memory"), "used_memory:") + 12);
    print_message("%lld bytes an article\n", (after - before) / N);
    CHECK((after - before) / N <= 96, "%lld bytes an article", (after - before) / N);
    assert_string_equal(redis_text(redis, "KEYS t:{3}:long:*"), "");
}

static void what_is_past_its_time_is_swept(void **state)
{
    int64_t now = clock_unix_ms();

    (void)state;
    commit((struct commit){ 1, now - 200000, 1, "publish", "article", .canonical = 9, .canonical_url = "https://a.example/9" });
    verdict_as("w", 1, 9, "TTTTTTTT", "XXXXXXXX");
    struct id id = id_n(1);
    unsigned char raw[ID_RAW_LEN];
    id_to_raw(&id, raw);
    redis_text(redis, "HSET t:{3}:state:%d d 0", raw[0] % 64); /* a day has passed */
    for (int n = 2; n < 2000; n++) {
        struct id other = id_n(n);
        unsigned char its[ID_RAW_LEN];
        id_to_raw(&other, its);
        if (its[0] % 64 != raw[0] % 64)
            continue;
        commit((struct commit){ n, now, 1, "publish", "article", .canonical = n });
        break;
    }
    assert_false(begin_as("w", 1, now, false).known);
    assert_string_equal(redis_text(redis, "HLEN t:{3}:long:%d", raw[0] % 64), "1");
}

static void a_newer_version_found_is_said_again(void **state)
{
    (void)state;
    commit((struct commit){ 1, 200, 1, "publish", "article" });
    assert_string_equal(commit((struct commit){ 1, 150, 2, "publish", "updated" }), "newer");
    struct begun b = begin_as("w", 1, 300, false);
    assert_int_equal(b.s.version, 200);
    assert_int_equal(b.s.revision, 1);
    assert_true(b.s.cleared);
    assert_string_equal(redis_text(redis, "LLEN t:{3}:qn:a.example"), "1");
    assert_string_equal(commit((struct commit){ 1, 300, 2, "publish", "updated" }), "done");
    b = begin_as("w", 1, 400, false);
    assert_false(b.s.cleared);
}

static void what_is_done_changes_nothing(void **state)
{
    (void)state;
    commit((struct commit){ 1, 200, 1, "publish", "article" });
    commit((struct commit){ 1, 150, 0, "done", "unchanged" });
    struct begun b = begin_as("w", 1, 300, false);
    assert_int_equal(b.s.version, 200);
    assert_false(b.s.cleared);
    commit((struct commit){ 1, 250, 0, "none", "not_article:error" });
    b = begin_as("w", 1, 300, false);
    assert_int_equal(b.s.version, 250);
    assert_int_equal(b.s.revision, 1);
    commit((struct commit){ 2, 250, 0, "none", "not_article:error" });
    assert_false(begin_as("w", 2, 300, false).known); /* nothing is kept of what was never an article */
}

static void refuses_another_position(void **state)
{
    (void)state;
    commit((struct commit){ 1, 200, 1, "publish", "article" });
    assert_string_equal(commit((struct commit){ 1, 300, 2, "publish", "updated", .expected = 7 }), "refused");
    assert_int_equal(begin_as("w", 1, 400, false).s.version, 200);
}

static void outcomes_are_counted_once(void **state)
{
    unsigned char raw[ID_RAW_LEN];
    struct id id = id_n(1);
    int64_t at = clock_unix_ms();
    char packed[16] = { 0 };

    (void)state;
    id_to_raw(&id, raw);
    for (int i = 0; i < 6; i++)
        packed[i] = (char)(at >> (40 - 8 * i));
    memcpy(packed + 6, "src", 3);
    char bucket[8];
    snprintf(bucket, sizeof(bucket), "%d", raw[0] % 64);
    freeReplyObject(redisCommand(redis, "HSET t:{3}:open:%s %b %b", bucket, raw, (size_t)ID_RAW_LEN, packed, (size_t)9));
    commit((struct commit){ 1, at - 5, 1, "publish", "article" }); /* earlier than the opening: not its answer */
    assert_string_equal(redis_text(redis, "EXISTS t:{3}:open:%s", bucket), "1");
    commit((struct commit){ 1, at + 5, 1, "publish", "article" });
    commit((struct commit){ 1, at + 6, 1, "unchanged", "unchanged" });
    assert_string_equal(redis_text(redis, "EXISTS t:{3}:open:%s", bucket), "0");
    char day[11];
    ledger_day(day, at);
    assert_string_equal(redis_text(redis, "HGET t:ledger:src:%s article", day), "1");
    assert_string_equal(redis_text(redis, "HGET t:ledger:src:%s unchanged", day), "");
}

/* --- shapes of addresses --- */

static struct shape_counts judged(const char *url)
{
    struct shape s;
    redisReply *r = redisCommand(redis, "GET t:shapes:src");
    assert_true(shape_of(url, &s));
    struct shape_counts c = shape_judge(r->str, r->len, &s);
    freeReplyObject(r);
    return c;
}

/* n pages of such addresses turned out so. */
static void pages_were(const char *outcome, const char *url, int n)
{
    static int version = 1000;
    bool article = strcmp(outcome, "article") == 0;
    for (int i = 0; i < n; i++) {
        char text[200];
        snprintf(text, sizeof(text), "%s%d", url, 50000 + ++version);
        shaped = shape_of(text, &shape);
        commit((struct commit){ version, version, article, article ? "publish" : "none", outcome });
        shaped = false;
    }
}

static void shapes_are_learned(void **state)
{
    (void)state;
    commit((struct commit){ 1, 100, 1, "publish", "article" });
    assert_string_equal(redis_text(redis, "EXISTS t:shapes:src"), "0"); /* not from a page with links: nothing is kept */
    pages_were("article", "https://a.example/news/story-", 3);
    pages_were("not_article:listing", "https://a.example/tag/", 5);
    pages_were("not_article:error", "https://a.example/news/story-", 20);
    pages_were("duplicate", "https://a.example/news/story-", 3);
    struct shape_counts news = judged("https://a.example/news/other-77777"), tag = judged("https://a.example/tag/99999");
    assert_int_equal(news.verdict, SHAPE_ARTICLES);
    assert_int_equal(news.articles, 3);
    assert_int_equal(news.others, 0);
    assert_int_equal(tag.verdict, SHAPE_OTHERS);
    assert_int_equal(tag.others, 5);
    assert_int_equal(judged("https://a.example/sport/other-77777").verdict, SHAPE_ARTICLES); /* by the form alone */
    assert_int_equal(judged("https://a.example/2025/11/x").verdict, SHAPE_UNKNOWN);
    /* The site's scheme changes: where nothing was found there are articles now, and soon that is known. */
    pages_were("not_article:other", "https://a.example/tag/", 30);
    assert_int_equal(judged("https://a.example/tag/99999").verdict, SHAPE_OTHERS);
    pages_were("article", "https://a.example/tag/", 3);
    assert_int_not_equal(judged("https://a.example/tag/99999").verdict, SHAPE_OTHERS);
    pages_were("article", "https://a.example/tag/", 5);
    assert_int_equal(judged("https://a.example/tag/99999").verdict, SHAPE_ARTICLES);
    /* And what brought articles brings none any more. */
    pages_were("not_article:other", "https://a.example/news/story-", 60);
    assert_int_equal(judged("https://a.example/news/other-77777").verdict, SHAPE_OTHERS);
}

/* Whatever a site does, it has its few bytes; what is known well outlives what comes once. */
static void shapes_are_bounded(void **state)
{
    char section[100];
    (void)state;
    pages_were("not_article:listing", "https://a.example/tag/", 30);
    for (int i = 0; i < 300; i++) {
        snprintf(section, sizeof(section), "https://a.example/part%c%c/story-", 'a' + i / 26 % 26, 'a' + i % 26);
        pages_were("article", section, 1);
        CHECK(atoi(redis_text(redis, "STRLEN t:shapes:src")) <= SHAPES_BYTES, "after %d", i);
    }
    assert_int_equal(judged("https://a.example/tag/99999").verdict, SHAPE_OTHERS);
    assert_int_equal(judged("https://a.example/other/story-99999").verdict, SHAPE_ARTICLES);
    assert_true(atoll(redis_text(redis, "PTTL t:shapes:src")) > 0);
}

/* What three articles of a host have in common is known from the next hour on; an hour that has been asked for stays as it was. */
static void a_host_is_remembered(void **state)
{
    int64_t v = clock_unix_ms();

    (void)state;
    memory_host = "a.example";
    memory_generation = "100";
    memory_doubted = "AAAABBBB";
    for (int n = 1; n <= 3; n++) {
        assert_string_equal(begin_as("w", n, v, false).memory, "");
        memory_doubted = n == 1 ? "AAAACCCC" : "AAAABBBB";
        commit((struct commit){ n, v, 1, "publish", "article", .canonical = n });
    }
    commit((struct commit){ 3, v + 1, 2, "publish", "updated", .canonical = 3 }); /* an update is no new page */
    assert_string_equal(begin_as("w", 4, v, false).memory, "");
    memory_generation = "101";
    assert_string_equal(begin_as("w", 4, v, false).memory, "AAAA");
    memory_doubted = "BBBB";
    commit((struct commit){ 4, v, 1, "publish", "article", .canonical = 4 });
    assert_string_equal(begin_as("w", 5, v, false).memory, "AAAA");
    memory_generation = "103";
    assert_string_equal(begin_as("w", 5, v, false).memory, "AAAABBBB");
    assert_string_equal(begin_as("w", 1, v + 9, false).memory, ""); /* as on its first page, though it is another hour now */
    assert_string_equal(begin_as("w", 4, v + 9, false).memory, "AAAA");
    memory_generation = "102"; /* asked for late: what was known then */
    assert_string_equal(begin_as("w", 9, v + 9, false).memory, "AAAA");
    memory_host = "b.example";
    memory_generation = "104";
    assert_string_equal(begin_as("w", 6, v, false).memory, "");
    memory_host = memory_doubted = "";
}

/* An article is judged by the same blocks however often others became known since; where they have no more room, none do. */
static void what_was_known_stays(void **state)
{
    enum { BLOCKS = 255, OLD = 9 * 24 };
    int64_t v = clock_unix_ms();
    char generation[16], blocks[4 * BLOCKS + 1], newest[5] = "";
    int n = 1, changes = 0;

    (void)state;
    memory_host = "a.example";
    memory_generation = generation;
    memory_doubted = blocks;
    for (int i = 0; i < BLOCKS; i++)
        snprintf(blocks + 4 * i, 5, "z%03d", i);
    for (int hour = 1000; hour < 1020 + OLD; hour += hour < 1020 ? 1 : OLD - 1) {
        snprintf(generation, sizeof(generation), "%d", hour);
        struct begun b = begin_as("w", n, v, false);
        changes += strncmp(b.memory, newest, 4) != 0;
        snprintf(newest, sizeof(newest), "%.4s", b.memory);
        for (int i = 0; i < 3; i++, n++)
            commit((struct commit){ n, v, 1, "publish", "article", .canonical = n });
        snprintf(blocks, sizeof(blocks), "a%03d", 999 - hour % 1000); /* known later, it stands first */
        if (hour >= 1010 && hour < 1020) {
            assert_string_equal(begin_as("w", 1, v + 9, false).memory, ""); /* of hour 1000 */
            assert_int_equal(strncmp(begin_as("w", 4, v + 9, false).memory, "z000", 4), 0);
            assert_int_equal(strncmp(begin_as("w", 7, v + 9, false).memory, "a999", 4), 0);
            CHECK(changes == 7, "%d changes of 1 KB", changes);
        }
    }
    CHECK(changes == 8, "%d changes: there is room again", changes);
    memory_host = memory_doubted = "";
    memory_generation = "0";
}

static void a_hosts_memory_is_bounded(void **state)
{
    int64_t v = clock_unix_ms();
    char generation[16], blocks[129] = { 0 };

    (void)state;
    memory_host = "a.example";
    memory_generation = generation;
    memory_doubted = blocks;
    srand(3);
    for (int n = 0; n < 1500; n++) {
        snprintf(generation, sizeof(generation), "%d", n / 30);
        for (int i = 0; i < 128; i++) /* a few of many blocks, so that the known ones change again and again */
            blocks[i] = (char)('a' + (i % 4 == 0 ? rand() % 20 : i % 4 == 1 ? rand() % 20 : 0));
        begin_as("w", n, v, false);
        commit((struct commit){ n, v, 1, "publish", "article", .canonical = n });
    }
    long bytes = atol(redis_text(redis, "MEMORY USAGE t:{3}:mem:a.example SAMPLES 0")) + atol(redis_text(redis, "MEMORY USAGE t:{3}:mem:a.example:n SAMPLES 0"));
    CHECK(bytes > 4000 && bytes <= 16384, "%ld bytes", bytes);
    memory_host = memory_doubted = "";
    memory_generation = "0";
}

static void three_deaths_alone(void **state)
{
    (void)state;
    assert_int_equal(begin_as("w1", 1, 100, false).suspect, 0);
    assert_int_equal(begin_as("w1", 1, 100, false).suspect, 0); /* the same process again: nobody died */
    struct begun b = begin_as("w2", 1, 100, false);             /* w1 ended */
    assert_true(b.suspect && b.deaths == 0);                    /* not alone: not to blame yet */
    begin_as("w2", 1, 100, true);
    b = begin_as("w3", 1, 100, false);
    assert_true(b.suspect && b.deaths == 1);
    b = begin_as("w4", 1, 100, false);                          /* w3 ended before it tried it alone */
    assert_int_equal(b.deaths, 1);
    begin_as("w4", 1, 100, true);
    b = begin_as("w5", 1, 100, false);
    assert_int_equal(b.deaths, 2);
    begin_as("w5", 1, 100, true);
    assert_int_equal(begin_as("w6", 1, 100, false).deaths, STATE_DEATHS_MAX);
    verdict_as("w6", 1, 0, "        ", "        ");             /* a verdict ends the count */
    assert_int_equal(begin_as("w7", 1, 100, false).suspect, 0);
    verdict_as("w1", 1, 0, "        ", "        ");             /* not w1's to end */
    assert_int_equal(begin_as("w8", 1, 100, false).suspect, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_before_parsing),
        cmocka_unit_test(decides_after_parsing),
        cmocka_unit_test_setup(state_is_kept_and_packed, empty),
        cmocka_unit_test_setup(first_to_claim_is_published, empty),
        cmocka_unit_test_setup(removal_frees_the_claim_and_asks_the_canonical, empty),
        cmocka_unit_test_setup(removal_of_its_own_canonical_asks_nothing, empty),
        cmocka_unit_test_setup(a_dead_letter_frees_the_claim, empty),
        cmocka_unit_test_setup(its_own_address_is_held_by_the_state, empty),
        cmocka_unit_test_setup(an_article_takes_96_bytes, empty),
        cmocka_unit_test_setup(what_is_past_its_time_is_swept, empty),
        cmocka_unit_test_setup(a_newer_version_found_is_said_again, empty),
        cmocka_unit_test_setup(what_is_done_changes_nothing, empty),
        cmocka_unit_test_setup(refuses_another_position, empty),
        cmocka_unit_test_setup(outcomes_are_counted_once, empty),
        cmocka_unit_test_setup(shapes_are_learned, empty),
        cmocka_unit_test_setup(shapes_are_bounded, empty),
        cmocka_unit_test_setup(a_host_is_remembered, empty),
        cmocka_unit_test_setup(what_was_known_stays, empty),
        cmocka_unit_test_setup(a_hosts_memory_is_bounded, empty),
        cmocka_unit_test_setup(three_deaths_alone, empty),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
