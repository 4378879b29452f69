/* scope.c - see scope.h. */
#include "crawler/scope.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAY_MS (24 * 3600 * 1000LL)
#define FUTURE_MS DAY_MS

struct scope {
    atomic_int references;
    const struct suffix_list *list;
    char *domain;              /* of the site; owned */
    char *site;                /* key form of its address; owned */
    char **further;            /* domains; owned, NULL-terminated */
    char **keep, **drop;       /* owned, NULL-terminated */
    struct url_rules rules;
    int64_t backfill_ms;
};

static char **copy_list(const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    char **copy = xcalloc(n + 1, sizeof(char *));
    for (size_t i = 0; i < n; i++)
        copy[i] = xstrdup(list[i]);
    return copy;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

/* The registrable domain of an address; NULL when it is none. The caller frees it. */
static char *domain_of(const struct suffix_list *list, const char *address)
{
    struct url u;
    if (!url_parse(&u, address, strlen(address), NULL, NULL, NULL))
        return NULL;
    char *domain = suffix_domain(list, u.host, u.port);
    url_fini(&u);
    return domain;
}

static char **domains_of(const struct suffix_list *list, const char *const *addresses)
{
    size_t n = 0, count = 0;
    while (addresses && addresses[n])
        n++;
    char **domains = xcalloc(n + 1, sizeof(char *));
    for (size_t i = 0; i < n; i++)
        if ((domains[count] = domain_of(list, addresses[i])))
            count++;
    return domains;
}

struct scope *scope_create(const struct suffix_list *list, const char *site, const char *const *further, const struct url_rules *rules,
                           int64_t backfill_ms)
{
    struct scope *s = xcalloc(1, sizeof(*s));
    struct url u;
    s->references = 1;
    s->list = list;
    s->further = domains_of(list, further);
    s->keep = copy_list(rules ? rules->keep_params : NULL);
    s->drop = copy_list(rules ? rules->drop_params : NULL);
    s->rules = (struct url_rules){ (const char *const *)s->keep, (const char *const *)s->drop };
    s->backfill_ms = backfill_ms;
    if (url_parse(&u, site, strlen(site), NULL, &s->rules, NULL)) {
        s->domain = suffix_domain(list, u.host, u.port);
        s->site = xstrdup(u.key);
        url_fini(&u);
    }
    return s;
}

struct scope *scope_ref(struct scope *s)
{
    atomic_fetch_add(&s->references, 1);
    return s;
}

void scope_unref(struct scope *s)
{
    if (!s || atomic_fetch_sub(&s->references, 1) > 1)
        return;
    free(s->domain);
    free(s->site);
    free_list(s->further);
    free_list(s->keep);
    free_list(s->drop);
    free(s);
}

const struct url_rules *scope_rules(const struct scope *s)
{
    return &s->rules;
}

int64_t scope_backfill_ms(const struct scope *s)
{
    return s->backfill_ms;
}

static bool on_site(const struct scope *s, const struct url *u)
{
    char *domain = suffix_domain(s->list, u->host, u->port);
    bool same = s->domain && strcmp(domain, s->domain) == 0;
    for (char **one = s->further; !same && *one; one++)
        same = strcmp(*one, domain) == 0;
    free(domain);
    return same;
}

/* A file that is no page, by the end of its path. */
static bool is_static(const char *fetch)
{
    static const char *const ends[] = {
        "jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "ico", "bmp", "tif", "tiff", "css", "js", "mjs", "json", "xml", "rss", "atom",
        "mp3", "mp4", "m4a", "m4v", "mov", "avi", "webm", "ogg", "wav", "flv", "mpg", "mpeg", "m3u8", "pdf", "doc", "docx", "xls", "xlsx",
        "ppt", "pptx", "odt", "epub", "zip", "gz", "rar", "7z", "tar", "exe", "apk", "dmg", "iso", "woff", "woff2", "ttf", "eot",
    };
    const char *path = url_path(fetch), *end = path + strcspn(path, "?"), *dot = end;
    while (dot > path && *dot != '.' && *dot != '/')
        dot--;
    if (*dot != '.')
        return false;
    for (size_t i = 0; i < COUNT(ends); i++)
        if (strlen(ends[i]) == (size_t)(end - dot - 1) && strncasecmp(ends[i], dot + 1, (size_t)(end - dot - 1)) == 0)
            return true;
    return false;
}

const char *scope_filter(const struct scope *s, const struct url *u)
{
    if (!on_site(s, u))
        return "offsite";
    if (is_static(u->fetch))
        return "static";
    if (url_trap(u->fetch))
        return "trap";
    return s->site && strcmp(u->key, s->site) == 0 ? "front" : NULL;
}

const char *scope_filter_date(const struct scope *s, int64_t dated_ms, int64_t now_ms)
{
    if (dated_ms <= 0 || s->backfill_ms == BACKFILL_ALL || dated_ms > now_ms + FUTURE_MS)
        return NULL; /* a date far in the future says nothing */
    return dated_ms < now_ms - s->backfill_ms ? "old" : NULL;
}

int64_t backfill_parse(const char *text)
{
    char *end;
    if (!text || !*text)
        return 2 * DAY_MS;
    if (strcasecmp(text, "all") == 0)
        return BACKFILL_ALL;
    if (strcasecmp(text, "none") == 0)
        return 0;
    long long n = strtoll(text, &end, 10);
    int64_t unit = *end == 'd' ? DAY_MS : *end == 'h' ? 3600 * 1000 : *end == 'm' ? 60 * 1000 : 0;
    return unit && n >= 0 && n < 36500 && !end[1] ? n * unit : 2 * DAY_MS;
}
