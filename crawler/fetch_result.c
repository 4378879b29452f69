/* fetch_result.c - how a transfer ended, and what its caller gets. */
#include "crawler/fetch_private.h"

#include "base/clock.h"
#include "base/decode.h"
#include "crawler/trouble.h"

#include <stdio.h>
#include <stdlib.h>

#define RETRIES 1                 /* of an empty answer on a connection used before */

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

/* Moves the body, with what it is charged for, from the transfer to its result. */
static void hand_over_body(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    struct fetch_body *b = &t->result.body;
    *b = (struct fetch_body){ .len = t->body.len, .charged = t->charged, .budget = f->options.budget };
    b->data = t->body.len ? buffer_take(&t->body) : NULL;
    t->charged = 0;
    size_t held = b->len + t->header_bytes.len;
    if (b->charged > held) { /* what was taken in advance and not needed */
        budget_give(b->budget, b->charged - held);
        b->charged = held;
    }
    if (f->reserve_user != t)
        return;
    f->reserve_user = NULL;
    b->reserve = f;
    f->references++;
}

void fetch_finish(struct fetch *t)
{
    struct fetcher *f = t->fetcher;
    t->state = FINISHED;
    if (t->easy)
        fetch_easy_return(t);
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

void fetch_fail(struct fetch *t, enum fetch_error error, const char *message)
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

static void fail_with(struct fetch *t, enum fetch_error error, const char *detail)
{
    char message[sizeof(t->result.message)];
    snprintf(message, sizeof(message), detail ? "%s: %s" : "%s", trouble_words(error), detail);
    fetch_fail(t, error, message);
}

/* Curl's own words only where ours tell too little. */
static const char *curl_detail(const struct fetch *t, CURLcode code)
{
    enum fetch_error error = error_of(code);
    if (error != FETCH_BROKEN && error != FETCH_TLS)
        return NULL;
    return t->curl_says[0] ? t->curl_says : curl_easy_strerror(code);
}

static void judge(struct fetch *t, CURLcode code)
{
    bool unwanted = t->has_headers && !t->wanted;
    if (t->too_large)
        fetch_fail(t, FETCH_TOO_LARGE, t->header_total > HEADERS_MAX ? "its answer is too large: headers of more than 64 KiB" : "its answer is too large");
    else if (t->refused && code == CURLE_COULDNT_CONNECT)
        fail_with(t, FETCH_REFUSED, t->refused);
    else if (code == CURLE_OK || (unwanted && code == CURLE_WRITE_ERROR))
        t->result.error = FETCH_OK;
    else
        fail_with(t, error_of(code), curl_detail(t, code));
}

/* When curl sent the request, on our clock. */
static void read_times(struct fetch *t)
{
    curl_off_t pretransfer_us = 0, total_us = 0;
    int64_t now = clock_mono_ms();
    curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us); /* 0: not connected; the attempt counts as sent */
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    /* Counted back from now: what our loop was late with makes it later, never earlier than it was. */
    int64_t since_us = total_us > pretransfer_us ? total_us - pretransfer_us : 0, sent = now - since_us / 1000;
    t->result.sent_mono_ms = sent > t->begun_mono_ms ? sent : t->begun_mono_ms;
    int64_t from = t->result.sent_mono_ms;
    t->result.took_ms = now - from > t->paused_ms ? now - from - t->paused_ms : 0;
    t->result.first_byte_ms = t->first_byte_mono_ms > from ? t->first_byte_mono_ms - from : t->first_byte_mono_ms ? 1 : 0;
}

void fetch_finish_failed(struct fetch *t, enum fetch_error error, const char *message)
{
    fetch_fail(t, error, message);
    if (t->easy) {
        read_times(t);
        fetch_lend_headers(t);
    }
    fetch_finish(t);
}

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
    curl_multi_remove_handle(t->lane->multi, t->easy);
    curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
    fetch_begin_transfer(t);
    return true;
}

/* --- is a body that only the closing delimits whole? --- */

static bool drop(void *arg, const char *bytes, size_t len)
{
    (void)arg, (void)bytes, (void)len;
    return true;
}

/* Decodes without keeping what comes out. What passes a bound of the decoder is not judged. */
static void check_in_pool(uv_work_t *work)
{
    struct fetch *t = work->data;
    struct error err;
    bool whole = true;
    struct decode_stream *d = decode_stream_create(fetch_header(t, HEADER_CONTENT_ENCODING), NULL, drop, NULL, &err);
    bool ok = d && decode_stream_push(d, t->body.data, t->body.len, &err) && decode_stream_finish(d, &whole, &err);
    decode_stream_destroy(d);
    if (ok ? !whole : err.kind == ERROR_INVALID)
        fetch_fail(t, FETCH_TRUNCATED, "the body, delimited only by the closing of the connection, is not whole");
}

static void on_checked(uv_work_t *work, int status);

/* One at a time: FETCH_CHECK_BYTES are set aside for one. */
static void check_next(struct fetcher *f)
{
    struct fetch *t = f->checks;
    if (!t || f->checking)
        return;
    f->checks = t->next_check;
    f->checking = t;
    f->references++;
    t->check.data = t;
    uv_queue_work(f->loop, &t->check, check_in_pool, on_checked);
}

static void on_checked(uv_work_t *work, int status)
{
    struct fetch *t = work->data;
    struct fetcher *f = t->fetcher;
    (void)status;
    f->checking = NULL;
    check_next(f);
    if (t->aborted)
        fetch_free(t);
    else
        fetch_finish(t);
    fetcher_unref(f);
}

void fetch_leave_checks(struct fetch *t)
{
    struct fetch **at = &t->fetcher->checks;
    while (*at && *at != t)
        at = &(*at)->next_check;
    if (*at)
        *at = t->next_check;
}

static void check_later(struct fetch *t)
{
    struct fetch **at = &t->fetcher->checks;
    while (*at)
        at = &(*at)->next_check;
    *at = t;
    t->state = CHECKING;
    check_next(t->fetcher);
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
    fetch_lend_headers(t);
    if (!t->has_headers)
        t->result.body_skipped = true;
    judge(t, code);
    fetch_easy_return(t);
    if (!needs_check(t)) {
        fetch_finish(t);
        return;
    }
    check_later(t);
}

void fetcher_collect(struct lane *lane)
{
    struct fetcher *f = lane->fetcher;
    int left;
    f->references++;
    for (CURLMsg *m; !f->closing && (m = curl_multi_info_read(lane->multi, &left));) {
        struct fetch *t;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        transfer_ended(t, code);
    }
    fetcher_unref(f);
}
