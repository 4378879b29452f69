/* frontier_args.c - a growing list of binary strings. */
#include "crawler/frontier_private.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void args_add(struct args *a, const void *bytes, size_t len)
{
    if (a->count == a->room) {
        a->room = a->room ? a->room * 2 : 16;
        a->items = xrealloc(a->items, (size_t)a->room * sizeof(*a->items));
        a->lens = xrealloc(a->lens, (size_t)a->room * sizeof(*a->lens));
    }
    a->items[a->count] = xmemdup(bytes, len);
    a->lens[a->count++] = len;
}

void args_str(struct args *a, const char *s)
{
    args_add(a, s ? s : "", s ? strlen(s) : 0);
}

void args_num(struct args *a, int64_t n)
{
    char text[24], *end = text + sizeof(text), *p = end;
    uint64_t left = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        *--p = '-';
    args_add(a, p, (size_t)(end - p));
}

int64_t request_age_ms(int64_t sent_mono_ms, int64_t now_mono_ms)
{
    if (sent_mono_ms <= 0)
        return -1;
    return now_mono_ms > sent_mono_ms ? now_mono_ms - sent_mono_ms : 0;
}

void args_all(struct args *a, const struct args *more)
{
    for (int i = 0; i < more->count; i++)
        args_add(a, more->items[i], more->lens[i]);
}

void args_fini(struct args *a)
{
    for (int i = 0; i < a->count; i++)
        free(a->items[i]);
    free(a->items);
    free(a->lens);
    memset(a, 0, sizeof(*a));
}
