/* deadletter.c - dead letters as records and back. */
#include "pipeline/deadletter.h"

#include "base/clock.h"
#include "base/date.h"
#include "base/log.h"
#include "base/mem.h"
#include "pipeline/stream_driver.h"
#include "pipeline/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 512
#define COPIED_MAX 400 /* headers */
#define OWN_MAX 20

#define CONNECT "__connect.errors." /* Kafka Connect's names, which other tools read */
#define OWN "tidings-dlq-"

struct headers {
    struct header list[COPIED_MAX + OWN_MAX];
    char texts[OWN_MAX][48];
    size_t count, text_count;
};

static void add_bytes(struct headers *h, const char *name, const char *value, size_t max)
{
    size_t len = value ? strlen(value) : 0;
    if (value)
        h->list[h->count++] = (struct header){ name, value, len < max ? len : max };
}

static void add(struct headers *h, const char *name, const char *value)
{
    add_bytes(h, name, value, 2048);
}

static void add_number(struct headers *h, const char *name, int64_t value)
{
    char *text = h->texts[h->text_count++];
    snprintf(text, sizeof(h->texts[0]), "%" PRId64, value);
    add(h, name, text);
}

static bool is_ours(const char *name)
{
    return strncmp(name, CONNECT, strlen(CONNECT)) == 0 || strncmp(name, OWN, strlen(OWN)) == 0;
}

/* The record's own headers, until they are too many. Those of an earlier dead letter make room for ours. */
static void copy_headers(struct headers *h, const struct record *r)
{
    size_t bytes = 0;
    for (size_t i = 0; i < r->header_count && h->count < COPIED_MAX; i++) {
        bytes += strlen(r->headers[i].name) + r->headers[i].len;
        if (bytes > DEADLETTER_HEADERS_MAX)
            return;
        if (!is_ours(r->headers[i].name))
            h->list[h->count++] = r->headers[i];
    }
}

static void add_origin(struct headers *h, const struct stream *s, const struct record *r)
{
    if (r->offset < 0)
        return;
    add(h, CONNECT "topic", stream_topic_name(s, r->topic));
    add_number(h, CONNECT "partition", r->partition);
    add_number(h, CONNECT "offset", r->offset);
}

static void add_reason(struct headers *h, const struct deadletter *d, char at[DATE_TEXT_MAX], char class[96])
{
    snprintf(class, 96, "tidings.%s", d->reason);
    date_format_ms(clock_unix_ms(), at);
    add(h, CONNECT "stage", d->stage);
    add(h, CONNECT "class.name", "tidings");
    add(h, CONNECT "exception.class.name", class);
    add_bytes(h, CONNECT "exception.message", d->message, MESSAGE_MAX);
    add(h, OWN "stage", d->stage);
    add(h, OWN "reason", d->reason);
    add(h, OWN "url-id", d->url_id);
    add(h, OWN "url", d->url);
    add(h, OWN "source", d->source);
    add(h, OWN "at", at);
    if (d->version)
        add_number(h, OWN "version", d->version);
    add_number(h, OWN "value-bytes", (int64_t)d->record->value_len);
}

bool deadletter_send(struct producer *p, const struct deadletter *d, producer_delivery_fn *on_delivery, void *arg, struct error *err)
{
    struct headers *h = xcalloc(1, sizeof(*h));
    char at[DATE_TEXT_MAX], class[96];
    copy_headers(h, d->record);
    add_origin(h, p->stream, d->record);
    add_reason(h, d, at, class);
    struct record r = { .topic = TOPIC_DEADLETTERS, .key = d->record->key, .key_len = d->record->key_len,
                        .value = d->record->value, .value_len = d->record->value ? d->record->value_len : 0,
                        .headers = h->list, .header_count = h->count };
    if (record_bytes(&r) > (size_t)topic_spec(TOPIC_DEADLETTERS)->max_message_bytes) {
        r.value = NULL;
        r.value_len = 0;
    }
    bool ok = producer_send(p, &r, on_delivery, arg, err);
    free(h);
    return ok;
}

/* --- reading --- */

static char *text(const struct record *r, const char *name)
{
    const struct header *h = record_header(r, name);
    return h && h->value ? xstrndup(h->value, h->len) : NULL;
}

static int64_t number(const struct record *r, const char *name, int64_t fallback)
{
    char *s = text(r, name), *end;
    int64_t v = s ? strtoll(s, &end, 10) : fallback;
    if (s && (!*s || *end))
        v = fallback;
    free(s);
    return v;
}

void deadletter_lost(const struct record *r, const struct error *why)
{
    if (why)
        log_error("record lost: not even a dead letter topic=%s partition=%" PRId32 " offset=%" PRId64 " reason=%s",
                  topic_name(r->topic), r->partition, r->offset, log_quote(why->message));
}

void deadletter_read(const struct record *r, struct deadletter_view *v)
{
    *v = (struct deadletter_view){
        .stage = text(r, OWN "stage"), .reason = text(r, OWN "reason"), .message = text(r, CONNECT "exception.message"),
        .url_id = text(r, OWN "url-id"), .url = text(r, OWN "url"), .source = text(r, OWN "source"),
        .topic = text(r, CONNECT "topic"), .at = text(r, OWN "at"), .version = number(r, OWN "version", 0),
        .partition = number(r, CONNECT "partition", -1), .offset = number(r, CONNECT "offset", -1),
        .value_bytes = number(r, OWN "value-bytes", (int64_t)r->value_len),
    };
    v->value_left_out = !r->value && v->value_bytes > 0;
}

void deadletter_fini(struct deadletter_view *v)
{
    char *all[] = { v->stage, v->reason, v->message, v->url_id, v->url, v->source, v->topic, v->at };
    for (size_t i = 0; i < COUNT(all); i++)
        free(all[i]);
    *v = (struct deadletter_view){ 0 };
}
