/* markup.c - see markup.h. One pass that copies text and steps over tags; there is no tree, because a title needs none and
 * a summary of a feed is read a hundred times for each page. */
#include "base/markup.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/entity_names.h"

#define REFERENCE_MAX 40 /* bytes from '&' to ';' */

static int compare_entity(const void *key, const void *member)
{
    return strcmp(key, ((const struct entity *)member)->name);
}

/* What the standard's table of replacements says for C1 controls: they were meant as windows-1252. */
static uint32_t repair(uint32_t c)
{
    static const uint16_t c1[32] = {
        0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
        0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
    };
    if (c >= 0x80 && c < 0xa0)
        return c1[c - 0x80];
    return c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c;
}

/* s is what stands between "&#" and ";". */
static bool number(const char *s, size_t len, uint32_t *out)
{
    unsigned base = 10;
    if (len > 0 && (s[0] | 0x20) == 'x') {
        base = 16;
        s++;
        len--;
    }
    uint32_t v = 0;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
        if (digit >= base)
            return false;
        v = v > 0x110000 ? v : v * base + digit;
    }
    *out = repair(v);
    return len > 0;
}

size_t markup_reference(const char *s, size_t len, char text[4], size_t *text_len)
{
    char name[REFERENCE_MAX];
    const char *end = memchr(s, ';', len < REFERENCE_MAX ? len : REFERENCE_MAX);
    size_t n = end ? (size_t)(end - s) - 1 : 0;
    uint32_t code;
    if (n == 0)
        return 0;
    memcpy(name, s + 1, n);
    name[n] = '\0';
    if (name[0] == '#') {
        if (!number(name + 1, n - 1, &code))
            return 0;
    } else {
        const struct entity *e = bsearch(name, entities, COUNT(entities), sizeof(entities[0]), compare_entity);
        if (!e)
            return 0;
        code = e->code;
    }
    *text_len = text_encode(code, text);
    return n + 2;
}

/* Appends the reference or the plain byte at s; returns how many bytes of s that was, 0 when out's bound is passed. */
static size_t put_next(const char *s, size_t len, struct buffer *out)
{
    char text[4];
    size_t text_len, used = *s == '&' ? markup_reference(s, len, text, &text_len) : 0;
    if (used)
        return buffer_append(out, text, text_len) ? used : 0;
    return buffer_putc(out, *s) ? 1 : 0;
}

bool markup_decode(const char *s, size_t len, struct buffer *out)
{
    while (len > 0) {
        const char *amp = memchr(s, '&', len);
        size_t plain = amp ? (size_t)(amp - s) : len;
        if (plain > 0) {
            if (!buffer_append(out, s, plain))
                return false;
            s += plain;
            len -= plain;
            continue;
        }
        size_t used = put_next(s, len, out);
        if (used == 0)
            return false;
        s += used;
        len -= used;
    }
    return true;
}

/* --- tags --- */

/* Elements within a line of text; every other tag parts words. */
static const char *const inline_names[] = {
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s",
    "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
};

static bool name_is(const char *name, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp(name, word, len) == 0;
}

static bool is_inline(const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(inline_names); i++)
        if (name_is(name, len, inline_names[i]))
            return true;
    return false;
}

static bool is_alpha(char c)
{
    c |= 0x20;
    return c >= 'a' && c <= 'z';
}

static size_t name_length(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && (is_alpha(s[n]) || (s[n] >= '0' && s[n] <= '9') || s[n] == '-' || s[n] == ':'))
        n++;
    return n;
}

/* The bytes of the tag at s ('<'), its '>' included; 0 when it does not end. Quotes hide a '>' only behind '='. */
static size_t tag_length(const char *s, size_t len)
{
    char quote = 0;
    for (size_t i = 1; i < len; i++) {
        if (quote ? s[i] == quote : (s[i] == '"' || s[i] == '\'') && s[i - 1] == '=')
            quote = quote ? 0 : s[i];
        else if (!quote && s[i] == '>')
            return i + 1;
    }
    return 0;
}

static size_t comment_length(const char *s, size_t len)
{
    const char *end = memmem(s + 4, len - 4, "-->", 3);
    return end ? (size_t)(end - s) + 3 : len;
}

/* The bytes up to the end tag of script or style; everything when there is none. */
static size_t raw_length(const char *s, size_t len, const char *name, size_t name_len)
{
    for (const char *p = s; (p = memchr(p, '<', len - (size_t)(p - s))); p++)
        if ((size_t)(p - s) + 2 + name_len <= len && p[1] == '/' && strncasecmp(p + 2, name, name_len) == 0)
            return (size_t)(p - s);
    return len;
}

struct strip {
    const char *s;
    size_t len;
    struct buffer *out;
    bool no_tag_ends; /* a search for '>' came back empty: there is none in the rest (keeps the pass linear) */
};

static void advance(struct strip *t, size_t n)
{
    t->s += n;
    t->len -= n;
}

/* Steps over the tag at t->s. False when there is none: the '<' is text. */
static bool skip_tag(struct strip *t)
{
    if (t->len >= 4 && memcmp(t->s, "<!--", 4) == 0) {
        advance(t, comment_length(t->s, t->len));
        return true;
    }
    size_t at = t->len > 1 && (t->s[1] == '/' || t->s[1] == '!' || t->s[1] == '?') ? 2 : 1;
    if (t->no_tag_ends || at >= t->len || (!is_alpha(t->s[at]) && t->s[1] != '!' && t->s[1] != '?'))
        return false;
    const char *name = t->s + at;
    size_t name_len = name_length(name, t->len - at), n = tag_length(t->s, t->len);
    if (n == 0 && !memchr(name, '<', t->len - at)) { /* a summary cut within a tag */
        advance(t, t->len);
        return true;
    }
    t->no_tag_ends = n == 0;
    if (n == 0)
        return false;
    if (!is_inline(name, name_len))
        buffer_putc(t->out, ' ');
    advance(t, n);
    if (at == 1 && (name_is(name, name_len, "script") || name_is(name, name_len, "style")))
        advance(t, raw_length(t->s, t->len, name, name_len));
    return true;
}

bool markup_text(const char *html, size_t len, struct buffer *out)
{
    struct buffer text;
    buffer_init(&text, 0);
    struct strip t = { html, len, &text, false };
    while (t.len > 0)
        if (*t.s != '<' || !skip_tag(&t))
            advance(&t, put_next(t.s, t.len, &text));
    bool ok = text_fold_space(buffer_str(&text), text.len, out);
    buffer_fini(&text);
    return ok;
}
