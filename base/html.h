/* html.h - hostile HTML to a tree, within a byte budget and a deadline. Gumbo runs on an arena and is left by longjmp when
 * either is used up; its output is never destroyed, the arena is reset. Walks over the tree must not recurse. */
#ifndef BASE_HTML_H
#define BASE_HTML_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/html_hold.h"

#include <gumbo.h>
#include <stdbool.h>
#include <stdint.h>

struct html_limits {
    int64_t deadline_ms; /* CPU milliseconds for the parse; 0 = 1000 */
    unsigned max_depth;  /* open elements; deeper pages are refused (html_scan() flattens them); 0 = 512 */
    bool depth_known;    /* html_scan() made the text and scanned it to the end: its depth needs no look */
    struct html_held *held; /* what html_scan() held of this text, to be put back; may be NULL */
};

/* Parses len bytes of valid UTF-8 into a tree whose memory is a's; text must outlive the tree. NULL with ERROR_LIMIT when
 * the arena's budget, the deadline or the depth is passed; the arena may then be reset and used again. */
GumboOutput *html_parse(struct arena *a, const char *text, size_t len, const struct html_limits *limits, struct error *err);

/* The value of an attribute (name in lower case), or NULL. Lent. */
const char *html_attr(const GumboNode *element, const char *name);

/* The next node in document order below root after node (children first), or NULL: a walk without recursion. */
const GumboNode *html_next(const GumboNode *root, const GumboNode *node);
/* The same, without going into node's children. */
const GumboNode *html_next_after(const GumboNode *root, const GumboNode *node);

#endif
