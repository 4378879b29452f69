/* features.c - see features.h. What needs the whole page (prefix sums, repeated signatures, n-grams of the article body) is
 * made once in features_create(); a row is then a fixed number of look-ups. */
#include "extractor/features.h"

#include "base/date.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COVER_LENGTH 20      /* shorter blocks have no say in n-grams */
#define BODY_WORDS 20000
#define SUMMARY_WORDS 400

struct heading { uint32_t block, level; bool related; };
struct signature { uint64_t key; float text, link_text; uint32_t count; };

struct features {
    struct feature_page page;
    float *good_sum;          /* of the blocks before; one more than there are blocks */
    float *n_sum, *link_sum;
    unsigned char *phrases;   /* a byte a block */
    uint32_t *heading;        /* last heading block before, DOC_NONE */
    struct signature *signatures; size_t signature_mask;
    float largest_signature;
    struct key_set body, summary, summary_words;
    size_t summary_count;
};

static uint64_t signature_key(const struct doc *d, const struct block *b)
{
    const struct element *e = &d->elements[b->owner];
    uint64_t up = e->up == DOC_NONE ? 0 : d->elements[e->up].signature;
    uint64_t key = (e->signature ^ (up >> 7 | up << 57)) * 0xD6E8FEB86659FD93u;
    return key + !key;
}

static struct signature *signature_at(const struct features *f, uint64_t key)
{
    size_t i = (key ^ key >> 29) & f->signature_mask;
    while (f->signatures[i].key && f->signatures[i].key != key)
        i = (i + 1) & f->signature_mask;
    return &f->signatures[i];
}

static void sum_signatures(struct features *f)
{
    const struct doc *d = f->page.doc;
    size_t size = 64;
    while (size < d->block_count * 2)
        size *= 2;
    f->signatures = xcalloc(size, sizeof(*f->signatures));
    f->signature_mask = size - 1;
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        uint64_t key = signature_key(d, b);
        struct signature *s = signature_at(f, key);
        s->key = key;
        s->text += b->n;
        s->link_text += b->link_n;
        s->count++;
        if (s->text > f->largest_signature)
            f->largest_signature = s->text;
    }
}

static bool is_heading(const struct doc *d, size_t i)
{
    int owner = d->elements[d->blocks[i].owner].owner;
    return owner >= OWNER_H1 && owner <= OWNER_H4;
}

static void sum_blocks(struct features *f)
{
    const struct doc *d = f->page.doc;
    size_t n = d->block_count;
    uint32_t heading = DOC_NONE;

    f->good_sum = xcalloc(n + 1, sizeof(float));
    f->n_sum = xcalloc(n + 1, sizeof(float));
    f->link_sum = xcalloc(n + 1, sizeof(float));
    f->phrases = xcalloc(n + 1, 1);
    f->heading = xcalloc(n + 1, sizeof(uint32_t));
    for (size_t i = 0; i < n; i++) {
        const struct block *b = &d->blocks[i];
        f->good_sum[i + 1] = f->good_sum[i] + block_good(b);
        f->n_sum[i + 1] = f->n_sum[i] + b->n;
        f->link_sum[i + 1] = f->link_sum[i] + b->link_n;
        f->phrases[i] = (unsigned char)phrases_at(f->page.phrases, d->words + b->word, b->words);
        f->heading[i] = heading;
        if (is_heading(d, i))
            heading = (uint32_t)i;
    }
}

static void read_grams(struct features *f)
{
    const struct chars *c = f->page.doc->chars;
    uint32_t *words = xmalloc(BODY_WORDS * sizeof(*words));
    if (f->page.article_body) {
        size_t n = words_hash(c, f->page.article_body, strlen(f->page.article_body), words, BODY_WORDS);
        key_set_init(&f->body, n);
        key_set_add_grams(&f->body, words, n, 3);
    }
    if (f->page.description) {
        size_t n = words_hash(c, f->page.description, strlen(f->page.description), words, SUMMARY_WORDS);
        key_set_init(&f->summary, n);
        key_set_init(&f->summary_words, n);
        key_set_add_grams(&f->summary, words, n, 3);
        for (size_t i = 0; i < n; i++)
            key_set_add(&f->summary_words, words[i]);
        f->summary_count = n;
    }
    free(words);
}

struct features *features_create(const struct feature_page *page)
{
    struct features *f = xcalloc(1, sizeof(*f));
    f->page = *page;
    sum_signatures(f);
    sum_blocks(f);
    read_grams(f);
    return f;
}

void features_destroy(struct features *f)
{
    if (!f)
        return;
    key_set_fini(&f->body);
    key_set_fini(&f->summary);
    key_set_fini(&f->summary_words);
    free(f->signatures);
    free(f->heading);
    free(f->phrases);
    free(f->link_sum);
    free(f->n_sum);
    free(f->good_sum);
    free(f);
}

unsigned features_phrases(const struct features *f, size_t block)
{
    return f->phrases[block];
}

float features_summary_cover(const struct features *f, size_t block)
{
    const struct block *b = &f->page.doc->blocks[block];
    return key_set_cover(&f->summary, f->page.doc->words + b->word, b->words, 3);
}

/* ---- rows ---- */

static bool has_http(const struct doc *d, const struct block *b)
{
    return b->len >= 4 && (memmem(d->text + b->text, b->len, "http", 4) || memmem(d->text + b->text, b->len, "www.", 4));
}

static bool short_date(const struct doc *d, const struct block *b)
{
    struct date date;
    size_t used;
    return b->n <= 60 && b->digit_n >= 3 && date_find(d->text + b->text, b->len, false, &date, &used);
}

bool features_dated(const struct features *f, size_t block)
{
    return short_date(f->page.doc, &f->page.doc->blocks[block]);
}

static char last_byte(const struct doc *d, const struct block *b)
{
    return b->len ? d->text[b->text + b->len - 1] : 0;
}

static void text_features(const struct features *f, size_t i, float *row)
{
    const struct doc *d = f->page.doc;
    const struct block *b = &d->blocks[i];
    float words = b->words ? (float)b->words : 1;
    float n = b->n > 0 ? b->n : 1;

    row[F_LOG_N] = logf(1 + b->n);
    row[F_LOG_WORDS] = logf(1 + (float)b->words);
    row[F_LINK_DENSITY] = block_link_density(b);
    row[F_LINKS] = logf(1 + (float)b->links);
    row[F_STOPS] = logf(1 + (float)b->stops);
    row[F_COMMAS] = (float)b->commas / words;
    row[F_PUNCT] = (float)b->puncts / words;
    row[F_ENDS_STOP] = b->ends_stop;
    row[F_ENDS_MARK] = b->ends_mark;
    row[F_OPENS_MARK] = b->opens_mark;
    row[F_DIGITS] = b->digit_n / n;
    row[F_CAPITALISED] = (float)b->capitalised / words;
    row[F_ALL_CAPS] = (float)b->all_caps / words;
    row[F_MEAN_WORD] = n / words;
    row[F_BOLD] = b->bold_n / n;
    row[F_ITALIC] = b->italic_n / n;
    row[F_BAR] = b->has_bar;
    row[F_ARROW] = b->has_arrow;
    row[F_COPYRIGHT] = b->has_copyright;
    row[F_SHORT_DATE] = short_date(d, b);
    row[F_RELATED] = (f->phrases[i] & PHRASE_RELATED) != 0;
    row[F_SOURCE] = (f->phrases[i] & PHRASE_SOURCE) != 0;
    row[F_PROMO] = (f->phrases[i] & PHRASE_PROMO) != 0;
    row[F_BYLINE] = (f->phrases[i] & PHRASE_BYLINE) != 0;
    row[F_ENDS_COLON] = last_byte(d, b) == ':';
    row[F_ENDS_QUESTION] = last_byte(d, b) == '?';
    row[F_REPEATS] = (float)(b->hash_count < 10 ? b->hash_count : 10);
    row[F_LOWER_START] = b->lower_start;
    row[F_AT] = b->has_at;
    row[F_HTTP] = has_http(d, b);
    row[F_BREAKS] = (float)(b->breaks < 20 ? b->breaks : 20);
    row[F_HAS_TIME] = b->has_time;
}

static void tag_features(const struct features *f, size_t i, float *row)
{
    const struct doc *d = f->page.doc;
    const struct block *b = &d->blocks[i];
    const struct element *e = &d->elements[b->owner];

    row[F_OWNER + e->owner] = 1;
    row[F_INLINE + b->first_inline] = 1;
    for (int bit = 0; bit < AROUND_TAG_BITS + AROUND_ROLE_BITS; bit++)
        row[F_AROUND + bit] = (float)(e->around >> bit & 1);
    row[F_ARTICLE_BODY] = (e->around & IN_ARTICLE_BODY) != 0;
    row[F_HIDDEN] = (e->around & IN_HIDDEN) != 0;
    row[F_ARIA_HIDDEN] = (e->around & IN_ARIA_HIDDEN) != 0;
    row[F_EMBED] = (e->around & IN_EMBED) != 0;
    for (int g = 0; g < GROUP_COUNT; g++)
        row[F_GROUP + g] = b->says >> g & 1 ? 0 : e->far[g];
}

static void container_features(const struct features *f, size_t i, float *row)
{
    const struct doc *d = f->page.doc;
    const struct landmarks *m = f->page.marks;
    const struct block *b = &d->blocks[i];
    uint32_t at = b->owner;

    for (int level = 0; level < FEATURE_LEVELS; level++) {
        const struct element *e = &d->elements[at];
        float *out = row + F_CONTAINER + 6 * level;
        out[0] = logf(1 + e->text);
        out[1] = e->text > 0 ? e->link_text / e->text : 0;
        out[2] = m->text > 0 ? e->text / m->text : 0;
        out[3] = m->good > 0 ? e->good / m->good : 0;
        out[4] = logf(1 + (float)e->blocks);
        out[5] = e->text > 0 ? e->good / e->text : 0;
        row[F_ALIKE + level] = logf((float)e->alike);
        if (e->up != DOC_NONE)
            at = e->up;
    }
    const struct signature *s = signature_at(f, signature_key(d, b));
    row[F_SIGNATURE] = logf(1 + s->text);
    row[F_SIGNATURE + 1] = logf(1 + s->text / (float)s->count);
    row[F_SIGNATURE + 2] = s->text > 0 ? s->link_text / s->text : 0;
    row[F_SIGNATURE + 3] = f->largest_signature > 0 ? s->text / f->largest_signature : 0;

    const struct element *e = &d->elements[b->owner];
    if (m->dense != DOC_NONE) {
        const struct element *dense = &d->elements[m->dense], *lca = &d->elements[e->lca];
        bool inside = element_inside(d, b->owner, m->dense);
        row[F_LEVELS_UP] = (float)(e->depth_in_blocks - lca->depth_in_blocks);
        row[F_LEVELS_DOWN] = inside ? 0 : (float)(dense->depth_in_blocks - lca->depth_in_blocks);
        row[F_IN_DENSE] = inside;
        row[F_SHARE_DENSE] = dense->text > 0 ? e->text / dense->text : 0;
    }
    row[F_DEPTH] = e->depth_in_blocks;
    row[F_NTH] = (float)(e->nth < 50 ? e->nth : 50);
    uint32_t siblings = e->parent == DOC_NONE ? 1 : d->elements[e->parent].children;
    uint32_t after = siblings - 1 - e->nth;
    row[F_NTH_LAST] = (float)(after < 50 ? after : 50);
}

static float clip(float x, float limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

static void position_features(const struct features *f, size_t i, float *row)
{
    const struct doc *d = f->page.doc;
    const struct landmarks *m = f->page.marks;
    float count = (float)d->block_count, all = f->good_sum[d->block_count];

    row[F_INDEX] = (float)i / count;
    row[F_COUNT] = logf(count);
    row[F_GOOD_BEFORE] = all > 0 ? f->good_sum[i] / all : 0;
    row[F_GOOD_AFTER] = all > 0 ? (all - f->good_sum[i + 1]) / all : 0;
    row[F_TITLE_OVERLAP] = f->page.overlap[i];
    row[F_TITLE_SCORE] = m->title_score;
    row[F_FROM_TITLE] = row[F_FROM_FIRST_GOOD] = row[F_FROM_LAST_GOOD] = -200;
    if (m->title != DOC_NONE) {
        row[F_FROM_TITLE] = clip((float)i - (float)m->title, 100);
        row[F_BEFORE_TITLE] = i < m->title;
        row[F_GOOD_SINCE_TITLE] = i > m->title ? logf(1 + f->good_sum[i] - f->good_sum[m->title]) : -1;
    }
    if (m->first_good != DOC_NONE) {
        row[F_FROM_FIRST_GOOD] = clip((float)i - (float)m->first_good, 50);
        row[F_FROM_LAST_GOOD] = clip((float)i - (float)m->last_good, 50);
    }
}

static void heading_features(const struct features *f, size_t i, float *row)
{
    const struct doc *d = f->page.doc;
    uint32_t h = f->heading[i];
    if (h == DOC_NONE) {
        row[F_HEADING_DISTANCE] = -1;
        return;
    }
    const struct block *b = &d->blocks[h];
    const struct element *e = &d->elements[b->owner];
    row[F_HEADING_RELATED] = (f->phrases[h] & PHRASE_RELATED) != 0;
    row[F_HEADING_DISTANCE] = clip((float)(i - h), 50);
    row[F_HEADING_LEVEL] = (float)(e->owner - OWNER_H1 + 1);
    row[F_HEADING_SAME] = e->up == d->elements[d->blocks[i].owner].up;
    row[F_HEADING_LINKS] = block_link_density(b);
}

static void window(const struct features *f, size_t from, size_t to, float *out)
{
    float n = f->n_sum[to] - f->n_sum[from], links = f->link_sum[to] - f->link_sum[from];
    out[0] = to > from ? logf(1 + n / (float)(to - from)) : -1;
    out[1] = n > 0 ? links / n : -1;
}

static void neighbour_features(const struct features *f, size_t i, float *row)
{
    static const int offsets[FEATURE_NEIGHBOURS] = { -2, -1, 1, 2 };
    const struct doc *d = f->page.doc;
    size_t count = d->block_count;
    uint32_t up = d->elements[d->blocks[i].owner].up;

    for (int k = 0; k < FEATURE_NEIGHBOURS; k++) {
        float *out = row + F_NEIGHBOUR + 6 * k;
        size_t at = i + (size_t)(ptrdiff_t)offsets[k]; /* wraps past count below the first block */
        out[0] = out[1] = out[5] = -1;
        if (at >= count)
            continue;
        const struct block *b = &d->blocks[at];
        const struct element *e = &d->elements[b->owner];
        out[0] = logf(1 + b->n);
        out[1] = block_link_density(b);
        out[2] = b->ends_stop;
        out[3] = (f->phrases[at] & PHRASE_RELATED) != 0;
        out[4] = e->up == up;
        out[5] = e->owner;
    }
    window(f, i > 3 ? i - 3 : 0, i, row + F_WINDOW);
    window(f, i > 8 ? i - 8 : 0, i, row + F_WINDOW + 2);
    window(f, i + 1, i + 4 < count ? i + 4 : count, row + F_WINDOW + 4);
    window(f, i + 1, i + 9 < count ? i + 9 : count, row + F_WINDOW + 6);

    uint32_t images = d->blocks[i].images_before;
    row[F_IMAGE_BEFORE] = i > 0 ? (float)(images - d->blocks[i - 1].images_before > 0) : images > 0;
    row[F_IMAGE_AFTER] = i + 1 < count ? (float)(d->blocks[i + 1].images_before > images) : 0;
    if (images) { /* an image just before, in the same container or in the one around it: a caption */
        uint32_t image = d->images[images - 1].element;
        const struct element *e = &d->elements[d->blocks[i].owner];
        uint32_t up2 = e->up == DOC_NONE ? DOC_NONE : d->elements[e->up].up;
        row[F_IMAGE_PARENT] = element_inside(d, image, d->blocks[i].owner) ? 3
                              : e->up != DOC_NONE && element_inside(d, image, e->up) ? 2
                              : up2 != DOC_NONE && element_inside(d, image, up2) ? 1 : 0;
    }
}

static void metadata_features(const struct features *f, size_t i, float *row)
{
    const struct doc *d = f->page.doc;
    const struct landmarks *m = f->page.marks;
    const struct block *b = &d->blocks[i];
    const uint32_t *words = d->words + b->word;
    const struct element *e = &d->elements[b->owner];

    row[F_HAS_BODY] = f->page.article_body != NULL;
    if (b->n > COVER_LENGTH) {
        row[F_BODY_COVER] = key_set_cover(&f->body, words, b->words, 3);
        row[F_SUMMARY_COVER] = key_set_cover(&f->summary, words, b->words, 3);
    }
    if (f->summary_count && b->words && b->words < SUMMARY_WORDS) {
        size_t common = 0;
        for (size_t k = 0; k < b->words; k++)
            common += key_set_has(&f->summary_words, words[k]);
        row[F_SUMMARY_OVERLAP] = (float)common / (float)(f->summary_count + b->words - (common < b->words ? common : b->words) + 1);
    }
    for (int level = 1; level <= 5; level++)
        row[F_IN_LEVEL + level - 1] = (float)(e->semantic_around >> level & 1);
    row[F_IN_SEMANTIC] = m->semantic != DOC_NONE ? (float)e->in_semantic : -1;
    row[F_SEMANTIC_LEVEL] = (float)m->semantic_level;
    row[F_SEMANTIC_SHARE] = m->semantic_share;
    row[F_MODE] = f->page.news;
}

void features_row(const struct features *f, size_t block, float row[FEATURE_COUNT])
{
    memset(row, 0, FEATURE_COUNT * sizeof(*row));
    text_features(f, block, row);
    tag_features(f, block, row);
    container_features(f, block, row);
    position_features(f, block, row);
    heading_features(f, block, row);
    neighbour_features(f, block, row);
    metadata_features(f, block, row);
}

/* ---- names ---- */

static const struct { int first; const char *name; } families[] = {
    { F_OWNER, "owner" }, { F_INLINE, "inline" }, { F_AROUND, "around" }, { F_ARTICLE_BODY, "mark" }, { F_GROUP, "group" },
    { F_CONTAINER, "container" }, { F_ALIKE, "alike" }, { F_SIGNATURE, "signature" }, { F_LEVELS_UP, "dense" },
    { F_INDEX, "position" }, { F_HEADING_RELATED, "heading" }, { F_NEIGHBOUR, "neighbour" }, { F_WINDOW, "window" },
    { F_IMAGE_BEFORE, "image" }, { F_HAS_BODY, "metadata" },
};
static const char *const text_names[] = {
    "log_n", "log_words", "link_density", "links", "stops", "commas", "punct", "ends_stop", "ends_mark", "opens_mark", "digits",
    "capitalised", "all_caps", "mean_word", "bold", "italic", "bar", "arrow", "copyright", "short_date", "related", "source", "promo",
    "byline", "ends_colon", "ends_question", "repeats", "lower_start", "at", "http", "breaks", "has_time",
};

void feature_name(int i, char out[32])
{
    if (i < F_OWNER) {
        snprintf(out, 32, "text.%s", text_names[i]);
        return;
    }
    size_t k = 0;
    while (k + 1 < COUNT(families) && i >= families[k + 1].first)
        k++;
    if (families[k].first == F_GROUP)
        snprintf(out, 32, "group.%s", group_names[i - F_GROUP]);
    else
        snprintf(out, 32, "%s.%d", families[k].name, i - families[k].first);
}
