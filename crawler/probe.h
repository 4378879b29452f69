/* probe.h - what adding a site would do, without adding it: asks as discovery would (search.h), reads what it finds as polls
 * would, proposes an interval, and says why nothing will come where that is so. Blocking, no Redis; for `tidings probe` and
 * `tidings sources add`. */
#ifndef CRAWLER_PROBE_H
#define CRAWLER_PROBE_H

#include "crawler/frontier.h"
#include "crawler/visitor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_LIMIT_MS 30000
#define PROBE_SAMPLES 5

struct probe_watch {           /* one address that would be polled */
    enum claim_kind kind;
    char *url;                 /* owned */
    char format[24];           /* "rss", "sitemapindex", "html"; "" when it was not read */
    size_t items, wanted;      /* in it; of those, that would be fetched at first */
    int64_t newest_ms;         /* Unix time; 0: no dates */
    double per_day;            /* items a day, as far as its dates tell; 0: they do not */
    int64_t interval_ms;       /* the first poll's; 0: not known */
    char problem[120];         /* "" = none */
};

struct probe_sample {          /* an article it would fetch */
    char *url, *title;         /* owned; title NULL: not told */
    int64_t dated_ms;
};

struct probe {
    char *site;                /* that answered; owned; NULL: none did */
    char robots[120];          /* what robots.txt says, in words */
    int64_t delay_ms;          /* between two requests of the site */
    struct probe_watch watches[20];
    size_t watch_count;
    struct probe_sample samples[PROBE_SAMPLES];
    size_t sample_count;
    bool yields, unreachable;
    char why[240], remedy[240];/* why nothing will come, and what to try; "" = nothing to say */
};

/* v: with PROBE_LIMIT_MS. Fills p, always; probe_fini(). */
void probe_run(struct visitor *v, const struct config *config, const struct suffix_list *list, const char *site, struct probe *p);
void probe_fini(struct probe *p);

#endif
