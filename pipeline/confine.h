/* confine.h - what a process gives up for good once it has started: calls that a worker never makes, and that who had taken it
 * over through a hostile page would want first. Everything else stays allowed; that the parsers may do next to nothing is
 * extractor/pool.h's. */
#ifndef PIPELINE_CONFINE_H
#define PIPELINE_CONFINE_H

#include "base/error.h"

#include <stdbool.h>

/* From here on looking into other processes, the kernel's own programs and keys, mounts, namespaces and modules fail with EPERM, in
 * all threads and in children; with exec, so does starting a program. Calls may be added up. ERROR_SYSTEM where the kernel has no
 * seccomp; nothing has changed then. */
bool confine(bool exec, struct error *err);

#endif
