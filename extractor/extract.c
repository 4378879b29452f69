/* extract.c - see extract.h: the order of the steps, the memory they share, the text they make. */
#include "extractor/extract.h"

#include "base/arena.h"
#include "base/charset.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/html.h"
#include "base/html_scan.h"
#include "base/mem.h"
#include "base/text.h"
#include "extractor/hidden.h"
#include "extractor/inside.h"
#include "extractor/memory.h"
#include "extractor/selectors.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ARENA_DEFAULT (112u << 20)
#define ARENA_KEEP (8u << 20)
#define TEXT_DEFAULT (16u << 20)
#define DEADLINE_DEFAULT_MS 1000
#define HIDDEN_BELOW_WORDS 60  /* a shorter text, on a page … */
#define HIDDEN_BELOW_SHOWN 500 /* … that shows fewer words than this: the article may be in a script */

struct extractor {
    struct extract_limits limits;
    struct chars *chars;       /* owned */
    struct vocab *vocab;       /* owned */
    struct phrases *phrases;   /* owned */
    struct arena *arena;       /* owned; tree and strings of the current page */
    struct buffer page;        /* the page as UTF-8 */
    struct buffer lean;        /* … without what html_scan() leaves out */
    struct html_scan scan;     /* of the page: its scripts */
    struct html_held held;     /* … and the text that waits while it is parsed */
    int64_t deadline_ms;       /* of all parsing of the page; clock_thread_ms() */
    bool partial;              /* only the page's first part was parsed */
    bool text_full;            /* … was taken at all */
    struct buffer scratch, text;
    struct doc doc;
    struct meta meta;
    struct landmarks marks;
    struct features *features; /* owned; of the last page */
    float *overlap;            /* owned */
    struct verdict *verdicts;  /* owned */
    unsigned char *forced;     /* owned; NULL without selectors */
    uint32_t doubted[MEMORY_TELLS];
    size_t block_room;
    const struct models *models; /* borrowed */
    struct scorer *scorer;     /* owned; of models->blocks */
    bool keep_inside;
    struct extract_inside inside;
    bool inside_valid;
};

struct extractor *extractor_create(const struct extract_limits *limits)
{
    struct extractor *x = xcalloc(1, sizeof(*x));
    if (limits)
        x->limits = *limits;
    if (!x->limits.arena_bytes)
        x->limits.arena_bytes = ARENA_DEFAULT;
    if (!x->limits.text_bytes)
        x->limits.text_bytes = TEXT_DEFAULT;
    x->chars = chars_create();
    x->vocab = vocab_create();
    x->phrases = phrases_create(x->chars);
    x->arena = arena_create(x->limits.arena_bytes);
    buffer_init(&x->page, x->limits.text_bytes);
    buffer_init(&x->lean, x->limits.text_bytes);
    buffer_init(&x->scratch, 0);
    buffer_init(&x->text, 0);
    doc_init(&x->doc, x->chars, x->vocab);
    extractor_use_models(x, NULL);
    return x;
}

void extractor_destroy(struct extractor *x)
{
    if (!x)
        return;
    scorer_destroy(x->scorer);
    features_destroy(x->features);
    free(x->forced);
    free(x->verdicts);
    free(x->overlap);
    doc_fini(&x->doc);
    buffer_fini(&x->text);
    buffer_fini(&x->scratch);
    buffer_fini(&x->lean);
    buffer_fini(&x->page);
    arena_destroy(x->arena);
    phrases_destroy(x->phrases);
    vocab_destroy(x->vocab);
    free(x->chars);
    free(x);
}

void extractor_use_models(struct extractor *x, const struct models *models)
{
    x->models = models ? models : &models_shipped;
    scorer_destroy(x->scorer);
    x->scorer = scorer_create(&x->models->blocks);
}

void extractor_keep_inside(struct extractor *x, bool keep) { x->keep_inside = keep; }
const struct extract_inside *extractor_inside(const struct extractor *x) { return x->inside_valid ? &x->inside : NULL; }

/* ---- text ---- */

/* The row of a table that a block's cell stands in, DOC_NONE outside of tables. */
static uint32_t row_of(const struct doc *d, uint32_t element)
{
    for (int level = 0; level < 6 && element != DOC_NONE; level++) {
        if (d->elements[element].tag == GUMBO_TAG_TR)
            return element;
        element = d->elements[element].up;
    }
    return DOC_NONE;
}

struct writer { /* makes blocks of verdicts: rows of a table share one, its rows a line each */
    struct extractor *x;
    struct article_fields *out;
    uint32_t row, table;     /* of the block under way; DOC_NONE: it is no table */
    size_t from;             /* of the block under way, in x->text */
    bool open;
};

static void writer_close(struct writer *w)
{
    struct extractor *x = w->x;
    if (!w->open)
        return;
    w->open = false;
    const char *s = buffer_str(&x->text) + w->from;
    struct block b = { .text = 0, .len = (uint32_t)(x->text.len - w->from) };
    struct doc view = { .text = (char *)(uintptr_t)s };
    const char *text = clean_block(x->arena, &x->scratch, &view, &b);
    w->out->blocks[w->out->block_count - 1].text = text ? text : "";
}

static void writer_add(struct writer *w, size_t i)
{
    struct extractor *x = w->x;
    const struct doc *d = &x->doc;
    const struct block *b = &d->blocks[i];
    const struct verdict *v = &x->verdicts[i];
    uint32_t row = v->kind == BLOCK_TABLE ? row_of(d, b->owner) : DOC_NONE;
    uint32_t table = row == DOC_NONE ? DOC_NONE : d->elements[row].parent;

    if (w->open && table != DOC_NONE && table == w->table) {
        buffer_puts(&x->text, row == w->row ? " | " : "\n");
        buffer_append(&x->text, d->text + b->text, b->len);
        w->row = row;
        return;
    }
    writer_close(w);
    w->out->blocks[w->out->block_count++] = (struct article_block){ .kind = v->kind };
    w->from = x->text.len;
    w->open = true;
    w->row = row;
    w->table = table;
    buffer_append(&x->text, d->text + b->text, b->len);
}

static void write_blocks(struct extractor *x, struct article_fields *out)
{
    struct writer w = { .x = x, .out = out, .row = DOC_NONE, .table = DOC_NONE };
    buffer_clear(&x->text);
    for (size_t i = 0; i < x->doc.block_count; i++)
        if (x->verdicts[i].keep || x->verdicts[i].aside)
            writer_add(&w, i);
    writer_close(&w);
}

static void write_text(struct extractor *x, bool captions, struct article_fields *out)
{
    buffer_clear(&x->text);
    for (size_t i = 0; i < out->block_count; i++) {
        enum block_kind kind = out->blocks[i].kind;
        if ((kind == BLOCK_CAPTION && !captions) || kind == BLOCK_BYLINE || kind == BLOCK_DATE)
            continue;
        if (x->text.len)
            buffer_puts(&x->text, "\n\n");
        buffer_puts(&x->text, out->blocks[i].text);
    }
    const char *text = arena_strndup(x->arena, buffer_str(&x->text), x->text.len);
    out->text = text ? text : "";
    for (size_t i = 0; i < x->doc.block_count; i++)
        out->word_count += x->verdicts[i].keep ? x->doc.blocks[i].words : 0;
    if (x->text.len) {
        struct id id = id_of(buffer_str(&x->text), x->text.len);
        memcpy(out->text_hash, id.hex, sizeof(out->text_hash));
        out->origin[FIELD_TEXT] = ORIGIN_HTML;
    }
}

/* The body that JSON-LD gives, when the page itself shows hardly any of it (paywalls, pages built by scripts). */
static void fall_back(struct extractor *x, const struct page_view *v, struct article_fields *out)
{
    const char *body = x->meta.ld.body;
    size_t shown = strlen(out->text), len = body ? strlen(body) : 0;
    if (len < 500 || shown * 3 >= len)
        return;
    const char *text = clean_text(x->arena, &x->scratch, body, len);
    struct article_block *blocks = arena_calloc(x->arena, sizeof(*blocks));
    if (!text || !blocks)
        return;
    uint32_t *words = xmalloc(20000 * sizeof(*words));
    out->word_count = (unsigned)words_hash(x->chars, text, strlen(text), words, 20000);
    free(words);
    blocks[0] = (struct article_block){ BLOCK_PARAGRAPH, text };
    out->blocks = blocks;
    out->block_count = 1;
    out->text = text;
    struct id id = id_of(text, strlen(text));
    memcpy(out->text_hash, id.hex, sizeof(out->text_hash));
    out->origin[FIELD_TEXT] = ORIGIN_JSON_LD;
    fields_warn(v, out, "text from JSON-LD");
}

/* How much the answer is to be trusted: sure blocks, enough text, title and date found. */
static double quality_of(const struct extractor *x, const struct article_fields *f)
{
    double sure = 0, words = 0;
    for (size_t i = 0; i < x->doc.block_count; i++) {
        double p = x->verdicts[i].probability, n = x->doc.blocks[i].words;
        sure += n * (p > 0.5 ? p : 1 - p);
        words += n;
    }
    double score = words > 0 ? sure / words : 0;
    score *= f->word_count >= 100 ? 1 : 0.4 + 0.6 * f->word_count / 100;
    score *= f->title ? 1 : 0.7;
    score *= f->has_published ? 1 : 0.9;
    return score;
}

/* ---- steps ---- */

static void make_room(struct extractor *x)
{
    size_t n = x->doc.block_count + 1;
    if (n > x->block_room) {
        x->block_room = n * 2;
        x->overlap = xrealloc(x->overlap, x->block_room * sizeof(*x->overlap));
        x->verdicts = xrealloc(x->verdicts, x->block_room * sizeof(*x->verdicts));
    }
    free(x->forced);
    x->forced = NULL;
}

static void mark_forced(struct extractor *x, const struct extract_input *in)
{
    const struct doc *d = &x->doc;
    if (!in->include && !in->exclude)
        return;
    unsigned char *elements = xcalloc(d->element_count + 1, 1);
    if (in->include)
        selectors_mark(in->include, d, elements, 1);
    if (in->exclude)
        selectors_mark(in->exclude, d, elements, 2);
    x->forced = xcalloc(d->block_count + 1, 1);
    for (size_t i = 0; i < d->block_count; i++)
        x->forced[i] = elements[d->blocks[i].owner];
    free(elements);
}

static void judge(struct extractor *x, const struct extract_input *in, struct article_fields *out)
{
    features_destroy(x->features);
    struct feature_page page = { .doc = &x->doc, .marks = &x->marks, .phrases = x->phrases, .overlap = x->overlap,
                                 .article_body = x->meta.ld.body, .description = x->meta.slot[META_DESCRIPTION],
                                 .news = in->mode == EXTRACT_NEWS };
    if (!page.description)
        page.description = x->meta.ld.description;
    x->features = features_create(&page);
    struct decide_input input = { .doc = &x->doc, .marks = &x->marks, .features = x->features, .scorer = x->scorer,
                                  .overlap = x->overlap, .forced = x->forced, .news = page.news, .known = in->known_blocks,
                                  .known_count = in->known_count, .doubted = x->doubted };
    x->inside.threshold = decide(&input, x->verdicts);
    out->doubted_blocks = x->doubted;
    out->doubted_count = input.doubted_count;
}

/* A page that is valid UTF-8 beyond ASCII is that, whatever a meta element says: files saved from a browser keep the old one.
 * The server's word is another matter. */
static const char *content_type_of(const struct extract_input *in)
{
    if (in->content_type && strcasestr(in->content_type, "charset"))
        return in->content_type;
    const unsigned char *s = in->bytes, *end = s + in->len;
    if (in->len >= 2 && (s[0] == 0xFE || s[0] == 0xFF))
        return in->content_type;
    size_t beyond = 0;
    for (; s < end && beyond < 8; s++)
        beyond += *s >= 0x80;
    return beyond >= 8 && text_valid_utf8(in->bytes, in->len) ? "text/html; charset=utf-8" : in->content_type;
}

/* The tree of the page's first len bytes. */
static GumboOutput *parse_part(struct extractor *x, const struct extract_input *in, const struct buffer *page, size_t len, int64_t deadline_ms,
                               struct error *err)
{
    features_destroy(x->features);
    x->features = NULL;
    x->inside_valid = false;
    arena_reset(x->arena, ARENA_KEEP);
    if (selectors_ask_attributes(in->include) || selectors_ask_attributes(in->exclude)) { /* the scan would drop them */
        x->scan = (struct html_scan){ 0 };
        return html_parse(x->arena, page->data, len, &(struct html_limits){ .deadline_ms = deadline_ms }, err);
    }
    buffer_clear(&x->lean);
    if (!html_scan(page->data, len, &x->held, &x->lean, &x->scan, err))
        return NULL;
    struct html_limits limits = { .deadline_ms = deadline_ms, .depth_known = x->scan.copied_from == len, .held = &x->held };
    return html_parse(x->arena, buffer_str(&x->lean), x->lean.len, &limits, err);
}

/* Where to cut text before at: in front of a tag. */
static size_t cut_before(const struct buffer *text, size_t at)
{
    const char *tag = at < text->len ? memrchr(text->data, '<', at) : NULL;
    return tag ? (size_t)(tag - text->data) : at < text->len ? 0 : text->len;
}

/* A page that passes a limit is tried again without most of it: a quarter, then a sixteenth. Each try may take half of the time
 * that is left. */
static GumboOutput *parse_page(struct extractor *x, const struct extract_input *in, const struct buffer *page, struct error *err)
{
    struct error why = { 0 };
    for (int shift = 0; shift <= 4; shift += 2) {
        int64_t left_ms = x->deadline_ms - clock_thread_ms();
        size_t len = cut_before(page, page->len >> shift);
        if (shift && (len == 0 || left_ms <= 1))
            break;
        x->partial = shift > 0;
        GumboOutput *tree = parse_part(x, in, page, len, left_ms > 1 ? (left_ms + 1) / 2 : 1, &why);
        if (tree)
            return tree;
        if (why.kind != ERROR_LIMIT)
            break;
    }
    error_set(err, why.kind, "%s", why.message);
    return NULL;
}

static bool read_page(struct extractor *x, const struct extract_input *in, struct error *err)
{
    struct charset_report report;
    struct error why = { 0 };
    buffer_clear(&x->page);
    x->text_full = !charset_to_utf8(in->bytes, in->len, content_type_of(in), CHARSET_HTML, NULL, &x->page, &report, &why);
    if (x->text_full && (why.kind != ERROR_LIMIT || x->page.len == 0))
        return error_set(err, why.kind, "%s", why.message);
    return x->page.len ? true : error_set(err, ERROR_INVALID, "the page is empty");
}

/* What the feed's document says is what the feed says. */
static void tell_from_feed(const struct page_view *v, struct article_fields *out)
{
    for (int i = 0; i < FIELD_COUNT; i++)
        if (out->origin[i] == ORIGIN_JSON_LD || out->origin[i] == ORIGIN_META || out->origin[i] == ORIGIN_MICRODATA || out->origin[i] == ORIGIN_HTML)
            out->origin[i] = ORIGIN_FEED;
    fields_warn(v, out, "text from the feed");
}

static void fill(struct extractor *x, const struct page_view *v, struct article_fields *out)
{
    const struct extract_input *in = v->in;
    out->blocks = arena_alloc(x->arena, (x->doc.block_count + 1) * sizeof(*out->blocks));
    if (out->blocks)
        write_blocks(x, out);
    write_text(x, in->mode == EXTRACT_BROAD, out);
    fall_back(x, v, out);
    if (!out->title && in->hint_title) {
        out->title = clean_text(x->arena, &x->scratch, in->hint_title, strlen(in->hint_title));
        out->origin[FIELD_TITLE] = ORIGIN_FEED;
    }
    if (!out->title)
        fields_warn(v, out, "no title");
    if (in->truncated)
        fields_warn(v, out, "truncated");
    if (x->doc.cut || x->scan.flattened || x->partial || x->text_full)
        fields_warn(v, out, "page too large");
    when_fill(v, out);
    people_fill(v, out);
    fields_fill(v, out);
    if (in->from_feed)
        tell_from_feed(v, out);
    out->score = quality_of(x, out);
    pagetype_fill(v, &x->models->pages, out);
}

static bool understand(struct extractor *x, const struct extract_input *in, const struct buffer *page, struct article_fields *out,
                       struct error *err)
{
    memset(out, 0, sizeof(*out));
    out->text = "";
    GumboOutput *tree = parse_page(x, in, page, err);
    if (!tree)
        return false;
    doc_build(&x->doc, tree->root);
    make_room(x);
    meta_read(&x->meta, &x->doc, &x->scan, x->arena, &x->scratch, in->url);
    struct page_view v = { .arena = x->arena, .scratch = &x->scratch, .in = in, .page = page, .doc = &x->doc, .meta = &x->meta, .marks = &x->marks,
                           .verdicts = x->verdicts, .phrases = x->phrases };
    out->title = title_find(&v, &out->origin[FIELD_TITLE]);
    if (!out->title)
        out->origin[FIELD_TITLE] = ORIGIN_NONE;
    const char *said = x->meta.slot[META_TITLE] || x->meta.ld.headline ? title_said(&x->meta) : out->title;
    landmarks_find(&x->doc, said ? said : title_said(&x->meta), x->overlap, &x->marks);
    mark_forced(x, in);
    judge(x, in, out);
    fill(x, &v, out);
    if (x->keep_inside) {
        x->inside = (struct extract_inside){ .doc = &x->doc, .marks = &x->marks, .features = x->features, .verdicts = x->verdicts,
                                             .threshold = x->inside.threshold };
        pagetype_row(&v, out, x->inside.page_row);
        x->inside_valid = true;
    }
    return true;
}

/* A page that shows next to nothing, but has its article in a script, is read again with it. */
static bool read_hidden(struct extractor *x, const struct extract_input *in, struct article_fields *out, struct error *err)
{
    struct page_view v = { .arena = x->arena };
    struct buffer page;
    buffer_init(&page, x->limits.text_bytes * 2);
    bool found = hidden_article(&x->page, out->title, &page), taken = found && understand(x, in, &page, out, err);
    if (taken)
        fields_warn(&v, out, "text from a script");
    buffer_fini(&page);
    return taken || !found || understand(x, in, &x->page, out, err); /* again as it was: the try has taken its memory */
}

bool extract_run(struct extractor *x, const struct extract_input *in, struct article_fields *out, struct error *err)
{
    x->deadline_ms = clock_thread_ms() + (x->limits.deadline_ms ? x->limits.deadline_ms : DEADLINE_DEFAULT_MS);
    if (!read_page(x, in, err) || !understand(x, in, &x->page, out, err))
        return false;
    return out->word_count >= HIDDEN_BELOW_WORDS || x->doc.word_count >= HIDDEN_BELOW_SHOWN ? true : read_hidden(x, in, out, err);
}
