/* deadletters.c - `tidings deadletters list | show | replay`: what could never succeed, why, and again.
 *
 * A dead letter's id is PARTITION-OFFSET of its record. A replay asks the frontier for the URL once more: a new request, which
 * is fetched unconditionally and before what its host has waiting; the dead letter itself stays until its time is over. */
#include "cli/command.h"

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/url.h"
#include "cli/connect.h"
#include "cli/live_view.h"
#include "cli/param_rules.h"
#include "cli/row.h"
#include "cli/source_named.h"
#include "cli/table.h"
#include "crawler/frontier.h"
#include "crawler/sources.h"
#include "pipeline/deadletter.h"
#include "pipeline/meta.h"
#include "pipeline/topic_reader.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_SHOWN 4096 /* bytes */

struct letter_id {
    char s[40];
};

static struct letter_id id_of_letter(const struct record *r)
{
    struct letter_id id;
    snprintf(id.s, sizeof(id.s), "%" PRId32 "-%" PRId64, r->partition, r->offset);
    return id;
}

static bool read_id(const char *s, int32_t *partition, int64_t *offset)
{
    char end;
    return sscanf(s, "%" SCNd32 "-%" SCNd64 "%c", partition, offset, &end) == 2 && *partition >= 0 && *offset >= 0;
}

static bool is(const struct invocation *inv, const char *name, const char *value)
{
    const char *wanted = option(inv, name);
    return !wanted || (value && strcmp(wanted, value) == 0);
}

static bool chosen(const struct invocation *inv, const struct deadletter_view *v)
{
    return is(inv, "stage", v->stage) && is(inv, "reason", v->reason) && is(inv, "source", v->source);
}

static bool chooses(const struct invocation *inv)
{
    return option(inv, "stage") || option(inv, "reason") || option(inv, "source");
}

/* Calls fn for each dead letter that the options choose; false stops it. */
typedef bool letter_fn(void *arg, const struct record *r, const struct deadletter_view *v);

static bool each_letter(struct invocation *inv, struct topic_reader *t, letter_fn *fn, void *arg, struct error *err)
{
    struct record *r;
    int got;
    bool go_on = true;
    while (go_on && (got = topic_reader_next(t, 0, &r, err)) == 1) {
        struct deadletter_view v;
        deadletter_read(r, &v);
        if (chosen(inv, &v))
            go_on = fn(arg, r, &v);
        deadletter_fini(&v);
        record_release(r);
    }
    return !go_on || got == 0;
}

/* --- list --- */

static void put(json_t *o, const char *name, const char *value)
{
    if (value)
        json_object_set_new(o, name, json_string(value));
}

static json_t *to_json(const struct record *r, const struct deadletter_view *v)
{
    json_t *o = json_object();
    put(o, "id", id_of_letter(r).s);
    put(o, "at", v->at);
    put(o, "stage", v->stage);
    put(o, "reason", v->reason);
    put(o, "message", v->message);
    put(o, "url", v->url);
    put(o, "url_id", v->url_id);
    put(o, "source", v->source);
    if (v->version)
        json_object_set_new(o, "version", json_integer(v->version));
    put(o, "topic", v->topic);
    if (v->offset >= 0) {
        json_object_set_new(o, "partition", json_integer(v->partition));
        json_object_set_new(o, "offset", json_integer(v->offset));
    }
    json_object_set_new(o, "value_bytes", json_integer(v->value_bytes));
    if (v->value_left_out)
        json_object_set_new(o, "value_left_out", json_true());
    return o;
}

static void print_json(json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

struct listing {
    struct table *table; /* NULL: JSON */
    size_t count;
};

static bool list_letter(void *arg, const struct record *r, const struct deadletter_view *v)
{
    struct listing *l = arg;
    struct table *t = l->table;
    l->count++;
    if (!t) {
        print_json(to_json(r, v));
        return command_flush();
    }
    table_put(t, id_of_letter(r).s);
    table_put(t, v->at);
    table_put(t, v->stage);
    table_put(t, v->reason);
    table_put(t, v->url ? v->url : v->message);
    return true;
}

static int list(struct invocation *inv, struct connection *c, struct error *err)
{
    static const char *const headers[] = { "ID", "AT", "STAGE", "REASON", "URL", NULL };
    struct topic_reader *t = topic_reader_open(inv->config, c->embedded, TOPIC_DEADLETTERS, READ_ALL, NULL, err);
    struct table *table = inv->json ? NULL : table_create(headers);
    struct listing l = { table, 0 };
    bool ok = t && each_letter(inv, t, list_letter, &l, err);
    if (table)
        table_print(table);
    topic_reader_close(t);
    if (!ok)
        return command_fail(inv, err);
    if (l.count > 0)
        return STATUS_OK;
    int status = option(inv, "source") ? source_named(inv, c, option(inv, "source")) : STATUS_OK;
    return status != STATUS_OK ? status : command_say(inv, STATUS_OK, "no dead letters%s", chooses(inv) ? " of that kind" : "");
}

/* --- show --- */

static void print_line(const char *name, const char *value, size_t len)
{
    struct buffer b;
    buffer_init(&b, 0);
    text_for_terminal(value, len, VALUE_SHOWN, live_view_ascii(), &b);
    printf("%-12s %s\n", name, buffer_str(&b));
    buffer_fini(&b);
}

static void print_member(const char *name, const json_t *value)
{
    char number[24];
    const char *s = json_string_value(value);
    snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (!s)
        s = json_is_true(value) ? "yes" : number;
    print_line(name, s, strlen(s));
}

static void print_header(const struct header *h)
{
    struct buffer b;
    buffer_init(&b, 0);
    buffer_printf(&b, "%s: ", h->name);
    if (!h->value)
        buffer_puts(&b, "(null)");
    else if (text_valid_utf8(h->value, h->len))
        buffer_append(&b, h->value, h->len);
    else
        buffer_printf(&b, "(%zu bytes that are no text)", h->len);
    print_line("header", buffer_str(&b), b.len);
    buffer_fini(&b);
}

static void print_value(const struct record *r, const struct deadletter_view *v)
{
    if (v->value_left_out)
        printf("%-12s %" PRId64 " bytes, too many to be kept\n", "value", v->value_bytes);
    else if (!r->value)
        printf("%-12s none\n", "value");
    else if (!text_valid_utf8(r->value, r->value_len))
        printf("%-12s %zu bytes that are no text: --value writes them\n", "value", r->value_len);
    else
        print_line("value", r->value, r->value_len < VALUE_SHOWN ? r->value_len : VALUE_SHOWN);
    if (r->value && r->value_len > VALUE_SHOWN && text_valid_utf8(r->value, r->value_len))
        printf("%-12s %zu bytes in all: --value writes them\n", "", r->value_len);
}

static json_t *bytes_or_text(const void *p, size_t len)
{
    return p && text_valid_utf8(p, len) && !memchr(p, '\0', len) ? json_stringn(p, len) : NULL;
}

static void show_json(const struct record *r, const struct deadletter_view *v)
{
    json_t *o = to_json(r, v), *headers = json_object();
    for (size_t i = 0; i < r->header_count; i++)
        json_object_set_new(headers, r->headers[i].name, bytes_or_text(r->headers[i].value, r->headers[i].len));
    json_object_set_new(o, "headers", headers);
    json_t *key = bytes_or_text(r->key, r->key_len), *value = bytes_or_text(r->value, r->value_len);
    if (key)
        json_object_set_new(o, "key", key);
    if (value)
        json_object_set_new(o, "value", value);
    print_json(o);
}

static void show_text(const struct record *r, const struct deadletter_view *v)
{
    json_t *o = to_json(r, v), *member;
    const char *name;
    json_object_foreach(o, name, member)
        print_member(name, member);
    json_decref(o);
    if (r->key)
        print_line("key", r->key, r->key_len);
    for (size_t i = 0; i < r->header_count; i++)
        print_header(&r->headers[i]);
    print_value(r, v);
}

static int show_record(struct invocation *inv, const struct record *r)
{
    struct deadletter_view v;
    deadletter_read(r, &v);
    if (option(inv, "value"))
        fwrite(r->value ? r->value : "", 1, r->value_len, stdout);
    else if (inv->json)
        show_json(r, &v);
    else
        show_text(r, &v);
    deadletter_fini(&v);
    return STATUS_OK;
}

/* NULL with the status of what was said. */
static struct record *fetch(struct invocation *inv, struct connection *c, const char *id, int *status)
{
    struct error err;
    struct record *r = NULL;
    int32_t partition;
    int64_t offset;
    if (!read_id(id, &partition, &offset)) {
        *status = command_usage(inv, "%s is no id of a dead letter: expected PARTITION-OFFSET as `list` prints it", id);
        return NULL;
    }
    struct topic_reader *t = topic_reader_open_at(inv->config, c->embedded, TOPIC_DEADLETTERS, partition, offset, &err);
    int got = t ? topic_reader_next(t, 0, &r, &err) : -1;
    topic_reader_close(t);
    if (got < 0)
        *status = command_fail(inv, &err);
    else if (got == 0)
        *status = command_say(inv, STATUS_NO, "there is no dead letter %s (any more): see `tidings deadletters list`", id);
    return r;
}

static int show(struct invocation *inv, struct connection *c)
{
    int status = STATUS_OK;
    struct record *r = fetch(inv, c, inv->argv[1], &status);
    if (!r)
        return status;
    status = show_record(inv, r);
    record_release(r);
    return status;
}

/* --- replay --- */

struct replay {
    struct invocation *inv;
    struct connection *c;
    struct meta *meta;
    json_t *sources;   /* rows */
    struct map *done;  /* urls that were asked for, by their id */
    int status;        /* the worst */
    struct error err;  /* of a server that does not answer */
};

static void told(struct replay *p, const struct record *r, const char *url, const char *what, enum status status)
{
    if ((int)status > p->status)
        p->status = status;
    if (p->inv->json)
        print_json(json_pack("{s:s, s:s*, s:s}", "id", id_of_letter(r).s, "url", url, "result", what));
    else
        printf("%s  %s  %s\n", id_of_letter(r).s, what, url ? url : "-");
}

/* A record of `articles` carries its URL inside. */
static char *url_of(const struct record *r, const struct deadletter_view *v)
{
    if (v->url)
        return xstrdup(v->url);
    json_t *o = r->value ? json_loadb(r->value, r->value_len, 0, NULL) : NULL;
    char *url = xstrdup(json_string_value(json_object_get(o, "url")));
    json_decref(o);
    return url;
}

static bool ask_again(struct replay *p, const struct record *r, const struct url *u, const char *source)
{
    struct found f = { .url = u, .source = source ? source : "requests", .via = "replay", .force = true, .reopened = true, .urgent = true };
    enum verdict verdict;
    if (!frontier_ask(p->c->frontier, p->meta, p->inv->config->prefix, &f, &verdict, &p->err)) {
        p->status = command_fail(p->inv, &p->err);
        return false;
    }
    told(p, r, u->fetch, verdict == VERDICT_ACCEPTED ? "queued" : "is being fetched already", STATUS_OK);
    return true;
}

static bool replay_letter(void *arg, const struct record *r, const struct deadletter_view *v)
{
    struct replay *p = arg;
    struct url u = { 0 };
    struct param_rules rules;
    char *url = url_of(r, v);
    bool go_on = true;
    param_rules_init(&rules, v->source ? row_with(p->sources, "name", v->source) : NULL);
    if (!url || !url_parse(&u, url, strlen(url), NULL, &rules.rules, NULL))
        told(p, r, url, "has no address to fetch", STATUS_NO);
    else if (!map_put(p->done, u.id.hex, p))
        go_on = ask_again(p, r, &u, v->source);
    url_fini(&u);
    free(url);
    param_rules_fini(&rules);
    return go_on;
}

static bool replay_all(struct replay *p)
{
    struct topic_reader *t = topic_reader_open(p->inv->config, p->c->embedded, TOPIC_DEADLETTERS, READ_ALL, NULL, &p->err);
    bool ok = t && each_letter(p->inv, t, replay_letter, p, &p->err);
    topic_reader_close(t);
    if (!ok)
        p->status = command_fail(p->inv, &p->err);
    return ok;
}

static bool replay_one(struct replay *p, const char *id)
{
    int status = STATUS_OK;
    struct deadletter_view v;
    struct record *r = fetch(p->inv, p->c, id, &status);
    if (!r) {
        p->status = status > p->status ? status : p->status;
        return status == STATUS_NO;
    }
    deadletter_read(r, &v);
    bool go_on = replay_letter(p, r, &v);
    deadletter_fini(&v);
    record_release(r);
    return go_on;
}

static int replay(struct invocation *inv, struct connection *c)
{
    struct replay p = { .inv = inv, .c = c, .done = map_create() };
    p.meta = meta_load(c->frontier, inv->config->prefix, 0, false, &p.err);
    p.sources = p.meta ? source_list(c->frontier, inv->config->prefix, &p.err) : NULL;
    if (!p.sources)
        p.status = command_fail(inv, &p.err);
    else if (option(inv, "all"))
        replay_all(&p);
    for (int i = 1; p.sources && i < inv->argc && replay_one(&p, inv->argv[i]); i++)
        ;
    json_decref(p.sources);
    meta_destroy(p.meta);
    map_destroy(p.done);
    return p.status;
}

/* --- the command --- */

enum question { QUESTION_LIST, QUESTION_SHOW, QUESTION_REPLAY, QUESTION_NONE };

static enum question question_of(const struct invocation *inv)
{
    const char *word = inv->argc > 0 ? inv->argv[0] : "";
    bool all = option(inv, "all") != NULL;
    if (strcmp(word, "list") == 0 && inv->argc == 1 && !all)
        return QUESTION_LIST;
    if (strcmp(word, "show") == 0 && inv->argc == 2 && !all)
        return QUESTION_SHOW;
    if (strcmp(word, "replay") == 0 && all == (inv->argc == 1))
        return QUESTION_REPLAY;
    return QUESTION_NONE;
}

static int run(struct invocation *inv)
{
    struct error err;
    enum question question = question_of(inv);
    const char *stage = option(inv, "stage");
    if (stage && strcmp(stage, "crawl") != 0 && strcmp(stage, "extract") != 0 && strcmp(stage, "load") != 0)
        return command_usage(inv, "--stage %s: expected crawl, extract or load", log_quote(stage));
    if (question == QUESTION_NONE)
        return command_usage(inv, "say `list`, `show ID`, or `replay` with ids or --all");
    struct connection *c = connect_open(inv->config, &err);
    if (!c)
        return command_fail(inv, &err);
    int status = question == QUESTION_LIST ? list(inv, c, &err) : question == QUESTION_SHOW ? show(inv, c) : replay(inv, c);
    connect_close(c);
    return status;
}

const struct command deadletters_command = {
    .name = "deadletters",
    .summary = "what could never succeed, why, and trying it again",
    .usage = "list [--stage STAGE] [--reason WORD] [--source NAME]\nshow ID [--value]\nreplay ID…\nreplay --all [--stage STAGE] [--reason WORD] [--source NAME]",
    .description = "list names the dead letters that are kept, one a line. show prints one with the headers it had; with --value its\n"
                   "bytes alone, as they were. replay asks the frontier for the addresses once more: each is a new request in the\n"
                   "ledger, fetched unconditionally and soon. A dead letter that was replayed stays listed until its time is over.",
    .options = (const struct command_option[]){
        { "stage", 0, "STAGE", "only those of crawl, extract or load" },
        { "reason", 0, "WORD", "only those with this reason: too_large, no_page, …" },
        { "source", 's', "NAME", "only those of this source" },
        { "all", 0, NULL, "replay: all that the other options choose" },
        { "value", 0, NULL, "show: write the value's bytes and nothing else" },
        { 0 } },
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings deadletters list\ntidings deadletters show 0-1482\ntidings deadletters replay --all --reason too_large",
    .run = run,
};
