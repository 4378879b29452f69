/* doc.c - see doc.h. One walk with a stack of its own: each element is read once (a loop over its attributes), each
 * character of text is copied and counted in the same step. */
#include "extractor/doc.h"

#include "base/hash.h"
#include "base/html.h"
#include "base/mem.h"
#include "extractor/words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

/* ---- memory ---- */

static void *grow(void *items, size_t *cap, size_t want, size_t size)
{
    if (want <= *cap)
        return items;
    size_t n = *cap ? *cap : 256;
    while (n < want)
        n *= 2;
    *cap = n;
    return xrealloc(items, n * size);
}
#define ROOM(d, list, cap, count) ((d)->list = grow((d)->list, &(d)->cap, (count), sizeof(*(d)->list)))

static void list_add(struct node_list *l, const GumboNode *node)
{
    l->items = grow(l->items, &l->cap, l->count + 1, sizeof(*l->items));
    l->items[l->count++] = node;
}

void doc_init(struct doc *d, const struct chars *chars, struct vocab *vocab)
{
    memset(d, 0, sizeof(*d));
    d->chars = chars;
    d->vocab = vocab;
}

void doc_fini(struct doc *d)
{
    struct node_list *lists[] = { &d->metas, &d->head_links, &d->scripts, &d->times, &d->rel_links, &d->items };
    for (size_t i = 0; i < COUNT(lists); i++)
        free(lists[i]->items);
    free(d->elements);
    free(d->blocks);
    free(d->links);
    free(d->images);
    free(d->words);
    free(d->text);
    memset(d, 0, sizeof(*d));
}

static void doc_clear(struct doc *d)
{
    d->element_count = d->block_count = d->link_count = d->image_count = d->word_count = d->text_len = 0;
    d->metas.count = d->head_links.count = d->scripts.count = d->times.count = d->rel_links.count = d->items.count = 0;
    d->title_node = d->html_node = NULL;
    d->videos = d->iframes = d->audios = d->forms = d->inputs = d->passwords = d->pictures = 0;
    memset(d->tags, 0, sizeof(d->tags));
    d->cut = false;
}

/* ---- what a tag is ---- */

enum { TAG_BLOCK = 1, TAG_SKIP = 2 };
struct tag_info {
    uint8_t flags, owner, inline_tag;
    uint32_t around;
};
static const struct tag_info tag_infos[GUMBO_TAG_LAST + 1] = {
#define INLINE(tag, kind, bits) [GUMBO_TAG_##tag] = { 0, OWNER_OTHER, INLINE_##kind, bits }
#define BLOCK(tag, kind, bits) [GUMBO_TAG_##tag] = { TAG_BLOCK, OWNER_##kind, 0, bits }
#define SKIP(tag) [GUMBO_TAG_##tag] = { TAG_SKIP, OWNER_OTHER, 0, 0 }
    INLINE(A, A, IN_LINK), INLINE(ABBR, OTHER, 0), INLINE(ACRONYM, OTHER, 0), INLINE(B, B, IN_BOLD), INLINE(BDI, OTHER, 0),
    INLINE(BDO, OTHER, 0), INLINE(BIG, OTHER, 0), INLINE(CITE, OTHER, 0), INLINE(CODE, OTHER, 0), INLINE(DATA, OTHER, 0),
    INLINE(DEL, OTHER, 0), INLINE(DFN, OTHER, 0), INLINE(EM, EM, IN_ITALIC), INLINE(FONT, SPAN, 0), INLINE(I, EM, IN_ITALIC),
    INLINE(IMG, OTHER, 0), INLINE(INS, OTHER, 0), INLINE(KBD, OTHER, 0), INLINE(LABEL, OTHER, 0), INLINE(MARK, OTHER, 0),
    INLINE(METER, OTHER, 0), INLINE(NOBR, OTHER, 0), INLINE(OUTPUT, OTHER, 0), INLINE(Q, OTHER, 0), INLINE(RUBY, OTHER, 0), INLINE(RP, OTHER, 0), INLINE(RT, OTHER, 0),
    INLINE(S, OTHER, 0), INLINE(SAMP, OTHER, 0), INLINE(SMALL, SMALL, 0),
    INLINE(SPAN, SPAN, 0), INLINE(STRIKE, OTHER, 0), INLINE(STRONG, B, IN_BOLD), INLINE(SUB, OTHER, 0), INLINE(SUP, OTHER, 0),
    INLINE(TIME, TIME, 0), INLINE(TT, OTHER, 0), INLINE(U, OTHER, 0), INLINE(VAR, OTHER, 0), INLINE(WBR, OTHER, 0),
    INLINE(UNKNOWN, OTHER, 0), INLINE(META, OTHER, 0), INLINE(LINK, OTHER, 0), INLINE(BR, OTHER, 0),
    INLINE(SOURCE, OTHER, 0),
    BLOCK(P, P, 0), BLOCK(H1, H1, 0), BLOCK(H2, H2, 0), BLOCK(H3, H3, 0), BLOCK(H4, H4, 0), BLOCK(H5, H4, 0), BLOCK(H6, H4, 0),
    BLOCK(LI, LI, IN_LI), BLOCK(DIV, DIV, 0), BLOCK(TD, TD, 0), BLOCK(TH, TD, 0), BLOCK(BLOCKQUOTE, BLOCKQUOTE, IN_BLOCKQUOTE),
    BLOCK(FIGCAPTION, FIGCAPTION, IN_FIGURE), BLOCK(CAPTION, FIGCAPTION, IN_TABLE), BLOCK(PRE, PRE, IN_PRE), BLOCK(DD, DD, 0),
    BLOCK(DT, DT, 0), BLOCK(SECTION, SECTION, IN_SECTION), BLOCK(ARTICLE, ARTICLE, IN_ARTICLE), BLOCK(HEADER, HEADER, IN_HEADER),
    BLOCK(FOOTER, FOOTER, IN_FOOTER), BLOCK(NAV, NAV, IN_NAV), BLOCK(ASIDE, ASIDE, IN_ASIDE), BLOCK(BODY, BODY, 0),
    BLOCK(FORM, FORM, IN_FORM), BLOCK(UL, UL, IN_UL), BLOCK(OL, UL, IN_OL), BLOCK(MENU, UL, IN_UL), BLOCK(CENTER, CENTER, 0),
    BLOCK(ADDRESS, ADDRESS, IN_ADDRESS), BLOCK(FIGURE, OTHER, IN_FIGURE), BLOCK(MAIN, OTHER, IN_MAIN), BLOCK(TABLE, OTHER, IN_TABLE),
    BLOCK(TBODY, OTHER, 0), BLOCK(THEAD, OTHER, 0), BLOCK(TFOOT, OTHER, 0), BLOCK(TR, OTHER, 0), BLOCK(DL, OTHER, 0),
    BLOCK(DETAILS, OTHER, IN_DETAILS), BLOCK(SUMMARY, LABEL, 0), BLOCK(FIELDSET, FORM, 0), BLOCK(LEGEND, LABEL, 0),
    BLOCK(HR, OTHER, 0), BLOCK(HGROUP, HEADER, 0), BLOCK(HTML, OTHER, 0), BLOCK(HEAD, OTHER, 0), BLOCK(DIR, UL, IN_UL),
    BLOCK(MARQUEE, OTHER, 0), BLOCK(FRAMESET, OTHER, 0),
    SKIP(SCRIPT), SKIP(STYLE), SKIP(NOSCRIPT), SKIP(TEMPLATE), SKIP(SVG), SKIP(IFRAME), SKIP(OBJECT), SKIP(EMBED), SKIP(CANVAS),
    SKIP(VIDEO), SKIP(AUDIO), SKIP(SELECT), SKIP(OPTION), SKIP(TEXTAREA), SKIP(MATH), SKIP(MAP), SKIP(BUTTON), SKIP(INPUT),
    SKIP(DATALIST), SKIP(TITLE), SKIP(APPLET), SKIP(NOFRAMES), SKIP(NOEMBED), SKIP(XMP),
#undef INLINE
#undef BLOCK
#undef SKIP
};

/* ---- the walk ---- */

struct frame {
    const GumboVector *children;
    unsigned next;      /* child */
    uint32_t element;
};
struct walk {
    struct doc *d;
    struct block *open;        /* the block under construction, in d->blocks; NULL between blocks */
    unsigned pending;          /* white space to write before the next character: 0, ' ' or '\n' */
    unsigned line_breaks;      /* <br> seen since the last character */
    uint32_t word_hash;        /* of the word under way; 0 between words */
    unsigned word_letters, word_uppers;
    uint32_t last_char;        /* of the block, other than space */
    bool after_stop;           /* it ended a sentence, if space follows */
    uint32_t last_link;        /* link that owns the current text, to count each once */
    uint32_t last_linked;      /* the element whose link that is: its next character need not look for it again */
    unsigned depth;
    struct frame stack[DOC_MAX_DEPTH];
};

static bool is_quote(uint32_t c)
{
    return c == '"' || c == '\'' || c == ')' || c == ']' || c == 0xBB || c == 0xAB || (c >= 0x2018 && c <= 0x201F) || c == 0x203A
           || c == 0x300D || c == 0x300F;
}

static void word_close(struct walk *w)
{
    if (!w->word_hash)
        return;
    struct doc *d = w->d;
    d->words[d->word_count++] = w->word_hash;
    w->open->capitalised += w->word_uppers > 0;
    w->open->all_caps += w->word_letters > 1 && w->word_uppers == w->word_letters;
    w->word_hash = 0;
    w->word_letters = w->word_uppers = 0;
}

static void sentence_close(struct walk *w)
{
    if (w->after_stop)
        w->open->stops++;
    w->after_stop = false;
}

static void block_finish(struct walk *w)
{
    struct doc *d = w->d;
    struct block *b = w->open;

    word_close(w);
    sentence_close(w);
    b->len = (uint32_t)d->text_len - b->text;
    b->words = (uint32_t)d->word_count - b->word;
    b->hash = hash64(d->words + b->word, b->words * sizeof(*d->words));
    unsigned last = chars_class(d->chars, w->last_char);
    b->ends_stop = (last & CHAR_STOP) || b->ends_stop;
    b->ends_mark = (last & CHAR_PUNCT) != 0;
    const char *s = d->text + b->text;
    uint32_t first = chars_next(&s, d->text + d->text_len);
    b->opens_mark = is_quote(first) || first == '-' || (first >= 0x2010 && first <= 0x2015) || first == 0x2022;
    b->lower_start = utf8proc_category((utf8proc_int32_t)first) == UTF8PROC_CATEGORY_LL;
    d->block_count++;
}

static void flush(struct walk *w)
{
    struct doc *d = w->d;

    if (w->open) {
        bool worth = w->open->letters || w->open->digit_n > 0;
        uint32_t text = w->open->text, word = w->open->word;
        block_finish(w);
        if (!worth) { /* bullets, bars: no block */
            d->block_count--;
            d->text_len = text;
            d->word_count = word;
        }
        while (d->link_count && d->links[d->link_count - 1].block >= d->block_count)
            d->link_count--;
        w->open = NULL;
    }
    w->pending = w->line_breaks = 0;
    w->last_char = 0;
    w->last_link = DOC_NONE;
}

static bool block_start(struct walk *w, uint32_t element)
{
    struct doc *d = w->d;

    if (d->block_count >= DOC_MAX_BLOCKS) {
        d->cut = true;
        return false;
    }
    ROOM(d, blocks, block_cap, d->block_count + 1);
    struct block *b = &d->blocks[d->block_count];
    *b = (struct block){ .text = (uint32_t)d->text_len, .word = (uint32_t)d->word_count, .images_before = (uint32_t)d->image_count,
                         .first_link = (uint32_t)d->link_count };
    const struct element *e = &d->elements[element];
    if (!e->block_level) {
        b->first_inline = e->inline_tag;
        b->says = e->says;
    }
    b->owner = e->block_level ? element : e->up;
    w->open = b;
    w->pending = 0;
    return true;
}

static void put(struct walk *w, const char *bytes, size_t len)
{
    struct doc *d = w->d;

    if (w->pending) {
        if (w->line_breaks) {
            w->open->breaks++;
            w->pending = '\n';
        }
        d->text[d->text_len++] = (char)w->pending;
        w->pending = 0;
    }
    w->line_breaks = 0;
    for (size_t i = 0; i < len; i++)
        d->text[d->text_len++] = bytes[i];
}

static void count_mark(struct walk *w, uint32_t cp, unsigned class)
{
    struct block *b = w->open;

    b->puncts++;
    b->commas += (class & CHAR_COMMA) != 0;
    if (class & CHAR_STOP) {
        w->after_stop = true;
        if (cp >= 0x3000)
            sentence_close(w);
    } else if (!is_quote(cp)) {
        w->after_stop = false;
    }
    b->has_bar |= cp == '|' || cp == 0x203A || cp == 0xBB;
    b->has_arrow |= cp == '>' || (cp >= 0x2190 && cp <= 0x21FF) || (cp >= 0x25B6 && cp <= 0x25C5);
    b->has_copyright |= cp == 0xA9;
    b->has_at |= cp == '@';
}

static void count_letter(struct walk *w, uint32_t cp, unsigned class)
{
    struct block *b = w->open;

    w->after_stop = false;
    if ((class & CHAR_DENSE) && w->word_hash)
        word_close(w);
    w->word_hash = word_add(w->word_hash ? w->word_hash : WORD_SEED, chars_lower(w->d->chars, cp));
    if (class & CHAR_LETTER) {
        b->letters++;
        w->word_letters++;
        w->word_uppers += (class & CHAR_UPPER) != 0;
    }
    if (class & CHAR_DENSE)
        word_close(w);
}

static void count_char(struct walk *w, uint32_t cp, unsigned class, uint32_t around)
{
    struct block *b = w->open;
    float n = class & CHAR_DENSE ? CHAR_DENSE_WEIGHT : 1;

    b->n += n;
    if (around & IN_LINK)
        b->link_n += n;
    if (around & IN_BOLD)
        b->bold_n += n;
    if (around & IN_ITALIC)
        b->italic_n += n;
    if (class & CHAR_DIGIT)
        b->digit_n += n;
    if (class & (CHAR_LETTER | CHAR_DIGIT)) {
        count_letter(w, cp, class);
    } else {
        word_close(w);
        count_mark(w, cp, class);
    }
    w->last_char = cp;
}

/* The small ASCII letters from s on, which go on with a word: what count_char() does for each, for all of them. */
static const char *count_small(struct walk *w, const char *s, const char *end, uint32_t around)
{
    struct doc *d = w->d;
    struct block *b = w->open;
    const char *from = s;
    uint32_t hash = w->word_hash;

    while (s < end && (unsigned)*s - 'a' < 26)
        hash = word_add(hash, (unsigned char)*s++);
    size_t count = (size_t)(s - from);
    if (!hash || !count)
        return from;
    memcpy(d->text + d->text_len, from, count);
    d->text_len += count;
    w->word_hash = hash;
    w->last_char = (unsigned char)s[-1];
    w->word_letters += (unsigned)count;
    b->letters += (unsigned)count;
    b->n += (float)count;
    b->link_n += around & IN_LINK ? (float)count : 0;
    b->bold_n += around & IN_BOLD ? (float)count : 0;
    b->italic_n += around & IN_ITALIC ? (float)count : 0;
    return s;
}

static void link_note(struct walk *w, uint32_t element)
{
    struct doc *d = w->d;
    const struct element *e = &d->elements[element];

    if (w->last_link != DOC_NONE && w->last_linked == element)
        return;
    w->last_linked = element;
    while (e->inline_tag != INLINE_A && e->parent != DOC_NONE)
        e = &d->elements[e->parent];
    uint32_t link = (uint32_t)(e - d->elements);
    if (link == w->last_link)
        return;
    w->last_link = link;
    w->open->links++;
    ROOM(d, links, link_cap, d->link_count + 1);
    d->links[d->link_count++] = (struct link){ e->node, (uint32_t)d->block_count };
}

/* Spaces in the text are folded; between blocks they are dropped. A soft hyphen is no character. */
static void read_text(struct walk *w, const char *s, uint32_t element)
{
    struct doc *d = w->d;
    size_t len = strlen(s);
    const char *end = s + len;
    uint32_t around = d->elements[element].around;

    ROOM(d, text, text_cap, d->text_len + len + 2);
    ROOM(d, words, word_cap, d->word_count + len + 2);
    while (s < end) {
        const char *from = s;
        uint32_t cp = chars_next(&s, end);
        unsigned class = chars_class(d->chars, cp);
        if (class & CHAR_SPACE) {
            if (w->open) {
                word_close(w);
                sentence_close(w);
                w->pending = cp == '\n' && (around & IN_PRE) ? '\n' : w->pending == '\n' ? '\n' : ' ';
            }
            continue;
        }
        if (cp == 0xAD || cp == 0xFEFF || cp == 0x2060)
            continue;
        if (!w->open && !block_start(w, element))
            return;
        put(w, from, (size_t)(s - from));
        if (around & IN_LINK)
            link_note(w, element);
        count_char(w, cp, class, around);
        if (w->word_hash)
            s = count_small(w, s, end, around);
    }
}

static void line_break(struct walk *w)
{
    if (w->open) {
        word_close(w);
        sentence_close(w);
        w->pending = '\n';
    }
    if (++w->line_breaks >= 2)
        flush(w);
}

/* ---- elements ---- */

static uint32_t role_bits(const char *role)
{
    static const struct { const char *name; uint32_t bit; } roles[] = {
        { "navigation", ROLE_NAVIGATION }, { "complementary", ROLE_COMPLEMENTARY }, { "main", ROLE_MAIN }, { "banner", ROLE_BANNER },
        { "contentinfo", ROLE_CONTENTINFO }, { "search", ROLE_SEARCH }, { "dialog", ROLE_DIALOG }, { "alertdialog", ROLE_DIALOG },
    };
    for (size_t i = 0; i < COUNT(roles); i++)
        if (strcasecmp(role, roles[i].name) == 0)
            return roles[i].bit;
    return 0;
}

static bool style_hides(const char *style)
{
    const char *s = strcasestr(style, "display");
    if (s) {
        s += strlen("display");
        s += strspn(s, " :");
        if (strncasecmp(s, "none", 4) == 0)
            return true;
    }
    return strcasestr(style, "visibility:hidden") != NULL;
}

struct attributes { /* of one element, as far as they matter here */
    const char *class;
    uint32_t around, says;
    bool item, rel;
};

static void read_attribute(struct doc *d, const GumboAttribute *a, struct attributes *out)
{
    const char *name = a->name, *value = a->value;

    switch (name[0]) {
    case 'c':
        if (strcmp(name, "class") == 0) {
            out->class = value;
            out->says |= vocab_lookup(d->vocab, value);
        }
        break;
    case 'i':
        if (strcmp(name, "id") == 0)
            out->says |= vocab_lookup(d->vocab, value);
        else if (strcmp(name, "itemprop") == 0) {
            out->item = true;
            if (strcasestr(value, "articleBody"))
                out->around |= IN_ARTICLE_BODY;
        }
        break;
    case 'r':
        if (strcmp(name, "role") == 0)
            out->around |= role_bits(value);
        else if (strcmp(name, "rel") == 0)
            out->rel = true;
        break;
    case 'h':
        if (strcmp(name, "hidden") == 0)
            out->around |= IN_HIDDEN;
        break;
    case 's':
        if (strcmp(name, "style") == 0 && style_hides(value))
            out->around |= IN_HIDDEN;
        break;
    case 'a':
        if (strcmp(name, "aria-hidden") == 0 && strcasecmp(value, "true") == 0)
            out->around |= IN_ARIA_HIDDEN;
        break;
    }
}

static struct attributes read_attributes(struct doc *d, const GumboElement *element)
{
    struct attributes out = { .class = "" };
    for (unsigned i = 0; i < element->attributes.length; i++)
        read_attribute(d, element->attributes.data[i], &out);
    return out;
}

/* Nodes that metadata and page type want, wherever they stand. */
static void note_node(struct doc *d, const GumboNode *node, const struct attributes *a)
{
    switch (node->v.element.tag) {
    case GUMBO_TAG_META: list_add(&d->metas, node); break;
    case GUMBO_TAG_LINK: list_add(&d->head_links, node); break;
    case GUMBO_TAG_SCRIPT: list_add(&d->scripts, node); break;
    case GUMBO_TAG_TIME: list_add(&d->times, node); break;
    case GUMBO_TAG_TITLE: if (!d->title_node) d->title_node = node; break;
    case GUMBO_TAG_HTML: if (!d->html_node) d->html_node = node; break;
    case GUMBO_TAG_VIDEO: d->videos++; break;
    case GUMBO_TAG_AUDIO: d->audios++; break;
    case GUMBO_TAG_IFRAME: d->iframes++; break;
    case GUMBO_TAG_FORM: d->forms++; break;
    case GUMBO_TAG_INPUT: {
        const char *type = html_attr(node, "type");
        d->inputs++;
        d->passwords += type && strcasecmp(type, "password") == 0;
        break;
    }
    default: break;
    }
    if (a->item)
        list_add(&d->items, node);
    if (a->rel && node->v.element.tag == GUMBO_TAG_A)
        list_add(&d->rel_links, node);
}

static int semantic_level(const struct element *e, uint32_t own_around, GumboTag tag)
{
    if (own_around & IN_ARTICLE_BODY)
        return 1;
    if (e->says & NAME_CONTENT)
        return 2;
    if (tag == GUMBO_TAG_ARTICLE)
        return 3;
    if (tag == GUMBO_TAG_MAIN || (own_around & ROLE_MAIN))
        return 4;
    return e->says & NAME_MAIN ? 5 : 0;
}

static void inherit(struct element *e, const struct element *parent)
{
    for (int g = 0; g < GROUP_COUNT; g++) {
        unsigned far = parent ? parent->far[g] + e->block_level : FAR;
        e->far[g] = e->says >> g & 1 ? 0 : far < FAR ? (uint8_t)far : FAR;
    }
    e->around |= parent ? parent->around : 0;
    e->depth = parent ? (uint16_t)(parent->depth + 1) : 0;
    e->depth_in_blocks = parent ? (uint8_t)(parent->depth_in_blocks + (e->block_level && parent->depth_in_blocks < 255)) : 0;
    if (!parent)
        e->up = DOC_NONE;
}

static uint32_t element_add(struct doc *d, const GumboNode *node, uint32_t parent, const struct attributes *a)
{
    GumboTag tag = node->v.element.tag;
    const struct tag_info *info = &tag_infos[tag];
    uint32_t index = (uint32_t)d->element_count;

    ROOM(d, elements, element_cap, d->element_count + 1);
    struct element *e = &d->elements[d->element_count++];
    *e = (struct element){ .node = node, .parent = parent, .says = a->says, .tag = (uint8_t)tag, .owner = info->owner,
                           .inline_tag = info->inline_tag, .block_level = (info->flags & TAG_BLOCK) != 0 };
    e->signature = (hash64(a->class, strlen(a->class)) ^ tag) * 0x9E3779B97F4A7C15u;
    e->around = info->around | a->around;
    if ((a->says & NAME_EMBED) && tag == GUMBO_TAG_BLOCKQUOTE)
        e->around |= IN_EMBED;
    if (a->says & NAME_HIDDEN)
        e->around |= IN_HIDDEN;
    e->semantic = (uint8_t)semantic_level(e, a->around, tag);
    struct element *p = parent == DOC_NONE ? NULL : &d->elements[parent];
    if (p) {
        e->nth = p->children++;
        e->up = p->block_level ? parent : p->up;
    }
    inherit(e, p);
    return index;
}

/* The reading above a word is text only where the page gives it brackets. */
static bool is_bare_reading(const GumboNode *node)
{
    if (node->v.element.tag != GUMBO_TAG_RT)
        return false;
    if (node->index_within_parent == 0 || node->parent->type != GUMBO_NODE_ELEMENT)
        return true;
    const GumboNode *before = node->parent->v.element.children.data[node->index_within_parent - 1];
    return before->type != GUMBO_NODE_ELEMENT || before->v.element.tag != GUMBO_TAG_RP;
}

/* A noscript in which something was not closed swallows what follows: the page is in it. */
static bool swallows_page(const struct doc *d, const GumboNode *node)
{
    const GumboElement *e = &node->v.element;
    if (e->tag != GUMBO_TAG_NOSCRIPT || !d->html_node)
        return false;
    if (e->original_end_tag.length == 0)
        return true;
    size_t page = d->html_node->v.element.end_pos.offset, from = e->start_pos.offset, to = e->end_pos.offset;
    return to > from && (to - from) * 3 > page && to - from > 5000;
}

static bool skipped(const struct tag_info *info, const struct attributes *a, GumboTag tag)
{
    return (info->flags & TAG_SKIP) || (!(info->flags & TAG_BLOCK) && tag != GUMBO_TAG_A && (a->says & NAME_POPOVER));
}

static void enter(struct walk *w, const GumboNode *node, uint32_t parent)
{
    struct doc *d = w->d;
    GumboTag tag = node->v.element.tag <= GUMBO_TAG_LAST ? node->v.element.tag : GUMBO_TAG_UNKNOWN;
    const struct tag_info *info = &tag_infos[tag];
    struct attributes a = read_attributes(d, &node->v.element);

    d->tags[tag]++;
    note_node(d, node, &a);
    if (tag == GUMBO_TAG_BR) {
        line_break(w);
        return;
    }
    if ((skipped(info, &a, tag) && !swallows_page(d, node)) || is_bare_reading(node) || node->type == GUMBO_NODE_TEMPLATE)
        return;
    if (d->element_count >= DOC_MAX_ELEMENTS || w->depth >= DOC_MAX_DEPTH) {
        d->cut = true;
        return;
    }
    if (info->flags & TAG_BLOCK)
        flush(w);
    uint32_t index = element_add(d, node, parent, &a);
    if (tag == GUMBO_TAG_IMG) {
        ROOM(d, images, image_cap, d->image_count + 1);
        d->images[d->image_count++] = (struct image){ node, index, (uint32_t)(d->block_count + (w->open != NULL)) };
    }
    if (tag == GUMBO_TAG_TIME && w->open)
        w->open->has_time = 1;
    w->stack[w->depth++] = (struct frame){ &node->v.element.children, 0, index };
}

static void leave(struct walk *w)
{
    const struct frame *f = &w->stack[--w->depth];
    struct element *e = &w->d->elements[f->element];

    e->end = (uint32_t)w->d->element_count;
    if (e->block_level)
        flush(w);
    else if (e->inline_tag == INLINE_TIME && w->open)
        w->open->has_time = 1;
}

static void step(struct walk *w)
{
    struct frame *f = &w->stack[w->depth - 1];

    if (f->next >= f->children->length) {
        leave(w);
        return;
    }
    const GumboNode *child = f->children->data[f->next++];
    switch (child->type) {
    case GUMBO_NODE_ELEMENT:
    case GUMBO_NODE_TEMPLATE:
        enter(w, child, f->element);
        break;
    case GUMBO_NODE_TEXT:
    case GUMBO_NODE_WHITESPACE:
    case GUMBO_NODE_CDATA:
        if (w->d->elements[f->element].tag != GUMBO_TAG_HEAD)
            read_text(w, child->v.text.text, f->element);
        break;
    default:
        break;
    }
}

/* ---- counting equals ---- */

/* Counts equal keys with one open-addressing table; two passes give each item its key's count. */
struct counter {
    struct { uint64_t key; uint32_t count; } *slots;
    size_t mask;
};

static struct counter counter_create(size_t items)
{
    size_t size = 64;
    while (size < items * 2)
        size *= 2;
    return (struct counter){ xcalloc(size, sizeof(*((struct counter *)0)->slots)), size - 1 };
}

static uint32_t *counter_at(struct counter *c, uint64_t key)
{
    key += !key;
    size_t i = (key ^ key >> 29) & c->mask;
    while (c->slots[i].key && c->slots[i].key != key)
        i = (i + 1) & c->mask;
    c->slots[i].key = key;
    return &c->slots[i].count;
}

static uint64_t sibling_key(const struct element *e)
{
    return (e->signature ^ (uint64_t)e->parent * 0xD6E8FEB86659FD93u) * 0x9E3779B97F4A7C15u;
}

static void count_alike(struct doc *d)
{
    struct counter c = counter_create(d->element_count);
    for (size_t i = 0; i < d->element_count; i++)
        ++*counter_at(&c, sibling_key(&d->elements[i]));
    for (size_t i = 0; i < d->element_count; i++)
        d->elements[i].alike = *counter_at(&c, sibling_key(&d->elements[i]));
    free(c.slots);

    c = counter_create(d->block_count);
    for (size_t i = 0; i < d->block_count; i++)
        ++*counter_at(&c, d->blocks[i].hash);
    for (size_t i = 0; i < d->block_count; i++)
        d->blocks[i].hash_count = *counter_at(&c, d->blocks[i].hash);
    free(c.slots);
}

void doc_build(struct doc *d, const GumboNode *root)
{
    struct walk w = { .d = d, .last_link = DOC_NONE };

    doc_clear(d);
    if (root->type != GUMBO_NODE_ELEMENT)
        return;
    enter(&w, root, DOC_NONE);
    while (w.depth)
        step(&w);
    flush(&w);
    count_alike(d);
}
