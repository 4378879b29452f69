/* sitemap.c - see sitemap.h.
 *
 *   push --decode_stream--> on_decoded --sniff the first bytes--> XML: feed_xml_push()
 *                                                             `-> lines: one address each (sitemaps.org, "Text file")
 *
 * An XML sitemap that declares an encoding other than UTF-8 (and one in UTF-16) is held, up to FEED_MAX_BYTES, and
 * converted at the end: encodings cannot be told in pieces, and hardly any sitemap has one. */
#include "crawler/sitemap.h"

#include "base/charset.h"
#include "base/clock.h"
#include "base/decode.h"
#include "base/mem.h"
#include "base/text.h"
#include "crawler/feed_reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SNIFF_BYTES 1024
#define LINE_MAX_BYTES 8192

enum form { FORM_UNKNOWN, FORM_XML, FORM_LINES, FORM_HELD };

struct sitemap_reader {
    struct feed_draft draft;
    struct decode_stream *decoder; /* NULL: the codings are beyond us */
    struct feed_xml *xml;
    struct buffer held;            /* the first bytes, the current line, or all of it */
    enum form form;
    int64_t deadline_mono_ms;
    size_t decoded_bytes;
    bool done;
};

/* --- lines --- */

static void read_line(struct sitemap_reader *r, const char *s, size_t len)
{
    struct feed_draft *d = &r->draft;
    struct buffer line;
    buffer_init(&line, 0);
    text_fold_space(s, len, &line);
    const char *text = buffer_str(&line);
    if (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0) {
        d->info.kind = FEED_SITEMAP;
        feed_item_begin(d);
        buffer_append(&d->url, text, line.len);
        feed_item_end(d);
    }
    buffer_fini(&line);
}

static void push_lines(struct sitemap_reader *r, const char *s, size_t len)
{
    while (len > 0 && !r->draft.stopped) {
        size_t n = 0;
        while (n < len && s[n] != '\n' && s[n] != '\r')
            n++;
        if (r->held.len + n <= LINE_MAX_BYTES)
            buffer_append(&r->held, s, n);
        if (n < len) {
            read_line(r, buffer_str(&r->held), r->held.len);
            buffer_clear(&r->held);
            n++;
        }
        s += n;
        len -= n;
    }
}

/* --- telling the form --- */

static size_t skip_mark(const struct buffer *b)
{
    return b->len >= 3 && memcmp(b->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* "<?xml … encoding='…'?>" with another name than UTF-8's or ASCII's. */
static bool foreign_encoding(const char *s, size_t len)
{
    char label[48];
    const char *end = memmem(s, len, "?>", 2), *at = end ? memmem(s, (size_t)(end - s), "encoding", 8) : NULL;
    if (!at || (at += strcspn(at, "\"'>")) >= end)
        return false;
    size_t n = strcspn(at + 1, "\"'>");
    if (n >= sizeof(label))
        return false;
    memcpy(label, at + 1, n);
    label[n] = '\0';
    return strcasecmp(label, "utf-8") != 0 && strcasecmp(label, "utf8") != 0 && strcasecmp(label, "us-ascii") != 0 &&
           strcasecmp(label, "ascii") != 0;
}

static enum form sniff(const struct buffer *b)
{
    const unsigned char *u = (const unsigned char *)buffer_str(b);
    if (b->len >= 2 && ((u[0] == 0xff && u[1] == 0xfe) || (u[0] == 0xfe && u[1] == 0xff) || u[0] == 0 || u[1] == 0))
        return FORM_HELD;
    size_t i = skip_mark(b);
    while (i < b->len && u[i] <= ' ')
        i++;
    if (i + 4 <= b->len && strncasecmp(b->data + i, "http", 4) == 0)
        return FORM_LINES;
    if (i < b->len && b->data[i] == '{') /* a JSON Feed */
        return FORM_HELD;
    return foreign_encoding(buffer_str(b), b->len) ? FORM_HELD : FORM_XML;
}

static void push_text(struct sitemap_reader *r, const char *s, size_t len)
{
    if (r->form == FORM_XML)
        feed_xml_push(r->xml, s, len);
    else
        push_lines(r, s, len);
}

/* Enough bytes are there to tell: what was held goes the right way. */
static void decide(struct sitemap_reader *r)
{
    struct buffer first = r->held;
    r->form = sniff(&first);
    if (r->form == FORM_HELD) {
        r->held.max = FEED_MAX_BYTES;
        return;
    }
    buffer_init(&r->held, 0);
    size_t mark = skip_mark(&first);
    push_text(r, buffer_str(&first) + mark, first.len - mark);
    buffer_fini(&first);
}

static void hold(struct sitemap_reader *r, const char *s, size_t len)
{
    if (buffer_append(&r->held, s, len))
        return;
    if (!r->draft.info.truncated)
        feed_warn(&r->draft, "in another encoding than UTF-8 and larger than %u bytes: the rest is not read", FEED_MAX_BYTES);
    buffer_append(&r->held, s, r->held.max - r->held.len);
    r->draft.info.truncated = r->done = true;
}

static bool over_time(struct sitemap_reader *r)
{
    if (!r->deadline_mono_ms || clock_mono_ms() <= r->deadline_mono_ms)
        return false;
    if (!r->done)
        feed_warn(&r->draft, "reading took too long: stopped after %zu bytes", r->decoded_bytes);
    r->draft.info.truncated = r->done = true;
    return true;
}

static bool on_decoded(void *arg, const char *bytes, size_t len)
{
    struct sitemap_reader *r = arg;
    if (r->done || over_time(r))
        return false;
    r->decoded_bytes += len;
    if (r->form == FORM_UNKNOWN) {
        buffer_append(&r->held, bytes, len);
        if (r->held.len >= SNIFF_BYTES)
            decide(r);
    } else if (r->form == FORM_HELD) {
        hold(r, bytes, len);
    } else {
        push_text(r, bytes, len);
    }
    return !r->done && !r->draft.stopped;
}

/* --- the end --- */

static bool pass_on(void *arg, const struct feed_item *item)
{
    struct sitemap_reader *r = arg;
    return r->draft.on_item(r->draft.arg, item);
}

/* What could not be read in pieces is read whole. */
static void read_held(struct sitemap_reader *r)
{
    struct feed *f = feed_parse(buffer_str(&r->held), r->held.len, NULL, r->draft.base, r->deadline_mono_ms);
    r->draft.info.kind = f->kind;
    r->draft.info.truncated = r->draft.info.truncated || f->truncated;
    r->draft.info.interval_s = f->interval_s;
    feed_set(&r->draft.info.title, xstrdup(f->title));
    for (size_t i = 0; i < f->warning_count; i++)
        feed_warn(&r->draft, "%s", f->warnings[i]);
    for (size_t i = 0; i < f->item_count; i++)
        if (!pass_on(r, &f->items[i]))
            break;
    feed_destroy(f);
}

static void finish_decoding(struct sitemap_reader *r)
{
    bool whole = true;
    if (!r->decoder)
        return;
    decode_stream_finish(r->decoder, &whole, NULL);
    if (!whole && !r->done && !r->draft.stopped) {
        feed_warn(&r->draft, "the compressed data is damaged or cut: what could be decoded is read");
        r->draft.info.truncated = true;
    }
}

const struct feed *sitemap_reader_finish(struct sitemap_reader *r)
{
    finish_decoding(r);
    if (r->form == FORM_UNKNOWN)
        decide(r);
    if (r->form == FORM_HELD)
        read_held(r);
    else if (r->form == FORM_LINES)
        read_line(r, buffer_str(&r->held), r->held.len);
    else
        feed_xml_finish(r->xml);
    if (r->form == FORM_LINES && r->draft.info.kind == FEED_UNKNOWN)
        feed_warn(&r->draft, "no line of it is an address");
    return &r->draft.info;
}

/* --- life --- */

struct sitemap_reader *sitemap_reader_create(const char *base, const char *codings, int64_t deadline_mono_ms,
                                             sitemap_item_fn *on_item, void *arg)
{
    static const struct decode_limits limits = { .max_bytes = SITEMAP_MAX_BYTES };
    struct sitemap_reader *r = xcalloc(1, sizeof(*r));
    struct error err;
    feed_draft_init(&r->draft, base, on_item, arg);
    buffer_init(&r->held, 0);
    r->deadline_mono_ms = deadline_mono_ms;
    r->xml = feed_xml_create(&r->draft);
    r->decoder = decode_stream_create(codings, &limits, on_decoded, r, &err);
    if (!r->decoder) {
        feed_warn(&r->draft, "%s", err.message);
        r->done = true;
    }
    return r;
}

bool sitemap_reader_push(struct sitemap_reader *r, const void *bytes, size_t len)
{
    struct error err;
    if (r->done || r->draft.stopped || over_time(r))
        return false;
    if (!decode_stream_push(r->decoder, bytes, len, &err) && !r->done && !r->draft.stopped) {
        feed_warn(&r->draft, "%s: what was read so far counts", err.message);
        r->draft.info.truncated = r->done = true;
    }
    return !r->done && !r->draft.stopped;
}

void sitemap_reader_destroy(struct sitemap_reader *r)
{
    if (!r)
        return;
    decode_stream_destroy(r->decoder);
    feed_xml_destroy(r->xml);
    feed_draft_fini(&r->draft);
    buffer_fini(&r->held);
    free(r);
}
