#include "extractor/parse.h"

#include "base/decode.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "extractor/record.h"
#include "extractor/selectors.h"
#include "pipeline/page.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct extractor *extractor; /* owned */
    struct parse_limits limits;
    struct buffer body;          /* decoded */
    struct buffer members;
    uint32_t known[PARSE_MEMORY_MAX]; /* of the page's site */
    size_t known_count;
};

/* An answer: this, then five strings, each with its NUL. Both ends are the same program. */
struct answer {
    uint8_t ok, kind, page_type, unused[5];
    uint64_t title_hash, text_hash, times_hash;
    uint32_t reason_len, canonical_len, title_len, members_len, doubted_len;
};

#define TITLE_MAX 300
#define BODY_KEEP ((size_t)4 << 20) /* a larger buffer is given back after its page */

struct parser *parser_create(const struct parse_limits *limits)
{
    struct parser *p = xcalloc(1, sizeof(*p));
    struct extract_limits extract = { .arena_bytes = limits->memory_bytes, .deadline_ms = limits->deadline_ms };

    p->limits = *limits;
    p->extractor = extractor_create(&extract);
    buffer_init(&p->body, 0);
    buffer_init(&p->members, 0);
    return p;
}

void parser_destroy(struct parser *p)
{
    if (!p)
        return;
    extractor_destroy(p->extractor);
    buffer_fini(&p->body);
    buffer_fini(&p->members);
    free(p);
}

static void put_string(struct buffer *out, const char *s, size_t len)
{
    if (len > 0)
        buffer_append(out, s, len);
    buffer_putc(out, '\0');
}

static void put_answer(struct buffer *out, struct answer *a, const char *reason, const char *canonical, const char *title,
                       const struct buffer *members, const uint32_t *doubted, size_t doubted_count)
{
    a->reason_len = (uint32_t)strlen(reason);
    a->canonical_len = (uint32_t)strlen(canonical);
    a->title_len = (uint32_t)text_cut(title, strlen(title), TITLE_MAX);
    a->members_len = (uint32_t)members->len;
    a->doubted_len = (uint32_t)(doubted_count * sizeof(*doubted));
    buffer_append(out, a, sizeof(*a));
    put_string(out, reason, a->reason_len);
    put_string(out, canonical, a->canonical_len);
    put_string(out, title, a->title_len);
    put_string(out, buffer_str(members), a->members_len);
    put_string(out, (const char *)doubted, a->doubted_len);
}

void parsed_fail(struct buffer *out, enum error_kind kind, const char *reason)
{
    struct answer a = { .ok = 0, .kind = (uint8_t)kind };
    struct buffer none;

    buffer_init(&none, 0);
    put_answer(out, &a, reason, "", "", &none, NULL, 0);
    buffer_fini(&none);
}

static bool take_string(const char **at, const char *end, uint32_t len, const char **s)
{
    if ((size_t)(end - *at) <= len || (*at)[len] != '\0')
        return false;
    *s = *at;
    *at += len + 1;
    return true;
}

bool parsed_read(const char *bytes, size_t len, struct parsed *p)
{
    struct answer a;
    const char *at = bytes + sizeof(a), *end = bytes + len;

    if (len < sizeof(a))
        return false;
    memcpy(&a, bytes, sizeof(a));
    *p = (struct parsed){ .ok = a.ok, .kind = a.kind == ERROR_LIMIT ? ERROR_LIMIT : ERROR_INVALID, .page_type = a.page_type,
                          .title_hash = a.title_hash, .text_hash = a.text_hash, .times_hash = a.times_hash,
                          .members_len = a.members_len, .doubted_len = a.doubted_len };
    return a.page_type < PAGE_TYPE_COUNT && take_string(&at, end, a.reason_len, &p->reason) &&
           take_string(&at, end, a.canonical_len, &p->canonical_url) && take_string(&at, end, a.title_len, &p->title) &&
           take_string(&at, end, a.members_len, &p->members) && take_string(&at, end, a.doubted_len, &p->doubted);
}

static uint64_t hash_date(bool has, const struct date *d)
{
    struct { int64_t unix_s, offset, flags; } key = { 0 };

    if (has) {
        key.unix_s = d->unix_s;
        key.offset = d->offset_min;
        key.flags = 1 + d->has_time * 2 + d->has_zone * 4;
    }
    return hash64(&key, sizeof(key));
}

static struct extract_input extract_input_of(const struct page *p, const struct buffer *body, bool truncated)
{
    return (struct extract_input){
        .bytes = buffer_str(body), .len = body->len, .truncated = truncated, .content_type = p->content_type, .url = p->url,
        .mode = EXTRACT_NEWS, .content_language = p->content_language, .x_robots_tag = p->x_robots_tag,
        .tdm_reservation = p->tdm_reservation, .timezone = p->timezone, .language = p->language, .fetched_at_s = p->fetched_at_ms / 1000,
        .hint_title = p->hint_title, .hint_summary = p->hint_summary, .hint_published = p->hint_published,
        .hint_authors = p->hint_authors, .from_feed = p->body_from && strcmp(p->body_from, "feed") == 0,
    };
}

/* The canonical address as it identifies: absolute, and http or https; "" otherwise. */
static const char *usable(const char *url)
{
    struct url u;

    if (!url || !url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return "";
    url_fini(&u);
    return url;
}

static void answer_fields(struct parser *p, const struct page *page, const struct article_fields *f, struct buffer *out)
{
    struct answer a = { .ok = 1, .page_type = (uint8_t)f->page_type };
    const char *title = f->title ? f->title : "";

    buffer_clear(&p->members);
    if (f->page_type == PAGE_ARTICLE) {
        a.title_hash = hash64(title, strlen(title));
        a.text_hash = hash64(f->text, strlen(f->text));
        a.times_hash = hash_date(f->has_published, &f->published) * 31 + hash_date(f->has_modified, &f->modified);
        record_members(f, page, &p->members);
    }
    put_answer(out, &a, f->page_reason ? f->page_reason : "", usable(f->canonical_url), title, &p->members, f->doubted_blocks,
               f->doubted_count);
}

/* NULL where there is none. A rule with a mistake does nothing; commands refuse it where it is written. */
static struct selectors *rule_of(const char *text)
{
    struct error err;
    return text ? selectors_compile(&text, 1, &err) : NULL;
}

static void parse_page(struct parser *p, const struct page *page, struct buffer *out)
{
    struct decode_limits limits = { .max_bytes = p->limits.decoded_bytes };
    struct article_fields fields;
    struct error err;
    bool truncated = false;
    const char *codings = page->framed ? page->framed : page->content_encoding;

    buffer_clear(&p->body);
    if (!decode_body(page->body, page->body_len, codings, &limits, &p->body, &truncated, &err)) {
        parsed_fail(out, err.kind, err.message);
        return;
    }
    struct extract_input in = extract_input_of(page, &p->body, truncated);
    struct selectors *include = rule_of(page->include), *exclude = rule_of(page->exclude);
    in.include = include;
    in.exclude = exclude;
    in.known_blocks = p->known;
    in.known_count = p->known_count;
    if (extract_run(p->extractor, &in, &fields, &err))
        answer_fields(p, page, &fields, out);
    else
        parsed_fail(out, err.kind, err.message);
    selectors_destroy(include);
    selectors_destroy(exclude);
    if (p->body.cap > BODY_KEEP)
        buffer_fini(&p->body);
}

static void read_memory(struct parser *p, const struct record *r)
{
    const struct header *h = record_header(r, PARSE_MEMORY_HEADER);
    size_t len = h ? h->len / sizeof(uint32_t) * sizeof(uint32_t) : 0;

    if (len > sizeof(p->known))
        len = sizeof(p->known);
    if (len > 0)
        memcpy(p->known, h->value, len);
    p->known_count = len / sizeof(uint32_t);
}

void parser_run(struct parser *p, const struct record *r, struct buffer *out)
{
    struct page page;
    struct error err;

    if (!page_read(r, &page, &err)) {
        parsed_fail(out, ERROR_INVALID, err.message);
        return;
    }
    read_memory(p, r);
    parse_page(p, &page, out);
    page_fini(&page);
}
