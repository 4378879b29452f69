/* punycode.h - RFC 3492, for labels that libidn2 refuses (IDNA 2008 has no symbols) and browsers resolve: the snowman's domain. */
#ifndef BASE_PUNYCODE_H
#define BASE_PUNYCODE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends "xn--" and the encoded label, after the mapping of UTS 46: compatibility forms, small letters, NFC, variation selectors
 * dropped. False when a character is neither letter, mark, number nor symbol, when none is left, or when out is full. */
bool punycode_label(const char *label, size_t len, struct buffer *out);

#endif
