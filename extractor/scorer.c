/* scorer.c - see scorer.h. After "QuickScorer" (Lucchese and others, 2015): a node whose comparison fails rules out the leaves below
 * its left child. Nodes of one feature stand in the order of their thresholds, so the first one that no row fails ends the
 * feature. Leaves are numbered from left to right, a bit each. */
#include "extractor/scorer.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows by fours, which every processor with vectors has. */
#define FOURS (SCORER_ROWS / 4)
typedef float floats __attribute__((vector_size(16)));
typedef int32_t ints __attribute__((vector_size(16)));

struct live { /* the leaves of one tree that a row may still end in, a bit each */
    ints rows[FOURS];
};

struct comparison {
    float threshold;
    uint16_t feature, tree;
    int32_t stay;           /* the leaves that it leaves when it fails */
};

struct scorer {
    struct comparison *comparisons; /* owned */
    uint32_t *first;                /* owned; of each feature, and one past the last */
    float (*leaves)[MODEL_MAX_LEAVES]; /* owned; of each tree */
    struct live *live;               /* owned; of each tree, during a run */
    uint32_t trees, count;
    int32_t features;
    float base;
};

/* ---- making it ---- */

struct frame {
    uint32_t node;   /* from the tree's first */
    unsigned first;  /* leaf below it */
    enum { ENTER, BETWEEN, LEAVE } at;
};

/* Numbers the leaves of a tree and notes what each comparison leaves of them. */
static void add_tree(struct scorer *s, const struct model_node *tree, uint16_t number)
{
    struct frame stack[MODEL_MAX_LEAVES + 1] = { { 0, 0, ENTER } };
    unsigned depth = 1, leaf = 0;

    while (depth) {
        struct frame *f = &stack[depth - 1];
        const struct model_node *n = &tree[f->node];
        assert(depth <= MODEL_MAX_LEAVES && leaf < MODEL_MAX_LEAVES + (n->feature >= 0));
        if (n->feature < 0) {
            s->leaves[number][leaf++] = n->value;
            depth--;
        } else if (f->at == ENTER) {
            f->first = leaf;
            f->at = BETWEEN;
            stack[depth++] = (struct frame){ n->left, 0, ENTER };
        } else if (f->at == BETWEEN) {
            uint32_t below = (1u << leaf) - (1u << f->first);
            s->comparisons[s->count++] = (struct comparison){ n->value, (uint16_t)n->feature, number, (int32_t)~below };
            f->at = LEAVE;
            stack[depth++] = (struct frame){ n->right, 0, ENTER };
        } else {
            depth--;
        }
    }
}

static int by_feature(const void *a, const void *b)
{
    const struct comparison *x = a, *y = b;
    if (x->feature != y->feature)
        return x->feature < y->feature ? -1 : 1;
    return (x->threshold > y->threshold) - (x->threshold < y->threshold);
}

struct scorer *scorer_create(const struct model *m)
{
    struct scorer *s = xcalloc(1, sizeof(*s));
    s->trees = m->trees;
    s->features = m->features;
    s->base = m->base;
    s->comparisons = xcalloc(m->node_count + 1, sizeof(*s->comparisons));
    s->first = xcalloc((size_t)m->features + 1, sizeof(*s->first));
    s->leaves = xcalloc(m->trees + 1, sizeof(*s->leaves));
    s->live = xcalloc(m->trees + 1, sizeof(*s->live));
    for (uint32_t t = 0; t < m->trees; t++)
        add_tree(s, m->nodes + m->roots[t], (uint16_t)t);
    qsort(s->comparisons, s->count, sizeof(*s->comparisons), by_feature);
    for (uint32_t f = 0, i = 0; f <= (uint32_t)m->features; f++) {
        while (i < s->count && s->comparisons[i].feature < f)
            i++;
        s->first[f] = i;
    }
    return s;
}

void scorer_destroy(struct scorer *s)
{
    if (!s)
        return;
    free(s->live);
    free(s->leaves);
    free(s->first);
    free(s->comparisons);
    free(s);
}

/* ---- judging ---- */

static bool any(ints m)
{
    uint64_t halves[2];
    memcpy(halves, &m, sizeof(halves));
    return halves[0] | halves[1];
}

static void strike_out(struct scorer *s, int32_t feature, const float values[SCORER_ROWS])
{
    floats row[FOURS];
    memcpy(row, values, sizeof(row));
    for (uint32_t i = s->first[feature]; i < s->first[feature + 1]; i++) {
        const struct comparison *c = &s->comparisons[i];
        ints *live = s->live[c->tree].rows;
        ints passes_0 = row[0] <= c->threshold, passes_1 = row[1] <= c->threshold;
        if (!any(~(passes_0 & passes_1)))
            break;
        live[0] &= passes_0 | c->stay;
        live[1] &= passes_1 | c->stay;
    }
}

void scorer_run(struct scorer *s, float (*columns)[SCORER_ROWS], float out[SCORER_ROWS])
{
    float sums[SCORER_ROWS];
    memset(s->live, 0xFF, s->trees * sizeof(*s->live));
    for (int32_t f = 0; f < s->features; f++)
        if (s->first[f] < s->first[f + 1])
            strike_out(s, f, columns[f]);
    for (size_t r = 0; r < SCORER_ROWS; r++)
        sums[r] = s->base;
    for (uint32_t t = 0; t < s->trees; t++)
        for (size_t r = 0; r < SCORER_ROWS; r++)
            sums[r] += s->leaves[t][__builtin_ctz((unsigned)s->live[t].rows[r / 4][r % 4])];
    for (size_t r = 0; r < SCORER_ROWS; r++)
        out[r] = 1 / (1 + expf(-sums[r]));
}
