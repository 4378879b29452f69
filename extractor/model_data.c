/* model_data.c - a hand-made stand-in of three nodes until extractor/train has run: text of some length with few links in
 * the densest container is the article. */
#include "extractor/features.h"
#include "extractor/model.h"
#include "extractor/pagetype.h"

static const struct model_node block_nodes[] = {
    { 0.5f, F_IN_DENSE, 1, 2 }, { -3, -1, 0, 0 }, { 0.4f, F_LINK_DENSITY, 3, 4 }, { 3.2f, F_LOG_N, 5, 6 }, { -3, -1, 0, 0 },
    { -1, -1, 0, 0 }, { 3, -1, 0, 0 },
};
static const struct model_node page_nodes[] = {
    { 6.5f, PAGE_URL_FEATURES + PAGE_MARKUP_FEATURES + 6, 1, 2 }, { -2, -1, 0, 0 }, { 2, -1, 0, 0 },
};
static const uint32_t roots[] = { 0 };

const struct models models_shipped = {
    .blocks = { block_nodes, roots, 1, 7, FEATURE_COUNT, 0 },
    .pages = { page_nodes, roots, 1, 3, PAGE_FEATURE_COUNT, 0 },
};
