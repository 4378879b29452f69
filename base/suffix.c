/* suffix.c - see suffix.h. The rules are libpsl's; which section counts, and what is a name at all, is decided here:
 * libpsl answers "0.1" for 127.0.0.1 and has no call for the registrable domain by one section, so the labels are walked
 * with psl_is_public_suffix2(). */
#include "base/suffix.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libpsl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct suffix_list {
    psl_ctx_t *owned;     /* NULL when the built-in list is used */
    const psl_ctx_t *psl;
};

static const char *const list_paths[] = {
    "/usr/share/publicsuffix/public_suffix_list.dat",
    "/usr/share/publicsuffix/effective_tld_names.dat",
};

const char *suffix_list_path(void)
{
    for (size_t i = 0; i < COUNT(list_paths); i++)
        if (access(list_paths[i], R_OK) == 0)
            return list_paths[i];
    return NULL;
}

static struct suffix_list *wrap(psl_ctx_t *owned, const psl_ctx_t *psl)
{
    struct suffix_list *list = xcalloc(1, sizeof(*list));
    list->owned = owned;
    list->psl = psl;
    return list;
}

static struct suffix_list *read_list(FILE *f, const char *name, struct error *err)
{
    psl_ctx_t *psl = psl_load_fp(f);
    if (psl && psl_suffix_count(psl) != 0) /* -1: a compiled list, whose count is not known */
        return wrap(psl, psl);
    psl_free(psl);
    error_set(err, ERROR_INVALID, "%s: no rule of a public suffix list in it: take the one from publicsuffix.org or the package publicsuffix", name);
    return NULL;
}

struct suffix_list *suffix_list_load(const char *path, struct error *err)
{
    const char *name = path ? path : suffix_list_path();
    if (!name && psl_builtin())
        return wrap(NULL, psl_builtin());
    if (!name) {
        error_set(err, ERROR_SYSTEM, "no public suffix list on this machine: install the package publicsuffix");
        return NULL;
    }
    FILE *f = fopen(name, "re");
    if (!f) {
        error_set(err, ERROR_SYSTEM, "%s: %s: name a readable public suffix list", name, strerror(errno));
        return NULL;
    }
    struct suffix_list *list = read_list(f, name, err);
    fclose(f);
    return list;
}

struct suffix_list *suffix_list_parse(const char *text, size_t len, struct error *err)
{
    FILE *f = len ? fmemopen((void *)(uintptr_t)text, len, "r") : NULL;
    if (!f) {
        error_set(err, ERROR_INVALID, "public suffix list: empty");
        return NULL;
    }
    struct suffix_list *list = read_list(f, "public suffix list", err);
    fclose(f);
    return list;
}

void suffix_list_destroy(struct suffix_list *list)
{
    if (!list)
        return;
    psl_free(list->owned);
    free(list);
}

static bool is_address(const char *host)
{
    struct in_addr a;
    return host[0] == '[' || inet_pton(AF_INET, host, &a) == 1;
}

static char *address_domain(const char *host, int port)
{
    if (port == 0 || port == 80 || port == 443)
        return xstrdup(host);
    return xasprintf("%s:%d", host, port);
}

/* One label more than the longest public suffix that host ends in. */
static char *registrable(const struct suffix_list *list, const char *host, int port, int sections)
{
    if (is_address(host))
        return address_domain(host, port);
    const char *longer = host;
    for (const char *s = host; s;) {
        if (psl_is_public_suffix2(list->psl, s, sections))
            return xstrdup(longer); /* the host itself where it is a suffix */
        longer = s;
        const char *dot = strchr(s, '.');
        s = dot ? dot + 1 : NULL;
    }
    return xstrdup(host);
}

char *suffix_domain(const struct suffix_list *list, const char *host, int port)
{
    return registrable(list, host, port, PSL_TYPE_ICANN);
}

char *suffix_budget(const struct suffix_list *list, const char *host, int port)
{
    return registrable(list, host, port, PSL_TYPE_ANY);
}
