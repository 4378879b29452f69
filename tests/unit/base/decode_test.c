/* decode_test.c - content-codings as servers send them: right, mislabelled, cut, damaged, and bombs. */
#include "base/decode.h"

#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const char page[] = "<html><body><p>Th\u1EE9 t\u01B0, m\u1ED9t trang v\u0103n b\u1EA3n. One page, one page, one page, one page.</p></body></html>";

static void deflate_to(struct buffer *out, const void *bytes, size_t len, int window_bits)
{
    z_stream z = { 0 };
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, len) + 64;
    assert_true(buffer_reserve(out, room));
    z.next_in = (unsigned char *)bytes;
    z.avail_in = (unsigned)len;
    z.next_out = (unsigned char *)out->data + out->len;
    z.avail_out = (unsigned)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += z.total_out;
    deflateEnd(&z);
}

/* RFC 7932: a metablock header for uncompressed data, so that the test needs no encoder. */
static void brotli_stored(struct buffer *out, const char *text, size_t len)
{
    unsigned bits = (unsigned)(0 << 0 | 0 << 1 | 0 << 2 | (unsigned)(len - 1) << 4 | 1u << 20); /* WBITS=16, ISLAST=0, MNIBBLES=4, MLEN, ISUNCOMPRESSED */
    unsigned char head[3] = { (unsigned char)bits, (unsigned char)(bits >> 8), (unsigned char)(bits >> 16) };
    buffer_append(out, head, 3);
    buffer_append(out, text, len);
    buffer_append(out, "\x03", 1); /* ISLAST, ISLASTEMPTY */
}

enum form { PLAIN, GZIP, MEMBERS, ZLIB, RAW, BR, ZSTD, GZIP_TWICE, GZIP_IN_ZSTD, GZIP_CUT_TRAILER, GZIP_CUT, GZIP_DAMAGED, ZSTD_CUT, BR_CUT, GZIP_TAIL, NOISE };

static void make(enum form form, struct buffer *b)
{
    struct buffer inner;
    buffer_init(&inner, 0);
    size_t n = strlen(page);
    switch (form) {
    case PLAIN: buffer_puts(b, page); break;
    case GZIP: case GZIP_CUT_TRAILER: case GZIP_CUT: case GZIP_DAMAGED: deflate_to(b, page, n, 31); break;
    case GZIP_TAIL: deflate_to(b, page, n, 31); buffer_append(b, "\0\0\0garbage", 10); break;
    case MEMBERS: deflate_to(b, page, 20, 31); deflate_to(b, page + 20, n - 20, 31); break;
    case ZLIB: deflate_to(b, page, n, 15); break;
    case RAW: deflate_to(b, page, n, -15); break;
    case BR: case BR_CUT: brotli_stored(b, page, n); break;
    case ZSTD: case ZSTD_CUT: assert_true(encode_frame_zstd(page, n, 3, b, NULL)); break;
    case GZIP_TWICE: deflate_to(&inner, page, n, 31); deflate_to(b, inner.data, inner.len, 31); break;
    case GZIP_IN_ZSTD: deflate_to(&inner, page, n, 31); assert_true(encode_frame_zstd(inner.data, inner.len, 3, b, NULL)); break;
    case NOISE: buffer_append(b, "\x81\xFE\x00\x01\x99\x98\x97\x96\xFF\xFF\xFF\xFF\x12\x13", 14); break;
    }
    if (form == GZIP_CUT_TRAILER)
        b->len -= 8;
    else if (form == GZIP_CUT || form == ZSTD_CUT || form == BR_CUT)
        b->len -= 30;
    else if (form == GZIP_DAMAGED)
        memset(b->data + b->len - 20, 0xFF, 6);
    buffer_fini(&inner);
}

static const struct { const char *name; enum form form; const char *codings; bool ok, truncated; size_t at_least; } cases[] = {
    { "no header", PLAIN, NULL, true, false, SIZE_MAX },
    { "identity", PLAIN, "identity", true, false, SIZE_MAX },
    { "gzip", GZIP, "gzip", true, false, SIZE_MAX },
    { "x-gzip, other case", GZIP, " X-GZip ", true, false, SIZE_MAX },
    { "gzip members", MEMBERS, "gzip", true, false, SIZE_MAX },
    { "gzip without a header", GZIP, NULL, true, false, SIZE_MAX },
    { "gzip called br", GZIP, "br", true, false, SIZE_MAX },
    { "gzip called deflate", GZIP, "deflate", true, false, SIZE_MAX },
    { "gzip and padding", GZIP_TAIL, "gzip", true, false, SIZE_MAX },
    { "plain called gzip", PLAIN, "gzip", true, false, SIZE_MAX },
    { "plain called br", PLAIN, "br", true, false, SIZE_MAX },
    { "plain called deflate", PLAIN, "deflate", true, false, SIZE_MAX },
    { "plain called zstd", PLAIN, "zstd", true, false, SIZE_MAX },
    { "zlib", ZLIB, "deflate", true, false, SIZE_MAX },
    { "zlib called gzip", ZLIB, "gzip", true, false, SIZE_MAX },
    { "raw deflate", RAW, "deflate", true, false, SIZE_MAX },
    { "br", BR, "br", true, false, SIZE_MAX },
    { "zstd", ZSTD, "zstd", true, false, SIZE_MAX },
    { "zstd called gzip", ZSTD, "gzip", true, false, SIZE_MAX },
    { "twice, said", GZIP_TWICE, "gzip, gzip", true, false, SIZE_MAX },
    { "twice, once said", GZIP_TWICE, "gzip", true, false, SIZE_MAX },
    { "gzip then zstd", GZIP_IN_ZSTD, "gzip, zstd", true, false, SIZE_MAX },
    { "unknown coding", PLAIN, "utf-8", true, false, SIZE_MAX },
    { "four codings", PLAIN, "gzip, gzip, gzip, gzip", false, false, 0 },
    { "trailer cut", GZIP_CUT_TRAILER, "gzip", true, true, SIZE_MAX },
    { "cut", GZIP_CUT, "gzip", true, true, 1 },
    { "damaged", GZIP_DAMAGED, "gzip", true, true, 1 },
    { "zstd cut", ZSTD_CUT, "zstd", false, true, 0 },
    { "br cut", BR_CUT, "br", true, true, 1 },
    { "noise called br", NOISE, "br", false, true, 0 },
};

static bool collect(void *arg, const char *bytes, size_t len)
{
    return buffer_append(arg, bytes, len);
}

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer in, out;
        struct error err = { 0 };
        bool truncated = false;
        buffer_init(&in, 0);
        buffer_init(&out, 0);
        make(cases[i].form, &in);
        bool ok = decode_body(in.data, in.len, cases[i].codings, NULL, &out, &truncated, &err);
        CHECK(ok == cases[i].ok, "%s: %s", cases[i].name, err.message);
        CHECK(!ok || truncated == cases[i].truncated, "%s", cases[i].name);
        if (cases[i].at_least == SIZE_MAX)
            CHECK(out.len == strlen(page) && !memcmp(out.data, page, out.len), "%s: %s", cases[i].name, buffer_str(&out));
        else
            CHECK(out.len >= cases[i].at_least && (!out.len || !memcmp(out.data, page, 6)), "%s", cases[i].name);
        buffer_fini(&in);
        buffer_fini(&out);
    }
}

static void test_stream_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t piece = 1; piece < 40; piece += 6) {
            struct buffer in, out;
            struct error err = { 0 };
            bool whole = true, ok;
            buffer_init(&in, 0);
            buffer_init(&out, 0);
            make(cases[i].form, &in);
            struct decode_stream *d = decode_stream_create(cases[i].codings, NULL, collect, &out, &err);
            ok = d != NULL;
            for (size_t at = 0; ok && at < in.len; at += piece)
                ok = decode_stream_push(d, in.data + at, in.len - at < piece ? in.len - at : piece, &err);
            ok = ok && decode_stream_finish(d, &whole, &err);
            decode_stream_destroy(d);
            if (cases[i].form != RAW || piece > 4) {
                CHECK(ok == cases[i].ok && (!ok || whole == !cases[i].truncated), "%s by %zu: %s", cases[i].name, piece, err.message);
                if (cases[i].at_least == SIZE_MAX)
                    CHECK(out.len == strlen(page) && !memcmp(out.data, page, out.len), "%s by %zu", cases[i].name, piece);
            }
            buffer_fini(&in);
            buffer_fini(&out);
        }
    }
}

static void test_bounds(void **state)
{
    (void)state;
    size_t size = 16 << 20;
    char *zeros = xcalloc(1, size);
    struct buffer gz, twice, zs, out;
    struct error err = { 0 };
    buffer_init(&gz, 0);
    buffer_init(&twice, 0);
    buffer_init(&zs, 0);
    buffer_init(&out, 0);
    deflate_to(&gz, zeros, size, 31);
    deflate_to(&twice, gz.data, gz.len, 31);
    assert_true(encode_frame_zstd(zeros, size, 3, &zs, NULL));
    struct buffer plain = { .data = zeros, .len = size };
    memset(zeros, 'a', 1); /* of no coding */
    const struct { const char *name; struct buffer *in; struct decode_limits limits; bool ok; } bombs[] = {
        { "plain", &plain, { .max_bytes = (8 << 20) + 1, .max_ratio = 100000 }, false },
        { "bytes", &gz, { .max_bytes = 8 << 20, .max_ratio = 100000 }, false },
        { "ratio", &gz, { .max_bytes = 64 << 20 }, false },
        { "inner ratio", &twice, { .max_bytes = 64 << 20 }, false },
        { "zstd ratio", &zs, { .max_bytes = 64 << 20 }, false },
        { "within", &gz, { .max_bytes = 64 << 20, .max_ratio = 100000 }, true },
        { "exactly", &zs, { .max_bytes = 16 << 20, .max_ratio = 100000 }, true },
        { "exactly gzip", &gz, { .max_bytes = 16 << 20, .max_ratio = 100000 }, true },
    };
    for (size_t i = 0; i < COUNT(bombs); i++) {
        buffer_clear(&out);
        bool ok = decode_body(bombs[i].in->data, bombs[i].in->len, NULL, &bombs[i].limits, &out, NULL, &err);
        CHECK(ok == bombs[i].ok && (ok || err.kind == ERROR_LIMIT), "%s: %s", bombs[i].name, err.message);
        CHECK(out.len <= bombs[i].limits.max_bytes, "%s", bombs[i].name);
        if (!ok && bombs[i].limits.max_ratio) /* what came before the bound is there, all of it */
            CHECK(out.len == bombs[i].limits.max_bytes, "%s: %zu bytes", bombs[i].name, out.len);
    }
    buffer_fini(&gz);
    buffer_fini(&twice);
    buffer_fini(&zs);
    buffer_fini(&out);
    free(zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_stream_in_any_pieces),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
