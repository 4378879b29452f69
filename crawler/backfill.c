/* backfill.c - see backfill.h. */
#include "crawler/backfill.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>

struct backfill {
    struct map *used; /* source -> size_t, owned */
};

struct backfill *backfill_create(void)
{
    struct backfill *b = xcalloc(1, sizeof(*b));
    b->used = map_create();
    return b;
}

void backfill_destroy(struct backfill *b)
{
    size_t at = 0;
    if (!b)
        return;
    for (size_t *one; (one = map_next(b->used, &at, NULL));)
        free(one);
    map_destroy(b->used);
    free(b);
}

static bool is_bounded(const struct reading *r)
{
    return r->first && scope_backfill_ms(r->scope) != BACKFILL_ALL;
}

void backfill_bound(struct backfill *b, const char *source, struct reading *r)
{
    const size_t *used = is_bounded(r) ? map_get(b->used, source) : NULL;
    size_t wanted = 0;
    for (size_t i = 0; used && i < r->item_count; i++)
        if (!r->items[i].filtered && ++wanted + *used > BACKFILL_ITEMS)
            r->items[i].filtered = "old";
}

void backfill_used(struct backfill *b, const char *source, const struct reading *r, size_t accepted)
{
    if (!is_bounded(r) || accepted == 0)
        return;
    size_t *used = map_get(b->used, source);
    if (!used) {
        used = xcalloc(1, sizeof(*used));
        map_put(b->used, source, used);
    }
    *used += accepted;
}
