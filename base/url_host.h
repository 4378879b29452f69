/* url_host.h - the host part of a URL to the form that is looked up: lower-case letters, digits, "-", "_" and dots. Used
 * by url.c; separate because its rules (WHATWG host parsing, UTS 46, IPv4 and IPv6 forms) are a world of their own. */
#ifndef BASE_URL_HOST_H
#define BASE_URL_HOST_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends the normal form of host (as it stands in a URL: percent-encoded, Unicode, brackets around IPv6; no port):
 *   names       percent-decoded, UTS 46 non-transitional to punycode, lower case, without a final dot, labels of 1 to 63
 *               bytes of [a-z0-9_-], 253 in all
 *   IPv4        decimal, octal, hex, one to four parts -> dotted decimal; a name whose last label is a number and that is
 *               not such an address is refused, as in the WHATWG standard
 *   IPv6        the longest run of zeros as "::", hex only, in brackets; no zone
 * False with ERROR_INVALID and the reason. */
bool url_host(const char *host, size_t len, struct buffer *out, struct error *err);

#endif
