/* url.h - the two forms of a URL. The fetch form is what is requested: made absolute, host in punycode, no fragment, RFC
 * 3986 6.2.2 applied, nothing else changed. The key form (version "k1", rules frozen) identifies: http folded into
 * https, tracking parameters dropped, query sorted. See docs/urls.md. Everything here is a pure function. */
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
    char *host;       /* owned; lower case, punycode, no final dot; IPv6 literals in brackets */
    int port;         /* the one given or the scheme's */
    bool https;
    struct id id;     /* id_of(key) */
};

/* Query parameters that the key form keeps although they are on the built-in tracking list, or drops although they are
 * not: names, NULL-terminated; either may be NULL. keep wins over drop. */
struct url_rules {
    const char *const *keep_params, *const *drop_params;
};

/* Reads text (len bytes, as found in a feed or an HTML attribute: surrounding white space, tabs and newlines inside,
 * backslashes and protocol-relative forms as in the WHATWG standard) against base, an absolute URL or NULL. rules may
 * be NULL. False with ERROR_INVALID when it cannot be fetched over http or https, or carries a user name (RFC 9110 4.2.4);
 * with ERROR_LIMIT when it is too long; *out is then zeroed. url_fini() frees what out owns. */
bool url_parse(struct url *out, const char *text, size_t len, const char *base, const struct url_rules *rules, struct error *err);
void url_fini(struct url *u); /* a zeroed one is fine */

/* Makes text absolute against base (may be NULL) and otherwise leaves it as published: an address with a scheme of its own
 * only loses surrounding white space, tabs and newlines. NULL when it cannot be made absolute. The caller frees it. */
char *url_absolute(const char *text, size_t len, const char *base);

/* What a person types for an address: "https://" is put in front when it names no scheme ("example.com/news",
 * "localhost:8080"). The caller frees it. */
char *url_typed(const char *text);

/* Path and query of a fetch form, for robots rules and request lines: points into it, "/" at least. */
const char *url_path(const char *fetch);

/* Why a fetch form looks like an endless space of generated links (RFC-valid, and still nobody's article): "depth" for more than 16
 * path segments, "repeats" for a segment or a pair of segments that comes again too often, "parameters" for more than 24.
 * NULL when it does not. The crawler decides what to do about it. */
const char *url_trap(const char *fetch);

#endif
