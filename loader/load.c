/* load.c - one record of `articles`: checked, and made into the call of article.lua. */
#include "base/date.h"
#include "base/json_scan.h"
#include "base/mem.h"
#include "base/url.h"
#include "config/config.h"
#include "loader/alias.lua.h"
#include "loader/article.lua.h"
#include "loader/article_lib.lua.h"
#include "loader/evict.lua.h"
#include "loader/health.lua.h"
#include "loader/loader.h"
#include "pipeline/keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct redis_script load_article_script = { .name = "load_article", .prelude = article_lib_lua, .source = article_lua };
struct redis_script load_alias_script = { .name = "load_alias", .prelude = article_lib_lua, .source = alias_lua };
struct redis_script load_health_script = { .name = "load_health", .source = health_lua };
struct redis_script load_evict_script = { .name = "load_evict", .prelude = article_lib_lua, .source = evict_lua };

enum { M_SCHEMA, M_ID, M_VERSION, M_REVISION, M_URL, M_CANONICAL, M_SOURCE, M_LANGUAGE, M_SECTION, M_PUBLISHED, M_COUNT };

static const char *const member_names[M_COUNT] = {
    "schema", "id", "version", "revision", "url", "canonical_url", "source", "language", "section", "published_at",
};

/* The text of a member into a fixed place; false when it is no string or too long. */
static bool member_text(const struct json_member *m, char *out, size_t size)
{
    struct buffer b;

    buffer_init(&b, size - 1);
    bool ok = json_member_text(m->value, m->len, &b) && b.len == strlen(buffer_str(&b));
    snprintf(out, size, "%s", ok ? buffer_str(&b) : "");
    buffer_fini(&b);
    return ok;
}

static bool check_identity(const struct json_member *m, const struct article *a, struct error *err)
{
    char schema[48], id[ID_HEX_LEN + 2];
    int64_t version, revision;

    if (!member_text(&m[M_SCHEMA], schema, sizeof(schema)) || strncmp(schema, "tidings.article/1.", 18) != 0)
        return error_set(err, ERROR_INVALID, "schema is not tidings.article/1.x");
    if (!member_text(&m[M_ID], id, sizeof(id)) || strcmp(id, a->id.hex) != 0)
        return error_set(err, ERROR_INVALID, "id differs from the key");
    if (!json_member_whole(m[M_VERSION].value, m[M_VERSION].len, &version) ||
        !json_member_whole(m[M_REVISION].value, m[M_REVISION].len, &revision) ||
        version != a->version || revision != a->revision || revision < 1)
        return error_set(err, ERROR_INVALID, "version and revision differ from header ce_id, or are none");
    if (!m[M_URL].value)
        return error_set(err, ERROR_INVALID, "url is missing");
    return true;
}

/* Where it stands in the indexes: when it was published as the page says, but never later than it was fetched. */
static int64_t index_time(const struct json_member *published, int64_t version)
{
    char text[48];
    struct date d;

    if (!member_text(published, text, sizeof(text)) || !date_parse(text, strlen(text), &d))
        return version;
    return d.unix_s * 1000 < version ? d.unix_s * 1000 : version;
}

static void read_canonical(struct load *l, const struct json_member *m)
{
    char text[URL_MAX_BYTES + 1];
    struct url u;

    if (!member_text(m, text, sizeof(text)) || !url_parse(&u, text, strlen(text), NULL, NULL, NULL))
        return;
    if (strcmp(u.id.hex, l->article.id.hex) != 0)
        l->canonical = u.id;
    url_fini(&u);
}

bool load_read(struct load *l, const struct record *r, struct error *err)
{
    struct json_member m[M_COUNT];

    memset(l, 0, sizeof(*l));
    buffer_init(&l->section, 4096);
    if (!article_read(r, &l->article, err))
        return false;
    l->time_ms = l->article.version;
    if (l->article.removed)
        return true;
    for (int i = 0; i < M_COUNT; i++)
        m[i].name = member_names[i];
    if (!json_scan(l->article.json, l->article.json_len, m, M_COUNT, err) || !check_identity(m, &l->article, err))
        return false;
    member_text(&m[M_SOURCE], l->source, sizeof(l->source));
    member_text(&m[M_LANGUAGE], l->language, sizeof(l->language));
    if (m[M_SECTION].value)
        buffer_append(&l->section, m[M_SECTION].value, m[M_SECTION].len);
    l->time_ms = index_time(&m[M_PUBLISHED], l->article.version);
    read_canonical(l, &m[M_CANONICAL]);
    return true;
}

void load_fini(struct load *l)
{
    buffer_fini(&l->section);
}

static void put(struct load_call *c, const char *s, size_t len)
{
    assert(c->argc < LOAD_KEYS_MAX + LOAD_ARGS);
    c->argv[c->argc] = s;
    c->lens[c->argc++] = len;
}

static void put_key(struct load_call *c, struct key key)
{
    memcpy(c->key_text[c->argc], key.s, sizeof(key.s));
    put(c, c->key_text[c->argc], strlen(c->key_text[c->argc]));
}

static void put_number(struct load_call *c, int slot, int64_t n)
{
    int len = snprintf(c->numbers[slot], sizeof(c->numbers[slot]), "%" PRId64, n);
    put(c, c->numbers[slot], (size_t)len);
}

/* The language's primary subtag is its index: "en" of "en-GB". */
static size_t primary_subtag(const char *language)
{
    return strcspn(language, "-_");
}

void load_call_init(struct load_call *c, const struct load *l, const struct config *config)
{
    const struct article *a = &l->article;
    const char *prefix = config->prefix;

    c->argc = 0;
    put_key(c, key_article(prefix, a->id.hex));
    put_key(c, key_article_meta(prefix, a->id.hex));
    put_key(c, key_latest(prefix));
    put_key(c, key_article_stream(prefix));
    put_key(c, key_loaded(prefix));
    put_key(c, key_url(prefix, a->id.hex));
    if (l->canonical.hex[0])
        put_key(c, key_url(prefix, l->canonical.hex));
    if (a->alias.hex[0])
        put_key(c, key_url(prefix, a->alias.hex));
    c->keys = c->argc;
    put(c, prefix, strlen(prefix));
    put(c, a->id.hex, ID_HEX_LEN);
    put_number(c, 0, a->version);
    put_number(c, 1, a->revision);
    put(c, a->removed ? "removed" : "", a->removed ? 7 : 0);
    put(c, a->removed ? "" : a->json, a->removed ? 0 : a->json_len);
    put_number(c, 2, l->time_ms);
    put_number(c, 3, config->loader.ttl_ms);
    put(c, l->source, strlen(l->source));
    put(c, l->language, primary_subtag(l->language));
    put(c, buffer_str(&l->section), l->section.len);
    put(c, a->reason, strlen(a->reason));
    put_number(c, 4, config->loader.latest_max);
    put_number(c, 5, config->loader.stream_max);
}
