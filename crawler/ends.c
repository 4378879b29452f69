/* ends.c - see ends.h. */
#include "crawler/ends.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct row {
    struct id end, asked; /* asked: the last of them */
    int run;
};

struct ends {
    struct map *rows; /* source -> row, owned */
};

struct ends *ends_create(void)
{
    struct ends *e = xcalloc(1, sizeof(*e));
    e->rows = map_create();
    return e;
}

void ends_destroy(struct ends *e)
{
    size_t at = 0;
    if (!e)
        return;
    for (struct row *r; (r = map_next(e->rows, &at, NULL));)
        free(r);
    map_destroy(e->rows);
    free(e);
}

bool ends_note(struct ends *e, const char *source, const struct id *asked, const struct id *end)
{
    struct row *r = map_get(e->rows, source);
    if (!end) {
        if (r)
            free(map_remove(e->rows, source));
        return false;
    }
    if (!r) {
        r = xcalloc(1, sizeof(*r));
        map_put(e->rows, source, r);
    }
    if (strcmp(r->end.hex, end->hex) != 0)
        *r = (struct row){ .end = *end };
    r->run += r->run < ENDS_ENOUGH && strcmp(r->asked.hex, asked->hex) != 0;
    r->asked = *asked;
    return r->run >= ENDS_ENOUGH;
}
