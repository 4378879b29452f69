/* xml.h - XML as it is found in feeds, sitemaps and OPML, in pieces, to events: a scanner and not a parser that gives up.
 *
 *   UTF-8, in pieces --> xml_push() --> on_start / on_text / on_end
 *
 * What feeds do that a conforming parser must stop at is put up with: junk before the prolog, bare ampersands, entities that
 * nobody declared, control characters, attributes without quotes, end tags in the wrong order or missing. Nothing of a
 * document type is read, so nothing can be expanded: no bombs, no external entities. No recursion; memory is bounded by
 * the limits below whatever the size; time is linear. Well-formed input without a DTD of its own gives the events that any parser
 * gives. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdbool.h>
#include <stddef.h>

#define XML_MAX_DEPTH 200             /* deeper elements have no events of their own, their text still has */
#define XML_MAX_TAG_BYTES (64 * 1024) /* a longer one is text */
#define XML_MAX_ATTRIBUTES 64         /* of one element; more are not seen */

struct xml_attribute {
    const char *name;   /* as written, with prefix; NUL-terminated */
    const char *value;  /* references resolved; NUL-terminated */
};

/* All strings are lent for the call. False stops the scanner. */
struct xml_events {
    /* tag: the start tag as written, for those who copy markup. Names are as written, with their prefix. */
    bool (*on_start)(void *arg, const char *name, const struct xml_attribute *attributes, size_t count, const char *tag, size_t tag_len);
    /* An end tag, or one that is missing: every on_start() gets its on_end(), in order, all of them at the latest in
     * xml_finish(). written: it stands in the document. */
    bool (*on_end)(void *arg, const char *name, bool written);
    /* Character data as written, in any number of pieces, a reference never split (markup_decode() resolves them); literal:
     * from a CDATA section, to be taken as it is. */
    bool (*on_text)(void *arg, const char *text, size_t len, bool literal);
    void *arg;
};

struct xml_scanner;

struct xml_scanner *xml_create(const struct xml_events *events);
void xml_destroy(struct xml_scanner *x); /* NULL is fine */
bool xml_push(struct xml_scanner *x, const char *text, size_t len); /* false once an event handler stopped it */
bool xml_finish(struct xml_scanner *x);
bool xml_has_entities(const struct xml_scanner *x); /* the document type declares entities: a warning is due */

/* The value of an attribute, its name compared without prefix and case, or NULL. */
const char *xml_attribute(const struct xml_attribute *attributes, size_t count, const char *name);
const char *xml_local(const char *name); /* what follows the prefix */

#endif
