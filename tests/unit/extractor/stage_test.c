/* The extractor as a stage: pages in, articles, removals, dead letters and state out, over the local driver and a real Redis,
 * with parsing in children: this program is its own child. */
#include "pipeline/stage.h"

#include "base/clock.h"
#include "base/url.h"
#include "extractor/pool.h"
#include "extractor/state.h"
#include "pipeline/article.h"
#include "pipeline/budget.h"
#include "pipeline/deadletter.h"
#include "tests/unit/stage_rig.h"

#include <zlib.h>

static struct rig rig;
static int64_t now_ms; /* the version of the first page; later ones are greater */

static int begin(void **state)
{
    struct error err;

    (void)state;
    rig_init(&rig, &extractor_stage);
    CHECK(config_set(rig.config, "extractor.parse_timeout_ms", "5000", &err), "%s", err.message); /* sanitizers, a loaded machine */
    rig.env.budget = budget_create((size_t)rig.config->body_budget_mb << 20);
    rig_listen(&rig, TOPIC_ARTICLES);
    rig_listen(&rig, TOPIC_EVENTS);
    rig_listen(&rig, TOPIC_DEADLETTERS);
    rig_start_stage(&rig, "worker-1");
    now_ms = clock_unix_ms();
    return 0;
}

static int end(void **state)
{
    struct budget *budget = rig.env.budget;

    (void)state;
    rig_fini(&rig);
    budget_destroy(budget);
    return 0;
}

/* --- pages --- */

struct sample {
    const char *path, *title, *sentence, *canonical, *published;
    const char *requested;   /* path of the URL that was asked for */
    int64_t version;         /* added to now_ms */
    bool gone, reextract, listing, furniture;
};

static const char *const story[] = {
    "The new bridge over the river was opened to traffic on Sunday morning after four years of work, the city said in a statement.",
    "Thousands of people walked across it before the first cars were let through, many of them with children and flags in their hands.",
    "It will shorten the way between the two banks by nearly half an hour, and a second one is planned for the end of the decade.",
    "\"We have waited for this day since my grandfather kept the ferry,\" said Maria Holt, who sells bread at the northern landing.",
    "The work began in the spring of 2022 and stood still for eleven months when the first builder could not pay its divers.",
    "In all it cost 212 million, a third more than the council had agreed to, and the opposition has asked for the books.",
    "Mayor Jon Aldous told reporters that the price of steel alone explained more than half of the difference.",
    "Engineers closed one lane again at noon to look at a joint that had moved more than expected in the heat.",
    "The ferry, which has crossed here since 1871, will go on running on weekends as long as people want to ride on it.",
    "Lorries above forty tonnes stay banned until the last tests have been made in autumn, according to the police.",
};

#define FURNITURE "Sign up for the morning letter." /* what the model keeps, and doubts a little */

static const char *html_of(const struct sample *s)
{
    static char html[20000];
    size_t n = 0;

    n += (size_t)snprintf(html + n, sizeof(html) - n,
                          "<!doctype html><html lang=en><head><meta charset=utf-8><meta property='og:type' content='article'><title>%s</title>%s%s%s"
                          "<script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@type\":\"%s\",\"headline\":\"%s\","
                          "\"datePublished\":\"%s\",\"author\":{\"@type\":\"Person\",\"name\":\"Ann Weaver\"}}</script></head><body><article><h1>%s</h1>",
                          s->title, s->canonical ? "<link rel=canonical href='" : "", s->canonical ? s->canonical : "", s->canonical ? "'>" : "",
                          s->listing ? "CollectionPage" : "NewsArticle", s->title, s->published ? s->published : "2026-03-01T10:00:00+07:00", s->title);
    for (int i = 0; i < 14 && s->listing; i++)
        n += (size_t)snprintf(html + n, sizeof(html) - n, "<h2><a href='/story-%d'>Story %d</a></h2>", i, i);
    for (size_t i = 0; i < COUNT(story) && !s->listing; i++)
        n += (size_t)snprintf(html + n, sizeof(html) - n, "<p>%s</p>", story[i]);
    if (s->sentence)
        n += (size_t)snprintf(html + n, sizeof(html) - n,
                              "<p>Late in the evening the city added that %s, and thanked all who had helped.</p>", s->sentence);
    if (s->furniture)
        n += (size_t)snprintf(html + n, sizeof(html) - n, "<p>" FURNITURE "</p>");
    snprintf(html + n, sizeof(html) - n, "</article></body></html>");
    return html;
}

static void full(char out[256], const char *path)
{
    snprintf(out, 256, "https://news.example/%s", path);
}

static struct id id_at(const char *path)
{
    char text[256];
    struct url u;

    full(text, path);
    assert_true(url_parse(&u, text, strlen(text), NULL, NULL, NULL));
    struct id id = u.id;
    url_fini(&u);
    return id;
}

static int partition_of(void)
{
    struct place place = place_of(rig.meta, "news.example", 0);
    int partition = place.partition;
    place_fini(&place);
    return partition;
}

static void send_sample(const struct sample *s)
{
    char url[256], requested[256];
    const char *html = s->gone ? NULL : html_of(s);
    struct page p = { .version = now_ms + s->version, .source = "news.example", .source_name = "The News",
                      .status = s->gone ? 410 : 200,
                      .via = "feed", .gone = s->gone, .reextract = s->reextract, .discovered_at_ms = now_ms - 1000,
                      .fetched_at_ms = now_ms + s->version, .content_type = "text/html", .etag = "\"e\"",
                      .body = html, .body_len = html ? strlen(html) : 0 };

    full(url, s->path);
    full(requested, s->requested ? s->requested : s->path);
    p.url = url;
    p.request_url = requested;
    p.id = id_at(s->path);
    p.request_id = id_at(s->requested ? s->requested : s->path);
    p.request_partition = partition_of();
    rig_send_page(&rig, &p);
}

/* Opens a request, as discover does, a little before the pages' versions. */
static void open_request(const char *path)
{
    unsigned char raw[ID_RAW_LEN];
    char packed[24];
    struct id id = id_at(path);
    int64_t at = now_ms - 500;

    id_to_raw(&id, raw);
    for (int i = 0; i < 6; i++)
        packed[i] = (char)(at >> (40 - 8 * i));
    memcpy(packed + 6, "news.example", 12);
    freeReplyObject(redisCommand(rig.redis.c, "HSET t:{%d}:open:%d %b %b", partition_of(), raw[0] % 64, raw, (size_t)ID_RAW_LEN,
                                 packed, (size_t)18));
}

static long long counted(const char *outcome)
{
    char day[11];
    ledger_day(day, now_ms - 500);
    return redis_server_number(&rig.redis, "HGET t:ledger:news.example:%s %s", day, outcome);
}

/* --- what came out --- */

static struct article article_n(size_t n)
{
    struct article a;
    struct error err;

    CHECK(n < rig.topics[TOPIC_ARTICLES].count, "article %zu was not sent", n);
    CHECK(article_read(rig.topics[TOPIC_ARTICLES].heard[n], &a, &err), "%s", err.message);
    return a;
}

static json_t *json_n(size_t n)
{
    struct article a = article_n(n);
    json_error_t why;
    json_t *j = json_loadb(a.json, a.json_len, 0, &why);
    CHECK(j, "%s", why.text);
    return j;
}

#define ARTICLES rig.topics[TOPIC_ARTICLES].count

static struct article_state state_of(const char *path)
{
    struct article_state s;
    struct error err;
    struct id id = id_at(path);
    CHECK(state_load(rig.redis.c, "t", partition_of(), &id, &s, &err), "%s", err.message);
    return s;
}

/* --- tests --- */

static void an_article(void **state)
{
    (void)state;
    open_request("bridge");
    send_sample(&(struct sample){ .path = "bridge", .title = "The bridge opens" });
    RUN_UNTIL(&rig.loop, ARTICLES == 1 && rig.delivered == 1 && rig_events(&rig, "article") == 1);
    struct article a = article_n(0);
    assert_string_equal(a.id.hex, id_at("bridge").hex);
    assert_int_equal(a.version, now_ms);
    assert_int_equal(a.revision, 1);
    assert_false(a.removed);
    json_t *j = json_n(0);
    assert_string_equal(json_string_value(json_object_get(j, "title")), "The bridge opens");
    assert_string_equal(json_string_value(json_object_get(j, "schema")), "tidings.article/1.0");
    assert_string_equal(json_string_value(json_object_get(j, "source_name")), "The News");
    assert_string_equal(json_string_value(json_object_get(j, "host")), "news.example");
    assert_string_equal(json_string_value(json_object_get(j, "published_at")), "2026-03-01T10:00:00+07:00");
    assert_non_null(strstr(json_string_value(json_object_get(j, "text")), "Lorries above forty tonnes"));
    json_decref(j);
    struct article_state s = state_of("bridge");
    assert_true(s.known && s.version == now_ms && s.revision == 1 && strcmp(s.etag, "\"e\"") == 0);
    assert_int_equal(counted("article"), 1);
    assert_int_equal(redis_server_number(&rig.redis, "ZCARD t:{%d}:due", partition_of()), 1); /* a re-check */
    assert_int_equal(redis_server_number(&rig.redis, "EXISTS t:{%d}:working", partition_of()), 0);
}

static void its_updates_and_its_end(void **state)
{
    static const struct sample steps[] = {
        { .path = "a", .title = "Old title", .version = 0 },
        { .path = "a", .title = "Old title", .version = 10 },                                   /* the same */
        { .path = "a", .title = "New title", .version = 20 },                                   /* revision 2 */
        { .path = "a", .title = "New title", .sentence = "nobody was hurt", .version = 30 },    /* revision 3 */
        { .path = "a", .title = "Older", .version = 25 },                                       /* late: done already */
        { .path = "a", .gone = true, .version = 40 },                                           /* removed */
        { .path = "a", .gone = true, .version = 50 },                                           /* still */
        { .path = "a", .title = "New title", .sentence = "nobody was hurt", .version = 60 },    /* back: revision 4 */
    };
    static const struct { int64_t version, revision; bool removed; } want[] = { { 0, 1 }, { 20, 2 }, { 30, 3 }, { 40, 3, true },
                                                                                { 60, 4 } };

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++)
        send_sample(&steps[i]);
    RUN_UNTIL(&rig.loop, rig.delivered == COUNT(steps));
    assert_int_equal(ARTICLES, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        struct article a = article_n(i);
        CHECK(a.version == now_ms + want[i].version && a.revision == want[i].revision && a.removed == want[i].removed,
              "record %zu", i);
    }
    assert_string_equal(article_n(3).reason, "http 410");
    assert_int_equal(state_of("a").version, now_ms + 60);
    RUN_UNTIL(&rig.loop, rig_events(&rig, "updated") == 3 && rig_events(&rig, "removed") == 1);
}

static void a_replay_changes_nothing(void **state)
{
    (void)state;
    open_request("a");
    for (int i = 0; i < 5; i++)
        send_sample(&(struct sample){ .path = "a", .title = "Said once" });
    RUN_UNTIL(&rig.loop, rig.delivered == 5);
    assert_int_equal(ARTICLES, 1);
    assert_int_equal(state_of("a").revision, 1);
    assert_int_equal(counted("article"), 1);
    assert_int_equal(counted("unchanged"), 0);
}

static void extracted_again(void **state)
{
    (void)state;
    send_sample(&(struct sample){ .path = "a", .title = "Title" });
    send_sample(&(struct sample){ .path = "a", .title = "Title, by better rules", .reextract = true });
    RUN_UNTIL(&rig.loop, rig.delivered == 2);
    assert_int_equal(ARTICLES, 2);
    assert_int_equal(article_n(1).version, now_ms);
    assert_int_equal(article_n(1).revision, 2);
}

static void one_of_two_addresses_is_published(void **state)
{
    (void)state;
    open_request("amp");
    open_request("own");
    send_sample(&(struct sample){ .path = "amp", .title = "Twice", .canonical = "https://news.example/own" });
    RUN_UNTIL(&rig.loop, rig.delivered == 1);
    send_sample(&(struct sample){ .path = "own", .title = "Twice", .canonical = "https://news.example/own", .version = 1 });
    RUN_UNTIL(&rig.loop, rig.delivered == 2 && rig_events(&rig, "duplicate") == 1);
    assert_int_equal(ARTICLES, 1);
    assert_string_equal(article_n(0).id.hex, id_at("amp").hex);
    assert_int_equal(counted("article"), 1);
    assert_int_equal(counted("duplicate"), 1);
    assert_false(state_of("own").known);
    /* Another text and title under the same canonical is another article. */
    send_sample(&(struct sample){ .path = "third", .title = "Else", .sentence = "something else",
                                  .canonical = "https://news.example/own", .version = 2 });
    RUN_UNTIL(&rig.loop, rig.delivered == 3);
    assert_int_equal(ARTICLES, 2);
    /* The holder ends: its canonical is asked again, and published then. */
    send_sample(&(struct sample){ .path = "amp", .gone = true, .version = 3 });
    RUN_UNTIL(&rig.loop, rig.delivered == 4);
    assert_int_equal(redis_server_number(&rig.redis, "LLEN t:{%d}:qn:news.example", partition_of()), 1);
    send_sample(&(struct sample){ .path = "own", .title = "Twice", .canonical = "https://news.example/own", .version = 4 });
    RUN_UNTIL(&rig.loop, rig.delivered == 5);
    assert_int_equal(ARTICLES, 4);
    assert_string_equal(article_n(3).id.hex, id_at("own").hex);
}

static void a_canonical_elsewhere_is_not_claimed(void **state)
{
    (void)state;
    send_sample(&(struct sample){ .path = "a", .title = "Agency text", .canonical = "https://agency.example.org/x" });
    send_sample(&(struct sample){ .path = "b", .title = "Agency text", .canonical = "https://agency.example.org/x" });
    RUN_UNTIL(&rig.loop, rig.delivered == 2);
    assert_int_equal(ARTICLES, 2);
    assert_true(state_of("a").claims && state_of("b").claims); /* each its own address */
    assert_string_equal(state_of("a").canonical.hex, "");
}

static void the_end_of_a_redirect(void **state)
{
    (void)state;
    open_request("short");
    send_sample(&(struct sample){ .path = "long", .requested = "short", .title = "Redirected" });
    RUN_UNTIL(&rig.loop, rig.delivered == 1);
    assert_string_equal(article_n(0).id.hex, id_at("long").hex);
    assert_string_equal(article_n(0).alias.hex, id_at("short").hex);
    assert_int_equal(counted("article"), 1);
}

static void what_is_no_article(void **state)
{
    (void)state;
    open_request("list");
    send_sample(&(struct sample){ .path = "list", .title = "All stories", .listing = true });
    send_sample(&(struct sample){ .path = "never", .gone = true });
    RUN_UNTIL(&rig.loop, rig.delivered == 2 && rig_events(&rig, "not_article") == 1 && rig_events(&rig, "failed") == 1);
    assert_int_equal(ARTICLES, 0);
    assert_false(state_of("list").known);
    assert_int_equal(redis_server_number(&rig.redis, "ZCARD t:{%d}:due", partition_of()), 0);
    assert_int_equal(counted("not_article:listing") + counted("not_article:other"), 1);
}

/* A consent wall in its place, say: it stays as it was said, and is looked at again. */
static void an_article_that_shows_something_else(void **state)
{
    (void)state;
    send_sample(&(struct sample){ .path = "a", .title = "Title" });
    RUN_UNTIL(&rig.loop, rig.delivered == 1);
    freeReplyObject(redis_server_ask(&rig.redis, "DEL t:{%d}:due", partition_of()));
    send_sample(&(struct sample){ .path = "a", .title = "All stories", .listing = true, .version = 5 });
    RUN_UNTIL(&rig.loop, rig.delivered == 2);
    assert_int_equal(ARTICLES, 1);
    assert_int_equal(state_of("a").version, now_ms + 5);
    assert_int_equal(redis_server_number(&rig.redis, "ZCARD t:{%d}:due", partition_of()), 1);
    send_sample(&(struct sample){ .path = "a", .title = "Title", .version = 9 }); /* it is back, and has not changed */
    RUN_UNTIL(&rig.loop, rig.delivered == 3);
    assert_int_equal(ARTICLES, 1);
}

static const struct record *dead_n(size_t n)
{
    CHECK(n < rig.topics[TOPIC_DEADLETTERS].count, "dead letter %zu was not sent", n);
    return rig.topics[TOPIC_DEADLETTERS].heard[n];
}

static void check_dead(size_t n, const char *reason, const char *message)
{
    struct deadletter_view v;
    deadletter_read(dead_n(n), &v);
    CHECK(strcmp(v.reason, reason) == 0, "dead letter %zu: %s", n, v.reason);
    CHECK(strstr(v.message, message), "dead letter %zu: %s", n, v.message);
    deadletter_fini(&v);
}

static void what_can_never_work(void **state)
{
    struct id id = id_at("broken");
    struct header url = { "tidings-url", "https://news.example/broken", 27 };
    struct record no_page = { .topic = TOPIC_PAGES, .key = id.hex, .key_len = ID_HEX_LEN, .value = "x", .value_len = 1,
                              .headers = &url, .header_count = 1 };
    struct page undecodable = { .id = id, .request_id = id, .url = "https://news.example/broken",
                                .request_url = "https://news.example/broken",
                                .request_partition = partition_of(), .version = now_ms, .fetched_at_ms = now_ms, .source = "news.example",
                                .status = 200, .content_encoding = "br", .content_type = "text/html", .body = "\xff\xff nothing that brotli made", .body_len = 24 };

    (void)state;
    open_request("broken");
    rig_send(&rig, &no_page);
    rig_send_page(&rig, &undecodable);
    RUN_UNTIL(&rig.loop, rig.delivered == 2 && rig.topics[TOPIC_DEADLETTERS].count == 2);
    check_dead(0, "no_page", "tidings-version");
    check_dead(1, "undecodable", "24 bytes");
    assert_int_equal(dead_n(1)->value_len, 24); /* the sent bytes, for whoever looks into it */
    assert_int_equal(counted("deadlettered"), 1);
    assert_int_equal(ARTICLES, 0);
}

/* More than fits into `articles`, though its page travels easily: the page itself becomes the dead letter. */
static void too_large(void **state)
{
    static char html[1600 * 1000], body[1000 * 1000];
    struct id id = id_at("large");
    const char *sample = html_of(&(struct sample){ .title = "Large" });
    size_t n = (size_t)(strstr(sample, "<p>") - sample);
    z_stream z = { 0 };

    (void)state;
    memcpy(html, sample, n);
    unsigned seed = 1;
    for (int i = 0; n < sizeof(html) - 100; i++) /* each word twice in the record: in text and in blocks */
        n += (size_t)snprintf(html + n, sizeof(html) - n, "%s%s%c%ce%c", i % 4000 ? "" : "<p>It is long and ",
                              i % 12 ? " " : ". The ",
                              'a' + rand_r(&seed) % 26, 'a' + rand_r(&seed) % 26, 'a' + rand_r(&seed) % 26);
    assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)html, z.avail_in = (unsigned)n;
    z.next_out = (unsigned char *)body, z.avail_out = sizeof(body);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    rig_send_page(&rig, &(struct page){ .id = id, .request_id = id, .url = "https://news.example/large",
                                        .request_url = "https://news.example/large",
                                        .request_partition = partition_of(), .version = now_ms, .fetched_at_ms = now_ms, .source = "news.example",
                                        .status = 200, .content_type = "text/html", .content_encoding = "gzip", .body = body, .body_len = z.total_out });
    RUN_UNTIL(&rig.loop, rig.delivered == 1 && rig.topics[TOPIC_DEADLETTERS].count == 1);
    assert_int_equal(ARTICLES, 0);
    check_dead(0, "too_large", "articles");
    assert_int_equal(dead_n(0)->value_len, z.total_out);
    assert_int_equal(redis_server_number(&rig.redis, "EXISTS t:{%d}:working", partition_of()), 0);
}

/* begin.lua as another process would call it, that then ends. */
static void work_and_die(const char *worker, const char *path, bool alone)
{
    unsigned char raw[ID_RAW_LEN];
    struct id id = id_at(path);
    struct key partition = key_partition("t", partition_of());
    char version[24];

    id_to_raw(&id, raw);
    snprintf(version, sizeof(version), "%" PRId64, now_ms);
    const char *argv[] = { partition.s, "t", (char *)raw, version, worker, alone ? "1" : "0", "0", "0", "", "0" };
    size_t lens[] = { strlen(partition.s), 1, ID_RAW_LEN, strlen(version), strlen(worker), 1, 1, 1, 0, 1 };
    freeReplyObject(script_eval(rig.redis.c, &state_begin_script, 2, 10, argv, lens));
}

static void a_page_that_ends_processes(void **state)
{
    (void)state;
    open_request("killer");
    for (int i = 0; i < 4; i++) {
        char worker[16];
        snprintf(worker, sizeof(worker), "dead-%d", i);
        work_and_die(worker, "killer", false);
        work_and_die(worker, "killer", i > 0);
    }
    work_and_die("dead-9", "innocent", false);
    send_sample(&(struct sample){ .path = "killer", .title = "Kills" });
    send_sample(&(struct sample){ .path = "innocent", .title = "Was only near" });
    send_sample(&(struct sample){ .path = "other", .title = "Was not there" });
    RUN_UNTIL(&rig.loop, rig.delivered == 3);
    check_dead(0, "crash_loop", "three times");
    assert_int_equal(ARTICLES, 2);
    assert_int_equal(counted("deadlettered"), 1);
    assert_int_equal(redis_server_number(&rig.redis, "EXISTS t:{%d}:working", partition_of()), 0);
}

static void another_worker_was_at_it(void **state)
{
    (void)state;
    send_sample(&(struct sample){ .path = "a", .title = "Title" });
    RUN_UNTIL(&rig.loop, rig.delivered == 1);
    struct id id = id_at("a");
    struct key key = key_position("t", "pages", stream_partition_of(rig.stream, TOPIC_PAGES, id.hex, ID_HEX_LEN));
    freeReplyObject(redis_server_ask(&rig.redis, "SET %s 2", key.s));
    send_sample(&(struct sample){ .path = "a", .title = "Done by the other", .version = 5 });
    send_sample(&(struct sample){ .path = "a", .title = "Ours again", .version = 9 });
    RUN_UNTIL(&rig.loop, rig.delivered == 3);
    assert_int_equal(redis_server_number(&rig.redis, "GET %s", key.s), 3);
    assert_int_equal(state_of("a").version, now_ms + 9);
    assert_int_equal(state_of("a").revision, 2); /* what was produced and refused has left no state */
}

static void redis_is_killed_again_and_again(void **state)
{
    char path[24], title[64];

    (void)state;
    for (int i = 0; i < 120; i++) {
        snprintf(path, sizeof(path), "p%d", i % 100);
        snprintf(title, sizeof(title), "Story number %d", i);
        send_sample(&(struct sample){ .path = path, .title = title, .version = i });
        if (i % 30 == 29) {
            size_t before = rig.delivered;
            RUN_UNTIL(&rig.loop, rig.delivered > before);
            redis_server_kill(&rig.redis);
            redis_server_start(&rig.redis);
        }
    }
    RUN_UNTIL(&rig.loop, rig.delivered == 120);
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "p%d", i);
        struct article_state s = state_of(path);
        CHECK(s.version == now_ms + (i < 20 ? i + 100 : i) && s.revision == (i < 20 ? 2 : 1), "%s is at revision %d", path,
              (int)s.revision);
    }
    /* Said at least once; one (id, version, revision) never with two contents. */
    assert_true(ARTICLES >= 120);
    for (size_t i = 0; i < ARTICLES; i++)
        for (size_t k = 0; k < i; k++) {
            struct article a = article_n(i), b = article_n(k);
            const char *end_a = memmem(a.json, a.json_len, ",\"extracted_at\"", 15);
            const char *end_b = memmem(b.json, b.json_len, ",\"extracted_at\"", 15);
            if (strcmp(a.id.hex, b.id.hex) == 0 && a.version == b.version && a.revision == b.revision)
                CHECK(end_a - a.json == end_b - b.json && memcmp(a.json, b.json, (size_t)(end_a - a.json)) == 0,
                      "records %zu and %zu differ", i, k);
        }
}

static void nothing_is_stored_before_delivery(void **state)
{
    (void)state;
    rig.topics[TOPIC_ARTICLES].withhold = true;
    send_sample(&(struct sample){ .path = "a", .title = "Title" });
    RUN_UNTIL(&rig.loop, ARTICLES == 1);
    for (int i = 0; i < 50; i++)
        uv_run(&rig.loop, UV_RUN_NOWAIT);
    assert_false(state_of("a").known);
    rig_kill_stage(&rig); /* between delivery and state */
    rig_start_stage(&rig, "worker-2");
    RUN_UNTIL(&rig.loop, ARTICLES == 2); /* said again, the same */
    assert_int_equal(article_n(1).version, article_n(0).version);
    assert_int_equal(article_n(1).revision, 1);
    rig_release(&rig, TOPIC_ARTICLES);
    RUN_UNTIL(&rig.loop, rig.delivered == 1);
    assert_int_equal(state_of("a").revision, 1);
}

/* From the next hour on, what three articles had in common is left out of the fourth; and whoever extracts the fourth again, even
 * later, gets the same text. */
static void a_site_is_remembered(void **state)
{
    static const char *const paths[] = { "m1", "m2", "m3", "m4" };

    (void)state;
    for (int i = 0; i < 3; i++)
        send_sample(&(struct sample){ .path = paths[i], .title = paths[i], .sentence = paths[i], .furniture = true });
    RUN_UNTIL(&rig.loop, rig.delivered == 3);
    assert_int_equal(ARTICLES, 3);
    json_t *first = json_n(0);
    assert_non_null(strstr(json_string_value(json_object_get(first, "text")), FURNITURE));
    json_decref(first);
    rig.topics[TOPIC_ARTICLES].withhold = true;
    send_sample(&(struct sample){ .path = "m4", .title = "m4", .sentence = "m4", .furniture = true, .version = 3600 * 1000 });
    RUN_UNTIL(&rig.loop, ARTICLES == 4);
    rig_kill_stage(&rig); /* said, and not known to have been said */
    rig_start_stage(&rig, "worker-2");
    RUN_UNTIL(&rig.loop, ARTICLES == 5);
    for (size_t i = 3; i < 5; i++) {
        json_t *j = json_n(i);
        const char *text = json_string_value(json_object_get(j, "text"));
        CHECK(strstr(text, "thanked all who had helped") && !strstr(text, FURNITURE), "record %zu: %s", i, text);
        json_decref(j);
    }
    rig_release(&rig, TOPIC_ARTICLES);
    RUN_UNTIL(&rig.loop, rig.delivered == 4);
    /* What was said before that hour stays as it was said. */
    send_sample(&(struct sample){ .path = "m1", .title = "m1", .sentence = "m1", .furniture = true, .version = 3600 * 1000 + 5 });
    RUN_UNTIL(&rig.loop, rig.delivered == 5);
    assert_int_equal(ARTICLES, 5);
}

static void drains(void **state)
{
    char path[24];

    (void)state;
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "p%d", i);
        send_sample(&(struct sample){ .path = path, .title = "Title" });
    }
    RUN_UNTIL(&rig.loop, ARTICLES > 0);
    rig_drain_stage(&rig);
    size_t done = ARTICLES;
    rig_start_stage(&rig, "worker-2");
    RUN_UNTIL(&rig.loop, rig.delivered == 40);
    assert_int_equal(ARTICLES, 40); /* what was drained is not said again */
    assert_true(done <= 40);
}

static void ends_at_any_time(void **state)
{
    char path[24];

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "p%d", i);
        send_sample(&(struct sample){ .path = path, .title = "Title" });
    }
    for (int turn = 0; turn < 30; turn++) {
        for (int i = 0; i < turn; i++)
            uv_run(&rig.loop, UV_RUN_ONCE);
        rig_kill_stage(&rig);
        rig_start_stage(&rig, "worker-1"); /* as itself: nothing is suspect, since three ends alone would be a dead letter */
    }
    RUN_UNTIL(&rig.loop, rig.delivered == 100);
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof(path), "p%d", i);
        assert_int_equal(state_of(path).revision, 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], POOL_CHILD_ARGUMENT) == 0)
        return pool_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        TEST(an_article),
        TEST(its_updates_and_its_end),
        TEST(a_replay_changes_nothing),
        TEST(extracted_again),
        TEST(one_of_two_addresses_is_published),
        TEST(a_canonical_elsewhere_is_not_claimed),
        TEST(the_end_of_a_redirect),
        TEST(what_is_no_article),
        TEST(an_article_that_shows_something_else),
        TEST(what_can_never_work),
        TEST(too_large),
        TEST(a_page_that_ends_processes),
        TEST(another_worker_was_at_it),
        TEST(redis_is_killed_again_and_again),
        TEST(nothing_is_stored_before_delivery),
        TEST(a_site_is_remembered),
        TEST(drains),
        TEST(ends_at_any_time),
    };
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
