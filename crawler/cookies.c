/* cookies.c - see cookies.h. A line is cut into name, value and attributes; a later cookie of the same name, domain and path takes the
 * place of the one before. */
#include "crawler/cookies.h"

#include "base/buffer.h"
#include "base/date.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct cookie {
    char *pair;         /* "name=value"; owned, and so are the others */
    size_t name_len;
    char *domain, *path;
    bool host_only, secure, gone;
    bool has_age;       /* Max-Age goes before Expires */
};

struct text {
    const char *p;
    size_t len;
};

static struct text trim(const char *p, size_t len)
{
    while (len > 0 && (*p == ' ' || *p == '\t')) {
        p++;
        len--;
    }
    while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
        len--;
    return (struct text){ p, len };
}

/* --- matching --- */

static bool is_address(const char *host)
{
    return host[0] == '[' || isdigit((unsigned char)host[strlen(host) - 1]); /* no name ends in a digit (url_host.h) */
}

/* RFC 6265, 5.1.3. */
static bool domain_matches(const char *host, const char *domain)
{
    size_t len = strlen(host), n = strlen(domain);
    return strcmp(host, domain) == 0 ||
           (!is_address(host) && len > n && host[len - n - 1] == '.' && strcmp(host + len - n, domain) == 0);
}

/* RFC 6265, 5.1.4. path is of a URL: what follows "?" is not of it. */
static bool path_matches(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(path, prefix, n) == 0 && (prefix[n - 1] == '/' || strchr("/?", path[n])); /* also its end: strchr finds NUL */
}

static char *default_path(const struct url *from)
{
    const char *path = url_path(from->fetch);
    size_t len = strcspn(path, "?");
    while (len > 1 && path[len - 1] != '/')
        len--;
    return xstrndup(path, len > 1 ? len - 1 : 1);
}

/* --- reading --- */

/* A time that has passed takes a cookie back; an odd one is none. */
static bool is_past(struct text value, int64_t now_unix_s)
{
    struct date d;
    return date_parse(value.p, value.len, &d) && d.unix_s <= now_unix_s;
}

static void read_attribute(struct cookie *c, struct text name, struct text value, int64_t now_unix_s)
{
    if (name.len == 6 && strncasecmp(name.p, "secure", 6) == 0) {
        c->secure = true;
    } else if (name.len == 4 && strncasecmp(name.p, "path", 4) == 0 && value.len && value.p[0] == '/') {
        free(c->path);
        c->path = xstrndup(value.p, value.len);
    } else if (name.len == 7 && strncasecmp(name.p, "max-age", 7) == 0 && value.len) {
        c->has_age = true;
        c->gone = value.p[0] == '-' || (value.p[0] == '0' && value.len == 1);
    } else if (name.len == 7 && strncasecmp(name.p, "expires", 7) == 0 && !c->has_age) {
        c->gone = is_past(value, now_unix_s);
    } else if (name.len == 6 && strncasecmp(name.p, "domain", 6) == 0) {
        struct text domain = value.len && value.p[0] == '.' ? (struct text){ value.p + 1, value.len - 1 } : value;
        if (domain.len == 0)
            return;
        free(c->domain);
        c->domain = xstrndup(domain.p, domain.len);
        for (char *p = c->domain; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        c->host_only = false;
    }
}

static void cookie_fini(struct cookie *c)
{
    free(c->pair);
    free(c->domain);
    free(c->path);
}

static bool has_control(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)s[i] < 0x20 && s[i] != '\t') || s[i] == 0x7F)
            return true;
    return false;
}

/* False when the line is no cookie, or not one that `from` may set. *c is to be given back in any case. */
static bool read_line(struct cookie *c, const struct url *from, const char *line, size_t len, int64_t now_unix_s)
{
    const char *stop = memchr(line, ';', len), *end = line + len;
    struct text pair = trim(line, stop ? (size_t)(stop - line) : len);
    const char *eq = memchr(pair.p, '=', pair.len);
    *c = (struct cookie){ .host_only = true };
    if (!eq || eq == pair.p || len > COOKIES_MAX_BYTES || has_control(line, len))
        return false;
    struct text name = trim(pair.p, (size_t)(eq - pair.p)), value = trim(eq + 1, pair.len - (size_t)(eq + 1 - pair.p));
    c->pair = xasprintf("%.*s=%.*s", (int)name.len, name.p, (int)value.len, value.p);
    c->name_len = name.len;
    c->domain = xstrdup(from->host);
    c->path = default_path(from);
    for (const char *p = stop; p; p = stop) {
        stop = memchr(p + 1, ';', (size_t)(end - p - 1));
        struct text one = trim(p + 1, (size_t)((stop ? stop : end) - p - 1));
        eq = memchr(one.p, '=', one.len);
        if (eq)
            read_attribute(c, trim(one.p, (size_t)(eq - one.p)), trim(eq + 1, one.len - (size_t)(eq + 1 - one.p)), now_unix_s);
        else
            read_attribute(c, one, (struct text){ "", 0 }, now_unix_s);
    }
    return domain_matches(from->host, c->domain);
}

static void put(struct cookies *c, struct cookie *cookie)
{
    for (size_t i = 0; i < c->count; i++) {
        struct cookie *o = &c->list[i];
        if (o->name_len != cookie->name_len || strncmp(o->pair, cookie->pair, o->name_len) != 0 || strcmp(o->domain, cookie->domain) != 0 ||
            strcmp(o->path, cookie->path) != 0)
            continue;
        cookie_fini(o);
        *o = *cookie;
        return;
    }
    if (c->count == COOKIES_MAX || cookie->gone) {
        cookie_fini(cookie);
        return;
    }
    c->list = c->list ? c->list : xcalloc(COOKIES_MAX, sizeof(*c->list));
    c->list[c->count++] = *cookie;
}

void cookies_take(struct cookies *c, const struct url *from, const char *lines, int64_t now_unix_s)
{
    struct cookie cookie;
    for (const char *p = lines; p && *p;) {
        size_t len = strcspn(p, "\n");
        if (read_line(&cookie, from, p, len, now_unix_s))
            put(c, &cookie);
        else
            cookie_fini(&cookie);
        p += len + (p[len] == '\n');
    }
}

char *cookies_for(const struct cookies *c, const struct url *to)
{
    struct buffer b;
    buffer_init(&b, COOKIES_MAX_BYTES);
    for (size_t i = 0; i < c->count; i++) {
        const struct cookie *o = &c->list[i];
        bool fits = b.len + 2 + strlen(o->pair) <= COOKIES_MAX_BYTES;
        if (o->gone || !fits || (o->secure && !to->https) || !path_matches(url_path(to->fetch), o->path) ||
            !(o->host_only ? strcmp(to->host, o->domain) == 0 : domain_matches(to->host, o->domain)))
            continue;
        buffer_printf(&b, "%s%s", b.len ? "; " : "", o->pair);
    }
    char *header = b.len ? buffer_take(&b) : NULL;
    buffer_fini(&b);
    return header;
}

void cookies_fini(struct cookies *c)
{
    for (size_t i = 0; i < c->count; i++)
        cookie_fini(&c->list[i]);
    free(c->list);
    *c = (struct cookies){ 0 };
}
