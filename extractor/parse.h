/* parse.h - one record of `pages` to a verdict and, for an article, the members of its JSON: undoes the content-codings,
 * extracts, writes. Pure: no clock, no files, no network; the same record gives the same answer. Runs in the children of
 * pool.h. The answer is bytes, so that it can cross a pipe; parsed_read() lends what it holds. */
#ifndef EXTRACTOR_PARSE_H
#define EXTRACTOR_PARSE_H

#include "base/buffer.h"
#include "extractor/extract.h"
#include "pipeline/stream.h"

struct parse_limits { /* 0: the default */
    size_t decoded_bytes; /* 8 MiB */
    size_t memory_bytes;  /* of the tree and its tables: 128 MiB */
    int64_t deadline_ms;  /* 1000 */
};

/* A header that the extractor adds for the parser: the blocks that the site's memory knows, 4 bytes each. */
#define PARSE_MEMORY_HEADER "tidings-memory"
#define PARSE_MEMORY_MAX 256

struct parser;

struct parser *parser_create(const struct parse_limits *limits);
void parser_destroy(struct parser *p); /* NULL is fine */
/* Appends the answer for r to out, always one. */
void parser_run(struct parser *p, const struct record *r, struct buffer *out);

struct parsed {
    bool ok;                     /* false: kind and reason say why */
    enum error_kind kind;        /* ERROR_INVALID or ERROR_LIMIT */
    enum page_type page_type;
    uint64_t title_hash, text_hash, times_hash; /* what makes a revision: title; text; published and modified */
    const char *reason;          /* of the failure, or of the page type; "" = none */
    const char *canonical_url;   /* "" = none */
    const char *title;           /* for events; cut at 300 bytes; "" = none */
    const char *members;         /* record_members(); "" unless an article */
    size_t members_len;
    const char *doubted;         /* hashes of 4 bytes each, for the site's memory (extractor/memory.h) */
    size_t doubted_len;
};

/* Appends an answer that says `reason` (a child that died, a deadline). */
void parsed_fail(struct buffer *out, enum error_kind kind, const char *reason);
/* False when bytes are no answer. Strings are lent by bytes. */
bool parsed_read(const char *bytes, size_t len, struct parsed *p);

#endif
