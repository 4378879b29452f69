/* html_same.h - the promise of html_scan.h as a check, for its unit test and its fuzz target. */
#ifndef TESTS_UNIT_BASE_HTML_SAME_H
#define TESTS_UNIT_BASE_HTML_SAME_H

#include "base/html.h"
#include "base/html_scan.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A tree as its elements begin and end, with the text in between. */
struct html_events {
    const GumboNode *root, *node; /* node: the next to enter, or to leave */
    bool leaving, done;
    struct buffer text;           /* since the event before */
};

static bool html_is_emptied(const GumboNode *n)
{
    if (n->type != GUMBO_NODE_ELEMENT)
        return false;
    GumboTag tag = n->v.element.tag;
    return tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE || tag == GUMBO_TAG_IFRAME || tag == GUMBO_TAG_NOSCRIPT || tag == GUMBO_TAG_SVG ||
           tag == GUMBO_TAG_MATH;
}

/* Elements that may be gone altogether. */
static bool html_is_removed(const GumboNode *n)
{
    return n->type == GUMBO_NODE_ELEMENT && (n->v.element.tag == GUMBO_TAG_SCRIPT || n->v.element.tag == GUMBO_TAG_STYLE);
}

/* Moves to the next element that begins or ends; NULL at the end. */
static const GumboNode *html_next_event(struct html_events *e, bool *leaving)
{
    buffer_clear(&e->text);
    while (!e->done) {
        const GumboNode *n = e->node;
        bool element = n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
        bool out = e->leaving;
        if (element && !out && n->v.element.children.length && !html_is_emptied(n)) {
            e->node = n->v.element.children.data[0];
        } else if (element && !out) {
            e->leaving = true;
        } else {
            if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE || n->type == GUMBO_NODE_CDATA)
                buffer_puts(&e->text, n->v.text.text);
            e->leaving = false;
            if (n == e->root) {
                e->done = true;
            } else {
                const GumboVector *siblings = &n->parent->v.element.children;
                if (n->index_within_parent + 1 < siblings->length)
                    e->node = siblings->data[n->index_within_parent + 1];
                else {
                    e->node = n->parent;
                    e->leaving = true;
                }
            }
        }
        if (element && !html_is_removed(n)) {
            *leaving = out;
            return n;
        }
    }
    return NULL;
}

static const char *const html_kept[] = { "alt", "aria-hidden", "charset", "class", "content", "data-lazy-src", "data-original", "data-src", "datetime",
                                         "height", "hidden", "href", "http-equiv", "id", "itemprop", "itemscope", "itemtype", "lang", "name", "property",
                                         "rel", "role", "src", "type", "width", "xml:lang" };

/* What differs between the attributes that both must have, or NULL. */
static const char *html_attributes_differ(const GumboNode *page, const GumboNode *scanned)
{
    if (html_is_emptied(page))
        return NULL;
    for (size_t i = 0; i < COUNT(html_kept); i++) {
        const char *a = html_attr(page, html_kept[i]), *b = html_attr(scanned, html_kept[i]);
        if (!b && a && (strcmp(html_kept[i], "src") == 0 || strcmp(html_kept[i], "data-src") == 0) && strncasecmp(a, "data:", 5) == 0)
            continue; /* data URLs go */
        if (!a != !b || (a && strcmp(a, b) != 0))
            return html_kept[i];
    }
    const GumboVector *list = &scanned->v.element.attributes;
    for (unsigned i = 0; i < list->length; i++) {
        const GumboAttribute *b = list->data[i];
        const char *a = html_attr(page, b->name);
        if (!a || strcmp(a, b->value) != 0)
            return b->name;
    }
    return NULL;
}

static void html_fold(struct buffer *b)
{
    size_t out = 0;
    for (size_t i = 0; i < b->len; i++)
        if (!strchr(" \t\n\f", b->data[i]))
            b->data[out++] = b->data[i];
        else if (out == 0 || b->data[out - 1] != ' ')
            b->data[out++] = ' ';
    if (b->len)
        b->data[b->len = out] = '\0';
}

/* Whether the trees are the same but for what a scan leaves out (fold: and for the length of white space); else says where, in a
 * string to free. */
static char *html_difference(const GumboNode *page, const GumboNode *scanned, bool fold)
{
    struct html_events a = { .root = page, .node = page }, b = { .root = scanned, .node = scanned };
    char *difference = NULL;

    buffer_init(&a.text, 0);
    buffer_init(&b.text, 0);
    for (unsigned event = 0; !difference; event++) {
        bool out_a = false, out_b = false;
        const GumboNode *x = html_next_event(&a, &out_a), *y = html_next_event(&b, &out_b);
        if (fold) {
            html_fold(&a.text);
            html_fold(&b.text);
        }
        if (strcmp(buffer_str(&a.text), buffer_str(&b.text)) != 0)
            difference = xasprintf("text before event %u: \"%.200s\" and \"%.200s\"", event, buffer_str(&a.text), buffer_str(&b.text));
        else if (!x != !y)
            difference = xasprintf("one tree ends at event %u", event);
        else if (!x)
            break;
        else if (x->v.element.tag != y->v.element.tag || x->v.element.tag_namespace != y->v.element.tag_namespace || out_a != out_b)
            difference = xasprintf("event %u: %s%s and %s%s (%.*s)", event, out_a ? "/" : "", gumbo_normalized_tagname(x->v.element.tag), out_b ? "/" : "",
                                   gumbo_normalized_tagname(y->v.element.tag), (int)(x->v.element.original_tag.length < 200 ? x->v.element.original_tag.length : 200), x->v.element.original_tag.data ? x->v.element.original_tag.data : "");
        else if (!out_a && html_attributes_differ(x, y))
            difference = xasprintf("event %u: %s: attribute %s", event, gumbo_normalized_tagname(x->v.element.tag), html_attributes_differ(x, y));
    }
    buffer_fini(&a.text);
    buffer_fini(&b.text);
    return difference;
}

static void *html_arena_alloc(void *arena, size_t size)
{
    void *p = arena_alloc(arena, size);
    if (!p)
        abort(); /* html_parse() got by with less */
    return p;
}

static void html_arena_free(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

/* Gumbo's tree in an arena, errors recorded: it garbles what follows a repeated attribute unless it may record that error;
 * pages have them, as has what the scan copied unread. */
static const GumboNode *html_tree(const char *text, size_t len, struct arena *a)
{
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = html_arena_alloc;
    options.deallocator = html_arena_free;
    options.userdata = a;
    arena_reset(a, 1 << 20);
    return gumbo_parse_with_options(&options, text, len)->root;
}

/* One way of scanning, held or not, against the page's tree. */
static char *html_way_breaks(const char *text, size_t len, const GumboNode *page, struct html_held *held, struct arena *two)
{
    struct buffer out;
    struct html_scan *scan = xcalloc(1, sizeof(*scan));
    char *difference = NULL;

    buffer_init(&out, 0);
    if (html_scan(text, len, held, &out, scan, NULL)) {
        if (out.len > len)
            difference = xasprintf("longer than the page");
        else if (!scan->flattened && html_parse(two, out.data, out.len, NULL, NULL)) {
            const GumboNode *scanned = html_tree(out.data, out.len, two);
            if (held && !html_hold_release(held, scanned, two))
                difference = xasprintf("no room for what was held");
            else
                difference = html_difference(page, scanned, held != NULL);
        }
    }
    free(scan);
    buffer_fini(&out);
    return difference;
}

/* NULL when the promises of html_scan.h and html_hold.h hold for this page, or when a limit keeps them from being looked at. */
static char *html_scan_breaks(const char *text, size_t len, struct arena *one, struct arena *two)
{
    struct html_held *held = xcalloc(1, sizeof(*held));
    char *difference = NULL;

    if (html_parse(one, text, len, NULL, NULL)) {
        const GumboNode *page = html_tree(text, len, one);
        difference = html_way_breaks(text, len, page, NULL, two);
        if (!difference)
            difference = html_way_breaks(text, len, page, held, two);
    }
    free(held);
    arena_reset(one, 1 << 20);
    arena_reset(two, 1 << 20);
    return difference;
}

#endif
