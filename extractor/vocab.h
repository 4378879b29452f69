/* vocab.h - what class and id names say. A name is split at non-letters and at camelCase, each word looked up in a small
 * table; answers are cached by the whole attribute, since most of a page's are equal.
 *
 * The words are hints to the model, never a rule of their own. */
#ifndef EXTRACTOR_VOCAB_H
#define EXTRACTOR_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum group {
    GROUP_NAV, GROUP_SIDE, GROUP_FOOT, GROUP_RELATED, GROUP_SOCIAL, GROUP_COMMENT, GROUP_AD, GROUP_NEWSLETTER, GROUP_CAPTION,
    GROUP_BYLINE, GROUP_META, GROUP_COOKIE, GROUP_TOC, GROUP_LEAD, GROUP_POSITIVE, GROUP_CREDIT, GROUP_POINTS,
    GROUP_BOX, GROUP_COUNT
};
extern const char *const group_names[GROUP_COUNT];

/* Bits beside the groups (1 << group). */
enum {
    NAME_CONTENT = 1 << 18, /* names an article's body: entry-content, articleBody, post_text … */
    NAME_MAIN = 1 << 19,    /* generic: main, content */
    NAME_HIDDEN = 1 << 20,
    NAME_POPOVER = 1 << 21, /* tooltips and text for screen readers only */
    NAME_EMBED = 1 << 22,   /* an embedded post */
    NAME_TITLE = 1 << 23,
};

struct vocab;
struct vocab *vocab_create(void);
void vocab_destroy(struct vocab *v);

/* What the words of one class or id attribute say. */
uint32_t vocab_lookup(struct vocab *v, const char *name);

#endif
