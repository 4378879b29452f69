/* near.h - how near two names are, for "did you mean". */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

#define NEAR_MAX 64 /* bytes; longer names are near to nothing */

/* How many letters differ: inserted, left out, replaced, or two swapped (optimal string alignment); case does not count. */
size_t near_distance(const char *a, const char *b);

#endif
