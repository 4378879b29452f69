/* get.c - `tidings get`: one article of the cache, by its address, by any other address that leads to it, or by its id. */
#include "base/log.h"
#include "cli/address.h"
#include "cli/articles.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/param_rules.h"
#include "crawler/sources.h"
#include "pipeline/keys.h"

#include <stdio.h>
#include <string.h>

/* Nothing is there: what is known of why. */
static int say_missing(struct invocation *inv, redisContext *cache, const struct id *id)
{
    struct error err;
    redisReply *r = redis_ask(cache, &err, "HMGET %s version removed_at reason", key_article_meta(inv->config->prefix, id->hex).s);

    if (!r)
        return command_fail(inv, &err);
    bool known = r->type == REDIS_REPLY_ARRAY && r->elements == 3 && r->element[0]->type == REDIS_REPLY_STRING;
    bool removed = known && r->element[1]->type == REDIS_REPLY_STRING;
    const char *reason = removed && r->element[2]->type == REDIS_REPLY_STRING ? r->element[2]->str : "no reason given";
    int status = removed ? command_say(inv, STATUS_NO, "%s was removed by its site (%s)", inv->argv[0], reason)
                 : known ? command_say(inv, STATUS_NO, "%s has left the cache: articles stay there for loader.ttl_ms", inv->argv[0])
                 : id_valid(inv->argv[0], strlen(inv->argv[0]))
                     ? command_say(inv, STATUS_NO, "%s is the id of no article in the cache", inv->argv[0])
                     : command_say(inv, STATUS_NO, "%s is no article in the cache: `tidings explain %s` tells what became of it", inv->argv[0],
                                   inv->argv[0]);
    freeReplyObject(r);
    return status;
}

static int show(struct invocation *inv, const char *text)
{
    if (inv->json) {
        puts(text);
        return STATUS_OK;
    }
    json_t *article = json_loads(text, 0, NULL);
    if (!article)
        return command_say(inv, STATUS_BROKEN, "what the cache holds is no JSON: is its prefix used by another program?");
    articles_print(article);
    json_decref(article);
    return STATUS_OK;
}

static int answer(struct invocation *inv, redisContext *cache, const struct id *url_id)
{
    struct error err;
    struct id id;
    char *text = NULL;
    const char *const ids[] = { id.hex };

    if (!articles_follow(cache, inv->config->prefix, url_id, &id, &err) ||
        !articles_fetch(cache, inv->config->prefix, ids, 1, &text, &err))
        return command_fail(inv, &err);
    int status = text ? show(inv, text) : say_missing(inv, cache, &id);
    articles_free(&text, 1);
    return status;
}

/* The id that the source in whose domain the address lies knows it by. */
static bool id_of_address(const struct invocation *inv, const struct connection *c, struct id *id, struct error *err)
{
    struct url u;
    struct meta *meta = meta_load(c->frontier, inv->config->prefix, 0, false, err);
    json_t *rows = meta ? source_list(c->frontier, inv->config->prefix, err) : NULL;
    bool ok = rows && address_by_rules(inv->argv[0], rows, meta, &u, err);

    if (ok) {
        *id = u.id;
        url_fini(&u);
    }
    json_decref(rows);
    meta_destroy(meta);
    return ok;
}

static int run(struct invocation *inv)
{
    struct error err;
    struct id id;

    if (inv->argc != 1)
        return command_usage(inv, "one address or id, please");
    bool is_id = articles_id(inv->argv[0], &id);
    if (!is_id && !strpbrk(inv->argv[0], ".:/"))
        return command_usage(inv, "%s is neither an address nor an id of 32 hex digits", log_quote(inv->argv[0]));
    if (!is_id && address_check(inv, 0) != STATUS_OK)
        return STATUS_USAGE;
    struct connection *c = connect_open(inv->config, &err);
    if (!c)
        return command_fail(inv, &err);
    int status = is_id || id_of_address(inv, c, &id, &err) ? answer(inv, c->cache, &id) : command_fail(inv, &err);
    connect_close(c);
    return status;
}

const struct command get_command = {
    .name = "get",
    .summary = "show one article of the cache",
    .usage = "URL | ID",
    .description = "URL may be any address that leads to the article: the one that was asked for, the one that answered, the "
                   "canonical one, or that of a duplicate. Exit status 1 when there is no such article.",
    .flags = COMMAND_CONFIG | COMMAND_STATE | COMMAND_JSON,
    .example = "tidings get https://news.example/2026/11/25/bridge-opens\ntidings get --json 5f0c2a9a4ed34c1f8a7d0e6b1c2d3e4f",
    .run = run,
};
