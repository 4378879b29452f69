/* fetch_answer.c - an answer as it arrives: headers kept, the body put where the budget has room for it. */
#include "crawler/fetch_private.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SKIP_MAX (64 * 1024)      /* of an unwanted body read to keep the connection; more costs it */
#define KEPT_MAX (4 * HEADERS_MAX) /* of header values; beyond it a list grows no more */
#define BODY_FIRST (16 * 1024)
#define TOLD_FIRST (64 * 1024)    /* of a length that is told: one that is larger is believed as it comes, or tarpits would hold the budget */

static const char *const header_names[HEADER_COUNT] = {
    "content-type", "content-encoding", "content-language", "etag", "last-modified", "location", "retry-after", "x-robots-tag",
    "tdm-reservation", "cache-control", "set-cookie", "link",
    "cf-mitigated",
};

curl_socket_t fetch_on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
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

const char *fetch_header(const struct fetch *t, int i)
{
    return t->header_at[i] ? t->header_bytes.data + t->header_at[i] - 1 : NULL;
}

/* Of Set-Cookie only "name=value" is of use: it lives for the redirects of one fetch. */
static size_t header_value_len(int i, const char *value, size_t len)
{
    const char *end = i == HEADER_SET_COOKIE ? memchr(value, ';', len) : NULL;
    return end ? (size_t)(end - value) : len;
}

static bool header_is_list(int i)
{
    return i == HEADER_SET_COOKIE || i == HEADER_X_ROBOTS_TAG || i == HEADER_CONTENT_ENCODING || i == HEADER_CACHE_CONTROL;
}

/* Each line of a list leaves the list so far behind: thousands of short lines would add up to many times their length. */
static void header_keep(struct fetch *t, int i, const char *value, size_t len)
{
    struct buffer *b = &t->header_bytes;
    const char *before = fetch_header(t, i);
    char *joined = NULL;
    len = header_value_len(i, value, len);
    if (before && (!header_is_list(i) || b->len > KEPT_MAX))
        return; /* the first of the others counts */
    if (before)
        joined = xasprintf("%s%s%.*s", before, i == HEADER_SET_COOKIE ? "; " : ", ", (int)len, value);
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

size_t fetch_on_header(char *line, size_t size, size_t count, void *arg)
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

void fetch_lend_headers(struct fetch *t)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    t->result.status = (int)status;
    for (int i = 0; i < HEADER_COUNT; i++)
        t->result.header[i] = fetch_header(t, i);
}

/* Once, before the first byte of the body: is it wanted, and can it fit? */
static bool begin_body(struct fetch *t)
{
    t->has_headers = true;
    fetch_lend_headers(t);
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
    size_t want = t->charged ? t->charged * 2 : BODY_FIRST, told = t->content_length > 0 ? (size_t)t->content_length : 0;
    if (told >= need && told < (want < TOLD_FIRST ? TOLD_FIRST : want))
        want = told;
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

void fetch_stop_waiting(struct fetch *t)
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

size_t fetch_on_body(char *bytes, size_t size, size_t count, void *arg)
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
