/* opml.c - see opml.h. Outlines may nest (folders): only their attributes count. */
#include "crawler/opml.h"

#include "base/charset.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/url.h"
#include "base/xml.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMESPACE "urn:tidings:source"

struct reader {
    struct source *list;
    size_t count, room;
    struct map *by_site; /* id of the site's address -> index in list + 1 */
    bool over;
};

static const struct { const char *name; size_t at; } texts[] = {
    { "timezone", offsetof(struct source, timezone) }, { "language", offsetof(struct source, language) },
    { "backfill", offsetof(struct source, backfill) },
};
#define SPACES " \t\r\n"
static const struct { const char *name; size_t at; const char *between; } lists[] = { /* selectors hold spaces of their own */
    { "sitemaps", offsetof(struct source, sitemaps), SPACES },       { "keep_params", offsetof(struct source, keep_params), SPACES },
    { "drop_params", offsetof(struct source, drop_params), SPACES }, { "include", offsetof(struct source, include), "\n" },
    { "exclude", offsetof(struct source, exclude), "\n" },
};

/* --- reading --- */

static void list_add(struct config_list *list, const char *item)
{
    size_t n = 0;
    for (; list->items[n]; n++)
        if (strcmp(list->items[n], item) == 0)
            return;
    if (n < CONFIG_LIST_MAX)
        list->items[n] = xstrdup(item);
}

static void list_split(struct config_list *list, const char *value, const char *between)
{
    char *copy = xstrdup(value), *save = NULL;
    for (char *word = strtok_r(copy, between, &save); word; word = strtok_r(NULL, between, &save))
        list_add(list, word);
    free(copy);
}

/* The fetch form of an address; NULL when it is none. */
static char *address(const char *value, struct id *id)
{
    struct url u;
    if (!value || !url_parse(&u, value, strlen(value), NULL, NULL, NULL))
        return NULL;
    char *fetch = xstrdup(u.fetch);
    *id = u.id;
    url_fini(&u);
    return fetch;
}

static const char *own(const struct xml_attribute *a, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strncasecmp(a[i].name, "tidings:", 8) == 0 && strcasecmp(a[i].name + 8, name) == 0)
            return a[i].value;
    return NULL;
}

static void fill(struct source *s, const struct xml_attribute *a, size_t n)
{
    const char *title = xml_attribute(a, n, "title"), *value;
    if (!title)
        title = xml_attribute(a, n, "text");
    if (title && *title && (!own(a, n, "name") || strcmp(title, own(a, n, "name")) != 0))
        s->title = xstrdup(title);
    s->name = xstrdup(own(a, n, "name"));
    for (size_t i = 0; i < COUNT(texts); i++)
        *(char **)((char *)s + texts[i].at) = xstrdup(own(a, n, texts[i].name));
    for (size_t i = 0; i < COUNT(lists); i++)
        if ((value = own(a, n, lists[i].name)))
            list_split((struct config_list *)((char *)s + lists[i].at), value, lists[i].between);
    if ((value = own(a, n, "interval_ms")))
        s->interval_ms = strtoll(value, NULL, 10);
    s->paused = (value = own(a, n, "state")) && strcmp(value, "paused") == 0;
}

/* The source of this site, made if it is new; NULL when there is no room. */
static struct source *source_of(struct reader *r, char *site, const struct id *id, const struct xml_attribute *a, size_t n)
{
    uintptr_t at = (uintptr_t)map_get(r->by_site, id->hex);
    if (at) {
        free(site);
        return &r->list[at - 1];
    }
    if (r->count == OPML_SOURCES_MAX) {
        r->over = true;
        free(site);
        return NULL;
    }
    if (r->count == r->room) {
        r->room = r->room ? r->room * 2 : 64;
        r->list = xrealloc(r->list, r->room * sizeof(*r->list));
    }
    struct source *s = &r->list[r->count++];
    memset(s, 0, sizeof(*s));
    s->url = site;
    fill(s, a, n);
    map_put(r->by_site, id->hex, (void *)(uintptr_t)r->count);
    return s;
}

static bool on_start(void *arg, const char *name, const struct xml_attribute *a, size_t n, const char *tag, size_t tag_len)
{
    struct reader *r = arg;
    struct id id, feed_id;
    (void)tag, (void)tag_len;
    if (strcasecmp(xml_local(name), "outline") != 0)
        return true;
    char *feed = address(xml_attribute(a, n, "xmlUrl"), &feed_id), *site = address(xml_attribute(a, n, "htmlUrl"), &id);
    const char *type = xml_attribute(a, n, "type");
    if (!site && !feed && type && strcasecmp(type, "link") == 0)
        site = address(xml_attribute(a, n, "url"), &id);
    if (!site && feed) { /* the feed is all that is known of the site */
        site = xstrdup(feed);
        id = feed_id;
    }
    struct source *s = site ? source_of(r, site, &id, a, n) : NULL;
    if (s && feed)
        list_add(&s->feeds, feed);
    free(feed);
    return !r->over;
}

static bool on_end(void *arg, const char *name, bool written)
{
    (void)arg, (void)name, (void)written;
    return true;
}

static bool on_text(void *arg, const char *text, size_t len, bool literal)
{
    (void)arg, (void)text, (void)len, (void)literal;
    return true;
}

static void scan(struct reader *r, const struct buffer *text)
{
    struct xml_events events = { on_start, on_end, on_text, r };
    struct xml_scanner *x = xml_create(&events);
    xml_push(x, text->data, text->len);
    xml_finish(x);
    xml_destroy(x);
}

bool opml_read(const char *bytes, size_t len, struct source **list, size_t *count, struct error *err)
{
    struct reader r = { .by_site = map_create() };
    struct buffer text;
    buffer_init(&text, 0);
    bool ok = charset_to_utf8(bytes, len, NULL, CHARSET_XML, NULL, &text, NULL, err);
    if (ok)
        scan(&r, &text);
    if (r.over)
        ok = error_set(err, ERROR_LIMIT, "the list has more than %d sites", OPML_SOURCES_MAX);
    else if (ok && r.count == 0)
        ok = error_set(err, ERROR_INVALID, "no <outline> with an xmlUrl or htmlUrl in it: is it an OPML list?");
    buffer_fini(&text);
    map_destroy(r.by_site);
    *list = r.list;
    *count = r.count;
    return ok;
}

/* --- writing --- */

static void put_attribute(struct buffer *out, const char *name, const char *value)
{
    if (!value)
        return;
    buffer_printf(out, " %s=\"", name);
    for (; *value; value++) {
        switch (*value) {
        case '&': buffer_puts(out, "&amp;"); break;
        case '<': buffer_puts(out, "&lt;"); break;
        case '>': buffer_puts(out, "&gt;"); break;
        case '"': buffer_puts(out, "&quot;"); break;
        case '\n': buffer_puts(out, "&#10;"); break;
        case '\t': buffer_puts(out, "&#9;"); break;
        default:
            if ((unsigned char)*value >= 0x20) /* no other control character can stand in XML */
                buffer_putc(out, *value);
        }
    }
    buffer_putc(out, '"');
}

static const char *text_of(const json_t *row, const char *field)
{
    return json_string_value(json_object_get(row, field));
}

static void put_list(struct buffer *out, const char *name, const json_t *list, char between)
{
    struct buffer joined;
    size_t i;
    json_t *item;
    if (json_array_size(list) == 0)
        return;
    buffer_init(&joined, 0);
    json_array_foreach((json_t *)list, i, item)
        {
        if (i)
            buffer_putc(&joined, between);
        buffer_puts(&joined, json_string_value(item));
    }
    put_attribute(out, name, buffer_str(&joined));
    buffer_fini(&joined);
}

static void put_own(struct buffer *out, const json_t *row)
{
    char name[40], number[24];
    put_attribute(out, "tidings:name", text_of(row, "name"));
    for (size_t i = 0; i < COUNT(texts); i++) {
        snprintf(name, sizeof(name), "tidings:%s", texts[i].name);
        put_attribute(out, name, text_of(row, texts[i].name));
    }
    for (size_t i = 0; i < COUNT(lists); i++) {
        snprintf(name, sizeof(name), "tidings:%s", lists[i].name);
        put_list(out, name, json_object_get(row, lists[i].name), lists[i].between[0]);
    }
    if (json_object_get(row, "interval_ms")) {
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(row, "interval_ms")));
        put_attribute(out, "tidings:interval_ms", number);
    }
    if (text_of(row, "state") && strcmp(text_of(row, "state"), "paused") == 0)
        put_attribute(out, "tidings:state", "paused");
}

/* feed NULL: the source's feeds are found from its address. */
static void put_outline(struct buffer *out, const json_t *row, const char *feed)
{
    const char *title = text_of(row, "title");
    buffer_puts(out, "    <outline");
    put_attribute(out, "type", feed ? "rss" : "link");
    put_attribute(out, "text", title ? title : text_of(row, "name"));
    put_attribute(out, "title", title);
    put_attribute(out, feed ? "xmlUrl" : "url", feed ? feed : text_of(row, "url"));
    put_attribute(out, "htmlUrl", text_of(row, "url"));
    put_own(out, row);
    buffer_puts(out, "/>\n");
}

void opml_write(const json_t *rows, struct buffer *out)
{
    size_t i, k;
    json_t *row, *feed;
    buffer_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\" xmlns:tidings=\"" NAMESPACE "\">\n"
                     "  <head><title>Sources of tidings</title></head>\n  <body>\n");
    json_array_foreach((json_t *)rows, i, row) {
        const json_t *feeds = json_object_get(row, "feeds");
        json_array_foreach((json_t *)feeds, k, feed)
            put_outline(out, row, json_string_value(feed));
        if (json_array_size(feeds) == 0)
            put_outline(out, row, NULL);
    }
    buffer_puts(out, "  </body>\n</opml>\n");
}
