/* address_test.c - every refused range at its first, last and neighbouring addresses, and every embedded form. */
#include "crawler/address.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *address;
    bool allowed, allowed_private; /* without and with allow_private */
} cases[] = {
    { "0.0.0.0", false, false }, { "0.255.255.255", false, false }, { "1.0.0.0", true, true },
    { "9.255.255.255", true, true }, { "10.0.0.0", false, true }, { "10.255.255.255", false, true }, { "11.0.0.0", true, true },
    { "100.63.255.255", true, true }, { "100.64.0.0", false, false }, { "100.127.255.255", false, false },
    { "100.128.0.0", true, true }, { "126.255.255.255", true, true }, { "127.0.0.1", false, true },
    { "127.255.255.255", false, true }, { "128.0.0.0", true, true }, { "169.253.255.255", true, true },
    { "169.254.169.254", false, false }, { "169.255.0.0", true, true }, { "172.15.255.255", true, true },
    { "172.16.0.0", false, true }, { "172.31.255.255", false, true }, { "172.32.0.0", true, true },
    { "192.0.0.1", false, false }, { "192.0.1.0", true, true }, { "192.0.2.1", false, false }, { "192.88.99.1", false, false },
    { "192.167.255.255", true, true }, { "192.168.0.0", false, true }, { "192.168.255.255", false, true },
    { "192.169.0.0", true, true }, { "198.17.255.255", true, true }, { "198.18.0.0", false, false },
    { "198.19.255.255", false, false }, { "198.20.0.0", true, true }, { "198.51.100.7", false, false },
    { "203.0.113.7", false, false }, { "223.255.255.255", true, true }, { "224.0.0.1", false, false },
    { "240.0.0.1", false, false }, { "255.255.255.255", false, false }, { "93.184.216.34", true, true },
    { "::", false, false }, { "::1", false, true }, { "::ffff:127.0.0.1", false, true }, { "::ffff:8.8.8.8", true, true },
    { "::ffff:169.254.169.254", false, false }, { "::ffff:0:10.0.0.1", false, true }, { "::10.0.0.1", false, true },
    { "::8.8.8.8", true, true }, { "64:ff9b::a00:1", false, true }, { "64:ff9b::808:808", true, true },
    { "64:ff9b::a9fe:a9fe", false, false }, { "64:ff9b:1::808:808", false, false }, { "2002:a00:1::1", false, true },
    { "2002:808:808::1", true, true }, { "2002:a9fe:a9fe::", false, false }, { "100::1", false, false },
    { "2001::1", false, false }, { "2001:1ff::1", false, false }, { "2001:200::1", true, true }, { "2001:db8::1", false, false },
    { "3fff::1", false, false }, { "5f00::1", false, false }, { "fc00::1", false, true }, { "fdff::1", false, true },
    { "fe80::1", false, false }, { "febf::1", false, false }, { "fec0::1", false, false }, { "ff02::1", false, false },
    { "2606:2800:220:1::1", true, true }, { "2a00:1450:4001:0:0:5efe:a00:1", false, true },
    { "2a00:1450:4001:0:200:5efe:808:808", true, true },
};

static struct sockaddr_storage sockaddr_of(const char *text, const char *port)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *found;
    struct sockaddr_storage out = { 0 };
    assert_int_equal(getaddrinfo(text, port, &hints, &found), 0);
    memcpy(&out, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return out;
}

static void addresses(void **state)
{
    (void)state;
    struct address_policy *strict = address_policy_create(false, NULL), *lax = address_policy_create(true, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sockaddr_storage sa = sockaddr_of(cases[i].address, "80");
        const char *why = address_refused(strict, (struct sockaddr *)&sa);
        if ((why == NULL) != cases[i].allowed)
            fail_msg("%s: %s", cases[i].address, why ? why : "allowed");
        why = address_refused(lax, (struct sockaddr *)&sa);
        if ((why == NULL) != cases[i].allowed_private)
            fail_msg("%s with allow_private: %s", cases[i].address, why ? why : "allowed");
    }
    address_policy_destroy(strict);
    address_policy_destroy(lax);
}

static void ports(void **state)
{
    (void)state;
    static const struct { const char *address, *port; bool allowed, allowed_private; } rows[] = {
        { "93.184.216.34", "80", true, true }, { "93.184.216.34", "443", true, true }, { "93.184.216.34", "8080", true, true },
        { "93.184.216.34", "8443", true, true }, { "93.184.216.34", "8000", true, true }, { "93.184.216.34", "22", false, false },
        { "93.184.216.34", "6379", false, false }, { "93.184.216.34", "25", false, false }, { "10.0.0.1", "22", false, false },
        { "127.0.0.1", "8000", false, true }, { "127.0.0.1", "40000", false, true }, { "::1", "40000", false, true },
    };
    struct address_policy *p = address_policy_create(false, (uint16_t[]){ 8000, 0 }), *lax = address_policy_create(true, (uint16_t[]){ 8000, 0 });
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sockaddr_storage sa = sockaddr_of(rows[i].address, rows[i].port);
        if ((address_refused(p, (struct sockaddr *)&sa) == NULL) != rows[i].allowed ||
            (address_refused(lax, (struct sockaddr *)&sa) == NULL) != rows[i].allowed_private)
            fail_msg("%s port %s", rows[i].address, rows[i].port);
    }
    address_policy_destroy(lax);
    struct sockaddr local = { .sa_family = AF_UNIX };
    assert_non_null(address_refused(p, &local));
    address_policy_destroy(p);
    address_policy_destroy(NULL);
}

static void without_a_contact(void **state)
{
    (void)state;
    static const struct { const char *address; bool allowed; } rows[] = {
        { "127.0.0.1", true }, { "127.3.4.5", true }, { "::1", true }, { "::ffff:127.0.0.1", true }, { "10.0.0.1", false },
        { "93.184.216.34", false }, { "2606:2800:220:1::1", false },
    };
    struct address_policy *p = address_policy_create(true, NULL);
    address_policy_loopback_only(p);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sockaddr_storage sa = sockaddr_of(rows[i].address, "80");
        const char *why = address_refused(p, (struct sockaddr *)&sa);
        if ((why == NULL) != rows[i].allowed)
            fail_msg("%s: %s", rows[i].address, why ? why : "allowed");
    }
    address_policy_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(addresses), cmocka_unit_test(ports), cmocka_unit_test(without_a_contact) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
