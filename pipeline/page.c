/* page.c - a page as a record and back. One table says which header is which field; docs/topics.md describes them. */
#include "pipeline/page.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING(f) offsetof(struct page, f)

/* Names of HTTP are the header fields of the answer, as sent; the others are ours. */
static const struct { const char *name; size_t offset; bool required; } strings[] = {
    { "tidings-url", STRING(url), true },
    { "tidings-request-url", STRING(request_url), false }, /* the same as url where absent */
    { "tidings-source", STRING(source), false },
    { "tidings-source-name", STRING(source_name), false },
    { "tidings-timezone", STRING(timezone), false },
    { "tidings-language", STRING(language), false },
    { "tidings-include", STRING(include), false },
    { "tidings-exclude", STRING(exclude), false },
    { "tidings-via", STRING(via), false },
    { "tidings-body-from", STRING(body_from), false },
    { "tidings-framed", STRING(framed), false },
    { "content-type", STRING(content_type), false },
    { "content-encoding", STRING(content_encoding), false },
    { "content-language", STRING(content_language), false },
    { "etag", STRING(etag), false },
    { "last-modified", STRING(last_modified), false },
    { "x-robots-tag", STRING(x_robots_tag), false },
    { "tdm-reservation", STRING(tdm_reservation), false },
    { "tidings-hint-title", STRING(hint_title), false },
    { "tidings-hint-summary", STRING(hint_summary), false },
    { "tidings-hint-published", STRING(hint_published), false },
    { "tidings-hint-authors", STRING(hint_authors), false },
};

enum number { NUMBER_VERSION, NUMBER_PARTITION, NUMBER_STATUS, NUMBER_FETCHED, NUMBER_DISCOVERED, NUMBER_OPENED, NUMBER_COUNT };

static const struct { const char *name; bool required; int64_t max; } numbers[NUMBER_COUNT] = {
    [NUMBER_VERSION] = { "tidings-version", true, INT64_MAX },
    [NUMBER_PARTITION] = { "tidings-request-partition", true, 65535 },
    [NUMBER_STATUS] = { "tidings-http-status", false, 999 },
    [NUMBER_FETCHED] = { "tidings-fetched-at", true, INT64_MAX },
    [NUMBER_DISCOVERED] = { "tidings-discovered-at", false, INT64_MAX },
    [NUMBER_OPENED] = { "tidings-opened-at", false, INT64_MAX },
};

/* --- reading --- */

static bool read_number(const struct record *r, enum number n, int64_t *out, struct error *err)
{
    const struct header *h = record_header(r, numbers[n].name);
    char text[24] = "", *end;
    *out = 0;
    if (!h)
        return !numbers[n].required || error_set(err, ERROR_INVALID, "page without the header %s", numbers[n].name);
    if (h->len > 0 && h->len < sizeof(text))
        memcpy(text, h->value, h->len);
    errno = 0;
    *out = strtoll(text, &end, 10);
    return (*text >= '0' && *text <= '9' && !*end && !errno && *out <= numbers[n].max) ||
           error_set(err, ERROR_INVALID, "page with %s that is no number in range", numbers[n].name);
}

static bool read_numbers(const struct record *r, struct page *p, struct error *err)
{
    int64_t v[NUMBER_COUNT];
    for (int n = 0; n < NUMBER_COUNT; n++)
        if (!read_number(r, (enum number)n, &v[n], err))
            return false;
    p->version = v[NUMBER_VERSION];
    p->request_partition = (int)v[NUMBER_PARTITION];
    p->status = (int)v[NUMBER_STATUS];
    p->fetched_at_ms = v[NUMBER_FETCHED];
    p->discovered_at_ms = v[NUMBER_DISCOVERED];
    p->opened_at_ms = v[NUMBER_OPENED];
    return true;
}

static bool equals(const struct header *h, const char *text)
{
    return h && h->len == strlen(text) && memcmp(h->value, text, h->len) == 0;
}

static bool read_ids(const struct record *r, struct page *p, struct error *err)
{
    const struct header *request = record_header(r, "tidings-request-id");
    if (!r->key || !id_valid(r->key, r->key_len))
        return error_set(err, ERROR_INVALID, "page whose key is no url id");
    memcpy(p->id.hex, r->key, ID_HEX_LEN);
    p->request_id = p->id;
    if (!request)
        return true;
    if (!request->value || !id_valid(request->value, request->len))
        return error_set(err, ERROR_INVALID, "page with tidings-request-id that is no url id");
    memcpy(p->request_id.hex, request->value, ID_HEX_LEN);
    return true;
}

/* All strings into one allocation. */
static bool read_strings(const struct record *r, struct page *p, struct error *err)
{
    size_t bytes = 1;
    for (size_t i = 0; i < COUNT(strings); i++) {
        const struct header *h = record_header(r, strings[i].name);
        if (strings[i].required && (!h || h->len == 0))
            return error_set(err, ERROR_INVALID, "page without the header %s", strings[i].name);
        if (h && h->len && memchr(h->value, '\0', h->len))
            return error_set(err, ERROR_INVALID, "page with a NUL in the header %s", strings[i].name);
        bytes += h ? h->len + 1 : 0;
    }
    char *to = p->memory = xmalloc(bytes);
    for (size_t i = 0; i < COUNT(strings); i++) {
        const struct header *h = record_header(r, strings[i].name);
        const char **field = (const char **)((char *)p + strings[i].offset);
        if (!h)
            continue;
        *field = to;
        if (h->len)
            memcpy(to, h->value, h->len);
        to[h->len] = '\0';
        to += h->len + 1;
    }
    if (!p->request_url)
        p->request_url = p->url;
    return true;
}

bool page_read(const struct record *r, struct page *p, struct error *err)
{
    *p = (struct page){ 0 };
    if (!read_ids(r, p, err) || !read_numbers(r, p, err) || !read_strings(r, p, err)) {
        page_fini(p);
        return false;
    }
    p->gone = equals(record_header(r, "status"), "gone");
    p->reextract = equals(record_header(r, "tidings-reextract"), "1");
    p->body = p->gone ? NULL : r->value;
    p->body_len = p->gone ? 0 : r->value_len;
    if (p->gone || r->value)
        return true;
    page_fini(p);
    return error_set(err, ERROR_INVALID, "page without a body that is not gone");
}

void page_fini(struct page *p)
{
    free(p->memory);
    *p = (struct page){ 0 };
}

/* --- sending --- */

struct headers {
    struct header list[COUNT(strings) + NUMBER_COUNT + 4];
    char texts[NUMBER_COUNT][24];
    size_t count;
};

static void add(struct headers *h, const char *name, const char *value)
{
    if (value)
        h->list[h->count++] = (struct header){ name, value, strlen(value) };
}

static void add_number(struct headers *h, enum number n, int64_t value)
{
    if (value == 0 && !numbers[n].required)
        return;
    snprintf(h->texts[n], sizeof(h->texts[n]), "%" PRId64, value);
    add(h, numbers[n].name, h->texts[n]);
}

bool page_send(struct producer *producer, const struct page *p, producer_delivery_fn *on_delivery, void *arg, struct error *err)
{
    struct headers h = { .count = 0 };
    bool redirected = strcmp(p->request_id.hex, p->id.hex) != 0;
    for (size_t i = 0; i < COUNT(strings); i++) {
        const char *value = *(const char *const *)((const char *)p + strings[i].offset);
        if (redirected || strings[i].offset != STRING(request_url))
            add(&h, strings[i].name, value);
    }
    if (redirected)
        add(&h, "tidings-request-id", p->request_id.hex);
    add_number(&h, NUMBER_VERSION, p->version);
    add_number(&h, NUMBER_PARTITION, p->request_partition);
    add_number(&h, NUMBER_STATUS, p->status);
    add_number(&h, NUMBER_FETCHED, p->fetched_at_ms);
    add_number(&h, NUMBER_DISCOVERED, p->discovered_at_ms);
    add_number(&h, NUMBER_OPENED, p->opened_at_ms);
    add(&h, "status", p->gone ? "gone" : "ok");
    if (p->reextract)
        add(&h, "tidings-reextract", "1");
    struct record r = { .topic = TOPIC_PAGES, .key = p->id.hex, .key_len = ID_HEX_LEN,
                        .value = p->gone ? NULL : p->body ? p->body : "", .value_len = p->gone ? 0 : p->body_len,
                        .headers = h.list, .header_count = h.count };
    return producer_send(producer, &r, on_delivery, arg, err);
}
