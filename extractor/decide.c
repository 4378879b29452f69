/* decide.c - see decide.h. The rules and their numbers were chosen by measurement (docs/measurements.md). */
#include "extractor/decide.h"

#include "base/mem.h"
#include "extractor/memory.h"
#include "extractor/words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *rule_name(enum rule rule)
{
    static const char *const names[RULE_COUNT] = { "model", "outside-article", "link-only", "related", "footer", "caption", "embed",
                                                   "after-region", "repeat", "include", "exclude", "title", "gap", "tail", "signature",
                                                   "memory" };
    return names[rule];
}

/* ---- threshold ---- */

#define BUCKETS 64
#define SURE_F1 0.95f
#define UNSURE_SLOPE 0.5f

struct histogram { float p_tokens[BUCKETS], tokens[BUCKETS]; float expected; };

static struct histogram histogram_of(const struct doc *d, const struct verdict *v)
{
    struct histogram h = { 0 };
    for (size_t i = 0; i < d->block_count; i++) {
        int k = (int)(v[i].probability * (BUCKETS - 1));
        float n = (float)d->blocks[i].words;
        h.p_tokens[k] += v[i].probability * n;
        h.tokens[k] += n;
        h.expected += v[i].probability * n;
    }
    return h;
}

/* The cut-off that maximises expected F1 is half of that F1 (Lipton et al. 2014). A page the model is unsure of is cut lower still:
 * there its probabilities are too small all over. */
static float threshold_of(const struct histogram *h, float low, float high)
{
    float best = 0, found = 0, taken = 0;
    for (int k = BUCKETS - 1; k >= 0; k--) {
        found += h->p_tokens[k];
        taken += h->tokens[k];
        float f1 = taken + h->expected > 0 ? 2 * found / (taken + h->expected) : 0;
        if (f1 > best)
            best = f1;
    }
    float t = best / 2 - UNSURE_SLOPE * (SURE_F1 - best);
    return t < low ? low : t > high ? high : t;
}

static size_t select_over(const struct doc *d, struct verdict *v, float threshold)
{
    size_t tokens = 0;
    for (size_t i = 0; i < d->block_count; i++) {
        v[i].keep = v[i].probability >= threshold;
        tokens += v[i].keep ? d->blocks[i].words : 0;
    }
    return tokens;
}

/* ---- rules ---- */

#define GAP_BLOCKS 3
#define GAP_ITEMS 40
#define GAP_ITEM 0.02f /* the truths that the model learned from leave lists out */
#define GAP_LINKS 0.5f
#define GAP_DIGITS 0.3f /* dates, prices */
#define GAP_NEWS 0.25f
#define GAP_BROAD 0.25f

static void drop(struct verdict *v, enum rule rule)
{
    v->keep = false;
    v->rule = rule;
}

/* Outside the container that calls itself the article, except between title and it. */
static void gate(const struct decide_input *in, struct verdict *v)
{
    const struct doc *d = in->doc;
    const struct landmarks *m = in->marks;
    bool seen = false;

    if (m->semantic == DOC_NONE || m->semantic_level > 3 || m->semantic_share < 0.25f)
        return;
    for (size_t i = 0; i < d->block_count; i++) {
        bool inside = d->elements[d->blocks[i].owner].in_semantic;
        seen |= inside;
        if (inside || (m->title != DOC_NONE && i > m->title && !seen))
            continue;
        v[i].probability *= 0.3f;
        v[i].rule = RULE_GATE;
    }
}

#define TITLE_ALIKE 0.85f
#define RELATED_WORDS 4      /* "Read more:", "You may also like" */
#define CAPTION_BEFORE 6 /* blocks: the lead picture stands above the text */
#define HEAD_BLOCKS 12
#define SURE_IN_FIGURE 0.7f /* what the model is so sure of is text that only stands in a figure */

static bool is_caption(const struct doc *d, const struct block *b)
{
    const struct element *e = &d->elements[b->owner];
    return e->owner == OWNER_FIGCAPTION || ((e->around & IN_FIGURE) && b->words < 80 && !(e->around & (IN_EMBED | IN_BLOCKQUOTE)));
}

#define CREDIT_BYTES 70 /* a credit stands within so many bytes of the end */
#define PICTURE_LINE_WORDS 60

/* "… Ảnh: An", "(Photo: AP)": what a line below a picture ends with. */
static bool has_credit(const struct doc *d, const struct block *b)
{
    static const char *const words[] = { "ảnh", "Ảnh", "nguồn", "Nguồn", "photo", "foto", "image", "picture", "credit", "quelle", "fonte", "fuente", "bild",
                                         "source", "courtesy", "kuva", "beeld", "zdj", "фото", "Фото" };
    const char *text = d->text + b->text, *from = b->len > CREDIT_BYTES ? text + b->len - CREDIT_BYTES : text;
    for (const char *s = text + b->len; s-- > from;) {
        if (*s != ':')
            continue;
        for (size_t i = 0; i < COUNT(words); i++) {
            size_t n = strlen(words[i]);
            const char *at = s - n;
            if (at >= text && strncasecmp(at, words[i], n) == 0 && (at == text || strchr(" (-/[", at[-1])))
                return true;
        }
    }
    return false;
}

/* A line right below a picture, in italics or with a credit. */
static bool is_picture_line(const struct doc *d, size_t i)
{
    const struct block *b = &d->blocks[i];
    const struct element *e = &d->elements[b->owner];
    if (!b->images_before || b->words > PICTURE_LINE_WORDS || (e->owner >= OWNER_H1 && e->owner <= OWNER_H4))
        return false;
    const struct image *image = &d->images[b->images_before - 1];
    uint32_t up2 = e->up == DOC_NONE ? DOC_NONE : d->elements[e->up].up;
    bool near = image->block == i && up2 != DOC_NONE && (element_inside(d, image->element, e->up) || element_inside(d, image->element, up2));
    return near && (b->italic_n > 0.9f * b->n || has_credit(d, b));
}

#define BOX_BLOCKS 6
#define BOX_WORDS 80
#define BOX_LINKS 0.25f
#define BOX_SURE 0.9f

/* A small container with a line that is a link, and hardly a line that is not: other stories. */
static bool in_teaser_box(const struct decide_input *in, size_t i)
{
    const struct doc *d = in->doc;
    uint32_t box = d->elements[d->blocks[i].owner].up;
    if (box == DOC_NONE || box == in->marks->dense || (in->marks->dense != DOC_NONE && element_inside(d, in->marks->dense, box)))
        return false;
    const struct element *e = &d->elements[box];
    if (e->blocks < 2 || e->blocks > BOX_BLOCKS || e->link_text <= 0 || (e->around & (IN_TABLE | IN_BLOCKQUOTE | IN_EMBED)))
        return false;
    size_t first = i, words = 0;
    bool link = false;
    while (first > 0 && element_inside(d, d->blocks[first - 1].owner, box))
        first--;
    for (size_t k = first; k < d->block_count && k < first + BOX_BLOCKS && element_inside(d, d->blocks[k].owner, box); k++) {
        const struct block *b = &d->blocks[k];
        link |= block_link_density(b) > 0.9f && b->words >= 4;
        words += b->words;
    }
    const struct block *head = &d->blocks[first];
    int owner = d->elements[head->owner].owner;
    bool headed = owner >= OWNER_H1 && owner <= OWNER_H4 && block_link_density(head) > 0.9f && head->words >= 4;
    return link && words <= BOX_WORDS && (headed || e->link_text >= BOX_LINKS * e->text);
}

#define ITEM_LEVELS 4
#define ITEM_SURE 0.97f
#define ITEM_BLOCKS 4

/* An item of a list that closes with a link of its own, of a few words: a comment ("Reply"), a teaser ("Read more"). */
static bool in_linked_item(const struct doc *d, size_t i)
{
    uint32_t item = d->blocks[i].owner;
    for (int level = 0; level < ITEM_LEVELS && item != DOC_NONE && d->elements[item].tag != GUMBO_TAG_LI; level++)
        item = d->elements[item].up;
    if (item == DOC_NONE || d->elements[item].tag != GUMBO_TAG_LI)
        return false;
    for (size_t k = i + 1; k < d->block_count && k <= i + ITEM_BLOCKS && element_inside(d, d->blocks[k].owner, item); k++) {
        const struct block *b = &d->blocks[k];
        if (b->links == 1 && b->words <= 3 && block_link_density(b) > 0.9f)
            return true;
    }
    return false;
}

static void drop_by_shape(const struct decide_input *in, struct verdict *v)
{
    const struct doc *d = in->doc;
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        const struct element *e = &d->elements[b->owner];
        float links = block_link_density(b);
        if (is_caption(d, b) && (e->owner == OWNER_FIGCAPTION || v[i].probability < SURE_IN_FIGURE)) {
            drop(&v[i], RULE_CAPTION);
        }
        if (!v[i].keep)
            continue;
        if (is_picture_line(d, i)) {
            drop(&v[i], RULE_CAPTION);
            continue;
        }
        bool heading = e->owner >= OWNER_H1 && e->owner <= OWNER_H4;
        if (in->overlap[i] > TITLE_ALIKE && b->words >= 2 && (i == in->marks->title || heading))
            drop(&v[i], RULE_TITLE);
        else if ((features_phrases(in->features, i) & PHRASE_RELATED) && b->words <= RELATED_WORDS && !b->ends_stop && !heading)
            drop(&v[i], RULE_RELATED);
        else if (links > 0.9f && b->links == 1 && !b->ends_stop && (e->owner == OWNER_P || e->owner == OWNER_DIV))
            drop(&v[i], RULE_LINK);
        else if ((v[i].probability < BOX_SURE && in_teaser_box(in, i)) || (v[i].probability < ITEM_SURE && in_linked_item(d, i)))
            drop(&v[i], RULE_RELATED);
        else if (links > 0.3f && (features_phrases(in->features, i) & PHRASE_RELATED))
            drop(&v[i], RULE_RELATED);
        else if ((e->around & IN_FOOTER) && !(e->around & IN_ARTICLE) && v[i].probability < 0.9f)
            drop(&v[i], RULE_FOOTER);
    }
}

static void keep_embeds(const struct doc *d, struct verdict *v)
{
    size_t first = d->block_count, last = 0;
    for (size_t i = 0; i < d->block_count; i++)
        if (v[i].keep) {
            if (first == d->block_count)
                first = i;
            last = i;
        }
    for (size_t i = first; i < last; i++)
        if (!v[i].keep && (d->elements[d->blocks[i].owner].around & IN_EMBED)) {
            v[i].keep = true;
            v[i].rule = RULE_EMBED;
        }
}

#define REGION_WORDS 60
#define REGION_SHARE 0.2f
#define TITLES_TRIED 4 /* a page may say its title twice, the second time where the article is */

/* The smallest ancestor of the title that holds enough of what is selected after it, and how much that is. The blocks of an
 * element are one run, so that each ancestor goes on where the one below it ended. */
static uint32_t region_of(const struct doc *d, const struct verdict *v, size_t title, float total, float *inside)
{
    uint32_t region = d->blocks[title].owner;
    size_t next = title + 1;
    *inside = 0;
    for (; region != DOC_NONE; region = d->elements[region].up) {
        for (; next < d->block_count && element_inside(d, d->blocks[next].owner, region); next++)
            *inside += v[next].keep ? (float)d->blocks[next].words : 0;
        if (*inside >= REGION_WORDS && *inside >= REGION_SHARE * total)
            break;
    }
    return region;
}

/* What comes after the title and outside of its region is another story. */
static void keep_region(const struct decide_input *in, struct verdict *v)
{
    const struct doc *d = in->doc;
    uint32_t title = in->marks->title, region = DOC_NONE;
    if (title == DOC_NONE || in->overlap[title] < 0.5f)
        return;
    float total = 0, most = 0;
    for (size_t i = 0; i < d->block_count; i++)
        total += v[i].keep ? (float)d->blocks[i].words : 0;
    size_t first = title;
    for (size_t i = 0, tried = 0; i < d->block_count && tried < TITLES_TRIED; i++) {
        float inside = 0;
        if (i != title && in->overlap[i] < 0.9f * in->overlap[title])
            continue;
        uint32_t found = region_of(d, v, i, total, &inside);
        tried++;
        if (found != DOC_NONE && inside > most) {
            most = inside;
            region = found;
            first = i;
        }
    }
    for (size_t i = first + 1; region != DOC_NONE && i < d->block_count; i++)
        if (v[i].keep && !element_inside(d, d->blocks[i].owner, region))
            drop(&v[i], RULE_REGION);
}

/* A list or a quotation: part of the run of text it interrupts. */
static bool interrupts(const struct element *e)
{
    GumboTag tag = e->node->v.element.tag;
    return tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL || tag == GUMBO_TAG_LI || tag == GUMBO_TAG_BLOCKQUOTE;
}

/* What the block stands in, DOC_NONE at the root; for an item what its list stands in, which may be the body. */
static uint32_t stands_in(const struct doc *d, size_t block)
{
    uint32_t up = d->elements[d->blocks[block].owner].up;
    while (up != DOC_NONE && interrupts(&d->elements[up]))
        up = d->elements[up].up;
    return up;
}

/* Whether two blocks stand side by side: in one element, or in neighbours that look the same. */
static bool side_by_side(const struct doc *d, size_t i, size_t k)
{
    uint32_t a = stands_in(d, i), b = stands_in(d, k);
    if (a == DOC_NONE || b == DOC_NONE)
        return false;
    const struct element *x = &d->elements[a], *y = &d->elements[b];
    return a == b || (x->signature == y->signature && x->up == y->up && x->up != DOC_NONE);
}

/* An item of plain words, of a list that the body holds. */
static bool is_plain_item(const struct doc *d, size_t i)
{
    const struct block *b = &d->blocks[i];
    const struct element *e = &d->elements[b->owner];
    return (e->owner == OWNER_LI || (e->around & IN_LI)) && b->link_n == 0 && b->words >= 2;
}

/* What stands among kept siblings and is of their kind: a short paragraph, a subheading, an item. */
static void fill_gaps(const struct decide_input *in, struct verdict *v)
{
    const struct doc *d = in->doc;
    float least = in->news ? GAP_NEWS : GAP_BROAD;
    uint32_t before = DOC_NONE; /* the last kept block */
    uint32_t after = DOC_NONE;
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        if (v[i].keep) {
            before = (uint32_t)i;
            continue;
        }
        bool item = is_plain_item(d, i);
        if (before == DOC_NONE || v[i].probability < (item ? GAP_ITEM : least) || i - before > GAP_BLOCKS || v[i].rule != RULE_MODEL
            || block_link_density(b) > GAP_LINKS || b->digit_n > GAP_DIGITS * b->n || is_caption(d, b))
            continue;
        for (after = (uint32_t)i + 1; after < d->block_count && !v[after].keep; after++)
            if (after - i > (item && is_plain_item(d, after) ? GAP_ITEMS : GAP_BLOCKS))
                break;
        if (after >= d->block_count || !v[after].keep || !side_by_side(d, before, i) || !side_by_side(d, i, after))
            continue;
        v[i].keep = true;
        v[i].rule = RULE_GAP;
        before = (uint32_t)i;
    }
}

#define RUN_FROM 100 /* blocks: pages to learn from seldom have articles longer than that */
#define RUN_KEPT 50
#define RUN_WORDS 5
#define RUN_LINKS 0.3f

/* Deep in a long article the model has seen little but comments. A sentence that stands beside a long row of kept ones, in the
 * same kind of element and with nothing between, goes on with them. */
static void run_on(const struct doc *d, struct verdict *v)
{
    size_t kept = 0;
    for (size_t i = 1; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        const struct element *e = &d->elements[b->owner], *last = &d->elements[d->blocks[i - 1].owner];
        kept = v[i - 1].keep ? kept + 1 : 0;
        if (i < RUN_FROM || kept < RUN_KEPT || v[i].keep || v[i].rule != RULE_MODEL || e->owner != last->owner || e->signature != last->signature
            || e->up != last->up || !b->ends_stop || b->words < RUN_WORDS || block_link_density(b) > RUN_LINKS)
            continue;
        v[i].keep = true;
        v[i].rule = RULE_GAP;
    }
}

#define TAIL_WORDS 8
#define TAIL_APART 3 /* blocks */
#define TAIL_SURE 0.8f

/* A few words after the article and away from it (a site's name, "Top") are none of its sentences. */
static void drop_tail(const struct doc *d, struct verdict *v)
{
    size_t last = d->block_count, before;
    while (last > 0 && !v[last - 1].keep)
        last--;
    if (last-- == 0)
        return;
    for (before = last; before > 0 && !v[before - 1].keep;)
        before--;
    if (before > 0 && last - before >= TAIL_APART && d->blocks[last].words < TAIL_WORDS && !d->blocks[last].ends_stop
        && v[last].probability < TAIL_SURE)
        drop(&v[last], RULE_TAIL);
}

#define NAME_WORDS_MAX 5
#define SOURCE_WORDS_MAX 8
#define SIGNS_SURE 0.97f
#define LONG_WORDS 12

/* "Nguyễn Văn An", "ANN WEAVER / BOB MILLER": capitalised words and nothing else. */
static bool is_name_line(const struct doc *d, const struct block *b)
{
    const struct element *e = &d->elements[b->owner];
    bool plain = e->owner != OWNER_LI && !(e->owner >= OWNER_H1 && e->owner <= OWNER_H4) && !(e->around & (IN_TABLE | IN_LI | IN_BLOCKQUOTE));
    return plain && b->words >= 2 && b->words <= NAME_WORDS_MAX && b->capitalised == b->words && !b->ends_stop && b->digit_n == 0
           && !b->commas && !memchr(d->text + b->text, ':', b->len);
}

static bool is_source_line(const struct decide_input *in, size_t i)
{
    const struct block *b = &in->doc->blocks[i];
    return b->words <= SOURCE_WORDS_MAX && !b->ends_stop && !b->lower_start && (features_phrases(in->features, i) & (PHRASE_SOURCE | PHRASE_BYLINE));
}

static void drop_signature(const struct decide_input *in, struct verdict *v, size_t i)
{
    if (v[i].probability < SIGNS_SURE && (is_name_line(in->doc, &in->doc->blocks[i]) || is_source_line(in, i)
                                          || features_dated(in->features, i)))
        drop(&v[i], RULE_SIGNATURE);
}

/* Who wrote it, where it comes from and when, in lines of their own before the first paragraph and after the last. */
static void drop_signatures(const struct decide_input *in, struct verdict *v)
{
    const struct doc *d = in->doc;
    for (size_t i = 0; i < d->block_count && !(v[i].keep && d->blocks[i].words >= LONG_WORDS); i++)
        if (v[i].keep && (in->marks->title == DOC_NONE || i > in->marks->title))
            drop_signature(in, v, i);
    for (size_t i = d->block_count; i-- > 0 && !(v[i].keep && d->blocks[i].words >= LONG_WORDS);)
        if (v[i].keep)
            drop_signature(in, v, i);
}

#define GRAM 5
#define REPEAT_WORDS 25
#define REPEATED 0.9f /* decrees and forms say much the same of each case: that is no repetition */

static void drop_repeats(const struct doc *d, struct verdict *v)
{
    struct key_set seen;
    key_set_init(&seen, d->word_count);
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        if (!v[i].keep)
            continue;
        if (b->words >= REPEAT_WORDS && key_set_cover(&seen, d->words + b->word, b->words, GRAM) > REPEATED)
            drop(&v[i], RULE_REPEAT);
        else
            key_set_add_grams(&seen, d->words + b->word, b->words, GRAM);
    }
    key_set_fini(&seen);
}

/* ---- roles ---- */

/* A cell of a table that has several in a row: other tables only lay out the page. */
static bool is_data_cell(const struct doc *d, const struct element *e)
{
    if (e->owner != OWNER_TD) {
        const struct element *up = e->up == DOC_NONE ? NULL : &d->elements[e->up];
        if (!up || up->owner != OWNER_TD)
            return false;
        e = up;
    }
    const struct element *row = e->parent == DOC_NONE ? NULL : &d->elements[e->parent];
    return row && row->children > 1;
}

static bool is_standfirst(const struct decide_input *in, size_t i)
{
    const struct doc *d = in->doc;
    const struct landmarks *m = in->marks;
    const struct block *b = &d->blocks[i];
    const struct element *e = &d->elements[b->owner];
    if (b->words < 5 || b->words > 120 || (m->title != DOC_NONE && i <= m->title))
        return false;
    if (m->first_good != DOC_NONE && i > m->first_good)
        return false;
    bool outside = m->dense == DOC_NONE || !element_inside(d, b->owner, m->dense);
    bool named = e->far[GROUP_LEAD] <= 1;
    bool heading = e->owner >= OWNER_H2 && e->owner <= OWNER_H4;
    return named || ((outside || heading) && (heading || features_summary_cover(in->features, i) > 0.6f));
}

static enum block_kind kind_of(const struct decide_input *in, size_t i)
{
    const struct doc *d = in->doc;
    const struct block *b = &d->blocks[i];
    const struct element *e = &d->elements[b->owner];
    if (e->around & IN_EMBED)
        return BLOCK_EMBED;
    if (is_caption(d, b))
        return BLOCK_CAPTION;
    if (e->owner >= OWNER_H1 && e->owner <= OWNER_H4)
        return BLOCK_HEADING;
    if (is_data_cell(d, e))
        return BLOCK_TABLE;
    if (e->around & IN_BLOCKQUOTE)
        return BLOCK_QUOTE;
    if (e->owner == OWNER_LI || (e->around & IN_LI))
        return BLOCK_LIST;
    return BLOCK_PARAGRAPH;
}

static void give_roles(const struct decide_input *in, struct verdict *v)
{
    bool standfirst = false, body = false;
    for (size_t i = 0; i < in->doc->block_count; i++) {
        if (!v[i].keep)
            continue;
        v[i].kind = kind_of(in, i);
        if (v[i].keep && !body && !standfirst && is_standfirst(in, i)) {
            v[i].kind = BLOCK_STANDFIRST;
            standfirst = true;
        }
        body |= v[i].keep && v[i].kind == BLOCK_PARAGRAPH;
    }
}

/* What stands beside the text: captions between its first and last block, and, from the title to its first paragraph, who
 * wrote it and when. */
static void give_asides(const struct decide_input *in, struct verdict *v)
{
    const struct doc *d = in->doc;
    size_t first = d->block_count, last = 0, title = in->marks->title;
    for (size_t i = 0; i < d->block_count; i++)
        if (v[i].keep) {
            first = i < first ? i : first;
            last = i;
        }
    for (size_t i = first > CAPTION_BEFORE ? first - CAPTION_BEFORE : 0; i <= last && first < d->block_count; i++)
        if (!v[i].keep && (is_caption(d, &d->blocks[i]) || is_picture_line(d, i)) && (v[i].rule == RULE_CAPTION || v[i].rule == RULE_MODEL)) {
            v[i].aside = true;
            v[i].kind = BLOCK_CAPTION;
        }
    for (size_t i = title + 1; title != DOC_NONE && i < first && first < d->block_count && i <= title + HEAD_BLOCKS; i++) {
        const struct block *b = &d->blocks[i];
        bool date = features_dated(in->features, i);
        bool byline = b->n <= 80 && (d->elements[b->owner].far[GROUP_BYLINE] <= 1 || (b->says >> GROUP_BYLINE & 1)
                                     || (features_phrases(in->features, i) & PHRASE_BYLINE));
        if (!v[i].aside && (date || byline)) {
            v[i].aside = true;
            v[i].kind = date ? BLOCK_DATE : BLOCK_BYLINE;
        }
    }
    for (size_t i = 0; i < d->block_count; i++)
        if (v[i].rule == RULE_SIGNATURE && !v[i].keep) {
            v[i].aside = true;
            v[i].kind = features_dated(in->features, i) ? BLOCK_DATE : BLOCK_BYLINE;
        }
}

static void obey_selectors(const struct decide_input *in, struct verdict *v)
{
    bool any = false;
    for (size_t i = 0; i < in->doc->block_count; i++)
        any |= in->forced[i] == 1;
    for (size_t i = 0; i < in->doc->block_count; i++) {
        if (in->forced[i] == 2) {
            drop(&v[i], RULE_EXCLUDE);
            v[i].aside = false;
        } else if (any) { /* a source that names its article is believed */
            v[i].keep = in->forced[i] == 1;
            v[i].rule = RULE_INCLUDE;
        }
    }
}

static void ask_model(const struct decide_input *in, struct verdict *v)
{
    float row[FEATURE_COUNT], columns[FEATURE_COUNT][SCORER_ROWS] = { { 0 } }, p[SCORER_ROWS];

    for (size_t i = 0; i < in->doc->block_count; i += SCORER_ROWS) {
        size_t left = in->doc->block_count - i, n = left < SCORER_ROWS ? left : SCORER_ROWS;
        for (size_t r = 0; r < n; r++) {
            features_row(in->features, i + r, row);
            for (size_t f = 0; f < FEATURE_COUNT; f++)
                columns[f][r] = row[f];
        }
        scorer_run(in->scorer, columns, p);
        for (size_t r = 0; r < n; r++)
            v[i + r] = (struct verdict){ .probability = p[r], .rule = RULE_MODEL };
    }
}

float decide(struct decide_input *in, struct verdict *v)
{
    const struct doc *d = in->doc;

    ask_model(in, v);
    gate(in, v);
    struct histogram h = histogram_of(d, v);
    float threshold = in->news ? threshold_of(&h, 0.2f, 0.45f) : threshold_of(&h, 0.25f, 0.5f);
    if (select_over(d, v, threshold) < 20) {
        threshold = threshold_of(&h, 0.05f, 0.6f);
        select_over(d, v, threshold);
    }
    fill_gaps(in, v);
    run_on(d, v);
    if (in->news) {
        drop_by_shape(in, v);
        keep_embeds(d, v);
        keep_region(in, v);
        drop_repeats(d, v);
        drop_tail(d, v);
        drop_signatures(in, v);
        in->doubted_count = memory_apply(d, v, in->known, in->known_count, in->doubted);
    }
    if (in->forced)
        obey_selectors(in, v);
    give_roles(in, v);
    if (in->news) /* in broad mode the model alone says which captions are text */
        give_asides(in, v);
    return threshold;
}
