/* mem.h - allocation that cannot fail: the program ends with a message when memory is gone (crash-only; a supervisor
 * restarts it). Sizes that come from outside are bounded before they get here. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);                /* NULL gives NULL */
char *xstrndup(const char *s, size_t len);   /* exactly len bytes and a NUL */
void *xmemdup(const void *p, size_t len);    /* NULL gives NULL; an extra NUL follows the copy */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
