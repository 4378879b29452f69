/* json_scan.h - checks that bytes are one JSON object (RFC 8259) and lends some of its members, without building a tree:
 * for records that are passed on as they are. Depth is bounded at 64. */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_member {
    const char *name;   /* wanted; ASCII without escapes */
    const char *value;  /* filled: the value's own bytes, quotes and all; NULL: not there. The last of several counts */
    size_t len;
};

/* Fills members. ERROR_INVALID names the byte where it stops being JSON. Strings must be valid UTF-8. */
bool json_scan(const char *json, size_t len, struct json_member *members, size_t count, struct error *err);

/* Appends the text of a string value as json_scan() gives it; false when it is no string, or NULL. */
bool json_member_text(const char *value, size_t len, struct buffer *out);
/* A whole number from 0 to 2^53; false when it is none. */
bool json_member_whole(const char *value, size_t len, int64_t *out);

#endif
