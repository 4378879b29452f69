/* inspect_read.c - one file or address read as the crawler reads it, to a JSON object. */
#include "cli/inspect.h"

#include "base/buffer.h"
#include "base/decode.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "crawler/choose.h"
#include "crawler/feed.h"
#include "crawler/links.h"
#include "crawler/robots.h"
#include "crawler/sitemap.h"
#include "crawler/wall.h"
#include "pipeline/shape.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (64u * 1024 * 1024)
#define PIECE_BYTES (64 * 1024)
#define FRONT_DEADLINE_MS 3000 /* as crawler/front.c */

/* --- files --- */

/* Calls take() with the file's pieces until it says false. */
static bool each_piece(const char *path, bool (*take)(void *arg, const char *bytes, size_t len), void *arg, struct error *err)
{
    char piece[PIECE_BYTES];
    FILE *f = fopen(path, "re");
    size_t n;
    if (!f)
        return error_set(err, ERROR_INVALID, "%s: %s", path, strerror(errno));
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && take(arg, piece, n))
        ;
    bool failed = ferror(f);
    int reason = errno;
    fclose(f);
    return !failed || error_set(err, ERROR_INVALID, "%s: %s", path, strerror(reason));
}

static bool take_bytes(void *arg, const char *bytes, size_t len)
{
    return buffer_append(arg, bytes, len);
}

/* The body as the crawler would have it: codings told by magic bytes undone. */
static bool read_body(const char *path, size_t max_bytes, struct buffer *out, struct error *err)
{
    struct buffer raw;
    struct decode_limits limits = { .max_bytes = max_bytes };
    buffer_init(&raw, FILE_MAX_BYTES);
    bool ok = each_piece(path, take_bytes, &raw, err);
    if (ok && !decode_body(buffer_str(&raw), raw.len, NULL, &limits, out, NULL, err) && out->len == 0)
        ok = error_prefix(err, "%s", path);
    buffer_fini(&raw);
    return ok;
}

/* --- JSON --- */

/* Jansson refuses what is no UTF-8; an address may have any bytes. */
static json_t *text_json(const char *s)
{
    size_t len = strlen(s);
    if (text_valid_utf8(s, len))
        return json_stringn_nocheck(s, len);
    struct buffer b;
    buffer_init(&b, 0);
    for (const char *p = s; p < s + len;) {
        char utf8[4];
        size_t n = text_encode(text_next(&p, s + len), utf8);
        buffer_append(&b, utf8, n);
    }
    json_t *j = json_stringn_nocheck(buffer_str(&b), b.len);
    buffer_fini(&b);
    return j;
}

static void put(json_t *object, const char *key, const char *value)
{
    if (value && *value)
        json_object_set_new(object, key, text_json(value));
}

static void put_date(json_t *object, const char *key, bool has, const struct date *d)
{
    char text[DATE_TEXT_MAX];
    if (!has)
        return;
    date_format(d, text);
    put(object, key, text);
}

static json_t *item_json(const struct feed_item *item)
{
    json_t *o = json_object(), *authors = json_array();
    put(o, "url", item->url);
    put(o, "id", item->id);
    put(o, "title", item->title);
    put_date(o, "published_at", item->has_published, &item->published);
    put_date(o, "modified_at", item->has_modified, &item->modified);
    put(o, "summary", item->summary);
    put(o, "language", item->language);
    for (size_t i = 0; i < item->author_count; i++)
        json_array_append_new(authors, text_json(item->authors[i]));
    json_object_set_new(o, "authors", authors);
    return o;
}

/* items is taken over. */
static json_t *feed_json(const struct feed *f, json_t *items)
{
    json_t *o = json_object(), *warnings = json_array();
    put(o, "kind", feed_kind_name(f->kind));
    put(o, "title", f->title);
    json_object_set_new(o, "items", items);
    for (size_t i = 0; i < f->warning_count; i++)
        json_array_append_new(warnings, text_json(f->warnings[i]));
    json_object_set_new(o, "warnings", warnings);
    return o;
}

/* --- pages with links --- */

static json_t *link_json(const struct link *l)
{
    enum choice choice = link_choose(l, NULL, 0, NULL);
    json_t *o = json_object();
    struct shape shape;
    put(o, "url", l->url);
    put(o, "text", l->text);
    json_object_set_new(o, "taken", json_boolean(choice_taken(choice)));
    put(o, "why", choice_words(choice));
    if (shape_of(l->url, &shape))
        put(o, "shape", shape.fine);
    return o;
}

json_t *inspect_front(const char *path, const char *base, struct error *err)
{
    struct buffer body;
    if (!base || !*base) {
        error_set(err, ERROR_INVALID, "a page's links are relative to its address: name it (--base URL)");
        return NULL;
    }
    buffer_init(&body, LINKS_MAX_BYTES + 1);
    json_t *o = NULL;
    if (read_body(path, LINKS_MAX_BYTES + 1, &body, err)) {
        struct links *l = links_parse(buffer_str(&body), body.len, NULL, base, "tidings", FRONT_DEADLINE_MS);
        json_t *links = json_array(), *warnings = json_array();
        const char *wall = wall_of(200, buffer_str(&body), body.len);
        for (size_t i = 0; i < l->count; i++)
            json_array_append_new(links, link_json(&l->items[i]));
        if (wall)
            json_array_append_new(warnings, json_sprintf("a wall against programs: %s", wall));
        if (l->warning)
            json_array_append_new(warnings, text_json(l->warning));
        o = json_object();
        put(o, "title", l->title);
        json_object_set_new(o, "links", links);
        json_object_set_new(o, "warnings", warnings);
        links_destroy(l);
    }
    buffer_fini(&body);
    return o;
}

/* --- feeds and sitemaps --- */

static bool take_item(void *arg, const struct feed_item *item)
{
    return json_array_append_new(arg, item_json(item)) == 0;
}

static bool take_sitemap(void *arg, const char *bytes, size_t len)
{
    return sitemap_reader_push(arg, bytes, len);
}

json_t *inspect_sitemap(const char *path, const char *base, struct error *err)
{
    json_t *items = json_array(), *result = NULL;
    struct sitemap_reader *r = sitemap_reader_create(base, NULL, 0, take_item, items);
    if (each_piece(path, take_sitemap, r, err))
        result = feed_json(sitemap_reader_finish(r), json_incref(items));
    sitemap_reader_destroy(r);
    json_decref(items);
    return result;
}

json_t *inspect_feed(const char *path, const char *base, struct error *err)
{
    struct buffer body;
    buffer_init(&body, 0);
    if (!read_body(path, FEED_MAX_BYTES + 1, &body, err)) {
        buffer_fini(&body);
        return NULL;
    }
    struct feed *f = feed_parse(buffer_str(&body), body.len, NULL, base, 0);
    json_t *items = json_array(), *result;
    buffer_fini(&body);
    for (size_t i = 0; i < f->item_count; i++)
        json_array_append_new(items, item_json(&f->items[i]));
    if (f->kind == FEED_SITEMAP || f->kind == FEED_SITEMAP_INDEX) { /* these have other limits */
        json_decref(items);
        result = inspect_sitemap(path, base, err);
    } else {
        result = feed_json(f, items);
    }
    feed_destroy(f);
    return result;
}

/* --- robots and addresses --- */

static json_t *verdict_json(const struct robots *r, const struct robots_verdict *v)
{
    json_t *o = json_object(), *list = json_array();
    const char *const *sitemaps;
    size_t n = robots_sitemaps(r, &sitemaps);
    json_object_set_new(o, "allowed", json_boolean(v->allowed));
    put(o, "rule", v->rule);
    if (v->line)
        json_object_set_new(o, "line", json_integer(v->line));
    if (v->crawl_delay_s >= 0)
        json_object_set_new(o, "crawl_delay_s", v->crawl_delay_s == floor(v->crawl_delay_s) && v->crawl_delay_s < 1e15
                                                    ? json_integer((json_int_t)v->crawl_delay_s) : json_real(v->crawl_delay_s));
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, text_json(sitemaps[i]));
    json_object_set_new(o, "sitemaps", list);
    return o;
}

json_t *inspect_robots(const char *path, const char *agent, const char *url, struct error *err)
{
    struct buffer body;
    struct url u;
    json_t *result = NULL;
    buffer_init(&body, 0);
    bool parsed = strstr(url, "://") && url_parse(&u, url, strlen(url), NULL, NULL, err);
    if (!parsed && strstr(url, "://") && err->kind != ERROR_LIMIT) /* one too long to be fetched has an answer here */
        return NULL;
    if (read_body(path, 4 * ROBOTS_MAX_BYTES, &body, err)) {
        struct robots *r = robots_parse(buffer_str(&body), body.len);
        struct robots_verdict v = robots_check(r, agent, parsed ? url_path(u.fetch) : url);
        result = verdict_json(r, &v);
        robots_destroy(r);
    }
    if (parsed)
        url_fini(&u);
    buffer_fini(&body);
    return result;
}

json_t *inspect_url(const struct suffix_list *list, const char *text, size_t len, const char *base, struct error *err)
{
    struct url u;
    if (!url_parse(&u, text, len, base && *base ? base : NULL, NULL, err))
        return NULL;
    json_t *o = json_object();
    char *domain = suffix_domain(list, u.host, 0);
    put(o, "fetch", u.fetch);
    put(o, "key", u.key);
    put(o, "id", u.id.hex);
    put(o, "domain", domain);
    free(domain);
    url_fini(&u);
    return o;
}
