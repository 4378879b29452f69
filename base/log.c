/* log.c - formats a line into a buffer on the stack and writes it at once, so that lines of several threads and
 * processes never mix. The JSON form is made from the same text: the phrase up to the first key=, then the pairs. */
#include "base/log.h"

#include "base/buffer.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int level_now = LOG_INFO;
static atomic_int format_now = LOG_TEXT;
static atomic_int fd_now = STDERR_FILENO;
static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_init(enum log_level level, enum log_format format, int fd)
{
    level_now = level;
    format_now = format;
    fd_now = fd;
}

void log_set_level(enum log_level level)
{
    level_now = level;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= level_now;
}

static void timestamp(char out[32])
{
    struct timespec t;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &tm);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out + n, 32 - n, ".%03ldZ", t.tv_nsec / 1000000);
}

static void put_json_string(struct buffer *b, const char *s, size_t len)
{
    buffer_putc(b, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\')
            buffer_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buffer_printf(b, "\\u%04x", c);
        else
            buffer_putc(b, (char)c);
    }
    buffer_putc(b, '"');
}

/* The start of the next " key=" at or after s, or its end. */
static const char *next_key(const char *s)
{
    for (; *s; s++) {
        if (*s != ' ')
            continue;
        const char *k = s + 1;
        while (isalnum((unsigned char)*k) || *k == '_' || *k == '.')
            k++;
        if (k > s + 1 && *k == '=')
            return s;
    }
    return s;
}

static const char *value_end(const char *v)
{
    if (*v != '"')
        return v + strcspn(v, " ");
    for (v++; *v && *v != '"'; v++)
        if (*v == '\\' && v[1])
            v++;
    return *v ? v + 1 : v;
}

static void put_json(struct buffer *b, enum log_level level, const char *ts, const char *text)
{
    buffer_printf(b, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":", ts, level_names[level]);
    const char *p = next_key(text);
    put_json_string(b, text, (size_t)(p - text));
    while (*p) {
        const char *key = p + 1, *eq = strchr(key, '='), *end = value_end(eq + 1);
        buffer_putc(b, ',');
        put_json_string(b, key, (size_t)(eq - key));
        buffer_putc(b, ':');
        if (eq[1] == '"' && end > eq + 2 && end[-1] == '"')
            buffer_append(b, eq + 1, (size_t)(end - eq - 1)); /* log_quote() escapes as JSON does */
        else if (strspn(eq + 1, "0123456789") == (size_t)(end - eq - 1) && end > eq + 1 && end - eq < 17 && eq[1] != '0')
            buffer_append(b, eq + 1, (size_t)(end - eq - 1));
        else
            put_json_string(b, eq + 1, (size_t)(end - eq - 1));
        p = next_key(end);
    }
    buffer_puts(b, "}\n");
}

void log_line(enum log_level level, const char *fmt, ...)
{
    if (!log_enabled(level))
        return;
    char text[4096], ts[32];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    timestamp(ts);
    struct buffer line;
    buffer_init(&line, 0);
    if (format_now == LOG_JSON)
        put_json(&line, level, ts, text);
    else
        buffer_printf(&line, "%s %s %s\n", ts, level_names[level], text);
    ssize_t n;
    do
        n = write(fd_now, line.data, line.len);
    while (n < 0 && errno == EINTR);
    buffer_fini(&line);
}

const char *log_quote(const char *s)
{
    return s ? log_quote_n(s, strlen(s)) : "-";
}

const char *log_quote_n(const char *s, size_t len)
{
    static _Thread_local char rings[8][512];
    static _Thread_local unsigned next;
    char *out = rings[next++ % 8], *p = out, *end = out + sizeof(rings[0]) - 12;
    *p++ = '"';
    for (size_t i = 0; i < len && p < end; i++) {
        unsigned char c = (unsigned char)s[i];
        size_t more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 9;
        size_t have = 0;
        while (have < more && more < 9 && i + have + 1 < len && ((unsigned char)s[i + have + 1] & 0xc0) == 0x80)
            have++;
        if (c == '"' || c == '\\') {
            *p++ = '\\';
            *p++ = (char)c;
        } else if (c < 0x20 || c == 0x7f || (c >= 0x80 && have != more)) {
            p += sprintf(p, "\\u%04x", c);
        } else {
            memcpy(p, s + i, more + 1);
            p += more + 1;
            i += more;
        }
    }
    *p++ = '"';
    *p = '\0';
    return out;
}
