/* landmarks.c - see landmarks.h. Sums run from the last element to the first, which is post-order enough: a parent comes
 * before its children in the array. */
#include "extractor/landmarks.h"

#include "extractor/words.h"

#include <string.h>

#define GOOD_LENGTH 60
#define GOOD_LINK_DENSITY 0.35f
#define GOOD_CAP 800
#define TITLE_WORDS 64
#define TITLE_BYTES 600
#define MARGINAL (IN_NAV | IN_FOOTER | IN_ASIDE | IN_HIDDEN)

float block_good(const struct block *b)
{
    if (b->n < GOOD_LENGTH || block_link_density(b) >= GOOD_LINK_DENSITY)
        return 0;
    return b->n < GOOD_CAP ? b->n : GOOD_CAP;
}

/* The element whose paragraph a block is: of a <p> its parent, of bare text the element itself. */
static uint32_t container_of(const struct doc *d, uint32_t owner)
{
    const struct element *e = &d->elements[owner];
    switch (e->owner) {
    case OWNER_P: case OWNER_H1: case OWNER_H2: case OWNER_H3: case OWNER_H4: case OWNER_LI: case OWNER_BLOCKQUOTE:
    case OWNER_PRE: case OWNER_DD: case OWNER_DT:
        return e->up == DOC_NONE ? owner : e->up;
    default:
        return owner;
    }
}

static void add_score(struct doc *d, uint32_t owner, float good)
{
    uint32_t at = container_of(d, owner);
    if (d->elements[owner].around & MARGINAL)
        good *= 0.2f;
    for (int level = 0; level < 3 && at != DOC_NONE; level++) {
        d->elements[at].score += good;
        good /= 2;
        at = d->elements[at].up;
    }
}

static void sum_up(struct doc *d, struct landmarks *m)
{
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        struct element *e = &d->elements[b->owner];
        float good = block_good(b);
        e->text += b->n;
        e->link_text += b->link_n;
        e->good += good;
        e->blocks++;
        if (good > 0)
            add_score(d, b->owner, good);
    }
    for (size_t i = d->element_count; i-- > 1;) {
        const struct element *e = &d->elements[i];
        struct element *p = &d->elements[e->parent];
        p->text += e->text;
        p->link_text += e->link_text;
        p->good += e->good;
        p->blocks += e->blocks;
    }
    m->text = d->element_count ? d->elements[0].text : 0;
    m->good = d->element_count ? d->elements[0].good : 0;
}

static float unlinked(const struct element *e)
{
    return e->text > 0 ? 1 - e->link_text / e->text : 0;
}

static uint32_t find_dense(const struct doc *d)
{
    uint32_t best = DOC_NONE;
    float best_score = 0;
    for (size_t i = 0; i < d->element_count; i++) {
        float score = d->elements[i].score * unlinked(&d->elements[i]);
        if (score > best_score) {
            best_score = score;
            best = (uint32_t)i;
        }
    }
    return best;
}

static void find_semantic(const struct doc *d, struct landmarks *m)
{
    uint32_t best[6] = { DOC_NONE, DOC_NONE, DOC_NONE, DOC_NONE, DOC_NONE, DOC_NONE };
    float best_score[6] = { 0 };
    for (size_t i = 0; i < d->element_count; i++) {
        const struct element *e = &d->elements[i];
        float score = e->good * unlinked(e);
        if (e->semantic && e->block_level && score > best_score[e->semantic]) {
            best_score[e->semantic] = score;
            best[e->semantic] = (uint32_t)i;
        }
    }
    m->semantic = DOC_NONE;
    m->semantic_level = 0;
    m->semantic_share = 0;
    for (int level = 1; level <= 5; level++) {
        if (best[level] == DOC_NONE)
            continue;
        float good = d->elements[best[level]].good;
        if ((good >= 0.25f * m->good && good > 120) || good > 1500) {
            m->semantic = best[level];
            m->semantic_level = level;
            m->semantic_share = m->good > 0 ? good / m->good : 0;
            return;
        }
    }
}

/* A body may be cut into pieces that look alike, with a picture or a box between them: they are one article up to the next h1. */
static void pieces_range(const struct doc *d, const struct landmarks *m, uint32_t *from, uint32_t *to)
{
    *from = 0;
    *to = (uint32_t)d->element_count;
    for (uint32_t i = 0; i < d->element_count; i++) {
        if (d->elements[i].tag != GUMBO_TAG_H1)
            continue;
        if (i < m->semantic)
            *from = i;
        else if (i >= d->elements[m->semantic].end) {
            *to = i;
            return;
        }
    }
}

static void mark_semantic(struct doc *d, const struct landmarks *m)
{
    uint32_t from, to;
    if (m->semantic == DOC_NONE)
        return;
    pieces_range(d, m, &from, &to);
    const struct element *best = &d->elements[m->semantic];
    for (uint32_t i = 0; i < d->element_count; i++) {
        struct element *e = &d->elements[i];
        bool piece = m->semantic_level <= 2 && e->semantic == m->semantic_level && e->signature == best->signature && i >= from && i < to;
        e->in_semantic = i == m->semantic || piece || (e->parent != DOC_NONE && d->elements[e->parent].in_semantic);
    }
}

/* Top-down: the lowest common ancestor with the dense container, and which semantic levels an element lies in. */
static void inherit_places(struct doc *d, uint32_t dense)
{
    for (size_t i = 0; i < d->element_count; i++) {
        struct element *e = &d->elements[i];
        const struct element *p = e->parent == DOC_NONE ? NULL : &d->elements[e->parent];
        bool around_dense = dense != DOC_NONE && dense >= i && dense < e->end;
        e->lca = around_dense ? (uint32_t)i : p ? p->lca : 0;
        e->semantic_around = (uint8_t)((p ? p->semantic_around : 0) | (e->semantic ? 1u << e->semantic : 0));
    }
}

static float overlap_of(const uint32_t *title, size_t title_count, const uint32_t *words, size_t count)
{
    size_t common = 0;
    bool used[TITLE_WORDS] = { false };
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < title_count; k++)
            if (!used[k] && title[k] == words[i]) {
                used[k] = true;
                common++;
                break;
            }
    return (float)common / (float)(title_count + count - common);
}

static void find_title(const struct doc *d, const char *title, float *overlap, struct landmarks *m)
{
    uint32_t words[TITLE_WORDS];
    size_t count = title ? words_hash(d->chars, title, strlen(title), words, TITLE_WORDS) : 0;

    m->title = DOC_NONE;
    m->title_score = 0;
    for (size_t i = 0; i < d->block_count; i++) {
        const struct block *b = &d->blocks[i];
        overlap[i] = 0;
        if (!count || b->len > TITLE_BYTES || b->words > 2 * TITLE_WORDS || !b->words)
            continue;
        overlap[i] = overlap_of(words, count, d->words + b->word, b->words);
        if (overlap[i] < 0.5f)
            continue;
        const struct element *e = &d->elements[b->owner];
        float score = overlap[i] + (e->owner == OWNER_H1 ? 0.3f : e->owner == OWNER_H2 ? 0.1f : 0)
                      - (e->around & (IN_NAV | ROLE_NAVIGATION) ? 0.3f : 0);
        if (score > m->title_score) {
            m->title_score = score;
            m->title = (uint32_t)i;
        }
    }
    for (size_t i = 0; i < d->block_count && m->title == DOC_NONE; i++)
        if (d->elements[d->blocks[i].owner].owner == OWNER_H1)
            m->title = (uint32_t)i;
}

static void find_good_ends(const struct doc *d, struct landmarks *m)
{
    m->first_good = m->last_good = DOC_NONE;
    for (size_t i = 0; i < d->block_count; i++)
        if (m->dense != DOC_NONE && element_inside(d, d->blocks[i].owner, m->dense) && block_good(&d->blocks[i]) > 0) {
            if (m->first_good == DOC_NONE)
                m->first_good = (uint32_t)i;
            m->last_good = (uint32_t)i;
        }
}

void landmarks_find(struct doc *d, const char *title, float *overlap, struct landmarks *m)
{
    *m = (struct landmarks){ .dense = DOC_NONE, .semantic = DOC_NONE, .title = DOC_NONE };
    sum_up(d, m);
    m->dense = find_dense(d);
    find_semantic(d, m);
    mark_semantic(d, m);
    inherit_places(d, m->dense);
    find_title(d, title, overlap, m);
    find_good_ends(d, m);
}
