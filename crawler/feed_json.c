/* feed_json.c - JSON Feed 1.0 and 1.1 (jsonfeed.org). Jansson bounds the nesting; values of the wrong type are taken for
 * absent, because feeds have numbers as ids and null for everything. */
#include "base/markup.h"
#include "base/mem.h"
#include "base/text.h"
#include "crawler/feed_reader.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A string member, "" when it is none. */
static const char *text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static void put_plain(const char *text, struct buffer *out)
{
    if (out->len == 0)
        text_fold_space(text, strlen(text), out);
}

static void put_html(const char *html, struct buffer *out)
{
    if (out->len == 0)
        markup_text(html, strlen(html), out);
}

static void put_id(const json_t *item, struct buffer *out)
{
    const json_t *id = json_object_get(item, "id");
    if (json_is_integer(id))
        buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(id));
    else if (json_is_real(id))
        buffer_printf(out, "%.17g", json_real_value(id));
    else
        put_plain(text_of(item, "id"), out);
}

static void put_address(struct feed_draft *d, const char *text)
{
    char *url = d->url.len == 0 ? feed_address(d, text, strlen(text), NULL) : NULL;
    if (url)
        buffer_puts(&d->url, url);
    free(url);
}

static void put_authors(struct feed_draft *d, const json_t *holder)
{
    const json_t *list = json_object_get(holder, "authors"), *author;
    size_t i;
    json_array_foreach(list, i, author) {
        const char *name = text_of(author, "name");
        feed_add_author(d, name, strlen(name));
    }
    if (d->author_count == 0) { /* 1.0, deprecated in 1.1 */
        const char *name = text_of(json_object_get(holder, "author"), "name");
        feed_add_author(d, name, strlen(name));
    }
}

static void read_item(struct feed_draft *d, const json_t *feed, const json_t *item)
{
    feed_item_begin(d);
    put_id(item, &d->id);
    put_address(d, text_of(item, "url"));
    put_address(d, text_of(item, "external_url"));
    if (strncasecmp(buffer_str(&d->id), "http://", 7) == 0 || strncasecmp(buffer_str(&d->id), "https://", 8) == 0)
        put_address(d, buffer_str(&d->id)); /* "ideally, the full URL of the resource" */
    put_plain(text_of(item, "title"), &d->title);
    put_plain(text_of(item, "summary"), &d->summary);
    buffer_puts(&d->content, text_of(item, "content_html"));
    if (d->content.len == 0)
        buffer_puts(&d->content, text_of(item, "content_text"));
    put_plain(text_of(item, "language"), &d->language);
    const char *published = text_of(item, "date_published"), *modified = text_of(item, "date_modified");
    d->has_published = feed_read_date(d, "date_published", published, strlen(published), &d->published);
    d->has_modified = feed_read_date(d, "date_modified", modified, strlen(modified), &d->modified);
    put_authors(d, item);
    if (d->author_count == 0)
        put_authors(d, feed);
    feed_item_end(d);
}

static void read_hubs(struct feed_draft *d, const json_t *feed)
{
    const json_t *hub;
    size_t i;
    json_array_foreach(json_object_get(feed, "hubs"), i, hub) {
        const char *url = text_of(hub, "url");
        if (!d->info.hub_url && strcasecmp(text_of(hub, "type"), "WebSub") == 0)
            feed_set(&d->info.hub_url, feed_address(d, url, strlen(url), NULL));
    }
}

static void read_feed(struct feed_draft *d, const json_t *feed)
{
    struct buffer title;
    const char *home = text_of(feed, "home_page_url"), *self = text_of(feed, "feed_url"), *language = text_of(feed, "language");
    buffer_init(&title, 0);
    put_html(text_of(feed, "title"), &title);
    if (title.len)
        feed_set(&d->info.title, buffer_take(&title));
    buffer_fini(&title);
    feed_set(&d->info.self_url, feed_address(d, self, strlen(self), NULL));
    feed_set(&d->info.site_url, feed_address(d, home, strlen(home), NULL));
    if (*language)
        feed_set(&d->info.language, xstrdup(language));
    read_hubs(d, feed);
}

/* --- the document --- */

#define LOAD_FLAGS (JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL)

/* Where the last object ends that is an element of a list of the outermost object ("items") and lies in the first len bytes;
 * 0: there is none. Only brackets and strings are looked at. */
static size_t end_of_last_item(const char *text, size_t len)
{
    size_t end = 0;
    unsigned depth = 0;
    bool in_string = false, in_list = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth == 2)
            in_list = c == '[';
        else if (!in_string && (c == '}' || c == ']') && depth > 0 && --depth == 2 && in_list && c == '}')
            end = i + 1;
    }
    return end;
}

/* What stands before the mistake, or before the place where the text was cut: whole items, and the brackets closed behind them. */
static json_t *load_what_is_whole(struct feed_draft *d, const char *text, size_t len)
{
    json_error_t error;
    json_t *root = json_loadb(text, len, LOAD_FLAGS, &error);
    if (root)
        return root;
    feed_warn(d, "broken JSON: line %d: %s", error.line, error.text);
    size_t end = end_of_last_item(text, (size_t)error.position < len ? (size_t)error.position : len);
    struct buffer whole;
    buffer_init(&whole, 0);
    buffer_append(&whole, text, end);
    buffer_puts(&whole, "]}");
    root = end ? json_loadb(buffer_str(&whole), whole.len, LOAD_FLAGS, NULL) : NULL;
    buffer_fini(&whole);
    return root;
}

void feed_json_read(struct feed_draft *d, const char *text, size_t len)
{
    json_t *root = load_what_is_whole(d, text, len);
    const json_t *items = json_object_get(root, "items"), *item;
    bool named = strstr(text_of(root, "version"), "jsonfeed.org") != NULL;
    size_t i;
    if (root && !named && !json_is_array(items)) {
        feed_warn(d, "JSON, but no JSON Feed: it has no version of jsonfeed.org and no items");
    } else if (root) {
        d->info.kind = FEED_JSON;
        read_feed(d, root);
        json_array_foreach(items, i, item)
            if (!d->stopped && json_is_object(item))
                read_item(d, root, item);
    }
    json_decref(root);
}
