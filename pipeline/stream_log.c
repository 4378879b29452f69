/* stream_log.c - a topic as append-only files. */
#include "pipeline/stream_log.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "pipeline/stream_driver.h"
#include "pipeline/topics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_MAX_BYTES (16 << 20)
#define LINE_MAX_BYTES (24 << 20) /* a dead letter of 2.25 MiB, were all of it control characters */
#define READ_BYTES 65536
#define HEADERS_MAX 512

static int64_t total_max_bytes(enum topic topic)
{
    return topic == TOPIC_DEADLETTERS ? 512LL << 20 : 256LL << 20;
}

/* --- base64 (RFC 4648, 4) --- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static json_t *base64_of(const unsigned char *p, size_t len)
{
    char *text = xmalloc(len / 3 * 4 + 5), *to = text;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < len ? p[i + 2] : 0);
        *to++ = digits[v >> 18];
        *to++ = digits[v >> 12 & 63];
        *to++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
        *to++ = i + 2 < len ? digits[v & 63] : '=';
    }
    json_t *value = json_pack("{s:s#}", "base64", text, (int)(to - text));
    free(text);
    return value;
}

/* In place; the length, or -1. */
static ssize_t base64_undo(char *text, size_t len)
{
    size_t out = 0;
    uint32_t v = 0;
    int bits = 0;
    while (len > 0 && text[len - 1] == '=')
        len--;
    for (size_t i = 0; i < len; i++) {
        const char *d = text[i] ? strchr(digits, text[i]) : NULL;
        if (!d)
            return -1;
        v = v << 6 | (uint32_t)(d - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            text[out++] = (char)(v >> bits & 0xff);
        }
    }
    return (ssize_t)out;
}

/* --- a record as a line --- */

static json_t *bytes_value(const void *p, size_t len)
{
    if (!p)
        return json_null();
    if (text_valid_utf8(p, len) && !memchr(p, '\0', len))
        return json_stringn(p, len);
    return base64_of(p, len);
}

static char *line_of(const struct record *r, size_t *len)
{
    json_t *o = json_object();
    json_object_set_new(o, "at", json_integer(r->timestamp_ms ? r->timestamp_ms : clock_unix_ms()));
    if (r->key)
        json_object_set_new(o, "key", bytes_value(r->key, r->key_len));
    if (r->header_count) {
        json_t *headers = json_array();
        for (size_t i = 0; i < r->header_count; i++)
            json_array_append_new(headers, json_pack("[o, o]", bytes_value(r->headers[i].name, strlen(r->headers[i].name)),
                                                     bytes_value(r->headers[i].value, r->headers[i].len)));
        json_object_set_new(o, "headers", headers);
    }
    if (r->value)
        json_object_set_new(o, "value", bytes_value(r->value, r->value_len));
    char *line = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    if (!line) /* out of memory */
        abort();
    *len = strlen(line);
    line = xrealloc(line, *len + 2);
    line[(*len)++] = '\n';
    line[*len] = '\0';
    return line;
}

/* Lends the bytes of a value; base64 is undone in *copy, which the caller frees. */
static bool value_bytes(const json_t *v, const void **p, size_t *len, char **copy)
{
    const json_t *coded = json_object_get(v, "base64");
    *copy = NULL;
    *p = json_string_value(v);
    *len = json_string_length(v);
    if (!coded)
        return json_is_string(v) || !v || json_is_null(v);
    *copy = xmemdup(json_string_value(coded) ? json_string_value(coded) : "", json_string_length(coded));
    ssize_t n = base64_undo(*copy, json_string_length(coded));
    *p = *copy;
    *len = n < 0 ? 0 : (size_t)n;
    return n >= 0;
}

struct parts { /* what a record of a line points to */
    struct header headers[HEADERS_MAX];
    char *copies[HEADERS_MAX + 2];
    size_t copy_count;
};

static bool read_part(const json_t *v, const void **p, size_t *len, struct parts *parts)
{
    return value_bytes(v, p, len, &parts->copies[parts->copy_count++]);
}

static bool read_headers(const json_t *list, struct record *r, struct parts *parts)
{
    json_t *pair;
    size_t i;
    if (json_array_size(list) > HEADERS_MAX)
        return false;
    json_array_foreach(list, i, pair) {
        struct header *h = &parts->headers[r->header_count++];
        h->name = json_string_value(json_array_get(pair, 0));
        if (!h->name || !read_part(json_array_get(pair, 1), &h->value, &h->len, parts))
            return false;
    }
    return true;
}

/* NULL: the line is no record. */
static struct record *record_of(const char *line, size_t len, enum topic topic, int64_t offset)
{
    json_t *o = json_loadb(line, len, 0, NULL);
    struct parts *parts = xcalloc(1, sizeof(*parts));
    struct record r = { .topic = topic, .offset = offset, .headers = parts->headers }, *copy = NULL;
    r.timestamp_ms = json_integer_value(json_object_get(o, "at"));
    if (json_is_object(o) && read_part(json_object_get(o, "key"), &r.key, &r.key_len, parts) &&
        read_part(json_object_get(o, "value"), &r.value, &r.value_len, parts) && read_headers(json_object_get(o, "headers"), &r, parts))
        copy = record_copy(&r);
    for (size_t i = 0; i < parts->copy_count; i++)
        free(parts->copies[i]);
    free(parts);
    json_decref(o);
    return copy;
}

/* --- the files --- */

static void path_of(const char *dir, int64_t base, char out[4200])
{
    snprintf(out, 4200, "%s/%020" PRId64 ".jsonl", dir, base);
}

static char *dir_of(const char *state_dir, enum topic topic)
{
    return xasprintf("%s/%s", state_dir, topic_name(topic));
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The offsets that the files begin at, ascending; the caller frees them. */
static int64_t *list_segments(const char *dir, size_t *count)
{
    int64_t *bases = NULL;
    struct dirent *e;
    DIR *d = opendir(dir);
    *count = 0;
    while (d && (e = readdir(d))) {
        char *end;
        int64_t base = strtoll(e->d_name, &end, 10);
        if (end != e->d_name + 20 || strcmp(end, ".jsonl") != 0)
            continue;
        bases = xrealloc(bases, (*count + 1) * sizeof(*bases));
        bases[(*count)++] = base;
    }
    if (d)
        closedir(d);
    if (*count)
        qsort(bases, *count, sizeof(*bases), compare);
    return bases;
}

/* --- writing --- */

struct stream_log {
    pthread_mutex_t lock;
    enum topic topic;
    char *dir;
    int fd;
    int64_t base, size; /* of the file that is written */
    bool torn;          /* it does not end with a line's end */
};

static bool failed(const struct stream_log *l, const char *doing, int code, struct error *err)
{
    return error_set(err, ERROR_TRANSIENT, "%s: %s: %s%s", l->dir, doing, strerror(code),
                     code == ENOSPC || code == EDQUOT ? ": make room on the disk; nothing is lost, the work waits" : "");
}

static bool open_segment(struct stream_log *l, int64_t base, struct error *err)
{
    char path[4200], last = '\n';
    struct stat st;
    path_of(l->dir, base, path);
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &st) != 0 || (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)) {
        int code = errno;
        if (fd >= 0)
            close(fd);
        return failed(l, "opening", code, err);
    }
    if (l->fd >= 0)
        close(l->fd);
    l->fd = fd;
    l->base = base;
    l->size = st.st_size;
    l->torn = last != '\n';
    return true;
}

/* Removes files from the oldest on: those past the retention, and what is too much. The newest stays. */
static void remove_old(struct stream_log *l)
{
    size_t count;
    int64_t *bases = list_segments(l->dir, &count), end = l->base + l->size;
    for (size_t i = 0; i + 1 < count; i++) {
        char path[4200];
        struct stat st;
        path_of(l->dir, bases[i], path);
        bool old = stat(path, &st) == 0 && clock_unix_ms() - st.st_mtim.tv_sec * 1000LL > topic_spec(l->topic)->retention_ms;
        if (!old && end - bases[i] <= total_max_bytes(l->topic))
            break;
        log_info("old records removed topic=%s file=%s reason=%s", topic_name(l->topic), path, old ? "age" : "size");
        unlink(path);
    }
    free(bases);
}

struct stream_log *stream_log_open(const char *state_dir, enum topic topic, struct error *err)
{
    struct stream_log *l = xcalloc(1, sizeof(*l));
    size_t count;
    l->topic = topic;
    l->fd = -1;
    l->dir = dir_of(state_dir, topic);
    pthread_mutex_init(&l->lock, NULL);
    if (mkdir(l->dir, 0700) != 0 && errno != EEXIST) {
        failed(l, "making the directory", errno, err);
        stream_log_close(l);
        return NULL;
    }
    int64_t *bases = list_segments(l->dir, &count);
    bool ok = open_segment(l, count ? bases[count - 1] : 0, err);
    free(bases);
    if (ok)
        return l;
    stream_log_close(l);
    return NULL;
}

void stream_log_close(struct stream_log *l)
{
    if (!l)
        return;
    if (l->fd >= 0)
        close(l->fd);
    pthread_mutex_destroy(&l->lock);
    free(l->dir);
    free(l);
}

/* All of it or nothing. */
static bool write_line(struct stream_log *l, const char *line, size_t len, struct error *err)
{
    ssize_t n = write(l->fd, line, len);
    if (n == (ssize_t)len) {
        l->size += n;
        return true;
    }
    int code = n < 0 ? errno : ENOSPC;
    if (n > 0 && ftruncate(l->fd, l->size) != 0) {
        l->size += n;
        l->torn = true;
    }
    return failed(l, "appending", code, err);
}

static bool append(struct stream_log *l, const char *line, size_t len, struct error *err)
{
    if (l->torn) {
        if (!write_line(l, "\n", 1, err))
            return false;
        l->torn = false;
    }
    if (l->size > 0 && l->size + (int64_t)len > SEGMENT_MAX_BYTES) {
        if (!open_segment(l, l->base + l->size, err))
            return false;
        remove_old(l);
    }
    return write_line(l, line, len, err);
}

bool stream_log_append(struct stream_log *l, const struct record *r, struct error *err)
{
    size_t len;
    char *line = line_of(r, &len);
    pthread_mutex_lock(&l->lock);
    bool ok = append(l, line, len, err);
    pthread_mutex_unlock(&l->lock);
    free(line);
    return ok;
}

int64_t stream_log_end(struct stream_log *l)
{
    pthread_mutex_lock(&l->lock);
    int64_t end = l->base + l->size;
    pthread_mutex_unlock(&l->lock);
    return end;
}

/* --- reading --- */

struct stream_log_reader {
    enum topic topic;
    char *dir;
    int fd;              /* -1: nothing there yet */
    int64_t base;        /* of the open file */
    int64_t at;          /* offset of the first byte in data */
    struct buffer data;
    size_t used;         /* bytes of data that have been given out */
    bool skipping;       /* up to the next line's end */
    int64_t wanted;      /* where to begin, until a file is open */
};

/* The file that holds offset; the first one kept where none does. */
static bool open_at(struct stream_log_reader *r, int64_t offset)
{
    char path[4200];
    struct stat st;
    size_t count, i;
    int64_t *bases = list_segments(r->dir, &count);
    for (i = count; i > 0 && bases[i - 1] > offset; i--)
        ;
    int64_t base = count ? bases[i > 0 ? i - 1 : 0] : 0;
    path_of(r->dir, base, path);
    r->fd = count ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (r->fd >= 0 && i == count && (fstat(r->fd, &st) != 0 || offset > base + st.st_size)) { /* not yet there */
        close(r->fd);
        base = bases[0];
        offset = base;
        path_of(r->dir, base, path);
        r->fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    free(bases);
    r->base = base;
    r->at = offset > base ? offset : base;
    return r->fd >= 0;
}

/* Begins at wanted; true when a file is open. */
static bool begin(struct stream_log_reader *r)
{
    char before = '\n';
    if (r->fd >= 0)
        return true;
    if (!open_at(r, r->wanted))
        return false;
    r->skipping = r->at > r->base && pread(r->fd, &before, 1, r->at - r->base - 1) == 1 && before != '\n';
    return true;
}

int64_t stream_log_size(const char *state_dir, enum topic topic)
{
    char *dir = dir_of(state_dir, topic), path[4200];
    struct stat st = { .st_size = 0 };
    size_t count;
    int64_t *bases = list_segments(dir, &count), end = 0;
    if (count) {
        path_of(dir, bases[count - 1], path);
        end = stat(path, &st) == 0 ? bases[count - 1] + st.st_size : bases[count - 1];
    }
    free(bases);
    free(dir);
    return end;
}

struct stream_log_reader *stream_log_reader_open(const char *state_dir, enum topic topic, int64_t offset)
{
    struct stream_log_reader *r = xcalloc(1, sizeof(*r));
    r->topic = topic;
    r->dir = dir_of(state_dir, topic);
    r->fd = -1;
    r->wanted = offset < 0 ? 0 : offset;
    buffer_init(&r->data, LINE_MAX_BYTES + READ_BYTES);
    begin(r);
    return r;
}

void stream_log_reader_close(struct stream_log_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    buffer_fini(&r->data);
    free(r->dir);
    free(r);
}

int64_t stream_log_position(const struct stream_log_reader *r)
{
    return r->fd < 0 ? r->wanted : r->at + (int64_t)r->used;
}

static void forget_used(struct stream_log_reader *r)
{
    memmove(r->data.data, r->data.data + r->used, r->data.len - r->used);
    r->data.len -= r->used;
    r->at += (int64_t)r->used;
    r->used = 0;
}

/* The file was removed under a reader that is far behind: the first one kept after it, or -1. */
static int64_t first_after(const struct stream_log_reader *r, int64_t offset)
{
    size_t count;
    int64_t found = -1, *bases = list_segments(r->dir, &count);
    for (size_t i = 0; found < 0 && i < count; i++)
        if (bases[i] > offset)
            found = bases[i];
    free(bases);
    return found;
}

/* Goes on to the file that begins where this one ends, if it is there. */
static bool next_segment(struct stream_log_reader *r)
{
    char path[4200];
    struct stat st;
    int64_t end = r->at + (int64_t)r->data.len;
    if (end == r->base)
        return false;
    path_of(r->dir, end, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && fstat(r->fd, &st) == 0 && st.st_nlink == 0 && (end = first_after(r, end)) >= 0) {
        path_of(r->dir, end, path);
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0)
        return false;
    close(r->fd);
    r->fd = fd;
    r->base = r->at = end;
    r->used = 0;
    r->skipping = false;
    buffer_clear(&r->data);
    return true;
}

/* Reads on; false at the end of what there is. */
static bool fill(struct stream_log_reader *r)
{
    if (r->used)
        forget_used(r);
    if (!buffer_reserve(&r->data, READ_BYTES)) { /* no line of ours is that long */
        r->at += (int64_t)r->data.len;
        buffer_clear(&r->data);
        r->skipping = true;
        buffer_reserve(&r->data, READ_BYTES);
    }
    ssize_t n = pread(r->fd, r->data.data + r->data.len, READ_BYTES, r->at + (int64_t)r->data.len - r->base);
    if (n <= 0)
        return n == 0 && next_segment(r);
    r->data.len += (size_t)n;
    r->data.data[r->data.len] = '\0';
    return true;
}

struct record *stream_log_read(struct stream_log_reader *r)
{
    size_t seen = 0; /* bytes after used without a line's end */
    if (!begin(r))
        return NULL;
    for (;;) {
        char *from = r->data.len ? r->data.data + r->used : NULL;
        char *end = from ? memchr(from + seen, '\n', r->data.len - r->used - seen) : NULL;
        if (!end) {
            int64_t base = r->base, at = r->at + (int64_t)r->used;
            seen = r->data.len - r->used;
            if (!fill(r))
                return NULL;
            if (r->base != base || r->at != at)
                seen = 0;
            continue;
        }
        size_t len = (size_t)(end - from);
        int64_t offset = r->at + (int64_t)r->used;
        bool skip = r->skipping || len == 0;
        struct record *record = skip ? NULL : record_of(from, len, r->topic, offset);
        r->used += len + 1;
        r->skipping = false;
        seen = 0;
        if (record)
            return record;
    }
}
