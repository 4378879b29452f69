/* explain.h - what `tidings explain` has gathered, told to people. */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include <jansson.h>

/* told: as docs/manual.md describes `tidings explain --json`. To standard output. */
void explain_print(const json_t *told);

#endif
