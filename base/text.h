/* text.h - UTF-8 text: validity, NFC, white space, what a terminal may be shown. Every function takes any bytes; what is
 * not UTF-8 reads as U+FFFD, one for each "maximal subpart" as in the WHATWG Encoding standard. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_valid_utf8(const char *s, size_t len);
size_t text_valid_prefix(const char *s, size_t len);   /* bytes of s before the first invalid one */
size_t text_invalid_length(const char *s, size_t len); /* bytes of the invalid sequence at s that one U+FFFD stands for; len > 0 */
/* Bytes of the longest beginning of s (UTF-8) of at most max bytes that does not end inside a character. */
size_t text_cut(const char *s, size_t len, size_t max);

/* Next code point at *s (moves *s on), U+FFFD for invalid bytes. *s must be before end. */
uint32_t text_next(const char **s, const char *end);
/* Writes c as UTF-8 (U+FFFD for what is no scalar value) and returns its length. */
size_t text_encode(uint32_t c, char out[4]);

/* Appends s in NFC (Unicode 15 or what utf8proc has); invalid bytes become U+FFFD, combining marks after the 30th in a row
 * are dropped. False when out's bound is passed. */
bool text_nfc(const char *s, size_t len, struct buffer *out);
/* Appends s with runs of white space (all of Unicode's) folded to one space and the ends trimmed; soft hyphens and
 * zero-width spaces are dropped. False when out's bound is passed. */
bool text_fold_space(const char *s, size_t len, struct buffer *out);

/* Appends at most columns display columns of s without control, escape and bidi characters; "…" marks a cut. ascii: what a
 * non-UTF-8 locale can show ('?' for the rest, "..." for a cut). */
void text_for_terminal(const char *s, size_t len, int columns, bool ascii, struct buffer *out);
int text_columns(const char *s, size_t len);

/* What ends the noun after a number: "" for 1, else "s". */
const char *text_plural(int64_t n);

#endif
