/* arena.c - one reserved range of address space and a bump pointer. Reserving the maximum at once (MAP_NORESERVE) costs
 * no memory, keeps every pointer valid for the arena's life and makes the budget one comparison. */
#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA_ALIGN 16

struct arena {
    char *base;       /* mapped, max bytes */
    size_t max, used; /* bytes */
    size_t touched;   /* the most ever used since pages were last given back */
};

struct arena *arena_create(size_t max_bytes)
{
    struct arena *a = xcalloc(1, sizeof(*a));
    a->max = (max_bytes + 4095) / 4096 * 4096;
    a->base = mmap(NULL, a->max, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (a->base == MAP_FAILED) {
        fprintf(stderr, "tidings: out of address space (%zu bytes wanted for an arena)\n", a->max);
        abort();
    }
    return a;
}

void arena_destroy(struct arena *a)
{
    if (!a)
        return;
    munmap(a->base, a->max);
    free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > a->max - a->used) /* also keeps the rounding below from wrapping */
        return NULL;
    size_t rounded = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (rounded > a->max - a->used)
        return NULL;
    void *p = a->base + a->used;
    a->used += rounded;
    return p;
}

void *arena_calloc(struct arena *a, size_t size)
{
    void *p = arena_alloc(a, size);
    return p ? memset(p, 0, size) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;
    if (copy) {
        memcpy(copy, s, len);
        copy[len] = '\0';
    }
    return copy;
}

void arena_reset(struct arena *a, size_t keep_bytes)
{
    if (a->used > a->touched)
        a->touched = a->used;
    size_t keep = (keep_bytes + 4095) / 4096 * 4096;
    if (a->touched > keep && keep < a->max) {
        madvise(a->base + keep, a->max - keep, MADV_DONTNEED);
        a->touched = keep;
    }
    a->used = 0;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
