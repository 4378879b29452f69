/* text.c - see text.h. Bytes are looked at once, in order; whatever comes from outside costs time in proportion to its
 * length. The one place where a library would not keep that promise is canonical ordering: a page of combining marks
 * makes it quadratic, so normalization works on short segments (below). */
#include "base/text.h"

#include "base/mem.h"

#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT 0xFFFD

/* The length of the valid UTF-8 sequence at s (Unicode 15, table 3-7), 0 when there is none. */
static size_t sequence_length(const unsigned char *s, size_t left)
{
    unsigned char low = 0x80, high = 0xBF; /* bounds of the second byte */
    size_t n;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (s[0] == 0xE0)
        low = 0xA0;
    else if (s[0] == 0xED) /* no surrogates */
        high = 0x9F;
    else if (s[0] == 0xF0)
        low = 0x90;
    else if (s[0] == 0xF4) /* no more than U+10FFFF */
        high = 0x8F;
    if (left < n || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return n;
}

size_t text_valid_prefix(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t i = 0;

    while (i < len) {
        uint64_t eight;
        while (len - i >= 8 && (memcpy(&eight, p + i, 8), !(eight & UINT64_C(0x8080808080808080))))
            i += 8;
        if (i == len)
            break;
        size_t n = sequence_length(p + i, len - i);
        if (!n)
            return i;
        i += n;
    }
    return len;
}

bool text_valid_utf8(const char *s, size_t len)
{
    return text_valid_prefix(s, len) == len;
}

size_t text_invalid_length(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n;

    /* The bytes that began well belong to one replacement (Encoding standard, 4.2 "utf-8 decoder"). */
    if (p[0] < 0xC2 || p[0] > 0xF4 || len < 2)
        return 1;
    unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 1;
    size_t whole = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    for (n = 2; n < len && n < whole && (p[n] & 0xC0) == 0x80; n++)
        ;
    return n;
}

size_t text_cut(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    for (len = max; len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80;)
        len--;
    return len;
}

uint32_t text_next(const char **s, const char *end)
{
    const unsigned char *p = (const unsigned char *)*s;

    if (p[0] < 0x80) {
        ++*s;
        return p[0];
    }
    size_t left = (size_t)(end - *s), n = sequence_length(p, left);
    if (!n) {
        *s += text_invalid_length(*s, left);
        return REPLACEMENT;
    }
    *s += n;
    if (n == 2)
        return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3F);
    if (n == 3)
        return (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3F);
}

size_t text_encode(uint32_t c, char out[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = REPLACEMENT;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static bool put(struct buffer *out, uint32_t c)
{
    char bytes[4];
    return buffer_append(out, bytes, text_encode(c, bytes));
}

/* ---- NFC ----
 * Most text is in NFC already and made of code points that never change or join with what stands before them: these are
 * copied. Around any other code point a segment is cut out, from the stable one before it to the next stable one, and
 * normalized by utf8proc. Segments are bounded, which bounds the reordering; so are runs of marks, as in Stream-Safe
 * Text (UAX #15, 13), but marks beyond the bound are dropped: no language has so many. */

#define SEGMENT_MAX 256 /* code points; real segments end at a space or a letter long before */
#define MARKS_MAX   30  /* UAX #15, 13 */

/* NFC_Quick_Check=Yes, combining class 0, and never the second half of a composition. There are more such code points:
 * those missing here are only slower. */
static bool stable(uint32_t c)
{
    return c < 0x300 || (c >= 0x3400 && c < 0xA000) || (c >= 0xAC00 && c < 0xD7A4) || (c >= 0x1E00 && c < 0x1F00) ||
           (c >= 0x400 && c < 0x483) || (c >= 0x48A && c < 0x559) || (c >= 0x2010 && c < 0x2070) ||
           (c >= 0x3001 && c < 0x302A) || (c >= 0x3041 && c < 0x3097) || (c >= 0x30A0 && c < 0x3100) ||
           (c >= 0xFF01 && c < 0xFF61) || (c >= 0x0E01 && c < 0x0E31) || c == REPLACEMENT;
}

struct segment {
    utf8proc_int32_t points[SEGMENT_MAX * 4]; /* a canonical decomposition has at most 4 code points */
    utf8proc_ssize_t count;                   /* decomposed */
    size_t taken, marks;                      /* code points of the text; of these the last ones are marks */
};

static void segment_add(struct segment *s, uint32_t c)
{
    int boundary = 0;
    bool mark = utf8proc_get_property((utf8proc_int32_t)c)->combining_class != 0;

    s->marks = mark ? s->marks + 1 : 0;
    s->taken++;
    if (s->marks > MARKS_MAX)
        return;
    utf8proc_ssize_t room = (utf8proc_ssize_t)(COUNT(s->points)) - s->count;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, s->points + s->count, room, UTF8PROC_DECOMPOSE, &boundary);
    if (n > 0 && n <= room)
        s->count += n;
}

static void sort_marks(utf8proc_int32_t *points, utf8proc_ssize_t count)
{
    for (utf8proc_ssize_t i = 1; i < count; i++) {
        utf8proc_propval_t class = utf8proc_get_property(points[i])->combining_class;
        utf8proc_int32_t c = points[i];
        utf8proc_ssize_t at = i;
        for (; class && at > 0 && utf8proc_get_property(points[at - 1])->combining_class > class; at--)
            points[at] = points[at - 1];
        points[at] = c;
    }
}

static bool segment_put(struct segment *s, struct buffer *out)
{
    sort_marks(s->points, s->count);
    utf8proc_ssize_t n = utf8proc_normalize_utf32(s->points, s->count, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    for (utf8proc_ssize_t i = 0; i < n; i++)
        if (!put(out, (uint32_t)s->points[i]))
            return false;
    s->count = 0;
    s->taken = 0;
    return true;
}

/* Appends the segment that begins at *at and holds an unstable code point, up to the next stable one. */
static bool put_segment(const char **at, const char *end, struct buffer *out)
{
    struct segment s = { .count = 0 };
    bool first = true;

    while (*at < end && s.taken < SEGMENT_MAX) {
        const char *next = *at;
        uint32_t c = text_next(&next, end);
        if (stable(c) && !first)
            break;
        first = false;
        segment_add(&s, c);
        *at = next;
    }
    return segment_put(&s, out);
}

bool text_nfc(const char *s, size_t len, struct buffer *out)
{
    const char *end = s + len, *at = s;
    const char *done = s; /* appended up to here */
    const char *last = s; /* the code point before at, where a segment has to begin */

    while (at < end) {
        if ((unsigned char)*at < 0x80) {
            last = at++;
            continue;
        }
        const char *next = at;
        uint32_t c = text_next(&next, end);
        if (stable(c) && (c != REPLACEMENT || sequence_length((const unsigned char *)at, (size_t)(end - at)))) {
            last = at;
            at = next;
            continue;
        }
        const char *from = c == REPLACEMENT ? at : last;
        if (!buffer_append(out, done, (size_t)(from - done)))
            return false;
        at = c == REPLACEMENT ? next : from;
        if (c == REPLACEMENT ? !put(out, c) : !put_segment(&at, end, out))
            return false;
        done = last = at;
    }
    return buffer_append(out, done, (size_t)(end - done));
}

/* ---- white space ---- */

/* White_Space of Unicode; zero-width characters that only say where a line may break count as nothing. */
static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
           c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool is_nothing(uint32_t c)
{
    return c == 0xAD || c == 0x200B || c == 0x2060 || c == 0xFEFF;
}

bool text_fold_space(const char *s, size_t len, struct buffer *out)
{
    const char *end = s + len, *at = s;
    bool space = false, any = false;

    if (!buffer_reserve(out, len < 64 ? len : 64))
        return false;
    while (at < end) {
        const char *next = at;
        uint32_t c = text_next(&next, end);
        if (is_space(c)) {
            space = any;
        } else if (!is_nothing(c)) {
            if (space && !buffer_putc(out, ' '))
                return false;
            if (c == REPLACEMENT ? !put(out, c) : !buffer_append(out, at, (size_t)(next - at)))
                return false;
            space = false;
            any = true;
        }
        at = next;
    }
    return true;
}

/* ---- terminals ---- */

/* What could move the cursor, change the terminal's state or turn the line's direction. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x61C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0xAD || c == 0x200B || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
           (c >= 0xE0000 && c <= 0xE0FFF);
}

#define ZERO_WIDTH_MAX 8 /* marks in a row: more would be painted over other lines */

struct column_walk {
    const char *at, *end;
    int marks;
};

/* The next code point to show and its width; false at the end. Spaces of all kinds come as ' '. */
static bool walk_columns(struct column_walk *w, uint32_t *c, int *width)
{
    while (w->at < w->end) {
        *c = text_next(&w->at, w->end);
        if (*c == '\r') /* of a CRLF */
            continue;
        if (is_space(*c))
            *c = ' ';
        else if (is_unsafe(*c))
            continue;
        *width = utf8proc_charwidth((utf8proc_int32_t)*c);
        w->marks = *width == 0 ? w->marks + 1 : 0;
        if (w->marks <= ZERO_WIDTH_MAX)
            return true;
    }
    return false;
}

int text_columns(const char *s, size_t len)
{
    struct column_walk w = { .at = s, .end = s + len };
    uint32_t c;
    int width, sum = 0;

    while (walk_columns(&w, &c, &width))
        sum += width;
    return sum;
}

void text_for_terminal(const char *s, size_t len, int columns, bool ascii, struct buffer *out)
{
    struct column_walk w = { .at = s, .end = s + len };
    int cut_width = ascii ? 3 : 1, width, used = 0;
    size_t fits = out->len; /* where to put the cut mark */
    uint32_t c;

    while (walk_columns(&w, &c, &width)) {
        if (ascii) {
            if (width == 0)
                continue;
            width = 1;
            c = c < 0x80 ? c : '?';
        }
        if (used + width > columns) {
            out->len = fits;
            if (columns >= cut_width)
                buffer_puts(out, ascii ? "..." : "\u2026");
            return;
        }
        put(out, c);
        used += width;
        if (used + cut_width <= columns)
            fits = out->len;
    }
}

const char *text_plural(int64_t n)
{
    return n == 1 ? "" : "s";
}
