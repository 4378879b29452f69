/* blocked.c - see blocked.h. */
#include "crawler/blocked.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define LAST 10        /* pages that count */
#define ENOUGH 5       /* before anything is said */
#define MOST 8 / 10    /* of them refused */
#define SEVERAL (-1)

struct row {
    unsigned results;  /* a bit each, newest lowest: refused */
    int count;
    int partition;     /* of its pages; SEVERAL */
    bool blocked;
    bool noted;        /* here: what is kept is ours */
    bool kept;         /* something is kept with the source */
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

static void free_rows(struct blocked *b)
{
    size_t at = 0;
    for (struct row *r; (r = map_next(b->rows, &at, NULL));)
        free(r);
    map_destroy(b->rows);
}

void blocked_destroy(struct blocked *b)
{
    if (!b)
        return;
    free_rows(b);
    free(b);
}

void blocked_forget(struct blocked *b, int partition)
{
    size_t at = 0;
    const char *source;
    for (struct row *r; (r = map_next(b->rows, &at, &source));)
        if (r->partition == partition || r->partition == SEVERAL) {
            map_remove(b->rows, source);
            free(r);
        }
}

static int refusals(const struct row *r)
{
    return __builtin_popcount(r->results);
}

static bool is_blocked(const struct row *r)
{
    return r->count >= ENOUGH && refusals(r) >= r->count * MOST;
}

static struct row *row_of(struct blocked *b, const char *source, int partition)
{
    struct row *r = map_get(b->rows, source);
    if (!r) {
        r = xcalloc(1, sizeof(*r));
        r->partition = partition;
        map_put(b->rows, source, r);
    }
    if (r->partition != partition)
        r->partition = SEVERAL;
    return r;
}

void blocked_known(struct blocked *b, const char *source, int partition, const char *kept)
{
    struct row *r = map_get(b->rows, source), read = { 0 };
    if ((r && r->noted) || (!r && !*kept))
        return;
    if (sscanf(kept, "%u/%d %26[^\n]", &read.results, &read.count, read.reason) == 3 && read.count > 0 && read.count <= LAST) {
        read.results &= (1u << LAST) - 1;
        read.kept = true;
        read.blocked = is_blocked(&read);
    } else {
        read = (struct row){ 0 };
    }
    r = row_of(b, source, partition);
    read.partition = r->partition;
    *r = read;
}

bool blocked_to_keep(struct blocked *b, const char *source, char *out, size_t size)
{
    struct row *r = map_get(b->rows, source);
    out[0] = '\0';
    if (!r)
        return false;
    bool was_kept = r->kept;
    r->kept = r->results != 0;
    if (r->kept)
        snprintf(out, size, "%u/%d %s", r->results, r->count, r->reason);
    return r->kept || was_kept;
}

bool blocked_note(struct blocked *b, const char *source, int partition, const char *refused)
{
    struct row *r = row_of(b, source, partition);
    r->noted = true;
    r->results = (r->results << 1 | (refused != NULL)) & ((1u << LAST) - 1);
    r->count += r->count < LAST;
    if (refused)
        snprintf(r->reason, sizeof(r->reason), "%s", refused);
    bool now = is_blocked(r), changed = now != r->blocked;
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
