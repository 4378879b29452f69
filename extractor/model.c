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

float model_probability(const struct model *m, const float *row)
{
    float sum = m->base;
    for (uint32_t t = 0; t < m->trees; t++) {
        const struct model_node *tree = m->nodes + m->roots[t], *node = tree;
        while (node->feature >= 0)
            node = tree + (row[node->feature] <= node->value ? node->left : node->right);
        sum += node->value;
    }
    return 1 / (1 + expf(-sum));
}

/* Whether count nodes are one tree: children stand behind their parents, each node but the first has one. */
static bool is_tree(const struct model_node *nodes, uint32_t count, int32_t features)
{
    unsigned parents[2 * MODEL_MAX_LEAVES] = { 0 };
    if (count == 0 || count >= COUNT(parents))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct model_node *n = &nodes[i];
        if (n->feature >= features || (n->feature >= 0 && (n->left <= i || n->right <= i || n->left >= count || n->right >= count)))
            return false;
        if (n->feature >= 0) {
            parents[n->left]++;
            parents[n->right]++;
        }
    }
    for (uint32_t i = 1; i < count; i++)
        if (parents[i] != 1)
            return false;
    return true;
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
    for (uint32_t t = 0; t < m->trees; t++) {
        uint32_t end = t + 1 < m->trees ? roots[t + 1] : m->node_count;
        if (end <= roots[t] || !is_tree(nodes + roots[t], end - roots[t], m->features))
            return false;
    }
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
