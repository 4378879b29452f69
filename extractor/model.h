/* model.h - boosted regression trees: a row of features in, a probability out. The shipped ones are constant arrays made by
 * extractor/train (model_data.c); a file of the same numbers can be read for tests. */
#ifndef EXTRACTOR_MODEL_H
#define EXTRACTOR_MODEL_H

#include "base/error.h"

#include <stdint.h>

#define MODEL_MAX_LEAVES 16 /* of one tree: scorer.h has a bit for each */

struct model_node {
    float value;            /* of an inner node the threshold (row <= value goes left), of a leaf what it adds */
    int16_t feature;        /* -1: a leaf */
    uint16_t left, right;   /* from the tree's first node */
};
struct model {
    const struct model_node *nodes;
    const uint32_t *roots;  /* index of each tree's first node */
    uint32_t trees, node_count;
    int32_t features;       /* width of a row */
    float base;             /* log odds before the first tree */
};

struct models { struct model blocks, pages; };
extern const struct models models_shipped; /* model_data.c */

float model_probability(const struct model *m, const float *row);

/* Reads a file that train.py wrote. Rows must be as wide as ours. ERROR_INVALID names the file and what is wrong. */
struct models *models_read(const char *path, int32_t block_features, int32_t page_features, struct error *err);
void models_free(struct models *m); /* NULL is fine */

#endif
