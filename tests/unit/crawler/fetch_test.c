/* fetch_test.c - a transfer against a server that does everything a server should not. */
#include "crawler/fetch.h"

#include "base/buffer.h"
#include "base/mem.h"
#include "tests/unit/check.h"
#include "tests/unit/crawler/web.h"

#include <zlib.h>

#define BIG (300 * 1024)

static char big[BIG];
static unsigned char zipped[4096];
static size_t zipped_len;

static void make_bodies(void)
{
    char text[20000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)('a' + (i * i + i / 7) % 26);
    memset(big, 'x', sizeof(big));
    z_stream z = { .next_in = (unsigned char *)text, .avail_in = sizeof(text), .next_out = zipped, .avail_out = sizeof(zipped) };
    deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    zipped_len = z.total_out;
    deflateEnd(&z);
}

static bool is(const struct web_request *r, const char *path)
{
    return strcmp(r->path, path) == 0;
}

/* Paths whose answer is a text, or takes a function. */
static bool request(struct web_request *r) { return web_text(r, 200, "", r->text); }
static bool not_found_large(struct web_request *r) { return web_answer(r, 404, "", big, BIG); }
static bool large(struct web_request *r) { return web_answer(r, 200, "", big, BIG); }
static bool nothing(struct web_request *r) { return (void)r, false; }
static bool silent(struct web_request *r) { return web_hang(r), false; }

static bool continued(struct web_request *r)
{
    web_printf(r, "HTTP/1.1 103 Early Hints\r\nETag: \"wrong\"\r\n\r\n");
    return web_text(r, 200, "", "hello");
}

static bool close_gzip(struct web_request *r)
{
    web_printf(r, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    return web_send(r, zipped, is(r, "/close-gzip") ? zipped_len : zipped_len / 2), false;
}

static bool large_chunked(struct web_request *r)
{
    web_printf(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", BIG);
    web_send(r, big, BIG);
    return web_printf(r, "\r\n0\r\n\r\n"), true;
}

static bool headers(struct web_request *r)
{
    web_printf(r, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100; i++)
        web_printf(r, "X-%d: %.1000s\r\n", i, big);
    return web_printf(r, "\r\n"), false;
}

static bool cookies(struct web_request *r)
{
    web_printf(r, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n");
    for (int i = 0; i < 4000; i++)
        web_printf(r, "Set-Cookie:a\r\n");
    return web_printf(r, "\r\nok"), true;
}

/* Long values, and one behind the body. */
static bool long_headers(struct web_request *r)
{
    web_printf(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: %.2000s\r\nContent-Encoding: gzip\r\n", big);
    for (int i = 0; i < 20; i++)
        web_printf(r, "Cache-Control: no-cache\r\nSet-Cookie: c%d=%.990s; Path=/\r\nX-Robots-Tag: %.500s\r\n", i, big, big);
    return web_printf(r, "Content-Encoding: br\r\nLocation: /ok\r\n\r\n5\r\nhello\r\n0\r\nContent-Language: vi\r\n\r\n"), true;
}

static bool stall(struct web_request *r)
{
    web_printf(r, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhel");
    return web_hang(r), false;
}

/* Keeps the connection, then closes it without an answer to the second request. */
static bool once(struct web_request *r) { return r->nth == 0 && web_text(r, 200, "", "once"); }

static const struct {
    const char *path, *text; /* the whole answer; NULL: made by fn */
    web_fn *fn;
    bool closes;             /* after text */
} pages[] = {
    { "/ok", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nETag: W/\"e1\"\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n"
             "Content-Length: 5\r\n\r\nhello" },
    { "/empty-lines", "HTTP/1.1 200 OK\r\nSet-Cookie:\r\nContent-Encoding: \r\nSet-Cookie: a=1\r\nContent-Encoding: gzip\r\nSet-Cookie:\r\n"
                      "Content-Length: 2\r\n\r\nok" },
    { "/304", "HTTP/1.1 304 Not Modified\r\nETag: \"e2\"\r\n\r\n" },
    { "/301", "HTTP/1.1 301 Moved\r\nLocation: /ok\r\nContent-Length: 5\r\n\r\nmoved" },
    { "/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\nnot here" },
    { "/empty-body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
    { "/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" },
    { "/short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", .closes = true },
    { "/chunked-cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .closes = true },
    { "/close-plain", "HTTP/1.1 200 OK\r\n\r\nhello", .closes = true },
    { "/garbage", "SSH-2.0-OpenSSH_9.2\r\n", .closes = true },
    { "/request", .fn = request }, { "/continue", .fn = continued }, { "/404-large", .fn = not_found_large },
    { "/close-gzip", .fn = close_gzip }, { "/close-gzip-cut", .fn = close_gzip }, { "/large", .fn = large },
    { "/large-chunked", .fn = large_chunked }, { "/headers", .fn = headers }, { "/long-headers", .fn = long_headers }, { "/cookies", .fn = cookies },
    { "/nothing", .fn = nothing }, { "/silent", .fn = silent }, { "/stall", .fn = stall }, { "/once", .fn = once },
};

static bool site(struct web_request *r)
{
    for (size_t i = 0; i < COUNT(pages); i++) {
        if (!is(r, pages[i].path))
            continue;
        if (pages[i].fn)
            return pages[i].fn(r);
        return web_send(r, pages[i].text, strlen(pages[i].text)), !pages[i].closes;
    }
    return web_text(r, 404, "", "");
}

struct bench { /* what a test stands on */
    uv_loop_t loop;
    struct web web;
    struct budget *budget;
    struct address_policy *policy;
    struct fetcher *fetcher;
};

struct answer {
    bool done;
    enum fetch_error error;
    int status;
    size_t len, cookie_len, charged;
    bool skipped;
    char text[20000], etag[32], cookie[32], location[64], coding[32], language[32], message[200];
};

static void bench_up(struct bench *b, size_t budget_bytes, bool allow_private)
{
    struct error err;
    memset(b, 0, sizeof(*b));
    uv_loop_init(&b->loop);
    web_start(&b->web, site, NULL);
    b->budget = budget_create(budget_bytes);
    b->policy = address_policy_create(allow_private, NULL);
    struct fetcher_options o = { .user_agent = "tidings-test", .addresses = b->policy, .budget = b->budget, .reserve_bytes = 512 * 1024,
                                 .dns_lookups = 2, .connect_timeout_ms = 5000, .timeout_ms = 20000, .first_byte_ms = 1000,
                                 .stall_ms = 1000, .stall_bytes = 10 };
    b->fetcher = fetcher_create(&b->loop, &o, &err);
    assert_non_null(b->fetcher);
}

/* The loop must have nothing left once it has run to its end. */
static void bench_down(struct bench *b)
{
    fetcher_destroy(b->fetcher);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&b->loop), 0);
    assert_int_equal(budget_used(b->budget), 0);
    web_stop(&b->web);
    budget_destroy(b->budget);
    address_policy_destroy(b->policy);
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static void on_done(void *arg, struct fetch_result *r)
{
    struct answer *a = arg;
    *a = (struct answer){ .done = true, .error = r->error, .status = r->status, .len = r->body.len, .skipped = r->body_skipped };
    assert_true(r->error != FETCH_OK || r->first_byte_ms > 0); /* however quick: 0 says that none came */
    if (r->body.data && r->body.len < sizeof(a->text))
        copy(a->text, sizeof(a->text), r->body.data);
    copy(a->etag, sizeof(a->etag), r->header[HEADER_ETAG]);
    copy(a->cookie, sizeof(a->cookie), r->header[HEADER_SET_COOKIE]);
    a->cookie_len = r->header[HEADER_SET_COOKIE] ? strlen(r->header[HEADER_SET_COOKIE]) : 0;
    copy(a->coding, sizeof(a->coding), r->header[HEADER_CONTENT_ENCODING]);
    copy(a->language, sizeof(a->language), r->header[HEADER_CONTENT_LANGUAGE]);
    a->charged = r->body.charged;
    copy(a->location, sizeof(a->location), r->header[HEADER_LOCATION]);
    copy(a->message, sizeof(a->message), r->message);
}

static struct fetch *begin(struct bench *b, const char *path, struct fetch_request r, struct answer *a)
{
    char url[1200];
    snprintf(url, sizeof(url), path[0] == '/' ? "http://127.0.0.1:%d%s" : path, b->web.port, path);
    memset(a, 0, sizeof(*a));
    r.url = url;
    r.done = on_done;
    r.arg = a;
    if (!r.max_body_bytes)
        r.max_body_bytes = 64 * 1024;
    return fetch_start(b->fetcher, &r);
}

static struct answer get(struct bench *b, const char *path, struct fetch_request r)
{
    struct answer a;
    begin(b, path, r, &a);
    assert_false(a.done);
    while (!a.done)
        uv_run(&b->loop, UV_RUN_ONCE);
    return a;
}

static const struct {
    const char *path;
    enum fetch_error error;
    int status;
    size_t len;
} answers[] = {
    { "/ok", FETCH_OK, 200, 5 }, { "/chunked", FETCH_OK, 200, 5 }, { "/continue", FETCH_OK, 200, 5 }, { "/304", FETCH_OK, 304, 0 },
    { "/301", FETCH_OK, 301, 0 }, { "/404", FETCH_OK, 404, 0 }, { "/404-large", FETCH_OK, 404, 0 }, { "/empty-body", FETCH_OK, 200, 0 },
    { "/short", FETCH_TRUNCATED, 200, 5 }, { "/chunked-cut", FETCH_TRUNCATED, 200, 5 }, { "/close-plain", FETCH_OK, 200, 5 },
    { "/large", FETCH_TOO_LARGE, 200, 0 }, { "/large-chunked", FETCH_TOO_LARGE, 200, 64 * 1024 },
    { "/headers", FETCH_TOO_LARGE, 0, 0 }, { "/garbage", FETCH_BROKEN, 0, 0 }, { "/nothing", FETCH_BROKEN, 0, 0 },
    { "/silent", FETCH_TIMEOUT, 0, 0 }, { "/stall", FETCH_TIMEOUT, 200, 3 },
    { "http://nosuch.invalid:%d/", FETCH_DNS, 0, 0 }, { "http://127.0.0.1:1/", FETCH_CONNECT, 0, 0 },
    { "https://127.0.0.1:%d/ok", FETCH_TLS, 0, 0 }, { "ftp://127.0.0.1:%d/", FETCH_INVALID, 0, 0 }, { "http://[x", FETCH_INVALID, 0, 0 },
};

static void every_answer(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b, 8 << 20, true);
    for (size_t i = 0; i < COUNT(answers); i++) {
        struct answer a = get(&b, answers[i].path, (struct fetch_request){ .check_whole = true });
        bool broken = answers[i].error == FETCH_BROKEN || answers[i].path[1] == 'h'; /* curl may not tell a status then */
        if (a.error != answers[i].error || (a.status != answers[i].status && !broken) || a.len != answers[i].len)
            fail_msg("%s: error %s (%s) status %d length %zu", answers[i].path, fetch_error_name(a.error), a.message, a.status, a.len);
    }
    bench_down(&b);
}

static bool want_404(const struct fetch_result *r)
{
    return r->status == 404;
}

static void requests_and_headers(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b, 8 << 20, true);
    struct answer a = get(&b, "/request", (struct fetch_request){ .etag = "W/\"x\"", .last_modified = "Thu, 01 Jan 1970 00:00:00 GMT",
                                                                  .cookie = "k=v", .accept = "text/html" });
    static const char *const lines[] = { "GET /request HTTP/1.1\r\n", "User-Agent: tidings-test\r\n", "Accept: text/html\r\n",
                                         "Accept-Encoding: gzip, br, zstd\r\n", "If-None-Match: W/\"x\"\r\n",
                                         "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n", "Cookie: k=v\r\n" };
    for (size_t i = 0; i < COUNT(lines); i++)
        if (!strstr(a.text, lines[i]))
            fail_msg("no %s in %s", lines[i], a.text);
    a = get(&b, "/request", (struct fetch_request){ .etag = "x\r\nEvil: yes" });
    assert_null(strstr(a.text, "Evil"));
    assert_null(strstr(a.text, "Cookie")); /* nothing is left of the transfer before */
    a = get(&b, "/ok", (struct fetch_request){ 0 });
    assert_string_equal(a.etag, "W/\"e1\"");
    assert_string_equal(a.cookie, "a=1; Path=/\nb=2");
    a = get(&b, "/empty-lines", (struct fetch_request){ 0 });
    assert_string_equal(a.cookie, "a=1");
    assert_string_equal(a.coding, "gzip");
    a = get(&b, "/cookies", (struct fetch_request){ 0 });
    assert_int_equal(a.len, 2);
    assert_in_range(a.cookie_len, 4000, 8192); /* of 12,000 */
    a = get(&b, "/long-headers", (struct fetch_request){ 0 });
    assert_string_equal(a.etag, "");
    assert_string_equal(a.coding, "gzip, br");
    assert_string_equal(a.location, "/ok");
    assert_string_equal(a.language, "");
    assert_int_equal(a.cookie_len, 8 * 1001 + 7);
    assert_in_range(a.charged, 12000, 20000); /* the values kept count */
    a = get(&b, "/continue", (struct fetch_request){ 0 });
    assert_string_equal(a.etag, "");
    a = get(&b, "/301", (struct fetch_request){ 0 });
    assert_string_equal(a.location, "/ok");
    assert_true(a.skipped);
    a = get(&b, "/404", (struct fetch_request){ .want = want_404 });
    assert_string_equal(a.text, "not here");
    bench_down(&b);
}

static void bodies(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b, 8 << 20, true);
    struct answer a = get(&b, "/close-gzip", (struct fetch_request){ .check_whole = true });
    assert_int_equal(a.error, FETCH_OK);
    assert_int_equal(a.len, zipped_len);
    a = get(&b, "/close-gzip-cut", (struct fetch_request){ .check_whole = true });
    assert_int_equal(a.error, FETCH_TRUNCATED);
    a = get(&b, "/large", (struct fetch_request){ .max_body_bytes = BIG });
    assert_int_equal(a.error, FETCH_OK);
    assert_int_equal(a.len, BIG);
    a = get(&b, "/large", (struct fetch_request){ .keep_partial = true, .max_body_bytes = 1000 });
    assert_int_equal(a.error, FETCH_TOO_LARGE);
    assert_int_equal(a.len, 1000);
    bench_down(&b);
}

/* Bodies are looked at one at a time: some are aborted while they wait, the last ones are left to fetcher_destroy(). */
static void checks_queue(void **state)
{
    (void)state;
    struct bench b;
    struct answer a[12];
    struct fetch *t[COUNT(a)];
    size_t done = 0;
    bench_up(&b, 8 << 20, true);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(a); i++)
            t[i] = begin(&b, i % 3 ? "/close-gzip" : "/close-gzip-cut", (struct fetch_request){ .check_whole = true }, &a[i]);
        for (done = 0; done == 0;) {
            uv_run(&b.loop, UV_RUN_ONCE);
            for (size_t i = 0; i < COUNT(a); i++)
                done += a[i].done;
        }
        for (size_t i = 1; round == 1 && i < COUNT(a); i += 2)
            if (!a[i].done) {
                fetch_abort(t[i]);
                a[i].done = true;
            }
        while (round < 2 && fetcher_running(b.fetcher) > 0)
            uv_run(&b.loop, UV_RUN_ONCE);
        for (size_t i = 0; round == 0 && i < COUNT(a); i++)
            CHECK(a[i].error == (i % 3 ? FETCH_OK : FETCH_TRUNCATED), "%zu: %s %s", i, fetch_error_name(a[i].error), a[i].message);
    }
    bench_down(&b);
}

/* The server closes an idle connection just as we use it: the request is sent once more, on a fresh one. */
static void stale_connection(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b, 8 << 20, true);
    for (int i = 0; i < 3; i++) {
        struct answer a = get(&b, "/once", (struct fetch_request){ 0 });
        assert_int_equal(a.error, FETCH_OK);
        assert_string_equal(a.text, "once");
    }
    bench_down(&b);
}

static void addresses(void **state)
{
    (void)state;
    static const char *const urls[] = { "http://127.0.0.1:%d/ok", "http://localhost:%d/ok", "http://2130706433:%d/ok",
                                        "http://0x7f.1:%d/ok", "http://[::ffff:127.0.0.1]:%d/ok", "http://[::1]:%d/ok" };
    struct bench b;
    bench_up(&b, 8 << 20, false);
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct answer a = get(&b, urls[i], (struct fetch_request){ 0 });
        if (a.error != FETCH_REFUSED && a.error != FETCH_DNS)
            fail_msg("%s: %s %s", urls[i], fetch_error_name(a.error), a.message);
    }
    assert_int_equal(b.web.connections, 0);
    bench_down(&b);
}

/* Far less budget than the bodies need: they pause, one goes on from the reserve, all arrive. */
static void budget_used_up(void **state)
{
    (void)state;
    struct bench b;
    struct answer a[12];
    size_t done = 0;
    bench_up(&b, 100 * 1024, true);
    for (size_t i = 0; i < COUNT(a); i++)
        begin(&b, i % 2 ? "/large" : "/large-chunked", (struct fetch_request){ .max_body_bytes = BIG }, &a[i]);
    while (done < COUNT(a)) {
        uv_run(&b.loop, UV_RUN_ONCE);
        done = 0;
        for (size_t i = 0; i < COUNT(a); i++)
            done += a[i].done;
        assert_true(budget_used(b.budget) <= 100 * 1024);
    }
    for (size_t i = 0; i < COUNT(a); i++)
        if (a[i].error != FETCH_OK || a[i].len != BIG)
            fail_msg("%zu: %s %s length %zu", i, fetch_error_name(a[i].error), a[i].message, a[i].len);
    bench_down(&b);
}

static void aborts(void **state)
{
    (void)state;
    static const char *const paths[] = { "/silent", "/stall", "http://nosuch.invalid:%d/", "http://[x" };
    struct bench b;
    struct answer a;
    bench_up(&b, 8 << 20, true);
    for (size_t i = 0; i < COUNT(paths); i++)
        for (int turns = 0; turns < 3; turns++) {
            struct fetch *t = begin(&b, paths[i], (struct fetch_request){ 0 }, &a);
            for (int n = 0; n < turns && !a.done; n++)
                uv_run(&b.loop, UV_RUN_NOWAIT);
            if (!a.done)
                fetch_abort(t);
            a.done = false;
        }
    assert_int_equal(fetcher_running(b.fetcher), 0);
    begin(&b, "/silent", (struct fetch_request){ 0 }, &a); /* left to fetcher_destroy() */
    bench_down(&b);
    assert_false(a.done);
}

/* Many are overdue in one sweep; who is told ends the two beside it and starts another: each is told once or not at all. */
struct late { struct late_test *test; struct fetch *fetch; bool told, aborted; struct answer next; };
struct late_test { struct bench bench; struct late all[20]; };

static void on_late(void *arg, struct fetch_result *r)
{
    struct late *l = arg;
    struct late_test *test = l->test;
    ptrdiff_t at = l - test->all, beside[] = { at - 1, at + 1 };
    assert_false(l->told || l->aborted);
    assert_int_equal(r->error, FETCH_TIMEOUT);
    l->told = true;
    for (size_t i = 0; i < COUNT(beside); i++) {
        struct late *other = &test->all[beside[i] < 0 ? 0 : (size_t)beside[i] % COUNT(test->all)];
        if (other->told || other->aborted)
            continue;
        fetch_abort(other->fetch);
        other->aborted = true;
    }
    begin(&test->bench, "/ok", (struct fetch_request){ 0 }, &l->next);
}

static void late_at_the_same_time(void **state)
{
    static struct late_test test;
    bool over = false;
    (void)state;
    bench_up(&test.bench, 8 << 20, true);
    for (size_t i = 0; i < COUNT(test.all); i++) {
        char url[64];
        snprintf(url, sizeof(url), "http://127.0.0.1:%d/silent", test.bench.web.port);
        struct fetch_request r = { .url = url, .max_body_bytes = 1000, .done = on_late, .arg = &test.all[i] };
        test.all[i] = (struct late){ .test = &test };
        test.all[i].fetch = fetch_start(test.bench.fetcher, &r);
    }
    while (!over) {
        uv_run(&test.bench.loop, UV_RUN_ONCE);
        over = true;
        for (size_t i = 0; i < COUNT(test.all); i++)
            over = over && (test.all[i].aborted || (test.all[i].told && test.all[i].next.done));
    }
    for (size_t i = 0; i < COUNT(test.all); i++)
        assert_true(test.all[i].aborted || test.all[i].next.error == FETCH_OK);
    bench_down(&test.bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer), cmocka_unit_test(requests_and_headers), cmocka_unit_test(bodies),
        cmocka_unit_test(stale_connection), cmocka_unit_test(addresses), cmocka_unit_test(budget_used_up), cmocka_unit_test(aborts),
        cmocka_unit_test(late_at_the_same_time), cmocka_unit_test(checks_queue),
    };
    make_bodies();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
