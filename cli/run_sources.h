/* run_sources.h - which sites `tidings run` watches, and in whose name it asks them. */
#ifndef CLI_RUN_SOURCES_H
#define CLI_RUN_SOURCES_H

#include "base/error.h"
#include "cli/command.h"
#include "cli/state_dir.h"
#include "config/config.h"
#include "pipeline/meta.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>

/* Adds the named sites as sources (those that are there already stay as they are). ERROR_INVALID: one is no address, cannot
 * be reached as configured (loopback without crawler.allow_private), or there is nothing to watch at all. */
bool run_sources_add(redisContext *c, const struct meta *meta, const struct config *config, char **sites, int count, struct error *err);

/* Before the named sites are added, so that a refused start leaves none behind. Sees that config->contact is set when a source is
 * beyond loopback: as configured, else as remembered in the state directory, else asked for on a terminal and remembered. Where it
 * cannot be asked for, or only sites of this machine are named, those of this machine are watched without. ERROR_INVALID with the
 * line to type: a named site, or all there is to watch, is beyond. */
bool run_contact(redisContext *c, struct config *config, const struct state_dir *state, const struct invocation *inv, struct error *err);

/* Makes all polls due now. */
bool run_sources_poll_now(redisContext *c, const struct meta *meta, const struct config *config, struct error *err);

/* Is the host of this address this machine by its very form: localhost, 127.x.y.z, [::1]? */
bool site_is_loopback(const char *url);

#endif
