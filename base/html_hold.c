/* html_hold.c - see html_hold.h. */
#include "base/html_hold.h"

#include "base/html.h"
#include "base/markup.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define PLANE_15 0xF0000u
#define NAME_MAX_BYTES 32 /* of a character reference that is looked up */

/* ---- characters ---- */

/* Of a byte: ordinary, white space, the first of a character that must be looked at, or none that may be held. */
enum byte { PLAIN, SPACE, LOOK, STOP };

#define FOUR(k) k, k, k, k
#define SIXTEEN(k) FOUR(k), FOUR(k), FOUR(k), FOUR(k)
static const uint8_t kinds[256] = {
    FOUR(STOP), FOUR(STOP), STOP, SPACE, SPACE, STOP, SPACE, STOP, STOP, STOP, SIXTEEN(STOP), /* a carriage return becomes a newline */
    SPACE, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, STOP, PLAIN, FOUR(PLAIN), FOUR(PLAIN),           /* & */
    FOUR(PLAIN), FOUR(PLAIN), FOUR(PLAIN), PLAIN, PLAIN, PLAIN, PLAIN,
    SIXTEEN(PLAIN), SIXTEEN(PLAIN), SIXTEEN(PLAIN), FOUR(PLAIN), FOUR(PLAIN), FOUR(PLAIN), PLAIN, PLAIN, PLAIN, STOP,
    SIXTEEN(PLAIN), SIXTEEN(PLAIN), SIXTEEN(PLAIN), SIXTEEN(PLAIN),
    PLAIN, PLAIN, LOOK, PLAIN, FOUR(PLAIN), FOUR(PLAIN), FOUR(PLAIN), SIXTEEN(PLAIN),
    FOUR(PLAIN), FOUR(PLAIN), FOUR(PLAIN), PLAIN, PLAIN, PLAIN, LOOK, SIXTEEN(LOOK),
};

/* Gumbo replaces control characters and non-characters. */
static bool is_kept(uint32_t c)
{
    return (c >= 0x20 && c < 0x7F) || (c >= 0xA0 && !(c >= 0xD800 && c < 0xE000) && !(c >= 0xFDD0 && c < 0xFDF0) && (c & 0xFFFE) != 0xFFFE &&
                                       c < 0x110000);
}

static bool look(const char *p, const char *end)
{
    return is_kept(text_next(&p, end));
}

static bool is_alnum(char c)
{
    return ((unsigned)(c | 32) - 'a') < 26 || (unsigned)c - '0' < 10;
}

/* ---- references ---- */

static bool is_name(const char *p, size_t len)
{
    char reference[NAME_MAX_BYTES + 2] = "&", text[4];
    size_t text_len;
    if (len >= NAME_MAX_BYTES)
        return true; /* perhaps */
    memcpy(reference + 1, p, len);
    reference[len + 1] = ';';
    return markup_reference(reference, len + 2, text, &text_len) > 0;
}

/* The bytes of the reference at p, or of an ampersand that is none, when markup_decode() makes of it what Gumbo does; else 0.
 * In a value, what looks like a reference and has no semicolon is none if "=" or a letter follows (HTML 13.2.5.73). */
static size_t reference_length(const char *p, const char *end, bool in_value)
{
    char text[4];
    size_t text_len, n = 0, used;
    if (end - p < 2 || (!is_alnum(p[1]) && p[1] != '#'))
        return 1;
    used = markup_reference(p, (size_t)(end - p), text, &text_len);
    if (used) {
        const char *s = text;
        return is_kept(text_next(&s, text + text_len)) ? used : 0;
    }
    while (p + 1 + n < end && is_alnum(p[1 + n]))
        n++;
    const char *after = p + 1 + n;
    if (!in_value || n == 0 || (after < end && *after == ';'))
        return 0;
    return (after < end && *after == '=') || !is_name(p + 1, n) ? n + 1 : 0;
}

/* Steps over one character that may be held; NULL when it may not. */
static const char *step(const char *p, const char *end, bool in_value)
{
    size_t n;
    switch (kinds[(unsigned char)*p]) {
    case PLAIN: case SPACE:
        return p + 1;
    case LOOK:
        return look(p, end) ? p + 1 : NULL; /* the bytes behind the first are ordinary */
    default:
        n = *p == '&' ? reference_length(p, end, in_value) : 0;
        return n ? p + n : NULL;
    }
}

/* ---- holding ---- */

void html_hold_clear(struct html_held *held)
{
    held->count = held->attribute_count = 0;
}

bool html_hold_has_room(const struct html_held *held)
{
    return held->count < HTML_HELD_MAX;
}

size_t html_hold_run(const char *p, const char *end)
{
    const char *start = p, *last = p;
    char text[4];
    size_t text_len;
    if (*p == '&' && markup_reference(p, (size_t)(end - p), text, &text_len) && kinds[(unsigned char)text[0]] == SPACE)
        return 0; /* "&#32;", which is white space to the tree builder */
    while (p < end) {
        bool space = kinds[(unsigned char)*p] == SPACE;
        const char *next = step(p, end, false);
        if (!next)
            break;
        p = next;
        if (!space)
            last = p;
    }
    return (size_t)(last - start);
}

static void put_mark(struct html_held *held, struct html_held_run run, char out[HTML_HELD_LEN])
{
    text_encode(PLANE_15 + held->count, out);
    held->runs[held->count++] = run;
}

void html_hold_text(struct html_held *held, const char *p, size_t len, char out[HTML_HELD_LEN])
{
    put_mark(held, (struct html_held_run){ .text = p, .len = (uint32_t)len }, out);
}

bool html_hold_attribute(struct html_held *held, const char *name, const char *value, size_t len)
{
    const char *end = value + len;
    if (held->attribute_count == HTML_HELD_ATTRIBUTES_MAX)
        return false;
    for (const char *p = value; p < end;)
        if (!(p = step(p, end, true)))
            return false;
    held->attributes[held->attribute_count++] = (struct html_held_attribute){ name, value, (uint32_t)len, NULL };
    return true;
}

void html_hold_element(struct html_held *held, unsigned first, char out[HTML_HELD_LEN])
{
    put_mark(held, (struct html_held_run){ .first = first, .len = held->attribute_count - first }, out);
}

/* ---- pages that have such characters ---- */

/* Plane 15 is F3 B0 80 80 to F3 BF BF BF. */
static bool is_mark(const char *p)
{
    return (unsigned char)p[0] == 0xF3 && (unsigned char)p[1] >= 0xB0;
}

bool html_hold_in_bytes(const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *p = text; (p = memchr(p, 0xF3, (size_t)(end - p))); p++)
        if (is_mark(p))
            return true;
    return false;
}

/* The number of the reference behind "&#"; large ones stay large. */
static uint32_t number_at(const char *p, const char *end)
{
    bool hex = p < end && (*p | 0x20) == 'x';
    uint32_t value = 0;
    for (p += hex; p < end && value < 0x1000000; p++) {
        unsigned char c = (unsigned char)*p;
        if (!(hex ? isxdigit(c) : isdigit(c)))
            break;
        value = value * (hex ? 16 : 10) + (uint32_t)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

bool html_hold_in_references(const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *p = text; (p = memchr(p, '&', (size_t)(end - p))); p++)
        if (end - p > 2 && p[1] == '#' && number_at(p + 2, end) >= PLANE_15)
            return true;
    return false;
}

/* ---- putting back ---- */

/* The run that the character at p stands for, NULL for another one. */
static const struct html_held_run *run_at(const struct html_held *held, const char *p)
{
    if (!is_mark(p))
        return NULL;
    const char *next = p;
    uint32_t number = text_next(&next, p + HTML_HELD_LEN) - PLANE_15;
    return number < held->count ? &held->runs[number] : NULL;
}

/* Writes the text with its references resolved, which makes it no longer. */
static char *put_decoded(const char *s, size_t len, char *out)
{
    const char *end = s + len, *amp;
    while ((amp = memchr(s, '&', (size_t)(end - s)))) {
        size_t text_len, plain = (size_t)(amp - s), used;
        out = (char *)memcpy(out, s, plain) + plain;
        used = markup_reference(amp, (size_t)(end - amp), out, &text_len);
        if (!used)
            *out = '&';
        out += used ? text_len : 1;
        s = amp + (used ? used : 1);
    }
    return (char *)memcpy(out, s, (size_t)(end - s)) + (end - s);
}

static GumboAttribute *make_attribute(struct html_held_attribute *held, struct arena *a)
{
    char *value = arena_alloc(a, held->len + 4); /* a reference is written in four bytes */
    held->made = value ? arena_calloc(a, sizeof(*held->made)) : NULL;
    if (!held->made)
        return NULL;
    *put_decoded(held->value, held->len, value) = '\0';
    held->made->name = held->name;
    held->made->value = value;
    return held->made;
}

/* The attributes for which the one at `at` stands take its place. */
static bool release_element(struct html_held *held, const struct html_held_run *run, GumboVector *list, unsigned at, struct arena *a)
{
    void **data = arena_alloc(a, (list->length + run->len) * sizeof(*data));
    if (!data)
        return false;
    memcpy(data, list->data, at * sizeof(*data));
    for (uint32_t i = 0; i < run->len; i++) {
        struct html_held_attribute *attribute = &held->attributes[run->first + i];
        data[at + i] = attribute->made ? attribute->made : make_attribute(attribute, a);
        if (!data[at + i])
            return false;
    }
    memcpy(data + at + run->len, list->data + at + 1, (list->length - at - 1) * sizeof(*data));
    *list = (GumboVector){ data, list->length + run->len - 1, list->length + run->len };
    return true;
}

static bool release_attributes(struct html_held *held, GumboVector *list, struct arena *a)
{
    for (unsigned i = 0; i < list->length; i++) {
        const struct html_held_run *run = run_at(held, ((GumboAttribute *)list->data[i])->name);
        if (run && !run->text)
            return release_element(held, run, list, i, a); /* an element has one at most */
    }
    return true;
}

static bool release_text(const struct html_held *held, const char **text, struct arena *a)
{
    const char *s = *text, *end = s + strlen(s), *p = s;
    const struct html_held_run *run;
    size_t whole = (size_t)(end - s) + 4;
    bool any = false;
    for (; (p = memchr(p, 0xF3, (size_t)(end - p))); p++)
        if ((run = run_at(held, p)) && run->text) {
            whole += run->len;
            any = true;
        }
    if (!any)
        return true;
    char *out = arena_alloc(a, whole + 1);
    *text = out;
    if (!out)
        return false;
    for (p = s; p < end;) {
        if ((run = run_at(held, p)) && run->text) {
            out = put_decoded(run->text, run->len, out);
            p += HTML_HELD_LEN;
        } else {
            *out++ = *p++;
        }
    }
    *out = '\0';
    return true;
}

bool html_hold_release(struct html_held *held, const GumboNode *root, struct arena *a)
{
    bool ok = true;
    for (const GumboNode *n = root; n && ok && held->count; n = html_next(root, n)) {
        GumboNode *node = (GumboNode *)(uintptr_t)n; /* the tree is the arena's, and nobody has seen it yet */
        if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE)
            ok = release_attributes(held, &node->v.element.attributes, a);
        else if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA)
            ok = release_text(held, &node->v.text.text, a);
    }
    return ok;
}
