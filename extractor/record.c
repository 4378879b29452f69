#include "extractor/record.h"

#include "base/date.h"
#include "base/text.h"
#include "base/url.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Headers may hold anything; the record holds NFC UTF-8. */
static void set_text(json_t *o, const char *name, const char *value)
{
    struct buffer b;

    if (!value || !*value)
        return;
    buffer_init(&b, 0);
    text_nfc(value, strlen(value), &b);
    json_object_set_new(o, name, json_stringn(buffer_str(&b), b.len));
    buffer_fini(&b);
}

static void set_time(json_t *o, const char *name, int64_t unix_ms)
{
    struct date d = { .unix_s = unix_ms / 1000, .has_time = true, .has_zone = true };
    char text[DATE_TEXT_MAX];

    if (unix_ms <= 0)
        return;
    date_format(&d, text);
    json_object_set_new(o, name, json_string(text));
}

static void set_host(json_t *o, const char *url)
{
    struct url u;

    if (!url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return;
    set_text(o, "host", u.host);
    url_fini(&u);
}

static int append_json(const char *bytes, size_t len, void *arg)
{
    return buffer_append(arg, bytes, len) ? 0 : -1;
}

void record_members(const struct article_fields *f, const struct page *p, struct buffer *out)
{
    json_t *o = json_object(), *fields = extract_to_json(f);

    set_text(o, "url", p->url);
    set_host(o, p->url);
    set_text(o, "source", p->source);
    set_text(o, "source_name", p->source_name);
    set_time(o, "discovered_at", p->discovered_at_ms);
    set_time(o, "fetched_at", p->fetched_at_ms);
    json_object_update_missing(o, fields);
    json_decref(fields);
    json_dump_callback(o, append_json, out, JSON_COMPACT | JSON_EMBED | JSON_REAL_PRECISION(6));
    json_decref(o);
}

void record_write(const struct page *p, int64_t revision, int64_t extracted_at_ms, const char *members, size_t len, struct buffer *out)
{
    struct date now = { .unix_s = extracted_at_ms / 1000, .has_time = true, .has_zone = true };
    char text[DATE_TEXT_MAX];

    date_format(&now, text);
    buffer_reserve(out, len + 256);
    buffer_printf(out, "{\"schema\":\"" RECORD_SCHEMA "\",\"id\":\"%s\",\"version\":%" PRId64 ",\"revision\":%" PRId64 ",", p->id.hex,
                  p->version, revision);
    buffer_append(out, members, len);
    buffer_printf(out, ",\"extracted_at\":\"%s\"}", text);
}
