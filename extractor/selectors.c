/* selectors.c - see selectors.h. A selector is a list of compounds; matching goes from the last one up the ancestors, so a
 * page costs elements x selectors x depth at most, with depth bounded by the document. */
#include "extractor/selectors.h"

#include "base/html.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TESTS_MAX 8
#define COMPOUNDS_MAX 8

enum test_kind { TEST_TYPE, TEST_ID, TEST_CLASS, TEST_ATTRIBUTE };
struct test { enum test_kind kind; char *name, *value; };
struct compound { struct test tests[TESTS_MAX]; size_t count; bool child; /* of the compound before it */ };
struct selector { struct compound compounds[COMPOUNDS_MAX]; size_t count; };
struct selectors { struct selector *items; size_t count; };

struct reader { const char *text, *at; struct error *err; };

static bool refuse(struct reader *r, const char *what)
{
    return error_set(r->err, ERROR_INVALID, "selector \"%s\": %s at character %zu; use type, #id, .class, [attr=value], descendant, >, comma",
                     r->text, what, (size_t)(r->at - r->text) + 1);
}

static char *read_name(struct reader *r)
{
    const char *from = r->at;
    while (isalnum((unsigned char)*r->at) || *r->at == '-' || *r->at == '_' || (unsigned char)*r->at >= 0x80)
        r->at++;
    return r->at == from ? NULL : xstrndup(from, (size_t)(r->at - from));
}

static bool read_attribute_test(struct reader *r, struct test *t)
{
    t->kind = TEST_ATTRIBUTE;
    t->name = read_name(r);
    if (!t->name)
        return refuse(r, "no attribute name");
    if (*r->at == '=') {
        char quote = r->at[1] == '"' || r->at[1] == '\'' ? r->at[1] : 0;
        const char *from = r->at + 1 + (quote != 0);
        const char *to = from + strcspn(from, quote == '"' ? "\"" : quote ? "'" : "]");
        t->value = xstrndup(from, (size_t)(to - from));
        r->at = to + (quote && *to == quote);
    }
    if (*r->at != ']')
        return refuse(r, "no closing ]");
    r->at++;
    return true;
}

static bool read_test(struct reader *r, struct compound *c)
{
    if (c->count == TESTS_MAX)
        return refuse(r, "too many conditions");
    struct test *t = &c->tests[c->count++];
    char mark = *r->at;
    if (mark == '#' || mark == '.' || mark == '[')
        r->at++;
    if (mark == '[')
        return read_attribute_test(r, t);
    t->kind = mark == '#' ? TEST_ID : mark == '.' ? TEST_CLASS : TEST_TYPE;
    if (t->kind == TEST_TYPE && c->count > 1)
        return refuse(r, "unexpected character");
    t->name = read_name(r);
    return t->name ? true : refuse(r, "unexpected character");
}

static bool read_selector(struct reader *r, struct selector *s)
{
    bool child = false;
    for (;;) {
        while (isspace((unsigned char)*r->at))
            r->at++;
        if (*r->at == '>' && s->count && !child) {
            child = true;
            r->at++;
            continue;
        }
        if (!*r->at || *r->at == ',')
            break;
        if (s->count == COMPOUNDS_MAX)
            return refuse(r, "too many parts");
        struct compound *c = &s->compounds[s->count++];
        c->child = child;
        child = false;
        do
            if (!read_test(r, c))
                return false;
        while (*r->at && *r->at != ',' && *r->at != '>' && !isspace((unsigned char)*r->at));
    }
    return s->count && !child ? true : refuse(r, "an empty selector");
}

struct selectors *selectors_compile(const char *const *texts, size_t count, struct error *err)
{
    struct selectors *s = xcalloc(1, sizeof(*s));
    for (size_t i = 0; i < count; i++) {
        struct reader r = { texts[i], texts[i], err };
        for (bool more = true; more;) {
            s->items = xrealloc(s->items, (s->count + 1) * sizeof(*s->items));
            memset(&s->items[s->count], 0, sizeof(*s->items));
            if (!read_selector(&r, &s->items[s->count++])) {
                selectors_destroy(s);
                return NULL;
            }
            more = *r.at == ',';
            r.at += more;
        }
    }
    return s;
}

void selectors_destroy(struct selectors *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        for (size_t c = 0; c < s->items[i].count; c++)
            for (size_t t = 0; t < s->items[i].compounds[c].count; t++) {
                free(s->items[i].compounds[c].tests[t].name);
                free(s->items[i].compounds[c].tests[t].value);
            }
    free(s->items);
    free(s);
}

bool selectors_ask_attributes(const struct selectors *s)
{
    for (size_t i = 0; s && i < s->count; i++)
        for (size_t c = 0; c < s->items[i].count; c++)
            for (size_t t = 0; t < s->items[i].compounds[c].count; t++)
                if (s->items[i].compounds[c].tests[t].kind == TEST_ATTRIBUTE)
                    return true;
    return false;
}

static bool has_class(const char *classes, const char *name)
{
    size_t n = strlen(name);
    for (const char *s = classes; s && *s;) {
        size_t len = strcspn(s, " \t\r\n\f");
        if (len == n && memcmp(s, name, n) == 0)
            return true;
        s += len;
        s += strspn(s, " \t\r\n\f");
    }
    return false;
}

static bool test_holds(const struct test *t, const GumboNode *node)
{
    const char *value;
    switch (t->kind) {
    case TEST_TYPE: {
        const char *tag = gumbo_normalized_tagname(node->v.element.tag);
        return strcasecmp(tag, t->name) == 0;
    }
    case TEST_ID:
        value = html_attr(node, "id");
        return value && strcmp(value, t->name) == 0;
    case TEST_CLASS:
        return has_class(html_attr(node, "class"), t->name);
    case TEST_ATTRIBUTE:
        value = html_attr(node, t->name);
        return value && (!t->value || strcmp(value, t->value) == 0);
    }
    return false;
}

static bool compound_holds(const struct compound *c, const GumboNode *node)
{
    for (size_t i = 0; i < c->count; i++)
        if (!test_holds(&c->tests[i], node))
            return false;
    return true;
}

/* Descendants take the nearest ancestor that fits; a child step that then fails tries the next one up. */
static bool selector_holds(const struct selector *s, const struct doc *d, uint32_t element)
{
    size_t left = s->count - 1;
    if (!compound_holds(&s->compounds[left], d->elements[element].node))
        return false;
    uint32_t at = d->elements[element].parent, retry = DOC_NONE;
    size_t retry_left = 0;
    while (left > 0) {
        bool child = s->compounds[left].child;
        if (at == DOC_NONE) {
            if (retry == DOC_NONE)
                return false;
            at = retry;
            left = retry_left;
            retry = DOC_NONE;
            continue;
        }
        bool fits = compound_holds(&s->compounds[left - 1], d->elements[at].node);
        if (fits && !child) {
            retry = d->elements[at].parent;
            retry_left = left;
        }
        if (!fits && child) {
            if (retry == DOC_NONE)
                return false;
            at = retry;
            left = retry_left;
            retry = DOC_NONE;
            continue;
        }
        left -= fits;
        at = d->elements[at].parent;
    }
    return true;
}

void selectors_mark(const struct selectors *s, const struct doc *d, unsigned char *marks, unsigned char value)
{
    for (uint32_t i = 0; i < d->element_count; i++)
        for (size_t k = 0; k < s->count; k++)
            if (marks[i] != value && selector_holds(&s->items[k], d, i))
                memset(marks + i, value, d->elements[i].end - i);
}
