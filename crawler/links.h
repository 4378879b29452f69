/* links.h - what a front or section page points to: links with what stands around them, feeds, and what the page says about
 * itself to crawlers. Pure: bytes in, links out, hostile and broken pages too; nothing is fetched.
 *
 *   bytes --charset--> text --html_scan--> --Gumbo, bounded--> links in page order, repeats kept */
#ifndef CRAWLER_LINKS_H
#define CRAWLER_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINKS_MAX_BYTES (8u * 1024 * 1024) /* decoded; what lies beyond is not read */
#define LINKS_MAX       5000               /* of one page; the rest is not read */
#define LINKS_FEEDS_MAX 100

enum link_place { LINK_MAIN, LINK_ASIDE, LINK_NAV, LINK_FOOTER };

struct link {
    const char *url;       /* absolute http or https, otherwise as published */
    const char *text;      /* plain, white space folded, at most 500 bytes; of an image its alt; "" when nothing is there */
    enum link_place place; /* by the nearest nav, header, menu, footer or aside around it */
    bool nofollow;         /* rel of the link; sponsored and ugc count too */
    bool heading;          /* in a heading, or around one: a headline */
    bool image;            /* around an image */
};

struct link_feed {
    const char *url;       /* absolute */
    const char *title;     /* NULL where none is given */
    bool declared;         /* <link rel=alternate>; else an <a> that looks like a feed */
};

/* Strings are UTF-8 and NULL where the page says nothing. */
struct links {
    const struct link *items;
    size_t count;
    const struct link_feed *feeds;      /* declared ones first; no address twice */
    size_t feed_count;
    const char *const *feed_pages;      /* pages that probably list feeds (/rss, /feeds.html): at most 10 */
    size_t feed_page_count;
    const char *base;                   /* what relative addresses were resolved against */
    const char *canonical, *title, *language;
    const char *refresh_url;            /* meta refresh; NULL also when the page only reloads itself */
    int refresh_s;                      /* seconds until then, or until it reloads itself; -1 = no meta refresh */
    bool noindex, nofollow, noarchive;  /* meta robots, or of our own name */
    bool truncated;                     /* a limit was hit: what was read so far counts */
    const char *warning;                /* in words, when nothing could be read; else NULL */
};

/* Reads a decoded body. content_type is the HTTP header's value or NULL, url the address it came from, agent our product token
 * for <meta name=TOKEN> or NULL; deadline_ms bounds the parse (0 = 1000). Never NULL; links_destroy() frees all of it. */
struct links *links_parse(const void *bytes, size_t len, const char *content_type, const char *url, const char *agent, int64_t deadline_ms);
void links_destroy(struct links *l); /* NULL is fine */

#endif
