/* json.c - fields as the record names them, in the record's order. */
#include "extractor/extract.h"

#include "base/json_write.h"
#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *const kind_names[BLOCK_KIND_COUNT] = { "standfirst", "paragraph", "heading", "list", "table", "quote", "embed",
                                                          "caption", "byline", "date" };
static const char *const type_names[PAGE_TYPE_COUNT] = { "article", "listing", "video", "gallery", "live", "error", "other" };
static const char *const origin_names[ORIGIN_COUNT] = { NULL, "json-ld", "meta", "microdata", "html", "text", "url", "feed", "http" };
static const char *const field_names[FIELD_COUNT] = { "title", "summary", "text", "authors", "section", "tags", "language", "published_at",
                                                      "modified_at", "image", "canonical_url", "site_name" };

const char *block_kind_name(enum block_kind kind) { return kind_names[kind]; }
const char *page_type_name(enum page_type type) { return type_names[type]; }

static void put_string(struct buffer *out, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    json_put_key(out, key);
    json_put_string(out, value, strlen(value));
}

static void put_number(struct buffer *out, const char *key, int64_t value)
{
    json_put_key(out, key);
    buffer_printf(out, "%" PRId64, value);
}

static void put_list(struct buffer *out, const char *key, const struct article_strings *s)
{
    json_put_key(out, key);
    buffer_putc(out, '[');
    for (size_t i = 0; i < s->count; i++) {
        json_put_comma(out);
        json_put_string(out, s->items[i], strlen(s->items[i]));
    }
    buffer_putc(out, ']');
}

static void put_date(struct buffer *out, const char *key, bool has, const struct date *d)
{
    char text[DATE_TEXT_MAX];
    if (!has)
        return;
    date_format(d, text);
    put_string(out, key, text);
}

static void put_image(struct buffer *out, const struct article_image *image)
{
    buffer_putc(out, '{');
    put_string(out, "url", image->url);
    put_string(out, "caption", image->caption);
    if (image->width)
        put_number(out, "width", image->width);
    if (image->height)
        put_number(out, "height", image->height);
    buffer_putc(out, '}');
}

static void put_images(struct buffer *out, const struct article_fields *f)
{
    json_put_key(out, "images");
    buffer_putc(out, '[');
    for (size_t i = 0; i < f->image_count; i++) {
        json_put_comma(out);
        put_image(out, &f->images[i]);
    }
    buffer_putc(out, ']');
}

static void put_blocks(struct buffer *out, const struct article_fields *f)
{
    json_put_key(out, "blocks");
    buffer_putc(out, '[');
    for (size_t i = 0; i < f->block_count; i++) {
        json_put_comma(out);
        buffer_printf(out, "{\"kind\":\"%s\",\"text\":", kind_names[f->blocks[i].kind]);
        json_put_string(out, f->blocks[i].text, strlen(f->blocks[i].text));
        buffer_putc(out, '}');
    }
    buffer_putc(out, ']');
}

static void put_provenance(struct buffer *out, const struct article_fields *f)
{
    json_put_key(out, "provenance");
    buffer_putc(out, '{');
    for (int i = 0; i < FIELD_COUNT; i++)
        put_string(out, field_names[i], origin_names[f->origin[i]]);
    buffer_putc(out, '}');
}

/* The score with three decimals: printf's would have the locale's point. */
static void put_quality(struct buffer *out, const struct article_fields *f)
{
    int score = (int)lround(f->score * 1000);
    json_put_key(out, "quality");
    buffer_printf(out, "{\"score\":%d.%03d", score / 1000, score % 1000);
    put_list(out, "warnings", &f->warnings);
    buffer_putc(out, '}');
}

static void put_rights(struct buffer *out, const struct article_fields *f)
{
    json_put_key(out, "rights");
    buffer_putc(out, '{');
    put_list(out, "robots_meta", &f->rights.robots_meta);
    put_string(out, "tdm_reservation", f->rights.tdm_reservation);
    json_put_key(out, "paywall");
    buffer_puts(out, f->rights.paywall ? "true}" : "false}");
}

void extract_write_members(const struct article_fields *f, struct buffer *out)
{
    put_string(out, "canonical_url", f->canonical_url);
    put_string(out, "site_name", f->site_name);
    put_string(out, "title", f->title);
    put_string(out, "summary", f->summary);
    json_put_key(out, "text");
    json_put_string(out, f->text, strlen(f->text));
    put_blocks(out, f);
    put_list(out, "authors", &f->authors);
    put_list(out, "section", &f->section);
    put_list(out, "tags", &f->tags);
    put_string(out, "language", f->language);
    put_date(out, "published_at", f->has_published, &f->published);
    put_date(out, "modified_at", f->has_modified, &f->modified);
    if (f->image.url) {
        json_put_key(out, "image");
        put_image(out, &f->image);
    }
    put_images(out, f);
    put_list(out, "links", &f->links);
    put_number(out, "word_count", f->word_count);
    put_string(out, "text_hash", f->text_hash);
    put_provenance(out, f);
    put_quality(out, f);
    put_rights(out, f);
    put_string(out, "page_type", type_names[f->page_type]);
}

json_t *extract_to_json(const struct article_fields *f)
{
    struct buffer b;
    buffer_init(&b, 0);
    buffer_putc(&b, '{');
    extract_write_members(f, &b);
    buffer_putc(&b, '}');
    json_t *o = json_loadb(b.data, b.len, 0, NULL);
    buffer_fini(&b);
    return o;
}
