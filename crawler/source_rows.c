/* source_rows.c - a source as a row of Redis, and what commands do to rows.
 *
 * A change names the version of the rows that its caller has seen, and is refused when somebody was quicker: the caller reads
 * and decides again. So names and addresses stay unique without an index, which 10,000 sources would pay for in memory. */
#include "crawler/sources_private.h"

#include "base/buffer.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "crawler/source_polls.lua.h"
#include "crawler/source_site.lua.h"
#include "crawler/sources_change.lua.h"
#include "crawler/sources_lib.lua.h"
#include "crawler/sources_read.lua.h"
#include "pipeline/frontier_lib.lua.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES_MAX 100        /* changes by others between our look and our change */
#define BATCH 500            /* sources added in one call */
#define PARTITIONS_AT_ONCE 32 /* whose polls one call looks through */
#define DEFAULT_NAME_MAX (SOURCE_NAME_MAX - 4) /* leaves room for "-99" */

const struct redis_script sources_read_script = { .name = "sources_read", .prelude = sources_lib_lua, .source = sources_read_lua };
const struct redis_script sources_change_script = { .name = "sources_change", .prelude = sources_lib_lua, .source = sources_change_lua };
const struct redis_script source_site_script = { .name = "source_site", .prelude = sources_lib_lua, .source = source_site_lua };
const struct redis_script source_polls_script = { .name = "source_polls", .prelude = frontier_lib_lua, .source = source_polls_lua };

/* --- one row --- */

#define OF(f) offsetof(struct source, f)
static const struct { const char *name; size_t at; } texts[] = {
    { "url", OF(url) }, { "title", OF(title) }, { "timezone", OF(timezone) }, { "language", OF(language) }, { "backfill", OF(backfill) },
    { "file", OF(file) },
};
static const struct { const char *name; size_t at; } lists[] = {
    { "feeds", OF(feeds) }, { "sitemaps", OF(sitemaps) }, { "keep_params", OF(keep_params) }, { "drop_params", OF(drop_params) },
    { "include", OF(include) }, { "exclude", OF(exclude) },
};

static char **text_at(const struct source *s, size_t i)
{
    return (char **)((char *)s + texts[i].at);
}

static struct config_list *list_at(const struct source *s, size_t i)
{
    return (struct config_list *)((char *)s + lists[i].at);
}

void source_fini(struct source *s)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        free(*text_at(s, i));
    free(s->site);
    for (size_t i = 0; i < COUNT(lists); i++)
        for (char **item = list_at(s, i)->items; *item; item++)
            free(*item);
    free(s->name);
    memset(s, 0, sizeof(*s));
}

/* One item a line. */
static void list_split(struct config_list *out, const char *text)
{
    size_t n = 0;
    while (*text && n < CONFIG_LIST_MAX) {
        size_t len = strcspn(text, "\n");
        if (len > 0)
            out->items[n++] = xstrndup(text, len);
        text += len + (text[len] == '\n');
    }
}

static char *list_join(const struct config_list *list)
{
    struct buffer b;
    buffer_init(&b, 0);
    for (char *const *item = list->items; *item; item++)
        buffer_printf(&b, "%s%s", b.len ? "\n" : "", *item);
    return buffer_take(&b);
}

/* A row's address leaves out what nearly all begin with. */
#define HTTPS "https://"

static const char *short_url(const char *url)
{
    return strncmp(url, HTTPS, strlen(HTTPS)) == 0 ? url + strlen(HTTPS) : url;
}

static char *full_url(const char *stored)
{
    bool has_scheme = strncmp(stored + strcspn(stored, ":/?#"), "://", 3) == 0;
    return xasprintf("%s%s", has_scheme ? "" : HTTPS, stored);
}

static void take_field(struct source *s, const char *field, const char *value)
{
    if (strcmp(field, "url") == 0 && !s->url)
        s->url = full_url(value);
    for (size_t i = 0; i < COUNT(texts); i++)
        if (strcmp(field, texts[i].name) == 0 && !*text_at(s, i))
            *text_at(s, i) = xstrdup(value);
    for (size_t i = 0; i < COUNT(lists); i++)
        if (strcmp(field, lists[i].name) == 0 && !list_at(s, i)->items[0])
            list_split(list_at(s, i), value);
    if (strcmp(field, "interval_ms") == 0)
        s->interval_ms = strtoll(value, NULL, 10);
    else if (strcmp(field, "added") == 0)
        s->added_at_ms = strtoll(value, NULL, 10);
    else if (strcmp(field, "site") == 0 && !s->site)
        s->site = xstrdup(value);
    else if (strcmp(field, "origin") == 0)
        s->from_file = strcmp(value, "file") == 0;
    else if (strcmp(field, "state") == 0)
        s->paused = strcmp(value, "paused") == 0;
}

static bool find_id(struct source *s, struct error *err)
{
    struct url u;
    if (!url_parse(&u, s->url, strlen(s->url), NULL, NULL, err))
        return false;
    s->id = s->site_id = u.id;
    url_fini(&u);
    if (s->site && url_parse(&u, s->site, strlen(s->site), NULL, NULL, NULL)) {
        s->site_id = u.id;
        url_fini(&u);
    }
    return true;
}

bool source_from_row(struct source *out, const char *name, const redisReply *fields)
{
    memset(out, 0, sizeof(*out));
    out->name = xstrdup(name);
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2)
        take_field(out, fields->element[i]->str, fields->element[i + 1]->str);
    if (out->url && find_id(out, NULL))
        return true;
    source_fini(out);
    return false;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_list(const struct config_list *a, const struct config_list *b)
{
    size_t i = 0;
    while (a->items[i] && b->items[i] && strcmp(a->items[i], b->items[i]) == 0)
        i++;
    return !a->items[i] && !b->items[i];
}

bool source_same(const struct source *a, const struct source *b)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        if (!same_text(*text_at(a, i), *text_at(b, i)))
            return false;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (!same_list(list_at(a, i), list_at(b, i)))
            return false;
    return a->interval_ms == b->interval_ms && a->from_file == b->from_file;
}

bool source_same_polls(const struct source *a, const struct source *b)
{
    return same_text(a->url, b->url) && same_list(&a->feeds, &b->feeds) && same_list(&a->sitemaps, &b->sitemaps);
}

static void add_field(struct args *a, const char *name, const char *value)
{
    args_str(a, name);
    args_str(a, value);
}

void source_arg_put(struct args *a, const struct source *s)
{
    char number[24];
    args_str(a, "put");
    args_str(a, s->name);
    args_num(a, COUNT(texts) + COUNT(lists) + 2);
    for (size_t i = 0; i < COUNT(texts); i++)
        add_field(a, texts[i].name, *text_at(s, i) == s->url ? short_url(s->url) : *text_at(s, i));
    for (size_t i = 0; i < COUNT(lists); i++) {
        char *text = list_join(list_at(s, i));
        add_field(a, lists[i].name, text);
        free(text);
    }
    snprintf(number, sizeof(number), "%" PRId64, s->interval_ms);
    add_field(a, "interval_ms", s->interval_ms ? number : "");
    add_field(a, "origin", s->from_file ? "file" : "");
}

static void put_state(struct args *a, const char *name, bool paused)
{
    args_str(a, "state");
    args_str(a, name);
    args_str(a, paused ? "paused" : "active");
}

void source_arg_remove(struct args *a, const char *name)
{
    args_str(a, "remove");
    args_str(a, name);
}

static bool name_fits(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > SOURCE_NAME_MAX || name[0] == '-' || !text_valid_utf8(name, len))
        return false;
    for (; *name; name++)
        if ((unsigned char)*name < 0x20 || *name == 0x7f)
            return false;
    return true;
}

bool source_name_check(const char *name, struct error *err)
{
    return name_fits(name) || error_set(err, ERROR_INVALID, "%s is no name for a source: at most %d bytes, no control characters, no '-' in front",
                                        log_quote(name), SOURCE_NAME_MAX);
}

bool source_check(struct source *s, struct error *err)
{
    if (!source_name_check(s->name, err))
        return false;
    return find_id(s, err) || error_prefix(err, "%s is no site's address", log_quote(s->url));
}

char *source_default_name(const struct meta *meta, const char *url, struct error *err)
{
    struct url u;
    if (!url_parse(&u, url, strlen(url), NULL, NULL, err))
        return NULL;
    struct place place = place_of(meta, u.host, u.port);
    char *name = xstrndup(place.domain, strnlen(place.domain, DEFAULT_NAME_MAX));
    place_fini(&place);
    url_fini(&u);
    return name;
}

/* --- one site, one source --- */

/* Which of two sources of one site watches it. */
static bool comes_first(const struct source *a, const struct source *b)
{
    if (a->paused != b->paused)
        return b->paused;
    if (a->from_file != b->from_file)
        return a->from_file;
    return a->added_at_ms != b->added_at_ms ? a->added_at_ms < b->added_at_ms : strcmp(a->name, b->name) < 0;
}

void source_merge(struct source **list, size_t count)
{
    struct map *sites = map_create();
    for (size_t i = 0; i < count; i++) {
        const struct source *first = map_get(sites, list[i]->site_id.hex);
        if (!first || comes_first(list[i], first))
            map_put(sites, list[i]->site_id.hex, list[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const struct source *first = map_get(sites, list[i]->site_id.hex);
        list[i]->same_as = first == list[i] ? NULL : first->name;
    }
    map_destroy(sites);
}

/* --- all rows --- */

typedef void row_fn(void *arg, const char *name, const redisReply *fields);

/* One page; since moves on. */
static bool read_page(redisContext *c, const char *prefix, char since[24], row_fn *fn, void *arg, int64_t *version, bool *done, struct error *err)
{
    struct key names = key_sources(prefix), counter = key_sources_version(prefix);
    char limit[12];
    snprintf(limit, sizeof(limit), "%d", SOURCE_ROWS_PAGE);
    const char *argv[] = { names.s, counter.s, prefix, since, limit };
    redisReply *reply = redis_ask_script(c, &sources_read_script, 2, COUNT(argv), argv, NULL, err);
    if (!reply)
        return false;
    for (size_t i = 3; i + 1 < reply->elements; i += 2)
        fn(arg, reply->element[i]->str, reply->element[i + 1]);
    *version = reply->element[0]->integer;
    *done = reply->element[2]->integer >= *version;
    snprintf(since, 24, "%lld", reply->element[2]->integer);
    freeReplyObject(reply);
    return true;
}

static bool read_all(redisContext *c, const char *prefix, row_fn *fn, void *arg, int64_t *version, struct error *err)
{
    char since[24] = "0";
    bool done = false;
    while (!done)
        if (!read_page(c, prefix, since, fn, arg, version, &done, err))
            return false;
    return true;
}

/* args: the changes, count of them. *taken: whether the rows were still those of `version`. */
static bool change(redisContext *c, const char *prefix, int64_t version, const struct args *changes, int64_t count, bool *taken,
                   struct error *err)
{
    struct args all = { 0 };
    args_str(&all, key_sources(prefix).s);
    args_str(&all, key_sources_version(prefix).s);
    args_str(&all, prefix);
    args_num(&all, version);
    args_num(&all, count);
    args_all(&all, changes);
    redisReply *reply = redis_ask_script(c, &sources_change_script, 2, all.count, (const char **)all.items, all.lens, err);
    args_fini(&all);
    *taken = reply && reply->element[0]->integer == 1;
    if (reply)
        freeReplyObject(reply);
    return reply != NULL;
}

static bool change_polls(redisContext *c, const char *prefix, const char *what, const char *name, struct error *err)
{
    redisReply *stored = redis_ask(c, err, "HGET %s partitions", key_meta(prefix).s);
    if (!stored)
        return false;
    int partitions = stored->type == REDIS_REPLY_STRING ? atoi(stored->str) : 0;
    bool ok = true;
    freeReplyObject(stored);
    for (int p = 0; ok && p < partitions; p += PARTITIONS_AT_ONCE) {
        struct args a = { 0 };
        args_str(&a, prefix);
        for (int i = p; i < partitions && i < p + PARTITIONS_AT_ONCE; i++)
            args_str(&a, key_partition(prefix, i).s);
        int keys = a.count;
        args_str(&a, what);
        args_str(&a, name);
        redisReply *reply = redis_ask_script(c, &source_polls_script, keys, a.count, (const char **)a.items, a.lens, err);
        args_fini(&a);
        ok = reply != NULL;
        if (reply)
            freeReplyObject(reply);
    }
    return ok;
}

/* --- adding --- */

struct known { /* what is there: by name, and by id */
    struct map *names, *ids; /* to the name; names owns it */
};

static void known_add(struct known *k, const struct source *s)
{
    char *name = map_get(k->names, s->name);
    if (!name) {
        name = xstrdup(s->name);
        map_put(k->names, s->name, name);
    }
    map_put(k->ids, s->id.hex, name);
    map_put(k->ids, s->site_id.hex, name);
}

static void know_row(void *arg, const char *name, const redisReply *fields)
{
    struct source s;
    if (!source_from_row(&s, name, fields))
        return;
    known_add(arg, &s);
    source_fini(&s);
}

static void known_fini(struct known *k)
{
    size_t at = 0;
    char *name;
    while ((name = map_next(k->names, &at, NULL)))
        free(name);
    map_destroy(k->names);
    map_destroy(k->ids);
}

static bool is_new(const struct known *k, const struct source *s, struct error *err)
{
    const char *name = map_get(k->ids, s->id.hex);
    if (name)
        return error_set(err, ERROR_INVALID, "%s is watched already, as %s", log_quote(s->url), log_quote(name));
    if (map_get(k->names, s->name))
        return error_set(err, ERROR_INVALID, "there is a source %s already: give another --name", log_quote(s->name));
    return true;
}

/* Adds what can be of list[*at …], at most a batch, and moves *at behind it when nobody was quicker. */
static bool add_batch(redisContext *c, const char *prefix, const struct source *list, size_t count, size_t *at,
                      void (*refused)(void *arg, size_t i, const struct error *why), void *arg, struct error *err)
{
    struct known known = { map_create(), map_create() };
    struct args changes = { 0 };
    struct error *why = xcalloc(BATCH, sizeof(*why));
    bool bad[BATCH], taken = false;
    int64_t version = 0, n = 0;
    size_t end = *at + BATCH < count ? *at + BATCH : count;
    bool ok = read_all(c, prefix, know_row, &known, &version, err);
    for (size_t i = *at; ok && i < end; i++) {
        struct source s = list[i];
        s.from_file = false;
        s.file = NULL;
        bad[i - *at] = !source_check(&s, &why[i - *at]) || !is_new(&known, &s, &why[i - *at]);
        if (bad[i - *at])
            continue;
        known_add(&known, &s);
        source_arg_put(&changes, &s);
        if (s.paused)
            put_state(&changes, s.name, true);
        n += 1 + s.paused;
    }
    ok = ok && change(c, prefix, version, &changes, n, &taken, err);
    for (size_t i = *at; ok && taken && i < end; i++)
        if (bad[i - *at])
            refused(arg, i, &why[i - *at]);
    if (ok && taken)
        *at = end;
    args_fini(&changes);
    known_fini(&known);
    free(why);
    return ok;
}

static bool too_busy(struct error *err)
{
    return error_set(err, ERROR_TRANSIENT, "the sources change all the time: try again");
}

bool source_add_all(redisContext *c, const char *prefix, const struct source *list, size_t count,
                    void (*refused)(void *arg, size_t i, const struct error *why), void *arg, struct error *err)
{
    int tries = 0;
    for (size_t at = 0; at < count;) {
        size_t before = at;
        if (!add_batch(c, prefix, list, count, &at, refused, arg, err))
            return false;
        tries = at > before ? 0 : tries + 1;
        if (tries == TRIES_MAX)
            return too_busy(err);
    }
    return true;
}

struct refusal { struct error *err; bool happened; };

static void on_refused(void *arg, size_t i, const struct error *why)
{
    struct refusal *r = arg;
    (void)i;
    r->happened = true;
    if (r->err)
        *r->err = *why;
}

bool source_add(redisContext *c, const char *prefix, const struct source *s, struct error *err)
{
    struct refusal r = { err, false };
    return source_add_all(c, prefix, s, 1, on_refused, &r, err) && !r.happened;
}

/* --- removing, pausing --- */

static bool no_such(const char *name, struct error *err)
{
    return error_set(err, ERROR_INVALID, "there is no source %s: `tidings sources list` shows them", log_quote(name));
}

/* The row of one source, at least as new as *version. */
static bool read_one(redisContext *c, const char *prefix, const char *name, struct source *out, int64_t *version, struct error *err)
{
    if (!name_fits(name))
        return no_such(name, err);
    redisReply *counter = redis_ask(c, err, "GET %s", key_sources_version(prefix).s);
    redisReply *row = counter ? redis_ask(c, err, "HGETALL %s", key_source(prefix, name).s) : NULL;
    bool there = row && source_from_row(out, name, row);
    if (row && !there)
        no_such(name, err);
    if (there)
        *version = counter->type == REDIS_REPLY_STRING ? atoll(counter->str) : 0;
    freeReplyObject(row);
    freeReplyObject(counter);
    return there;
}

/* A row of a file that is not there any more (renamed, another machine's) may be removed by hand. */
static bool may_remove(const struct source *s, struct error *err)
{
    if (!s->from_file || (s->file && access(s->file, F_OK) != 0))
        return true;
    return error_set(err, ERROR_INVALID, "%s stands in %s: take it out of `sources:` there, then send the crawlers SIGHUP",
                     log_quote(s->name), s->file ? s->file : "the configuration file");
}

static bool change_one(redisContext *c, const char *prefix, const char *name, bool remove, bool paused, struct error *err)
{
    struct source s;
    int64_t version = 0;
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        struct args a = { 0 };
        bool taken = false;
        if (!read_one(c, prefix, name, &s, &version, err))
            return false;
        bool ok = !remove || may_remove(&s, err);
        source_fini(&s);
        if (remove)
            source_arg_remove(&a, name);
        else
            put_state(&a, name, paused);
        ok = ok && change(c, prefix, version, &a, 1, &taken, err);
        args_fini(&a);
        if (!ok || taken)
            return ok;
    }
    return too_busy(err);
}

bool source_remove(redisContext *c, const char *prefix, const char *name, struct error *err)
{
    return change_one(c, prefix, name, true, false, err) && change_polls(c, prefix, "remove", name, err);
}

bool source_pause(redisContext *c, const char *prefix, const char *name, bool paused, struct error *err)
{
    return change_one(c, prefix, name, false, paused, err) && change_polls(c, prefix, paused ? "stop" : "now", name, err);
}

/* --- listing --- */

static bool is_list(const char *field)
{
    for (size_t i = 0; i < COUNT(lists); i++)
        if (strcmp(field, lists[i].name) == 0)
            return true;
    return false;
}

/* Numbers of a row. Their fields have short names, because there are thousands of rows; people get long ones. */
static const struct { const char *field, *name; } numbers[] = {
    { "added", "added_at" }, { "polled", "last_poll_at" }, { "ok", "last_ok_at" }, { "new", "last_new_at" }, { "items", "items" },
    { "errors", "errors" }, { "article", "last_article_at" }, { "fetched", "last_fetch_at" }, { "failed", "last_error_at" },
    { "interval_ms", "interval_ms" },
};

static const char *number_name(const char *field)
{
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (strcmp(field, numbers[i].field) == 0)
            return numbers[i].name;
    return NULL;
}

static json_t *list_json(const char *text)
{
    struct config_list list = { { 0 } };
    json_t *array = json_array();
    list_split(&list, text);
    for (char **item = list.items; *item; item++) {
        json_array_append_new(array, json_string(*item));
        free(*item);
    }
    return array;
}

struct listed {
    struct source s;
    json_t *row; /* owned */
};

static void listed_free(struct listed *one)
{
    if (!one)
        return;
    source_fini(&one->s);
    json_decref(one->row);
    free(one);
}

static void list_url(json_t *row, const char *stored)
{
    char *url = full_url(stored);
    json_object_set_new(row, "url", json_string(url));
    free(url);
}

static void list_field(json_t *row, const char *field, const char *value)
{
    const char *number = number_name(field);
    if (number)
        json_object_set_new(row, number, json_integer(atoll(value)));
    else if (strcmp(field, "url") == 0)
        list_url(row, value);
    else if (strcmp(field, "error") == 0)
        json_object_set_new(row, "last_error", json_string(value));
    else
        json_object_set_new(row, field, is_list(field) ? list_json(value) : json_string(value));
}

/* What rows leave out because it is so of nearly all. */
static void list_defaults(json_t *row)
{
    json_t *polled = json_object_get(row, "last_poll_at");
    if (!json_object_get(row, "state"))
        json_object_set_new(row, "state", json_string("active"));
    if (!json_object_get(row, "origin"))
        json_object_set_new(row, "origin", json_string("added"));
    if (polled && !json_object_get(row, "status"))
        json_object_set_new(row, "status", json_string("ok"));
    if (!polled || json_object_get(row, "errors"))
        return;
    json_object_set_new(row, "errors", json_integer(0));
    json_object_set(row, "last_ok_at", polled);
}

static void list_row(void *arg, const char *name, const redisReply *fields)
{
    struct listed *one = xcalloc(1, sizeof(*one));
    if (!source_from_row(&one->s, name, fields)) {
        free(one);
        return;
    }
    one->row = json_pack("{s:s}", "name", name);
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        list_field(one->row, fields->element[i]->str, fields->element[i + 1]->str);
    list_defaults(one->row);
    listed_free(map_put(arg, name, one));
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct source *const *)a)->name, (*(struct source *const *)b)->name);
}

static json_t *in_order(struct map *rows)
{
    size_t n = 0, at = 0;
    struct source **list = xmalloc((map_count(rows) + 1) * sizeof(*list)), *s;
    json_t *all = json_array();
    while ((s = map_next(rows, &at, NULL))) /* the first member of struct listed */
        list[n++] = s;
    qsort(list, n, sizeof(*list), by_name);
    source_merge(list, n);
    for (size_t i = 0; i < n; i++) {
        json_t *row = ((struct listed *)list[i])->row;
        if (list[i]->same_as)
            json_object_set_new(row, "same_as", json_string(list[i]->same_as));
        json_array_append(all, row);
    }
    free(list);
    return all;
}

json_t *source_list(redisContext *c, const char *prefix, struct error *err)
{
    struct map *rows = map_create(); /* a row that changes while we read comes twice: the later one counts */
    int64_t version;
    size_t at = 0;
    struct listed *one;
    json_t *all = read_all(c, prefix, list_row, rows, &version, err) ? in_order(rows) : NULL;
    while ((one = map_next(rows, &at, NULL)))
        listed_free(one);
    map_destroy(rows);
    if (all && !source_shares(c, prefix, all, err)) {
        json_decref(all);
        return NULL;
    }
    return all;
}
