/* json_scan.c - one pass, no recursion: what is open stands in a bit set (1 = object, 0 = array), one bit a level. */
#include "base/json_scan.h"

#include "base/hash.h"
#include "base/text.h"

#include <string.h>

#define DEPTH_MAX 64

struct scan {
    const char *start, *at, *end;
    uint64_t objects;  /* bit d: level d is an object */
    unsigned depth;
};

static void skip_space(struct scan *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
        s->at++;
}

static bool hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!strchr("0123456789abcdefABCDEF", p[i]) || !p[i])
            return false;
    return true;
}

/* At a quote: moves past the string. */
static bool skip_string(struct scan *s)
{
    const char *p = s->at + 1;

    while (p < s->end && *p != '"') {
        if ((unsigned char)*p < 0x20)
            return false;
        if (*p == '\\') {
            p++;
            if (p == s->end || !*p || !strchr("\"\\/bfnrtu", *p))
                return false;
            if (*p == 'u' && !hex4(p + 1, s->end))
                return false;
        }
        p++;
    }
    if (p >= s->end)
        return false;
    s->at = p + 1;
    return true;
}

static bool digits(struct scan *s)
{
    const char *start = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
        s->at++;
    return s->at > start;
}

static bool skip_number(struct scan *s)
{
    if (*s->at == '-')
        s->at++;
    const char *first = s->at;
    if (!digits(s) || (*first == '0' && s->at > first + 1))
        return false;
    if (s->at < s->end && *s->at == '.') {
        s->at++;
        if (!digits(s))
            return false;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        s->at++;
        if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
            s->at++;
        return digits(s);
    }
    return true;
}

static bool skip_word(struct scan *s, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
        return false;
    s->at += len;
    return true;
}

static bool skip_scalar(struct scan *s)
{
    switch (*s->at) {
    case '"': return skip_string(s);
    case 't': return skip_word(s, "true");
    case 'f': return skip_word(s, "false");
    case 'n': return skip_word(s, "null");
    default: return (*s->at == '-' || (*s->at >= '0' && *s->at <= '9')) && skip_number(s);
    }
}

static bool skip_key(struct scan *s)
{
    skip_space(s);
    if (s->at == s->end || *s->at != '"' || !skip_string(s))
        return false;
    skip_space(s);
    if (s->at == s->end || *s->at != ':')
        return false;
    s->at++;
    return true;
}

static bool open_level(struct scan *s, bool object)
{
    if (s->depth == DEPTH_MAX)
        return false;
    s->objects = object ? s->objects | (uint64_t)1 << s->depth : s->objects & ~((uint64_t)1 << s->depth);
    s->depth++;
    s->at++;
    return true;
}

/* After a value: closes what ends here; then at the next value, or at depth `floor`. */
static bool after_value(struct scan *s, unsigned floor)
{
    while (s->depth > floor) {
        bool object = s->objects >> (s->depth - 1) & 1;
        skip_space(s);
        if (s->at == s->end)
            return false;
        if (*s->at == ',') {
            s->at++;
            return !object || skip_key(s);
        }
        if (*s->at != (object ? '}' : ']'))
            return false;
        s->at++;
        s->depth--;
    }
    return true;
}

/* Moves past one value of any kind. */
static bool skip_value(struct scan *s)
{
    unsigned floor = s->depth;

    do {
        skip_space(s);
        if (s->at == s->end)
            return false;
        if (*s->at == '{' || *s->at == '[') {
            char close = *s->at == '{' ? '}' : ']';
            if (!open_level(s, close == '}'))
                return false;
            skip_space(s);
            if (s->at == s->end || *s->at != close) { /* not empty: on to its first value */
                if (close == '}' && !skip_key(s))
                    return false;
                continue;
            }
            s->at++;
            s->depth--;
        } else if (!skip_scalar(s)) {
            return false;
        }
        if (!after_value(s, floor))
            return false;
    } while (s->depth > floor);
    return true;
}

static void take(struct json_member *members, size_t count, const char *key, size_t key_len, const char *value, size_t len)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(members[i].name) != key_len || memcmp(members[i].name, key, key_len) != 0)
            continue;
        members[i].value = value;
        members[i].len = len;
    }
}

static bool scan_object(struct scan *s, struct json_member *members, size_t count)
{
    skip_space(s);
    if (s->at == s->end || *s->at++ != '{')
        return false;
    skip_space(s);
    if (s->at < s->end && *s->at == '}') {
        s->at++;
        return true;
    }
    for (;;) {
        skip_space(s);
        const char *key = s->at + 1;
        if (s->at == s->end || *s->at != '"' || !skip_string(s))
            return false;
        size_t key_len = (size_t)(s->at - key) - 1;
        skip_space(s);
        if (s->at == s->end || *s->at++ != ':')
            return false;
        skip_space(s);
        const char *value = s->at;
        if (!skip_value(s))
            return false;
        take(members, count, key, key_len, value, (size_t)(s->at - value));
        skip_space(s);
        if (s->at == s->end)
            return false;
        char c = *s->at++;
        if (c == '}')
            return true;
        if (c != ',')
            return false;
    }
}

bool json_scan(const char *json, size_t len, struct json_member *members, size_t count, struct error *err)
{
    struct scan s = { json, json, json + len, 0, 0 };

    for (size_t i = 0; i < count; i++)
        members[i].value = NULL, members[i].len = 0;
    if (!text_valid_utf8(json, len))
        return error_set(err, ERROR_INVALID, "the value is not UTF-8");
    bool ok = scan_object(&s, members, count);
    skip_space(&s);
    if (!ok || s.at != s.end)
        return error_set(err, ERROR_INVALID, "the value is not a JSON object: wrong at byte %zu of %zu", (size_t)(s.at - json), len);
    return true;
}

static unsigned hex_value(const char *p)
{
    unsigned v = 0;
    for (int i = 0; i < 4; i++)
        v = v * 16 + (unsigned)hex_digit(p[i]);
    return v;
}

static void put_utf8(struct buffer *out, unsigned c)
{
    char utf8[4];
    buffer_append(out, utf8, text_encode(c, utf8));
}

/* After \u: p at the four digits. Joins surrogates; a lone one is U+FFFD. Returns the bytes taken. */
static size_t put_escape(const char *p, const char *end, struct buffer *out)
{
    unsigned c = hex_value(p);

    if (c >= 0xD800 && c < 0xDC00 && end - p >= 10 && p[4] == '\\' && p[5] == 'u') {
        unsigned low = hex_value(p + 6);
        if (low >= 0xDC00 && low < 0xE000) {
            put_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
            return 10;
        }
    }
    put_utf8(out, c); /* a lone surrogate is U+FFFD */
    return 4;
}

bool json_member_text(const char *value, size_t len, struct buffer *out)
{
    static const char names[] = "bfnrt", codes[] = "\b\f\n\r\t";

    if (!value || len < 2 || value[0] != '"')
        return false;
    const char *end = value + len - 1;
    for (const char *p = value + 1; p < end;) {
        const char *plain = p;
        while (p < end && *p != '\\')
            p++;
        buffer_append(out, plain, (size_t)(p - plain));
        if (p == end)
            break;
        p++;
        const char *name = memchr(names, *p, sizeof(names) - 1);
        if (*p == 'u')
            p += 1 + put_escape(p + 1, end, out);
        else
            buffer_putc(out, name ? codes[name - names] : *p), p++;
    }
    return true;
}

bool json_member_whole(const char *value, size_t len, int64_t *out)
{
    int64_t v = 0;

    if (!value || len == 0 || len > 16)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            return false;
        v = v * 10 + (value[i] - '0');
    }
    *out = v;
    return v <= (int64_t)1 << 53;
}
