/* text.h - UTF-8 text: validity, NFC, white space, what a terminal may be shown. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_valid_utf8(const char *s, size_t len);
/* Appends s in NFC (Unicode 15 or what utf8proc has); invalid bytes become U+FFFD. */
bool text_nfc(const char *s, size_t len, struct buffer *out);
/* Appends s with runs of white space (also U+00A0, U+2000-200B, U+3000 …) folded to one space, ends trimmed. */
bool text_fold_space(const char *s, size_t len, struct buffer *out);
/* Next code point at *s (moves *s on), U+FFFD for invalid bytes. *s must be before end. */
uint32_t text_next(const char **s, const char *end);
/* Appends at most columns display columns of s without control, escape and bidi characters; "…" marks a cut. ascii: what a
 * non-UTF-8 locale can show ('?' for the rest). */
void text_for_terminal(const char *s, size_t len, int columns, bool ascii, struct buffer *out);
int text_columns(const char *s, size_t len);

#endif
