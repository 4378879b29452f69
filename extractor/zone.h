/* zone.h - offsets of time zones, from a table of rules in force: no files, since the process that needs it may open none.
 * Past years get today's rule. */
#ifndef EXTRACTOR_ZONE_H
#define EXTRACTOR_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* Minutes east of UTC in zone ("Asia/Ho_Chi_Minh", "+07:00") when its clocks show local_s (Unix time as if they showed UTC).
 * False when the name is not known. */
bool zone_offset(const char *zone, int64_t local_s, int *offset_min);

/* The zone of a host by its country's domain (.vn), NULL when the domain is no country's or the country has several. */
const char *zone_of_host(const char *host);

#endif
