/* url_host.c - see url_host.h.
 *
 *   "[…]" --> IPv6
 *   else percent-decode -> dots of all kinds to "." -> each label: ASCII to lower case, other scripts by libidn2
 *        -> last label a number? IPv4 : check of characters and lengths
 *
 * The characters are checked here and not left to libcurl: 7.88 accepts "%" and odd IPv4 forms in a host, and what we
 * check must be what it connects to. ASCII labels never reach libidn2, which refuses some that exist (two hyphens in
 * third and fourth place as in "r3---sn-x"). */
#include "base/url_host.h"

#include "base/hash.h"
#include "base/punycode.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX 253        /* RFC 1035 2.3.4, as text without the final dot */
#define HOST_INPUT_MAX 2048 /* before decoding; a name of 253 bytes of punycode fits with every byte as %XX */

static bool invalid(struct error *err, const char *why)
{
    return error_set(err, ERROR_INVALID, "host: %s", why);
}

/* --- IPv6 --- */

/* The longest run of two or more zero groups (RFC 5952 4.2); *len is 0 when there is none. */
static void zero_run(const uint16_t group[8], int *start, int *len)
{
    *start = *len = 0;
    for (int i = 0; i < 8;) {
        int n = 0;
        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n >= 2 && n > *len) {
            *start = i;
            *len = n;
        }
        i += n ? n : 1;
    }
}

/* Groups in hex throughout, as the WHATWG serialiser does: inet_ntop() would write "::ffff:1.2.3.4". */
static bool write_ipv6(const uint8_t bytes[16], struct buffer *out)
{
    uint16_t group[8];
    for (int i = 0; i < 8; i++)
        group[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    int start, len;
    zero_run(group, &start, &len);
    bool ok = buffer_putc(out, '[');
    for (int i = 0; i < 8; i++) {
        if (len && i == start) {
            ok = ok && buffer_puts(out, "::");
            i += len - 1;
            continue;
        }
        if (i > 0 && !(len && i == start + len))
            ok = ok && buffer_putc(out, ':');
        ok = ok && buffer_printf(out, "%x", group[i]);
    }
    return ok && buffer_putc(out, ']');
}

static bool host_ipv6(const char *host, size_t len, struct buffer *out, struct error *err)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    if (len < 4 || host[len - 1] != ']' || len - 2 >= sizeof(text))
        return invalid(err, "not an IPv6 address");
    memcpy(text, host + 1, len - 2);
    text[len - 2] = '\0';
    if (strlen(text) != len - 2 || inet_pton(AF_INET6, text, bytes) != 1)
        return invalid(err, "not an IPv6 address");
    return write_ipv6(bytes, out) || invalid(err, "too long");
}

/* --- IPv4 --- */

/* One part: decimal, 0 octal, 0x hex ("0x" alone is 0). Values beyond 32 bits give UINT32_MAX + 1. */
static bool ipv4_part(const char *s, size_t len, uint64_t *value)
{
    int base = 10;
    if (len >= 2 && s[0] == '0' && (s[1] | 0x20) == 'x') {
        base = 16;
        s += 2;
        len -= 2;
    } else if (len >= 2 && s[0] == '0') {
        base = 8;
        s++;
        len--;
    }
    *value = 0;
    for (size_t i = 0; i < len; i++) {
        int digit = hex_digit(s[i]);
        if (digit < 0 || digit >= base)
            return false;
        *value = *value * (uint64_t)base + (uint64_t)digit;
        if (*value > UINT32_MAX)
            *value = (uint64_t)UINT32_MAX + 1;
    }
    return true;
}

/* Does the last label say "I am an IPv4 address"? (WHATWG "ends in a number": all digits, or a number in hex form) */
static bool ends_in_number(const char *name, size_t len)
{
    size_t start = len;
    while (start > 0 && name[start - 1] != '.')
        start--;
    const char *last = name + start;
    size_t n = len - start;
    bool digits = n > 0;
    for (size_t i = 0; i < n && digits; i++)
        digits = isdigit((unsigned char)last[i]);
    uint64_t value;
    return digits || (n >= 2 && last[0] == '0' && last[1] == 'x' && ipv4_part(last, n, &value));
}

static bool host_ipv4(const char *name, size_t len, struct buffer *out, struct error *err)
{
    uint64_t part[4];
    int parts = 0;
    for (size_t i = 0; i <= len; parts++) {
        const char *dot = i < len ? memchr(name + i, '.', len - i) : NULL;
        size_t n = dot ? (size_t)(dot - name) - i : len - i;
        if (parts == 4 || n == 0 || !ipv4_part(name + i, n, &part[parts]))
            return invalid(err, "ends in a number and is not an IPv4 address");
        i += n + 1;
    }
    uint64_t address = part[parts - 1];
    if (address >= (uint64_t)1 << (8 * (5 - parts)))
        return invalid(err, "IPv4 address out of range");
    for (int i = 0; i < parts - 1; i++) {
        if (part[i] > 255)
            return invalid(err, "IPv4 address out of range");
        address |= part[i] << (8 * (3 - i));
    }
    return buffer_printf(out, "%u.%u.%u.%u", (unsigned)(address >> 24), (unsigned)(address >> 16 & 255),
                         (unsigned)(address >> 8 & 255), (unsigned)(address & 255)) ||
           invalid(err, "too long");
}

/* --- names --- */

/* Percent-decodes and turns the dots of other scripts (U+3002, U+FF0E, U+FF61: UTS 46 4, step 1) into ".". */
static bool decode_name(const char *host, size_t len, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < len; i++) {
        char c = host[i];
        if (c == '%') {
            if (i + 2 >= len || hex_digit(host[i + 1]) < 0 || hex_digit(host[i + 2]) < 0)
                return invalid(err, "a percent sign without two hex digits");
            c = (char)(hex_digit(host[i + 1]) << 4 | hex_digit(host[i + 2]));
            i += 2;
        }
        if (c == '\0')
            return invalid(err, "a NUL byte");
        if (!buffer_putc(out, c))
            return invalid(err, "too long");
        if (out->len >= 3) {
            const char *last = out->data + out->len - 3;
            if (!memcmp(last, "\xe3\x80\x82", 3) || !memcmp(last, "\xef\xbc\x8e", 3) || !memcmp(last, "\xef\xbd\xa1", 3)) {
                out->len -= 3;
                buffer_putc(out, '.');
            }
        }
    }
    return true;
}

/* One label of another script to its "xn--" form. */
static bool label_to_ascii(const char *label, struct buffer *out, struct error *err)
{
    char *ascii = NULL;
    int rc = idn2_to_ascii_8z(label, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_DISALLOWED && punycode_label(label, strlen(label), out)) /* a symbol: no label of IDNA 2008, but one of browsers */
        return true;
    if (rc != IDN2_OK)
        return error_set(err, ERROR_INVALID, "host: no domain name: %s", idn2_strerror(rc));
    bool ok = buffer_puts(out, ascii);
    idn2_free(ascii);
    return ok || invalid(err, "too long");
}

static bool add_label(const char *label, size_t len, struct buffer *out, struct error *err)
{
    char text[HOST_INPUT_MAX + 1];
    bool ascii = true;
    for (size_t i = 0; i < len; i++) {
        text[i] = (char)(label[i] >= 'A' && label[i] <= 'Z' ? label[i] | 0x20 : label[i]);
        ascii = ascii && (unsigned char)label[i] < 0x80;
    }
    text[len] = '\0';
    if (!ascii)
        return label_to_ascii(text, out, err);
    return buffer_append(out, text, len) || invalid(err, "too long");
}

static bool to_ascii(const struct buffer *name, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i <= name->len;) {
        const char *dot = i < name->len ? memchr(name->data + i, '.', name->len - i) : NULL;
        size_t n = dot ? (size_t)(dot - name->data) - i : name->len - i;
        if (i > 0 && !buffer_putc(out, '.'))
            return invalid(err, "too long");
        if (!add_label(name->data + i, n, out, err))
            return false;
        i += n + 1;
    }
    return true;
}

static bool check_name(const char *name, size_t len, struct error *err)
{
    size_t label = 0;
    if (len == 0 || len > HOST_MAX)
        return invalid(err, len ? "longer than 253 bytes" : "empty");
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (c != '.' && !plain)
            return invalid(err, "a character that no domain name has");
        if (c == '.' && label == 0)
            return invalid(err, "an empty label");
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return invalid(err, "a label longer than 63 bytes");
    }
    return label > 0 || invalid(err, "an empty label");
}

static bool host_name(const char *host, size_t len, struct buffer *name, struct buffer *ascii, struct buffer *out, struct error *err)
{
    if (!decode_name(host, len, name, err) || !to_ascii(name, ascii, err))
        return false;
    size_t n = ascii->len;
    if (n > 1 && ascii->data[n - 1] == '.') /* the root's dot: the same name in the DNS */
        n--;
    if (ends_in_number(ascii->data, n))
        return host_ipv4(ascii->data, n, out, err);
    if (!check_name(n ? ascii->data : "", n, err))
        return false;
    return buffer_append(out, ascii->data, n) || invalid(err, "too long");
}

bool url_host(const char *host, size_t len, struct buffer *out, struct error *err)
{
    struct error own;
    if (!err)
        err = &own;
    if (len == 0)
        return invalid(err, "empty");
    if (len > HOST_INPUT_MAX)
        return invalid(err, "too long");
    if (host[0] == '[')
        return host_ipv6(host, len, out, err);
    struct buffer name, ascii;
    buffer_init(&name, HOST_INPUT_MAX);
    buffer_init(&ascii, HOST_INPUT_MAX);
    bool ok = host_name(host, len, &name, &ascii, out, err);
    buffer_fini(&name);
    buffer_fini(&ascii);
    return ok;
}
