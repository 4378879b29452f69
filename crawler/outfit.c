/* outfit.c - see outfit.h. */
#include "crawler/outfit.h"

#include <stdio.h>
#include <stdlib.h>

#define POOL_THREADS 4 /* libuv's own default, where nobody set another */
#define FIRST_BYTE_MS 30000
#define STALL_MS 15000
#define STALL_BYTES 3000

struct address_policy *outfit_addresses(const struct config *config)
{
    uint16_t ports[CONFIG_LIST_MAX + 1] = { 0 };
    size_t n = 0;
    for (char *const *p = config->crawler.allow_ports.items; *p && n < CONFIG_LIST_MAX; p++)
        ports[n++] = (uint16_t)atoi(*p);
    struct address_policy *p = address_policy_create(config->crawler.allow_private, ports);
    if (!config->contact)
        address_policy_loopback_only(p);
    return p;
}

/* Half of libuv's pool may look up names. */
static int dns_lookups(void)
{
    const char *threads = getenv("UV_THREADPOOL_SIZE");
    int n = threads ? atoi(threads) : POOL_THREADS;
    return n >= 2 ? n / 2 : 1;
}

struct fetcher_options outfit_fetcher(const struct config *config, char agent[USER_AGENT_MAX])
{
    int64_t timeout_ms = config->crawler.timeout_ms;
    snprintf(agent, USER_AGENT_MAX, "tidings/%s (+%s)", TIDINGS_VERSION, config->contact ? config->contact : "no contact: loopback only");
    return (struct fetcher_options){
        .user_agent = config->crawler.user_agent ? config->crawler.user_agent : agent, .ca_file = getenv("SSL_CERT_FILE"),
        .dns_lookups = dns_lookups(), .connect_timeout_ms = config->crawler.connect_timeout_ms, .timeout_ms = timeout_ms,
        .first_byte_ms = timeout_ms < FIRST_BYTE_MS ? timeout_ms : FIRST_BYTE_MS, .stall_ms = STALL_MS, .stall_bytes = STALL_BYTES };
}
