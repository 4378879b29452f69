/* own_sources.h - sources of the scripted web, added to the test's Redis as `tidings sources add` does. */
#ifndef TESTS_CRAWLER_OWN_SOURCES_H
#define TESTS_CRAWLER_OWN_SOURCES_H

#include "tests/unit/crawler/stage_own.h"

static void own_source(struct stage_own *o, const char *name, const char *url, const char *feed)
{
    struct error err;
    struct source s = { .name = (char *)name, .url = site_text(url), .backfill = "2d", .interval_ms = 300 };
    if (feed)
        s.feeds.items[0] = site_text(feed);
    CHECK(source_add(o->redis.c, "tidings", &s, &err), "%s", err.message);
    free(s.url);
    free(s.feeds.items[0]);
}

#endif
