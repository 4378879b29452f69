/* address.h - which addresses and ports we connect to. The test is made on the address of the socket that is about to
 * connect, so names, redirects and rebinding cannot get around it (libcurl-security(3)).
 *
 * Refused are all special-purpose ranges of the IANA registries (RFC 6890, 8190), addresses of this machine's own
 * interfaces, and IPv6 forms that carry such an IPv4 address (mapped, compatible, NAT64, 6to4, ISATAP). */
#ifndef CRAWLER_ADDRESS_H
#define CRAWLER_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address_policy;

/* allow_private: loopback, private (RFC 1918, 4193) addresses and our own are allowed, with any port: tests and the sample
 * site. Ports allowed else: 80, 443, 8080, 8443 and the given ones, terminated by 0; NULL = no more. */
struct address_policy *address_policy_create(bool allow_private, const uint16_t *more_ports);
void address_policy_destroy(struct address_policy *p); /* NULL is fine */
/* Nobody is named as being behind the requests: whatever is not loopback is refused from now on. */
void address_policy_loopback_only(struct address_policy *p);

/* Returns NULL when a connection to sa may be made, else why not, in words (static). */
const char *address_refused(const struct address_policy *p, const struct sockaddr *sa);

#endif
