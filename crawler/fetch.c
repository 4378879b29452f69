/* fetch.c - libcurl on the loop.
 *
 *   uv_poll a socket ─┐                                ┌─> on_header(), on_body(): into the transfer's buffers
 *   uv_timer of curl ─┴─> curl_multi_socket_action() ──┴─> collect(): finished ones -> done()
 *   uv_timer sweep ─────> deadlines, stalls, paused transfers
 *
 * What is particular to libcurl 7.88 (measured, see docs/measurements.md):
 * - HTTP/1.1 only: its HTTP/2 may report an aborted body as whole.
 * - CAPATH must be NULL, or the cache of the CA bundle is off and each TLS connection reads it again (18 ms).
 * - Names are resolved by dns.h and handed over by CURLOPT_RESOLVE. Entries never expire (DNS_CACHE_TIMEOUT -1, which also
 *   saves a walk of the whole cache after each transfer); an easy handle removes the entry of its transfer before with "-".
 * - A one-shot timer that fires a little early is not set again by curl, so the loop's time is updated first.
 * - Easy handles are used again without a reset: everything but URL, headers and addresses is the same for all.
 *
 * Limits of time are the sweep's, not curl's: a transfer we paused must not be blamed, and 4,000 slow transfers would wake
 * up curl 4,000 times a second for its own low-speed check. */
#include "crawler/fetch.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/decode.h"
#include "base/log.h"
#include "base/mem.h"
#include "crawler/dns.h"
#include "pipeline/metrics.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SWEEP_MS 200
#define IDLE_HANDLES_MAX 512
#define HEADERS_MAX (64 * 1024)   /* all header lines of one answer */
#define SKIP_MAX (64 * 1024)      /* of an unwanted body read to keep the connection; more costs it */
#define BODY_FIRST (16 * 1024)
#define RETRIES 1                 /* of an empty answer on a connection used before */

static const char *const header_names[HEADER_COUNT] = {
    "content-type", "content-encoding", "content-language", "etag", "last-modified", "location", "retry-after", "x-robots-tag",
    "tdm-reservation", "cache-control", "set-cookie",
};

static const char *const error_names[] = { "ok", "dns", "connect", "tls", "timeout", "refused", "truncated", "broken",
                                           "too_large", "invalid" };

enum fetch_state { RESOLVING, TRANSFERRING, CHECKING, FINISHED };

struct fetch {
    struct fetcher *fetcher;
    struct fetch *prev, *next;        /* among the fetcher's running ones */
    enum fetch_state state;
    fetch_done_fn *done;
    void *arg;
    bool (*want)(const struct fetch_result *r);
    char *url, *host;                 /* owned */
    int port;
    struct dns_query *query;          /* while RESOLVING */
    CURL *easy;                       /* owned; NULL while RESOLVING */
    struct curl_slist *headers;       /* owned */
    struct curl_slist *resolve;       /* owned */
    struct buffer header_bytes;       /* values kept, NUL after each */
    size_t header_at[HEADER_COUNT];   /* offset + 1 in header_bytes; 0: absent */
    size_t header_total;              /* bytes of header lines of this answer */
    struct buffer body;
    size_t max_body, charged, skipped;
    int64_t content_length;           /* -1: not told */
    bool chunked, keep_partial, check_whole, has_headers, wanted, too_large, uses_reserve, waiting;
    const char *refused;              /* why the address was */
    int retries;
    int64_t begun_mono_ms, first_byte_mono_ms, paused_since_mono_ms, paused_ms;
    int64_t window_mono_ms;           /* of the stall rule: began then, with window_bytes received */
    size_t received, window_bytes;
    uv_work_t check;                  /* while CHECKING */
    uv_timer_t *failing;              /* owned: an error found while starting is told from the loop */
    bool aborted;                     /* while CHECKING */
    bool starting;                    /* inside fetch_start() */
    struct fetch_result result;
};

struct idle { /* an easy handle without a transfer */
    CURL *easy;
    char *used; /* "-host:port" to forget, or NULL */
};

struct watch { /* of one descriptor */
    uv_poll_t poll;
    struct fetcher *fetcher;
    curl_socket_t fd;
};

struct fetcher {
    uv_loop_t *loop;
    struct fetcher_options options;
    char *user_agent, *ca_file;       /* owned */
    CURLM *multi;
    struct dns *dns;
    uv_timer_t curl_timer, sweep;
    struct fetch *running;            /* newest first */
    size_t running_count, waiting_count, references;
    struct fetch *reserve_user;       /* goes on from the reserve */
    bool reserve_held;                /* by reserve_user, or by a body not given back yet */
    struct idle idle[IDLE_HANDLES_MAX];
    int idle_count;
    bool closing, timers_open;
    struct metric *bytes, *inflight, *paused;
};

const char *fetch_error_name(enum fetch_error e)
{
    return error_names[e];
}

/* --- life of the fetcher: handles, bodies and checks under way hold references --- */

static void fetcher_unref(struct fetcher *f)
{
    if (--f->references > 0)
        return;
    free(f->user_agent);
    free(f->ca_file);
    free(f);
}

void body_fini(struct fetch_body *b)
{
    free(b->data);
    if (b->charged)
        budget_give(b->budget, b->charged);
    if (b->reserve) {
        b->reserve->reserve_held = false;
        fetcher_unref(b->reserve);
    }
    *b = (struct fetch_body){ 0 };
}

static void collect(struct fetcher *f);

static void act(struct fetcher *f, curl_socket_t fd, int events)
{
    int running;
    CURLMcode rc = curl_multi_socket_action(f->multi, fd, events, &running);
    if (rc != CURLM_OK)
        log_error("libcurl refused an event reason=%s", log_quote(curl_multi_strerror(rc)));
    collect(f);
}

static void on_curl_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int curl_sets_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct fetcher *f = arg;
    (void)multi;
    if (timeout_ms < 0 || f->closing) {
        uv_timer_stop(&f->curl_timer);
        return 0;
    }
    uv_update_time(f->loop);
    uv_timer_start(&f->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(w->fetcher, w->fd, flags);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct fetcher *f = w->fetcher;
    free(w);
    fetcher_unref(f);
}

static struct watch *watch_create(struct fetcher *f, curl_socket_t fd)
{
    struct watch *w = xcalloc(1, sizeof(*w));
    *w = (struct watch){ .fetcher = f, .fd = fd };
    if (uv_poll_init_socket(f->loop, &w->poll, fd) != 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    f->references++;
    curl_multi_assign(f->multi, fd, w);
    return w;
}

static int curl_sets_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct watch *w = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) { /* before curl closes the descriptor, so that libuv may still touch it */
        if (w)
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        return 0;
    }
    if (!w)
        w = watch_create(arg, fd);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return w && uv_poll_start(&w->poll, events, on_socket) == 0 ? 0 : -1;
}

/* --- what curl asks and gives during a transfer --- */

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct fetch *t = arg;
    (void)purpose;
    const char *why = address_refused(t->fetcher->options.addresses, &a->addr);
    if (why) {
        t->refused = why;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void headers_reset(struct fetch *t)
{
    buffer_clear(&t->header_bytes);
    memset(t->header_at, 0, sizeof(t->header_at));
    t->header_total = 0;
    t->content_length = -1;
    t->chunked = false;
}

static const char *header_get(const struct fetch *t, int i)
{
    return t->header_at[i] ? t->header_bytes.data + t->header_at[i] - 1 : NULL;
}

/* Of Set-Cookie only "name=value" is of use: it lives for the redirects of one fetch. */
static size_t header_value_len(int i, const char *value, size_t len)
{
    const char *end = i == HEADER_SET_COOKIE ? memchr(value, ';', len) : NULL;
    return end ? (size_t)(end - value) : len;
}

static void header_keep(struct fetch *t, int i, const char *value, size_t len)
{
    struct buffer *b = &t->header_bytes;
    const char *before = header_get(t, i);
    char *joined = NULL;
    len = header_value_len(i, value, len);
    if (before && (i == HEADER_SET_COOKIE || i == HEADER_X_ROBOTS_TAG || i == HEADER_CONTENT_ENCODING || i == HEADER_CACHE_CONTROL))
        joined = xasprintf("%s%s%.*s", before, i == HEADER_SET_COOKIE ? "; " : ", ", (int)len, value);
    else if (before)
        return; /* the first of the others counts */
    t->header_at[i] = b->len + 1;
    if (joined)
        buffer_puts(b, joined);
    else
        buffer_append(b, value, len);
    buffer_putc(b, '\0');
    free(joined);
}

static void header_line(struct fetch *t, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    if (!colon)
        return;
    size_t name_len = (size_t)(colon - line);
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (unsigned char)end[-1] <= ' ')
        end--;
    size_t value_len = (size_t)(end - value);
    if (memchr(value, '\0', value_len))
        return;
    for (int i = 0; i < HEADER_COUNT; i++)
        if (strlen(header_names[i]) == name_len && strncasecmp(header_names[i], line, name_len) == 0)
            header_keep(t, i, value, value_len);
    if (name_len == 14 && strncasecmp(line, "content-length", 14) == 0)
        t->content_length = strtoll(value, NULL, 10);
    if (name_len == 17 && strncasecmp(line, "transfer-encoding", 17) == 0)
        t->chunked = true;
}

static void first_byte(struct fetch *t)
{
    if (t->first_byte_mono_ms)
        return;
    t->first_byte_mono_ms = clock_mono_ms();
    t->result.fetched_at_ms = clock_unix_ms();
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    struct fetch *t = arg;
    size_t len = size * count;
    first_byte(t);
    t->received += len;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        headers_reset(t);
    t->header_total += len;
    if (t->header_total > HEADERS_MAX) {
        t->too_large = true;
        return 0;
    }
    header_line(t, line, len);
    return len;
}

static void lend_headers(struct fetch *t)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    t->result.status = (int)status;
    for (int i = 0; i < HEADER_COUNT; i++)
        t->result.header[i] = header_get(t, i);
}

/* Once, before the first byte of the body: is it wanted, and can it fit? */
static bool begin_body(struct fetch *t)
{
    t->has_headers = true;
    lend_headers(t);
    t->wanted = t->want ? t->want(&t->result) : t->result.status == 200;
    t->result.body_skipped = !t->wanted;
    if (t->wanted && !t->keep_partial && t->content_length > (int64_t)t->max_body) {
        t->too_large = true;
        return false;
    }
    return true;
}

/* Room for len more bytes: from the budget, generously at first, or from the reserve. */
static bool charge(struct fetch *t, size_t len)
{
    size_t need = t->body.len + len;
    if (need <= t->charged || t->uses_reserve)
        return true;
    size_t want = t->charged ? t->charged * 2 : BODY_FIRST;
    if (t->content_length > 0 && (size_t)t->content_length <= t->max_body)
        want = (size_t)t->content_length;
    if (want > t->max_body)
        want = t->max_body;
    if (want < need)
        want = need;
    if (budget_take(t->fetcher->options.budget, want - t->charged))
        t->charged = want;
    else if (budget_take(t->fetcher->options.budget, need - t->charged))
        t->charged = need;
    else
        return false;
    return true;
}

static void wait_for_bytes(struct fetch *t)
{
    if (t->waiting)
        return;
    t->waiting = true;
    t->paused_since_mono_ms = clock_mono_ms();
    t->fetcher->waiting_count++;
}

static void stop_waiting(struct fetch *t)
{
    if (!t->waiting)
        return;
    int64_t now = clock_mono_ms();
    t->waiting = false;
    t->paused_ms += now - t->paused_since_mono_ms;
    t->window_mono_ms = now;
    t->window_bytes = t->received;
    t->fetcher->waiting_count--;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *t = arg;
    size_t len = size * count, take = len;
    if (!t->has_headers && !begin_body(t))
        return 0;
    if (!t->wanted) {
        t->skipped += len;
        t->received += len;
        return t->skipped <= SKIP_MAX ? len : 0;
    }
    if (take > t->max_body - t->body.len)
        take = t->max_body - t->body.len;
    if (!charge(t, take)) {
        wait_for_bytes(t);
        return CURL_WRITEFUNC_PAUSE;
    }
    t->received += len;
    if (t->body.cap < t->charged && t->body.len + take >= t->body.cap)
        buffer_reserve(&t->body, t->charged - t->body.len);
    buffer_append(&t->body, bytes, take);
    t->too_large = take < len;
    return take;
}

/* --- easy handles --- */

static CURL *easy_create(struct fetcher *f)
{
    CURL *e = curl_easy_init();
    assert(e); /* out of memory */
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PROXY, "");
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_USERAGENT, f->user_agent);
    curl_easy_setopt(e, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    if (f->ca_file)
        curl_easy_setopt(e, CURLOPT_CAINFO, f->ca_file);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)f->options.connect_timeout_ms);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
    curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, 30L);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 16384L);
    curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    return e;
}

static void idle_drop(struct idle *i)
{
    curl_easy_cleanup(i->easy);
    free(i->used);
}

/* Gives the handle back; it remembers which address entry of curl's cache was its own. */
static void easy_return(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    struct idle i = { t->easy, t->resolve ? xasprintf("-%s:%d", t->host, t->port) : NULL };
    curl_multi_remove_handle(f->multi, t->easy);
    t->easy = NULL;
    curl_easy_setopt(i.easy, CURLOPT_RESOLVE, NULL);
    curl_easy_setopt(i.easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(i.easy, CURLOPT_FRESH_CONNECT, 0L);
    if (f->idle_count < IDLE_HANDLES_MAX && !f->closing)
        f->idle[f->idle_count++] = i;
    else
        idle_drop(&i);
}

static void easy_attach(struct fetch *t, const struct dns_answer *a)
{
    struct fetcher *f = t->fetcher;
    struct idle i = { 0 };
    if (f->idle_count > 0)
        i = f->idle[--f->idle_count];
    t->easy = i.easy ? i.easy : easy_create(f);
    t->resolve = i.used ? curl_slist_append(NULL, i.used) : NULL;
    if (t->host[0] != '[') { /* CURLOPT_RESOLVE cannot name an IPv6 literal, and need not */
        char *entry = xasprintf("+%s:%d:%s", t->host, t->port, a->text);
        t->resolve = curl_slist_append(t->resolve, entry);
        free(entry);
    }
    free(i.used);
    curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
    curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->resolve);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
}

/* --- life of a transfer --- */

static void list_add(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    t->next = f->running;
    if (t->next)
        t->next->prev = t;
    f->running = t;
    f->running_count++;
    metric_set(f->inflight, (double)f->running_count);
}

static void list_remove(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    *(t->prev ? &t->prev->next : &f->running) = t->next;
    if (t->next)
        t->next->prev = t->prev;
    f->running_count--;
    metric_set(f->inflight, (double)f->running_count);
    if (f->running_count == 0 && f->timers_open)
        uv_timer_stop(&f->sweep);
}

static void fetch_free(struct fetch *t)
{
    list_remove(t);
    stop_waiting(t);
    if (t->query)
        dns_cancel(t->fetcher->dns, t->query);
    if (t->easy)
        easy_return(t);
    if (t->failing)
        uv_close((uv_handle_t *)t->failing, (uv_close_cb)free);
    if (t->fetcher->reserve_user == t) {
        t->fetcher->reserve_user = NULL;
        t->fetcher->reserve_held = false;
    }
    if (t->charged)
        budget_give(t->fetcher->options.budget, t->charged);
    buffer_fini(&t->body);
    buffer_fini(&t->header_bytes);
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->resolve);
    free(t->url);
    free(t->host);
    free(t);
}

/* Moves the body, with what it is charged for, from the transfer to its result. */
static void hand_over_body(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    struct fetch_body *b = &t->result.body;
    *b = (struct fetch_body){ .len = t->body.len, .charged = t->charged, .budget = f->options.budget };
    b->data = t->body.len ? buffer_take(&t->body) : NULL;
    t->charged = 0;
    if (b->charged > b->len) { /* what was taken in advance and not needed */
        budget_give(b->budget, b->charged - b->len);
        b->charged = b->len;
    }
    if (f->reserve_user != t)
        return;
    f->reserve_user = NULL;
    b->reserve = f;
    f->references++;
}

static void finish(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    t->state = FINISHED;
    if (t->easy)
        easy_return(t);
    f->references++; /* done may destroy the fetcher */
    hand_over_body(t);
    metric_add(f->bytes, (int64_t)t->received);
    fetch_done_fn *done = t->done;
    void *arg = t->arg;
    struct fetch_result r = t->result;
    struct buffer headers = t->header_bytes; /* r's headers lie in it */
    buffer_init(&t->header_bytes, 0);
    fetch_free(t);
    done(arg, &r);
    body_fini(&r.body);
    buffer_fini(&headers);
    fetcher_unref(f);
}

static void fail(struct fetch *t, enum fetch_error error, const char *message)
{
    t->result.error = error;
    snprintf(t->result.message, sizeof(t->result.message), "%s", message);
}

static enum fetch_error error_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return FETCH_OK;
    case CURLE_COULDNT_RESOLVE_HOST: return FETCH_DNS;
    case CURLE_COULDNT_CONNECT: return FETCH_CONNECT;
    case CURLE_OPERATION_TIMEDOUT: return FETCH_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return FETCH_TLS;
    case CURLE_PARTIAL_FILE: return FETCH_TRUNCATED;
    case CURLE_URL_MALFORMAT: return FETCH_INVALID;
    default: return FETCH_BROKEN; /* CURLE_UNSUPPORTED_PROTOCOL too: an answer that is not HTTP/1 */
    }
}

static void judge(struct fetch *t, CURLcode code)
{
    bool unwanted = t->has_headers && !t->wanted;
    if (t->too_large)
        fail(t, FETCH_TOO_LARGE, t->header_total > HEADERS_MAX ? "the headers are larger than 64 KiB" : "the body is larger than the limit");
    else if (t->refused && code == CURLE_COULDNT_CONNECT)
        fail(t, FETCH_REFUSED, t->refused);
    else if (code == CURLE_OK || (unwanted && code == CURLE_WRITE_ERROR))
        t->result.error = FETCH_OK;
    else
        fail(t, error_of(code), curl_easy_strerror(code));
}

/* When curl sent the request, on our clock. */
static void read_times(struct fetch *t)
{
    curl_off_t pretransfer_us = 0;
    int64_t now = clock_mono_ms();
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
    t->result.sent_mono_ms = t->begun_mono_ms + pretransfer_us / 1000; /* 0 us: not connected; the attempt counts as sent */
    int64_t from = t->result.sent_mono_ms;
    t->result.took_ms = now - from - t->paused_ms;
    t->result.first_byte_ms = t->first_byte_mono_ms ? t->first_byte_mono_ms - from : 0;
}

static void finish_failed(struct fetch *t, enum fetch_error error, const char *message)
{
    fail(t, error, message);
    if (t->easy) {
        read_times(t);
        lend_headers(t);
    }
    finish(t);
}

static void begin_transfer(struct fetch *t);

/* An answer without a byte on a connection that was used before: the server had closed it (RFC 9112 9.3.1). */
static bool retry_stale(struct fetch *t, CURLcode code)
{
    long connects = 1;
    if (code != CURLE_GOT_NOTHING && code != CURLE_RECV_ERROR && code != CURLE_SEND_ERROR)
        return false;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
    if (t->received > 0 || connects > 0 || t->retries >= RETRIES)
        return false;
    t->retries++;
    curl_multi_remove_handle(t->fetcher->multi, t->easy);
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
    begin_transfer(t);
    return true;
}

static void check_in_pool(uv_work_t *work)
{
    struct fetch *t = work->data;
    struct buffer out;
    struct error err;
    bool truncated = false;
    buffer_init(&out, 64u << 20);
    bool ok = decode_body(t->body.data, t->body.len, header_get(t, HEADER_CONTENT_ENCODING), NULL, &out, &truncated, &err);
    if ((ok && truncated) || (!ok && err.kind == ERROR_INVALID))
        fail(t, FETCH_TRUNCATED, "the body, delimited only by the closing of the connection, is not whole");
    buffer_fini(&out);
}

static void on_checked(uv_work_t *work, int status)
{
    struct fetch *t = work->data;
    struct fetcher *f = t->fetcher;
    (void)status;
    if (t->aborted)
        fetch_free(t);
    else
        finish(t);
    fetcher_unref(f);
}

static bool needs_check(const struct fetch *t)
{
    return t->result.error == FETCH_OK && t->check_whole && t->body.len > 0 && t->content_length < 0 && !t->chunked &&
           t->header_at[HEADER_CONTENT_ENCODING];
}

static void transfer_ended(struct fetch *t, CURLcode code)
{
    if (retry_stale(t, code))
        return;
    read_times(t);
    lend_headers(t);
    if (!t->has_headers)
        t->result.body_skipped = true;
    judge(t, code);
    easy_return(t);
    if (!needs_check(t)) {
        finish(t);
        return;
    }
    t->state = CHECKING;
    t->check.data = t;
    t->fetcher->references++;
    uv_queue_work(t->fetcher->loop, &t->check, check_in_pool, on_checked);
}

static void collect(struct fetcher *f)
{
    int left;
    f->references++;
    for (CURLMsg *m; !f->closing && (m = curl_multi_info_read(f->multi, &left));) {
        struct fetch *t;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        transfer_ended(t, code);
    }
    fetcher_unref(f);
}

/* --- the sweep --- */

/* Lets one paused transfer go on. Curl gives what it holds at once, from inside this call. */
static void resume(struct fetch *t)
{
    stop_waiting(t);
    curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

static struct fetch *furthest_along(struct fetcher *f)
{
    struct fetch *best = NULL;
    for (struct fetch *t = f->running; t; t = t->next)
        if (t->waiting && (!best || t->body.len > best->body.len))
            best = t;
    return best;
}

static void feed_waiting(struct fetcher *f)
{
    for (size_t n = f->waiting_count; n > 0 && f->waiting_count > 0; n--) {
        struct fetch *t = furthest_along(f);
        if (budget_lendable(f->options.budget) - budget_used(f->options.budget) < CURL_MAX_WRITE_SIZE) {
            if (f->reserve_held)
                return;
            f->reserve_held = true;
            f->reserve_user = t;
            t->uses_reserve = true;
        }
        resume(t);
    }
}

static const char *overdue(struct fetch *t, int64_t now)
{
    const struct fetcher_options *o = &t->fetcher->options;
    int64_t age = now - t->begun_mono_ms - t->paused_ms;
    if (t->waiting || t->state == CHECKING)
        return NULL;
    if (!t->first_byte_mono_ms && age > o->first_byte_ms)
        return "no byte of an answer came in time";
    if (age > o->timeout_ms)
        return "the transfer took longer than allowed";
    if (t->first_byte_mono_ms && now - t->window_mono_ms >= o->stall_ms) {
        if (t->received - t->window_bytes < (size_t)o->stall_bytes)
            return "the transfer stalled";
        t->window_mono_ms = now;
        t->window_bytes = t->received;
    }
    return NULL;
}

static void on_sweep(uv_timer_t *timer)
{
    struct fetcher *f = timer->data;
    int64_t now = clock_mono_ms();
    f->references++;
    for (bool again = true; again && !f->closing;) { /* a done callback may change the list: begin anew after each */
        again = false;
        for (struct fetch *t = f->running; t && !again; t = t->next) {
            const char *why = overdue(t, now);
            if (why) {
                finish_failed(t, FETCH_TIMEOUT, why);
                again = true;
            }
        }
    }
    if (!f->closing) {
        feed_waiting(f);
        metric_set(f->paused, (double)f->waiting_count);
        collect(f);
    }
    fetcher_unref(f);
}

/* --- starting and aborting --- */

static void begin_transfer(struct fetch *t)
{
    t->state = TRANSFERRING;
    t->begun_mono_ms = t->window_mono_ms = clock_mono_ms();
    CURLMcode rc = curl_multi_add_handle(t->fetcher->multi, t->easy);
    assert(rc == CURLM_OK);
}

static void header_add(struct fetch *t, const char *name, const char *value)
{
    if (!value || !*value || strpbrk(value, "\r\n"))
        return;
    char *line = xasprintf("%s: %s", name, value);
    t->headers = curl_slist_append(t->headers, line);
    free(line);
}

static bool split_url(struct fetch *t)
{
    char *host = NULL, *port = NULL;
    CURLU *u = curl_url();
    bool http = strncasecmp(t->url, "http://", 7) == 0 || strncasecmp(t->url, "https://", 8) == 0;
    bool ok = http && curl_url_set(u, CURLUPART_URL, t->url, 0) == CURLUE_OK && curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
    t->host = xstrdup(ok ? host : "");
    t->port = ok ? atoi(port) : 0;
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return ok;
}

static void on_fail_later(uv_timer_t *timer)
{
    struct fetch *t = timer->data;
    finish(t);
}

/* done must not be called from inside fetch_start(): a timer of no length does it from the loop. */
static void fail_later(struct fetch *t, enum fetch_error error, const char *message)
{
    uv_timer_t *timer = xcalloc(1, sizeof(*timer));
    fail(t, error, message);
    uv_timer_init(t->fetcher->loop, timer);
    timer->data = t;
    uv_timer_start(timer, on_fail_later, 0, 0);
    t->failing = timer;
}

static void on_resolved(void *arg, const struct dns_answer *a)
{
    struct fetch *t = arg;
    t->query = NULL;
    if (a->count == 0 && t->starting) {
        fail_later(t, FETCH_DNS, a->reason);
    } else if (a->count == 0) {
        finish_failed(t, FETCH_DNS, a->reason);
    } else {
        easy_attach(t, a);
        begin_transfer(t);
    }
}

static void resolve(struct fetch *t)
{
    t->starting = true;
    struct dns_query *q = dns_lookup(t->fetcher->dns, t->host, on_resolved, t);
    t->query = q;
    t->starting = false;
}

struct fetch *fetch_start(struct fetcher *f, const struct fetch_request *r)
{
    struct fetch *t = xcalloc(1, sizeof(*t));
    *t = (struct fetch){ .fetcher = f, .done = r->done, .arg = r->arg, .want = r->want, .url = xstrdup(r->url),
                         .max_body = r->max_body_bytes, .keep_partial = r->keep_partial, .check_whole = r->check_whole,
                         .content_length = -1 };
    assert(!f->closing && r->max_body_bytes <= f->options.reserve_bytes);
    t->begun_mono_ms = clock_mono_ms();
    list_add(t);
    if (!uv_is_active((uv_handle_t *)&f->sweep))
        uv_timer_start(&f->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    header_add(t, "Accept", r->accept ? r->accept : "*/*");
    header_add(t, "Accept-Encoding", "gzip, br, zstd");
    header_add(t, "If-None-Match", r->etag);
    header_add(t, "If-Modified-Since", r->last_modified);
    header_add(t, "Cookie", r->cookie);
    if (!split_url(t))
        fail_later(t, FETCH_INVALID, "the URL cannot be read");
    else
        resolve(t);
    return t;
}

void fetch_abort(struct fetch *t)
{
    if (t->state == CHECKING) { /* its bytes are being read in the pool: freed when that is over */
        t->aborted = true;
        return;
    }
    fetch_free(t);
}

size_t fetcher_running(const struct fetcher *f)
{
    return f->running_count;
}

size_t fetcher_paused(const struct fetcher *f)
{
    return f->waiting_count;
}

struct fetcher *fetcher_create(uv_loop_t *loop, const struct fetcher_options *options, struct error *err)
{
    struct fetcher *f = xcalloc(1, sizeof(*f));
    f->loop = loop;
    f->options = *options;
    f->user_agent = xstrdup(options->user_agent);
    f->ca_file = xstrdup(options->ca_file);
    f->multi = curl_multi_init();
    if (!f->multi) {
        error_set(err, ERROR_SYSTEM, "libcurl could not be started");
        free(f->user_agent);
        free(f->ca_file);
        free(f);
        return NULL;
    }
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, curl_sets_socket);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, curl_sets_timer);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, 1024L);
    curl_multi_setopt(f->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    f->dns = dns_create(loop, options->dns_lookups, 20000);
    uv_timer_init(loop, &f->curl_timer);
    uv_timer_init(loop, &f->sweep);
    f->curl_timer.data = f->sweep.data = f;
    f->timers_open = true;
    f->references = 3; /* the owner and the two timers */
    f->bytes = metric_counter("tidings_fetch_bytes_total", "Bytes of answers received, as sent.", NULL, NULL);
    f->inflight = metric_gauge("tidings_fetch_inflight", "Transfers under way.", NULL, NULL);
    f->paused = metric_gauge("tidings_fetch_paused", "Transfers waiting for bytes of the body budget.", NULL, NULL);
    return f;
}

static void on_timer_closed(uv_handle_t *handle)
{
    fetcher_unref(handle->data);
}

void fetcher_destroy(struct fetcher *f)
{
    if (!f)
        return;
    for (struct fetch *t = f->running, *next; t; t = next) {
        next = t->next;
        fetch_abort(t);
    }
    f->closing = true;
    for (int i = 0; i < f->idle_count; i++)
        idle_drop(&f->idle[i]);
    f->idle_count = 0;
    curl_multi_cleanup(f->multi);
    dns_destroy(f->dns);
    f->timers_open = false;
    uv_close((uv_handle_t *)&f->curl_timer, on_timer_closed);
    uv_close((uv_handle_t *)&f->sweep, on_timer_closed);
    fetcher_unref(f);
}
