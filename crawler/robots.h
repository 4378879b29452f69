/* robots.h - the Robots Exclusion Protocol, RFC 9309: what a robots.txt allows one crawler. Pure: bytes in, answers out.
 *
 * Kept to: groups of one product token are merged, "*" counts only where no group names us (2.2.1); the longest matching
 * rule wins, by octets after percent-normalisation, Allow before Disallow when equal (2.2.2); "*" and "$" (2.2.3);
 * records we do not know, Crawl-delay among them, do not end a group (2.2.4); at least 500 KiB are read (2.5); /robots.txt itself is always
 * allowed. Beyond the RFC: Crawl-delay (for the agents of its group that
 * were named before it), byte order marks, UTF-16, a missing colon, and the misspelt directives that are common in real files. */
#ifndef CRAWLER_ROBOTS_H
#define CRAWLER_ROBOTS_H

#include <stdbool.h>
#include <stddef.h>

#define ROBOTS_MAX_BYTES (512 * 1024) /* what lies beyond is not read; a line cut there is dropped */
#define ROBOTS_READ_BYTES (ROBOTS_MAX_BYTES + 1) /* for those who fetch it: a byte more tells robots_parse() that there is more */

struct robots;

/* Reads len bytes, whatever they are. Never NULL: garbage has no rules and allows everything. */
struct robots *robots_parse(const void *bytes, size_t len);
void robots_destroy(struct robots *r); /* NULL is fine */

struct robots_verdict {
    bool allowed;
    const char *rule;     /* the line that decided, as written ("Disallow: /private/"); NULL: no rule matched. Lent */
    unsigned line;        /* its number, from 1; 0: none */
    double crawl_delay_s; /* of our group, as written; negative: none */
};

/* agent: our product token ("tidings"; what follows "/" or a space is ignored). target: path and query of an absolute URL in
 * fetch form, or the whole URL. */
struct robots_verdict robots_check(const struct robots *r, const char *agent, const char *target);

/* The addresses of Sitemap lines in order, as written. Lent. */
size_t robots_sitemaps(const struct robots *r, const char *const **urls);

#endif
