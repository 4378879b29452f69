/* decode_fuzz.c - any bytes under any codings stay within the bounds, and give the same whole and in pieces. */
#include "tests/fuzz/fuzz.h"

#include "base/decode.h"
#include "base/mem.h"

#include <string.h>

static const char *const codings[] = { NULL, "gzip", "deflate", "br", "zstd", "gzip, br", "zstd, gzip, deflate", "identity" };

static bool collect(void *arg, const char *bytes, size_t len)
{
    return buffer_append(arg, bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decode_limits limits = { .max_bytes = 1 << 20, .max_ratio = 200 };
    struct buffer whole, pieces;
    bool truncated, all;

    if (size < 2)
        return 0;
    const char *said = codings[data[0] % COUNT(codings)];
    size_t piece = data[1] % 37 + 1;
    buffer_init(&whole, 0);
    buffer_init(&pieces, 0);
    bool ok = decode_body(data + 2, size - 2, said, &limits, &whole, &truncated, NULL);
    PROMISE(whole.len <= limits.max_bytes);
    struct decode_stream *d = decode_stream_create(said, &limits, collect, &pieces, NULL);
    PROMISE(d != NULL);
    bool more = true;
    for (size_t at = 2; more && at < size; at += piece)
        more = decode_stream_push(d, data + at, size - at < piece ? size - at : piece, NULL);
    more = more && decode_stream_finish(d, &all, NULL);
    PROMISE(pieces.len <= limits.max_bytes);
    if (ok && !truncated && more && all)
        PROMISE(whole.len == pieces.len && (whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0));
    decode_stream_destroy(d);
    buffer_fini(&whole);
    buffer_fini(&pieces);
    return 0;
}
