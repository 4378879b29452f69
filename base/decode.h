/* decode.h - undoes HTTP content-codings (RFC 9110 8.4) under a bound on bytes and ratio. Magic bytes win where they and
 * the header disagree, also over no header at all (a sitemap in gzip, a page in gzip twice); at most 3 codings; "deflate"
 * is tried as zlib, then raw; gzip members and zstd frames are looped over; bytes after the last one are ignored. Damaged or
 * cut data gives what was there, marked truncated. Bytes that a header calls coded but are plain text are taken as they are. */
#ifndef BASE_DECODE_H
#define BASE_DECODE_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct decode_limits {
    size_t max_bytes;   /* decoded, at every step; 0 = 8 MiB */
    unsigned max_ratio; /* decoded to sent, counted beyond 1 MiB; 0 = 200 */
};

/* Appends the decoded body to out. codings is the value of Content-Encoding in order as sent, or NULL; a body that we framed
 * (tidings-framed: zstd) has "zstd" there. limits may be NULL. *truncated (may be NULL) is set when the data ended early or
 * was damaged. False with ERROR_LIMIT when a bound is passed (out holds what came before), ERROR_INVALID when nothing can be
 * decoded. */
bool decode_body(const void *bytes, size_t len, const char *codings, const struct decode_limits *limits,
                 struct buffer *out, bool *truncated, struct error *err);

/* The same in pieces, for bodies that are not worth holding: sitemaps, and the check that a body which only the closing of
 * the connection ends is whole. */
struct decode_stream;

/* Takes decoded bytes; false stops the decoding (decode_stream_push() then fails with ERROR_LIMIT). */
typedef bool (*decode_sink)(void *arg, const char *bytes, size_t len);

/* NULL with ERROR_LIMIT for more than 3 codings. The caller destroys it. */
struct decode_stream *decode_stream_create(const char *codings, const struct decode_limits *limits, decode_sink sink, void *arg,
                                           struct error *err);
bool decode_stream_push(struct decode_stream *d, const void *bytes, size_t len, struct error *err);
/* No more will come. *whole (may be NULL) is false when the data ended early or was damaged; plain data is always whole. */
bool decode_stream_finish(struct decode_stream *d, bool *whole, struct error *err);
void decode_stream_destroy(struct decode_stream *d); /* NULL is fine */

/* Appends one zstd frame that carries its content size (tidings-framed: zstd). */
bool encode_frame_zstd(const void *bytes, size_t len, int level, struct buffer *out, struct error *err);

#endif
