/* url.h - the two forms of a URL. The fetch form is what is requested: as published, made absolute, host in punycode,
 * no fragment, RFC 3986 6.2.2 applied where it cannot change what a server sees. The key form (version "k1", rules
 * frozen) identifies: http folded into https, tracking parameters dropped, query sorted. See docs/urls.md. */
#ifndef BASE_URL_H
#define BASE_URL_H

#include "base/error.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>

#define URL_MAX_BYTES 2048 /* of the fetch form; longer ones are ERROR_LIMIT */

struct url {
    char *fetch;      /* owned */
    char *key;        /* owned */
    char *host;       /* owned; lower case, punycode; IPv6 literals in brackets */
    int port;         /* the one given or the scheme's */
    bool https;
    struct id id;     /* id_of(key) */
};

/* Query parameters that the key form keeps although they are on the built-in tracking list, or drops although they are
 * not: names, NULL-terminated; either may be NULL. */
struct url_rules {
    const char *const *keep_params, *const *drop_params;
};

/* Reads text (len bytes, as found in a feed or an HTML attribute: surrounding white space, tabs and newlines inside,
 * backslashes and protocol-relative forms as in the WHATWG standard) against base, an absolute URL or NULL. rules may
 * be NULL. False with ERROR_INVALID when it cannot be fetched over http or https. url_fini() frees what out owns. */
bool url_parse(struct url *out, const char *text, size_t len, const char *base, const struct url_rules *rules, struct error *err);
void url_fini(struct url *u); /* a zeroed one is fine */

/* Makes text absolute against base and otherwise leaves it as published. NULL when it cannot be made absolute. The caller
 * frees it. */
char *url_absolute(const char *text, size_t len, const char *base);

#endif
