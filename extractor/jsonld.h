/* jsonld.h - what a page's JSON-LD says of its article. Scripts are read leniently (raw line breaks in strings, trailing
 * commas, comments around); of several articles the one that speaks of this page is taken. */
#ifndef EXTRACTOR_JSONLD_H
#define EXTRACTOR_JSONLD_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

#define LD_LIST_MAX 32

enum { /* jsonld.types: kinds of things the page speaks of */
    LD_ARTICLE = 1, LD_LIVE = 2, LD_VIDEO = 4, LD_GALLERY = 8, LD_LISTING = 16, LD_PRODUCT = 32, LD_FORUM = 64, LD_RECIPE = 128,
    LD_WEBPAGE = 256, LD_ORGANIZATION = 512, LD_FAQ = 1024, LD_DATED = 2048,
    LD_NEWS = 4096, /* NewsArticle and its kinds */
};

struct ld_list { const char *items[LD_LIST_MAX]; size_t count; };

struct jsonld { /* strings live in the arena; NULL: not said */
    unsigned types, main_type;   /* of all things; of the article that was taken */
    bool article;                /* one was found */
    const char *headline, *description, *published, *modified, *body, *language, *publisher, *image, *url;
    int image_width, image_height;
    struct ld_list authors, sections, keywords, images;
    bool authors_are_organizations;
    int free_access;             /* 1 yes, 0 no, -1 not said */
    const char *dated, *dated_modified; /* from things that are no article */
};

void jsonld_init(struct jsonld *ld);
/* Reads one script's text. url is the page's, or NULL. Scripts may be read one after another; the first article that
 * fits better than those before wins. */
void jsonld_read(struct jsonld *ld, struct arena *a, const char *text, size_t len, const char *url);

#endif
