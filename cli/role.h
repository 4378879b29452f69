/* role.h - a role as a process; and the log as configured, which `run` shares. */
#ifndef CLI_ROLE_H
#define CLI_ROLE_H

#include "cli/command.h"
#include "config/config.h"
#include "pipeline/stage.h"

#include <stdbool.h>

void role_log_init(const struct config *config, int fd);
/* Runs one stage as a process against Kafka and Redis until it is told to stop. */
int role_run(struct invocation *inv, const struct stage *stage, int default_port);

#endif
