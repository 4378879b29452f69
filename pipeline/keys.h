/* keys.h - every Redis key name we use, built here and nowhere else. docs/redis.md says what each holds. Scripts get
 * key_partition() and the prefix and add the last part themselves (pipeline/lua/frontier_lib.lua, the only other place).
 *
 * Everything starts with PREFIX:. Keys of one frontier partition start with PREFIX:{p}: (the braces make them one slot). */
#ifndef PIPELINE_KEYS_H
#define PIPELINE_KEYS_H

#include "base/hash.h"

#include <stdint.h>

#define SOURCE_NAME_MAX 64 /* bytes; longer names are refused where a source is made */

struct key {
    char s[192]; /* never cut: prefix at most 64 bytes, names at most SOURCE_NAME_MAX */
};

/* The frontier's server. */
struct key key_meta(const char *prefix);                          /* key form, partitions, layout version */
struct key key_suffix_list(const char *prefix);                   /* the public suffix list in force */
struct key key_workers(const char *prefix);                       /* who is alive */
struct key key_partition(const char *prefix, int partition);      /* "PREFIX:{p}": what all keys of a partition begin with */
char *key_robots(const char *prefix, int partition, const char *authority); /* the caller frees it: an authority may be long */
struct key key_sources(const char *prefix);                       /* names of all sources; scripts add which of 128 sets */
struct key key_sources_version(const char *prefix);               /* counts changes of sources */
struct key key_source(const char *prefix, const char *name);      /* row and health of one source */
struct key key_shapes(const char *prefix, const char *source);     /* what its addresses turned out to be */
struct key key_websub(const char *prefix, const char *poll_id);  /* a subscription of one feed */
struct key key_ledger(const char *prefix, const char *name, const char *day); /* day: "2026-11-25", UTC */
struct key key_deadletters(const char *prefix, const char *day);  /* counters of dead letters by stage and reason */

/* Beside the effect, so on either server: the offset to read next. topic: topic_name(). */
struct key key_position(const char *prefix, const char *topic, int32_t partition);

/* The cache. */
struct key key_article(const char *prefix, const char *id);
struct key key_article_meta(const char *prefix, const char *id);
struct key key_latest(const char *prefix);
struct key key_latest_source(const char *prefix, const char *source);
struct key key_latest_language(const char *prefix, const char *language);
struct key key_url(const char *prefix, const char *url_id);
struct key key_aliases(const char *prefix, const char *id);      /* private: ids of the addresses that lead to it */
struct key key_article_stream(const char *prefix);
struct key key_loaded(const char *prefix);                        /* private: ids by version, the oldest leave first */
struct key key_printed(const char *prefix);                       /* private: how far `run` has written the stream of articles */

/* Ids travel to scripts as their 16 bytes. */
#define ID_RAW_LEN 16
void id_to_raw(const struct id *id, unsigned char raw[ID_RAW_LEN]);
struct id id_from_raw(const unsigned char raw[ID_RAW_LEN]);

/* What the seen set keeps of an id: its first 8 bytes as a signed decimal, and a number that picks the bucket. */
struct fingerprint {
    char value[24];
    char bucket[12];
};
struct fingerprint fingerprint_of(const struct id *id);

#endif
