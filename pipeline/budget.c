/* budget.c - see budget.h. */
#include "pipeline/budget.h"

#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct budget {
    atomic_size_t lendable, used; /* bytes; used <= lendable */
};

struct budget *budget_create(size_t bytes)
{
    struct budget *b = xcalloc(1, sizeof(*b));
    b->lendable = bytes;
    return b;
}

void budget_destroy(struct budget *b)
{
    if (!b)
        return;
    assert(b->used == 0);
    free(b);
}

bool budget_set_aside(struct budget *b, size_t bytes)
{
    size_t lendable = b->lendable;
    do {
        if (bytes > lendable - b->used)
            return false;
    } while (!atomic_compare_exchange_weak(&b->lendable, &lendable, lendable - bytes));
    return true;
}

bool budget_take(struct budget *b, size_t bytes)
{
    size_t used = b->used;
    do {
        size_t lendable = b->lendable;
        if (used > lendable || bytes > lendable - used)
            return false;
    } while (!atomic_compare_exchange_weak(&b->used, &used, used + bytes));
    return true;
}

void budget_give(struct budget *b, size_t bytes)
{
    size_t before = atomic_fetch_sub(&b->used, bytes);
    assert(before >= bytes);
    (void)before;
}

bool budget_may_start(const struct budget *b)
{
    size_t lendable = b->lendable, used = b->used;
    return used <= lendable && (lendable - used) >= lendable / 4;
}

size_t budget_lendable(const struct budget *b)
{
    return b->lendable;
}

size_t budget_used(const struct budget *b)
{
    return b->used;
}
