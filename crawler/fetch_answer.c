/* fetch_answer.c - an answer as it arrives: headers kept, the body put where the budget has room for it. */
#include "crawler/fetch_private.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crawler/tcp_received.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SKIP_MAX (64 * 1024)      /* of an unwanted body read to keep the connection; more costs it */
#define HANDSHAKE_KEPT_MAX (8 * 1024) /* bytes; a connection that took more is closed after its first answer */
#define BODY_FIRST (16 * 1024)
#define TOLD_FIRST (64 * 1024)    /* of a length that is told: one that is larger is believed as it comes, or tarpits would hold the budget */

/* What of an answer's headers is of use, and how much of it: together it is at most some 20 KB. */
static const struct {
    const char *name;
    size_t max;            /* bytes; a single value that is longer is left out, a list grows no more */
    const char *separator; /* of a list; NULL: the first line of that name counts */
} kept[HEADER_COUNT] = {
    [HEADER_CONTENT_TYPE] = { "content-type", 512 },
    [HEADER_CONTENT_ENCODING] = { "content-encoding", 256, ", " },
    [HEADER_CONTENT_LANGUAGE] = { "content-language", 512 },
    [HEADER_ETAG] = { "etag", 1024 },
    [HEADER_LAST_MODIFIED] = { "last-modified", 256 },
    [HEADER_LOCATION] = { "location", 4096 },
    [HEADER_RETRY_AFTER] = { "retry-after", 256 },
    [HEADER_X_ROBOTS_TAG] = { "x-robots-tag", 4096, ", " },
    [HEADER_TDM_RESERVATION] = { "tdm-reservation", 256 },
    [HEADER_CACHE_CONTROL] = { "cache-control", 1024, ", " },
    [HEADER_SET_COOKIE] = { "set-cookie", 8192, "\n" },
    [HEADER_LINK] = { "link", 4096 },
    [HEADER_CF_MITIGATED] = { "cf-mitigated", 256 },
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
    t->opened = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    return t->opened;
}

/* Before the request: what a fresh connection has received by now is its TLS handshake, nearly all of it certificates. OpenSSL keeps
 * them, decoded, as long as the connection lives (measured: 40 KB for an ordinary one, 265 KB for 12 KB of names). */
int fetch_on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct fetch *t = arg;
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    if (t->opened >= 0 && tcp_received(t->opened) > HANDSHAKE_KEPT_MAX)
        curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
    return CURL_PREREQFUNC_OK;
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

/* Puts text behind the value of header i, whose NUL then follows it. */
static void header_lengthen(struct fetch *t, int i, const char *text, size_t len)
{
    struct buffer *b = &t->header_bytes;
    size_t at = t->header_at[i] - 1 + strlen(fetch_header(t, i)), after = b->len - at;
    buffer_reserve(b, len);
    memmove(b->data + at + len, b->data + at, after);
    memcpy(b->data + at, text, len);
    b->len += len;
    for (int k = 0; k < HEADER_COUNT; k++)
        if (t->header_at[k] > at)
            t->header_at[k] += len;
}

static void header_keep(struct fetch *t, int i, const char *value, size_t len)
{
    struct buffer *b = &t->header_bytes;
    const char *before = fetch_header(t, i), *separator = kept[i].separator;
    if (separator && len == 0)
        return; /* an empty line adds nothing to a list, and what is lengthened is not empty */
    if (before && separator && strlen(before) + strlen(separator) + len <= kept[i].max) {
        header_lengthen(t, i, separator, strlen(separator));
        header_lengthen(t, i, value, len);
    } else if (!before && len <= kept[i].max) {
        t->header_at[i] = b->len + 1;
        buffer_append(b, value, len);
        buffer_putc(b, '\0');
    }
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
        if (strlen(kept[i].name) == name_len && strncasecmp(kept[i].name, line, name_len) == 0)
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
    if (!t->has_headers) /* what comes after the body is none of ours (RFC 9110 6.5.1) */
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

/* Room for len more bytes: from the budget, generously at first, or from the reserve. The headers kept count too. */
static bool charge(struct fetch *t, size_t len)
{
    size_t headers = t->header_bytes.len, need = headers + t->body.len + len;
    if (need <= t->charged || t->uses_reserve)
        return true;
    size_t want = t->charged ? t->charged * 2 : BODY_FIRST, told = t->content_length > 0 ? headers + (size_t)t->content_length : 0;
    if (told >= need && told < (want < TOLD_FIRST ? TOLD_FIRST : want))
        want = told;
    if (want > headers + t->max_body)
        want = headers + t->max_body;
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
    size_t room = t->charged - (t->charged < t->header_bytes.len ? t->charged : t->header_bytes.len);
    if (t->body.cap < room && t->body.len + take >= t->body.cap)
        buffer_reserve(&t->body, room - t->body.len);
    buffer_append(&t->body, bytes, take);
    t->too_large = take < len;
    return take;
}
