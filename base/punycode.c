#include "base/punycode.h"

#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <utf8proc.h>

enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 128 }; /* RFC 3492, 5 */

#define LABEL_MAX 63 /* code points; a longer label fits into no name */

static char digit(uint32_t d)
{
    return (char)(d < 26 ? 'a' + d : '0' + d - 26);
}

/* RFC 3492, 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    for (delta += delta / points; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
        delta /= BASE - TMIN;
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static bool put_integer(uint32_t value, uint32_t bias, struct buffer *out)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
        if (value < t)
            return buffer_putc(out, digit(value));
        if (!buffer_putc(out, digit(t + (value - t) % (BASE - t))))
            return false;
        value = (value - t) / (BASE - t);
    }
}

/* RFC 3492, 6.3. At most LABEL_MAX code points: delta cannot pass 32 bits. */
static bool encode(const int32_t *points, uint32_t count, struct buffer *out)
{
    uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS, done = 0, basic;
    for (uint32_t i = 0; i < count; i++)
        if (points[i] < INITIAL_N) {
            if (!buffer_putc(out, (char)points[i]))
                return false;
            done++;
        }
    basic = done;
    if (basic && !buffer_putc(out, '-'))
        return false;
    while (done < count) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < count; i++)
            if ((uint32_t)points[i] >= n && (uint32_t)points[i] < next)
                next = (uint32_t)points[i];
        delta += (next - n) * (done + 1);
        n = next;
        for (uint32_t i = 0; i < count; i++) {
            delta += (uint32_t)points[i] < n;
            if ((uint32_t)points[i] != n)
                continue;
            if (!put_integer(delta, bias, out))
                return false;
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
    return true;
}

static bool is_allowed(int32_t c)
{
    utf8proc_category_t k = utf8proc_category(c);
    bool named = k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_NO;
    return c < 0x80 ? (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' : named || k == UTF8PROC_CATEGORY_SO || k == UTF8PROC_CATEGORY_SM;
}

bool punycode_label(const char *label, size_t len, struct buffer *out)
{
    int32_t points[LABEL_MAX * 4];
    const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_COMPOSE | UTF8PROC_IGNORE;
    if (len > LABEL_MAX * 4)
        return false;
    utf8proc_ssize_t n = utf8proc_decompose((const uint8_t *)label, (utf8proc_ssize_t)len, points, LABEL_MAX * 4, how);
    if (n <= 0 || n > LABEL_MAX * 4)
        return false;
    n = utf8proc_normalize_utf32(points, n, how);
    if (n <= 0 || n > LABEL_MAX)
        return false;
    for (utf8proc_ssize_t i = 0; i < n; i++)
        if (!is_allowed(points[i]))
            return false;
    return buffer_puts(out, "xn--") && encode(points, (uint32_t)n, out);
}
