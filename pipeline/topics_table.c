/* topics_table.c - the table itself; the limits are explained in docs/topics.md. */
#include "pipeline/topics.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define HOUR_MS (3600 * 1000LL)
#define MIB (1 << 20)

/* `deadletters` takes 256 KiB more than any topic that feeds it: the record, the copied headers, our own. */
static const struct topic_spec table[TOPIC_COUNT] = {
    /*                    name         partitions compacted cleanup           kept         lag     tombstones  segment      bytes           codec */
    [TOPIC_REQUESTS] =    { "requests",     8, false, "delete",         3 * DAY_MS, 0,      0,          HOUR_MS * 6, MIB,             "zstd" },
    [TOPIC_PAGES] =       { "pages",       24, false, "delete",         3 * DAY_MS, 0,      0,          HOUR_MS * 6, 2 * MIB,         "none" },
    [TOPIC_ARTICLES] =    { "articles",    12, true,  "compact,delete", 90 * DAY_MS, DAY_MS, 7 * DAY_MS, HOUR_MS,     2 * MIB,         "zstd" },
    [TOPIC_EVENTS] =      { "events",      12, false, "delete",         7 * DAY_MS, 0,      0,          HOUR_MS * 6, MIB,             "zstd" },
    [TOPIC_DEADLETTERS] = { "deadletters",  3, false, "delete",         30 * DAY_MS, 0,     0,          DAY_MS,      2 * MIB + MIB / 4, "zstd" },
};

const struct topic_spec *topic_spec(enum topic topic)
{
    assert((unsigned)topic < TOPIC_COUNT);
    return &table[topic];
}

void topic_full_name(const char *prefix, enum topic topic, char out[TOPIC_NAME_MAX])
{
    int n = snprintf(out, TOPIC_NAME_MAX, "%s.%s.v1", prefix, topic_spec(topic)->name);
    assert(n > 0 && n < TOPIC_NAME_MAX); /* the configuration bounds the prefix */
}

bool topic_find(const char *name, enum topic *out)
{
    for (int t = 0; t < TOPIC_COUNT; t++)
        if (strcmp(table[t].name, name) == 0) {
            *out = (enum topic)t;
            return true;
        }
    return false;
}
