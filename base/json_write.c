#include "base/json_write.h"

#include "base/text.h"

#include <string.h>

static void put_escape(struct buffer *out, unsigned char c)
{
    static const char letters[] = "btnvfr"; /* from 8 on; JSON has no \v */
    if (c == '"' || c == '\\')
        buffer_printf(out, "\\%c", c);
    else if (c >= 8 && c <= 13 && c != 11)
        buffer_printf(out, "\\%c", letters[c - 8]);
    else
        buffer_printf(out, "\\u%04x", c);
}

static void put_valid(struct buffer *out, const char *s, size_t len)
{
    const char *end = s + len;
    while (s < end) {
        const char *run = s;
        while (s < end && (unsigned char)*s >= 0x20 && *s != '"' && *s != '\\' && *s != 0x7F)
            s++;
        buffer_append(out, run, (size_t)(s - run));
        if (s < end)
            put_escape(out, (unsigned char)*s++);
    }
}

void json_put_string(struct buffer *out, const char *s, size_t len)
{
    buffer_reserve(out, len + 2);
    buffer_putc(out, '"');
    while (len) {
        size_t valid = text_valid_prefix(s, len);
        put_valid(out, s, valid);
        if (valid < len) {
            buffer_puts(out, "\xEF\xBF\xBD");
            valid += text_invalid_length(s + valid, len - valid);
        }
        s += valid;
        len -= valid;
    }
    buffer_putc(out, '"');
}

void json_put_comma(struct buffer *out)
{
    if (out->len && out->data[out->len - 1] != '{' && out->data[out->len - 1] != '[')
        buffer_putc(out, ',');
}

void json_put_key(struct buffer *out, const char *name)
{
    json_put_comma(out);
    buffer_putc(out, '"');
    buffer_puts(out, name);
    buffer_puts(out, "\":");
}
