/* event.c - events as JSON. */
#include "pipeline/event.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/text.h"
#include "pipeline/metrics.h"

#include <stdlib.h>
#include <string.h>

/* Text from outside may be no UTF-8; its broken bytes become U+FFFD. */
static json_t *text_value(const char *s)
{
    struct buffer b;
    if (text_valid_utf8(s, strlen(s)))
        return json_string(s);
    buffer_init(&b, 0);
    text_nfc(s, strlen(s), &b);
    json_t *value = json_stringn(buffer_str(&b), b.len);
    buffer_fini(&b);
    return value;
}

static void set_text(json_t *o, const char *name, const char *s)
{
    if (s && *s)
        json_object_set_new(o, name, text_value(s));
}

static json_t *json_of(const struct event *e, int64_t now_ms)
{
    json_t *o = json_object();
    char at[DATE_TEXT_MAX];
    date_format_ms(now_ms, at);
    set_text(o, "at", at);
    set_text(o, "url_id", e->url_id.hex);
    set_text(o, "url", e->url);
    set_text(o, "source", e->source);
    set_text(o, "stage", e->stage);
    set_text(o, "what", e->what);
    set_text(o, "reason", e->reason);
    if (e->version)
        json_object_set_new(o, "version", json_integer(e->version));
    if (e->more)
        json_object_update_missing(o, e->more);
    json_decref(e->more);
    return o;
}

void event_send(struct producer *p, const struct event *e)
{
    int64_t now_ms = clock_unix_ms();
    json_t *o = json_of(e, now_ms);
    char *text = json_dumps(o, JSON_COMPACT);
    struct record r = { .topic = TOPIC_EVENTS, .timestamp_ms = now_ms, .key = *e->url_id.hex ? e->url_id.hex : NULL,
                        .key_len = strlen(e->url_id.hex), .value = text, .value_len = text ? strlen(text) : 0 };
    if (!text || !producer_send(p, &r, NULL, NULL, NULL))
        metric_add(metric_counter("tidings_events_dropped_total", "Events dropped because the queue was full.", NULL, NULL), 1);
    free(text);
    json_decref(o);
}

json_t *event_read(const struct record *r, struct error *err)
{
    json_error_t why;
    json_t *o = r->value ? json_loadb(r->value, r->value_len, 0, &why) : NULL;
    if (json_is_object(o))
        return o;
    json_decref(o);
    error_set(err, ERROR_INVALID, "events partition %d offset %lld is no JSON object", (int)r->partition, (long long)r->offset);
    return NULL;
}
