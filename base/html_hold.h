/* html_hold.h - text that waits beside a page while the page is parsed. Gumbo takes text one character at a time, each a token of its
 * own; so html_scan() writes one character for a whole run of plain text or a plain attribute value, and html_parse() puts the
 * text back into the tree. The tree cannot tell: a run begins with a character that is no white space, and of several such
 * characters only the first ever moves the tree builder.
 *
 * The characters are those of the private plane 15, the nth for the nth run. A page that has one itself, as bytes or as a
 * reference, holds nothing. */
#ifndef BASE_HTML_HOLD_H
#define BASE_HTML_HOLD_H

#include "base/arena.h"

#include <gumbo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTML_HELD_MAX 32768 /* runs of one page; later ones stay where they are */
#define HTML_HELD_LEN 4     /* bytes of the character that stands for one */

struct html_held {
    unsigned count;
    struct { const char *bytes; uint32_t len; bool copied; } runs[HTML_HELD_MAX]; /* lent by the page; copied: of the arena */
};

/* The bytes from p on that may be held: printable and not "&" or "<", ending with no white space; 0 where there are none. Text must
 * be valid UTF-8. */
size_t html_hold_text(const char *p, const char *end);
/* Whether all of an attribute's value may be held: it has no reference and nothing that Gumbo would change. */
bool html_hold_value(const char *p, size_t len);
/* Takes a run and writes its character; false when there is no more room. */
bool html_hold_add(struct html_held *held, const char *p, size_t len, char out[HTML_HELD_LEN]);

/* Whether text has characters of plane 15: as bytes, or (in what Gumbo is given) as a numeric reference. */
bool html_hold_in_bytes(const char *text, size_t len);
bool html_hold_in_references(const char *text, size_t len);

/* Puts back what was held, everywhere below root; copies are a's. False when a is used up. */
bool html_hold_release(struct html_held *held, const GumboNode *root, struct arena *a);

#endif
