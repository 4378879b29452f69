#include "extractor/record.h"

#include "base/date.h"
#include "base/json_write.h"
#include "base/text.h"
#include "base/url.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Headers may hold anything; the record holds NFC UTF-8. */
static void put_text(struct buffer *out, const char *name, const char *value)
{
    struct buffer b;

    if (!value || !*value)
        return;
    buffer_init(&b, 0);
    text_nfc(value, strlen(value), &b);
    json_put_key(out, name);
    json_put_string(out, buffer_str(&b), b.len);
    buffer_fini(&b);
}

static void put_time(struct buffer *out, const char *name, int64_t unix_ms)
{
    struct date d = { .unix_s = unix_ms / 1000, .has_time = true, .has_zone = true };
    char text[DATE_TEXT_MAX];

    if (unix_ms <= 0)
        return;
    date_format(&d, text);
    put_text(out, name, text);
}

static void put_host(struct buffer *out, const char *url)
{
    struct url u;

    if (!url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return;
    put_text(out, "host", u.host);
    url_fini(&u);
}

void record_members(const struct article_fields *f, const struct page *p, struct buffer *out)
{
    put_text(out, "url", p->url);
    put_host(out, p->url);
    put_text(out, "source", p->source);
    put_text(out, "source_name", p->source_name);
    put_time(out, "discovered_at", p->discovered_at_ms);
    put_time(out, "fetched_at", p->fetched_at_ms);
    extract_write_members(f, out);
}

void record_write(const struct page *p, int64_t revision, int64_t extracted_at_ms, const char *members, size_t len,
                  struct buffer *out)
{
    struct date now = { .unix_s = extracted_at_ms / 1000, .has_time = true, .has_zone = true };
    char text[DATE_TEXT_MAX];

    date_format(&now, text);
    buffer_reserve(out, len + 256);
    buffer_printf(out, "{\"schema\":\"" RECORD_SCHEMA "\",\"id\":\"%s\",\"version\":%" PRId64 ",\"revision\":%" PRId64 ",",
                  p->id.hex,
                  p->version, revision);
    buffer_append(out, members, len);
    buffer_printf(out, ",\"extracted_at\":\"%s\"}", text);
}
