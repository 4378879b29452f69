/* map.c - linear probing with tombstones, at most three quarters full (tombstones count). */
#include "base/map.h"

#include "base/hash.h"
#include "base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    char *key;  /* owned; NULL: free, or a tombstone where hash is 1 */
    void *value;
    uint64_t hash;
};

struct map {
    struct slot *slots;
    size_t cap;   /* a power of two */
    size_t used;  /* live entries and tombstones */
    size_t count; /* live entries */
};

struct map *map_create(void)
{
    struct map *m = xcalloc(1, sizeof(*m));
    m->cap = 16;
    m->slots = xcalloc(m->cap, sizeof(*m->slots));
    return m;
}

void map_destroy(struct map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->cap; i++)
        free(m->slots[i].key);
    free(m->slots);
    free(m);
}

size_t map_count(const struct map *m)
{
    return m->count;
}

static struct slot *find(const struct map *m, const char *key, uint64_t hash)
{
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct slot *s = &m->slots[i];
        if (!s->key && s->hash == 0)
            return NULL;
        if (s->key && s->hash == hash && strcmp(s->key, key) == 0)
            return s;
    }
}

static struct slot *free_slot(struct map *m, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);
    while (m->slots[i].key || m->slots[i].hash)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static void rebuild(struct map *m)
{
    struct slot *old = m->slots;
    size_t old_cap = m->cap;
    while (m->count * 2 >= m->cap)
        m->cap *= 2;
    m->slots = xcalloc(m->cap, sizeof(*m->slots));
    m->used = m->count;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].key)
            *free_slot(m, old[i].hash) = old[i];
    free(old);
}

/* 0 marks a free slot and 1 a tombstone. */
static uint64_t hash_of(const char *key)
{
    return hash64(key, strlen(key)) | 2;
}

void *map_get(const struct map *m, const char *key)
{
    struct slot *s = find(m, key, hash_of(key));
    return s ? s->value : NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
    assert(value);
    uint64_t hash = hash_of(key);
    struct slot *s = find(m, key, hash);
    if (s) {
        void *old = s->value;
        s->value = value;
        return old;
    }
    if ((m->used + 1) * 4 > m->cap * 3)
        rebuild(m);
    *free_slot(m, hash) = (struct slot){ xstrdup(key), value, hash };
    m->used++;
    m->count++;
    return NULL;
}

void *map_remove(struct map *m, const char *key)
{
    struct slot *s = find(m, key, hash_of(key));
    if (!s)
        return NULL;
    void *value = s->value;
    free(s->key);
    *s = (struct slot){ .hash = 1 };
    m->count--;
    return value;
}

void *map_next(const struct map *m, size_t *at, const char **key)
{
    while (*at < m->cap) {
        struct slot *s = &m->slots[(*at)++];
        if (s->key) {
            if (key)
                *key = s->key;
            return s->value;
        }
    }
    return NULL;
}
