/* http_date.c - see http_date.h. Packed: a byte that no header's value begins with, then the Unix time, big-endian. */
#include "crawler/http_date.h"

#include "base/date.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MARK 1
#define TEXT_MAX 40

static void write_fixdate(int64_t unix_s, char out[TEXT_MAX])
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct tm t;
    time_t s = (time_t)unix_s;
    gmtime_r(&s, &t);
    snprintf(out, TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour,
             t.tm_min, t.tm_sec);
}

bool http_date_pack(const char *text, unsigned char out[HTTP_DATE_PACKED])
{
    int64_t unix_s;
    char again[TEXT_MAX];
    if (!text || !date_parse_http(text, &unix_s) || unix_s < 0 || unix_s > UINT32_MAX)
        return false;
    write_fixdate(unix_s, again);
    if (strcmp(text, again) != 0)
        return false;
    out[0] = MARK;
    for (int i = 0; i < 4; i++)
        out[1 + i] = (unsigned char)(unix_s >> (24 - 8 * i));
    return true;
}

char *http_date_unpack(const char *bytes, size_t len)
{
    if (len != HTTP_DATE_PACKED || bytes[0] != MARK)
        return len ? xstrndup(bytes, len) : NULL;
    char text[TEXT_MAX];
    int64_t unix_s = 0;
    for (int i = 1; i < HTTP_DATE_PACKED; i++)
        unix_s = unix_s << 8 | (unsigned char)bytes[i];
    write_fixdate(unix_s, text);
    return xstrdup(text);
}
