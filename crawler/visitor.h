/* visitor.h - fetches for a command, one at a time, waiting for each: with robots.txt, the delay between two requests of a
 * budget, redirects and refused addresses as the crawler has them, but without Redis. What a running crawler asks of the same
 * host at the same time is not known here. */
#ifndef CRAWLER_VISITOR_H
#define CRAWLER_VISITOR_H

#include "base/suffix.h"
#include "config/config.h"
#include "crawler/fetch.h"

#include <stdbool.h>
#include <stdint.h>

#define VISITED_HOPS_MAX 11

struct visitor;

enum visited_end {
    VISITED_ANSWER,    /* status tells the rest */
    VISITED_FAILED,    /* error and message */
    VISITED_DENIED,    /* by robots.txt: rule, line */
    VISITED_NO_ROBOTS, /* robots.txt cannot be read: message, and error where no answer came */
    VISITED_LOOP,      /* too many redirects, or one that goes nowhere */
    VISITED_LATE,      /* the visitor's deadline: nothing was asked, or not to the end */
};

struct visited {
    enum visited_end end;
    enum fetch_error error;
    char message[200];
    int status;
    char *url;                      /* that answered, or was asked last; owned; NULL: not an address */
    char *hops[VISITED_HOPS_MAX];   /* addresses that redirected, in order; owned */
    int hop_count;
    char *header[HEADER_COUNT];     /* owned; NULL where absent */
    struct fetch_body body;         /* owned: of 200, and of an answer that refuses, to see why */
    char *rule;                     /* of robots.txt; owned; NULL: none matched */
    unsigned line;
    int64_t first_byte_ms, took_ms;
};
void visited_fini(struct visited *v);

struct visitor_robots { /* of one authority */
    int status;                     /* 0: no answer */
    const char *const *sitemaps;    /* lent */
    size_t sitemap_count;
    int64_t crawl_delay_ms;         /* capped; 0: none */
};

/* Asks nothing more once limit_ms have passed (0: no limit). config and list are borrowed. */
struct visitor *visitor_create(const struct config *config, const struct suffix_list *list, int64_t limit_ms, struct error *err);
void visitor_destroy(struct visitor *v); /* NULL is fine */

/* accept: NULL for anything. out is filled in every case; visited_fini(). */
void visitor_get(struct visitor *v, const char *url, const char *accept, size_t max_bytes, struct visited *out);
/* What robots.txt of a URL's authority said; false: it was not asked yet. */
bool visitor_robots(const struct visitor *v, const char *url, struct visitor_robots *out);
bool visitor_late(const struct visitor *v);

#endif
