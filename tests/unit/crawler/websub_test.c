/* websub_test.c - a hub played by the test: it is asked, asks back, pushes; a real Redis, a real server. */
#include "crawler/websub.h"

#include "base/hmac.h"
#include "crawler/websub_server.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "tests/unit/crawler/web.h"
#include "tests/unit/redis_own.h"

#include <curl/curl.h>

#define P "t"
#define FEED "https://news.example/feed"

static struct redis_server server;
static uv_loop_t loop;
static struct meta *meta;
static struct config config = { .prefix = P };

/* --- Link headers --- */

static const struct { const char *header, *rel, *url; } links[] = {
    { "<https://hub.example/>; rel=\"hub\", <https://a.example/feed>; rel=\"self\"", "hub", "https://hub.example/" },
    { "<https://hub.example/>; rel=\"hub\", <https://a.example/feed>; rel=\"self\"", "self", "https://a.example/feed" },
    { "<https://hub.example/>;rel=hub", "hub", "https://hub.example/" },
    { "<https://a.example/x>; title=\"a, b; c\"; rel=\"alternate HUB\"", "hub", "https://a.example/x" },
    { "</hub>; rel=hub", "hub", "https://a.example/hub" },
    { "<https://a.example/x>; rel=\"hubs\", <https://b.example/>; rel=hub", "hub", "https://b.example/" },
    { "<https://a.example/x>; rel=next", "hub", NULL },
    { "<https://a.example/x", "hub", NULL },
    { "<>; rel", "hub", NULL },
    { "", "hub", NULL },
    { NULL, "hub", NULL },
};

static void link_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(links); i++) {
        char *url = websub_link(links[i].header, links[i].rel, "https://a.example/feed");
        CHECK(links[i].url ? url && strcmp(url, links[i].url) == 0 : !url, "%zu: %s", i, url);
        free(url);
    }
}

/* --- what the hub does --- */

struct answer { int status; char body[2000]; };

static size_t keep(char *bytes, size_t size, size_t n, void *arg)
{
    struct answer *a = arg;
    size_t len = strlen(a->body), more = size * n;
    if (more > sizeof(a->body) - len - 1)
        more = sizeof(a->body) - len - 1;
    memcpy(a->body + len, bytes, more);
    a->body[len + more] = '\0';
    return size * n;
}

/* body NULL: a GET. */
static struct answer request(const char *url, const char *body, const char *signature)
{
    struct answer a = { 0 };
    long status;
    CURL *e = curl_easy_init();
    struct curl_slist *headers = NULL;
    char line[200];
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, &a);
    if (body) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
        snprintf(line, sizeof(line), "X-Hub-Signature: %s", signature ? signature : "");
        headers = curl_slist_append(headers, "Content-Type: application/rss+xml");
        if (signature)
            headers = curl_slist_append(headers, line);
        curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    }
    CHECK(curl_easy_perform(e) == CURLE_OK, "%s", url);
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    a.status = (int)status;
    curl_slist_free_all(headers);
    curl_easy_cleanup(e);
    return a;
}

static const char *sign(const char *method, const char *secret, const char *body)
{
    static char text[100];
    unsigned char mac[HMAC_MAX_BYTES];
    struct hmac h;
    hmac_init(&h, strcmp(method, "sha1") == 0 ? HMAC_SHA1 : HMAC_SHA256, secret, strlen(secret));
    hmac_add(&h, body, strlen(body));
    size_t n = hmac_end(&h, mac);
    int len = snprintf(text, sizeof(text), "%s=", method);
    for (size_t i = 0; i < n; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%02x", mac[i]);
    return text;
}

/* --- rows --- */

static struct url feed_url(void)
{
    struct url u;
    CHECK(url_parse(&u, FEED, strlen(FEED), NULL, NULL, NULL), "url");
    return u;
}

static char *field(const char *name)
{
    struct url u = feed_url();
    redisReply *reply = redis_server_ask(&server, "HGET %s %s", key_websub(P, u.id.hex).s, name);
    char *text = xstrdup(reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    url_fini(&u);
    return text;
}

static void set_field(const char *name, const char *value)
{
    struct url u = feed_url();
    freeReplyObject(redis_server_ask(&server, "HSET %s %s %s", key_websub(P, u.id.hex).s, name, value));
    url_fini(&u);
}

#define TOKEN "0123456789abcdef0123456789abcdef"
#define SECRET "5ec12e7"

static void put_row(void)
{
    set_field("token", TOKEN);
    set_field("secret", SECRET);
    set_field("topic", FEED);
    set_field("url", FEED);
    set_field("hub", "https://hub.example/");
    set_field("source", "news");
}

/* Milliseconds until the feed's poll is due. */
static long long due_in_ms(void)
{
    struct url u = feed_url();
    struct place place = place_of(meta, u.host, u.port);
    struct key base = key_partition(P, place.partition);
    unsigned char raw[ID_RAW_LEN];
    id_to_raw(&u.id, raw);
    static const struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source =
        "partition(KEYS[1], KEYS[2]) local _, due = poll_get('2' .. ARGV[1]) return due - now()" };
    struct error err;
    const char *argv[] = { base.s, P, (char *)raw };
    redisReply *reply = redis_ask_script(server.c, &script, 2, COUNT(argv), argv, (size_t[]){ strlen(base.s), strlen(P), sizeof(raw) }, &err);
    CHECK(reply && reply->type == REDIS_REPLY_INTEGER, "due");
    long long ms = reply->integer;
    freeReplyObject(reply);
    place_fini(&place);
    url_fini(&u);
    return ms;
}

static void put_poll(void)
{
    static const struct redis_script script = { .name = "test", .prelude = frontier_lib_lua, .source =
        "partition(KEYS[1], KEYS[2]) local rec = record({ id = ARGV[1], url = ARGV[2], source = 'news', kind = 2, budget = 'x' }) "
        "poll_set('2' .. ARGV[1], rec, now() + 3600000) return 1" };
    struct error err;
    struct url u = feed_url();
    struct place place = place_of(meta, u.host, u.port);
    struct key base = key_partition(P, place.partition);
    unsigned char raw[ID_RAW_LEN];
    id_to_raw(&u.id, raw);
    const char *argv[] = { base.s, P, (char *)raw, u.fetch };
    size_t lens[] = { strlen(base.s), 1, sizeof(raw), strlen(u.fetch) };
    redisReply *reply = redis_ask_script(server.c, &script, 2, COUNT(argv), argv, lens, &err);
    CHECK(reply, "%s", err.message);
    freeReplyObject(reply);
    place_fini(&place);
    url_fini(&u);
}

static void up(void)
{
    struct error err;
    freeReplyObject(redis_server_ask(&server, "FLUSHALL"));
    meta_destroy(meta);
    meta = meta_load(server.c, P, 8, true, &err);
    CHECK(meta, "%s", err.message);
    config.redis.frontier = server.socket;
    config.websub.address = "127.0.0.1";
    config.websub.public_url = "https://us.example/websub";
}

/* --- the server --- */

static struct websub_server *serve(char place[200])
{
    struct error err;
    struct url u = feed_url();
    struct websub_server *s = websub_server_start(&config, meta, 0, &err);
    CHECK(s, "%s", err.message);
    snprintf(place, 200, "http://127.0.0.1:%d/websub/%s/" TOKEN, websub_server_port(s), u.id.hex);
    url_fini(&u);
    return s;
}

static const struct { const char *query; int status; const char *body; } questions[] = {
    { "hub.mode=subscribe&hub.topic=https%3A%2F%2Fnews.example%2Ffeed&hub.challenge=c1&hub.lease_seconds=86400", 200, "c1" },
    { "hub.mode=subscribe&hub.topic=https%3A%2F%2Fnews.example%2Ffeed&hub.challenge=c2", 200, "c2" }, /* again, without a lease */
    { "hub.mode=subscribe&hub.topic=https%3A%2F%2Fother.example%2Ffeed&hub.challenge=c3", 404, "not asked for\n" },
    { "hub.mode=unsubscribe&hub.topic=https%3A%2F%2Fnews.example%2Ffeed&hub.challenge=c4", 404, "not asked for\n" }, /* we want it */
    { "hub.mode=nonsense&hub.topic=https%3A%2F%2Fnews.example%2Ffeed&hub.challenge=c5", 404, "not asked for\n" },
    { "hub.challenge=c6", 400, NULL },
    { "hub.mode=denied&hub.topic=https%3A%2F%2Fnews.example%2Ffeed&hub.reason=no", 200, "" },
};

static void questions_of_hubs(void **state)
{
    (void)state;
    char place[200], url[500];
    up();
    put_row();
    struct websub_server *s = serve(place);
    for (size_t i = 0; i < COUNT(questions); i++) {
        snprintf(url, sizeof(url), "%s?%s", place, questions[i].query);
        struct answer a = request(url, NULL, NULL);
        CHECK(a.status == questions[i].status, "%s: %d", questions[i].query, a.status);
        CHECK(!questions[i].body || strcmp(a.body, questions[i].body) == 0, "%s: %s", questions[i].query, a.body);
        char *lease = field("lease_ms");
        CHECK(i > 0 || strcmp(lease, "86400000") == 0, "lease %s", lease);
        CHECK(i != 1 || strcmp(lease, "3600000") == 0, "lease %s", lease); /* at least an hour */
        CHECK(i + 1 < COUNT(questions) || lease[0] == '\0', "denied, and kept"); 
        free(lease);
    }
    /* Somebody else's token, and no such row: what we did not ask for we do not want. */
    place[strlen(place) - 1] = '0';
    snprintf(url, sizeof(url), "%s?%s", place, questions[0].query);
    assert_int_equal(request(url, NULL, NULL).status, 404);
    snprintf(url, sizeof(url), "%s?%s", place, questions[3].query);
    struct answer a = request(url, NULL, NULL);
    CHECK(a.status == 200 && strcmp(a.body, "c4") == 0, "unsubscribed from what we do not know: %d", a.status);
    place[strlen(place) - 5] = '\0';
    assert_int_equal(request(place, NULL, NULL).status, 404);
    websub_server_stop(s);
}

static void pushes(void **state)
{
    (void)state;
    char place[200];
    up();
    put_row();
    put_poll();
    struct websub_server *s = serve(place);
    assert_int_equal(request(place, "<rss/>", sign("sha256", SECRET, "<rss/>")).status, 410); /* not verified: until is missing */
    set_field("until", "9999999999999");
    static const struct { const char *method, *secret, *signed_body; bool good; } table[] = {
        { "sha256", "wrong", "<rss/>", false }, { "sha256", SECRET, "<rss>", false }, { "sha512", SECRET, "<rss/>", false },
        { NULL, NULL, NULL, false }, { "sha1", SECRET, "<rss/>", true },
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        struct answer a = request(place, "<rss/>", table[i].method ? sign(table[i].method, table[i].secret, table[i].signed_body) : NULL);
        CHECK(a.status == 202, "%zu: %d", i, a.status); /* who forges learns nothing */
        CHECK((due_in_ms() <= 1) == table[i].good, "%zu: due in %lld ms", i, due_in_ms());
    }
    /* A flood of pushes: at most one every 10 s counts. */
    put_poll();
    assert_int_equal(request(place, "<rss/>", sign("sha256", SECRET, "<rss/>")).status, 202);
    CHECK(due_in_ms() > 1000 && due_in_ms() <= 10000, "due in %lld ms", due_in_ms());
    char *big = xcalloc(1, 9 << 20);
    memset(big, 'x', (9 << 20) - 1);
    CURL *e = curl_easy_init();
    curl_easy_setopt(e, CURLOPT_URL, place);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_POSTFIELDS, big);
    CHECK(curl_easy_perform(e) != CURLE_OK, "9 MB were taken");
    curl_easy_cleanup(e);
    free(big);
    place[strlen(place) - 1] = '0';
    assert_int_equal(request(place, "x", NULL).status, 410);
    websub_server_stop(s);
}

/* --- subscribing --- */

static struct web hub;
static char asked[4096];
static int times_asked;

static bool hub_answers(struct web_request *r)
{
    char body[4096] = "";
    const char *length = strstr(r->text, "Content-Length: ");
    size_t want = length ? (size_t)atoi(length + 16) : 0;
    size_t got = (size_t)snprintf(body, sizeof(body), "%s", strstr(r->text, "\r\n\r\n") + 4); /* came with the head */
    while (got < want && got < sizeof(body) - 1) {
        ssize_t n = recv(r->fd, body + got, want - got, 0);
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    snprintf(asked, sizeof(asked), "%s", body);
    times_asked++;
    return web_text(r, 202, "", "");
}

struct rig {
    struct crawl crawl;
    struct address_policy *policy;
    struct budget *budget;
    struct redis *redis;
    struct websub *websub;
    struct claim poll;
    bool closed;
};

static void on_nothing(void *arg) { (void)arg; }
static void on_closed(void *arg) { ((struct rig *)arg)->closed = true; }

static void rig_up(struct rig *g)
{
    static const uint16_t no_ports[] = { 0 };
    struct error err;
    struct redis_callbacks callbacks = { on_nothing, on_nothing, on_nothing, g };
    struct url u = feed_url();
    memset(g, 0, sizeof(*g));
    g->policy = address_policy_create(true, no_ports);
    g->budget = budget_create(32 << 20);
    struct fetcher_options o = { .user_agent = "test", .addresses = g->policy, .budget = g->budget, .reserve_bytes = 1 << 20, .dns_lookups = 1,
                                 .connect_timeout_ms = 5000, .timeout_ms = 5000, .first_byte_ms = 5000, .stall_ms = 5000, .stall_bytes = 1 };
    g->crawl = (struct crawl){ .loop = &loop, .config = &config, .meta = meta, .fetcher = fetcher_create(&loop, &o, &err), .budget = g->budget };
    g->redis = redis_create(&loop, server.socket, NULL, &callbacks, &err);
    g->websub = websub_create(&g->crawl, g->redis, 0, &err);
    CHECK(g->crawl.fetcher && g->redis && g->websub, "%s", err.message);
    g->poll = (struct claim){ .kind = CLAIM_FEED, .url = FEED, .id = u.id, .source = "news" };
    url_fini(&u);
    RUN_UNTIL(&loop, redis_connected(g->redis));
}

static void rig_down(struct rig *g)
{
    websub_destroy(g->websub);
    fetcher_destroy(g->crawl.fetcher);
    redis_close(g->redis, on_closed, g);
    RUN_UNTIL(&loop, g->closed);
    redis_destroy(g->redis);
    uv_run(&loop, UV_RUN_DEFAULT);
    address_policy_destroy(g->policy);
    budget_destroy(g->budget);
}

static void subscribing(void **state)
{
    (void)state;
    struct rig g;
    char hub_url[100], place[300], query[500];
    up();
    rig_up(&g);
    web_start(&hub, hub_answers, NULL);
    times_asked = 0;
    snprintf(hub_url, sizeof(hub_url), "http://127.0.0.1:%d/hub?x=1", hub.port);
    websub_seen(g.websub, &g.poll, hub_url, FEED);
    websub_seen(g.websub, &g.poll, hub_url, FEED); /* another worker saw it as well */
    RUN_UNTIL(&loop, times_asked == 1 && redis_pending(g.redis) == 0 && fetcher_running(g.crawl.fetcher) == 0);
    char *token = field("token"), *secret = field("secret");
    struct url u = feed_url();
    snprintf(place, sizeof(place), "hub.callback=https%%3A%%2F%%2Fus.example%%2Fwebsub%%2F%s%%2F%s&hub.secret=%s", u.id.hex, token, secret);
    CHECK(strstr(asked, place) && strstr(asked, "hub.mode=subscribe&hub.topic=https%3A%2F%2Fnews.example%2Ffeed"), "%s", asked);
    CHECK(strlen(token) == 32 && strlen(secret) == 32 && strcmp(token, secret) != 0, "%s %s", token, secret);

    /* The hub asks back; then nothing is to be done until a quarter of the lease is left. */
    snprintf(query, sizeof(query), "http://127.0.0.1:%d/%s/%s?hub.mode=subscribe&hub.topic=https%%3A%%2F%%2Fnews.example%%2Ffeed&hub.challenge=c"
             "&hub.lease_seconds=864000", websub_port(g.websub), u.id.hex, token);
    assert_int_equal(request(query, NULL, NULL).status, 200);
    set_field("not_before", "0");
    websub_seen(g.websub, &g.poll, hub_url, FEED);
    RUN_UNTIL(&loop, redis_pending(g.redis) == 0 && fetcher_running(g.crawl.fetcher) == 0);
    assert_int_equal(times_asked, 1);
    set_field("until", "1");
    websub_seen(g.websub, &g.poll, hub_url, NULL);
    RUN_UNTIL(&loop, times_asked == 2);
    char *kept = field("secret");
    assert_string_equal(kept, secret); /* a renewal */
    set_field("not_before", "0");
    websub_seen(g.websub, &g.poll, hub_url, "https://news.example/other"); /* another topic */
    RUN_UNTIL(&loop, times_asked == 3);
    free(kept);
    kept = field("secret");
    CHECK(strcmp(kept, secret) != 0, "the same secret");
    free(kept), free(token), free(secret);
    url_fini(&u);
    websub_seen(g.websub, &g.poll, "ftp://hub.example/", FEED);
    websub_seen(NULL, &g.poll, hub_url, FEED);
    set_field("not_before", "0");
    websub_seen(g.websub, &g.poll, hub_url, FEED); /* destroyed while it asks */
    rig_down(&g);
    web_stop(&hub);
}

static void switched_off(void **state)
{
    (void)state;
    struct error err;
    up();
    config.websub.public_url = NULL;
    struct crawl c = { .loop = &loop, .config = &config, .meta = meta };
    assert_null(websub_create(&c, NULL, 0, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_headers), cmocka_unit_test(questions_of_hubs), cmocka_unit_test(pushes), cmocka_unit_test(subscribing),
        cmocka_unit_test(switched_off),
    };
    curl_global_init(CURL_GLOBAL_ALL);
    uv_loop_init(&loop);
    redis_server_start(&server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&server);
    meta_destroy(meta);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return failed;
}
