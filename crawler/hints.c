/* hints.c - see hints.h. */
#include "crawler/hints.h"

#include "base/buffer.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEED_BYTES_MAX 200 /* an address is never cut: a longer one is left out */

static void put(json_t *o, const char *name, const char *value, size_t max)
{
    if (max > 0 && value && *value && text_valid_utf8(value, strlen(value)))
        json_object_set_new(o, name, json_stringn(value, text_cut(value, strlen(value), max)));
}

static bool dump(const struct hints *h, size_t title, size_t summary, size_t authors, char out[FRONTIER_HINTS_MAX + 1])
{
    json_t *o = json_object();
    put(o, "t", h->title, title);
    put(o, "s", h->summary, summary);
    put(o, "p", h->published, 40);
    put(o, "a", h->authors, authors);
    if (h->feed && strlen(h->feed) <= FEED_BYTES_MAX)
        put(o, "f", h->feed, FEED_BYTES_MAX);
    if (h->redirects > 0)
        json_object_set_new(o, "r", json_integer(h->redirects));
    size_t len = json_object_size(o) ? json_dumpb(o, out, FRONTIER_HINTS_MAX, JSON_COMPACT) : 0;
    json_decref(o);
    if (len > FRONTIER_HINTS_MAX)
        return false;
    out[len] = '\0';
    return true;
}

void hints_write(const struct hints *h, char out[FRONTIER_HINTS_MAX + 1])
{
    /* Bytes before escaping, which may take six for one. */
    static const struct { size_t title, summary, authors; } sizes[] = { { 300, 400, 200 }, { 250, 200, 100 }, { 100, 0, 50 }, { 20, 0, 0 } };
    out[0] = '\0';
    for (size_t i = 0; i < COUNT(sizes) && !dump(h, sizes[i].title, sizes[i].summary, sizes[i].authors, out); i++)
        out[0] = '\0';
}

void hints_read(struct hints *h, const char *text)
{
    *h = (struct hints){ .json = text && *text ? json_loads(text, 0, NULL) : NULL };
    if (!h->json)
        return;
    h->title = json_string_value(json_object_get(h->json, "t"));
    h->summary = json_string_value(json_object_get(h->json, "s"));
    h->published = json_string_value(json_object_get(h->json, "p"));
    h->authors = json_string_value(json_object_get(h->json, "a"));
    h->feed = json_string_value(json_object_get(h->json, "f"));
    h->redirects = (int)json_integer_value(json_object_get(h->json, "r"));
}

void hints_fini(struct hints *h)
{
    json_decref(h->json);
    *h = (struct hints){ 0 };
}
