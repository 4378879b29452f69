/* sources.c - the set of sources a crawler works with, kept the same as the rows in Redis.
 *
 *   read all ──> make the rows as the file says ──> read what changed, each WATCH_MS ──> …
 *      ^                     │ somebody was quicker          │ a row is gone, another server
 *      └─────────────────────┴───────────────────────────────┘
 *
 * One call is out at a time, so nothing here can cross. What Redis does not answer is simply asked again. */
#include "crawler/sources_private.h"

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/url.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_MS 1000
#define RETRY_MS 50          /* until the rows have been read for the first time */
#define PARTITIONS_AT_ONCE 32

enum asking { NOTHING, ROWS, POLLS, MOVES, CHANGES };

struct entry {
    struct source s; /* first: sources_get() */
    bool told;       /* the callbacks know it as watched */
    bool changed;    /* since it was told */
    bool merged;     /* its polls have been moved, or are among moves */
};

struct move { /* of polls, from a source to the one it is merged with */
    struct move *next;
    char *from, *to; /* owned */
};

struct sources {
    const struct config *config;       /* borrowed */
    const struct meta *meta;           /* borrowed */
    struct redis *redis;               /* borrowed */
    struct sources_callbacks callbacks;
    uv_timer_t timer;
    char *file;                        /* absolute path of the configuration; NULL: none */
    struct map *all;                   /* name -> struct entry, owned */
    struct map *fresh;                 /* being read from the beginning; NULL otherwise */
    int64_t version;                   /* rows are known up to here; of fresh while that is read */
    bool read, written;                /* all rows have been read; they are as the file says */
    bool stale;                        /* the configuration changed while its wishes were being written */
    bool tell_all;                     /* also those that did not change: their polls may be gone */
    enum asking asking;
    struct args polls, changes;        /* the file's wishes: names whose polls go, changes of rows */
    int64_t change_count;
    struct move *moves, **last_move;   /* owned */
    int answers;                       /* to sources_answered(), that are out */
    int next_partition;                /* whose polls are next */
    bool closing, closed;              /* freed when the timer is closed and no answer is out */
};

static void turn(struct sources *s);

/* --- the set --- */

static void source_free(struct source *one)
{
    if (!one)
        return;
    source_fini(one);
    free(one);
}

static void entry_free(struct entry *e)
{
    source_free(&e->s); /* its first member */
}

static void set_free(struct map *set)
{
    size_t at = 0;
    struct entry *e;
    while (set && (e = map_next(set, &at, NULL)))
        entry_free(e);
    map_destroy(set);
}

static void move_free(struct move *m)
{
    free(m->from);
    free(m->to);
    free(m);
}

static void add_move(struct sources *s, const struct source *from)
{
    struct move *m = xcalloc(1, sizeof(*m));
    *m = (struct move){ .from = xstrdup(from->name), .to = xstrdup(from->same_as) };
    *s->last_move = m;
    s->last_move = &m->next;
}

static void tell_gone(struct sources *s, struct entry *e)
{
    if (e->told)
        s->callbacks.on_gone(s->callbacks.arg, e->s.name);
    e->told = false;
}

static void tell(struct sources *s, struct entry *e)
{
    if (e->s.paused || e->s.same_as) {
        tell_gone(s, e);
    } else if (!e->told || e->changed || s->tell_all) {
        e->told = true;
        s->callbacks.on_source(s->callbacks.arg, &e->s);
    }
    e->changed = false;
    if (e->s.same_as && !e->merged)
        add_move(s, &e->s);
    e->merged = e->s.same_as != NULL;
}

/* Rows have changed: who watches which site, and what is news to the callbacks. */
static void settle(struct sources *s)
{
    size_t n = 0, at = 0;
    struct source **list = xmalloc((map_count(s->all) + 1) * sizeof(*list));
    struct entry *e;
    while ((e = map_next(s->all, &at, NULL)))
        list[n++] = &e->s;
    source_merge(list, n);
    for (size_t i = 0; i < n; i++)
        tell(s, (struct entry *)list[i]);
    free(list);
    s->tell_all = false;
}

/* What is known of a source before its row was read again. */
static void follow(struct entry *e, struct entry *before)
{
    if (!before)
        return;
    e->told = before->told;
    e->merged = before->merged;
    e->changed = before->changed || !source_same(&before->s, &e->s);
}

/* A row that changed. In a reading from the beginning it is only collected. */
static void take_row(struct sources *s, const char *name, const redisReply *fields)
{
    struct entry *e = xcalloc(1, sizeof(*e)), *before;
    if (!source_from_row(&e->s, name, fields)) { /* kept all the same, so that the counts of both sides agree */
        log_warn("row of a source has no address source=%s action=\"not watched\"", log_quote(name));
        e->s = (struct source){ .name = xstrdup(name), .url = xstrdup(""), .paused = true };
        e->s.site_id = id_of(name, strlen(name)); /* nobody else's */
    }
    before = map_put(s->fresh ? s->fresh : s->all, name, e);
    follow(e, before);
    if (before)
        entry_free(before);
}

static void take_fresh(struct sources *s)
{
    struct map *before = s->all;
    struct entry *e;
    const char *name;
    size_t at = 0;
    s->all = s->fresh;
    s->fresh = NULL;
    while ((e = map_next(s->all, &at, &name)))
        follow(e, map_get(before, name));
    at = 0;
    while ((e = map_next(before, &at, &name)))
        if (!map_get(s->all, name))
            tell_gone(s, e);
    set_free(before);
    s->read = true;
}

static void begin_fresh(struct sources *s)
{
    set_free(s->fresh);
    s->fresh = map_create();
    s->version = 0;
}

/* --- reading --- */

static bool is_free(struct sources *s)
{
    if (s->closing && s->closed && s->asking == NOTHING && s->answers == 0) {
        for (struct move *m = s->moves, *next; m; m = next) {
            next = m->next;
            move_free(m);
        }
        set_free(s->all);
        set_free(s->fresh);
        args_fini(&s->polls);
        args_fini(&s->changes);
        free(s->file);
        free(s);
        return true;
    }
    return s->closing;
}

/* Every answer comes through here: false when there is nothing to do with it. */
static bool answered(struct sources *s, const struct error *err)
{
    s->asking = NOTHING;
    if (is_free(s))
        return false;
    if (err && err->kind != ERROR_TRANSIENT)
        log_error("sources cannot be read or written reason=%s", log_quote(err->message));
    return !err;
}

static void on_rows(void *arg, const redisReply *reply, const struct error *err)
{
    struct sources *s = arg;
    if (!answered(s, err))
        return;
    int64_t version = reply->element[0]->integer;
    int64_t count = reply->element[1]->integer; /* -1: nothing has changed */
    if (version < s->version) { /* an older Redis */
        s->written = false;
        begin_fresh(s);
        turn(s);
        return;
    }
    for (size_t i = 3; i + 1 < reply->elements; i += 2)
        take_row(s, reply->element[i]->str, reply->element[i + 1]);
    s->version = reply->element[2]->integer;
    bool news = reply->elements > 3;
    if (s->fresh && s->version == version) {
        take_fresh(s);
        news = true;
    }
    if (!s->fresh && news)
        settle(s);
    if (s->version < version) {
        turn(s);
        return;
    }
    if (!s->fresh && count >= 0 && map_count(s->all) > (size_t)count) /* one was removed: which, only a full reading says */
        begin_fresh(s);
    if (s->fresh || !s->written || s->moves)
        turn(s);
}

static void ask_rows(struct sources *s)
{
    struct key names = key_sources(s->config->prefix), counter = key_sources_version(s->config->prefix);
    char since[24], limit[12];
    snprintf(since, sizeof(since), "%" PRId64, s->version);
    snprintf(limit, sizeof(limit), "%d", SOURCE_ROWS_PAGE);
    const char *argv[] = { names.s, counter.s, s->config->prefix, since, limit };
    s->asking = ROWS;
    redis_eval(s->redis, &sources_read_script, on_rows, s, 2, COUNT(argv), argv, NULL);
}

/* --- the file's sources --- */

static void put_list(struct config_list *out, const struct config_list *in)
{
    for (size_t i = 0; in->items[i]; i++)
        out->items[i] = xstrdup(in->items[i]);
}

/* A name for an entry without one that no other entry has. */
static char *free_name(const struct sources *s, const struct map *wanted, const char *url)
{
    char *plain = source_default_name(s->meta, url, NULL), *name = xstrdup(plain);
    for (int i = 2; name && map_get(wanted, name); i++) {
        free(name);
        name = xasprintf("%s-%d", plain, i);
    }
    free(plain);
    return name;
}

/* One entry of the file as a source, NULL after a warning. */
static struct source *wish_of(const struct sources *s, const struct config_source *c, const struct map *wanted)
{
    struct source *one = xcalloc(1, sizeof(*one));
    struct error err = { .message = "no address" };
    char *typed = url_typed(c->url);
    struct url u;
    bool ok = url_parse(&u, typed, strlen(typed), NULL, NULL, &err);
    free(typed);
    if (ok) {
        *one = (struct source){ .url = xstrdup(u.fetch), .title = xstrdup(c->title), .timezone = xstrdup(c->timezone),
                                .language = xstrdup(c->language), .backfill = xstrdup(c->backfill), .interval_ms = c->interval_ms,
                                .from_file = true, .file = xstrdup(s->file) };
        one->name = c->name ? xstrdup(c->name) : free_name(s, wanted, u.fetch);
        put_list(&one->feeds, &c->feeds);
        put_list(&one->sitemaps, &c->sitemaps);
        put_list(&one->keep_params, &c->keep_params);
        put_list(&one->drop_params, &c->drop_params);
        put_list(&one->include, &c->include);
        put_list(&one->exclude, &c->exclude);
        url_fini(&u);
        ok = source_check(one, &err);
    }
    if (ok)
        return one;
    log_warn("source of the file is left out file=%s line=%d reason=%s", log_quote(s->file), c->line, log_quote(err.message));
    source_free(one);
    return NULL;
}

/* The entries of the file by name; by_id: their names by address. */
static struct map *wishes(const struct sources *s, struct map *by_id)
{
    struct map *wanted = map_create();
    for (int unnamed = 0; unnamed <= 1; unnamed++) { /* names that were given come first */
        for (size_t i = 0; i < s->config->source_count; i++) {
            const struct config_source *c = &s->config->sources[i];
            struct source *one = (c->name == NULL) == unnamed ? wish_of(s, c, wanted) : NULL;
            if (!one)
                continue;
            const char *other = map_get(by_id, one->id.hex);
            if (other || map_get(wanted, one->name)) {
                log_warn("source of the file is left out file=%s line=%d reason=\"it is there already\" source=%s", log_quote(s->file),
                         c->line, log_quote(other ? other : one->name));
                source_free(one);
                continue;
            }
            map_put(wanted, one->name, one);
            map_put(by_id, one->id.hex, one->name);
        }
    }
    return wanted;
}

static bool is_ours(const struct sources *s, const struct source *one)
{
    return one->from_file && strcmp(one->file ? one->file : "", s->file ? s->file : "") == 0;
}

static void remove_row(struct sources *s, const char *name)
{
    args_str(&s->polls, name);
    source_arg_remove(&s->changes, name);
    s->change_count++;
}

/* Rows that must go: ours that left the file, and added ones of an address that the file names otherwise. Another file's
 * row of such an address stays: then that entry of ours is not wanted any more. */
static void plan_removals(struct sources *s, struct map *wanted, struct map *by_id)
{
    size_t at = 0;
    const struct source *row;
    while ((row = map_next(s->all, &at, NULL))) { /* the first member of its entry */
        const char *name = map_get(by_id, row->id.hex);
        bool renamed = name && strcmp(name, row->name) != 0 && map_get(wanted, name);
        if (map_get(wanted, row->name))
            continue;
        if (is_ours(s, row) || (renamed && !row->from_file)) {
            remove_row(s, row->name);
        } else if (renamed) {
            log_warn("source of the file is left out file=%s reason=\"another file has it\" source=%s other=%s", log_quote(s->file),
                     log_quote(name), log_quote(row->file));
            struct source *one = map_remove(wanted, name);
            map_remove(by_id, row->id.hex);
            source_free(one);
        }
    }
}

static void plan_puts(struct sources *s, const struct map *wanted)
{
    size_t at = 0;
    const struct source *one;
    while ((one = map_next(wanted, &at, NULL))) {
        const struct source *row = map_get(s->all, one->name);
        if (row && source_same(row, one))
            continue;
        if (row && !source_same_polls(row, one))
            args_str(&s->polls, one->name);
        source_arg_put(&s->changes, one);
        s->change_count++;
    }
}

static void plan(struct sources *s)
{
    struct map *by_id = map_create(), *wanted = wishes(s, by_id);
    args_fini(&s->polls);
    args_fini(&s->changes);
    s->change_count = 0;
    s->next_partition = 0;
    s->stale = false;
    plan_removals(s, wanted, by_id);
    plan_puts(s, wanted);
    map_destroy(by_id);
    set_free(wanted);
}

static void on_changed(void *arg, const redisReply *reply, const struct error *err)
{
    struct sources *s = arg;
    if (!answered(s, err))
        return;
    bool taken = reply->element[0]->integer == 1;
    s->written = taken && !s->stale;
    if (taken)
        log_info("sources of the file are watched file=%s sources=%zu changes=%" PRId64, log_quote(s->file), s->config->source_count,
                 s->change_count);
    ask_rows(s);
}

static void ask_changes(struct sources *s)
{
    struct args a = { 0 };
    args_str(&a, key_sources(s->config->prefix).s);
    args_str(&a, key_sources_version(s->config->prefix).s);
    args_str(&a, s->config->prefix);
    args_num(&a, s->version);
    args_num(&a, s->change_count);
    args_all(&a, &s->changes);
    s->asking = CHANGES;
    redis_eval(s->redis, &sources_change_script, on_changed, s, 2, a.count, (const char **)a.items, a.lens);
    args_fini(&a);
}

/* One call of source_polls for the next partitions; false when all have been asked. */
static bool ask_partitions(struct sources *s, const char *what, const struct args *names, redis_reply_fn *fn)
{
    struct args a = { 0 };
    int end = meta_partitions(s->meta);
    if (s->next_partition >= end)
        return false;
    args_str(&a, s->config->prefix);
    for (int p = s->next_partition; p < end && p < s->next_partition + PARTITIONS_AT_ONCE; p++)
        args_str(&a, key_partition(s->config->prefix, p).s);
    int keys = a.count;
    args_str(&a, what);
    args_all(&a, names);
    redis_eval(s->redis, &source_polls_script, fn, s, keys, a.count, (const char **)a.items, a.lens);
    args_fini(&a);
    return true;
}

static void ask_polls(struct sources *s);

static void on_polls(void *arg, const redisReply *reply, const struct error *err)
{
    struct sources *s = arg;
    (void)reply;
    if (!answered(s, err))
        return;
    s->next_partition += PARTITIONS_AT_ONCE;
    ask_polls(s);
}

static void ask_polls(struct sources *s)
{
    s->asking = POLLS;
    if (s->polls.count == 0 || !ask_partitions(s, "remove", &s->polls, on_polls))
        ask_changes(s);
}

/* --- merging --- */

static void ask_move(struct sources *s);

static void on_moved(void *arg, const redisReply *reply, const struct error *err)
{
    struct sources *s = arg;
    (void)reply;
    if (!answered(s, err))
        return;
    s->next_partition += PARTITIONS_AT_ONCE;
    ask_move(s);
}

static void ask_move(struct sources *s)
{
    struct move *m = s->moves;
    struct args names = { 0 };
    args_str(&names, m->from);
    args_str(&names, m->to);
    s->asking = MOVES;
    bool asked = ask_partitions(s, "move", &names, on_moved);
    args_fini(&names);
    if (asked)
        return;
    s->asking = NOTHING;
    log_info("sources of one site are merged source=%s with=%s", log_quote(m->from), log_quote(m->to));
    s->moves = m->next;
    if (!s->moves)
        s->last_move = &s->moves;
    move_free(m);
    s->next_partition = 0;
    turn(s);
}

static void on_answered(void *arg, const redisReply *reply, const struct error *err)
{
    struct sources *s = arg;
    (void)reply, (void)err; /* unsaid: the next look at the site says it again */
    s->answers--;
    is_free(s);
}

void sources_answered(struct sources *s, const char *name, const struct url *site)
{
    const struct source *one = sources_get(s, name);
    bool itself = one && strcmp(one->id.hex, site->id.hex) == 0;
    if (!one || strcmp(one->site_id.hex, site->id.hex) == 0 || strchr(site->fetch, '?')) /* a form to agree to, not a site */
        return;
    struct key names = key_sources(s->config->prefix), counter = key_sources_version(s->config->prefix);
    const char *argv[] = { names.s, counter.s, s->config->prefix, name, itself ? "" : site->fetch };
    s->answers++;
    redis_eval(s->redis, &source_site_script, on_answered, s, 2, COUNT(argv), argv, NULL);
}

/* --- the turn --- */

static void turn(struct sources *s)
{
    if (s->asking != NOTHING || s->closing || !redis_connected(s->redis))
        return;
    if (!s->read && !s->fresh)
        begin_fresh(s);
    if (s->moves && s->read && !s->fresh) {
        s->next_partition = 0;
        ask_move(s);
        return;
    }
    if (s->fresh || s->written) {
        ask_rows(s);
        return;
    }
    plan(s);
    if (s->change_count > 0) {
        ask_polls(s);
        return;
    }
    s->written = true;
}

static void on_timer(uv_timer_t *timer)
{
    struct sources *s = timer->data;
    turn(s);
    uv_timer_start(timer, on_timer, sources_ready(s) ? WATCH_MS : RETRY_MS, 0);
}

static void set_file(struct sources *s)
{
    char path[PATH_MAX];
    free(s->file);
    s->file = xstrdup(s->config->path && realpath(s->config->path, path) ? path : s->config->path);
}

struct sources *sources_create(uv_loop_t *loop, const struct config *config, const struct meta *meta, struct redis *r,
                               const struct sources_callbacks *callbacks)
{
    struct sources *s = xcalloc(1, sizeof(*s));
    *s = (struct sources){ .config = config, .meta = meta, .redis = r, .callbacks = *callbacks, .all = map_create() };
    s->last_move = &s->moves;
    set_file(s);
    uv_timer_init(loop, &s->timer);
    s->timer.data = s;
    return s;
}

void sources_start(struct sources *s)
{
    uv_timer_start(&s->timer, on_timer, 0, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct sources *s = handle->data;
    s->closed = true;
    is_free(s);
}

void sources_destroy(struct sources *s)
{
    if (!s)
        return;
    s->closing = true;
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

const struct source *sources_get(const struct sources *s, const char *name)
{
    return map_get(s->all, name);
}

size_t sources_count(const struct sources *s)
{
    return map_count(s->all);
}

bool sources_ready(const struct sources *s)
{
    return s->read && s->written;
}

void sources_reload(struct sources *s, const struct config *config)
{
    s->config = config;
    s->written = false;
    s->stale = true;
    set_file(s);
    turn(s);
}

void sources_redis_changed(struct sources *s)
{
    s->read = s->written = false;
    s->tell_all = true;
    set_free(s->fresh);
    s->fresh = NULL;
}
