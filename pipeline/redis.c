/* redis.c - one asynchronous connection that mends itself.
 *
 *   closed ──(back-off)──> connecting ──> greeting: AUTH, INFO; run_id compared ──> ready ──> closed …
 *
 * Only in `ready` do calls go out, in the order they were made; in every other state they are answered ERROR_TRANSIENT from the
 * loop. hiredis's errors are sticky, so a connection that failed is thrown away whole and a new one is made. A server that
 * accepts and then says nothing is given up after SILENCE_MS.
 *
 * A script is sent as SCRIPT LOAD before its first call on a connection; until the first SHA is known, as EVAL. A server whose
 * scripts were flushed meanwhile answers NOSCRIPT: that call is sent again as EVAL. */
#include "pipeline/redis.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <hiredis/async.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 5000    /* to connect and to be greeted */
#define SILENCE_MS 30000   /* calls out and not one answer: the connection is dead */
#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 5000
#define TICK_MS 1000
#define SCRIPTS_MAX 64

enum state { CLOSED, CONNECTING, GREETING, READY, CLOSING };

struct loaded { /* what is known of one script; kept over reconnects, because the same text has the same SHA */
    const struct redis_script *script;
    char *text;       /* owned: prelude and source */
    size_t text_len;
    char sha[41];     /* "" until the first SCRIPT LOAD is answered */
    bool on_server;   /* SCRIPT LOAD went out on this connection */
};

struct call {
    struct redis *redis;
    redis_reply_fn *fn;
    void *arg;
    struct loaded *script; /* NULL: a plain command */
    int keys, argc;        /* of a script: kept to send it again after NOSCRIPT */
    char **argv;           /* owned */
    size_t *lens;          /* owned */
    struct call *next;     /* in the list of calls to be refused */
    struct call *before, *after; /* in the list of all calls without an answer */
};

/* libuv's side of one connection. It outlives the hiredis context until its handle is closed. */
struct poller {
    uv_poll_t handle;
    redisAsyncContext *context; /* NULL once hiredis has let go */
    int events;
};

struct redis {
    uv_loop_t *loop;
    char *address, *password;
    struct redis_callbacks callbacks;
    enum state state;
    redisAsyncContext *context;  /* NULL in CLOSED */
    uv_timer_t timer;            /* back-off, connection limit, watchdog: whichever the state has */
    uv_timer_t refuse;           /* answers calls that cannot be sent */
    struct call *refused, **refused_tail;
    struct call *calls;          /* without an answer, newest first */
    size_t pending;
    int64_t heard_ms, since_ms;  /* monotonic */
    int64_t backoff_ms;
    unsigned seed;
    bool told_down;              /* log an outage once */
    char run_id[48];             /* of the server last compared; "" = none yet */
    struct loaded scripts[SCRIPTS_MAX];
    size_t script_count;
    int open_handles;
    void (*on_closed)(void *arg);
    void *closed_arg;
};

static void connect_now(struct redis *r);

/* --- hiredis on libuv --- */

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poller *p = handle->data;
    if (p->context && (status < 0 || (events & UV_READABLE)))
        redisAsyncHandleRead(p->context);
    if (p->context && status < 0) /* the socket has an error, and libuv stops watching it: but first come the answers before it */
        uv_poll_start(&p->handle, p->events | UV_READABLE, on_poll);
    if (p->context && status >= 0 && (events & UV_WRITABLE))
        redisAsyncHandleWrite(p->context);
}

static void poller_watch(struct poller *p, int events)
{
    if (events == p->events)
        return;
    p->events = events;
    if (events)
        uv_poll_start(&p->handle, events, on_poll);
    else
        uv_poll_stop(&p->handle);
}

static void add_read(void *d) { struct poller *p = d; poller_watch(p, p->events | UV_READABLE); }
static void del_read(void *d) { struct poller *p = d; poller_watch(p, p->events & ~UV_READABLE); }
static void add_write(void *d) { struct poller *p = d; poller_watch(p, p->events | UV_WRITABLE); }
static void del_write(void *d) { struct poller *p = d; poller_watch(p, p->events & ~UV_WRITABLE); }

static void on_poller_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void poller_cleanup(void *d)
{
    struct poller *p = d;
    p->context = NULL;
    uv_poll_stop(&p->handle);
    uv_close((uv_handle_t *)&p->handle, on_poller_closed);
}

static bool poller_attach(uv_loop_t *loop, redisAsyncContext *ac)
{
    struct poller *p = xcalloc(1, sizeof(*p));
    p->context = ac;
    if (uv_poll_init(loop, &p->handle, ac->c.fd) != 0) {
        free(p);
        return false;
    }
    p->handle.data = p;
    ac->ev.data = p;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = poller_cleanup;
    return true;
}

/* --- answers --- */

static bool has_word(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at && (at == text || at[-1] == ' ' || at[-1] == '-');
}

/* What an error reply means for the caller: what an operator or time mends is transient. */
static enum error_kind reply_kind(const char *text)
{
    static const char *const transient[] = { "OOM ", "MISCONF", "LOADING", "READONLY", "BUSY ", "TRYAGAIN", "MASTERDOWN",
                                             "CLUSTERDOWN", "NOREPLICAS" };
    for (size_t i = 0; i < COUNT(transient); i++)
        if (has_word(text, transient[i]))
            return ERROR_TRANSIENT;
    return ERROR_SYSTEM;
}

/* What an operator does about an error reply; "" where its own words are all we know. */
static const char *reply_remedy(const char *text)
{
    static const struct { const char *word, *remedy; } rows[] = {
        { "NOAUTH", ": set redis.frontier_password (and redis.cache_password)" },
        { "WRONGPASS", ": see redis.frontier_password and redis.cache_password" },
        { "OOM ", ": raise its maxmemory" },
        { "MISCONF", ": make room on its disk" },
        { "LOADING", ": try again in a moment" },
        { "READONLY", ": name its primary instead of a replica" },
        { "MASTERDOWN", ": name its primary instead of a replica" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (has_word(text, rows[i].word))
            return rows[i].remedy;
    return "";
}

static void call_free(struct call *call)
{
    for (int i = 0; i < call->argc && call->argv; i++)
        free(call->argv[i]);
    free(call->argv);
    free(call->lens);
    free(call);
}

static void call_answer(struct call *call, const redisReply *reply)
{
    struct redis *r = call->redis;
    struct error err;
    if (call->before)
        call->before->after = call->after;
    else
        r->calls = call->after;
    if (call->after)
        call->after->before = call->before;
    r->pending--;
    if (!reply) {
        error_set(&err, ERROR_TRANSIENT, "Redis at %s does not answer", r->address);
    } else if (reply->type == REDIS_REPLY_ERROR) {
        error_set(&err, reply_kind(reply->str), "Redis at %s%s%s: %s%s", r->address, call->script ? ", script " : "",
                  call->script ? call->script->script->name : "", reply->str, reply_remedy(reply->str));
        reply = NULL;
    }
    if (call->fn)
        call->fn(call->arg, reply, reply ? NULL : &err);
    call_free(call);
}

static void on_refuse(uv_timer_t *timer)
{
    struct redis *r = timer->data;
    struct call *call = r->refused;
    r->refused = NULL;
    r->refused_tail = &r->refused;
    while (call) {
        struct call *next = call->next;
        call_answer(call, NULL);
        call = next;
    }
}

static void call_refuse(struct call *call)
{
    struct redis *r = call->redis;
    *r->refused_tail = call;
    r->refused_tail = &call->next;
    if (r->state != CLOSING && !uv_is_active((uv_handle_t *)&r->refuse))
        uv_timer_start(&r->refuse, on_refuse, 0, 0);
}

/* --- scripts --- */

static struct loaded *script_find(struct redis *r, const struct redis_script *script)
{
    for (size_t i = 0; i < r->script_count; i++)
        if (r->scripts[i].script == script)
            return &r->scripts[i];
    assert(r->script_count < SCRIPTS_MAX);
    struct loaded *l = &r->scripts[r->script_count++];
    l->script = script;
    l->text = xasprintf("%s%s", script->prelude ? script->prelude : "", script->source);
    l->text_len = strlen(l->text);
    return l;
}

static void on_loaded(redisAsyncContext *ac, void *reply, void *arg)
{
    (void)ac;
    struct loaded *l = arg;
    const redisReply *r = reply;
    if (r && r->type == REDIS_REPLY_STRING && r->len == 40)
        memcpy(l->sha, r->str, 41);
    else if (r && r->type == REDIS_REPLY_ERROR) /* the calls themselves, sent as EVAL, will say so too */
        log_error("script does not load name=%s reason=%s", l->script->name, log_quote(r->str));
}

static void on_answer(redisAsyncContext *ac, void *reply, void *arg);

/* Sends a script call, by SHA or, when by_text or no SHA is known, whole. */
static bool script_send(struct call *call, bool by_text)
{
    struct redis *r = call->redis;
    struct loaded *l = call->script;
    if (!l->on_server) {
        redisAsyncCommand(r->context, on_loaded, l, "SCRIPT LOAD %b", l->text, l->text_len);
        l->on_server = true;
    }
    int argc = call->argc + 3;
    const char **argv = xmalloc((size_t)argc * sizeof(*argv));
    size_t *lens = xmalloc((size_t)argc * sizeof(*lens));
    char keys[12];
    by_text = by_text || !l->sha[0];
    argv[0] = by_text ? "EVAL" : "EVALSHA";
    argv[1] = by_text ? l->text : l->sha;
    argv[2] = keys;
    lens[0] = strlen(argv[0]);
    lens[1] = by_text ? l->text_len : 40;
    lens[2] = (size_t)snprintf(keys, sizeof(keys), "%d", call->keys);
    for (int i = 0; i < call->argc; i++) {
        argv[i + 3] = call->argv[i];
        lens[i + 3] = call->lens[i];
    }
    bool ok = redisAsyncCommandArgv(r->context, on_answer, call, argc, argv, lens) == REDIS_OK;
    free(argv);
    free(lens);
    return ok;
}

static void on_answer(redisAsyncContext *ac, void *reply, void *arg)
{
    (void)ac;
    struct call *call = arg;
    struct redis *r = call->redis;
    const redisReply *answer = reply;
    if (answer)
        r->heard_ms = clock_mono_ms();
    if (answer && answer->type == REDIS_REPLY_ERROR && call->script && strncmp(answer->str, "NOSCRIPT", 8) == 0 &&
        r->state == READY && script_send(call, true))
        return;
    call_answer(call, answer);
}

/* --- connecting --- */

static int64_t jittered(struct redis *r, int64_t ms)
{
    return ms / 2 + (int64_t)(rand_r(&r->seed) % (unsigned)(ms / 2 + 1));
}

static void on_timer(uv_timer_t *timer);

/* The context is gone (hiredis has freed it): wait, then try again. */
static void closed(struct redis *r, const char *why)
{
    bool was_ready = r->state == READY;
    r->context = NULL;
    if (r->state == CLOSING)
        return;
    r->state = CLOSED;
    for (size_t i = 0; i < r->script_count; i++)
        r->scripts[i].on_server = false;
    int64_t wait_ms = jittered(r, r->backoff_ms);
    r->backoff_ms = r->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : r->backoff_ms * 2;
    if (was_ready || !r->told_down)
        log_warn("redis away address=%s retry_in_ms=%" PRId64 " reason=%s", r->address, wait_ms, log_quote(why));
    r->told_down = true;
    uv_timer_start(&r->timer, on_timer, (uint64_t)wait_ms, 0);
    if (was_ready && r->callbacks.on_disconnected)
        r->callbacks.on_disconnected(r->callbacks.arg);
}

/* Ends the connection from our side. redisAsyncFree answers what is outstanding first. */
static void drop(struct redis *r, const char *why)
{
    redisAsyncContext *ac = r->context;
    if (!ac)
        return;
    ac->data = NULL; /* on_disconnect has nothing to do: we are doing it */
    redisAsyncFree(ac);
    closed(r, why);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct redis *r = ac->data;
    if (r)
        closed(r, status == REDIS_OK ? "closed by the server" : ac->errstr);
}

static void on_connect(const redisAsyncContext *ac, int status);

static void ready(struct redis *r, const char *run_id)
{
    bool changed = r->run_id[0] && strcmp(r->run_id, run_id) != 0;
    snprintf(r->run_id, sizeof(r->run_id), "%s", run_id);
    r->state = READY;
    r->backoff_ms = BACKOFF_MIN_MS;
    r->heard_ms = clock_mono_ms();
    if (r->told_down || changed)
        log_info("redis connected address=%s run_id=%.8s%s", r->address, run_id, changed ? " restarted=yes" : "");
    r->told_down = false;
    uv_timer_start(&r->timer, on_timer, TICK_MS, TICK_MS);
    if (changed && r->callbacks.on_server_changed)
        r->callbacks.on_server_changed(r->callbacks.arg);
    if (r->state == READY && r->callbacks.on_connected)
        r->callbacks.on_connected(r->callbacks.arg);
}

/* INFO's answer: who is it, and has it read its files yet? */
static void on_info(redisAsyncContext *ac, void *reply, void *arg)
{
    struct redis *r = arg;
    const redisReply *info = reply;
    if (!info || ac->data != r || r->state != GREETING)
        return;
    char run_id[48] = "";
    const char *at = info->type == REDIS_REPLY_STRING ? strstr(info->str, "run_id:") : NULL;
    if (at)
        sscanf(at, "run_id:%40[0-9a-f]", run_id);
    if (!run_id[0])
        drop(r, info->type == REDIS_REPLY_ERROR ? info->str : "the answer to INFO has no run_id");
    else if (strstr(info->str, "\nloading:1"))
        drop(r, "it is still loading its data");
    else
        ready(r, run_id);
}

static void on_auth(redisAsyncContext *ac, void *reply, void *arg)
{
    struct redis *r = arg;
    const redisReply *answer = reply;
    if (answer && answer->type == REDIS_REPLY_ERROR && ac->data == r)
        log_error("redis refuses the password address=%s reason=%s", r->address, log_quote(answer->str));
}

static void on_connect(const redisAsyncContext *ac, int status)
{
    struct redis *r = ac->data;
    if (!r)
        return;
    if (status != REDIS_OK) { /* hiredis frees the context after this */
        char why[160];
        snprintf(why, sizeof(why), "%s", ac->errstr);
        r->context->data = NULL;
        closed(r, why);
        return;
    }
    r->state = GREETING;
    if (r->password)
        redisAsyncCommand(r->context, on_auth, r, "AUTH %s", r->password);
    redisAsyncCommand(r->context, on_info, r, "INFO");
}

/* Splits "HOST:PORT" or "[V6]:PORT". */
static bool address_split(const char *address, char host[256], int *port)
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon == address)
        return false;
    char *end;
    long number = strtol(colon + 1, &end, 10);
    size_t len = (size_t)(colon - address);
    if (*end || end == colon + 1 || number < 1 || number > 65535 || len >= 256)
        return false;
    if (address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    memcpy(host, address, len);
    host[len] = '\0';
    *port = (int)number;
    return len > 0;
}

static void connect_now(struct redis *r)
{
    char host[256];
    int port;
    r->state = CONNECTING;
    r->since_ms = clock_mono_ms();
    uv_timer_start(&r->timer, on_timer, TICK_MS, TICK_MS);
    r->context = r->address[0] == '/' ? redisAsyncConnectUnix(r->address)
                 : address_split(r->address, host, &port) ? redisAsyncConnect(host, port) : NULL;
    if (!r->context) {
        closed(r, "out of memory");
        return;
    }
    r->context->data = r;
    if (r->context->err) {
        char why[160];
        snprintf(why, sizeof(why), "%s", r->context->errstr);
        drop(r, why);
    } else if (!poller_attach(r->loop, r->context)) {
        drop(r, "the loop takes no more descriptors");
    } else {
        redisAsyncSetConnectCallback(r->context, on_connect);
        redisAsyncSetDisconnectCallback(r->context, on_disconnect);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct redis *r = timer->data;
    int64_t now_ms = clock_mono_ms();
    if (r->state == CLOSED)
        connect_now(r);
    else if (r->state != READY && now_ms - r->since_ms > CONNECT_MS)
        drop(r, "no answer to the connection");
    else if (r->state == READY && r->pending == 0)
        r->heard_ms = now_ms;
    else if (r->state == READY && now_ms - r->heard_ms > SILENCE_MS)
        drop(r, "no answer for 30 s");
}

/* --- the module's face --- */

struct redis *redis_create(uv_loop_t *loop, const char *address, const char *password, const struct redis_callbacks *callbacks,
                           struct error *err)
{
    char host[256];
    int port;
    if (address[0] != '/' && !address_split(address, host, &port)) {
        error_set(err, ERROR_INVALID, "Redis address \"%s\": expected HOST:PORT, [IPv6]:PORT or the path of a socket", address);
        return NULL;
    }
    struct redis *r = xcalloc(1, sizeof(*r));
    r->loop = loop;
    r->address = xstrdup(address);
    r->password = xstrdup(password && password[0] ? password : NULL);
    if (callbacks)
        r->callbacks = *callbacks;
    r->backoff_ms = BACKOFF_MIN_MS;
    r->refused_tail = &r->refused;
    r->seed = (unsigned)clock_unix_ms() ^ (unsigned)getpid() ^ (unsigned)(uintptr_t)r;
    uv_timer_init(loop, &r->timer);
    uv_timer_init(loop, &r->refuse);
    r->timer.data = r->refuse.data = r;
    r->open_handles = 2;
    uv_timer_start(&r->timer, on_timer, 0, 0);
    return r;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct redis *r = handle->data;
    if (--r->open_handles == 0 && r->on_closed)
        r->on_closed(r->closed_arg);
}

void redis_close(struct redis *r, void (*on_closed)(void *arg), void *arg)
{
    assert(r->state != CLOSING);
    r->state = CLOSING;
    r->on_closed = on_closed;
    r->closed_arg = arg;
    struct error err;
    error_set(&err, ERROR_TRANSIENT, "the connection to Redis at %s is being closed", r->address);
    for (struct call *call = r->calls; call; call = call->after) { /* now, because hiredis may free later: we may be inside it */
        redis_reply_fn *fn = call->fn;
        call->fn = NULL;
        if (fn)
            fn(call->arg, NULL, &err);
    }
    if (r->context) {
        r->context->data = NULL;
        redisAsyncFree(r->context);
        r->context = NULL;
    }
    while (r->refused)
        on_refuse(&r->refuse);
    uv_close((uv_handle_t *)&r->timer, on_handle_closed);
    uv_close((uv_handle_t *)&r->refuse, on_handle_closed);
}

void redis_destroy(struct redis *r)
{
    if (!r)
        return;
    assert(r->state == CLOSING && r->open_handles == 0);
    for (size_t i = 0; i < r->script_count; i++)
        free(r->scripts[i].text);
    while (r->refused) { /* calls made after redis_close(): nobody is left to be told */
        struct call *next = r->refused->next;
        call_free(r->refused);
        r->refused = next;
    }
    free(r->address);
    free(r->password);
    free(r);
}

bool redis_connected(const struct redis *r)
{
    return r->state == READY;
}

size_t redis_pending(const struct redis *r)
{
    return r->pending;
}

static struct call *call_create(struct redis *r, redis_reply_fn *fn, void *arg)
{
    struct call *call = xcalloc(1, sizeof(*call));
    call->redis = r;
    call->fn = fn;
    call->arg = arg;
    call->after = r->calls;
    if (call->after)
        call->after->before = call;
    r->calls = call;
    r->pending++;
    return call;
}

void redis_call(struct redis *r, redis_reply_fn *fn, void *arg, int argc, const char **argv, const size_t *lens)
{
    struct call *call = call_create(r, fn, arg);
    if (r->state != READY || redisAsyncCommandArgv(r->context, on_answer, call, argc, argv, lens) != REDIS_OK)
        call_refuse(call);
}

void redis_callf(struct redis *r, redis_reply_fn *fn, void *arg, const char *format, ...)
{
    struct call *call = call_create(r, fn, arg);
    va_list ap;
    va_start(ap, format);
    if (r->state != READY || redisvAsyncCommand(r->context, on_answer, call, format, ap) != REDIS_OK)
        call_refuse(call);
    va_end(ap);
}

void redis_eval(struct redis *r, const struct redis_script *script, redis_reply_fn *fn, void *arg, int keys, int argc,
                const char **argv, const size_t *lens)
{
    struct call *call = call_create(r, fn, arg);
    if (r->state != READY) {
        call_refuse(call);
        return;
    }
    call->script = script_find(r, script);
    call->keys = keys;
    call->argc = argc;
    call->argv = xmalloc((size_t)argc * sizeof(*call->argv));
    call->lens = xmalloc((size_t)argc * sizeof(*call->lens));
    for (int i = 0; i < argc; i++) {
        call->lens[i] = lens ? lens[i] : strlen(argv[i]);
        call->argv[i] = xmemdup(argv[i], call->lens[i]);
    }
    if (!script_send(call, false))
        call_refuse(call);
}

/* --- blocking --- */

redisContext *redis_open(const char *address, const char *password, struct error *err)
{
    char host[256];
    int port;
    struct timeval limit = { .tv_sec = CONNECT_MS / 1000 };
    redisContext *c;
    if (address[0] == '/') {
        c = redisConnectUnixWithTimeout(address, limit);
    } else if (address_split(address, host, &port)) {
        c = redisConnectWithTimeout(host, port, limit);
    } else {
        error_set(err, ERROR_INVALID, "Redis address \"%s\": expected HOST:PORT, [IPv6]:PORT or the path of a socket", address);
        return NULL;
    }
    if (!c || c->err) {
        error_set(err, ERROR_TRANSIENT, "cannot reach Redis at %s: %s. Is it running, and are redis.frontier and redis.cache right?", address,
                  c ? c->errstr : "out of memory");
        if (c)
            redisFree(c);
        return NULL;
    }
    struct timeval answer = { .tv_sec = SILENCE_MS / 1000 };
    redisSetTimeout(c, answer);
    if (password && password[0]) {
        redisReply *reply = redis_ask(c, err, "AUTH %s", password);
        if (!reply) {
            error_prefix(err, "Redis at %s refuses the password", address);
            redisFree(c);
            return NULL;
        }
        freeReplyObject(reply);
    }
    return c;
}

/* Turns what hiredis gave into a reply or an error. */
static redisReply *asked(redisContext *c, redisReply *reply, const char *name, struct error *err)
{
    if (!reply) {
        error_set(err, ERROR_TRANSIENT, "Redis does not answer (%s): is it still running? Try again", c->errstr);
        return NULL;
    }
    if (reply->type != REDIS_REPLY_ERROR)
        return reply;
    error_set(err, reply_kind(reply->str), "Redis%s%s: %s%s", name ? ", script " : "", name ? name : "", reply->str, reply_remedy(reply->str));
    freeReplyObject(reply);
    return NULL;
}

redisReply *redis_ask(redisContext *c, struct error *err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    redisReply *reply = redisvCommand(c, format, ap);
    va_end(ap);
    return asked(c, reply, NULL, err);
}

redisReply *redis_ask_script(redisContext *c, const struct redis_script *script, int keys, int argc, const char **argv,
                             const size_t *lens, struct error *err)
{
    char *text = xasprintf("%s%s", script->prelude ? script->prelude : "", script->source);
    const char **all = xmalloc(((size_t)argc + 3) * sizeof(*all));
    size_t *sizes = xmalloc(((size_t)argc + 3) * sizeof(*sizes));
    char count[12];
    snprintf(count, sizeof(count), "%d", keys);
    all[0] = "EVAL";
    all[1] = text;
    all[2] = count;
    for (int i = 0; i < argc; i++)
        all[i + 3] = argv[i];
    for (int i = 0; i < argc + 3; i++)
        sizes[i] = i >= 3 && lens ? lens[i - 3] : strlen(all[i]);
    redisReply *reply = redisCommandArgv(c, argc + 3, all, sizes);
    free(text);
    free(all);
    free(sizes);
    return asked(c, reply, script->name, err);
}
