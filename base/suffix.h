/* suffix.h - the public suffix list. Domains (which frontier partition) go by its ICANN section, budgets (politeness) by
 * the full list. Immutable after loading: any thread may read it. */
#ifndef BASE_SUFFIX_H
#define BASE_SUFFIX_H

#include "base/error.h"

#include <stddef.h>

struct suffix_list;

struct suffix_list *suffix_list_load(const char *path, struct error *err); /* NULL path: the distribution's, else libpsl's own */
/* Where the distribution keeps the list as text, or NULL when it is not installed: what the frontier puts into Redis. */
const char *suffix_list_path(void);
struct suffix_list *suffix_list_parse(const char *text, size_t len, struct error *err);
void suffix_list_destroy(struct suffix_list *list);

/* The registrable domain of host (lower case, punycode), by the ICANN section. Names without a registrable domain are
 * their own domain. So are IP literals, with their port ("127.0.0.1:8080") unless it is 0, 80 or 443: http and https of
 * one address have one key form and so must have one domain; for names the port means nothing. The caller frees it; never
 * NULL. */
char *suffix_domain(const struct suffix_list *list, const char *host, int port);
/* The same by the full list: each blog of a blog host has its own. */
char *suffix_budget(const struct suffix_list *list, const char *host, int port);

#endif
