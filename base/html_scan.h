/* html_scan.h - one pass over a page's bytes that leaves out what no reader of the tree looks at: the contents of script,
 * style, iframe, svg and math, of noscript elements that hold nothing but images and frames, comments, and attributes that are
 * not on the list below. Two thirds to three quarters of a news page go that way, and parsing gets so much faster.
 *
 * The promise: Gumbo's tree of the result is Gumbo's tree of the page, but for comments, those attributes and what stands inside
 * those elements, with adjacent text merged. The emptied elements stay as shells (<script></script>), because their start
 * tags shape the tree: they open head or body, reopen formatting elements, keep runs of text apart. Where the standard lets
 * more than that depend on what would go, it stays: all attributes of html, body, formatting elements (but a) and font (Noah's Ark
 * clause), comments in tables and behind pre, noscript in the head. Where the scan cannot know what the tree builder does
 * (frames, a select with other things in it, svg that page elements break out of, CDATA), the rest of the page is copied
 * as it is.
 *
 * Kept attributes: alt aria-hidden charset class content data-lazy-src data-original data-src datetime height hidden href http-equiv
 * id itemprop itemscope itemtype lang name property rel role src type width xml:lang, and title except on a;
 * src and data-src not when they are data URLs, style only when it speaks of "none" or "hidden". */
#ifndef BASE_HTML_SCAN_H
#define BASE_HTML_SCAN_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/html_hold.h"

#include <stdbool.h>
#include <stddef.h>

enum html_script_kind {
    HTML_SCRIPT_JSON_LD, /* type="application/ld+json" */
    HTML_SCRIPT_JSON,    /* any other type with "json" in it */
};

struct html_script {
    enum html_script_kind kind;
    const char *bytes; /* in the scanned text: lent as long as that lives */
    size_t len;
};

#define HTML_SCRIPTS_MAX 64

struct html_scan {
    struct html_script scripts[HTML_SCRIPTS_MAX]; /* in page order; more are not kept */
    unsigned script_count;
    unsigned depth;        /* elements open at once, estimated; HTML_DEPTH_MAX + 1 for more */
    bool flattened;        /* tags were left out: deeper than HTML_DEPTH_MAX elements, or more than 128 attributes on one */
    size_t copied_from;    /* offset in the text from which it was copied as it is; its length when it was scanned to the end */
};

/* Scans len bytes of valid UTF-8 and appends the result to out, which never gets longer than the text. With held, plain text and
 * values wait there, and white space outside pre and textarea is folded: the result is for html_parse() with limits.held, which
 * must come while text lives. held may be NULL. False with ERROR_LIMIT when out's bound is passed. */
bool html_scan(const char *text, size_t len, struct html_held *held, struct buffer *out, struct html_scan *result, struct error *err);

#endif
