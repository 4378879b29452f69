/* html_scan.c - see html_scan.h. A tokenizer after the HTML standard, 13.2.5, that copies instead of building tokens. What the
 * tree builder would tell the tokenizer is tracked only as far as it can be known from tags; beyond that the scan gives up and
 * copies the rest. The result never gets longer than the page, so it is written without looking at room. */
#include "base/html_scan.h"

#include "base/html_depth.h"
#include "base/html_token.h"
#include "base/mem.h"

#include <gumbo.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define ATTRIBUTES_MAX  128 /* of one tag; Gumbo looks each up among the others */
#define HOLD_TEXT_MIN   8   /* bytes; shorter text is as soon read as put back */

struct scan {
    const char *text, *end;
    char *out;                /* write position; always at most as far as the read position */
    char *out_start;
    struct html_scan *result;
    struct html_held *held;   /* NULL: text stays */
    struct html_depth depth;
    bool body;                /* a start tag was seen that is never in the head */
    bool in_select;
    bool table;               /* perhaps in a table outside its cells, where text moves in front of the table */
    unsigned templates;       /* open ones: table is assumed inside */
    bool table_outside;       /* table, where the outermost of them began */
    bool pending;             /* text was copied that Gumbo may not have put into the tree yet */
    bool after_pre;           /* a newline here would be dropped */
};

static void put(struct scan *s, const char *p, size_t len)
{
    memcpy(s->out, p, len);
    s->out += len;
}

/* ---- attributes ---- */

static bool name_is(const struct html_attribute *a, const char *name)
{
    return strncasecmp(a->name, name, a->name_len) == 0 && name[a->name_len] == '\0';
}

static bool is_data_url(const struct html_attribute *a)
{
    return a->value_len > 5 && strncasecmp(a->value, "data:", 5) == 0;
}

/* A style that hides its element, or says of it that it does. */
static bool hides(const struct html_attribute *a)
{
    return a->value_len < 1000 && (memmem(a->value, a->value_len, "none", 4) || memmem(a->value, a->value_len, "hidden", 6));
}

static bool is_kept_value(const struct html_attribute *a, const char *name, GumboTag tag)
{
    if (strcmp(name, "src") == 0 || strcmp(name, "data-src") == 0)
        return !is_data_url(a);
    if (strcmp(name, "title") == 0)
        return tag != GUMBO_TAG_A;
    return strcmp(name, "style") != 0 || hides(a);
}

/* The attribute's name in lower case, a string that lives for ever, when it is one of those that are kept; else NULL. */
static const char *kept_name(const struct html_attribute *a)
{
    static const char *const names[] = { /* by length */
        "id", "alt", "rel", "src", "href", "lang", "name", "role", "type", "class", "style", "title", "width", "height", "hidden",
        "charset", "content", "datetime", "data-src", "itemprop", "itemtype", "property", "xml:lang", "itemscope", "http-equiv",
        "aria-hidden", "data-lazy-src", "data-original",
    };
    static const uint8_t first[] = { 0, 0, 0, 1, 4, 9, 13, 15, 17, 23, 24, 25, 26, 26, 28 }; /* of each length, and past the last */
    if (a->name_len + 1 >= COUNT(first))
        return NULL;
    for (size_t i = first[a->name_len]; i < first[a->name_len + 1]; i++)
        if (name_is(a, names[i]))
            return names[i];
    return NULL;
}

/* Elements that the tree builder may compare by all their attributes, read an attribute of, or add the attributes of a second one
 * to (html, body). At most one a is ever in the list of active formatting elements, so its attributes do not matter there. */
static bool keeps_all_attributes(GumboTag tag)
{
    switch (tag) {
    case GUMBO_TAG_B: case GUMBO_TAG_BIG: case GUMBO_TAG_CODE: case GUMBO_TAG_EM: case GUMBO_TAG_FONT: case GUMBO_TAG_I: case GUMBO_TAG_NOBR:
    case GUMBO_TAG_S: case GUMBO_TAG_SMALL: case GUMBO_TAG_STRIKE: case GUMBO_TAG_STRONG: case GUMBO_TAG_TT: case GUMBO_TAG_U: case GUMBO_TAG_ISINDEX:
    case GUMBO_TAG_HTML: case GUMBO_TAG_BODY:
        return true;
    default:
        return false;
    }
}

/* ---- tags ---- */

/* The names of the attributes written for one tag. Repeated ones go: with max_errors = 0, Gumbo 0.10.1 joins the name of a
 * repeated attribute to the next one's. */
struct names {
    const char *name[ATTRIBUTES_MAX];
    size_t len[ATTRIBUTES_MAX];
    unsigned count;
};

static bool is_repeated(const struct names *n, const struct html_attribute *a)
{
    for (unsigned i = 0; i < n->count; i++)
        if (n->len[i] == a->name_len && strncasecmp(n->name[i], a->name, a->name_len) == 0)
            return true;
    return false;
}

struct start_tag { /* under way */
    struct names names;
    bool all;         /* every attribute is kept, and none is held */
    bool holds;       /* what is kept waits beside the page */
    unsigned held;    /* where its attributes begin there */
    bool dropped;     /* the attribute before was not written */
    bool no_value;    /* … has no value */
    bool bare;        /* … has one without quotes: a slash would join it */
};

/* The tree builder reads the type of input. */
static bool may_hold(const struct scan *s, const struct start_tag *w, GumboTag id)
{
    return s->held && !w->all && id != GUMBO_TAG_INPUT && html_hold_has_room(s->held);
}

/* touching: it stands right behind the quote of the one before. */
static void put_attribute(struct scan *s, struct start_tag *w, const struct html_attribute *a, bool touching)
{
    if (w->dropped || !touching)
        *s->out++ = *a->name == '=' && w->no_value ? '/' : ' '; /* white space would make it a value */
    w->no_value = a->value == a->end;
    put(s, a->name, w->no_value ? a->name_len : (size_t)(a->end - a->name)); /* "alt=" would take what follows for its value */
    w->bare = a->value_len > 0 && a->end == a->value + a->value_len;
    w->dropped = false;
}

/* Whether to keep the attribute, of whose name (NULL: any other) only the first counts, kept or not. */
static bool is_wanted(struct scan *s, struct start_tag *w, GumboTag id, const struct html_attribute *a, const char *name)
{
    if ((!w->all && !name) || is_repeated(&w->names, a))
        return false;
    if (w->names.count == ATTRIBUTES_MAX) {
        s->result->flattened = true;
        return false;
    }
    w->names.name[w->names.count] = a->name;
    w->names.len[w->names.count++] = a->name_len;
    return w->all || is_kept_value(a, name, id);
}

static void take_attribute(struct scan *s, struct start_tag *w, GumboTag id, const struct html_attribute *a, bool touching)
{
    const char *name = kept_name(a);
    if (!is_wanted(s, w, id, a, name) ||
        (w->holds && a->end - a->name > HTML_HELD_LEN && html_hold_attribute(s->held, name, a->value, a->value_len)))
        w->dropped = true;
    else
        put_attribute(s, w, a, touching);
}

static void close_start_tag(struct scan *s, const struct start_tag *w, bool slash)
{
    if (w->holds && s->held->attribute_count > w->held) {
        *s->out++ = ' ';
        html_hold_element(s->held, w->held, s->out);
        s->out += HTML_HELD_LEN;
    } else if (slash && w->bare) {
        *s->out++ = ' ';
    }
    if (slash)
        *s->out++ = '/';
    *s->out++ = '>';
}

/* Writes a start tag with the attributes that are kept. False, and nothing written, when the text ends inside it. */
static bool copy_start_tag(struct scan *s, struct html_tag *t)
{
    const char *p = t->name + t->name_len;
    char *undo = s->out;
    bool slash = false;
    struct start_tag w;
    struct html_attribute a;

    w.names.count = 0;
    w.all = keeps_all_attributes(t->id);
    w.dropped = w.no_value = w.bare = false;
    w.holds = may_hold(s, &w, t->id);
    w.held = w.holds ? s->held->attribute_count : 0;
    put(s, t->start, (size_t)(p - t->start));
    for (;;) {
        const char *before = p;
        slash = false;
        p = html_attribute_next(p, s->end, &slash);
        if (p < s->end && *p == '>')
            break;
        if (p == s->end || !(p = html_attribute_read(p, s->end, &a))) {
            s->out = undo;
            if (w.holds)
                s->held->attribute_count = w.held;
            return false;
        }
        take_attribute(s, &w, t->id, &a, a.name == before);
    }
    close_start_tag(s, &w, slash);
    t->self_closing = slash;
    t->end = p + 1;
    return true;
}

/* Writes <name>, without attributes. */
static void put_shell_start(struct scan *s, const struct html_tag *t)
{
    put(s, t->start, (size_t)(t->name + t->name_len - t->start));
    *s->out++ = '>';
}

/* ---- what may go ---- */

/* Start tags that insert an element wherever they stand, but in a select. */
static bool always_inserts(GumboTag id)
{
    switch (id) {
    case GUMBO_TAG_ARTICLE: case GUMBO_TAG_ASIDE: case GUMBO_TAG_BR: case GUMBO_TAG_CENTER: case GUMBO_TAG_DIV: case GUMBO_TAG_DL:
    case GUMBO_TAG_FIGURE: case GUMBO_TAG_FOOTER: case GUMBO_TAG_H1: case GUMBO_TAG_H2: case GUMBO_TAG_H3: case GUMBO_TAG_H4: case GUMBO_TAG_HEADER:
    case GUMBO_TAG_IFRAME: case GUMBO_TAG_IMG: case GUMBO_TAG_LI: case GUMBO_TAG_LINK: case GUMBO_TAG_MAIN: case GUMBO_TAG_META: case GUMBO_TAG_NAV:
    case GUMBO_TAG_OL: case GUMBO_TAG_P: case GUMBO_TAG_SCRIPT: case GUMBO_TAG_SECTION: case GUMBO_TAG_SPAN: case GUMBO_TAG_STYLE:
    case GUMBO_TAG_UL:
        return true;
    default:
        return false;
    }
}

/* Gumbo hands pending text to the tree when it inserts or pops a node, or finds a comment. Where a tag moves or removes open
 * elements in another way (the end of a form, the adoption agency), pending text lands elsewhere than text that a comment had
 * handed over: so a comment goes only where no text is pending or an insertion follows. */
static bool hands_text_over(const struct scan *s, const char *after)
{
    struct html_tag t;

    if (!s->pending)
        return false;
    after = memchr(after, '<', (size_t)(s->end - after));
    if (s->in_select || !after || s->end - after < 3 || !html_is_letter(after[1]))
        return true;
    html_tag_begin(&t, after, s->end);
    return !always_inserts(t.id);
}

/* Whether what stands between the text written last and after may go without a trace. It may not where it keeps apart what
 * would else become one thing: "&am<!-- -->p;", a newline after pre, white space and text in a table. */
static bool may_vanish(const struct scan *s, const char *after)
{
    char last = s->out > s->out_start ? s->out[-1] : '>';

    return !s->table && !s->after_pre && (last == '>' || last == ' ' || last == '\n' || last == '\t') && !hands_text_over(s, after);
}

/* ---- raw text ---- */

static bool contains_fold(const char *s, size_t len, const char *piece)
{
    size_t n = strlen(piece);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(s + i, piece, n) == 0)
            return true;
    return false;
}

/* The plus may be escaped ("ld&#x2B;json" is what ASP.NET writes). */
static bool is_json_ld(const struct html_attribute *type)
{
    return contains_fold(type->value, type->value_len, "ld+json") || contains_fold(type->value, type->value_len, "ld&#x2b;json") ||
           contains_fold(type->value, type->value_len, "ld&#43;json");
}

static void keep_script(struct scan *s, const struct html_tag *t, const char *bytes, size_t len)
{
    const char *p = t->name + t->name_len;
    struct html_attribute a;
    bool slash;

    if (s->result->script_count == HTML_SCRIPTS_MAX)
        return;
    while (p = html_attribute_next(p, t->end, &slash), p < t->end && *p != '>') {
        p = html_attribute_read(p, t->end, &a);
        if (!p)
            return;
        if (!name_is(&a, "type"))
            continue;
        if (contains_fold(a.value, a.value_len, "json"))
            s->result->scripts[s->result->script_count++] = (struct html_script){
                is_json_ld(&a) ? HTML_SCRIPT_JSON_LD : HTML_SCRIPT_JSON, bytes, len };
        return;
    }
}

/* The elements whose contents are raw: emptied, or copied where the text belongs to the page. NULL: give up here. */
static const char *raw_element(struct scan *s, struct html_tag *t)
{
    bool emptied = t->id == GUMBO_TAG_SCRIPT || t->id == GUMBO_TAG_STYLE || t->id == GUMBO_TAG_IFRAME;
    struct html_tag close;

    if ((s->in_select && t->id != GUMBO_TAG_SCRIPT) || !html_tag_end(t, s->end))
        return NULL;
    const char *stop = t->id == GUMBO_TAG_SCRIPT ? html_script_end(t->end, s->end) : html_raw_end(t->end, s->end, t->name, t->name_len);
    if (!stop)
        return NULL;
    html_tag_begin(&close, stop, s->end);
    if (!html_tag_end(&close, s->end))
        return NULL;
    if (t->id == GUMBO_TAG_SCRIPT)
        keep_script(s, t, t->end, (size_t)(stop - t->end));
    if (t->id != GUMBO_TAG_IFRAME && emptied && s->body && !s->in_select && may_vanish(s, close.end)) {
        /* In the body, script and style touch nothing but the place where they stand. */
    } else if (emptied) {
        s->pending = s->pending && s->in_select;
        put_shell_start(s, t);
        put_shell_start(s, &close);
    } else {
        if (!copy_start_tag(s, t))
            return NULL;
        put(s, t->end, (size_t)(stop - t->end));
        put_shell_start(s, &close);
    }
    return close.end;
}

/* ---- comments ---- */

/* Leaves a comment out, or writes an empty one. */
static void drop_comment(struct scan *s, const char *from, const char *to)
{
    if (may_vanish(s, to))
        return;
    if (to - from <= 7)
        put(s, from, (size_t)(to - from));
    else
        put(s, "<!---->", 7);
    s->pending = false;
}

/* "<!" and "<?" and "</" with no letter behind. NULL: give up here. */
static const char *declaration(struct scan *s, const char *p)
{
    const char *end;

    if (s->end - p >= 4 && memcmp(p, "<!--", 4) == 0) {
        end = html_comment_end(p, s->end);
    } else {
        end = memchr(p + 2, '>', (size_t)(s->end - p - 2));
        end = end ? end + 1 : NULL;
        bool doctype = s->end - p >= 9 && strncasecmp(p, "<!doctype", 9) == 0;
        if (end && (doctype || end == p + 3)) { /* "</>" is nothing at all, and "<!>" shorter than a shell */
            put(s, p, (size_t)(end - p));
            return end;
        }
    }
    if (end)
        drop_comment(s, p, end);
    return end;
}

/* ---- elements whose contents are markup ---- */

static const char *foreign_element(struct scan *s, struct html_tag *t)
{
    if (s->in_select || !html_tag_end(t, s->end))
        return NULL;
    const char *after = t->self_closing ? t->end : html_foreign_end(t, s->end, s->table);
    if (!after)
        return NULL;
    put(s, t->start, (size_t)(t->name + t->name_len - t->start));
    if (t->self_closing) {
        put(s, "/>", 2);
    } else {
        put(s, "></", 3);
        put(s, t->name, t->name_len);
        put(s, ">", 1);
    }
    return after;
}

/* ---- the page ---- */

static bool is_head_tag(GumboTag id)
{
    switch (id) {
    case GUMBO_TAG_HTML: case GUMBO_TAG_HEAD: case GUMBO_TAG_BASE: case GUMBO_TAG_BASEFONT: case GUMBO_TAG_BGSOUND: case GUMBO_TAG_LINK:
    case GUMBO_TAG_META: case GUMBO_TAG_TITLE: case GUMBO_TAG_STYLE: case GUMBO_TAG_SCRIPT: case GUMBO_TAG_NOSCRIPT: case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_TEMPLATE:
        return true;
    default:
        return false;
    }
}

/* Keeps s->table: whether text here may stand in a table but in none of its cells. */
static void note_table(struct scan *s, GumboTag id, bool closes)
{
    switch (id) {
    case GUMBO_TAG_TABLE:
        s->table = !closes || s->templates;
        break;
    case GUMBO_TAG_TD: case GUMBO_TAG_TH: case GUMBO_TAG_CAPTION:
        s->table = closes || s->templates;
        break;
    case GUMBO_TAG_TR: case GUMBO_TAG_TBODY: case GUMBO_TAG_THEAD: case GUMBO_TAG_TFOOT: case GUMBO_TAG_COL: case GUMBO_TAG_COLGROUP:
        s->table = true;
        break;
    default:
        break;
    }
}

/* What makes the tree builder leave a select, in ways that the scan does not follow. */
static bool ends_select(GumboTag id)
{
    switch (id) {
    case GUMBO_TAG_SELECT: case GUMBO_TAG_INPUT: case GUMBO_TAG_KEYGEN: case GUMBO_TAG_TEMPLATE: case GUMBO_TAG_NOSCRIPT: case GUMBO_TAG_TABLE:
    case GUMBO_TAG_CAPTION: case GUMBO_TAG_TBODY: case GUMBO_TAG_THEAD: case GUMBO_TAG_TFOOT: case GUMBO_TAG_TR: case GUMBO_TAG_TD: case GUMBO_TAG_TH:
        return true;
    default:
        return false;
    }
}

static const char *plain_start_tag(struct scan *s, struct html_tag *t)
{
    if (s->in_select && ends_select(t->id))
        return NULL;
    if (!html_depth_start(&s->depth, t->id)) {
        if (!html_tag_end(t, s->end))
            return NULL;
        s->result->flattened = true;
        return t->end;
    }
    if (!copy_start_tag(s, t))
        return NULL;
    s->in_select = s->in_select || t->id == GUMBO_TAG_SELECT;
    if (t->id == GUMBO_TAG_TEMPLATE) {
        if (s->templates++ == 0)
            s->table_outside = s->table;
        s->table = true;
    }
    note_table(s, t->id, false);
    s->after_pre = t->id == GUMBO_TAG_PRE || t->id == GUMBO_TAG_LISTING;
    return t->end;
}

static const char *noscript_element(struct scan *s, struct html_tag *t)
{
    if (!s->body || s->table || s->in_select || s->depth.depth == s->depth.max || !html_tag_end(t, s->end))
        return plain_start_tag(s, t);
    const char *after = html_noscript_end(t, s->end);
    if (!after)
        return plain_start_tag(s, t);
    put(s, "<noscript></noscript>", 21);
    return after;
}

/* Handles the start tag at p and returns where to go on. NULL: give up here. */
static const char *start_tag(struct scan *s, const char *p)
{
    struct html_tag t;

    html_tag_begin(&t, p, s->end);
    s->body = s->body || (!s->templates && !is_head_tag(t.id));
    s->after_pre = false;
    if (t.id != GUMBO_TAG_SCRIPT && t.id != GUMBO_TAG_STYLE)
        s->pending = s->pending && (s->in_select || !always_inserts(t.id));
    switch (t.id) {
    case GUMBO_TAG_SCRIPT: case GUMBO_TAG_STYLE: case GUMBO_TAG_IFRAME: case GUMBO_TAG_NOEMBED: case GUMBO_TAG_NOFRAMES: case GUMBO_TAG_XMP:
    case GUMBO_TAG_TITLE: case GUMBO_TAG_TEXTAREA:
        return raw_element(s, &t);
    case GUMBO_TAG_SVG: case GUMBO_TAG_MATH:
        return foreign_element(s, &t);
    case GUMBO_TAG_NOSCRIPT:
        return noscript_element(s, &t);
    case GUMBO_TAG_PLAINTEXT:
        return NULL;
    case GUMBO_TAG_FRAMESET: /* may throw away the body that was begun: nothing may be missing from it */
        s->out = s->out_start;
        return s->text;
    default:
        return plain_start_tag(s, &t);
    }
}

static const char *end_tag_at(struct scan *s, const char *p)
{
    struct html_tag t;

    html_tag_begin(&t, p, s->end);
    if (!html_tag_end(&t, s->end) || (s->in_select && ends_select(t.id) && t.id != GUMBO_TAG_SELECT))
        return NULL;
    s->after_pre = false;
    if (!html_depth_end(&s->depth, t.id))
        return t.end;
    if (t.id == GUMBO_TAG_SELECT)
        s->in_select = false;
    if (t.id == GUMBO_TAG_TEMPLATE && s->templates && --s->templates == 0)
        s->table = s->table_outside;
    note_table(s, t.id, true);
    put_shell_start(s, &t);
    return t.end;
}

/* ---- text ---- */

/* A reference at "&": its name or number must stay as it stands, for it may end without a semicolon. */
static const char *put_reference(struct scan *s, const char *p, const char *end)
{
    const char *from = p++;
    while (p < end && (html_is_letter(*p) || (*p >= '0' && *p <= '9') || *p == '#'))
        p++;
    p += p < end && *p == ';';
    put(s, from, (size_t)(p - from));
    return p;
}

/* One character that is not held. */
static const char *put_character(struct scan *s, const char *p, const char *end)
{
    const char *from = p++;
    while (p < end && ((unsigned char)*p & 0xC0) == 0x80)
        p++;
    put(s, from, (size_t)(p - from));
    return p;
}

static const char *put_white(struct scan *s, const char *p, const char *end)
{
    *s->out++ = *p == '\r' ? '\n' : *p;
    while (p < end && html_is_space(*p))
        p++;
    return p;
}

static const char *put_run(struct scan *s, const char *p, const char *end)
{
    size_t len = html_hold_run(p, end);
    if (len == 0)
        return *p == '&' ? put_reference(s, p, end) : put_character(s, p, end);
    if (len < HOLD_TEXT_MIN || !html_hold_has_room(s->held)) {
        put(s, p, len);
    } else {
        html_hold_text(s->held, p, len, s->out);
        s->out += HTML_HELD_LEN;
    }
    return p + len;
}

static void put_text(struct scan *s, const char *p, const char *end)
{
    if (!s->held || s->depth.count[GUMBO_TAG_PRE] || s->depth.count[GUMBO_TAG_LISTING] || s->depth.beyond) {
        put(s, p, (size_t)(end - p));
        return;
    }
    while (p < end)
        p = html_is_space(*p) ? put_white(s, p, end) : put_run(s, p, end);
}

/* Scans from the start and returns where it gave up, or the end. */
static const char *scan_page(struct scan *s)
{
    const char *p = s->text;

    while (p < s->end) {
        const char *lt = memchr(p, '<', (size_t)(s->end - p)), *next;
        if (!lt || s->end - lt < 3) {
            return p;
        }
        if (lt > p) {
            put_text(s, p, lt);
            s->pending = true;
            s->after_pre = false;
        }
        if (html_is_letter(lt[1])) {
            next = start_tag(s, lt);
        } else if (lt[1] == '/' && html_is_letter(lt[2])) {
            next = end_tag_at(s, lt);
        } else if (lt[1] == '!' || lt[1] == '?' || lt[1] == '/') {
            next = declaration(s, lt);
        } else {
            put(s, lt, 1);
            s->pending = true;
            s->after_pre = false;
            next = lt + 1;
        }
        if (!next || next == s->text)
            return next ? next : lt;
        p = next;
    }
    return s->end;
}

static void scan_into(const char *text, size_t len, struct html_held *held, struct buffer *out, struct html_scan *result)
{
    char *start = out->data + out->len;
    struct scan s = { .text = text, .end = text + len, .out = start, .out_start = start, .result = result, .held = held };
    memset(result, 0, sizeof(*result));
    html_depth_init(&s.depth, 0);
    const char *rest = scan_page(&s);
    put(&s, rest, (size_t)(s.end - rest));
    bool has_tags = memchr(rest, '<', (size_t)(s.end - rest)) != NULL;
    result->copied_from = has_tags ? (size_t)(rest - text) : len;
    result->depth = s.depth.deepest;
    out->len = (size_t)(s.out - out->data);
    out->data[out->len] = '\0';
}

bool html_scan(const char *text, size_t len, struct html_held *held, struct buffer *out, struct html_scan *result, struct error *err)
{
    size_t before = out->len;
    memset(result, 0, sizeof(*result));
    if (!buffer_reserve(out, len))
        return error_set(err, ERROR_LIMIT, "a page of %zu bytes passes the bound of %zu bytes", len, out->max);
    if (held)
        html_hold_clear(held);
    scan_into(text, len, held && !html_hold_in_bytes(text, len) ? held : NULL, out, result);
    if (held && held->count && html_hold_in_references(out->data + before, out->len - before)) {
        html_hold_clear(held);
        out->len = before;
        scan_into(text, len, NULL, out, result);
    }
    return true;
}
