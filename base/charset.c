/* charset.c - see charset.h. First it is decided what the bytes are, then they are decoded: UTF-8 and UTF-16 here, single-byte
 * encodings by a table of 256 code points, which is filled from iconv once, multi-byte ones by iconv itself. Valid UTF-8, by
 * far the commonest, costs one look and one copy. */
#include "base/charset.h"

#include "base/charset_labels.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PRESCAN_BYTES      1024        /* HTML standard, 13.2.3.2 */
#define LATE_PRESCAN_BYTES (64 * 1024) /* browsers too follow a meta element that comes later */
#define REPLACEMENT        0xFFFD

enum { UTF_8 = 0, WINDOWS_1252 = 1, UTF_16LE = 2, UTF_16BE = 3 }; /* rows of encodings[] */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* ---- labels ---- */

static const struct encoding *encoding_of(const char *label, size_t len)
{
    char key[40];

    while (len && is_space(label[0]))
        label++, len--;
    while (len && is_space(label[len - 1]))
        len--;
    if (len == 0 || len + 3 > sizeof(key) || memchr(label, ' ', len))
        return NULL;
    key[0] = key[len + 1] = ' ';
    key[len + 2] = '\0';
    for (size_t i = 0; i < len; i++)
        key[i + 1] = lower(label[i]);
    if (strlen(key) != len + 2)
        return NULL;
    for (size_t i = 0; i < COUNT(encodings); i++)
        if (strstr(encodings[i].labels, key))
            return &encodings[i];
    return NULL;
}

/* "algorithm for extracting a character encoding from a meta element", HTML standard 2.5.4; also for Content-Type. */
static const struct encoding *encoding_in_content_type(const char *s, size_t len)
{
    const char *end = s + len;

    for (; end - s > 8; s++) {
        if (strncasecmp(s, "charset", 7) != 0)
            continue;
        const char *v = s + 7;
        while (v < end && is_space(*v))
            v++;
        if (v == end || *v != '=')
            continue;
        for (v++; v < end && is_space(*v);)
            v++;
        if (v < end && (*v == '"' || *v == '\'')) {
            const char *close = memchr(v + 1, *v, (size_t)(end - v - 1));
            return close ? encoding_of(v + 1, (size_t)(close - v - 1)) : NULL;
        }
        const char *stop = v;
        while (stop < end && !is_space(*stop) && *stop != ';' && *stop != ',')
            stop++;
        return encoding_of(v, (size_t)(stop - v));
    }
    return NULL;
}

/* ---- the prescan of HTML (13.2.3.2 "prescan a byte stream to determine its encoding") ---- */

struct attribute {
    const char *name, *value;
    size_t name_len, value_len;
};

static bool attribute_is(const struct attribute *a, const char *name)
{
    return a->name_len == strlen(name) && strncasecmp(a->name, name, a->name_len) == 0;
}

/* "get an attribute": false at the tag's '>' or the end. */
static bool next_attribute(const char **at, const char *end, struct attribute *a)
{
    const char *s = *at;

    memset(a, 0, sizeof(*a));
    while (s < end && (is_space(*s) || *s == '/'))
        s++;
    a->name = s;
    while (s < end && !is_space(*s) && *s != '>' && *s != '/' && !(*s == '=' && s > a->name))
        s++;
    a->name_len = (size_t)(s - a->name);
    const char *after = s;
    while (after < end && is_space(*after))
        after++;
    if (a->name_len && after < end && *after == '=') {
        for (s = after + 1; s < end && is_space(*s);)
            s++;
        char quote = s < end && (*s == '"' || *s == '\'') ? *s++ : '\0';
        a->value = s;
        while (s < end && (quote ? *s != quote : !is_space(*s) && *s != '>'))
            s++;
        a->value_len = (size_t)(s - a->value);
        if (quote && s < end)
            s++;
    }
    *at = s;
    return a->name_len > 0;
}

static const struct encoding *encoding_of_meta(const char **at, const char *end)
{
    struct attribute a;
    const struct encoding *by_charset = NULL, *by_content = NULL;
    bool pragma = false, has_charset = false;

    while (next_attribute(at, end, &a)) {
        if (attribute_is(&a, "http-equiv"))
            pragma = pragma || (a.value_len == 12 && strncasecmp(a.value, "content-type", 12) == 0);
        else if (attribute_is(&a, "charset") && !has_charset) {
            by_charset = encoding_of(a.value ? a.value : "", a.value_len);
            has_charset = true;
        } else if (attribute_is(&a, "content") && !by_content)
            by_content = a.value ? encoding_in_content_type(a.value, a.value_len) : NULL;
    }
    const struct encoding *e = has_charset ? by_charset : pragma ? by_content : NULL;
    if (!e)
        return NULL;
    if (e->form == FORM_UTF16LE || e->form == FORM_UTF16BE) /* the meta element itself was readable as ASCII */
        return &encodings[UTF_8];
    return e->form == FORM_USER ? &encodings[WINDOWS_1252] : e;
}

static const struct encoding *prescan_html(const char *s, size_t len)
{
    const char *end = s + len;

    while (s < end && (s = memchr(s, '<', (size_t)(end - s)))) {
        if (end - s >= 4 && memcmp(s, "<!--", 4) == 0) {
            const char *close = memmem(s + 2, (size_t)(end - s - 2), "-->", 3);
            if (!close)
                return NULL;
            s = close + 3;
        } else if (end - s > 6 && strncasecmp(s, "<meta", 5) == 0 && (is_space(s[5]) || s[5] == '/')) {
            s += 5;
            const struct encoding *e = encoding_of_meta(&s, end);
            if (e)
                return e;
        } else if (end - s > 2 && ((lower(s[1]) >= 'a' && lower(s[1]) <= 'z') || (s[1] == '/' && lower(s[2]) >= 'a' && lower(s[2]) <= 'z'))) {
            struct attribute a;
            while (s < end && !is_space(*s) && *s != '>')
                s++;
            while (next_attribute(&s, end, &a))
                ;
        } else if (end - s > 1 && (s[1] == '!' || s[1] == '/' || s[1] == '?')) {
            s = memchr(s, '>', (size_t)(end - s));
            if (!s)
                return NULL;
        } else {
            s++;
        }
    }
    return NULL;
}

/* XML 1.0, 4.3.3: <?xml version="1.0" encoding="…"?>, after white space that feeds have no right to. */
static const struct encoding *prescan_xml(const char *s, size_t len)
{
    const char *end = s + (len < PRESCAN_BYTES ? len : PRESCAN_BYTES);

    while (s < end && is_space(*s))
        s++;
    if (end - s < 6 || memcmp(s, "<?xml", 5) != 0)
        return NULL;
    const char *close = memmem(s, (size_t)(end - s), "?>", 2);
    const char *e = memmem(s, (size_t)((close ? close : end) - s), "encoding", 8);
    if (!e)
        return NULL;
    for (e += 8; e < end && (is_space(*e) || *e == '=');)
        e++;
    if (e == end || (*e != '"' && *e != '\''))
        return NULL;
    const char *stop = memchr(e + 1, *e, (size_t)(end - e - 1));
    const struct encoding *found = stop ? encoding_of(e + 1, (size_t)(stop - e - 1)) : NULL;
    return found && (found->form == FORM_UTF16LE || found->form == FORM_UTF16BE) ? &encodings[UTF_8] : found;
}

/* ---- what the bytes look like ---- */

struct utf8_look {
    size_t valid, invalid; /* sequences of more than one byte; places where none stands */
};

#define LOOK_BYTES (256 * 1024)

static struct utf8_look look_at(const char *s, size_t len)
{
    struct utf8_look look = { 0 };
    const char *end = s + (len < LOOK_BYTES ? len : LOOK_BYTES);

    while (s < end) {
        if ((unsigned char)*s < 0x80) {
            s++;
            continue;
        }
        const char *before = s;
        uint32_t c = text_next(&s, end);
        if (c == REPLACEMENT && !(s - before == 3 && memcmp(before, "\xEF\xBF\xBD", 3) == 0))
            look.invalid += s < end; /* not the sequence that the end cuts */
        else
            look.valid++;
    }
    return look;
}

struct decision {
    const struct encoding *encoding;
    const char *from;
    size_t skip; /* bytes of the byte order mark */
};

static bool by_bom(const unsigned char *p, size_t len, enum charset_document kind, struct decision *d)
{
    if (len >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        *d = (struct decision){ &encodings[UTF_8], "bom", 3 };
    else if (len >= 2 && p[0] == 0xFF && p[1] == 0xFE)
        *d = (struct decision){ &encodings[UTF_16LE], "bom", 2 };
    else if (len >= 2 && p[0] == 0xFE && p[1] == 0xFF)
        *d = (struct decision){ &encodings[UTF_16BE], "bom", 2 };
    else if (kind == CHARSET_XML && len >= 4 && memcmp(p, "<\0?\0", 4) == 0) /* XML 1.0, appendix F */
        *d = (struct decision){ &encodings[UTF_16LE], "xml", 0 };
    else if (kind == CHARSET_XML && len >= 4 && memcmp(p, "\0<\0?", 4) == 0)
        *d = (struct decision){ &encodings[UTF_16BE], "xml", 0 };
    else
        return false;
    return true;
}

static struct decision decide(const char *s, size_t len, const char *content_type, enum charset_document kind, const char *default_label)
{
    struct decision d = { .skip = 0 };
    if (by_bom((const unsigned char *)s, len, kind, &d))
        return d;
    const struct encoding *http = content_type ? encoding_in_content_type(content_type, strlen(content_type)) : NULL;
    const struct encoding *inside = kind == CHARSET_HTML  ? prescan_html(s, len < PRESCAN_BYTES ? len : PRESCAN_BYTES)
                                    : kind == CHARSET_XML ? prescan_xml(s, len)
                                                          : NULL;
    if (http && http->form != FORM_SINGLE)
        return (struct decision){ http, "http", 0 };
    if (inside && !http)
        return (struct decision){ inside, kind == CHARSET_HTML ? "meta" : "xml", 0 };
    struct utf8_look look = look_at(s, len);
    bool utf8 = look.valid > 0 && look.invalid * 16 <= look.valid;
    if (http && !(utf8 && look.invalid == 0 && (!inside || inside->form == FORM_UTF8)))
        return (struct decision){ http, "http", 0 };
    if (utf8)
        return (struct decision){ &encodings[UTF_8], "utf-8 bytes", 0 };
    if (kind == CHARSET_HTML && len > PRESCAN_BYTES)
        inside = prescan_html(s, len < LATE_PRESCAN_BYTES ? len : LATE_PRESCAN_BYTES);
    if (inside)
        return (struct decision){ inside, kind == CHARSET_HTML ? "meta" : "xml", 0 };
    d.encoding = default_label ? encoding_of(default_label, strlen(default_label)) : NULL;
    if (!d.encoding)
        d.encoding = &encodings[kind == CHARSET_HTML ? WINDOWS_1252 : UTF_8];
    d.from = "default";
    return d;
}

/* ---- converters ---- */

static uint16_t tables[COUNT(encodings)][256];   /* FORM_SINGLE: code points, all in the BMP; written once */
__attribute__((used)) static iconv_t kept[COUNT(encodings)];           /* FORM_MULTI: keeps the library's module loaded, is never used to convert */
static const char *missing;                      /* what the C library could not open; NULL when all is well */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The code point of one byte, which glibc may hold back in case a tone mark follows. */
static uint16_t code_point_of(iconv_t cd, unsigned char byte)
{
    char in = (char)byte, out[16], *from = &in, *to = out;
    size_t from_left = 1, to_left = sizeof(out);

    iconv(cd, NULL, NULL, NULL, NULL);
    bool ok = iconv(cd, &from, &from_left, &to, &to_left) != (size_t)-1 && iconv(cd, NULL, NULL, &to, &to_left) != (size_t)-1;
    if (!ok || to_left == sizeof(out)) /* the WHATWG tables have C1 controls where Windows code pages have nothing */
        return byte >= 0x80 && byte < 0xA0 ? byte : REPLACEMENT;
    const char *s = out;
    return (uint16_t)text_next(&s, to);
}

static void open_all(void)
{
    for (size_t i = 0; i < COUNT(encodings); i++) {
        kept[i] = (iconv_t)-1;
        if (!encodings[i].iconv)
            continue;
        iconv_t cd = iconv_open("UTF-8", encodings[i].iconv);
        if (cd == (iconv_t)-1) {
            missing = encodings[i].iconv;
            continue;
        }
        if (encodings[i].form == FORM_MULTI) {
            kept[i] = cd;
            continue;
        }
        for (unsigned byte = 0; byte < 256; byte++)
            tables[i][byte] = code_point_of(cd, (unsigned char)byte);
        iconv_close(cd);
    }
}

bool charset_prepare(struct error *err)
{
    pthread_once(&once, open_all);
    return !missing || error_set(err, ERROR_SYSTEM, "the C library has no converter for %s: install its gconv modules (libc-bin, libc6)", missing);
}

/* ---- decoding ---- */

struct sink {
    struct buffer *out;
    size_t replaced;
    size_t used;
    char stage[4096];
    bool full; /* out's bound was passed */
};

static void flush(struct sink *k)
{
    k->full = k->full || !buffer_append(k->out, k->stage, k->used);
    k->used = 0;
}

static void put(struct sink *k, uint32_t c)
{
    if (k->used > sizeof(k->stage) - 4)
        flush(k);
    if (c == 0 || c == REPLACEMENT) {
        c = REPLACEMENT;
        k->replaced++;
    }
    if (c < 0x80)
        k->stage[k->used++] = (char)c;
    else
        k->used += text_encode(c, k->stage + k->used);
}

static void put_bytes(struct sink *k, const char *s, size_t len)
{
    while (len) { /* NUL is no character of a text */
        const char *nul = memchr(s, '\0', len);
        size_t run = nul ? (size_t)(nul - s) : len;
        flush(k);
        k->full = k->full || !buffer_append(k->out, s, run);
        s += run;
        len -= run;
        for (; len && *s == '\0'; s++, len--)
            put(k, 0);
    }
}

static void decode_utf8(struct sink *k, const char *s, size_t len)
{
    while (len && !k->full) {
        size_t valid = text_valid_prefix(s, len);
        put_bytes(k, s, valid);
        s += valid;
        len -= valid;
        if (len) {
            size_t bad = text_invalid_length(s, len);
            put(k, REPLACEMENT);
            s += bad;
            len -= bad;
        }
    }
}

static uint32_t unit_at(const unsigned char *p, bool big)
{
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static void decode_utf16(struct sink *k, const unsigned char *p, size_t len, bool big)
{
    size_t i = 0;

    while (i + 1 < len && !k->full) {
        uint32_t c = unit_at(p + i, big);
        i += 2;
        if (c >= 0xD800 && c < 0xDC00 && i + 1 < len) {
            uint32_t low = unit_at(p + i, big);
            if (low >= 0xDC00 && low < 0xE000) {
                c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
                i += 2;
            }
        }
        put(k, c >= 0xD800 && c < 0xE000 ? REPLACEMENT : c);
    }
    if (i < len)
        put(k, REPLACEMENT);
}

static void decode_single(struct sink *k, const unsigned char *p, size_t len, const uint16_t table[256])
{
    for (size_t i = 0; i < len && !k->full; i++)
        put(k, table[p[i]]);
}

static void decode_user(struct sink *k, const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len && !k->full; i++)
        put(k, p[i] < 0x80 ? p[i] : 0xF700u + p[i]); /* Encoding standard, 14.5 */
}

/* iconv stops at each fault; one byte of it becomes U+FFFD and the rest is read again, as the standard's decoders do with
 * ASCII bytes. */
static bool decode_multi(struct sink *k, const char *s, size_t len, const struct encoding *e, struct error *err)
{
    iconv_t cd = iconv_open("UTF-8", e->iconv);
    char out[4096], *from = (char *)s;
    size_t left = len;

    if (cd == (iconv_t)-1)
        return error_set(err, ERROR_SYSTEM, "the C library has no converter for %s: install its gconv modules (libc-bin, libc6)", e->iconv);
    while (left && !k->full) {
        char *to = out;
        size_t room = sizeof(out);
        errno = 0;
        size_t rc = iconv(cd, &from, &left, &to, &room);
        int cause = rc == (size_t)-1 ? errno : 0;
        put_bytes(k, out, sizeof(out) - room);
        if (cause == EILSEQ || cause == EINVAL) {
            put(k, *from == (char)0x80 && strcmp(e->name, "gb18030") == 0 ? 0x20AC : REPLACEMENT); /* Encoding standard, 10.2.1 */
            from += cause == EILSEQ ? 1 : left;
            left -= cause == EILSEQ ? 1 : left;
        } else if (cause && cause != E2BIG) {
            break;
        }
    }
    char *to = out;
    size_t room = sizeof(out);
    iconv(cd, NULL, NULL, &to, &room);
    put_bytes(k, out, sizeof(out) - room);
    iconv_close(cd);
    return true;
}

static bool decode_as(const struct encoding *e, const char *s, size_t len, struct sink *k, struct error *err)
{
    const unsigned char *p = (const unsigned char *)s;

    if (e->form == FORM_SINGLE || e->form == FORM_MULTI)
        pthread_once(&once, open_all);
    switch (e->form) {
    case FORM_UTF8: decode_utf8(k, s, len); break;
    case FORM_UTF16LE: case FORM_UTF16BE: decode_utf16(k, p, len, e->form == FORM_UTF16BE); break;
    case FORM_SINGLE: decode_single(k, p, len, tables[e - encodings]); break;
    case FORM_USER: decode_user(k, p, len); break;
    case FORM_MULTI:
        if (!decode_multi(k, s, len, e, err))
            return false;
        break;
    }
    flush(k);
    return !k->full || error_set(err, ERROR_LIMIT, "the text of %zu bytes of %s passes %zu bytes", len, e->name, k->out->max);
}

/* These write a letter and its tone mark as two characters. */
static bool has_tone_marks(const struct encoding *e)
{
    return strcmp(e->name, "windows-1258") == 0 || strcmp(e->name, "tcvn") == 0;
}

static bool decode_composed(const struct encoding *e, const char *s, size_t len, struct sink *k, struct error *err)
{
    struct buffer loose, *out = k->out;

    buffer_init(&loose, 0); /* at most 3 bytes for each of len */
    k->out = &loose;
    bool ok = decode_as(e, s, len, k, err);
    k->out = out;
    if (ok && !text_nfc(buffer_str(&loose), loose.len, out))
        ok = error_set(err, ERROR_LIMIT, "the text of %zu bytes of %s passes %zu bytes", len, e->name, out->max);
    buffer_fini(&loose);
    return ok;
}

bool charset_to_utf8(const void *bytes, size_t len, const char *content_type, enum charset_document kind,
                     const char *default_label, struct buffer *out, struct charset_report *report, struct error *err)
{
    struct decision d = decide(bytes, len, content_type, kind, default_label);
    const char *s = (const char *)bytes + d.skip;
    struct sink k = { .out = out };

    bool ok = (has_tone_marks(d.encoding) ? decode_composed : decode_as)(d.encoding, s, len - d.skip, &k, err);
    if (report) {
        memset(report, 0, sizeof(*report));
        strncpy(report->name, d.encoding->name, sizeof(report->name) - 1);
        report->from = d.from;
        report->replaced = k.replaced;
    }
    return ok;
}
