/* arena.h - memory that dies together: one arena per page, one per batch. Not thread-safe: one owner at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Creates an arena that gives out at most max_bytes between two resets. The address space is reserved at once, pages
 * are taken from the system as they are touched. The caller owns it. */
struct arena *arena_create(size_t max_bytes);
void arena_destroy(struct arena *a); /* frees all it gave out; NULL is fine */

/* Returns size bytes aligned for any type, not zeroed after a reset, valid until arena_reset() or arena_destroy().
 * NULL when max_bytes would be passed: callers that read bytes from outside turn that into ERROR_LIMIT. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_calloc(struct arena *a, size_t size);                     /* the same, zeroed */
char *arena_strndup(struct arena *a, const char *s, size_t len);      /* the copy ends with a NUL; NULL as above */

/* Takes back all at once. What lay above keep_bytes goes back to the system. */
void arena_reset(struct arena *a, size_t keep_bytes);
size_t arena_used(const struct arena *a); /* bytes given out since the last reset, with alignment */

#endif
