/* html_token.c - see html_token.h. */
#include "base/html_token.h"

#include <string.h>
#include <strings.h>

#define FOREIGN_MAX 64 /* open elements inside one svg */

/* ---- tags ---- */

const char *html_attribute_read(const char *p, const char *end, struct html_attribute *a)
{
    a->name = p++; /* the first character belongs to the name even when it is '=' */
    while (p < end && !html_is_space(*p) && *p != '/' && *p != '>' && *p != '=')
        p++;
    a->name_len = (size_t)(p - a->name);
    a->end = p;
    a->value = p;
    a->value_len = 0;
    while (p < end && html_is_space(*p))
        p++;
    if (p == end)
        return NULL;
    if (*p != '=')
        return a->end;
    p++;
    while (p < end && html_is_space(*p))
        p++;
    if (p == end)
        return NULL;
    if (*p == '"' || *p == '\'') {
        a->value = p + 1;
        p = memchr(a->value, *p, (size_t)(end - a->value));
        if (!p)
            return NULL;
        a->value_len = (size_t)(p - a->value);
        return a->end = p + 1;
    }
    a->value = p;
    while (p < end && !html_is_space(*p) && *p != '>')
        p++;
    a->value_len = (size_t)(p - a->value);
    return a->end = p;
}

void html_tag_begin(struct html_tag *t, const char *at, const char *end)
{
    t->start = at;
    t->closes = at[1] == '/';
    t->name = at + 1 + t->closes;
    const char *p = t->name;
    while (p < end && !html_is_space(*p) && *p != '/' && *p != '>')
        p++;
    t->name_len = (size_t)(p - t->name);
    t->id = gumbo_tagn_enum(t->name, (unsigned)t->name_len);
    t->self_closing = false;
    t->end = NULL;
}

bool html_tag_end(struct html_tag *t, const char *end)
{
    const char *p = t->name + t->name_len;
    struct html_attribute a;
    bool slash = false;

    for (;;) {
        slash = false;
        p = html_attribute_next(p, end, &slash);
        if (p == end)
            return false;
        if (*p == '>')
            break;
        p = html_attribute_read(p, end, &a);
        if (!p)
            return false;
    }
    t->self_closing = slash;
    t->end = p + 1;
    return true;
}

/* ---- where elements and comments end ---- */

/* Whether "</name" stands at p and ends there, so that it closes the element. */
static bool closes_raw(const char *p, const char *end, const char *name, size_t len)
{
    return (size_t)(end - p) > len + 2 && p[0] == '<' && p[1] == '/' && strncasecmp(p + 2, name, len) == 0 &&
           (html_is_space(p[len + 2]) || p[len + 2] == '/' || p[len + 2] == '>');
}

const char *html_raw_end(const char *p, const char *end, const char *name, size_t len)
{
    while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
        if (closes_raw(p, end, name, len))
            return p;
        p++;
    }
    return NULL;
}

static bool opens_script(const char *p, const char *end)
{
    return end - p > 7 && p[0] == '<' && strncasecmp(p + 1, "script", 6) == 0 && (html_is_space(p[7]) || p[7] == '/' || p[7] == '>');
}

/* In <!-- a <script> hides the next </script>. */
const char *html_script_end(const char *p, const char *end)
{
    enum { PLAIN, ESCAPED, DOUBLE } state = PLAIN;

    for (; p < end; p++) {
        if (state == PLAIN && !(p = memchr(p, '<', (size_t)(end - p))))
            return NULL;
        if (*p == '<') {
            if (state == PLAIN && end - p >= 4 && memcmp(p, "<!--", 4) == 0) {
                state = ESCAPED;
                p++; /* its dashes may already be those of --> */
            } else if (closes_raw(p, end, "script", 6)) {
                if (state != DOUBLE)
                    return p;
                state = ESCAPED;
            } else if (state == ESCAPED && opens_script(p, end)) {
                state = DOUBLE;
            }
        } else if (state != PLAIN && *p == '-' && end - p >= 3 && p[1] == '-' && p[2] == '>') {
            state = PLAIN;
            p += 2;
        }
    }
    return NULL;
}

const char *html_comment_end(const char *p, const char *end)
{
    p += 4;
    if (p < end && *p == '>')
        return p + 1;
    if (end - p >= 2 && p[0] == '-' && p[1] == '>')
        return p + 2;
    while (p < end && (p = memmem(p, (size_t)(end - p), "--", 2))) {
        if (end - p >= 3 && p[2] == '>')
            return p + 3;
        if (end - p >= 4 && p[2] == '!' && p[3] == '>')
            return p + 4;
        p++;
    }
    return NULL;
}

static bool is_text_only(GumboTag id)
{
    return id == GUMBO_TAG_TITLE || id == GUMBO_TAG_DESC || id == GUMBO_TAG_MI || id == GUMBO_TAG_MO || id == GUMBO_TAG_MN ||
           id == GUMBO_TAG_MS || id == GUMBO_TAG_MTEXT;
}

static bool is_foreign_name(GumboTag id)
{
    return id == GUMBO_TAG_UNKNOWN || id == GUMBO_TAG_A || id == GUMBO_TAG_STYLE || id == GUMBO_TAG_IMAGE || is_text_only(id);
}

struct foreign { /* what is open inside an svg or math element, itself first */
    struct { const char *name; size_t len; GumboTag id; } open[FOREIGN_MAX];
    unsigned depth;
    bool in_table;
};

/* False: give up. Page elements break out of it (13.2.6.5). */
static bool foreign_start(struct foreign *f, const struct html_tag *t)
{
    bool known = is_foreign_name(t->id) || (t->id == GUMBO_TAG_SVG && f->open[0].id == GUMBO_TAG_SVG);

    if (!known || is_text_only(f->open[f->depth - 1].id) || (is_text_only(t->id) && f->in_table))
        return false;
    if (t->self_closing)
        return true;
    if (f->depth == FOREIGN_MAX)
        return false;
    f->open[f->depth].name = t->name;
    f->open[f->depth].len = t->name_len;
    f->open[f->depth++].id = t->id;
    return true;
}

/* An end tag closes what is open inside its element, too. False: give up. */
static bool foreign_end(struct foreign *f, const struct html_tag *t)
{
    if (t->end != t->name + t->name_len + 1) /* Gumbo compares all that stands before the '>' */
        return false;
    while (f->depth && (f->open[f->depth - 1].len != t->name_len || strncasecmp(f->open[f->depth - 1].name, t->name, t->name_len) != 0))
        f->depth--;
    return f->depth-- > 0;
}

const char *html_foreign_end(const struct html_tag *t, const char *end, bool in_table)
{
    struct foreign f = { .open = { { t->name, t->name_len, t->id } }, .depth = 1, .in_table = in_table };
    struct html_tag inner;
    const char *p = t->end;

    while (p < end && (p = memchr(p, '<', (size_t)(end - p))) && end - p >= 4) {
        if (memcmp(p, "<!--", 4) == 0) {
            if (!(p = html_comment_end(p, end)))
                return NULL;
            continue;
        }
        if (end - p >= 9 && memcmp(p, "<![CDATA[", 9) == 0) {
            if (!(p = memmem(p, (size_t)(end - p), "]]>", 3)))
                return NULL;
            continue;
        }
        bool closes = p[1] == '/';
        if (!html_is_letter(p[1 + closes])) {
            if (closes || p[1] == '!' || p[1] == '?')
                return NULL;
            p++;
            continue;
        }
        html_tag_begin(&inner, p, end);
        if (!html_tag_end(&inner, end) || !(closes ? foreign_end(&f, &inner) : foreign_start(&f, &inner)))
            return NULL;
        p = inner.end;
        if (f.depth == 0)
            return p;
    }
    return NULL;
}

const char *html_noscript_end(const struct html_tag *t, const char *end)
{
    struct html_tag inner;
    const char *p = t->end;

    while (p < end && (p = memchr(p, '<', (size_t)(end - p))) && end - p >= 4) {
        if (memcmp(p, "<!--", 4) == 0) {
            if (!(p = html_comment_end(p, end)))
                return NULL;
            continue;
        }
        bool closes = p[1] == '/';
        if (!html_is_letter(p[1 + closes]))
            return NULL;
        html_tag_begin(&inner, p, end);
        if (!html_tag_end(&inner, end))
            return NULL;
        p = inner.end;
        if (closes)
            return inner.id == GUMBO_TAG_NOSCRIPT ? p : NULL;
        if (inner.id == GUMBO_TAG_IFRAME) {
            if (!(p = html_raw_end(p, end, "iframe", 6)))
                return NULL;
            html_tag_begin(&inner, p, end);
            if (!html_tag_end(&inner, end))
                return NULL;
            p = inner.end;
        } else if (inner.id != GUMBO_TAG_IMG) {
            return NULL;
        }
    }
    return NULL;
}
