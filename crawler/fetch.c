/* fetch.c - libcurl on the loop; fetch_private.h tells what is in which file.
 *
 *   uv_poll a socket ─┐                                ┌─> fetch_on_header(), fetch_on_body(): into the transfer's buffers
 *   uv_timer of curl ─┴─> curl_multi_socket_action() ──┴─> fetcher_collect(): finished ones -> done()
 *   uv_timer sweep ─────> deadlines, stalls, paused transfers
 *
 * What is particular to libcurl 7.88 (measured, see docs/measurements.md):
 * - HTTP/1.1 only: its HTTP/2 may report an aborted body as whole.
 * - CAPATH must be NULL, or the cache of the CA bundle is off and each TLS connection reads it again (18 ms).
 * - Names are resolved by dns.h and handed over by CURLOPT_RESOLVE. Entries never expire (DNS_CACHE_TIMEOUT -1, which also
 *   saves a walk of the whole cache after each transfer); an easy handle removes the entry of its transfer before with "-".
 * - A one-shot timer that fires a little early is not set again by curl, so the loop's time is updated first.
 * - A connection of TLS keeps its peer's certificates, decoded; one with many is not kept, and there is no cache of sessions.
 * - Easy handles are used again without a reset: everything but URL, headers and addresses is the same for all.
 *
 * Limits of time are the sweep's, not curl's: a transfer we paused must not be blamed, and 4,000 slow transfers would wake
 * up curl 4,000 times a second for its own low-speed check. */
#include "crawler/fetch_private.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "crawler/trouble.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SWEEP_MS 200
#define IDLE_TLS_MAX 2048L /* connections kept in the first lane; a host with work is asked again a second later */
#define IDLE_PLAIN_MAX 400L /* in each other */

struct watch { /* of one descriptor */
    uv_poll_t poll;
    struct lane *lane;
    curl_socket_t fd;
};

/* --- life of the fetcher: handles, bodies and checks under way hold references --- */

void fetcher_unref(struct fetcher *f)
{
    if (--f->references > 0)
        return;
    free(f->user_agent);
    free(f->ca_file);
    free(f);
}

static void act(struct lane *lane, curl_socket_t fd, int events)
{
    int running;
    CURLMcode rc = curl_multi_socket_action(lane->multi, fd, events, &running);
    if (rc != CURLM_OK)
        log_error("libcurl refused an event reason=%s", log_quote(curl_multi_strerror(rc)));
    fetcher_collect(lane);
}

static void on_curl_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int curl_sets_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct lane *lane = arg;
    (void)multi;
    if (timeout_ms < 0 || lane->fetcher->closing) {
        uv_timer_stop(&lane->timer);
        return 0;
    }
    uv_update_time(lane->fetcher->loop);
    uv_timer_start(&lane->timer, on_curl_timer, (uint64_t)timeout_ms, 0);
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
    act(w->lane, w->fd, flags);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *w = handle->data;
    struct fetcher *f = w->lane->fetcher;
    free(w);
    fetcher_unref(f);
}

static struct watch *watch_create(struct lane *lane, curl_socket_t fd)
{
    struct fetcher *f = lane->fetcher;
    struct watch *w = xcalloc(1, sizeof(*w));
    *w = (struct watch){ .lane = lane, .fd = fd };
    if (uv_poll_init_socket(f->loop, &w->poll, fd) != 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    f->references++;
    curl_multi_assign(lane->multi, fd, w);
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
    if (f->sweeping == t)
        f->sweeping = t->next;
    f->running_count--;
    metric_set(f->inflight, (double)f->running_count);
    if (f->running_count == 0 && f->timers_open)
        uv_timer_stop(&f->sweep);
}

void fetch_free(struct fetch *t)
{
    list_remove(t);
    fetch_stop_waiting(t);
    if (t->state == CHECKING)
        fetch_leave_checks(t);
    if (t->query)
        dns_cancel(t->fetcher->dns, t->query);
    if (t->easy)
        fetch_easy_return(t);
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
    free(t->form);
    free(t);
}

/* --- starting and aborting --- */

void fetch_begin_transfer(struct fetch *t)
{
    t->state = TRANSFERRING;
    t->opened = -1;
    t->begun_mono_ms = t->window_mono_ms = clock_mono_ms();
    CURLMcode rc = curl_multi_add_handle(t->lane->multi, t->easy);
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
    bool tls = strncasecmp(t->url, "https:", 6) == 0;
    t->lane = &t->fetcher->lanes[tls ? 0 : 1 + hash64(t->host, strlen(t->host)) % (LANES - 1)];
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return ok;
}

static void on_fail_later(uv_timer_t *timer)
{
    struct fetch *t = timer->data;
    fetch_finish(t);
}

/* done must not be called from inside fetch_start(): a timer of no length does it from the loop. */
static void fail_later(struct fetch *t, enum fetch_error error, const char *message)
{
    uv_timer_t *timer = xcalloc(1, sizeof(*timer));
    fetch_fail(t, error, message);
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
        fetch_finish_failed(t, FETCH_DNS, a->reason);
    } else {
        fetch_easy_attach(t, a);
        fetch_begin_transfer(t);
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
    *t = (struct fetch){ .fetcher = f, .done = r->done, .arg = r->arg, .want = r->want, .url = xstrdup(r->url), .form = xstrdup(r->form),
                         .max_body = r->max_body_bytes, .keep_partial = r->keep_partial, .check_whole = r->check_whole,
                         .content_length = -1 };
    assert(!f->closing && r->max_body_bytes <= f->options.reserve_bytes);
    t->begun_mono_ms = clock_mono_ms();
    list_add(t);
    if (!uv_is_active((uv_handle_t *)&f->sweep))
        uv_timer_start(&f->sweep, fetcher_on_sweep, SWEEP_MS, SWEEP_MS);
    header_add(t, "Accept", r->accept ? r->accept : "*/*");
    header_add(t, "Accept-Encoding", "gzip, br, zstd");
    header_add(t, "If-None-Match", r->etag);
    header_add(t, "If-Modified-Since", r->last_modified);
    header_add(t, "Cookie", r->cookie);
    header_add(t, "Content-Type", r->form ? "application/x-www-form-urlencoded" : NULL);
    if (!split_url(t))
        fail_later(t, FETCH_INVALID, trouble_words(FETCH_INVALID));
    else
        resolve(t);
    return t;
}

void fetch_abort(struct fetch *t)
{
    if (t->fetcher->checking == t) { /* its bytes are being read in the pool: freed when that is over */
        t->aborted = true;
        return;
    }
    fetch_free(t);
}

size_t fetcher_running(const struct fetcher *f)
{
    return f->running_count;
}

static void lane_open(struct lane *lane, struct fetcher *f)
{
    lane->fetcher = f;
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETFUNCTION, curl_sets_socket);
    curl_multi_setopt(lane->multi, CURLMOPT_SOCKETDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERFUNCTION, curl_sets_timer);
    curl_multi_setopt(lane->multi, CURLMOPT_TIMERDATA, lane);
    curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, lane == f->lanes ? IDLE_TLS_MAX : IDLE_PLAIN_MAX);
    curl_multi_setopt(lane->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    uv_timer_init(f->loop, &lane->timer);
    lane->timer.data = lane;
}

static bool lanes_open(struct fetcher *f)
{
    for (int i = 0; i < LANES; i++) {
        f->lanes[i].multi = curl_multi_init();
        if (f->lanes[i].multi)
            continue;
        while (i > 0)
            curl_multi_cleanup(f->lanes[--i].multi);
        return false;
    }
    for (int i = 0; i < LANES; i++)
        lane_open(&f->lanes[i], f);
    return true;
}

struct fetcher *fetcher_create(uv_loop_t *loop, const struct fetcher_options *options, struct error *err)
{
    struct fetcher *f = xcalloc(1, sizeof(*f));
    f->loop = loop;
    f->options = *options;
    f->user_agent = xstrdup(options->user_agent);
    f->ca_file = xstrdup(options->ca_file);
    if (!lanes_open(f)) {
        error_set(err, ERROR_SYSTEM, "libcurl could not be started");
        free(f->user_agent);
        free(f->ca_file);
        free(f);
        return NULL;
    }
    f->dns = dns_create(loop, options->dns_lookups, 20000);
    uv_timer_init(loop, &f->sweep);
    f->sweep.data = f;
    f->timers_open = true;
    f->references = 2 + LANES; /* the owner and the timers */
    f->bytes = metric_counter("tidings_fetch_bytes_total", "Bytes of answers received, as sent.", NULL, NULL);
    f->inflight = metric_gauge("tidings_fetch_inflight", "Transfers under way.", NULL, NULL);
    f->paused = metric_gauge("tidings_fetch_paused", "Transfers waiting for bytes of the body budget.", NULL, NULL);
    return f;
}

static void on_timer_closed(uv_handle_t *handle)
{
    fetcher_unref(handle->data);
}

static void on_lane_closed(uv_handle_t *handle)
{
    fetcher_unref(((struct lane *)handle->data)->fetcher);
}

static void lane_close(struct lane *lane)
{
    for (int i = 0; i < lane->idle_count; i++)
        fetch_idle_drop(&lane->idle[i]);
    lane->idle_count = 0;
    curl_multi_cleanup(lane->multi);
    uv_close((uv_handle_t *)&lane->timer, on_lane_closed);
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
    for (int i = 0; i < LANES; i++)
        lane_close(&f->lanes[i]);
    dns_destroy(f->dns);
    f->timers_open = false;
    uv_close((uv_handle_t *)&f->sweep, on_timer_closed);
    fetcher_unref(f);
}
