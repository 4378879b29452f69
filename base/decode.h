/* decode.h - undoes HTTP content-codings (RFC 9110 8.4) under a bound on bytes and ratio. Magic bytes win where they and
 * the header disagree; at most 3 codings; "deflate" is tried as zlib, then raw; gzip members are looped over; damaged or
 * cut gzip gives what was there, marked truncated. */
#ifndef BASE_DECODE_H
#define BASE_DECODE_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct decode_limits {
    size_t max_bytes;  /* decoded, at every step; 0 = 8 MiB */
    unsigned max_ratio; /* decoded to sent, counted beyond 1 MiB; 0 = 200 */
};

/* Appends the decoded body to out. codings is the value of Content-Encoding in order as sent, or NULL. *truncated (may
 * be NULL) is set when the data ended early. False with ERROR_LIMIT when a bound is passed (out holds what came before),
 * ERROR_INVALID when nothing can be decoded. */
bool decode_body(const void *bytes, size_t len, const char *codings, const struct decode_limits *limits,
                 struct buffer *out, bool *truncated, struct error *err);

/* One zstd frame that carries its content size (tidings-framed: zstd). */
bool encode_frame_zstd(const void *bytes, size_t len, int level, struct buffer *out, struct error *err);

#endif
