/* feed.c - see feed.h: a whole body in memory to a feed in memory. What the readers hand over, item by item, is copied into one
 * arena, so that a feed is freed at once and costs what it holds. */
#include "crawler/feed.h"

#include "base/arena.h"
#include "base/charset.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "crawler/feed_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (64u * 1024 * 1024) /* 8 MiB of feed, and what short addresses grow by when made absolute */
#define PIECE_BYTES (64 * 1024)         /* between two looks at the clock */

struct whole { /* what feed_parse() returns a pointer into */
    struct feed feed;
    struct arena *arena;
    struct feed_item *items;
    size_t capacity;
    unsigned long over; /* items beyond FEED_MAX_ITEMS */
};

const char *feed_kind_name(enum feed_kind kind)
{
    static const char *const names[] = { "unknown", "rss", "atom", "rdf", "json", "sitemap", "sitemapindex" };
    return names[kind];
}

/* --- keeping items --- */

/* NULL stays NULL; *full is set when there was no room. */
static const char *keep(struct whole *w, const char *s, bool *full)
{
    const char *copy = s ? arena_strndup(w->arena, s, strlen(s)) : NULL;
    *full = *full || (s && !copy);
    return copy;
}

static const char *const *keep_authors(struct whole *w, const struct feed_item *item, bool *full)
{
    const char **list = arena_calloc(w->arena, (item->author_count + 1) * sizeof(*list));
    *full = *full || !list;
    for (size_t i = 0; i < item->author_count && list; i++)
        list[i] = keep(w, item->authors[i], full);
    return list;
}

static bool keep_item(void *arg, const struct feed_item *item)
{
    struct whole *w = arg;
    bool full = false;
    if (w->feed.item_count == FEED_MAX_ITEMS) {
        w->over++;
        return true;
    }
    if (w->feed.item_count == w->capacity) {
        w->capacity = w->capacity ? w->capacity * 2 : 32;
        w->items = xrealloc(w->items, w->capacity * sizeof(*w->items));
    }
    struct feed_item copy = *item;
    const char **strings[] = { &copy.url, &copy.id, &copy.title, &copy.summary, &copy.content, &copy.language };
    for (size_t i = 0; i < COUNT(strings); i++)
        *strings[i] = keep(w, *strings[i], &full);
    copy.authors = keep_authors(w, item, &full);
    if (full)
        w->feed.truncated = true;
    else
        w->items[w->feed.item_count++] = copy;
    return !full;
}

/* --- text --- */

static bool has_high_bytes(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] >= 0x80)
            return true;
    return false;
}

/* Does text have a character beyond ASCII that was not put there for a broken one? */
static bool has_real_characters(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)s[i] >= 0x80 && (i + 2 >= len || memcmp(s + i, "\xef\xbf\xbd", 3) != 0))
            return true;
        if ((unsigned char)s[i] >= 0x80)
            i += 2;
    }
    return false;
}

/* The declared encoding is wrong more often than bytes look like UTF-8 by chance; and text that claims to be UTF-8 and has
 * not one character of it is that of an old Windows program. */
static void to_text(struct feed_draft *d, const char *bytes, size_t len, const char *content_type, struct buffer *out)
{
    struct charset_report report = { 0 };
    charset_to_utf8(bytes, len, content_type, CHARSET_XML, NULL, out, &report, NULL);
    bool utf8 = strcmp(report.name, "utf-8") == 0, wide = strncmp(report.name, "utf-16", 6) == 0;
    const char *better = NULL;
    if (!utf8 && !wide && has_high_bytes(bytes, len) && text_valid_utf8(bytes, len))
        better = "utf-8";
    else if (utf8 && report.replaced > 0 && !has_real_characters(buffer_str(out), out->len))
        better = "windows-1252";
    if (!better) {
        if (report.replaced > 0)
            feed_warn(d, "%zu byte sequence%s no %s", report.replaced, report.replaced == 1 ? " is" : "s are", report.name);
        return;
    }
    char type[64];
    snprintf(type, sizeof(type), "text/xml; charset=%s", better);
    feed_warn(d, "declared as %s, read as %s", report.name, better);
    buffer_clear(out);
    if (strcmp(better, "utf-8") == 0)
        buffer_append(out, bytes, len);
    else
        charset_to_utf8(bytes, len, type, CHARSET_PLAIN, better, out, &report, NULL);
}

static bool is_json(const struct buffer *text)
{
    size_t i = 0;
    if (text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
        i = 3;
    while (i < text->len && (unsigned char)text->data[i] <= ' ')
        i++;
    return i < text->len && (text->data[i] == '{' || text->data[i] == '[');
}

static void read_xml(struct feed_draft *d, const struct buffer *text, int64_t deadline_mono_ms)
{
    struct feed_xml *x = feed_xml_create(d);
    for (size_t at = 0; at < text->len; at += PIECE_BYTES) {
        size_t n = text->len - at < PIECE_BYTES ? text->len - at : PIECE_BYTES;
        if (deadline_mono_ms && clock_mono_ms() > deadline_mono_ms) {
            d->info.truncated = true;
            feed_warn(d, "reading took too long: stopped after %zu of %zu bytes", at, text->len);
            break;
        }
        if (!feed_xml_push(x, text->data + at, n))
            break;
    }
    feed_xml_finish(x);
    feed_xml_destroy(x);
}

static void read_json(struct feed_draft *d, const struct buffer *text)
{
    size_t mark = text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    feed_json_read(d, text->data + mark, text->len - mark);
}

/* --- the whole --- */

/* Takes what the draft knows of the feed over into w. */
static void keep_feed(struct whole *w, struct feed_draft *d)
{
    bool full = false;
    struct feed *f = &w->feed;
    const char *from[] = { d->info.title, d->info.language, d->info.site_url, d->info.self_url, d->info.hub_url };
    const char **to[] = { &f->title, &f->language, &f->site_url, &f->self_url, &f->hub_url };
    f->kind = d->info.kind;
    f->interval_s = d->info.interval_s;
    f->truncated = f->truncated || d->info.truncated;
    f->items = w->items;
    for (size_t i = 0; i < COUNT(from); i++)
        *to[i] = keep(w, from[i], &full);
    for (size_t i = 0; i < d->info.warning_count; i++) {
        f->warnings[f->warning_count] = keep(w, d->info.warnings[i], &full);
        f->warning_count += f->warnings[f->warning_count] != NULL;
    }
}

struct feed *feed_parse(const void *bytes, size_t len, const char *content_type, const char *base, int64_t deadline_mono_ms)
{
    struct whole *w = xcalloc(1, sizeof(*w));
    struct feed_draft d;
    struct buffer text;
    w->arena = arena_create(ARENA_BYTES);
    feed_draft_init(&d, base, keep_item, w);
    buffer_init(&text, 3 * FEED_MAX_BYTES + 16); /* a byte becomes three at most */
    if (len > FEED_MAX_BYTES) {
        feed_warn(&d, "larger than %u bytes: the rest is not read", FEED_MAX_BYTES);
        d.info.truncated = true;
        len = FEED_MAX_BYTES;
    }
    to_text(&d, bytes, len, content_type, &text);
    if (is_json(&text))
        read_json(&d, &text);
    else
        read_xml(&d, &text, deadline_mono_ms);
    if (w->over)
        feed_warn(&d, "%lu items beyond the first %d are not read", w->over, FEED_MAX_ITEMS);
    if (w->feed.truncated)
        feed_warn(&d, "more than %u bytes of items: the rest is not read", ARENA_BYTES);
    keep_feed(w, &d);
    buffer_fini(&text);
    feed_draft_fini(&d);
    return &w->feed;
}

void feed_destroy(struct feed *f)
{
    struct whole *w = (struct whole *)f;
    if (!w)
        return;
    arena_destroy(w->arena);
    free(w->items);
    free(w);
}
