/* decide.h - from probabilities to verdicts: which blocks are the article, and what each is. News mode applies all rules;
 * broad mode takes the probabilities at a lower threshold. */
#ifndef EXTRACTOR_DECIDE_H
#define EXTRACTOR_DECIDE_H

#include "extractor/extract.h"
#include "extractor/features.h"
#include "extractor/scorer.h"

enum rule { /* what decided last */
    RULE_MODEL, RULE_GATE, RULE_LINK, RULE_RELATED, RULE_FOOTER, RULE_CAPTION, RULE_EMBED, RULE_REGION, RULE_REPEAT, RULE_INCLUDE,
    RULE_EXCLUDE, RULE_TITLE, RULE_GAP, RULE_TAIL, RULE_SIGNATURE, RULE_MEMORY, RULE_COUNT
};
const char *rule_name(enum rule rule);

struct verdict {
    float probability;
    bool keep;             /* part of the text */
    bool aside;            /* caption, byline or date: no part of the text in news mode, but given as a block */
    enum block_kind kind;
    enum rule rule;
};

struct decide_input {
    const struct doc *doc;
    const struct landmarks *marks;
    const struct features *features;
    struct scorer *scorer; /* of the model for blocks */
    const float *overlap;
    const unsigned char *forced; /* a byte a block: 0, 1 include, 2 exclude; NULL: no selectors */
    bool news;
    const uint32_t *known; /* blocks of the site's memory; memory.h */
    size_t known_count;
    uint32_t *doubted;     /* out: room for MEMORY_TELLS hashes */
    size_t doubted_count;
};

/* Fills one verdict a block; returns the threshold that was used. */
float decide(struct decide_input *in, struct verdict *out);

#endif
