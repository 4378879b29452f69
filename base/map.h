/* map.h - strings to pointers: open addressing, XXH3, grows by itself. Keys are copied, values are the caller's. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

struct map;

struct map *map_create(void);
void map_destroy(struct map *m); /* frees the keys, not the values; NULL is fine */
size_t map_count(const struct map *m);

void *map_get(const struct map *m, const char *key);             /* NULL: not there */
/* Puts value (not NULL) under key. Returns the value that was there before, or NULL. */
void *map_put(struct map *m, const char *key, void *value);
void *map_remove(struct map *m, const char *key);                /* the value it held, or NULL */

/* Walks over all entries in no order: *at starts at 0. NULL at the end. The entry just given may be removed, no other
 * change is allowed between two calls. key may be NULL. */
void *map_next(const struct map *m, size_t *at, const char **key);

#endif
