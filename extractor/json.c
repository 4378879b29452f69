/* json.c - fields as the record names them, in the record's order. */
#include "extractor/extract.h"

#include "base/mem.h"

#include <math.h>

static const char *const kind_names[BLOCK_KIND_COUNT] = { "standfirst", "paragraph", "heading", "list", "table", "quote", "embed",
                                                          "caption", "byline", "date" };
static const char *const type_names[PAGE_TYPE_COUNT] = { "article", "listing", "video", "gallery", "live", "error", "other" };
static const char *const origin_names[ORIGIN_COUNT] = { NULL, "json-ld", "meta", "microdata", "html", "text", "url", "feed", "http" };
static const char *const field_names[FIELD_COUNT] = { "title", "summary", "text", "authors", "section", "tags", "language", "published_at",
                                                      "modified_at", "image", "canonical_url", "site_name" };

const char *block_kind_name(enum block_kind kind) { return kind_names[kind]; }
const char *page_type_name(enum page_type type) { return type_names[type]; }
const char *origin_name(enum origin origin) { return origin_names[origin]; }

static void put_string(json_t *o, const char *key, const char *value)
{
    if (value && *value)
        json_object_set_new(o, key, json_string(value));
}

static void put_list(json_t *o, const char *key, const struct article_strings *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->count; i++)
        json_array_append_new(list, json_string(s->items[i]));
    json_object_set_new(o, key, list);
}

static void put_date(json_t *o, const char *key, bool has, const struct date *d)
{
    char text[DATE_TEXT_MAX];
    if (!has)
        return;
    date_format(d, text);
    put_string(o, key, text);
}

static json_t *image_json(const struct article_image *image)
{
    json_t *o = json_object();
    put_string(o, "url", image->url);
    put_string(o, "caption", image->caption);
    if (image->width)
        json_object_set_new(o, "width", json_integer(image->width));
    if (image->height)
        json_object_set_new(o, "height", json_integer(image->height));
    return o;
}

static json_t *blocks_json(const struct article_fields *f)
{
    json_t *list = json_array();
    for (size_t i = 0; i < f->block_count; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "kind", json_string(kind_names[f->blocks[i].kind]));
        json_object_set_new(o, "text", json_string(f->blocks[i].text));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *provenance_json(const struct article_fields *f)
{
    json_t *o = json_object();
    for (int i = 0; i < FIELD_COUNT; i++)
        put_string(o, field_names[i], origin_names[f->origin[i]]);
    return o;
}

static json_t *quality_json(const struct article_fields *f)
{
    json_t *o = json_object();
    json_object_set_new(o, "score", json_real(round(f->score * 1000) / 1000));
    put_list(o, "warnings", &f->warnings);
    return o;
}

static json_t *rights_json(const struct article_fields *f)
{
    json_t *o = json_object();
    put_list(o, "robots_meta", &f->rights.robots_meta);
    put_string(o, "tdm_reservation", f->rights.tdm_reservation);
    json_object_set_new(o, "paywall", json_boolean(f->rights.paywall));
    return o;
}

json_t *extract_to_json(const struct article_fields *f)
{
    json_t *o = json_object();
    put_string(o, "canonical_url", f->canonical_url);
    put_string(o, "site_name", f->site_name);
    put_string(o, "title", f->title);
    put_string(o, "summary", f->summary);
    json_object_set_new(o, "text", json_string(f->text));
    json_object_set_new(o, "blocks", blocks_json(f));
    put_list(o, "authors", &f->authors);
    put_list(o, "section", &f->section);
    put_list(o, "tags", &f->tags);
    put_string(o, "language", f->language);
    put_date(o, "published_at", f->has_published, &f->published);
    put_date(o, "modified_at", f->has_modified, &f->modified);
    if (f->image.url)
        json_object_set_new(o, "image", image_json(&f->image));
    json_t *images = json_array();
    for (size_t i = 0; i < f->image_count; i++)
        json_array_append_new(images, image_json(&f->images[i]));
    json_object_set_new(o, "images", images);
    put_list(o, "links", &f->links);
    json_object_set_new(o, "word_count", json_integer(f->word_count));
    put_string(o, "text_hash", f->text_hash);
    json_object_set_new(o, "provenance", provenance_json(f));
    json_object_set_new(o, "quality", quality_json(f));
    json_object_set_new(o, "rights", rights_json(f));
    put_string(o, "page_type", type_names[f->page_type]);
    return o;
}
