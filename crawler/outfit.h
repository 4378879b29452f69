/* outfit.h - what the configuration says about requests: to whom, as whom, how long. The same for the stage and for commands. */
#ifndef CRAWLER_OUTFIT_H
#define CRAWLER_OUTFIT_H

#include "config/config.h"
#include "crawler/address.h"
#include "crawler/fetch.h"

#define USER_AGENT_MAX 300

/* The caller owns it. Without a contact only loopback is asked. */
struct address_policy *outfit_addresses(const struct config *config);
/* Fills in all but addresses, budget and reserve_bytes. agent must live as long as the options. */
struct fetcher_options outfit_fetcher(const struct config *config, char agent[USER_AGENT_MAX]);

#endif
