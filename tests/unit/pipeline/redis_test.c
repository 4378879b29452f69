/* redis_test.c - the connection: order, scripts, errors, a server that dies and comes back as itself or as another. */
#include "tests/unit/redis_own.h"

static struct redis_server server;
static uv_loop_t loop;

struct seen {
    int connected, disconnected, changed, answers, errors;
    enum error_kind kind;
    char text[512];
    long long last;
    bool in_order;
};

static void on_connected(void *arg) { ((struct seen *)arg)->connected++; }
static void on_disconnected(void *arg) { ((struct seen *)arg)->disconnected++; }
static void on_changed(void *arg)
{
    struct seen *s = arg;
    s->changed++;
    CHECK(s->connected < s->changed + 1, "changed is told before connected");
}

static void on_reply(void *arg, const redisReply *reply, const struct error *err)
{
    struct seen *s = arg;
    CHECK((reply == NULL) == (err != NULL), "reply or error");
    s->answers++;
    if (err) {
        s->errors++;
        s->kind = err->kind;
        snprintf(s->text, sizeof(s->text), "%s", err->message);
    } else if (reply->type == REDIS_REPLY_INTEGER) {
        s->in_order = s->in_order && reply->integer == s->last + 1;
        s->last = reply->integer;
    }
}

static struct redis *open_redis(struct seen *s)
{
    struct error err;
    struct redis_callbacks callbacks = { on_connected, on_disconnected, on_changed, s };
    *s = (struct seen){ .in_order = true };
    struct redis *r = redis_create(&loop, server.socket, NULL, &callbacks, &err);
    CHECK(r, "%s", err.message);
    return r;
}

static void on_closed(void *arg) { *(bool *)arg = true; }
static void close_redis(struct redis *r)
{
    bool closed = false;
    redis_close(r, on_closed, &closed);
    RUN_UNTIL(&loop, closed);
    redis_destroy(r);
}

static void test_order_and_scripts(void **state)
{
    (void)state;
    static const struct redis_script incr = { .name = "incr", .prelude = "local function up(k) return redis.call('INCR', k) end\n",
                                              .source = "return up(KEYS[1])" };
    struct seen s;
    struct redis *r = open_redis(&s);
    redis_callf(r, on_reply, &s, "PING"); /* not connected yet */
    RUN_UNTIL(&loop, s.connected == 1 && s.answers == 1);
    CHECK(s.errors == 1 && s.kind == ERROR_TRANSIENT, "a call before the connection is refused");
    const char *argv[] = { "counter" };
    for (int i = 0; i < 300; i++)
        redis_eval(r, &incr, on_reply, &s, 1, 1, argv, NULL);
    CHECK(redis_pending(r) == 300, "pending");
    RUN_UNTIL(&loop, s.answers == 301);
    CHECK(s.in_order && s.last == 300 && s.errors == 1, "in order");
    freeReplyObject(redis_server_ask(&server, "SCRIPT FLUSH"));
    redis_eval(r, &incr, on_reply, &s, 1, 1, argv, NULL);
    RUN_UNTIL(&loop, s.answers == 302);
    CHECK(s.last == 301, "a flushed script is sent again: %s", s.text);
    close_redis(r);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct { const char *source; enum error_kind kind; } cases[] = {
        { "return redis.error_reply('ERR a bug')", ERROR_SYSTEM },
        { "return redis.error_reply('OOM command not allowed')", ERROR_TRANSIENT },
        { "return redis.error_reply('LOADING data')", ERROR_TRANSIENT },
        { "return redis.error_reply('MISCONF disk is full')", ERROR_TRANSIENT },
        { "return redis.error_reply('READONLY replica')", ERROR_TRANSIENT },
        { "return nosuch()", ERROR_SYSTEM },
    };
    struct seen s;
    struct redis *r = open_redis(&s);
    RUN_UNTIL(&loop, s.connected == 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *argv[] = { "EVAL", cases[i].source, "0" };
        redis_call(r, on_reply, &s, 3, argv, NULL);
        RUN_UNTIL(&loop, s.answers == (int)i + 1);
        CHECK(s.errors == (int)i + 1 && s.kind == cases[i].kind, "%s: %s", cases[i].source, s.text);
    }
    close_redis(r);
}

static void test_restart(void **state)
{
    (void)state;
    struct seen s;
    struct redis *r = open_redis(&s);
    RUN_UNTIL(&loop, s.connected == 1);
    kill(server.pid, SIGSTOP);
    for (int i = 0; i < 10; i++)
        redis_callf(r, on_reply, &s, "INCR other");
    uv_run(&loop, UV_RUN_NOWAIT);
    redis_server_kill(&server);
    RUN_UNTIL(&loop, s.disconnected == 1);
    CHECK(s.answers == 10 && s.errors == 10 && s.kind == ERROR_TRANSIENT, "all were answered before");
    CHECK(!redis_connected(r) && redis_pending(r) == 0, "down");
    redis_server_start(&server);
    RUN_UNTIL(&loop, s.connected == 2);
    CHECK(s.changed == 1, "another run_id is told");
    freeReplyObject(redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes"));
    RUN_UNTIL(&loop, s.connected == 3);
    CHECK(s.changed == 1, "the same server is not");
    close_redis(r);
}

/* An error of the socket that comes together with the last answers: both are seen. */
static void test_answers_before_an_error(void **state)
{
    (void)state;
    struct seen s;
    struct redis *r = open_redis(&s);
    RUN_UNTIL(&loop, s.connected == 1);
    freeReplyObject(redis_server_ask(&server, "SETRANGE big 150000 x"));
    redis_callf(r, on_reply, &s, "GET big"); /* more than is read at once */
    uv_run(&loop, UV_RUN_NOWAIT);
    freeReplyObject(redis_server_ask(&server, "PING")); /* so the other is answered, too: one after the other */
    kill(server.pid, SIGSTOP);
    redis_callf(r, on_reply, &s, "PING"); /* never read by the server: its end resets the connection */
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK(s.answers == 0, "the answer is there, and not yet read");
    redis_server_kill(&server);
    RUN_UNTIL(&loop, s.disconnected == 1);
    CHECK(s.answers == 2 && s.errors == 1, "the first was read");
    redis_server_start(&server);
    RUN_UNTIL(&loop, s.connected == 2);
    close_redis(r);
}

static void on_reply_close(void *arg, const redisReply *reply, const struct error *err)
{
    (void)reply, (void)err;
    struct redis **r = arg;
    if (*r) {
        struct redis *closing = *r;
        *r = NULL;
        redis_close(closing, NULL, NULL);
    }
}

static void test_close_inside_an_answer(void **state)
{
    (void)state;
    struct seen s;
    struct redis *r = open_redis(&s), *closing = r;
    RUN_UNTIL(&loop, s.connected == 1);
    redis_callf(r, on_reply_close, &closing, "PING");
    redis_callf(r, on_reply, &s, "PING");
    RUN_UNTIL(&loop, !closing);
    CHECK(s.answers == 1 && s.errors == 1, "the other call was answered: %d", s.answers);
    uv_run(&loop, UV_RUN_DEFAULT);
    redis_destroy(r);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "localhost", "localhost:", "localhost:x", ":6379", "localhost:70000" };
    struct error err;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!redis_create(&loop, bad[i], NULL, NULL, &err) && err.kind == ERROR_INVALID, "%s", bad[i]);
    CHECK(!redis_open("/nonexistent/redis.sock", NULL, &err) && err.kind == ERROR_TRANSIENT && strstr(err.message, "/nonexistent"),
          "%s", err.message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_scripts), cmocka_unit_test(test_errors), cmocka_unit_test(test_restart), cmocka_unit_test(test_answers_before_an_error),
        cmocka_unit_test(test_close_inside_an_answer), cmocka_unit_test(test_addresses),
    };
    uv_loop_init(&loop);
    redis_server_start(&server);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    redis_server_stop(&server);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0, "handles left");
    return failed;
}
