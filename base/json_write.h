/* json_write.h - JSON written as it comes, for what is written by the thousand: no tree is made first. Jansson reads, and writes
 * the rest. */
#ifndef BASE_JSON_WRITE_H
#define BASE_JSON_WRITE_H

#include "base/buffer.h"

/* Appends s as a JSON string with its quotes (RFC 8259 7). Bytes that are no UTF-8 become U+FFFD. */
void json_put_string(struct buffer *out, const char *s, size_t len);

/* Appends "name": behind a comma where one is needed: unless out is empty or ends in an opening bracket. name needs no escapes. */
void json_put_key(struct buffer *out, const char *name);
/* A comma where one is needed, before an element of an array. */
void json_put_comma(struct buffer *out);

#endif
