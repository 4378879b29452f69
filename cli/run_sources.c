/* run_sources.c - see run_sources.h. */
#include "cli/run_sources.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/url.h"
#include "cli/address.h"
#include "cli/row.h"
#include "crawler/sources.h"
#include "pipeline/pending.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool host_is_loopback(const char *host)
{
    struct in_addr v4;
    size_t n = strlen(host);
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    return strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0 || (n > 10 && strcmp(host + n - 10, ".localhost") == 0);
}

bool site_is_loopback(const char *url)
{
    struct url u;
    if (!url_parse(&u, url, strlen(url), NULL, NULL, NULL))
        return false;
    bool loopback = host_is_loopback(u.host);
    url_fini(&u);
    return loopback;
}

/* A name that no other source has: NAME, else NAME-2 and so on. */
static bool add_named(redisContext *c, const struct config *config, struct source *s, struct error *err)
{
    char *plain = s->name;
    bool added = false;
    for (int i = 1; !added && i < 100; i++) {
        char *name = i == 1 ? xstrdup(plain) : xasprintf("%s-%d", plain, i);
        s->name = name;
        added = source_add(c, config->prefix, s, err);
        free(name);
        if (!added && err->kind != ERROR_INVALID)
            break;
    }
    s->name = plain;
    return added;
}

/* May it be watched as configured? */
static bool check_site(const struct config *config, const char *site, struct error *err)
{
    struct url u;
    if (!address_typed(site, &u, err))
        return false;
    bool ok = config->crawler.allow_private || !host_is_loopback(u.host) ||
              error_set(err, ERROR_INVALID, "%s is on this machine, which is refused unless allowed: add --set crawler.allow_private=true", u.fetch);
    url_fini(&u);
    return ok;
}

static bool add_site(redisContext *c, const struct meta *meta, const struct config *config, const json_t *rows, const char *site,
                     struct error *err)
{
    struct url u;
    bool ok = true;
    if (!address_typed(site, &u, err))
        return false;
    if (!row_with(rows, "url", u.fetch)) {
        struct source s = { .url = u.fetch, .name = source_default_name(meta, u.fetch, err) };
        ok = s.name && add_named(c, config, &s, err);
        free(s.name);
    }
    url_fini(&u);
    return ok;
}

bool run_sources_add(redisContext *c, const struct meta *meta, const struct config *config, char **sites, int count, struct error *err)
{
    json_t *rows = source_list(c, config->prefix, err);
    bool ok = rows != NULL;
    if (ok && count == 0 && json_array_size(rows) == 0 && config->source_count == 0)
        ok = error_set(err, ERROR_INVALID, "nothing to watch yet; name a site: tidings run --contact YOU@EXAMPLE.ORG https://news.example.org/");
    for (int i = 0; ok && i < count; i++) /* all of them, before the first is added */
        ok = check_site(config, sites[i], err);
    for (int i = 0; ok && i < count; i++)
        ok = add_site(c, meta, config, rows, sites[i], err);
    json_decref(rows);
    return ok;
}

struct whereabouts { /* of what this start would watch */
    bool named_beyond;  /* a site that was named is beyond this machine */
    bool beyond, here;  /* some source is beyond this machine; on it */
};

static void place_source(struct whereabouts *w, const char *url)
{
    char *typed = url_typed(url);
    if (site_is_loopback(typed))
        w->here = true;
    else
        w->beyond = true;
    free(typed);
}

static struct whereabouts find_whereabouts(const json_t *rows, const struct config *config, const struct invocation *inv)
{
    struct whereabouts w = { 0 };
    size_t i;
    json_t *row;
    for (i = 0; i < (size_t)inv->argc; i++)
        place_source(&w, inv->argv[i]);
    w.named_beyond = w.beyond;
    for (i = 0; i < config->source_count; i++)
        place_source(&w, config->sources[i].url);
    json_array_foreach(rows, i, row)
        place_source(&w, row_text(row, "url"));
    return w;
}

/* Reading a terminal from the background would stop us. */
static bool can_ask(void)
{
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static bool ask_contact(struct config *config, struct error *err)
{
    char line[256];
    fputs("The sites you watch want to know who asks. A mail address or a URL that tells them; it is sent with every request\n"
          "and remembered here: ", stderr);
    fflush(stderr);
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (config_set(config, "contact", line, err))
            return true;
        fprintf(stderr, "%s\nContact: ", err->message);
        fflush(stderr);
    }
    return false;
}

/* The command line again, with a contact in it. */
static bool refuse(const struct invocation *inv, struct error *err)
{
    struct buffer line;
    buffer_init(&line, sizeof(err->message) - 200);
    if (option(inv, "once"))
        buffer_puts(&line, " --once");
    for (int i = 0; i < inv->argc; i++)
        buffer_printf(&line, " %s", inv->argv[i]);
    error_set(err, ERROR_INVALID, "sites beyond this machine want to know who asks. Say it once:\n  tidings run --contact YOU@EXAMPLE.ORG%s",
              buffer_str(&line));
    buffer_fini(&line);
    return false;
}

/* Nobody has said who asks. Sites of this machine need not know: they neither wait for an answer nor for a terminal to ask on. */
static bool find_contact(const json_t *rows, struct config *config, const struct invocation *inv, struct error *err)
{
    struct whereabouts w = find_whereabouts(rows, config, inv);
    struct error why;
    bool only_here = inv->argc > 0 && !w.named_beyond;
    if (!w.beyond)
        return true;
    if (!only_here && can_ask())
        return ask_contact(config, &why) || refuse(inv, err);
    if (w.named_beyond || !w.here)
        return refuse(inv, err);
    fputs("tidings run: sources beyond this machine are not asked until a contact is set: --contact YOU@EXAMPLE.ORG\n", stderr);
    return true;
}

bool run_contact(redisContext *c, struct config *config, const struct state_dir *state, const struct invocation *inv, struct error *err)
{
    char *remembered = state_dir_read(state, "contact");
    json_t *rows = source_list(c, config->prefix, err);
    bool ok = rows != NULL;
    if (remembered)
        remembered[strcspn(remembered, "\n")] = '\0';
    if (ok && !config->contact && remembered && *remembered)
        ok = config_set(config, "contact", remembered, err) || error_prefix(err, "%s/contact", state_dir_path(state));
    if (ok && !config->contact)
        ok = find_contact(rows, config, inv, err);
    if (ok && config->contact && !(remembered && strcmp(remembered, config->contact) == 0))
        ok = state_dir_write(state, "contact", config->contact, err);
    json_decref(rows);
    free(remembered);
    return ok;
}

bool run_sources_poll_now(redisContext *c, const struct meta *meta, const struct config *config, struct error *err)
{
    struct pending p;
    json_t *none = json_array();
    bool ok = pending_read(c, config->prefix, meta_partitions(meta), 0, true, none, &p, err);
    json_decref(none);
    return ok;
}
