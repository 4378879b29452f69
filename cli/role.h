/* role.h - what the roles share with `run`: the log as configured. */
#ifndef CLI_ROLE_H
#define CLI_ROLE_H

#include "config/config.h"

void role_log_init(const struct config *config, int fd);

#endif
