/* model.c - see model.h.
 *
 * File: "tidings-model 1", then for each of "blocks" and "pages" a line "NAME features trees nodes base", a line a tree with
 * its root's index, a line a node: "value feature left right". */
#include "extractor/model.h"

#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_MAX_TREES 2000
#define MODEL_MAX_NODES 200000

/* One step down, or none from a leaf; without a branch that depends on the row, which no processor can foresee. */
static const struct model_node *step(const struct model_node *tree, const struct model_node *node, const float *row)
{
    int32_t feature = node->feature < 0 ? 0 : node->feature;
    uint32_t right = -(uint32_t)!(row[feature] <= node->value), next = node->left ^ ((node->left ^ node->right) & right);
    return node->feature < 0 ? node : tree + next;
}

/* Rows go down each tree together: while one waits for its number, another steps. */
void model_probabilities(const struct model *m, const float *rows, size_t width, float out[MODEL_ROWS])
{
    float sums[MODEL_ROWS];
    for (size_t r = 0; r < MODEL_ROWS; r++)
        sums[r] = m->base;
    for (uint32_t t = 0; t < m->trees; t++) {
        const struct model_node *tree = m->nodes + m->roots[t], *at[MODEL_ROWS];
        int inner = tree->feature;
        for (size_t r = 0; r < MODEL_ROWS; r++)
            at[r] = tree;
        while (inner >= 0) {
            inner = -1;
            for (size_t r = 0; r < MODEL_ROWS; r++) {
                at[r] = step(tree, at[r], rows + r * width);
                inner &= at[r]->feature; /* stays -1 while all are leaves: features are not negative */
            }
        }
        for (size_t r = 0; r < MODEL_ROWS; r++)
            sums[r] += at[r]->value;
    }
    for (size_t r = 0; r < MODEL_ROWS; r++)
        out[r] = 1 / (1 + expf(-sums[r]));
}

float model_probability(const struct model *m, const float *row)
{
    float out[MODEL_ROWS];
    model_probabilities(m, row, 0, out);
    return out[0];
}

static bool node_fits(const struct model *m, const struct model_node *n, uint32_t root)
{
    uint32_t left = root + n->left, right = root + n->right;
    return n->feature < m->features && (n->feature < 0 || (n->left && n->right && left < m->node_count && right < m->node_count));
}

static bool read_model(FILE *f, const char *want, int32_t width, struct model *m)
{
    char name[16];
    if (fscanf(f, "%15s %" SCNd32 " %" SCNu32 " %" SCNu32 " %f", name, &m->features, &m->trees, &m->node_count, &m->base) != 5
        || strcmp(name, want) != 0 || m->features != width || m->trees > MODEL_MAX_TREES || m->node_count > MODEL_MAX_NODES)
        return false;
    uint32_t *roots = xcalloc(m->trees + 1, sizeof(*roots));
    struct model_node *nodes = xcalloc(m->node_count + 1, sizeof(*nodes));
    m->roots = roots;
    m->nodes = nodes;
    for (uint32_t i = 0; i < m->trees; i++)
        if (fscanf(f, "%" SCNu32, &roots[i]) != 1 || roots[i] >= m->node_count)
            return false;
    for (uint32_t i = 0; i < m->node_count; i++)
        if (fscanf(f, "%f %" SCNd16 " %" SCNu16 " %" SCNu16, &nodes[i].value, &nodes[i].feature, &nodes[i].left, &nodes[i].right) != 4)
            return false;
    for (uint32_t t = 0; t < m->trees; t++)
        for (uint32_t i = roots[t]; i < (t + 1 < m->trees ? roots[t + 1] : m->node_count); i++)
            if (!node_fits(m, &nodes[i], roots[t]))
                return false;
    return true;
}

struct models *models_read(const char *path, int32_t block_features, int32_t page_features, struct error *err)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        error_set(err, ERROR_INVALID, "cannot read the model %s: %s", path, strerror(errno));
        return NULL;
    }
    struct models *m = xcalloc(1, sizeof(*m));
    int version = 0;
    bool ok = fscanf(f, "tidings-model %d", &version) == 1 && version == 1 && read_model(f, "blocks", block_features, &m->blocks)
              && read_model(f, "pages", page_features, &m->pages);
    fclose(f);
    if (ok)
        return m;
    error_set(err, ERROR_INVALID, "%s is no model for this program: train it again with its own features (extractor/train)", path);
    models_free(m);
    return NULL;
}

void models_free(struct models *m)
{
    if (!m)
        return;
    free((void *)m->blocks.nodes);
    free((void *)m->blocks.roots);
    free((void *)m->pages.nodes);
    free((void *)m->pages.roots);
    free(m);
}
