/* latest.c - `tidings latest`: the newest articles of the cache, newest first. */
#include "cli/articles.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/source_named.h"
#include "pipeline/keys.h"

#include <stdio.h>
#include <string.h>

#define BATCH 100

struct listing {
    struct invocation *inv;
    redisContext *cache;
    const char *source, *language;
    char index[192];
    int64_t left, shown;
};

/* The index with the fewest others in it. */
static void choose_index(struct listing *l)
{
    const char *prefix = l->inv->config->prefix;
    struct key key = l->source     ? key_latest_source(prefix, l->source)
                     : l->language ? key_latest_language(prefix, l->language)
                                   : key_latest(prefix);
    memcpy(l->index, key.s, sizeof(key.s));
}

static void print_one(struct listing *l, const char *text)
{
    json_t *article = l->left > 0 && text ? json_loads(text, 0, NULL) : NULL;

    if (article && articles_match(article, l->source, l->language)) {
        l->left--;
        l->shown++;
        if (l->inv->json)
            puts(text);
        else
            articles_print_line(article);
    }
    json_decref(article);
}

static bool print_batch(struct listing *l, const redisReply *r, struct error *err)
{
    const char *ids[BATCH];
    char *texts[BATCH];

    for (size_t i = 0; i < r->elements; i++)
        ids[i] = r->element[i]->str;
    if (!articles_fetch(l->cache, l->inv->config->prefix, ids, r->elements, texts, err))
        return false;
    for (size_t i = 0; i < r->elements; i++)
        print_one(l, texts[i]);
    articles_free(texts, r->elements);
    return true;
}

/* What has expired is still in the index until its turn to be trimmed comes: so as long as there is more, and wanted. */
static int list(struct listing *l)
{
    struct error err;

    for (int64_t from = 0; l->left > 0; from += BATCH) {
        redisReply *r = redis_ask(l->cache, &err, "ZREVRANGE %s %lld %lld", l->index, (long long)from, (long long)from + BATCH - 1);
        if (!r)
            return command_fail(l->inv, &err);
        size_t count = r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
        bool ok = count == 0 || print_batch(l, r, &err);
        freeReplyObject(r);
        if (!ok)
            return command_fail(l->inv, &err);
        if (count < BATCH || !command_flush())
            return STATUS_OK;
    }
    return STATUS_OK;
}

/* Nothing was listed: is there a mistake, or just nothing yet? */
static int say_none(const struct listing *l, const struct connection *c)
{
    int status = l->source ? source_named(l->inv, c, l->source) : STATUS_OK;
    if (status == STATUS_OK)
        command_say(l->inv, STATUS_OK, "no such article is in the cache; `tidings status` tells what comes and why not");
    return status;
}

static int run(struct invocation *inv)
{
    struct listing l = { .inv = inv, .source = option(inv, "source"), .language = option(inv, "lang") };
    struct error err;

    if (inv->argc > 0)
        return command_usage(inv, "it takes no arguments, \"%s\" is one", inv->argv[0]);
    if (l.source && strlen(l.source) > SOURCE_NAME_MAX)
        return command_usage(inv, "--source: names of sources have at most %d bytes", SOURCE_NAME_MAX);
    if (l.language && (strlen(l.language) > 8 || strspn(l.language, "abcdefghijklmnopqrstuvwxyz") != strlen(l.language)))
        return command_usage(inv, "--lang %s: expected a language such as \"vi\" or \"en\"", l.language);
    if (!option_number(inv, "limit", 20, 1, 1000000, &l.left))
        return STATUS_USAGE;
    struct connection *c = connect_open(inv->config, &err);
    if (!c)
        return command_fail(inv, &err);
    l.cache = c->cache;
    choose_index(&l);
    int status = list(&l);
    if (status == STATUS_OK && l.shown == 0)
        status = say_none(&l, c);
    connect_close(c);
    return status;
}

const struct command latest_command = {
    .name = "latest",
    .summary = "list the newest articles of the cache",
    .usage = "[--source NAME] [--lang XX] [-n N]",
    .description = "Newest first, by the time of publication, shown in the reader's time zone (TZ). With --json, one record a line, with\n"
                   "the site's own times. Exit status 1 when --source names no source.",
    .options = (const struct command_option[]){
        { "source", 's', "NAME", "only articles of this source" },
        { "lang", 'l', "XX", "only articles in this language" },
        { "limit", 'n', "N", "at most N articles (default 20)" },
        { 0 } },
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings latest -n 5\ntidings latest --lang vi --json | jq -r .title",
    .run = run,
};
