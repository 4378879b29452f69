/* inside.h - what the last extract_run() saw, for those who look inside: `extract --explain`, `--html`, the training dump.
 * All is lent until the extractor's next run. */
#ifndef EXTRACTOR_INSIDE_H
#define EXTRACTOR_INSIDE_H

#include "extractor/decide.h"
#include "extractor/extract.h"
#include "extractor/pagetype.h"

struct extract_inside {
    const struct doc *doc;
    const struct landmarks *marks;
    const struct features *features;
    const struct verdict *verdicts;
    float threshold;
    float page_row[PAGE_FEATURE_COUNT];
};

/* Keeps what later runs see (off by default: it costs). */
void extractor_keep_inside(struct extractor *x, bool keep);
/* NULL when the last run saw no page, or nothing is kept. */
const struct extract_inside *extractor_inside(const struct extractor *x);
/* Judges by other models than the shipped ones; they are borrowed. NULL: the shipped ones again. */
void extractor_use_models(struct extractor *x, const struct models *models);

#endif
