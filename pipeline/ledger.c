/* ledger.c - the names of the books' terms, and reading them. Open requests are counted from the open set itself, the rest
 * are counters: no term is worked out from the others. All is read in one call, so that it agrees, unless very much is open: then
 * partition by partition between two readings of the counters, whose difference is what was opened and closed meanwhile. Each of
 * these moves a sum by one, so that a book may be out by as many, and not by more. */
#include "pipeline/ledger.h"

#include "base/buffer.h"
#include "base/map.h"
#include "base/mem.h"
#include "pipeline/books.lua.h"
#include "pipeline/frontier_lib.lua.h"
#include "pipeline/keys.h"
#include "pipeline/open_count.lua.h"
#include "pipeline/open_list.lua.h"
#include "pipeline/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct redis_script open_count_script = { .name = "open_count", .prelude = frontier_lib_lua, .source = open_count_lua };

static const struct redis_script books_script = { .name = "books", .prelude = frontier_lib_lua, .source = books_lua };
static const struct redis_script open_list_script = { .name = "open_list", .prelude = frontier_lib_lua, .source = open_list_lua };

#define OPEN_AT_ONCE 100000 /* counted in one call: some 50 ms of Redis's time */
#define KEYS_AT_ONCE 2000   /* the same for counters: of so many sources and days */

static const char *const names[OUTCOME_COUNT] = {
    [OUTCOME_ARTICLE] = "article",       [OUTCOME_UPDATED] = "updated",         [OUTCOME_UNCHANGED] = "unchanged",
    [OUTCOME_REMOVED] = "removed",       [OUTCOME_DUPLICATE] = "duplicate",     [OUTCOME_REDIRECTED] = "redirected",
    [OUTCOME_NOT_ARTICLE] = "not_article", [OUTCOME_FAILED] = "failed",         [OUTCOME_DEADLETTERED] = "deadlettered",
};

const char *outcome_name(enum outcome outcome)
{
    return names[outcome];
}

void ledger_reason(char out[LEDGER_FIELD_MAX], const char *reason)
{
    size_t n = 0;
    for (; reason[n] && n < LEDGER_FIELD_MAX - 1; n++) {
        char c = reason[n];
        out[n] = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : c >= 'A' && c <= 'Z' ? (char)(c + 32) : '_';
    }
    out[n] = '\0';
}

void ledger_field(char out[LEDGER_FIELD_MAX], enum outcome outcome, const char *detail)
{
    char reason[LEDGER_FIELD_MAX];
    ledger_reason(reason, detail ? detail : "");
    if (reason[0])
        snprintf(out, LEDGER_FIELD_MAX, "%s:%.*s", names[outcome], (int)(LEDGER_FIELD_MAX - 2 - strlen(names[outcome])), reason);
    else
        snprintf(out, LEDGER_FIELD_MAX, "%s", names[outcome]);
}

void ledger_day(char out[11], int64_t unix_ms)
{
    time_t s = (time_t)(unix_ms / 1000);
    struct tm tm;
    gmtime_r(&s, &tm);
    strftime(out, 11, "%Y-%m-%d", &tm);
}

/* --- reading --- */

struct books {
    redisContext *c;
    const char *prefix, *source; /* source NULL: all */
    struct map *rows;            /* "source\nday" -> json_t */
    struct map *before;          /* the same, of the first reading of the counters; NULL: all was read in one call */
};

static json_t *row_of(struct books *b, const char *source, const char *day)
{
    char *name = xasprintf("%s\n%s", source, day);
    json_t *row = map_get(b->rows, name);
    if (!row) {
        row = json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:{},s:{},s:{}}", "source", source, "day", day, "found", 0, "reopened", 0, "seen", 0,
                        "accepted", 0, "filtered", "open", "outcomes");
        map_put(b->rows, name, row);
    }
    free(name);
    return row;
}

static void add_to(json_t *object, const char *field, int64_t n)
{
    json_object_set_new(object, field, json_integer(json_integer_value(json_object_get(object, field)) + n));
}

static void add_counter(json_t *row, const char *field, int64_t n)
{
    if (json_is_integer(json_object_get(row, field)))
        add_to(row, field, n);
    else if (strncmp(field, "filtered:", 9) == 0)
        add_to(json_object_get(row, "filtered"), field + 9, n);
    else
        add_to(json_object_get(row, "outcomes"), field, n);
}

static void add_open(struct books *b, const redisReply *rows)
{
    for (size_t i = 0; i + 3 < rows->elements; i += 4)
        add_to(json_object_get(row_of(b, rows->element[i]->str, rows->element[i + 1]->str), "open"), rows->element[i + 2]->str,
               rows->element[i + 3]->integer);
}

/* PREFIX:ledger:SOURCE:DAY: the day has no colon, the source may. */
static char *split_key(const struct books *b, const char *key, const char **day)
{
    const char *source = key + strlen(b->prefix) + strlen(":ledger:"), *colon = strrchr(key, ':');
    if (colon <= source)
        return NULL;
    *day = colon + 1;
    return xstrndup(source, (size_t)(colon - source));
}

static void add_counters(struct books *b, const char *key, const redisReply *counters)
{
    const char *day = "";
    char *source = split_key(b, key, &day);
    for (size_t i = 0; i + 1 < counters->elements; i += 2)
        add_counter(row_of(b, source, day), counters->element[i]->str, strtoll(counters->element[i + 1]->str, NULL, 10));
    free(source);
}

static bool is_wanted(const struct books *b, const char *key)
{
    const char *day;
    char *source = split_key(b, key, &day);
    bool wanted = source && (!b->source || strcmp(source, b->source) == 0);
    free(source);
    return wanted;
}

static char *glob_of(const char *prefix)
{
    struct buffer b;
    buffer_init(&b, 0);
    for (const char *s = prefix; *s; s++) {
        if (strchr("*?[]\\", *s))
            buffer_putc(&b, '\\');
        buffer_putc(&b, *s);
    }
    buffer_puts(&b, ":ledger:*");
    return buffer_take(&b);
}

/* The names of all counters that are wanted; the map's values mean nothing. */
static bool find_counters(struct books *b, struct map *keys, struct error *err)
{
    char *glob = glob_of(b->prefix), cursor[24] = "0";
    bool ok = true;
    do {
        redisReply *reply = redis_ask(b->c, err, "SCAN %s MATCH %s COUNT 5000", cursor, glob);
        ok = reply != NULL;
        for (size_t i = 0; ok && i < reply->element[1]->elements; i++) {
            const char *key = reply->element[1]->element[i]->str;
            if (is_wanted(b, key))
                map_put(keys, key, keys);
        }
        if (reply) {
            snprintf(cursor, sizeof(cursor), "%s", reply->element[0]->str);
            freeReplyObject(reply);
        }
    } while (ok && strcmp(cursor, "0") != 0);
    free(glob);
    return ok;
}

static bool read_open(struct books *b, int partitions, struct error *err)
{
    for (int p = 0; p < partitions; p++) {
        struct key base = key_partition(b->prefix, p);
        const char *argv[] = { base.s, b->prefix, b->source ? b->source : "" };
        redisReply *reply = redis_ask_script(b->c, &open_count_script, 2, 3, argv, NULL, err);
        if (!reply)
            return false;
        add_open(b, reply);
        freeReplyObject(reply);
    }
    return true;
}

/* One call of `books`: open requests of the first `partitions` (0: none) and the counters at these keys. *many: so much is
 * open that nothing was read. */
static bool ask_books(struct books *b, int partitions, const char *const *keys, size_t count, bool *many, struct error *err)
{
    size_t n = 0;
    struct key *bases = xcalloc((size_t)partitions + 1, sizeof(*bases));
    const char **argv = xcalloc((size_t)partitions + count + 3, sizeof(*argv));
    char most[12];
    snprintf(most, sizeof(most), "%d", OPEN_AT_ONCE);
    argv[n++] = b->prefix;
    for (int p = 0; p < partitions; p++) {
        bases[p] = key_partition(b->prefix, p);
        argv[n++] = bases[p].s;
    }
    argv[n++] = b->source ? b->source : "";
    argv[n++] = most;
    for (size_t i = 0; i < count; i++)
        argv[n++] = keys[i];
    redisReply *reply = redis_ask_script(b->c, &books_script, partitions + 1, (int)n, argv, NULL, err);
    *many = reply && reply->element[0]->integer == 0;
    if (reply && !*many) {
        add_open(b, reply->element[1]);
        for (size_t i = 0; i < count; i++)
            add_counters(b, keys[i], reply->element[2 + i]);
    }
    if (reply)
        freeReplyObject(reply);
    free(argv);
    free(bases);
    return reply != NULL;
}

/* Keys by their day, the last first. */
static int newest_first(const void *a, const void *b)
{
    return strcmp(strrchr(*(const char *const *)b, ':'), strrchr(*(const char *const *)a, ':'));
}

static const char **sorted_keys(const struct map *map)
{
    size_t n = 0, at = 0, total = map_count(map);
    const char **keys = xcalloc(total + 1, sizeof(*keys));
    while (n < total && map_next(map, &at, &keys[n]))
        n++;
    qsort(keys, n, sizeof(*keys), newest_first);
    return keys;
}

static bool read_counters(struct books *b, const char *const *keys, size_t n, struct error *err)
{
    bool ok = true, none;
    for (size_t i = 0; ok && i < n; i += KEYS_AT_ONCE)
        ok = ask_books(b, 0, keys + i, n - i < KEYS_AT_ONCE ? n - i : KEYS_AT_ONCE, &none, err);
    return ok;
}

/* Very much is open: between two readings of the counters, the second of those that have come into being, too. */
static bool read_parts(struct books *b, int partitions, struct map *map, const char *const *keys, struct error *err)
{
    struct books before = { .c = b->c, .prefix = b->prefix, .source = b->source, .rows = map_create() };
    b->before = before.rows;
    if (!read_counters(&before, keys, map_count(map), err) || !read_open(b, partitions, err) || !find_counters(b, map, err))
        return false;
    const char **all = sorted_keys(map);
    bool ok = read_counters(b, all, map_count(map), err);
    free(all);
    return ok;
}

/* Everything in one call where that is not too much for one, what is open with the newest days, which still change. */
static bool read_all(struct books *b, int partitions, struct map *map, struct error *err)
{
    size_t n = map_count(map), first = n < KEYS_AT_ONCE ? n : KEYS_AT_ONCE;
    const char **keys = sorted_keys(map);
    bool many, ok = ask_books(b, partitions, keys, first, &many, err);
    if (ok && many)
        ok = read_parts(b, partitions, map, keys, err);
    else if (ok)
        ok = read_counters(b, keys + first, n - first, err);
    free(keys);
    return ok;
}

static int64_t sum(const json_t *object)
{
    int64_t total = 0;
    const char *field;
    json_t *value;
    json_object_foreach((json_t *)object, field, value)
        total += json_integer_value(value);
    return total;
}

static int64_t number(const json_t *row, const char *field)
{
    return json_integer_value(json_object_get(row, field));
}

static int64_t turnover(const json_t *row)
{
    return number(row, "accepted") + sum(json_object_get(row, "outcomes"));
}

static void judge(const struct books *b, const char *name, json_t *row)
{
    bool found = number(row, "found") + number(row, "reopened") ==
                 number(row, "seen") + sum(json_object_get(row, "filtered")) + number(row, "accepted");
    int64_t moved = b->before ? turnover(row) - turnover(map_get(b->before, name)) : 0;
    int64_t out = number(row, "accepted") - sum(json_object_get(row, "open")) - sum(json_object_get(row, "outcomes"));
    if (moved > 0)
        json_object_set_new(row, "moved", json_integer(moved));
    json_object_set_new(row, "balanced", json_boolean(found && (out < 0 ? -out : out) <= moved));
}

static int by_source_and_day(const void *a, const void *b)
{
    json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int order = strcmp(json_string_value(json_object_get(x, "source")), json_string_value(json_object_get(y, "source")));
    return order ? order : strcmp(json_string_value(json_object_get(x, "day")), json_string_value(json_object_get(y, "day")));
}

static json_t *sorted(const struct books *b)
{
    size_t n = 0, at = 0;
    json_t **list = xmalloc((map_count(b->rows) + 1) * sizeof(json_t *)), *row;
    const char *name;
    while ((row = map_next(b->rows, &at, &name))) {
        judge(b, name, row);
        list[n++] = row;
    }
    qsort(list, n, sizeof(list[0]), by_source_and_day);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append(all, list[i]);
    free(list);
    return all;
}

static void free_rows(struct map *rows)
{
    size_t at = 0;
    json_t *row;
    while (rows && (row = map_next(rows, &at, NULL)))
        json_decref(row);
    map_destroy(rows);
}

json_t *ledger_read(redisContext *c, const char *prefix, int partitions, const char *source, struct error *err)
{
    struct books b = { .c = c, .prefix = prefix, .source = source, .rows = map_create() };
    struct map *keys = map_create();
    json_t *all = NULL;
    if (find_counters(&b, keys, err) && read_all(&b, partitions, keys, err))
        all = sorted(&b);
    free_rows(b.rows);
    free_rows(b.before);
    map_destroy(keys);
    return all;
}

static void add_named(json_t *all, const redisReply *list)
{
    for (size_t i = 0; i + 4 < list->elements; i += 5) {
        struct id id = id_from_raw((const unsigned char *)list->element[i]->str);
        json_t *o = json_pack("{s:s, s:s, s:s, s:I}", "id", id.hex, "stage", list->element[i + 1]->str, "source", list->element[i + 3]->str,
                              "opened_at", (json_int_t)list->element[i + 2]->integer);
        if (list->element[i + 4]->len)
            json_object_set_new(o, "url", json_string(list->element[i + 4]->str));
        json_array_append_new(all, o);
    }
}

json_t *ledger_open(redisContext *c, const char *prefix, int partitions, const char *source, int most, struct error *err)
{
    json_t *all = json_array();
    for (int p = 0; p < partitions && (int)json_array_size(all) < most; p++) {
        struct key base = key_partition(prefix, p);
        char left[12];
        snprintf(left, sizeof(left), "%d", most - (int)json_array_size(all));
        const char *argv[] = { base.s, prefix, source ? source : "", left };
        redisReply *reply = redis_ask_script(c, &open_list_script, 2, COUNT(argv), argv, NULL, err);
        if (!reply) {
            json_decref(all);
            return NULL;
        }
        add_named(all, reply);
        freeReplyObject(reply);
    }
    return all;
}
