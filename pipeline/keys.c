/* keys.c - the key names. */
#include "pipeline/keys.h"

#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 1, 2))) static struct key key_of(const char *fmt, ...)
{
    struct key k;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(k.s, sizeof(k.s), fmt, ap);
    va_end(ap);
    assert(n > 0 && (size_t)n < sizeof(k.s));
    return k;
}

struct key key_meta(const char *prefix) { return key_of("%s:meta", prefix); }
struct key key_suffix_list(const char *prefix) { return key_of("%s:suffix_list", prefix); }
struct key key_workers(const char *prefix) { return key_of("%s:workers", prefix); }
struct key key_partition(const char *prefix, int partition) { return key_of("%s:{%d}", prefix, partition); }
struct key key_sources(const char *prefix) { return key_of("%s:sources", prefix); }
struct key key_sources_version(const char *prefix) { return key_of("%s:sources:version", prefix); }
struct key key_source(const char *prefix, const char *name) { return key_of("%s:source:%s", prefix, name); }
struct key key_shapes(const char *prefix, const char *source) { return key_of("%s:shapes:%s", prefix, source); }
struct key key_websub(const char *prefix, const char *poll_id) { return key_of("%s:websub:%s", prefix, poll_id); }
struct key key_ledger(const char *prefix, const char *name, const char *day) { return key_of("%s:ledger:%s:%s", prefix, name, day); }
struct key key_deadletters(const char *prefix, const char *day) { return key_of("%s:deadletters:%s", prefix, day); }

char *key_robots(const char *prefix, int partition, const char *authority)
{
    return xasprintf("%s:{%d}:robots:%s", prefix, partition, authority);
}

struct key key_position(const char *prefix, const char *topic, int32_t partition)
{
    return key_of("%s:position:%s:%" PRId32, prefix, topic, partition);
}

struct key key_article(const char *prefix, const char *id) { return key_of("%s:article:%s", prefix, id); }
struct key key_article_meta(const char *prefix, const char *id) { return key_of("%s:meta:%s", prefix, id); }
struct key key_latest(const char *prefix) { return key_of("%s:latest", prefix); }
struct key key_latest_source(const char *prefix, const char *source) { return key_of("%s:latest:source:%s", prefix, source); }
struct key key_latest_language(const char *prefix, const char *language) { return key_of("%s:latest:lang:%s", prefix, language); }
struct key key_url(const char *prefix, const char *url_id) { return key_of("%s:url:%s", prefix, url_id); }
struct key key_aliases(const char *prefix, const char *id) { return key_of("%s:aliases:%s", prefix, id); }
struct key key_article_stream(const char *prefix) { return key_of("%s:stream:articles", prefix); }
struct key key_loaded(const char *prefix) { return key_of("%s:loaded", prefix); }
struct key key_printed(const char *prefix) { return key_of("%s:printed", prefix); }

void id_to_raw(const struct id *id, unsigned char raw[ID_RAW_LEN])
{
    for (int i = 0; i < ID_RAW_LEN; i++)
        raw[i] = (unsigned char)(hex_digit(id->hex[2 * i]) << 4 | hex_digit(id->hex[2 * i + 1]));
}

struct id id_from_raw(const unsigned char raw[ID_RAW_LEN])
{
    struct id id;
    for (int i = 0; i < ID_RAW_LEN; i++)
        hex_put(id.hex + 2 * i, raw[i]);
    id.hex[ID_HEX_LEN] = '\0';
    return id;
}

struct fingerprint fingerprint_of(const struct id *id)
{
    struct fingerprint f;
    unsigned char raw[ID_RAW_LEN];
    uint64_t value = 0;
    uint32_t bucket = 0;
    id_to_raw(id, raw);
    for (int i = 0; i < 8; i++)
        value = value << 8 | raw[i];
    for (int i = 8; i < 12; i++)
        bucket = bucket << 8 | raw[i];
    snprintf(f.value, sizeof(f.value), "%" PRId64, (int64_t)value);
    snprintf(f.bucket, sizeof(f.bucket), "%" PRIu32, bucket);
    return f;
}
