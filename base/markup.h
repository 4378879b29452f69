/* markup.h - small pieces of HTML as feeds hold them (titles, summaries) to plain text, without a tree, and the character
 * references that HTML and XML share. For whole pages see html.h. Input is UTF-8; time is linear in it. */
#ifndef BASE_MARKUP_H
#define BASE_MARKUP_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads the character reference at s, which starts with '&': "&#8217;", "&#x2019;", "&eacute;". Returns the bytes it takes
 * (0: it is none, the ampersand stands for itself) and writes its UTF-8 to text. A semicolon is needed: "?page=1&copy=2" is
 * an address. Numbers 128 to 159 mean windows-1252, NUL and surrogates U+FFFD (HTML 13.2.5.80). */
size_t markup_reference(const char *s, size_t len, char text[4], size_t *text_len);

/* Appends s with its references resolved. False when out's bound is passed. */
bool markup_decode(const char *s, size_t len, struct buffer *out);

/* Appends the plain text of a piece of HTML: tags and comments gone (those of blocks become a space), the contents of script and
 * style left out, references resolved, white space folded, ends trimmed. '<' that starts no tag stays. False when out's
 * bound is passed. */
bool markup_text(const char *html, size_t len, struct buffer *out);

#endif
