/* check_sources.c - what config/ cannot judge of the file's sources: it knows no addresses, selectors or time zones. */
#include "cli/command.h"

#include "base/log.h"
#include "base/mem.h"
#include "cli/address.h"
#include "crawler/sources.h"
#include "extractor/selectors.h"
#include "extractor/zone.h"

#include <string.h>

static bool check_selector(const char *text, const char *site, struct error *err)
{
    (void)site;
    struct selectors *compiled = selectors_compile(&text, 1, err);
    selectors_destroy(compiled);
    return compiled != NULL;
}

static bool check_address(const char *text, const char *site, struct error *err)
{
    struct url u;
    (void)site;
    if (!address_typed(text, &u, err))
        return false;
    url_fini(&u);
    return true;
}

/* Of a feed or sitemap, against the site's address. */
static bool check_link(const char *text, const char *site, struct error *err)
{
    struct url u, at;
    if (!address_typed(site, &at, err))
        return false;
    bool ok = url_parse(&u, text, strlen(text), at.fetch, NULL, err) || error_prefix(err, "%s is no address", log_quote(text));
    url_fini(&at);
    if (ok)
        url_fini(&u);
    return ok;
}

static bool check_name(const char *text, const char *site, struct error *err)
{
    (void)site;
    return source_name_check(text, err);
}

static bool check_zone(const char *text, const char *site, struct error *err)
{
    int offset_min;
    (void)site;
    return zone_offset(text, 0, &offset_min) ||
           error_set(err, ERROR_INVALID, "%s is no time zone: expected a name like Asia/Ho_Chi_Minh, or an offset like +07:00", log_quote(text));
}

typedef bool check_fn(const char *text, const char *site, struct error *err);

static bool check_list(const struct config *c, size_t i, const char *key, const struct config_list *list, check_fn *check, struct error *err)
{
    for (size_t n = 0; list->items[n]; n++)
        if (!check(list->items[n], c->sources[i].url, err))
            return error_prefix(err, "%s:%d: %s", c->path ? c->path : "sources", config_source_line(c, i, key, n), key);
    return true;
}

static bool check_text(const struct config *c, size_t i, const char *key, const char *text, check_fn *check, struct error *err)
{
    return !text || check(text, c->sources[i].url, err) || error_prefix(err, "%s:%d: %s", c->path ? c->path : "sources", config_source_line(c, i, key, 0), key);
}

static bool check_links(const char *const *links, const char *site, struct error *err)
{
    for (; *links; links++)
        if (!check_link(*links, site, err))
            return false;
    return true;
}

bool command_check_source(const struct source *s, const char *site, struct error *err)
{
    return (!s->name || check_name(s->name, site, err)) && (!s->timezone || check_zone(s->timezone, site, err)) &&
           check_links((const char *const *)s->feeds.items, site, err) && check_links((const char *const *)s->sitemaps.items, site, err);
}

bool command_check_sources(const struct config *c, struct error *err)
{
    for (size_t i = 0; i < c->source_count; i++) {
        const struct config_source *s = &c->sources[i];
        if (!check_text(c, i, "url", s->url, check_address, err) || !check_text(c, i, "name", s->name, check_name, err) ||
            !check_text(c, i, "timezone", s->timezone, check_zone, err) || !check_list(c, i, "feeds", &s->feeds, check_link, err) ||
            !check_list(c, i, "sitemaps", &s->sitemaps, check_link, err) || !check_list(c, i, "include", &s->include, check_selector, err) ||
            !check_list(c, i, "exclude", &s->exclude, check_selector, err))
            return false;
    }
    return true;
}
