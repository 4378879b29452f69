/* log.c - formats a line into a buffer on the stack and writes it at once, so that lines of several threads and
 * processes never mix. The JSON form is made from the same text: the phrase up to the first key=, then the pairs. */
#include "base/log.h"

#include "base/buffer.h"
#include "base/json_write.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static atomic_int level_now = LOG_INFO;
static atomic_int format_now = LOG_TEXT;
static atomic_int fd_now = STDERR_FILENO;
#define EVENTS_MAX 512 /* places in the code that are told apart; further ones are not limited */
#define EVENT_LINES 100
#define EVENT_WINDOW_S 10

static struct event_count { /* by format string, which is one place in the code */
    const char *fmt;
    time_t window;
    unsigned lines, suppressed;
} event_counts[EVENTS_MAX];
static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
    char path[4096];
    size_t max_bytes, bytes; /* max_bytes 0: no file of ours */
} rotated;
static pthread_mutex_t file_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const level_names[] = { "debug", "info", "warn", "error" };

static void lock_all(void)
{
    pthread_mutex_lock(&events_lock);
    pthread_mutex_lock(&file_lock);
}

static void unlock_all(void)
{
    pthread_mutex_unlock(&file_lock);
    pthread_mutex_unlock(&events_lock);
}

/* A child that is forked while another thread writes a line may write lines too. */
__attribute__((constructor)) static void survive_fork(void)
{
    pthread_atfork(lock_all, unlock_all, unlock_all);
}

void log_init(enum log_level level, enum log_format format, int fd)
{
    level_now = level;
    format_now = format;
    fd_now = fd;
    pthread_mutex_lock(&file_lock);
    rotated.max_bytes = 0;
    pthread_mutex_unlock(&file_lock);
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
    json_put_string(b, text, (size_t)(p - text));
    while (*p) {
        const char *key = p + 1, *eq = strchr(key, '='), *end = value_end(eq + 1);
        buffer_putc(b, ',');
        json_put_string(b, key, (size_t)(eq - key));
        buffer_putc(b, ':');
        if (eq[1] == '"' && end > eq + 2 && end[-1] == '"')
            buffer_append(b, eq + 1, (size_t)(end - eq - 1)); /* log_quote() escapes as JSON does */
        else if (strspn(eq + 1, "0123456789") == (size_t)(end - eq - 1) && end > eq + 1 && end - eq < 17 && eq[1] != '0')
            buffer_append(b, eq + 1, (size_t)(end - eq - 1));
        else
            json_put_string(b, eq + 1, (size_t)(end - eq - 1));
        p = next_key(end);
    }
    buffer_puts(b, "}\n");
}

/* May this line be written? suppressed: how many before it were not. */
static bool within_limit(const char *fmt, unsigned *suppressed)
{
    struct timespec t;
    size_t slot = ((uintptr_t)fmt >> 3) * 2654435761u % EVENTS_MAX, tries = 0;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    *suppressed = 0;
    pthread_mutex_lock(&events_lock);
    while (event_counts[slot].fmt && event_counts[slot].fmt != fmt && ++tries < 16)
        slot = (slot + 1) % EVENTS_MAX;
    struct event_count *e = &event_counts[slot];
    bool known = !e->fmt || e->fmt == fmt, ok = true;
    if (known) {
        e->fmt = fmt;
        if (t.tv_sec - e->window >= EVENT_WINDOW_S) {
            e->window = t.tv_sec;
            e->lines = 0;
        }
        ok = e->lines++ < EVENT_LINES;
        if (ok) {
            *suppressed = e->suppressed;
            e->suppressed = 0;
        } else {
            e->suppressed++;
        }
    }
    pthread_mutex_unlock(&events_lock);
    return ok;
}

bool log_to_file(const char *path, size_t max_bytes)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || strlen(path) >= sizeof(rotated.path) - 2)
        return false;
    pthread_mutex_lock(&file_lock);
    snprintf(rotated.path, sizeof(rotated.path), "%s", path);
    rotated.max_bytes = max_bytes;
    rotated.bytes = fstat(fd, &st) == 0 ? (size_t)st.st_size : 0;
    fd_now = fd;
    pthread_mutex_unlock(&file_lock);
    return true;
}

/* Before len more bytes; file_lock is held. The descriptor stays the same one, so that nobody writes to a closed one. */
static void rotate_before(size_t len)
{
    char old[sizeof(rotated.path) + 2];
    rotated.bytes += len;
    if (rotated.bytes <= rotated.max_bytes)
        return;
    snprintf(old, sizeof(old), "%s.1", rotated.path);
    rename(rotated.path, old);
    int fd = open(rotated.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    dup3(fd, fd_now, O_CLOEXEC);
    close(fd);
    rotated.bytes = len;
}

static void write_line(const char *data, size_t len)
{
    ssize_t n;
    pthread_mutex_lock(&file_lock);
    if (rotated.max_bytes)
        rotate_before(len);
    pthread_mutex_unlock(&file_lock);
    do
        n = write(fd_now, data, len);
    while (n < 0 && errno == EINTR);
}

void log_line(enum log_level level, const char *fmt, ...)
{
    unsigned suppressed;
    if (!log_enabled(level) || !within_limit(fmt, &suppressed))
        return;
    char text[4096], ts[32];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text) - 32, fmt, args);
    va_end(args);
    if (suppressed)
        sprintf(text + strlen(text), " suppressed=%u", suppressed);
    timestamp(ts);
    struct buffer line;
    buffer_init(&line, 0);
    if (format_now == LOG_JSON)
        put_json(&line, level, ts, text);
    else
        buffer_printf(&line, "%s %s %s\n", ts, level_names[level], text);
    write_line(line.data, line.len);
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
