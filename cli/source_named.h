/* source_named.h - is what somebody typed the name of a source? For commands that found nothing under it. */
#ifndef CLI_SOURCE_NAMED_H
#define CLI_SOURCE_NAMED_H

#include "cli/command.h"
#include "cli/connect.h"

/* STATUS_OK: it is one, or was one whose articles are kept. Else says that none is called so, with the nearest names, and returns
 * STATUS_NO (or the status of a server that does not answer). */
int source_named(const struct invocation *inv, const struct connection *c, const char *name);

#endif
