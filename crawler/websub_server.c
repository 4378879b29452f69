/* websub_server.c - see websub_server.h. One thread serves one request after the other; what a stranger can cost is bounded:
 * connections, seconds, bytes. A push with a wrong signature is answered like a right one (W3C WebSub, 7.1). */
#include "crawler/websub_server.h"

#include "base/hash.h"
#include "base/hmac.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "crawler/frontier.h"
#include "crawler/websub_push.lua.h"
#include "crawler/websub_verify.lua.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "pipeline/listen.h"
#include "pipeline/metrics.h"
#include "pipeline/redis.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define CONNECTION_SECONDS 10
#define CONNECTION_BYTES 32768
#define PUSH_MAX (8u << 20)
#define TOKEN_LEN 32
#define CHALLENGE_MAX 1024

struct websub_server {
    const struct config *config; /* borrowed */
    const struct meta *meta;     /* borrowed */
    struct MHD_Daemon *daemon;
    redisContext *redis;         /* the thread's; NULL: to be opened */
    int port;
    struct metric *pushes, *refused;
};

struct call { /* one request */
    char id[ID_HEX_LEN + 1], token[TOKEN_LEN + 1];
    bool is_push, known, is_signed; /* known: there is a row with this token */
    struct hmac hmac;
    char signature[2 * HMAC_MAX_BYTES + 1];
    char *url;                   /* owned: of the feed */
    size_t bytes;
};

/* --- Redis --- */

static redisContext *redis_of(struct websub_server *s, struct error *err)
{
    if (s->redis && s->redis->err) {
        redisFree(s->redis);
        s->redis = NULL;
    }
    if (!s->redis)
        s->redis = redis_open(s->config->redis.frontier, s->config->redis.frontier_password, err);
    return s->redis;
}

static bool verify(struct websub_server *s, const struct call *k, const char *mode, const char *topic, const char *lease, bool *wanted,
                   struct error *err)
{
    static const struct redis_script script = { .name = "websub_verify", .source = websub_verify_lua };
    struct key row = key_websub(s->config->prefix, k->id);
    const char *argv[] = { row.s, k->token, mode, topic, lease ? lease : "0" };
    redisContext *c = redis_of(s, err);
    redisReply *reply = c ? redis_ask_script(c, &script, 1, COUNT(argv), argv, NULL, err) : NULL;
    *wanted = reply && reply->integer == 1;
    if (reply)
        freeReplyObject(reply);
    return reply != NULL;
}

/* The secret and the feed of a push; *known stays false where the row or its token does not fit. */
static bool read_row(struct websub_server *s, struct call *k, char secret[65], struct error *err)
{
    redisContext *c = redis_of(s, err);
    redisReply *reply = c ? redis_ask(c, err, "HMGET %s token secret url until", key_websub(s->config->prefix, k->id).s) : NULL;
    if (!reply)
        return false;
    k->known = reply->elements == 4;
    for (size_t i = 0; k->known && i < reply->elements; i++)
        k->known = reply->element[i]->type == REDIS_REPLY_STRING;
    if (k->known && strcmp(reply->element[0]->str, k->token) == 0) {
        snprintf(secret, 65, "%s", reply->element[1]->str);
        k->url = xstrdup(reply->element[2]->str);
    } else {
        k->known = false;
    }
    freeReplyObject(reply);
    return true;
}

static bool make_due(struct websub_server *s, const struct call *k, struct error *err)
{
    static const struct redis_script script = { .name = "websub_push", .prelude = frontier_lib_lua, .source = websub_push_lua };
    struct url u;
    char kind[4];
    unsigned char raw[ID_RAW_LEN];
    if (!url_parse(&u, k->url, strlen(k->url), NULL, NULL, err))
        return false;
    struct place place = place_of(s->meta, u.host, u.port);
    struct key base = key_partition(s->config->prefix, place.partition), row = key_websub(s->config->prefix, k->id);
    id_to_raw(&u.id, raw);
    snprintf(kind, sizeof(kind), "%d", CLAIM_FEED);
    const char *argv[] = { base.s, s->config->prefix, row.s, (const char *)raw, kind };
    size_t lens[] = { strlen(base.s), strlen(s->config->prefix), strlen(row.s), sizeof(raw), strlen(kind) };
    redisContext *c = redis_of(s, err);
    redisReply *reply = c ? redis_ask_script(c, &script, 3, COUNT(argv), argv, lens, err) : NULL;
    if (reply)
        freeReplyObject(reply);
    place_fini(&place);
    url_fini(&u);
    return reply != NULL;
}

/* --- requests --- */

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
    if (!r)
        return MHD_NO;
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff"); /* the challenge is whatever the caller says */
    enum MHD_Result queued = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result unavailable(struct MHD_Connection *c, const struct error *err)
{
    log_warn("websub request not answered reason=%s", log_quote(err->message));
    return answer(c, MHD_HTTP_SERVICE_UNAVAILABLE, "try again\n");
}

static bool is_hex(const char *s, size_t len)
{
    return strspn(s, "0123456789abcdef") >= len;
}

/* The last two parts of the path, whatever a proxy leaves before them. */
static bool read_path(struct call *k, const char *path)
{
    size_t len = strlen(path), want = ID_HEX_LEN + 1 + TOKEN_LEN;
    if (len < want + 1 || path[len - want - 1] != '/')
        return false;
    const char *id = path + len - want, *token = id + ID_HEX_LEN + 1;
    if (!is_hex(id, ID_HEX_LEN) || token[-1] != '/' || !is_hex(token, TOKEN_LEN))
        return false;
    snprintf(k->id, sizeof(k->id), "%.*s", ID_HEX_LEN, id);
    snprintf(k->token, sizeof(k->token), "%s", token);
    return true;
}

static const char *argument(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
}

static enum MHD_Result on_get(struct websub_server *s, struct MHD_Connection *c, const struct call *k)
{
    struct error err;
    bool wanted;
    const char *mode = argument(c, "hub.mode"), *topic = argument(c, "hub.topic"), *challenge = argument(c, "hub.challenge");
    if (!mode || !topic || (challenge && strlen(challenge) > CHALLENGE_MAX))
        return answer(c, MHD_HTTP_BAD_REQUEST, "hub.mode and hub.topic are needed\n");
    if (!verify(s, k, mode, topic, argument(c, "hub.lease_seconds"), &wanted, &err))
        return unavailable(c, &err);
    log_info("websub hub asks mode=%s topic=%s answer=%s", log_quote(mode), log_quote(topic), wanted ? "yes" : "no");
    if (!wanted)
        return answer(c, MHD_HTTP_NOT_FOUND, "not asked for\n");
    return answer(c, MHD_HTTP_OK, challenge ? challenge : "");
}

/* "sha256=…" of X-Hub-Signature. */
static bool begin_signature(struct call *k, const char *header, const char *secret)
{
    static const struct { const char *name; enum hmac_kind kind; } kinds[] = { { "sha1=", HMAC_SHA1 }, { "sha256=", HMAC_SHA256 } };
    for (size_t i = 0; header && i < COUNT(kinds); i++) {
        size_t n = strlen(kinds[i].name);
        if (strncasecmp(header, kinds[i].name, n) == 0 && strlen(header + n) < sizeof(k->signature)) {
            snprintf(k->signature, sizeof(k->signature), "%s", header + n);
            hmac_init(&k->hmac, kinds[i].kind, secret, strlen(secret));
            return true;
        }
    }
    return false;
}

static enum MHD_Result begin_push(struct websub_server *s, struct MHD_Connection *c, struct call *k)
{
    struct error err;
    char secret[65] = "";
    k->is_push = true;
    if (!read_row(s, k, secret, &err))
        return unavailable(c, &err);
    if (!k->known)
        return answer(c, MHD_HTTP_GONE, "not asked for\n"); /* a hub may forget us */
    k->is_signed = begin_signature(k, MHD_lookup_connection_value(c, MHD_HEADER_KIND, "X-Hub-Signature"), secret);
    return MHD_YES;
}

static enum MHD_Result end_push(struct websub_server *s, struct MHD_Connection *c, struct call *k)
{
    struct error err;
    unsigned char mac[HMAC_MAX_BYTES];
    size_t len = k->is_signed ? hmac_end(&k->hmac, mac) : 0;
    bool good = k->is_signed && hmac_equals(mac, len, k->signature);
    metric_add(good ? s->pushes : s->refused, 1);
    if (!good)
        log_warn("websub push ignored feed=%s reason=\"its signature is missing or wrong\"", log_quote(k->url));
    else if (!make_due(s, k, &err))
        return unavailable(c, &err);
    else
        log_info("websub push feed=%s bytes=%zu", log_quote(k->url), k->bytes);
    return answer(c, MHD_HTTP_ACCEPTED, "");
}

static enum MHD_Result begin(struct websub_server *s, struct MHD_Connection *c, const char *path, const char *method, void **state)
{
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    if (!get && !post)
        return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and POST are\n");
    struct call *k = *state = xcalloc(1, sizeof(*k));
    if (!read_path(k, path))
        return answer(c, MHD_HTTP_NOT_FOUND, "no such place\n");
    return post ? begin_push(s, c, k) : MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **state)
{
    struct websub_server *s = arg;
    struct call *k = *state;
    (void)version;
    if (!k)
        return begin(s, c, path, method, state);
    if (*upload_size == 0)
        return k->is_push ? end_push(s, c, k) : on_get(s, c, k);
    k->bytes += *upload_size;
    if (!k->is_push || k->bytes > PUSH_MAX)
        return MHD_NO;
    if (k->is_signed)
        hmac_add(&k->hmac, upload, *upload_size);
    *upload_size = 0;
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
    struct call *k = *state;
    (void)arg, (void)c, (void)why;
    if (k)
        free(k->url);
    free(k);
    *state = NULL;
}

/* --- life --- */

static int port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    getsockname(fd, (struct sockaddr *)&a, &len);
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port : ((struct sockaddr_in *)&a)->sin_port);
}

struct websub_server *websub_server_start(const struct config *config, const struct meta *meta, int port, struct error *err)
{
    const char *address = config->websub.address;
    int fd = listen_at(address, port, CONNECTIONS_MAX);
    if (fd < 0) {
        error_set(err, errno == EADDRINUSE ? ERROR_LIMIT : ERROR_SYSTEM, "websub.address, websub.port: cannot listen at %s:%d: %s", address, port,
                  strerror(errno));
        return NULL;
    }
    struct websub_server *s = xcalloc(1, sizeof(*s));
    *s = (struct websub_server){ .config = config, .meta = meta, .port = port_of(fd),
                                 .pushes = metric_counter("tidings_websub_pushes_total", "Pushes of hubs by their signature.", "result", "taken"),
                                 .refused = metric_counter("tidings_websub_pushes_total", "Pushes of hubs by their signature.", "result", "refused") };
    s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET,
                                 (MHD_socket)fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)CONNECTION_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
    if (s->daemon)
        return s;
    close(fd);
    free(s);
    error_set(err, ERROR_SYSTEM, "websub: the server at %s:%d did not start", address, port);
    return NULL;
}

int websub_server_port(const struct websub_server *s)
{
    return s->port;
}

void websub_server_stop(struct websub_server *s)
{
    if (!s)
        return;
    MHD_stop_daemon(s->daemon);
    if (s->redis)
        redisFree(s->redis);
    free(s);
}
