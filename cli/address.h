/* address.h - the address of a site or a page as a person types it: with or without https://. */
#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include "base/error.h"
#include "base/url.h"
#include "cli/command.h"

/* url_fini() when true. ERROR_INVALID says what is wrong with it and what an address looks like. */
bool address_typed(const char *text, struct url *out, struct error *err);
/* STATUS_OK when all arguments from the first on are addresses; else STATUS_USAGE, the first that is none named. */
int address_check(const struct invocation *inv, int first);

#endif
