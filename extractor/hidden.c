/* hidden.c - see hidden.h. Scripts are no JSON as a whole ("window.x = {…}; push(…)"), so no parser is used: every quoted
 * string is looked at by itself. A string may hold JSON again, whose strings hold the markup; that is undone once. */
#include "extractor/hidden.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LEAST_BYTES 700      /* of the string as it stands */
#define LEAST_PARAGRAPHS 3

struct found { const char *start; size_t len; unsigned paragraphs; };

static const char *find_fold(const char *s, const char *end, const char *what)
{
    size_t n = strlen(what);
    for (; (size_t)(end - s) >= n && (s = memchr(s, what[0], (size_t)(end - s))); s++)
        if ((size_t)(end - s) >= n && strncasecmp(s, what, n) == 0)
            return s;
    return NULL;
}

/* "<p", whatever the less-than is written as. */
static unsigned count_paragraphs(const char *s, const char *end)
{
    static const char *const starts[] = { "<p", "\\u003cp", "\\x3cp", "&lt;p" };
    unsigned count = 0;
    for (size_t i = 0; i < COUNT(starts); i++) {
        size_t n = strlen(starts[i]);
        for (const char *at = s; (at = find_fold(at, end, starts[i])); at += n)
            count += at + n < end && !isalnum((unsigned char)at[n]);
    }
    return count;
}

/* The end of the string that opens at s, with a quote that no backslash stands before; end when there is none. */
static const char *string_end(const char *s, const char *end)
{
    for (; s < end && *s != '"'; s++)
        if (*s == '\\')
            s++;
    return s < end ? s : end;
}

static void look_through(const char *s, const char *end, struct found *best)
{
    while ((s = memchr(s, '"', (size_t)(end - s)))) {
        const char *close = string_end(++s, end);
        size_t len = (size_t)(close - s);
        if (len >= LEAST_BYTES && len > best->len) {
            unsigned paragraphs = count_paragraphs(s, close);
            if (paragraphs >= LEAST_PARAGRAPHS)
                *best = (struct found){ s, len, paragraphs };
        }
        if (close >= end)
            return;
        s = close + 1;
    }
}

static bool unescape_unicode(const char *s, const char *end, uint32_t *cp)
{
    char hex[5] = { 0 }, *stop;
    if (end - s < 4)
        return false;
    memcpy(hex, s, 4);
    *cp = (uint32_t)strtoul(hex, &stop, 16);
    return stop == hex + 4;
}

static size_t put_unicode(const char *s, const char *end, struct buffer *out)
{
    uint32_t cp, low;
    char utf8[4];
    if (!unescape_unicode(s, end, &cp))
        return 0;
    size_t used = 4;
    if (cp >= 0xD800 && cp < 0xDC00 && end - s >= 10 && s[4] == '\\' && s[5] == 'u' && unescape_unicode(s + 6, end, &low)
        && low >= 0xDC00 && low < 0xE000) {
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
        used = 10;
    }
    if (cp == 0 || (cp >= 0xD800 && cp < 0xE000))
        cp = 0xFFFD;
    buffer_append(out, utf8, text_encode(cp, utf8));
    return used;
}

/* Undoes the escapes of JSON (RFC 8259, 7). */
static void unescape(const char *s, const char *end, struct buffer *out)
{
    while (s < end) {
        const char *slash = memchr(s, '\\', (size_t)(end - s));
        buffer_append(out, s, (size_t)((slash ? slash : end) - s));
        if (!slash || slash + 1 >= end)
            return;
        s = slash + 2;
        switch (slash[1]) {
        case 'n': buffer_putc(out, '\n'); break;
        case 'r': case 't': case 'b': case 'f': buffer_putc(out, ' '); break;
        case 'u': s += put_unicode(s, end, out); break;
        default: buffer_putc(out, slash[1]); break;
        }
    }
}

static void find_in_scripts(const struct buffer *page, struct found *best)
{
    const char *s = page->data, *end = page->data + page->len;
    while ((s = find_fold(s, end, "<script"))) {
        const char *body = memchr(s, '>', (size_t)(end - s));
        const char *close = body ? find_fold(body, end, "</script") : NULL;
        if (!close)
            return;
        if (!find_fold(s, body, "ld+json"))
            look_through(body, close, best);
        s = close;
    }
}

/* The markup of what was found: a string of JSON, perhaps with JSON in it. */
static void read_markup(const struct found *f, struct buffer *markup)
{
    struct found inner = { NULL, 0, 0 };
    struct buffer once;
    unescape(f->start, f->start + f->len, markup);
    if (!strstr(buffer_str(markup), "\\\"")) /* no string in it: the quotes are those of attributes */
        return;
    look_through(buffer_str(markup), buffer_str(markup) + markup->len, &inner);
    if (!inner.start)
        return;
    buffer_init(&once, 0);
    unescape(inner.start, inner.start + inner.len, &once);
    buffer_clear(markup);
    buffer_append(markup, once.data, once.len);
    buffer_fini(&once);
}

bool hidden_article(const struct buffer *page, const char *title, struct buffer *out)
{
    struct found best = { NULL, 0, 0 };
    struct buffer markup;
    const char *start = page->data, *end = page->data + page->len;
    find_in_scripts(page, &best);
    const char *body = best.start ? find_fold(start, end, "<body") : NULL;
    const char *after = body ? memchr(body, '>', (size_t)(end - body)) : NULL;
    if (!after)
        return false;
    buffer_init(&markup, 0);
    read_markup(&best, &markup);
    after++;
    buffer_append(out, start, (size_t)(after - start));
    buffer_puts(out, "<article><h1>");
    for (const char *s = title ? title : ""; *s; s++)
        buffer_putc(out, *s == '<' || *s == '&' ? ' ' : *s);
    buffer_puts(out, "</h1>");
    buffer_append(out, buffer_str(&markup), markup.len);
    buffer_puts(out, "</article>");
    bool fits = buffer_append(out, after, (size_t)(end - after));
    buffer_fini(&markup);
    return fits;
}
