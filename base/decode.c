/* decode.c - see decode.h.
 *
 *   push ─> stage 0 (outermost coding) ─> stage 1 ─> … ─> one that finds out whether more is coded ─> sink
 *
 * A stage decides what it is when it has its first bytes: their magic number wins, else what the header says, else plain.
 * Whole gzip and zstd bodies take a short cut through libdeflate (2.6 times as fast as zlib) and one call of zstd; as libdeflate
 * gives nothing at all for a damaged body, these go through the stages after all. */
#include "base/decode.h"

#include "base/mem.h"

#include <brotli/decode.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>
#include <zstd.h>

#define CODINGS_MAX      3
#define BYTES_DEFAULT    ((size_t)8 << 20)
#define RATIO_DEFAULT    200
#define RATIO_FREE_BYTES ((size_t)1 << 20)
#define HEAD_BYTES       64 /* enough for every magic number, and to know text */
#define GZIP_MAGIC_BYTES 3
#define WINDOW_LOG_MAX   23 /* RFC 9659: 8 MB for the "zstd" content-coding */

enum coding { CODING_NONE, CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD };

struct stage {
    enum coding coding;             /* what the header says, later what it is */
    bool decided, begun, ended, damaged;
    unsigned char head[HEAD_BYTES]; /* the first bytes, until decided */
    size_t head_len, in_bytes, out_bytes;
    z_stream zlib;
    bool zlib_ready;
    BrotliDecoderState *brotli;     /* owned; NULL unless CODING_BR */
    ZSTD_DStream *zstd;             /* owned; NULL unless CODING_ZSTD */
};

struct decode_stream {
    struct stage stages[CODINGS_MAX + 1]; /* the last one only passes on */
    unsigned declared;                    /* stages that the header names; those after it may find magic numbers */
    unsigned undone;                      /* codings undone */
    size_t max_bytes, sent;
    unsigned max_ratio;
    decode_sink sink;
    void *arg;
};

static bool stage_push(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err);

/* ---- which coding ---- */

static enum coding coding_named(const char *name, size_t len)
{
    static const struct { const char *name; enum coding coding; } names[] = {
        { "gzip", CODING_GZIP }, { "x-gzip", CODING_GZIP }, { "deflate", CODING_DEFLATE }, { "br", CODING_BR }, { "zstd", CODING_ZSTD },
    };
    for (size_t i = 0; i < COUNT(names); i++)
        if (strlen(names[i].name) == len && strncasecmp(name, names[i].name, len) == 0)
            return names[i].coding;
    return CODING_NONE; /* identity, and what nobody knows: its bytes may still speak for themselves */
}

static enum coding coding_of_magic(const unsigned char *p, size_t len)
{
    static const unsigned char zstd[4] = { 0x28, 0xB5, 0x2F, 0xFD };
    if (len >= 3 && p[0] == 0x1F && p[1] == 0x8B && p[2] == 8)
        return CODING_GZIP;
    if (len >= 4 && memcmp(p, zstd, 4) == 0)
        return CODING_ZSTD;
    return CODING_NONE;
}

static bool is_zlib_header(const unsigned char *p, size_t len)
{
    return len >= 2 && (p[0] & 0x0F) == 8 && p[0] >> 4 <= 7 && (p[0] << 8 | p[1]) % 31 == 0; /* RFC 1950, 2.2 */
}

/* What no coding begins with, but text does. */
static bool looks_plain(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((p[i] < ' ' && !(p[i] >= '\t' && p[i] <= '\r')) || p[i] == 0x7F)
            return false;
    return len > 0 && (p[0] == '<' || p[0] == '{' || p[0] == '[' || p[0] == 0xEF || (p[0] >= '\t' && p[0] <= ' '));
}

static enum coding coding_of_bytes(enum coding said, const unsigned char *p, size_t len)
{
    enum coding magic = coding_of_magic(p, len);
    if (magic != CODING_NONE)
        return magic;
    if (said == CODING_GZIP)
        return is_zlib_header(p, len) ? CODING_DEFLATE : CODING_NONE;
    if (said == CODING_ZSTD)
        return CODING_NONE;
    return said;
}

/* Reads Content-Encoding into codings, outermost first; how many, or CODINGS_MAX + 1. */
static unsigned read_codings(const char *value, enum coding *codings)
{
    unsigned n = 0;
    enum coding in_order[CODINGS_MAX];

    for (const char *s = value ? value : ""; *s;) {
        s += strspn(s, ", \t");
        size_t len = strcspn(s, ", \t;");
        enum coding coding = coding_named(s, len);
        if (len && coding != CODING_NONE) {
            if (n == CODINGS_MAX)
                return CODINGS_MAX + 1;
            in_order[n++] = coding;
        }
        s += len;
        s += strcspn(s, ",");
    }
    for (unsigned i = 0; i < n; i++)
        codings[i] = in_order[n - 1 - i];
    return n;
}

/* ---- bounds ---- */

static bool check_ratio(size_t out, size_t sent, unsigned max_ratio, struct error *err)
{
    if (out > RATIO_FREE_BYTES && out / max_ratio > sent)
        return error_set(err, ERROR_LIMIT, "body of %zu bytes decodes to more than %u times as many", sent, max_ratio);
    return true;
}

/* ---- stages ---- */

/* What fits into the bound goes on, also of a piece that does not fit whole. */
static bool emit(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err)
{
    struct stage *s = &d->stages[index];
    size_t room = d->max_bytes - s->out_bytes, fits = len < room ? len : room;

    s->out_bytes += fits;
    if (!check_ratio(s->out_bytes, d->sent, d->max_ratio, err))
        return false;
    if (fits && index < CODINGS_MAX && !stage_push(d, index + 1, bytes, fits, err))
        return false;
    if (fits && index == CODINGS_MAX && !d->sink(d->arg, (const char *)bytes, fits))
        return error_set(err, ERROR_LIMIT, "the reader of the body took no more");
    return fits == len || error_set(err, ERROR_LIMIT, "body decodes to more than %zu bytes", d->max_bytes);
}

static bool begin_zlib(struct stage *s, int window_bits)
{
    if (s->zlib_ready)
        inflateEnd(&s->zlib);
    memset(&s->zlib, 0, sizeof(s->zlib));
    s->zlib_ready = inflateInit2(&s->zlib, window_bits) == Z_OK;
    return s->zlib_ready;
}

/* Another gzip member follows when its magic number does (RFC 1952, 2.2); anything else is padding. Less than a magic number
 * is kept in head, for the next push to complete. */
static bool next_member(struct stage *s)
{
    if (s->coding == CODING_GZIP && coding_of_magic(s->zlib.next_in, s->zlib.avail_in) == CODING_GZIP)
        return inflateReset(&s->zlib) == Z_OK;
    s->head_len = s->zlib.avail_in < GZIP_MAGIC_BYTES ? s->zlib.avail_in : GZIP_MAGIC_BYTES;
    memmove(s->head, s->zlib.next_in, s->head_len); /* which may lie in head */
    return false;
}

static bool push_zlib(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err)
{
    struct stage *s = &d->stages[index];
    unsigned char out[16384];
    bool first = s->in_bytes == len;

    s->zlib.next_in = (unsigned char *)bytes;
    s->zlib.avail_in = (unsigned)len;
    for (;;) {
        s->zlib.next_out = out;
        s->zlib.avail_out = sizeof(out);
        int rc = inflate(&s->zlib, Z_NO_FLUSH);
        size_t made = sizeof(out) - s->zlib.avail_out;
        if (made && !emit(d, index, out, made, err))
            return false;
        if (rc == Z_STREAM_END) {
            if (next_member(s))
                continue;
            s->ended = true;
            return true;
        }
        if (rc == Z_DATA_ERROR && s->coding == CODING_DEFLATE && first && s->out_bytes == 0 && s->begun) {
            s->begun = false; /* no zlib data after all: once more, raw */
            if (!begin_zlib(s, -15))
                return error_set(err, ERROR_SYSTEM, "zlib: out of memory");
            s->zlib.next_in = (unsigned char *)bytes;
            s->zlib.avail_in = (unsigned)len;
            continue;
        }
        if (rc != Z_OK && rc != Z_BUF_ERROR)
            s->damaged = true;
        if (s->damaged || (s->zlib.avail_in == 0 && s->zlib.avail_out > 0))
            return true;
    }
}

static bool push_brotli(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err)
{
    struct stage *s = &d->stages[index];
    unsigned char out[16384];
    size_t left = len;
    const uint8_t *in = bytes;

    for (;;) {
        uint8_t *to = out;
        size_t room = sizeof(out);
        BrotliDecoderResult rc = BrotliDecoderDecompressStream(s->brotli, &left, &in, &room, &to, NULL);
        if (room < sizeof(out) && !emit(d, index, out, sizeof(out) - room, err))
            return false;
        if (rc == BROTLI_DECODER_RESULT_ERROR) {
            s->damaged = true;
            return true;
        }
        s->ended = rc == BROTLI_DECODER_RESULT_SUCCESS;
        if (rc != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT)
            return true;
    }
}

static bool push_zstd(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err)
{
    struct stage *s = &d->stages[index];
    unsigned char out[16384];
    ZSTD_inBuffer in = { bytes, len, 0 };

    for (;;) {
        ZSTD_outBuffer to = { out, sizeof(out), 0 };
        size_t rc = ZSTD_decompressStream(s->zstd, &to, &in);
        if (to.pos && !emit(d, index, out, to.pos, err))
            return false;
        if (ZSTD_isError(rc)) { /* what follows a whole frame and is none itself is padding */
            s->damaged = !s->ended;
            s->ended = true;
            return true;
        }
        if (in.pos > 0 || to.pos > 0)
            s->ended = rc == 0;
        if (in.pos == in.size && to.pos < to.size)
            return true;
    }
}

/* Bytes after a gzip member, when the ones that came with its end were too few to tell whether another follows. */
static bool push_after_member(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err)
{
    struct stage *s = &d->stages[index];
    size_t missing = GZIP_MAGIC_BYTES - s->head_len, take = len < missing ? len : missing;

    memcpy(s->head + s->head_len, bytes, take);
    s->head_len += take;
    if (coding_of_magic(s->head, s->head_len) != CODING_GZIP)
        return true;
    inflateReset(&s->zlib);
    s->ended = false;
    return push_zlib(d, index, s->head, GZIP_MAGIC_BYTES, err) && push_zlib(d, index, bytes + take, len - take, err);
}

static bool stage_run(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err)
{
    struct stage *s = &d->stages[index];

    if (s->coding == CODING_NONE)
        return len == 0 || emit(d, index, bytes, len, err);
    if (s->damaged || len == 0)
        return true;
    s->in_bytes += len;
    if (s->ended && s->coding != CODING_ZSTD)
        return s->coding != CODING_GZIP || push_after_member(d, index, bytes, len, err);
    if (s->coding == CODING_BR)
        return push_brotli(d, index, bytes, len, err);
    return s->coding == CODING_ZSTD ? push_zstd(d, index, bytes, len, err) : push_zlib(d, index, bytes, len, err);
}

static bool stage_begin(struct decode_stream *d, struct stage *s, const unsigned char *bytes, size_t len, struct error *err)
{
    s->decided = true;
    s->coding = coding_of_bytes(s->coding, bytes, len);
    if ((s->coding == CODING_BR || s->coding == CODING_DEFLATE) && looks_plain(bytes, len < HEAD_BYTES ? len : HEAD_BYTES))
        s->coding = CODING_NONE;
    if (s->coding == CODING_NONE || d->undone == CODINGS_MAX) {
        s->coding = CODING_NONE;
        return true;
    }
    d->undone++;
    bool ok = true;
    if (s->coding == CODING_BR)
        ok = (s->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL)) != NULL;
    else if (s->coding == CODING_ZSTD)
        ok = (s->zstd = ZSTD_createDStream()) && !ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
    else if (s->coding == CODING_GZIP)
        ok = begin_zlib(s, 15 + 16);
    else
        ok = begin_zlib(s, (s->begun = is_zlib_header(bytes, len)) ? 15 : -15);
    return ok || error_set(err, ERROR_SYSTEM, "cannot create a decoder: out of memory");
}

static bool stage_push(struct decode_stream *d, unsigned index, const unsigned char *bytes, size_t len, struct error *err)
{
    struct stage *s = &d->stages[index];

    if (s->decided)
        return stage_run(d, index, bytes, len, err);
    if (s->head_len == 0 && len >= HEAD_BYTES)
        return stage_begin(d, s, bytes, len, err) && stage_run(d, index, bytes, len, err);
    size_t take = len < HEAD_BYTES - s->head_len ? len : HEAD_BYTES - s->head_len;
    if (take)
        memcpy(s->head + s->head_len, bytes, take);
    s->head_len += take;
    if (s->head_len < HEAD_BYTES)
        return true;
    return stage_begin(d, s, s->head, s->head_len, err) && stage_run(d, index, s->head, s->head_len, err) &&
           stage_run(d, index, bytes + take, len - take, err);
}

/* ---- the stream ---- */

static void stream_init(struct decode_stream *d, const enum coding *codings, unsigned count, const struct decode_limits *limits,
                        decode_sink sink, void *arg)
{
    memset(d, 0, sizeof(*d));
    for (unsigned i = 0; i < count; i++)
        d->stages[i].coding = codings[i];
    d->declared = count;
    d->stages[CODINGS_MAX].decided = true; /* passes on */
    d->max_bytes = limits && limits->max_bytes ? limits->max_bytes : BYTES_DEFAULT;
    d->max_ratio = limits && limits->max_ratio ? limits->max_ratio : RATIO_DEFAULT;
    d->sink = sink;
    d->arg = arg;
}

static void stream_fini(struct decode_stream *d)
{
    for (size_t i = 0; i < COUNT(d->stages); i++) {
        struct stage *s = &d->stages[i];
        if (s->zlib_ready)
            inflateEnd(&s->zlib);
        BrotliDecoderDestroyInstance(s->brotli);
        ZSTD_freeDStream(s->zstd);
    }
}

struct decode_stream *decode_stream_create(const char *codings, const struct decode_limits *limits, decode_sink sink, void *arg,
                                           struct error *err)
{
    enum coding list[CODINGS_MAX];
    unsigned count = read_codings(codings, list);

    if (count > CODINGS_MAX) {
        error_set(err, ERROR_LIMIT, "more than %d content-codings: %.100s", CODINGS_MAX, codings);
        return NULL;
    }
    struct decode_stream *d = xmalloc(sizeof(*d));
    stream_init(d, list, count, limits, sink, arg);
    return d;
}

bool decode_stream_push(struct decode_stream *d, const void *bytes, size_t len, struct error *err)
{
    d->sent += len;
    return stage_push(d, 0, bytes, len, err);
}

bool decode_stream_finish(struct decode_stream *d, bool *whole, struct error *err)
{
    bool all = true, any = false;

    for (unsigned i = 0; i < CODINGS_MAX; i++) {
        struct stage *s = &d->stages[i];
        if (!s->decided && s->head_len &&
            !(stage_begin(d, s, s->head, s->head_len, err) && stage_run(d, i, s->head, s->head_len, err)))
            return false;
        if (s->decided && s->coding != CODING_NONE) {
            all = all && s->ended && !s->damaged;
            any = true;
        }
    }
    if (whole)
        *whole = all;
    if (any && !all && d->stages[CODINGS_MAX].out_bytes == 0)
        return error_set(err, ERROR_INVALID, "body of %zu bytes cannot be decoded", d->sent);
    return true;
}

void decode_stream_destroy(struct decode_stream *d)
{
    if (!d)
        return;
    stream_fini(d);
    free(d);
}

/* ---- whole bodies ---- */

static bool to_buffer(void *arg, const char *bytes, size_t len)
{
    return buffer_append(arg, bytes, len);
}

/* All members of a gzip body at once; false when the stages have to look at it. The trailer's size is a hint, no promise. */
static bool inflate_whole(const unsigned char *bytes, size_t len, size_t max_bytes, struct buffer *out)
{
    struct libdeflate_decompressor *z = libdeflate_alloc_decompressor();
    size_t before = out->len;
    uint32_t hint = (uint32_t)bytes[len - 4] | (uint32_t)bytes[len - 3] << 8 | (uint32_t)bytes[len - 2] << 16 | (uint32_t)bytes[len - 1] << 24;
    size_t room = hint > len && hint <= max_bytes ? hint : len * 4 < max_bytes ? len * 4 : max_bytes;
    bool ok = z != NULL;

    while (ok && coding_of_magic(bytes, len) == CODING_GZIP) {
        size_t used = 0, made = 0;
        if (!buffer_reserve(out, room)) {
            ok = false;
            break;
        }
        enum libdeflate_result rc = libdeflate_gzip_decompress_ex(z, bytes, len, out->data + out->len, room, &used, &made);
        if (rc == LIBDEFLATE_INSUFFICIENT_SPACE && room < max_bytes - (out->len - before)) {
            room = room * 2 < max_bytes - (out->len - before) ? room * 2 : max_bytes - (out->len - before);
            continue;
        }
        ok = rc == LIBDEFLATE_SUCCESS;
        if (ok) {
            out->len += made;
            bytes += used;
            len -= used;
            ok = out->len - before <= max_bytes;
            room = len * 4 + 64 < max_bytes - (out->len - before) ? len * 4 + 64 : max_bytes - (out->len - before);
        }
    }
    libdeflate_free_decompressor(z);
    if (!ok)
        out->len = before;
    if (out->data)
        out->data[out->len] = '\0';
    return ok;
}

static bool unzstd_whole(const unsigned char *bytes, size_t len, size_t max_bytes, struct buffer *out)
{
    unsigned long long size = ZSTD_getFrameContentSize(bytes, len);

    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > max_bytes || !buffer_reserve(out, (size_t)size))
        return false;
    size_t made = ZSTD_decompress(out->data + out->len, (size_t)size, bytes, len);
    if (!ZSTD_isError(made))
        out->len += made;
    out->data[out->len] = '\0';
    return !ZSTD_isError(made);
}

/* Decodes through the short cut if it is one coding and undamaged; the result may be coded once more. */
static bool decode_quickly(const unsigned char *bytes, size_t len, const struct decode_stream *d, struct buffer *out)
{
    size_t max = d->max_bytes;

    if (d->declared > 1 || len < 18)
        return false;
    size_t by_ratio = len > RATIO_FREE_BYTES / d->max_ratio ? len * d->max_ratio : RATIO_FREE_BYTES;
    if (max > by_ratio)
        max = by_ratio;
    size_t before = out->len;
    enum coding magic = coding_of_magic(bytes, len);
    bool ok = magic == CODING_GZIP ? inflate_whole(bytes, len, max, out) : magic == CODING_ZSTD && unzstd_whole(bytes, len, max, out);
    if (ok && coding_of_magic((unsigned char *)out->data + before, out->len - before) != CODING_NONE) {
        out->len = before; /* twice coded: rare, the stages do it */
        ok = false;
    }
    return ok;
}

bool decode_body(const void *bytes, size_t len, const char *codings, const struct decode_limits *limits,
                 struct buffer *out, bool *truncated, struct error *err)
{
    enum coding list[CODINGS_MAX];
    unsigned count = read_codings(codings, list);
    struct decode_stream d;
    bool whole = true;

    if (truncated)
        *truncated = false;
    if (count > CODINGS_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d content-codings: %.100s", CODINGS_MAX, codings);
    stream_init(&d, list, count, limits, to_buffer, out);
    if (decode_quickly(bytes, len, &d, out))
        return true;
    bool ok = decode_stream_push(&d, bytes, len, err) && decode_stream_finish(&d, &whole, err);
    stream_fini(&d);
    if (truncated)
        *truncated = !whole;
    return ok;
}

bool encode_frame_zstd(const void *bytes, size_t len, int level, struct buffer *out, struct error *err)
{
    size_t room = ZSTD_compressBound(len);

    if (!buffer_reserve(out, room))
        return error_set(err, ERROR_LIMIT, "frame of %zu bytes passes the buffer's bound", len);
    size_t made = ZSTD_compress(out->data + out->len, room, bytes, len, level);
    if (ZSTD_isError(made))
        return error_set(err, ERROR_SYSTEM, "zstd: %s", ZSTD_getErrorName(made));
    out->len += made;
    out->data[out->len] = '\0';
    return true;
}
