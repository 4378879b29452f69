#include "pipeline/article.h"

#include "base/date.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct header text_header(const char *name, const char *value)
{
    return (struct header){ name, value, strlen(value) };
}

bool article_send(struct producer *p, const struct article *a, const char *source, producer_delivery_fn *on_delivery, void *arg,
                  struct error *err)
{
    struct header headers[12];
    char ce_id[ID_HEX_LEN + 48], ce_time[DATE_TEXT_MAX], ce_source[160];
    size_t n = 0;

    snprintf(ce_id, sizeof(ce_id), "%s.%" PRId64 ".%" PRId64, a->id.hex, a->version, a->revision);
    snprintf(ce_source, sizeof(ce_source), "/tidings/source/%s", source ? source : "-");
    date_format_ms(a->fetched_at_ms, ce_time);
    headers[n++] = text_header("ce_specversion", "1.0");
    headers[n++] = text_header("ce_id", ce_id);
    headers[n++] = text_header("ce_type", a->removed ? "tidings.article.deleted" : "tidings.article.upserted");
    headers[n++] = text_header("ce_source", ce_source);
    headers[n++] = text_header("ce_time", ce_time);
    headers[n++] = text_header("ce_subject", a->url);
    headers[n++] = text_header("ce_dataschema", ARTICLE_DATASCHEMA);
    headers[n++] = text_header("content-type", "application/json");
    if (a->alias.hex[0])
        headers[n++] = text_header("tidings-alias", a->alias.hex);
    if (a->reason[0])
        headers[n++] = text_header("tidings-reason", a->reason);
    struct record r = {
        .topic = TOPIC_ARTICLES, .key = a->id.hex, .key_len = ID_HEX_LEN, .value = a->removed ? NULL : a->json,
        .value_len = a->removed ? 0 : a->json_len, .headers = headers, .header_count = n,
    };
    return producer_send(p, &r, on_delivery, arg, err);
}

/* A whole number of at most 18 digits at *s, up to the byte `stop` or the end; moves *s past it. */
static bool read_number(const char **s, const char *end, char stop, int64_t *out)
{
    const char *start = *s;
    int64_t v = 0;

    while (*s < end && **s >= '0' && **s <= '9' && *s - start < 18)
        v = v * 10 + (*(*s)++ - '0');
    *out = v;
    if (*s == start)
        return false;
    if (*s == end)
        return stop == '\0';
    return stop && *(*s)++ == stop;
}

/* ce_id: ID.VERSION.REVISION */
static bool read_ce_id(const struct header *h, const struct record *r, struct article *a, struct error *err)
{
    const char *s = h->value, *end = s + h->len;

    if (h->len < ID_HEX_LEN + 4 || s[ID_HEX_LEN] != '.')
        return error_set(err, ERROR_INVALID, "header ce_id is not ID.VERSION.REVISION");
    if (memcmp(s, r->key, ID_HEX_LEN) != 0)
        return error_set(err, ERROR_INVALID, "header ce_id names another id than the key");
    s += ID_HEX_LEN + 1;
    if (!read_number(&s, end, '.', &a->version) || !read_number(&s, end, '\0', &a->revision) || a->version <= 0)
        return error_set(err, ERROR_INVALID, "header ce_id has no version and revision");
    return true;
}

static bool header_is(const struct header *h, const char *text)
{
    return h->len == strlen(text) && memcmp(h->value, text, h->len) == 0;
}

static void read_optional(const struct record *r, struct article *a)
{
    const struct header *alias = record_header(r, "tidings-alias"), *reason = record_header(r, "tidings-reason");
    const struct header *subject = record_header(r, "ce_subject");

    if (alias && id_valid(alias->value, alias->len))
        memcpy(a->alias.hex, alias->value, ID_HEX_LEN);
    if (reason)
        snprintf(a->reason, sizeof(a->reason), "%.*s", (int)(reason->len < 63 ? reason->len : 63), (const char *)reason->value);
    if (subject) {
        a->url = subject->value;
        a->url_len = subject->len;
    }
}

bool article_read(const struct record *r, struct article *a, struct error *err)
{
    const struct header *ce_id = record_header(r, "ce_id"), *ce_type = record_header(r, "ce_type");

    memset(a, 0, sizeof(*a));
    if (!r->key || !id_valid(r->key, r->key_len))
        return error_set(err, ERROR_INVALID, "the key is not an article id (32 hex digits)");
    memcpy(a->id.hex, r->key, ID_HEX_LEN);
    if (!ce_id || !ce_type)
        return error_set(err, ERROR_INVALID, "header %s is missing", ce_id ? "ce_type" : "ce_id");
    if (!read_ce_id(ce_id, r, a, err))
        return false;
    if (header_is(ce_type, "tidings.article.deleted"))
        a->removed = true;
    else if (!header_is(ce_type, "tidings.article.upserted"))
        return error_set(err, ERROR_INVALID, "header ce_type is neither tidings.article.upserted nor tidings.article.deleted");
    if (a->removed != (r->value == NULL))
        return error_set(err, ERROR_INVALID, a->removed ? "a removal with a value" : "an article without a value");
    a->json = r->value;
    a->json_len = r->value_len;
    read_optional(r, a);
    return true;
}
