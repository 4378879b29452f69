/* buffer.h - a growing run of bytes with a bound. The bytes are always followed by a NUL that does not count. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data;      /* owned; NULL until the first byte */
    size_t len, cap; /* bytes */
    size_t max;      /* bytes at most; 0 = no bound of its own */
};

void buffer_init(struct buffer *b, size_t max);
void buffer_fini(struct buffer *b);                    /* frees the bytes; the buffer is empty and usable again */
void buffer_clear(struct buffer *b);                   /* keeps the memory */
bool buffer_reserve(struct buffer *b, size_t more);    /* room for more bytes; false when max would be passed */
bool buffer_append(struct buffer *b, const void *p, size_t len); /* false, and nothing changed, when max would be passed */
bool buffer_puts(struct buffer *b, const char *s);
bool buffer_putc(struct buffer *b, char c);
bool buffer_printf(struct buffer *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buffer_str(const struct buffer *b);        /* "" when empty; lent until the next change */
char *buffer_take(struct buffer *b);                   /* hands the bytes over (free()); the buffer is empty; never NULL */

#endif
