/* address.c - see address.h. Ranges are rows of two tables; an embedded IPv4 address is judged by the IPv4 table. */
#include "crawler/address.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define OWN_MAX 64
#define PORTS_MAX 32

struct address_policy {
    bool allow_private, loopback_only;
    uint16_t ports[PORTS_MAX];
    int port_count;
    struct in6_addr own[OWN_MAX]; /* IPv4 as mapped addresses */
    int own_count;
};

struct range {
    uint8_t prefix[16];
    int bits;
    bool local; /* allowed by allow_private */
    const char *why;
};

static const struct range ranges4[] = {
    { { 0 }, 8, false, "\"this network\" address (RFC 791)" },
    { { 10 }, 8, true, "private address (RFC 1918)" },
    { { 100, 64 }, 10, false, "carrier's shared address (RFC 6598)" },
    { { 127 }, 8, true, "loopback address" },
    { { 169, 254 }, 16, false, "link-local address (RFC 3927)" },
    { { 172, 16 }, 12, true, "private address (RFC 1918)" },
    { { 192, 0, 0 }, 24, false, "protocol assignment address (RFC 6890)" },
    { { 192, 0, 2 }, 24, false, "documentation address (RFC 5737)" },
    { { 192, 88, 99 }, 24, false, "6to4 relay address (RFC 7526)" },
    { { 192, 168 }, 16, true, "private address (RFC 1918)" },
    { { 198, 18 }, 15, false, "benchmarking address (RFC 2544)" },
    { { 198, 51, 100 }, 24, false, "documentation address (RFC 5737)" },
    { { 203, 0, 113 }, 24, false, "documentation address (RFC 5737)" },
    { { 224 }, 3, false, "multicast or reserved address" },
};

static const struct range ranges6[] = {
    { { 0 }, 128, false, "unspecified address" },
    { { [15] = 1 }, 128, true, "loopback address" },
    { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48, false, "local-use translation address (RFC 8215)" },
    { { 0x01, 0x00 }, 64, false, "discard-only address (RFC 6666)" },
    { { 0x20, 0x01 }, 23, false, "protocol assignment address (RFC 2928), Teredo among them" },
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32, false, "documentation address (RFC 3849)" },
    { { 0x3f, 0xff }, 20, false, "documentation address (RFC 9637)" },
    { { 0x5f, 0x00 }, 16, false, "segment routing address (RFC 9602)" },
    { { 0xfc }, 7, true, "private address (RFC 4193)" },
    { { 0xfe, 0x80 }, 10, false, "link-local address" },
    { { 0xfe, 0xc0 }, 10, false, "site-local address (RFC 3879)" },
    { { 0xff }, 8, false, "multicast address" },
};

static const struct embedding { /* where an IPv6 address carries an IPv4 one */
    uint8_t prefix[12];
    int bits, at;
} embeddings[] = {
    { { [10] = 0xff, [11] = 0xff }, 96, 12 },             /* mapped, RFC 4291 2.5.5.2 */
    { { [8] = 0xff, [9] = 0xff }, 96, 12 },               /* translated, RFC 2765 */
    { { 0 }, 96, 12 },                                    /* compatible, RFC 4291 2.5.5.1 */
    { { 0x00, 0x64, 0xff, 0x9b }, 96, 12 },               /* NAT64, RFC 6052 */
    { { 0x20, 0x02 }, 16, 2 },                            /* 6to4, RFC 3056 */
};

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, int bits)
{
    if (memcmp(address, prefix, (size_t)bits / 8) != 0)
        return false;
    int rest = bits % 8;
    return rest == 0 || ((address[bits / 8] ^ prefix[bits / 8]) & (0xff << (8 - rest))) == 0;
}

static const char *in_ranges(const struct address_policy *p, const struct range *rows, size_t count, const uint8_t *address)
{
    for (size_t i = 0; i < count; i++)
        if (!(rows[i].local && p->allow_private) && has_prefix(address, rows[i].prefix, rows[i].bits))
            return rows[i].why;
    return NULL;
}

static const char *refused4(const struct address_policy *p, const uint8_t *address)
{
    return in_ranges(p, ranges4, COUNT(ranges4), address);
}

/* ISATAP (RFC 5214 6.1): an interface identifier 0000:5efe or 0200:5efe before the IPv4 address. */
static bool is_isatap(const uint8_t *a)
{
    return (a[8] & 0xfd) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe;
}

static const char *refused6(const struct address_policy *p, const uint8_t *address)
{
    const char *why = in_ranges(p, ranges6, COUNT(ranges6), address);
    if (why || IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)address))
        return why;
    for (size_t i = 0; i < COUNT(embeddings); i++)
        if (has_prefix(address, embeddings[i].prefix, embeddings[i].bits))
            return refused4(p, address + embeddings[i].at);
    return is_isatap(address) ? refused4(p, address + 12) : NULL;
}

static struct in6_addr as_mapped(const struct in_addr *v4)
{
    struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };
    memcpy(a.s6_addr + 12, v4, 4);
    return a;
}

/* False for families other than IPv4 and IPv6. */
static bool address_of(const struct sockaddr *sa, struct in6_addr *out, uint16_t *port)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        *out = as_mapped(&in.sin_addr);
        *port = ntohs(in.sin_port);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        *out = in6.sin6_addr;
        *port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}

static bool is_loopback(const struct in6_addr *address)
{
    return IN6_IS_ADDR_LOOPBACK(address) || (IN6_IS_ADDR_V4MAPPED(address) && address->s6_addr[12] == 127);
}

static bool port_allowed(const struct address_policy *p, const struct in6_addr *address, uint16_t port)
{
    for (int i = 0; i < p->port_count; i++)
        if (p->ports[i] == port)
            return true;
    return p->allow_private && is_loopback(address);
}

static bool is_own(const struct address_policy *p, const struct in6_addr *address)
{
    for (int i = 0; i < p->own_count; i++)
        if (memcmp(&p->own[i], address, sizeof(*address)) == 0)
            return true;
    return false;
}

const char *address_refused(const struct address_policy *p, const struct sockaddr *sa)
{
    struct in6_addr address;
    uint16_t port;
    if (!address_of(sa, &address, &port))
        return "neither IPv4 nor IPv6";
    const char *why = refused6(p, address.s6_addr);
    if (!why && p->loopback_only && !is_loopback(&address))
        why = "address beyond this machine, and no contact is set";
    if (!why && !p->allow_private && is_own(p, &address))
        why = "address of this machine";
    if (!why && !port_allowed(p, &address, port))
        why = "port that is not allowed (crawler.allow_ports)";
    return why;
}

static void read_own(struct address_policy *p)
{
    struct ifaddrs *list;
    uint16_t port;
    if (getifaddrs(&list) != 0)
        return; /* the ranges still hold; only a public address of our own goes unnoticed */
    for (struct ifaddrs *i = list; i && p->own_count < OWN_MAX; i = i->ifa_next)
        if (i->ifa_addr && address_of(i->ifa_addr, &p->own[p->own_count], &port))
            p->own_count++;
    freeifaddrs(list);
}

struct address_policy *address_policy_create(bool allow_private, const uint16_t *more_ports)
{
    static const uint16_t usual[] = { 80, 443, 8080, 8443 };
    struct address_policy *p = xcalloc(1, sizeof(*p));
    p->allow_private = allow_private;
    for (size_t i = 0; i < COUNT(usual); i++)
        p->ports[p->port_count++] = usual[i];
    for (; more_ports && *more_ports && p->port_count < PORTS_MAX; more_ports++)
        p->ports[p->port_count++] = *more_ports;
    read_own(p);
    return p;
}

void address_policy_loopback_only(struct address_policy *p)
{
    p->loopback_only = true;
}

void address_policy_destroy(struct address_policy *p)
{
    free(p);
}
