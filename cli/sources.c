/* sources.c - `tidings sources`: which sites are watched. The crawlers follow within a second or two. */
#include "cli/command.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/url.h"
#include "cli/address.h"
#include "cli/connect.h"
#include "crawler/opml.h"
#include "cli/row.h"
#include "cli/table.h"
#include "crawler/sources.h"
#include "crawler/trouble.h"
#include "extractor/selectors.h"
#include "pipeline/frontier_state.h"
#include "pipeline/keys.h"
#include "pipeline/redis.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOUND_WAIT_MS 30000 /* for the first look at a new site */
#define START_WAIT_MS 5000    /* for a crawler that is starting */
#define LOOK_MS 100
#define OPML_MAX (16u << 20)

/* --- what is there --- */

struct known { /* by name, and by the id of the address; values: the row */
    json_t *rows;
    struct map *names, *ids;
};

static bool id_of_address(const char *url, struct id *out)
{
    struct url u;
    if (!url || !url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return false;
    *out = u.id;
    url_fini(&u);
    return true;
}

static bool known_read(struct known *k, redisContext *c, const char *prefix, struct error *err)
{
    struct id id;
    size_t i;
    json_t *row;
    *k = (struct known){ source_list(c, prefix, err), map_create(), map_create() };
    json_array_foreach(k->rows, i, row) {
        map_put(k->names, row_text(row, "name"), row);
        if (id_of_address(row_text(row, "site"), &id))
            map_put(k->ids, id.hex, row);
        if (id_of_address(row_text(row, "url"), &id))
            map_put(k->ids, id.hex, row);
    }
    return k->rows != NULL;
}

static void known_fini(struct known *k)
{
    json_decref(k->rows);
    map_destroy(k->names);
    map_destroy(k->ids);
}

/* The suffix list and the count of partitions in force; the first command of an installation sets them down. */
static struct meta *meta_of(redisContext *c, const struct config *config, struct error *err)
{
    struct meta *m = meta_load(c, config->prefix, 0, false, err);
    return m || err->kind != ERROR_INVALID ? m : meta_load(c, config->prefix, (int)config->crawler.partitions, true, err);
}

/* --- list --- */

static int list(struct invocation *inv, const struct connection *servers)
{
    redisContext *c = servers->frontier;
    static const char *const headers[] = { "NAME", "STATE", "FROM", "POLLED", "NEW", ">ERRORS", "STATUS", "ADDRESS", NULL };
    struct error err;
    size_t i;
    json_t *row, *rows = source_list(c, inv->config->prefix, &err);
    if (!rows)
        return command_fail(inv, &err);
    int64_t now_ms = clock_unix_ms();
    frontier_now(c, &now_ms, &err);
    struct table *t = inv->json || json_array_size(rows) == 0 ? NULL : table_create(headers);
    json_array_foreach(rows, i, row) {
        if (inv->json) {
            row_print(row);
            continue;
        }
        table_put(t, row_text(row, "name"));
        table_put(t, json_object_get(row, "same_as") ? "merged" : row_text(row, "state"));
        table_put(t, row_text(row, "origin"));
        table_age(t, now_ms, row_number(row, "last_poll_at"));
        table_age(t, now_ms, row_number(row, "last_new_at"));
        table_number(t, row_number(row, "errors"));
        char *status = row_source_status(row);
        table_put(t, status);
        free(status);
        table_put(t, row_text(row, "url"));
    }
    if (t)
        table_print(t);
    else if (!inv->json)
        fputs("no sources yet: tidings sources add https://news.example.org/\n", stderr);
    json_decref(rows);
    return STATUS_OK;
}

/* --- add --- */

/* Words of an option's value. */
static void words(struct config_list *out, const char *value)
{
    char *copy = xstrdup(value ? value : ""), *save = NULL;
    size_t n = 0;
    for (char *word = strtok_r(copy, " \t\n", &save); word && n < CONFIG_LIST_MAX; word = strtok_r(NULL, " \t\n", &save))
        out->items[n++] = xstrdup(word);
    free(copy);
}

/* A name that is not taken: NAME, else NAME-2 and so on. */
static char *free_name(const struct known *known, const char *plain)
{
    char *name = xstrdup(plain);
    for (int i = 2; map_get(known->names, name); i++) {
        free(name);
        name = xasprintf("%s-%d", plain, i);
    }
    return name;
}

static bool address_of(struct source *s, const char *site, struct error *err)
{
    struct url u;
    if (!address_typed(site, &u, err))
        return false;
    s->url = xstrdup(u.fetch);
    url_fini(&u);
    return true;
}

static bool from_options(struct invocation *inv, struct source *s)
{
    int64_t interval_s;
    if (!option_number(inv, "interval", 0, 0, 604800, &interval_s))
        return false;
    s->interval_ms = interval_s * 1000;
    s->title = xstrdup(option(inv, "title"));
    s->language = xstrdup(option(inv, "language"));
    s->timezone = xstrdup(option(inv, "timezone"));
    s->backfill = xstrdup(option(inv, "backfill"));
    words(&s->feeds, option(inv, "feeds"));
    words(&s->sitemaps, option(inv, "sitemaps"));
    words(&s->keep_params, option(inv, "keep-params"));
    words(&s->drop_params, option(inv, "drop-params"));
    s->include.items[0] = xstrdup(option(inv, "include"));
    s->exclude.items[0] = xstrdup(option(inv, "exclude"));
    return true;
}

static bool can_read(const struct config_list *rule, struct error *err)
{
    for (char *const *item = rule->items; *item; item++) {
        struct selectors *compiled = selectors_compile((const char *const *)item, 1, err);
        if (!compiled)
            return false;
        selectors_destroy(compiled);
    }
    return true;
}

static bool workers_live(redisContext *c, const struct config *config)
{
    struct error err;
    int64_t now_ms;
    redisReply *reply = frontier_now(c, &now_ms, &err)
        ? redis_ask(c, &err, "ZCOUNT %s %lld +inf", key_workers(config->prefix).s, (long long)(now_ms - config->crawler.lease_ms)) : NULL;
    bool live = reply && reply->integer > 0;
    freeReplyObject(reply);
    return live;
}

static const char *string_at(const redisReply *reply, size_t i)
{
    return reply->element[i]->type == REDIS_REPLY_STRING ? reply->element[i]->str : "";
}

/* {"status", "errors", "items", "remedy"} of a row's discovery, status, errors, items and last poll. NULL: it was not looked at to
 * the end. Of a site without a feed the front page is looked at, too: it may have no link like an article. */
static json_t *look_of(const redisReply *row)
{
    const char *found = string_at(row, 0), *status = *string_at(row, 1) ? string_at(row, 1) : "ok", *says = *found ? found : status;
    int64_t errors = atoll(string_at(row, 2));
    bool front_only = strncmp(found, "no feed", 7) == 0;
    if (!*string_at(row, 4) || (front_only && strcmp(found, status) == 0))
        return NULL;
    if (front_only && trouble_remedy(status))
        says = status;
    return json_pack("{ss sI sI ss*}", "status", says, "errors", (json_int_t)errors, "items", (json_int_t)atoll(string_at(row, 3)), "remedy",
                     errors ? trouble_remedy_of_failure(says) : trouble_remedy(says));
}

/* look_of() once a crawler has looked at the site; NULL when none has in time, or cannot. */
static json_t *await_look(redisContext *c, const struct config *config, const char *name)
{
    int64_t until_ms = clock_mono_ms() + FOUND_WAIT_MS, start_until_ms = clock_mono_ms() + START_WAIT_MS;
    json_t *look = NULL;
    struct error err;
    while (!look && clock_mono_ms() < (workers_live(c, config) ? until_ms : start_until_ms)) {
        redisReply *reply = redis_ask(c, &err, "HMGET %s discovery status errors items polled", key_source(config->prefix, name).s);
        if (!reply)
            return NULL;
        look = look_of(reply);
        freeReplyObject(reply);
        if (!look)
            poll(NULL, 0, LOOK_MS);
    }
    return look;
}

static void say_added(struct invocation *inv, const struct connection *servers, const struct source *s)
{
    redisContext *c = servers->frontier;
    bool live = workers_live(c, inv->config), wait = !option(inv, "no-wait") && (live || !servers->embedded);
    if (!inv->json) {
        printf("watching %s as %s\n", s->url, s->name);
        command_flush();
    }
    json_t *look = wait ? await_look(c, inv->config, s->name) : NULL;
    if (inv->json) {
        json_t *o = json_pack("{s:s, s:s}", "name", s->name, "url", s->url);
        if (look)
            json_object_update(o, look);
        row_print(o);
        json_decref(o);
    } else if (look) {
        printf("  %s\n", row_text(look, "status"));
        if (*row_text(look, "remedy"))
            printf("  %s\n", row_text(look, "remedy"));
    } else if (wait) {
        printf("  no crawler has looked at it yet: `tidings status` will tell\n");
    } else if (!live) {
        printf("  nothing is at work on it: `tidings run` looks at it when it is started\n");
    }
    json_decref(look);
}

static bool add_site(struct invocation *inv, const struct connection *servers, const struct meta *meta, const char *site, struct error *err)
{
    redisContext *c = servers->frontier;
    struct source s = { 0 };
    struct known known;
    bool ok = known_read(&known, c, inv->config->prefix, err) && from_options(inv, &s) && address_of(&s, site, err);
    if (ok) {
        char *plain = option(inv, "name") ? NULL : source_default_name(meta, s.url, err);
        s.name = option(inv, "name") ? xstrdup(option(inv, "name")) : free_name(&known, plain);
        free(plain);
        ok = source_add(c, inv->config->prefix, &s, err);
    }
    known_fini(&known);
    if (ok)
        say_added(inv, servers, &s);
    source_fini(&s);
    return ok;
}

/* What can be judged without any server. */
static int check_add(struct invocation *inv)
{
    struct error err;
    struct source s = { 0 };
    if (inv->argc < 2)
        return command_usage(inv, "add which site? Say its address");
    if (inv->argc > 2 && (option(inv, "name") || option(inv, "feeds") || option(inv, "sitemaps") || option(inv, "title")))
        return command_usage(inv, "--name, --title, --feeds and --sitemaps are for one site at a time");
    if (address_check(inv, 1) != STATUS_OK || !from_options(inv, &s))
        return STATUS_USAGE;
    s.name = xstrdup(option(inv, "name"));
    bool ok = can_read(&s.include, &err) && can_read(&s.exclude, &err) && command_check_source(&s, inv->argv[1], &err);
    source_fini(&s);
    return ok ? STATUS_OK : command_say(inv, STATUS_USAGE, "%s", err.message);
}

static int add(struct invocation *inv, const struct connection *servers)
{
    redisContext *c = servers->frontier;
    struct error err;
    int status = check_add(inv);
    if (status != STATUS_OK)
        return status;
    struct meta *meta = meta_of(c, inv->config, &err);
    if (!meta)
        return command_fail(inv, &err);
    for (int i = 1; i < inv->argc; i++)
        if (!add_site(inv, servers, meta, inv->argv[i], &err))
            status = command_fail(inv, &err);
    meta_destroy(meta);
    return status;
}

/* --- remove, pause, resume --- */

/* The name of the source that a person means by its name or address. */
static const char *meant(const struct known *known, const char *word)
{
    struct id id;
    json_t *row = map_get(known->names, word);
    char *typed = row ? NULL : url_typed(word);
    if (typed && id_of_address(typed, &id))
        row = map_get(known->ids, id.hex);
    free(typed);
    return row ? row_text(row, "name") : word;
}

static bool change(redisContext *c, const char *prefix, const char *what, const char *name, struct error *err)
{
    return what[0] == 'p'              ? source_pause(c, prefix, name, true, err)
           : strcmp(what, "resume") == 0 ? source_pause(c, prefix, name, false, err)
                                         : source_remove(c, prefix, name, err);
}

static int change_all(struct invocation *inv, const struct connection *servers)
{
    redisContext *c = servers->frontier;
    const char *what = inv->argv[0], *prefix = inv->config->prefix, *done = what[0] == 'p' ? "paused" : what[2] == 's' ? "resumed" : "removed";
    struct error err;
    struct known known;
    int status = STATUS_OK;
    if (inv->argc < 2)
        return command_usage(inv, "%s which source? Say its name or address", what);
    if (!known_read(&known, c, prefix, &err))
        status = command_fail(inv, &err);
    for (int i = 1; known.rows && i < inv->argc; i++) {
        const char *name = meant(&known, inv->argv[i]);
        if (!change(c, prefix, what, name, &err)) {
            status = command_fail(inv, &err);
            continue;
        }
        json_t *o = json_pack("{s:s, s:s}", "name", name, "state", done);
        if (inv->json)
            row_print(o);
        else
            printf("%s %s\n", done, name);
        json_decref(o);
    }
    known_fini(&known);
    return status;
}

/* --- OPML --- */

static bool read_file(const char *path, struct buffer *out, struct error *err)
{
    bool is_stdin = strcmp(path, "-") == 0, ok = true;
    FILE *f = is_stdin ? stdin : fopen(path, "re");
    char block[16384];
    size_t n;
    if (!f)
        return error_set(err, ERROR_INVALID, "%s: %s", path, strerror(errno));
    while (ok && (n = fread(block, 1, sizeof(block), f)) > 0)
        ok = buffer_append(out, block, n) || error_set(err, ERROR_LIMIT, "%s has more than %u MiB", path, OPML_MAX >> 20);
    if (ok && ferror(f))
        ok = error_set(err, ERROR_INVALID, "%s: %s", path, strerror(errno));
    if (!is_stdin)
        fclose(f);
    return ok;
}

struct import {
    struct invocation *inv;
    const struct source *list;
    size_t refused, known; /* known: watched already */
};

static void on_refused(void *arg, size_t i, const struct error *why)
{
    struct import *m = arg;
    m->refused++;
    command_say(m->inv, STATUS_NO, "%s: %s", log_quote(m->list[i].url), why->message);
}

/* Leaves out what is watched already or cannot be read, and names the rest. Returns how many stay. */
static size_t sift(struct import *m, struct known *known, const struct meta *meta, struct source *list, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct id id;
        struct error why;
        bool readable = can_read(&list[i].include, &why) && can_read(&list[i].exclude, &why);
        if (!readable)
            on_refused(m, i, &why);
        if (!readable || !id_of_address(list[i].url, &id) || map_get(known->ids, id.hex)) {
            m->known += readable;
            source_fini(&list[i]);
            continue;
        }
        char *plain = list[i].name ? xstrdup(list[i].name) : source_default_name(meta, list[i].url, NULL);
        free(list[i].name);
        list[i].name = free_name(known, plain);
        free(plain);
        map_put(known->names, list[i].name, known->rows); /* taken */
        map_put(known->ids, id.hex, known->rows);
        list[n] = list[i];
        if (n++ < i)
            memset(&list[i], 0, sizeof(list[i]));
    }
    return n;
}

static int import_list(struct invocation *inv, redisContext *c, const struct meta *meta, struct source *list, size_t count)
{
    struct error err;
    struct known known;
    struct import m = { inv, list, 0, 0 };
    if (!known_read(&known, c, inv->config->prefix, &err)) {
        known_fini(&known);
        return command_fail(inv, &err);
    }
    size_t n = sift(&m, &known, meta, list, count), sifted = m.refused;
    bool ok = source_add_all(c, inv->config->prefix, list, n, on_refused, &m, &err);
    known_fini(&known);
    if (!ok)
        return command_fail(inv, &err);
    size_t added = n - (m.refused - sifted);
    if (inv->json)
        printf("{\"added\":%zu,\"known\":%zu,\"refused\":%zu}\n", added, m.known, m.refused);
    else
        printf("%zu added, %zu watched already, %zu refused\n", added, m.known, m.refused);
    return m.refused ? STATUS_NO : STATUS_OK;
}

static int import(struct invocation *inv, const struct connection *servers)
{
    redisContext *c = servers->frontier;
    struct buffer bytes;
    struct error err;
    struct source *list = NULL;
    size_t count = 0;
    int status;
    if (inv->argc != 2)
        return command_usage(inv, "import which file? Say one, or - for standard input");
    buffer_init(&bytes, OPML_MAX);
    struct meta *meta = meta_of(c, inv->config, &err);
    if (meta && read_file(inv->argv[1], &bytes, &err) && opml_read(bytes.data, bytes.len, &list, &count, &err))
        status = import_list(inv, c, meta, list, count);
    else
        status = command_fail(inv, &err);
    for (size_t i = 0; i < count; i++)
        source_fini(&list[i]);
    free(list);
    meta_destroy(meta);
    buffer_fini(&bytes);
    return status;
}

static int export(struct invocation *inv, const struct connection *servers)
{
    redisContext *c = servers->frontier;
    struct buffer out;
    struct error err;
    json_t *rows = source_list(c, inv->config->prefix, &err);
    if (!rows)
        return command_fail(inv, &err);
    buffer_init(&out, 0);
    opml_write(rows, &out);
    fwrite(out.data, 1, out.len, stdout);
    buffer_fini(&out);
    json_decref(rows);
    return STATUS_OK;
}

/* --- the command --- */

static const struct { const char *name; int (*run)(struct invocation *inv, const struct connection *servers); } verbs[] = {
    { "list", list }, { "add", add }, { "remove", change_all }, { "pause", change_all }, { "resume", change_all }, { "import", import },
    { "export", export },
};

static int run(struct invocation *inv)
{
    struct error err;
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (inv->argc == 0 || strcmp(inv->argv[0], verbs[i].name) != 0)
            continue;
        struct connection *c = connect_open(inv->config, &err);
        if (!c)
            return command_fail(inv, &err);
        int status = verbs[i].run(inv, c);
        connect_close(c);
        return status;
    }
    return command_usage(inv, "say `list`, `add`, `remove`, `pause`, `resume`, `import` or `export`");
}

const struct command sources_command = {
    .name = "sources",
    .summary = "list, add, remove, pause and resume the sites that are watched",
    .usage = "list\nadd SITE…\nremove NAME|SITE…\npause NAME|SITE…\nresume NAME|SITE…\nimport FILE.opml\nexport",
    .description = "A source needs one address; its feeds and sitemaps are found from there. `add` waits up to 30 seconds for a\n"
                   "crawler's first look at the site and says what was found, or why nothing will come. Sources of the configuration\n"
                   "file win over added ones of the same name or address, and are removed there. `import` reads the feeds of an OPML\n"
                   "list (- is standard input), those of one site as one source; `export` writes such a list of all sources.",
    .options = (const struct command_option[]){
        { "name", 'n', "NAME", "what keys, records and commands call it (default: its registrable domain)" },
        { "title", 0, "TEXT", "what readers are shown" },
        { "feeds", 0, "URLS", "its feeds, with spaces between (default: found)" },
        { "sitemaps", 0, "URLS", "its sitemaps, with spaces between (default: found)" },
        { "include", 0, "SELECTORS", "elements that hold the article (CSS, with commas between)" },
        { "exclude", 0, "SELECTORS", "elements that never belong to it" },
        { "keep-params", 0, "NAMES", "query parameters that tell pages apart, with spaces between" },
        { "drop-params", 0, "NAMES", "query parameters that do not" },
        { "language", 0, "TAG", "of pages that name none" },
        { "timezone", 0, "ZONE", "of dates that name none: Asia/Ho_Chi_Minh, +07:00" },
        { "backfill", 0, "AGE", "how old an item may be at first: 12h, 2d, none, all" },
        { "interval", 0, "SECONDS", "between two polls (default: chosen by what comes)" },
        { "no-wait", 0, NULL, "add: do not wait for the first look at the site" },
        { 0 } },
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings sources add https://news.example.org/ --name example",
    .run = run,
};
