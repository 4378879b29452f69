/* extract.h - one page to the fields of an article record: bytes in, text, metadata and a verdict out. Pure: no network, no
 * files, no clock but the parser's deadline, no state kept from page to page; the same input gives the same fields.
 *
 *   bytes -> UTF-8 -> tree (Gumbo, bounded) -> blocks -> features -> model -> rules -> text
 *                                         `-> JSON-LD, meta, microdata, visible dates and bylines -> fields
 *                                         `-> page type
 *
 * An extractor holds the memory that pages reuse (arena, buffers, tables). One thread uses one extractor at a time; any
 * number may work side by side. What it hands out is lent until its next extract_run() or extractor_destroy(). */
#ifndef EXTRACTOR_EXTRACT_H
#define EXTRACTOR_EXTRACT_H

#include "base/buffer.h"
#include "base/date.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct extractor;
struct selectors; /* extractor/selectors.h: a source's own include or exclude rules */

enum extract_mode {
    EXTRACT_NEWS,  /* what a reader of news calls the article; the pipeline's mode */
    EXTRACT_BROAD, /* also captions and looser blocks, for pages that are no news */
};

struct extract_limits {       /* 0 anywhere: the default */
    size_t arena_bytes;       /* of one page's tree and tables; 112 MiB */
    size_t text_bytes;        /* of the page as UTF-8; 16 MiB */
    int64_t deadline_ms;      /* CPU time for parsing; 1000 */
};

/* What is known about one page. Only bytes must be given; strings may be NULL. All of it is borrowed for the call. */
struct extract_input {
    const void *bytes;        /* the body with content-codings undone (base/decode.h) */
    size_t len;
    bool truncated;           /* the body ended early: warning "truncated" */
    const char *content_type; /* of the answer */
    const char *url;          /* that answered, absolute */
    enum extract_mode mode;
    const char *content_language, *x_robots_tag, *tdm_reservation; /* headers of the answer */
    const char *timezone;     /* the source's: IANA name or "+07:00" */
    const char *language;     /* the source's, where the page names none */
    int64_t fetched_at_s;     /* Unix time; 0: unknown, then no date is called "after the fetch" */
    const struct selectors *include, *exclude;
    const char *hint_title, *hint_summary, *hint_published, *hint_authors; /* from the feed: fill gaps only */
    bool from_feed;           /* the document is the feed's: so are all fields found in it; warning "text from the feed" */
    const uint32_t *known_blocks; /* of the site's memory (extractor/memory.h) */
    size_t known_count;
};

enum block_kind {
    BLOCK_STANDFIRST, BLOCK_PARAGRAPH, BLOCK_HEADING, BLOCK_LIST, BLOCK_TABLE, BLOCK_QUOTE, BLOCK_EMBED, BLOCK_CAPTION,
    BLOCK_BYLINE, BLOCK_DATE, BLOCK_KIND_COUNT
};
enum page_type {
    PAGE_ARTICLE, PAGE_LISTING, PAGE_VIDEO, PAGE_GALLERY, PAGE_LIVE, PAGE_ERROR, PAGE_OTHER, PAGE_TYPE_COUNT
};
enum origin { /* where a field came from: the record's provenance */
    ORIGIN_NONE, ORIGIN_JSON_LD, ORIGIN_META, ORIGIN_MICRODATA, ORIGIN_HTML, ORIGIN_TEXT, ORIGIN_URL, ORIGIN_FEED, ORIGIN_HTTP,
    ORIGIN_COUNT
};
enum article_field {
    FIELD_TITLE, FIELD_SUMMARY, FIELD_TEXT, FIELD_AUTHORS, FIELD_SECTION, FIELD_TAGS, FIELD_LANGUAGE, FIELD_PUBLISHED,
    FIELD_MODIFIED, FIELD_IMAGE, FIELD_CANONICAL, FIELD_SITE_NAME, FIELD_COUNT
};

struct article_strings { const char **items; size_t count; };
struct article_block { enum block_kind kind; const char *text; };
struct article_image { const char *url, *caption; int width, height; }; /* 0: unknown */

/* All strings are UTF-8 in NFC; NULL or a count of 0: not found. */
struct article_fields {
    const char *title, *summary;
    const char *text;                     /* never NULL; blocks joined by a blank line */
    struct article_block *blocks;         /* in page order; captions, byline and date lines are here and not in text */
    size_t block_count;
    struct article_strings authors, section, tags;
    const char *language;                 /* BCP 47 */
    bool has_published, has_modified;
    struct date published, modified;      /* the site's zone applied */
    struct article_image image;           /* url NULL: none */
    struct article_image *images;
    size_t image_count;
    struct article_strings links;         /* absolute, those in the text, each once */
    const char *canonical_url, *site_name;
    unsigned word_count;
    char text_hash[33];                   /* "" where there is no text */
    enum origin origin[FIELD_COUNT];
    double score;                         /* quality.score, 0..1 */
    struct article_strings warnings;      /* quality.warnings: "day only", "zone assumed", "truncated", … docs/extraction.md */
    struct { struct article_strings robots_meta; const char *tdm_reservation; bool paywall; } rights;
    enum page_type page_type;
    const uint32_t *doubted_blocks;       /* for the site's memory */
    size_t doubted_count;
    const char *page_reason;              /* why, in words: "soft 404", "JSON-LD NewsArticle"; static or lent */
};

/* The caller owns it. limits may be NULL. */
struct extractor *extractor_create(const struct extract_limits *limits);
void extractor_destroy(struct extractor *x); /* NULL is fine */

/* Fills *out. Where a limit cut the page short, what was found is given with a word in warnings. False only when nothing
 * was found: ERROR_INVALID (no HTML in it), ERROR_LIMIT (the message names the limit). */
bool extract_run(struct extractor *x, const struct extract_input *in, struct article_fields *out, struct error *err);

/* Appends the fields as the record names them (docs/record.md), without those of the pipeline: schema, id, version, revision, url,
 * host, source, source_name, discovered_at, fetched_at, extracted_at. The members of a JSON object without its braces, in the
 * record's order, absent rather than null. */
void extract_write_members(const struct article_fields *f, struct buffer *out);
json_t *extract_to_json(const struct article_fields *f); /* the same as an object; a new reference */

const char *block_kind_name(enum block_kind kind); /* "standfirst" */
const char *page_type_name(enum page_type type);   /* "article" */

#endif
