/* tail.c - `tidings tail`: articles as they come, until Ctrl-C.
 *
 *   with Kafka: the articles topic, from its end          embedded: the Redis stream of the running `tidings run`
 *
 * Both give new articles, updates and removals. Nothing is acknowledged or left behind. */
#include "base/mem.h"
#include "cli/articles.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/source_named.h"
#include "pipeline/article.h"
#include "pipeline/keys.h"
#include "pipeline/topic_reader.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MS 500  /* how long a signal may wait */
#define RETRY_MS 1000
#define BATCH 100

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

struct tail {
    struct invocation *inv;
    const char *source, *language;
    int64_t last;               /* how many of those there are already */
    struct connection *c;       /* owned */
    char position[48];          /* in the Redis stream */
    bool away;                  /* Redis; said once */
};

/* --- what is printed --- */

static void print_article(struct tail *t, const char *text)
{
    json_t *article = json_loads(text, 0, NULL);

    if (article && articles_match(article, t->source, t->language)) {
        if (t->inv->json)
            puts(text);
        else
            articles_print_line(article);
    }
    json_decref(article);
}

/* A removal says nothing of source and language: it is told only to who asked for everything. */
static void print_removal(struct tail *t, const char *id, int64_t version, int64_t revision, const char *url)
{
    if (t->source || t->language)
        return;
    if (t->inv->json) {
        printf("{\"id\":\"%s\",\"version\":%" PRId64 ",\"revision\":%" PRId64 ",\"removed\":true}\n", id, version, revision);
        return;
    }
    fputs("removed  ", stdout);
    articles_print_text(url ? url : id, 0);
    putchar('\n');
}

/* --- Kafka --- */

static void print_record(struct tail *t, const struct record *r)
{
    struct article a;
    struct error err;

    if (!article_read(r, &a, &err)) {
        fprintf(stderr, "tidings tail: a record is passed over: %s\n", err.message);
    } else if (a.removed) {
        char *url = xstrndup(a.url, a.url_len);
        print_removal(t, a.id.hex, a.version, a.revision, url);
        free(url);
    } else {
        char *text = xstrndup(a.json, a.json_len);
        print_article(t, text);
        free(text);
    }
}

static int follow_topic(struct tail *t, struct topic_reader *reader)
{
    struct error err;
    struct record *r;

    while (!stopped) {
        int got = topic_reader_next(reader, BLOCK_MS, &r, &err);
        if (got < 0)
            return command_fail(t->inv, &err);
        if (got > 0) {
            print_record(t, r);
            record_release(r);
        }
        if (!command_flush())
            return STATUS_OK;
    }
    return STATUS_OK;
}

/* --- the Redis stream --- */

static const char *field(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, name) == 0)
            return fields->element[i + 1]->str;
    return "";
}

/* The record as it is now; where that is a later one than the entry speaks of, the later one's entry comes too. */
static bool print_entry(struct tail *t, const redisReply *fields, struct error *err)
{
    const char *id = field(fields, "id");
    int64_t version = atoll(field(fields, "version")), revision = atoll(field(fields, "revision"));
    char *text = NULL;

    if (strcmp(field(fields, "what"), "removed") == 0) {
        print_removal(t, id, version, revision, NULL);
        return true;
    }
    if (!articles_fetch(t->c->cache, t->inv->config->prefix, &id, 1, &text, err))
        return false;
    json_t *article = text ? json_loads(text, 0, NULL) : NULL;
    if (article && json_integer_value(json_object_get(article, "version")) == version)
        print_article(t, text);
    json_decref(article);
    articles_free(&text, 1);
    return true;
}

static bool print_entries(struct tail *t, const redisReply *entries, struct error *err)
{
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *e = entries->element[i];
        if (!print_entry(t, e->element[1], err))
            return false;
        snprintf(t->position, sizeof(t->position), "%s", e->element[0]->str);
    }
    return true;
}

/* Where the stream is now, less the last ones that are wanted. */
static bool find_position(struct tail *t, struct error *err)
{
    struct key key = key_article_stream(t->inv->config->prefix);
    redisReply *r = redis_ask(t->c->cache, err, "XREVRANGE %s + - COUNT %lld", key.s, (long long)t->last + 1);

    if (!r)
        return false;
    bool more = r->type == REDIS_REPLY_ARRAY && r->elements == (size_t)t->last + 1;
    snprintf(t->position, sizeof(t->position), "%s", more ? r->element[t->last]->element[0]->str : "0-0");
    freeReplyObject(r);
    return true;
}

static bool read_stream(struct tail *t, int block_ms, size_t *count, struct error *err)
{
    struct key key = key_article_stream(t->inv->config->prefix);
    redisReply *r = redis_ask(t->c->cache, err, "XREAD COUNT %d BLOCK %d STREAMS %s %s", BATCH, block_ms, key.s, t->position);

    *count = 0;
    if (!r)
        return false;
    bool ok = true;
    if (r->type == REDIS_REPLY_ARRAY && r->elements == 1) {
        *count = r->element[0]->element[1]->elements;
        ok = print_entries(t, r->element[0]->element[1], err);
    }
    freeReplyObject(r);
    return ok;
}

/* The servers may come back; a `tidings run` that has ended does not. */
static bool reconnect(struct tail *t, const struct error *why)
{
    struct error err;
    struct connection *c;

    if (!t->away)
        fprintf(stderr, "tidings tail: %s; trying again\n", why->message);
    t->away = true;
    poll(NULL, 0, RETRY_MS);
    c = stopped ? NULL : connect_open(t->inv->config, &err);
    if (!c)
        return true;
    connect_close(t->c);
    t->c = c;
    t->away = false;
    return true;
}

static int follow_stream(struct tail *t)
{
    struct error err;
    size_t count;

    while (!stopped) {
        if (!read_stream(t, BLOCK_MS, &count, &err)) {
            if (stopped)
                break;
            if (t->c->embedded && t->c->running)
                return command_say(t->inv, STATUS_OK, "the `tidings run` (pid %d) has ended", (int)t->c->running);
            reconnect(t, &err);
        }
        if (!command_flush())
            break;
    }
    return STATUS_OK;
}

/* --- the command --- */

static int follow(struct tail *t)
{
    struct error err;
    size_t count = 1;

    t->c = connect_open(t->inv->config, &err);
    if (!t->c)
        return command_fail(t->inv, &err);
    if (t->c->own)
        return command_say(t->inv, STATUS_UNREACHABLE, "no `tidings run` is at work on %s: start one, or use `tidings latest`",
                           t->c->state_dir);
    int status = t->source ? source_named(t->inv, t->c, t->source) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (!find_position(t, &err))
        return command_fail(t->inv, &err);
    if (!t->inv->config->kafka.bootstrap)
        return follow_stream(t);
    /* The topic's end is noted before the last ones are read, so that nothing falls between. */
    struct topic_reader *reader = topic_reader_open(t->inv->config, false, TOPIC_ARTICLES, READ_NEW, NULL, &err);
    if (!reader)
        return command_fail(t->inv, &err);
    while (t->last > 0 && count > 0)
        if (!read_stream(t, 1, &count, &err))
            break;
    status = follow_topic(t, reader);
    topic_reader_close(reader);
    return status;
}

static int run(struct invocation *inv)
{
    struct tail t = { .inv = inv, .source = option(inv, "source"), .language = option(inv, "lang") };
    struct sigaction action = { .sa_handler = on_signal };

    if (inv->argc > 0)
        return command_usage(inv, "it takes no arguments, \"%s\" is one", inv->argv[0]);
    if (!option_number(inv, "last", 0, 0, 100000, &t.last))
        return STATUS_USAGE;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int status = follow(&t);
    connect_close(t.c);
    return status;
}

const struct command tail_command = {
    .name = "tail",
    .summary = "follow the articles as they come",
    .usage = "[--source NAME] [--lang XX] [-n N]",
    .description = "Shows new articles, updates and removals until Ctrl-C: of the articles topic where Kafka is configured, "
                   "else of the Redis stream. Times are in the reader's time zone (TZ). With --json, one record a line; a removal is "
                   "{\"id\", \"version\", \"revision\", \"removed\": true}.",
    .options = (const struct command_option[]){
        { "source", 's', "NAME", "only articles of this source" },
        { "lang", 'l', "XX", "only articles in this language" },
        { "last", 'n', "N", "begin with the last N (default 0)" },
        { 0 } },
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings tail\ntidings tail --lang en --json | jq -r .url",
    .run = run,
};
