/* contents.c - see contents.h. A list by age and a map by id, of both articles and feeds: a feed is an entry without text. */
#include "crawler/contents.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ENTRY_BYTES 300 /* of an entry beside its text, about */

struct entry {
    struct entry *next;    /* younger */
    char *name;            /* an article's id, or a feed's address; owned */
    char *html;            /* owned; NULL: a feed, or taken */
    size_t bytes;
    int64_t at_mono_ms;
};

struct contents {
    struct map *by_name;   /* the youngest entry of that name */
    struct entry *oldest, **end;
    size_t bytes;
};

struct contents *contents_create(void)
{
    struct contents *c = xcalloc(1, sizeof(*c));
    c->by_name = map_create();
    c->end = &c->oldest;
    return c;
}

static void drop_oldest(struct contents *c)
{
    struct entry *e = c->oldest;
    c->oldest = e->next;
    if (!c->oldest)
        c->end = &c->oldest;
    c->bytes -= e->bytes;
    if (map_get(c->by_name, e->name) == e)
        map_remove(c->by_name, e->name);
    free(e->name);
    free(e->html);
    free(e);
}

void contents_destroy(struct contents *c)
{
    if (!c)
        return;
    while (c->oldest)
        drop_oldest(c);
    map_destroy(c->by_name);
    free(c);
}

bool contents_is_whole(const char *html)
{
    size_t text = 0;
    for (const char *s = html; s && *s && text < CONTENT_TEXT_MIN; s++) {
        if (*s == '<') {
            s += strcspn(s, ">");
            if (!*s)
                break;
        } else {
            text += (unsigned char)*s > ' ';
        }
    }
    return text >= CONTENT_TEXT_MIN;
}

static void forget_old(struct contents *c, int64_t now_mono_ms)
{
    while (c->oldest && (c->bytes > CONTENTS_BYTES || now_mono_ms - c->oldest->at_mono_ms >= CONTENTS_KEPT_MS))
        drop_oldest(c);
}

static void add(struct contents *c, const char *name, char *html, int64_t now_mono_ms)
{
    struct entry *e = xcalloc(1, sizeof(*e));
    *e = (struct entry){ .name = xstrdup(name), .html = html, .bytes = ENTRY_BYTES + (html ? strlen(html) : 0), .at_mono_ms = now_mono_ms };
    *c->end = e;
    c->end = &e->next;
    c->bytes += e->bytes;
    map_put(c->by_name, name, e);
    forget_old(c, now_mono_ms);
}

void contents_put(struct contents *c, const struct id *article, char *html, int64_t now_mono_ms)
{
    if (html && strlen(html) <= CONTENT_MAX)
        add(c, article->hex, html, now_mono_ms);
    else
        free(html);
}

char *contents_take(struct contents *c, const struct id *article, int64_t now_mono_ms)
{
    forget_old(c, now_mono_ms);
    struct entry *e = map_get(c->by_name, article->hex);
    char *html = e ? e->html : NULL;
    if (!html)
        return NULL;
    e->html = NULL;
    c->bytes -= strlen(html);
    e->bytes -= strlen(html);
    return html;
}

void contents_feed_read(struct contents *c, const char *feed, int64_t now_mono_ms)
{
    add(c, feed, NULL, now_mono_ms);
}

bool contents_feed_known(struct contents *c, const char *feed, int64_t now_mono_ms)
{
    forget_old(c, now_mono_ms);
    return map_get(c->by_name, feed) != NULL;
}
