/* scorer.h - a model made ready to judge eight rows at once, without a walk down its trees: every comparison of the model is made
 * for eight rows in one step, feature by feature, and strikes out the leaves that it rules out; of each tree the first leaf
 * left is the answer. The probabilities are those of model_probability(), to the bit. */
#ifndef EXTRACTOR_SCORER_H
#define EXTRACTOR_SCORER_H

#include "extractor/model.h"

#define SCORER_ROWS 8

struct scorer;
struct scorer *scorer_create(const struct model *m); /* of trees with at most MODEL_MAX_LEAVES; m need not outlive it */
void scorer_destroy(struct scorer *s);               /* NULL is fine */

/* columns[feature][row]; all rows are judged, also those that hold nothing of use. */
void scorer_run(struct scorer *s, float (*columns)[SCORER_ROWS], float out[SCORER_ROWS]);

#endif
