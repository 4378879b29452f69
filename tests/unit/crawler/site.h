/* site.h - a scripted web of many sites for tests: 127.0.0.N is site N, all on one port. A page is one line; the server logs
 * every request with the time the kernel got it, so that manners are judged from its side.
 *
 * A row whose path ends in "|cookie" answers those who send one. In headers and bodies "$N" stands for "http://127.0.0.N:PORT". A row with an ETag answers 304 to who knows it. */
#ifndef TESTS_CRAWLER_SITE_H
#define TESTS_CRAWLER_SITE_H

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/crawler/web.h"

#include <ctype.h>

#define SITE_ROWS_MAX 512
#define SITE_HITS_MAX 20000

struct site_row {
    int host;                    /* 127.0.0.host */
    const char *path;
    int status;                  /* -1: the connection is closed without an answer; -2: silence */
    const char *headers, *body;
};

struct site_hit {
    int64_t at_us;
    int host;
    char path[120];
    bool conditional;
    char cookie[120];
};

static struct site {
    struct web web;
    pthread_mutex_t lock;
    struct site_row rows[SITE_ROWS_MAX];
    size_t row_count;
    struct site_hit *hits;
    size_t hit_count;
} site;

static inline char *site_text(const char *template)
{
    struct buffer b;
    buffer_init(&b, 1u << 20);
    for (const char *p = template ? template : ""; *p;) {
        char *end = NULL;
        long n = *p == '$' && isdigit((unsigned char)p[1]) ? strtol(p + 1, &end, 10) : 0;
        if (end)
            buffer_printf(&b, "http://127.0.0.%ld:%d", n, site.web.port);
        else
            buffer_putc(&b, *p);
        p = end ? end : p + 1;
    }
    char *text = xstrdup(buffer_str(&b));
    buffer_fini(&b);
    return text;
}

/* The value of a request's header, "" when it has none. */
static inline void site_header(const struct web_request *r, const char *name, char *out, size_t size)
{
    const char *at = strstr(r->text, name);
    out[0] = '\0';
    if (at)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(name), "\r"), at + strlen(name));
}

static inline void site_log(const struct web_request *r, int host)
{
    if (site.hit_count == SITE_HITS_MAX)
        return;
    struct site_hit *h = &site.hits[site.hit_count++];
    *h = (struct site_hit){ .at_us = r->at_us, .host = host, .conditional = strstr(r->text, "If-None-Match: ") != NULL };
    snprintf(h->path, sizeof(h->path), "%.*s", (int)sizeof(h->path) - 1, r->path);
    site_header(r, "Cookie: ", h->cookie, sizeof(h->cookie));
}

static inline bool site_row_answer(struct web_request *r, const struct site_row *row)
{
    char etag[100] = "", *headers = site_text(row->headers), *body = site_text(row->body);
    const char *at = strstr(headers, "ETag: ");
    bool keep = true;
    if (at)
        snprintf(etag, sizeof(etag), "%.*s", (int)strcspn(at + 6, "\r"), at + 6);
    if (row->status == -2)
        web_hang(r);
    if (row->status < 0)
        keep = false;
    else if (etag[0] && strstr(r->text, "If-None-Match: ") && strstr(strstr(r->text, "If-None-Match: "), etag))
        web_printf(r, "HTTP/1.1 304 Not Modified\r\nETag: %s\r\n\r\n", etag);
    else
        web_text(r, row->status, headers, body);
    free(headers);
    free(body);
    return keep;
}

static inline bool site_answer(struct web_request *r)
{
    char host[64];
    struct site_row row = { .status = 404 };
    int number = 0;
    site_header(r, "Host: ", host, sizeof(host));
    sscanf(host, "127.0.0.%d", &number);
    pthread_mutex_lock(&site.lock);
    site_log(r, number);
    size_t len = strlen(r->path);
    bool cookie = strstr(r->text, "Cookie: ") != NULL, found_cookie = false;
    for (size_t i = 0; i < site.row_count; i++) {
        const struct site_row *one = &site.rows[i];
        if (one->host != number || strncmp(one->path, r->path, len) != 0 || found_cookie)
            continue;
        found_cookie = cookie && strcmp(one->path + len, "|cookie") == 0;
        if (found_cookie || one->path[len] == '\0')
            row = *one;
    }
    pthread_mutex_unlock(&site.lock);
    return site_row_answer(r, &row);
}

/* Adds a page, or replaces the one of that address. The strings are borrowed. */
static inline void site_set(int host, const char *path, int status, const char *headers, const char *body)
{
    size_t i = 0;
    pthread_mutex_lock(&site.lock);
    while (i < site.row_count && (site.rows[i].host != host || strcmp(site.rows[i].path, path) != 0))
        i++;
    assert(i < SITE_ROWS_MAX);
    site.rows[i] = (struct site_row){ host, path, status, headers, body };
    if (i == site.row_count)
        site.row_count++;
    pthread_mutex_unlock(&site.lock);
}

static inline size_t site_count(int host, const char *path)
{
    size_t n = 0;
    pthread_mutex_lock(&site.lock);
    for (size_t i = 0; i < site.hit_count; i++)
        n += site.hits[i].host == host && strcmp(site.hits[i].path, path) == 0;
    pthread_mutex_unlock(&site.lock);
    return n;
}

static inline int site_compare_us(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* When the requests of one site came, in order: the log's order is the order in which threads got to it. Free it. */
static inline int64_t *site_times_us(int host, size_t *count)
{
    int64_t *at_us = xcalloc(SITE_HITS_MAX, sizeof(*at_us));
    *count = 0;
    pthread_mutex_lock(&site.lock);
    for (size_t i = 0; i < site.hit_count; i++)
        if (site.hits[i].host == host)
            at_us[(*count)++] = site.hits[i].at_us;
    pthread_mutex_unlock(&site.lock);
    qsort(at_us, *count, sizeof(*at_us), site_compare_us);
    return at_us;
}

/* The shortest time between two requests of one site; INT64_MAX for fewer than two. */
static inline int64_t site_gap_us(int host)
{
    size_t count;
    int64_t *at_us = site_times_us(host, &count), least = INT64_MAX;
    for (size_t i = 1; i < count; i++)
        if (at_us[i] - at_us[i - 1] < least)
            least = at_us[i] - at_us[i - 1];
    free(at_us);
    return least;
}

/* Fails when two requests of one site came nearer to each other than this, to the millisecond the crawler counts in. */
#define SITE_CHECK_GAP(host, delay_ms)                                                                                       \
    CHECK(site_gap_us(host) > ((delay_ms)-1) * 1000, "site %d saw a gap of %.1f ms", host, (double)site_gap_us(host) / 1000)

static inline size_t site_hits_of(int host)
{
    size_t n = 0;
    pthread_mutex_lock(&site.lock);
    for (size_t i = 0; i < site.hit_count; i++)
        n += site.hits[i].host == host;
    pthread_mutex_unlock(&site.lock);
    return n;
}

static inline void site_up(void)
{
    memset(&site, 0, sizeof(site));
    pthread_mutex_init(&site.lock, NULL);
    site.hits = xcalloc(SITE_HITS_MAX, sizeof(*site.hits));
    web_start_at(&site.web, INADDR_ANY, site_answer, NULL);
}

static inline void site_down(void)
{
    web_stop(&site.web);
    free(site.hits);
    pthread_mutex_destroy(&site.lock);
}

#endif
