/* event.c - events as JSON. */
#include "pipeline/event.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/date.h"
#include "base/json_write.h"
#include "pipeline/metrics.h"

#include <inttypes.h>
#include <string.h>

static void put_text(struct buffer *out, const char *name, const char *s)
{
    if (!s || !*s)
        return;
    json_put_key(out, name);
    json_put_string(out, s, strlen(s));
}

static int append(const char *bytes, size_t len, void *arg)
{
    return buffer_append(arg, bytes, len) ? 0 : -1;
}

/* The further fields, none of which has the name of one of ours. */
static void put_more(struct buffer *out, json_t *more)
{
    const char *name;
    json_t *value;
    json_object_foreach(more, name, value) {
        json_put_key(out, name);
        json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY);
    }
    json_decref(more);
}

static void put_event(struct buffer *out, const struct event *e, int64_t now_ms)
{
    char at[DATE_TEXT_MAX];
    date_format_ms(now_ms, at);
    buffer_putc(out, '{');
    put_text(out, "at", at);
    put_text(out, "url_id", e->url_id.hex);
    put_text(out, "url", e->url);
    put_text(out, "source", e->source);
    put_text(out, "stage", e->stage);
    put_text(out, "what", e->what);
    put_text(out, "reason", e->reason);
    if (e->version) {
        json_put_key(out, "version");
        buffer_printf(out, "%" PRId64, e->version);
    }
    put_more(out, e->more);
    buffer_putc(out, '}');
}

void event_send(struct producer *p, const struct event *e)
{
    int64_t now_ms = clock_unix_ms();
    struct buffer text;
    buffer_init(&text, 0);
    put_event(&text, e, now_ms);
    struct record r = { .topic = TOPIC_EVENTS, .timestamp_ms = now_ms, .key = *e->url_id.hex ? e->url_id.hex : NULL,
                        .key_len = strlen(e->url_id.hex), .value = text.data, .value_len = text.len };
    if (!producer_send(p, &r, NULL, NULL, NULL))
        metric_add(metric_counter("tidings_events_dropped_total", "Events dropped because the queue was full.", NULL, NULL), 1);
    buffer_fini(&text);
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
