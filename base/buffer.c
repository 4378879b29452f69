/* buffer.c - see buffer.h. */
#include "base/buffer.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *b, size_t max)
{
    *b = (struct buffer){ .max = max };
}

void buffer_fini(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){ .max = b->max };
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

bool buffer_reserve(struct buffer *b, size_t more)
{
    if (more > (size_t)-1 / 4 - b->len || (b->max && more > b->max - b->len))
        return false;
    size_t want = b->len + more + 1;
    if (want > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 256;
        if (cap < want)
            cap = want;
        if (b->max && cap > b->max + 1)
            cap = b->max + 1;
        b->data = xrealloc(b->data, cap);
        b->cap = cap;
        b->data[b->len] = '\0'; /* also before the first byte */
    }
    return true;
}

bool buffer_append(struct buffer *b, const void *p, size_t len)
{
    if (!buffer_reserve(b, len))
        return false;
    if (len)
        memcpy(b->data + b->len, p, len);
    b->len += len;
    b->data[b->len] = '\0';
    return true;
}

bool buffer_puts(struct buffer *b, const char *s)
{
    return buffer_append(b, s, strlen(s));
}

bool buffer_putc(struct buffer *b, char c)
{
    return buffer_append(b, &c, 1);
}

bool buffer_printf(struct buffer *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0 || !buffer_reserve(b, (size_t)n))
        return false;
    va_start(args, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, args);
    va_end(args);
    b->len += (size_t)n;
    return true;
}

const char *buffer_str(const struct buffer *b)
{
    return b->data ? b->data : "";
}

char *buffer_take(struct buffer *b)
{
    char *data = b->data ? b->data : xstrdup("");
    *b = (struct buffer){ .max = b->max };
    return data;
}
