/* trouble.h - why a site brings nothing, in words, and what to try. One table for a source's row (`status`, `sources`, `run`),
 * for probe and for fetch. The words fit a row (POLL_STATUS_SIZE). */
#ifndef CRAWLER_TROUBLE_H
#define CRAWLER_TROUBLE_H

#include "crawler/fetch.h"

#define TROUBLE_ROBOTS_SIZE 48

/* "it takes no connections"; "" for FETCH_OK. FETCH_REFUSED: without the reason. */
const char *trouble_words(enum fetch_error error);
/* Why robots.txt forbids everything: status that came for it, 0 = no answer. */
void trouble_robots(char out[TROUBLE_ROBOTS_SIZE], int status);
/* What to try after a look at a site that failed with these words; NULL: they tell of no trouble we know of. */
const char *trouble_remedy(const char *words);
/* Of a look that failed for sure: never NULL. */
const char *trouble_remedy_of_failure(const char *words);

#endif
