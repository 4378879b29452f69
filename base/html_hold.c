/* html_hold.c - see html_hold.h. */
#include "base/html_hold.h"

#include "base/html.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define PLANE_15 0xF0000u

/* ---- what may be held ---- */

/* Of a byte in text: ordinary, white space, the first of a character that must be looked at, or the end of a run. Gumbo replaces
 * control characters and non-characters, and turns a carriage return into a newline. */
enum byte { PLAIN, SPACE, LOOK, STOP };

static enum byte kind_of(unsigned char c)
{
    if (c == ' ' || c == '\t' || c == '\n' || c == '\f')
        return SPACE;
    if (c < ' ' || c == '<' || c == '&' || c == 0x7F)
        return STOP;
    return c == 0xC2 || c == 0xEF || c >= 0xF0 ? LOOK : PLAIN;
}

/* The character that begins at p, of one of the lead bytes that Gumbo's replaced ones have. */
static bool is_kept(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    if (u[0] == 0xC2)
        return u[1] >= 0xA0;
    if (u[0] == 0xEF)
        return !(u[1] == 0xB7 && u[2] >= 0x90 && u[2] <= 0xAF) && !(u[1] == 0xBF && u[2] >= 0xBE);
    return !((u[1] & 0x0F) == 0x0F && u[2] == 0xBF && u[3] >= 0xBE);
}

size_t html_hold_text(const char *p, const char *end)
{
    const char *start = p, *last = p;
    for (; p < end; p++) {
        enum byte kind = kind_of((unsigned char)*p);
        if (kind == STOP || (kind == LOOK && !is_kept(p)))
            break;
        if (kind != SPACE)
            last = p + 1;
    }
    return kind_of((unsigned char)*start) == SPACE ? 0 : (size_t)(last - start);
}

bool html_hold_value(const char *p, size_t len)
{
    for (const char *end = p + len; p < end; p++) {
        enum byte kind = kind_of((unsigned char)*p);
        if ((kind == STOP && *p != '<') || (kind == LOOK && !is_kept(p)))
            return false;
    }
    return true;
}

bool html_hold_add(struct html_held *held, const char *p, size_t len, char out[HTML_HELD_LEN])
{
    if (held->count == HTML_HELD_MAX || len > UINT32_MAX)
        return false;
    held->runs[held->count].bytes = p;
    held->runs[held->count].len = (uint32_t)len;
    held->runs[held->count].copied = false;
    text_encode(PLANE_15 + held->count, out);
    held->count++;
    return true;
}

/* ---- pages that have such characters ---- */

/* Plane 15 is F3 B0 80 80 to F3 BF BF BF. */
static bool is_ours(const char *p)
{
    return (unsigned char)p[0] == 0xF3 && (unsigned char)p[1] >= 0xB0;
}

bool html_hold_in_bytes(const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *p = text; (p = memchr(p, 0xF3, (size_t)(end - p))); p++)
        if (is_ours(p))
            return true;
    return false;
}

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The number of the reference behind "&#"; large ones stay large. */
static uint32_t reference_at(const char *p, const char *end)
{
    unsigned base = p < end && (*p | 0x20) == 'x' ? 16 : 10;
    uint32_t value = 0;
    for (p += base == 16; p < end && digit_of(*p) < base && value < 0x1000000; p++)
        value = value * base + digit_of(*p);
    return value;
}

bool html_hold_in_references(const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *p = text; (p = memchr(p, '&', (size_t)(end - p))); p++)
        if (end - p > 2 && p[1] == '#' && reference_at(p + 2, end) >= PLANE_15)
            return true;
    return false;
}

/* ---- putting back ---- */

/* The run that the character at p stands for, NULL for another one. */
static const char *run_at(const struct html_held *held, const char *p, uint32_t *len, unsigned *number)
{
    if (!is_ours(p))
        return NULL;
    const char *next = p;
    *number = text_next(&next, p + HTML_HELD_LEN) - PLANE_15;
    if (*number >= held->count)
        return NULL;
    *len = held->runs[*number].len;
    return held->runs[*number].bytes;
}

/* A value is held as a whole, and once: elements that the tree builder makes again share the copy. */
static bool release_value(struct html_held *held, GumboAttribute *attribute, struct arena *a)
{
    uint32_t len;
    unsigned number;
    const char *run = run_at(held, attribute->value, &len, &number);
    if (!run)
        return true;
    if (!held->runs[number].copied) {
        run = arena_strndup(a, run, len);
        held->runs[number].bytes = run;
        held->runs[number].copied = run != NULL;
    }
    attribute->value = run;
    return run != NULL;
}

static bool release_text(const struct html_held *held, const char **text, struct arena *a)
{
    const char *s = *text;
    size_t len = strlen(s), whole = len;
    uint32_t n;
    unsigned number;
    for (const char *p = s; (p = memchr(p, 0xF3, len - (size_t)(p - s))); p++)
        if (run_at(held, p, &n, &number))
            whole += n - HTML_HELD_LEN;
    if (whole == len)
        return true;
    char *out = arena_alloc(a, whole + 1);
    *text = out;
    if (!out)
        return false;
    for (const char *p = s, *end = s + len; p < end;) {
        const char *run = run_at(held, p, &n, &number);
        if (run) {
            out = (char *)memcpy(out, run, n) + n;
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
    for (const GumboNode *n = root; n && ok; n = html_next(root, n)) {
        GumboNode *node = (GumboNode *)(uintptr_t)n; /* the tree is the arena's, and nobody has seen it yet */
        if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE) {
            for (unsigned i = 0; i < n->v.element.attributes.length && ok; i++)
                ok = release_value(held, n->v.element.attributes.data[i], a);
        } else if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA) {
            ok = release_text(held, &node->v.text.text, a);
        }
    }
    return ok;
}
