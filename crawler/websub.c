/* websub.c - see websub.h. Hubs are asked outside of the budgets of politeness: once a lease, for what they offer. */
#include "crawler/websub.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "crawler/websub_ask.lua.h"
#include "crawler/websub_server.h"
#include "pipeline/keys.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#define LISTEN_AGAIN_MS 10000   /* another worker of this machine has the port */
#define ASKS_MAX 16             /* at once; more come at their next poll */
#define ANSWER_MAX 4096
#define LEASE_S (10 * 24 * 3600)
#define TRY_AGAIN_MS "3600000"
#define SECRET_LEN 32

struct ask { /* one subscription under way */
    struct websub *websub;
    struct ask *prev, *next;
    char *hub, *topic, *id;
    struct fetch *fetch;        /* NULL: Redis is being asked */
};

struct websub {
    struct crawl *crawl;
    struct redis *redis;        /* borrowed */
    struct websub_server *server;
    uv_timer_t timer;
    int port;
    struct ask *asks;
    size_t count;
    bool closing, closed;
};

static const struct redis_script ask_script = { .name = "websub_ask", .source = websub_ask_lua };

/* --- Link headers --- */

static const char *skip(const char *s, const char *set)
{
    return s + strspn(s, set);
}

/* Does a rel parameter, at s, hold this relation? Values may be quoted and hold several. */
static bool has_rel(const char *s, const char *rel)
{
    size_t n = strlen(rel);
    bool quoted = *s == '"';
    s += quoted;
    const char *end = s + strcspn(s, quoted ? "\"" : ";, \t");
    while (s < end) {
        size_t word = strcspn(s, " \t\";,");
        if (word == n && strncasecmp(s, rel, n) == 0)
            return true;
        s += word;
        s = skip(s, " \t");
        if (word == 0)
            break;
    }
    return false;
}

/* Parameters of one link, from s on; moves *after behind them. */
static bool link_is(const char *s, const char *rel, const char **after)
{
    bool found = false;
    while (*(s = skip(s, " \t;")) && *s != ',') {
        size_t name = strcspn(s, "=;, \t");
        const char *value = skip(s + name, " \t");
        bool is_rel = name == 3 && strncasecmp(s, "rel", 3) == 0;
        s = value;
        if (*value == '=') {
            value = skip(value + 1, " \t");
            found = found || (is_rel && has_rel(value, rel));
            s = value + strcspn(value + (*value == '"'), *value == '"' ? "\"" : ";,") + (*value == '"');
            s += *s == '"';
        }
    }
    *after = s;
    return found;
}

char *websub_link(const char *header, const char *rel, const char *base)
{
    const char *s = header ? header : "";
    while ((s = strchr(s, '<'))) {
        const char *end = strchr(s, '>'), *after;
        if (!end)
            return NULL;
        if (link_is(end + 1, rel, &after))
            return url_absolute(s + 1, (size_t)(end - s - 1), base);
        s = after;
    }
    return NULL;
}

/* --- asking a hub --- */

static void ask_free(struct ask *a)
{
    struct websub *w = a->websub;
    if (a->prev)
        a->prev->next = a->next;
    else
        w->asks = a->next;
    if (a->next)
        a->next->prev = a->prev;
    w->count--;
    free(a->hub);
    free(a->topic);
    free(a->id);
    free(a);
}

static void free_when_gone(struct websub *w)
{
    if (w->closing && w->closed && w->count == 0)
        free(w);
}

static void on_answer(void *arg, struct fetch_result *r)
{
    struct ask *a = arg;
    if (r->status >= 200 && r->status < 300)
        log_info("websub subscription asked for hub=%s topic=%s", log_quote(a->hub), log_quote(a->topic));
    else
        log_warn("websub hub did not take the subscription hub=%s topic=%s status=%d reason=%s", log_quote(a->hub), log_quote(a->topic),
                 r->status, log_quote(r->status ? "" : r->message));
    ask_free(a);
}

static void put_encoded(struct buffer *out, const char *name, const char *value)
{
    buffer_printf(out, "%s%s=", out->len ? "&" : "", name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        if (isalnum(*p) || strchr("-._~", *p))
            buffer_putc(out, (char)*p);
        else
            buffer_printf(out, "%%%02X", *p);
    }
}

static void post(struct ask *a, const char *token, const char *secret)
{
    struct websub *w = a->websub;
    struct buffer form;
    const char *base = w->crawl->config->websub.public_url;
    char lease[16], *callback = xasprintf("%s%s%s/%s", base, base[strlen(base) - 1] == '/' ? "" : "/", a->id, token);
    snprintf(lease, sizeof(lease), "%d", LEASE_S);
    buffer_init(&form, 0);
    put_encoded(&form, "hub.mode", "subscribe");
    put_encoded(&form, "hub.topic", a->topic);
    put_encoded(&form, "hub.callback", callback);
    put_encoded(&form, "hub.secret", secret);
    put_encoded(&form, "hub.lease_seconds", lease);
    a->fetch = fetch_start(w->crawl->fetcher, &(struct fetch_request){
        .url = a->hub, .form = buffer_str(&form), .max_body_bytes = ANSWER_MAX, .keep_partial = true, .done = on_answer, .arg = a });
    buffer_fini(&form);
    free(callback);
}

static void on_told(void *arg, const redisReply *reply, const struct error *err)
{
    struct ask *a = arg;
    struct websub *w = a->websub;
    if (w->closing) {
        ask_free(a);
        free_when_gone(w);
    } else if (!err && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2) {
        post(a, reply->element[0]->str, reply->element[1]->str);
    } else {
        ask_free(a); /* not now: the next poll asks again */
    }
}

static void random_hex(char out[SECRET_LEN + 1])
{
    unsigned char random[SECRET_LEN / 2];
    ssize_t got = getrandom(random, sizeof(random), 0);
    assert(got == sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
}

static char *fetchable(const char *url)
{
    struct url u;
    if (!url || !url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return NULL;
    char *fetch = xstrdup(u.fetch);
    url_fini(&u);
    return fetch;
}

void websub_seen(struct websub *w, const struct claim *poll, const char *hub, const char *topic)
{
    char token[SECRET_LEN + 1], secret[SECRET_LEN + 1], *hub_url, *topic_url;
    if (!w || w->closing || w->count == ASKS_MAX || !(hub_url = fetchable(hub)))
        return;
    topic_url = fetchable(topic);
    struct ask *a = xcalloc(1, sizeof(*a));
    *a = (struct ask){ .websub = w, .next = w->asks, .hub = hub_url, .topic = topic_url ? topic_url : xstrdup(poll->url), .id = xstrdup(poll->id.hex) };
    if (a->next)
        a->next->prev = a;
    w->asks = a;
    w->count++;
    random_hex(token);
    random_hex(secret);
    struct key row = key_websub(w->crawl->config->prefix, a->id);
    const char *argv[] = { row.s, a->topic, a->hub, poll->source, poll->url, token, secret, TRY_AGAIN_MS };
    redis_eval(w->redis, &ask_script, on_told, a, 1, COUNT(argv), argv, NULL);
}

/* --- life --- */

static bool listen_now(struct websub *w, struct error *err)
{
    w->server = websub_server_start(w->crawl->config, w->crawl->meta, w->port, err);
    if (w->server)
        log_info("websub listening at=%s:%d public_url=%s", w->crawl->config->websub.address, websub_server_port(w->server),
                 w->crawl->config->websub.public_url);
    return w->server || err->kind == ERROR_LIMIT;
}

/* The worker that had the port may have gone. */
static void on_timer(uv_timer_t *timer)
{
    struct websub *w = timer->data;
    struct error err;
    if (!w->server)
        listen_now(w, &err);
}

struct websub *websub_create(struct crawl *c, struct redis *r, int port, struct error *err)
{
    if (!c->config->websub.public_url)
        return NULL;
    struct websub *w = xcalloc(1, sizeof(*w));
    *w = (struct websub){ .crawl = c, .redis = r, .port = port };
    if (!listen_now(w, err)) {
        free(w);
        return NULL;
    }
    uv_timer_init(c->loop, &w->timer);
    w->timer.data = w;
    uv_timer_start(&w->timer, on_timer, LISTEN_AGAIN_MS, LISTEN_AGAIN_MS);
    return w;
}

int websub_port(const struct websub *w)
{
    return w->server ? websub_server_port(w->server) : 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct websub *w = handle->data;
    w->closed = true;
    free_when_gone(w);
}

void websub_destroy(struct websub *w)
{
    if (!w)
        return;
    w->closing = true;
    websub_server_stop(w->server);
    w->server = NULL;
    for (struct ask *a = w->asks, *next; a; a = next) {
        next = a->next;
        if (!a->fetch)
            continue; /* Redis will answer */
        fetch_abort(a->fetch);
        ask_free(a);
    }
    uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
