/* blocked.c - see blocked.h. */
#include "crawler/blocked.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define LAST 10        /* pages that count */
#define ENOUGH 5       /* before anything is said */
#define MOST 8 / 10    /* of them refused */

struct row {
    unsigned results;  /* a bit each, newest lowest: refused */
    int count;
    bool blocked;
    char reason[27];   /* what fits into the evidence */
};

struct blocked {
    struct map *rows;
};

struct blocked *blocked_create(void)
{
    struct blocked *b = xcalloc(1, sizeof(*b));
    b->rows = map_create();
    return b;
}

void blocked_destroy(struct blocked *b)
{
    size_t at = 0;
    if (!b)
        return;
    for (struct row *r; (r = map_next(b->rows, &at, NULL));)
        free(r);
    map_destroy(b->rows);
    free(b);
}

static int refusals(const struct row *r)
{
    return __builtin_popcount(r->results);
}

bool blocked_note(struct blocked *b, const char *source, const char *refused)
{
    struct row *r = map_get(b->rows, source);
    if (!r) {
        r = xcalloc(1, sizeof(*r));
        map_put(b->rows, source, r);
    }
    r->results = (r->results << 1 | (refused != NULL)) & ((1u << LAST) - 1);
    r->count += r->count < LAST;
    if (refused)
        snprintf(r->reason, sizeof(r->reason), "%s", refused);
    bool now = r->count >= ENOUGH && refusals(r) >= r->count * MOST, changed = now != r->blocked;
    r->blocked = now;
    return changed;
}

bool blocked_evidence(const struct blocked *b, const char *source, char *out, size_t size)
{
    const struct row *r = map_get(b->rows, source);
    if (!r || !r->blocked)
        return false;
    snprintf(out, size, "%d of the last %d pages %s", refusals(r), r->count, r->reason);
    return true;
}

bool blocked_status(int status)
{
    return status == 401 || status == 403 || status == 429 || status == 503;
}
