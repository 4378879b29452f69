/* status.h - what is wrong, in words, judged from what a status holds: pure, so that tests need no Redis. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include <jansson.h>

/* status: as `tidings status --json` prints it, but for "problems". Returns an array of texts, the worst first, each naming the
 * thing and what to do. */
json_t *status_problems(const json_t *status);

#endif
