/* html.c - see html.h.
 *
 * Gumbo has no limits of its own: nested elements, formatting elements and attributes each make it quadratic in time, the
 * second also in memory, and it asserts that memory never runs out. So its allocator is ours: a bump pointer in an arena,
 * freeing nothing. A parse that passes the budget or the deadline is left by longjmp from inside the allocator; what it
 * had built is simply forgotten with the arena. max_errors = 0, because each recorded error copies the stack of open
 * elements. A page nested deeper than the cap is refused before Gumbo sees it. */
#include "base/html.h"

#include "base/clock.h"
#include "base/html_depth.h"

#include <inttypes.h>
#include <setjmp.h>
#include <string.h>

#define DEADLINE_DEFAULT_MS 1000
#define DEPTH_DEFAULT       512
#define CLOCK_EVERY         256 /* allocations; one costs Gumbo at most a walk over the open elements */

struct parse {
    struct arena *arena;
    int64_t deadline_ms;   /* clock_thread_ms() */
    unsigned until_clock;  /* allocations before the next look at the clock */
    enum { STOP_BUDGET = 1, STOP_DEADLINE } reason;
    jmp_buf out;
};

static void *parse_alloc(void *user, size_t size)
{
    struct parse *p = user;

    if (--p->until_clock == 0) {
        p->until_clock = CLOCK_EVERY;
        if (clock_thread_ms() >= p->deadline_ms)
            longjmp(p->out, STOP_DEADLINE);
    }
    void *memory = arena_alloc(p->arena, size);
    if (!memory)
        longjmp(p->out, STOP_BUDGET);
    return memory;
}

static void parse_free(void *user, void *memory)
{
    (void)user;
    (void)memory;
}

static GumboOutput *parse_guarded(struct parse *p, const char *text, size_t len)
{
    GumboOptions options = kGumboDefaultOptions;

    options.allocator = parse_alloc;
    options.deallocator = parse_free;
    options.userdata = p;
    options.max_errors = 0;
    p->reason = setjmp(p->out);
    return p->reason ? NULL : gumbo_parse_with_options(&options, text, len);
}

/* ---- depth ---- */

/* The end of the tag whose name begins at s: past its '>', with quoted attribute values skipped. */
static const char *tag_end(const char *s, const char *end)
{
    char quote = 0;

    for (; s < end; s++) {
        if (quote) {
            if (*s == quote)
                quote = 0;
        } else if (*s == '>') {
            return s + 1;
        } else if ((*s == '"' || *s == '\'') && s[-1] == '=') {
            quote = *s;
        }
    }
    return end;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static GumboTag tag_at(const char *s, const char *end)
{
    const char *name = s;

    while (s < end && *s != '>' && *s != '/' && (unsigned char)*s > ' ')
        s++;
    return gumbo_tagn_enum(name, (unsigned)(s - name));
}

/* A rough walk over the tags: what stands in comments and scripts is counted too, and closed as soon as they say so. */
static bool depth_within(const char *text, size_t len, unsigned cap)
{
    struct html_depth d;
    const char *end = text + len;

    html_depth_init(&d, cap);
    for (const char *s = text; (s = memchr(s, '<', (size_t)(end - s))) && end - s > 2;) {
        bool closes = s[1] == '/';
        const char *name = s + 1 + closes;
        s = name;
        if (!is_letter(*name))
            continue;
        if (!(closes ? html_depth_end : html_depth_start)(&d, tag_at(name, end)))
            return false;
        s = tag_end(name, end);
    }
    return true;
}

GumboOutput *html_parse(struct arena *a, const char *text, size_t len, const struct html_limits *limits, struct error *err)
{
    int64_t ms = limits && limits->deadline_ms ? limits->deadline_ms : DEADLINE_DEFAULT_MS;
    unsigned cap = limits && limits->max_depth ? limits->max_depth : DEPTH_DEFAULT;

    if (!(limits && limits->depth_known) && !depth_within(text, len, cap)) {
        error_set(err, ERROR_LIMIT, "page nests more than %u elements", cap);
        return NULL;
    }
    struct parse p = { .arena = a, .deadline_ms = clock_thread_ms() + ms, .until_clock = CLOCK_EVERY };
    GumboOutput *output = parse_guarded(&p, text, len);
    if (output && limits && limits->held && !html_hold_release(limits->held, output->root, a)) {
        p.reason = STOP_BUDGET;
        output = NULL;
    }
    if (p.reason == STOP_BUDGET)
        error_set(err, ERROR_LIMIT, "parsing the page of %zu bytes needs more than the arena's %zu bytes", len, arena_used(a));
    else if (p.reason == STOP_DEADLINE)
        error_set(err, ERROR_LIMIT, "parsing the page of %zu bytes takes more than %" PRId64 " ms", len, ms);
    return output;
}

const char *html_attr(const GumboNode *element, const char *name)
{
    if (element->type != GUMBO_NODE_ELEMENT && element->type != GUMBO_NODE_TEMPLATE)
        return NULL;
    const GumboVector *attributes = &element->v.element.attributes;
    for (unsigned i = 0; i < attributes->length; i++) {
        const GumboAttribute *a = attributes->data[i];
        if (strcmp(a->name, name) == 0)
            return a->value;
    }
    return NULL;
}

static const GumboVector *children_of(const GumboNode *node)
{
    if (node->type == GUMBO_NODE_DOCUMENT)
        return &node->v.document.children;
    if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE)
        return &node->v.element.children;
    return NULL;
}

const GumboNode *html_next(const GumboNode *root, const GumboNode *node)
{
    const GumboVector *children = children_of(node);

    return children && children->length ? children->data[0] : html_next_after(root, node);
}

const GumboNode *html_next_after(const GumboNode *root, const GumboNode *node)
{
    for (; node != root; node = node->parent) {
        const GumboVector *siblings = children_of(node->parent);
        if (node->index_within_parent + 1 < siblings->length)
            return siblings->data[node->index_within_parent + 1];
    }
    return NULL;
}
