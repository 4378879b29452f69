/* html_hold.h - what waits beside a page while the page is parsed. Gumbo takes a page one character at a time; so html_scan() writes
 * one character for a whole run of text, and one for all attributes of an element, and html_parse() puts them back into the
 * tree. The tree cannot tell: a run begins with a character that is no white space, and of several such characters only the
 * first ever moves the tree builder; attributes are held of elements of which it reads none.
 *
 * Held is what Gumbo would give back unchanged, and character references whose meaning is plain. The characters are those of
 * the private plane 15, the nth for the nth run. A page that has one itself, as bytes or as a reference, holds nothing. */
#ifndef BASE_HTML_HOLD_H
#define BASE_HTML_HOLD_H

#include "base/arena.h"

#include <gumbo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTML_HELD_MAX 32768            /* runs of one page; later ones stay where they are */
#define HTML_HELD_ATTRIBUTES_MAX 65536
#define HTML_HELD_LEN 4                /* bytes of the character that stands for one */

struct html_held_attribute {
    const char *name;  /* lives for ever */
    const char *value; /* lent by the page */
    uint32_t len;
    GumboAttribute *made; /* once it is put back: elements that the tree builder made again share it */
};

struct html_held_run {
    const char *text;  /* lent by the page; NULL: the attributes of an element */
    uint32_t len;      /* bytes of text, or attributes */
    uint32_t first;    /* attribute */
};

struct html_held {
    unsigned count, attribute_count;
    struct html_held_run runs[HTML_HELD_MAX];
    struct html_held_attribute attributes[HTML_HELD_ATTRIBUTES_MAX];
};

void html_hold_clear(struct html_held *held);
bool html_hold_has_room(const struct html_held *held); /* for a text, or an element and its attributes */

/* The bytes from p on that may be held as text; 0 where there are none. It ends with no white space. Valid UTF-8. */
size_t html_hold_run(const char *p, const char *end);
/* Takes such a run, for which there must be room, and writes its character. */
void html_hold_text(struct html_held *held, const char *p, size_t len, char out[HTML_HELD_LEN]);

/* Takes an attribute of the element under way; false when Gumbo must read it. */
bool html_hold_attribute(struct html_held *held, const char *name, const char *value, size_t len);
/* Ends the element whose attributes were taken from `first` on, and writes its character: the name of an attribute. */
void html_hold_element(struct html_held *held, unsigned first, char out[HTML_HELD_LEN]);

/* Whether text has characters of plane 15: as bytes, or (in what Gumbo is given) as a numeric reference. */
bool html_hold_in_bytes(const char *text, size_t len);
bool html_hold_in_references(const char *text, size_t len);

/* Puts back what was held, everywhere below root; it becomes a's. False when a is used up. */
bool html_hold_release(struct html_held *held, const GumboNode *root, struct arena *a);

#endif
