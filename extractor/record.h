/* record.h - the article record v1 as JSON (docs/record.md, docs/article.schema.json). Made in two steps: what a page says
 * is written where it was parsed; what only the pipeline knows (revision, time of extraction) is put in front later, without
 * reading the JSON again. */
#ifndef EXTRACTOR_RECORD_H
#define EXTRACTOR_RECORD_H

#include "base/buffer.h"
#include "extractor/extract.h"
#include "pipeline/page.h"

#define RECORD_SCHEMA "tidings.article/1.0"

/* Appends the members that f and p give, without braces: "url":…,"title":… . */
void record_members(const struct article_fields *f, const struct page *p, struct buffer *out);

/* Appends the whole record: members as above. */
void record_write(const struct page *p, int64_t revision, int64_t extracted_at_ms, const char *members, size_t len, struct buffer *out);

#endif
