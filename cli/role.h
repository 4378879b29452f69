/* role.h - what the roles share with `run`: the log as configured. */
#ifndef CLI_ROLE_H
#define CLI_ROLE_H

#include "config/config.h"

void role_log_init(const struct config *config, int fd);

/* SIGHUP: the configuration read again, with what a role fills in by default. log.level is taken over, other changes but the
 * sources' are named as needing a restart; the caller passes the rest to worker_reload(). NULL: no file was given, or it has a
 * mistake, which is logged and changes nothing. */
struct config *role_read_again(const struct config *now, bool defaults);

#endif
