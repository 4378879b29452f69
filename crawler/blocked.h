/* blocked.h - does a site let us in no more? Of each source the last pages count: when most of them were refused (401, 403, 429,
 * 503; a wall or a gate, wall.h), the source is blocked until they are not. In memory, bounded by the number of sources; of those
 * that were refused lately it is kept with the source, too, so that it outlives this worker. */
#ifndef CRAWLER_BLOCKED_H
#define CRAWLER_BLOCKED_H

#include <stdbool.h>
#include <stddef.h>

struct blocked;

struct blocked *blocked_create(void);
void blocked_destroy(struct blocked *b); /* NULL is fine */

/* One page of the source, claimed from that partition, was answered: refused is the reason ("http_403", "Cloudflare check"; 26 bytes are kept);
 * NULL: it was let through. True when that makes the source blocked, or ends it. */
bool blocked_note(struct blocked *b, const char *source, int partition, const char *refused);
/* What to keep with the source, in a few bytes; "" when nothing. False: what is kept need not change. To be asked after each note. */
bool blocked_to_keep(struct blocked *b, const char *source, char *out, size_t size);
/* What was kept, as a claim of the source brings it: taken when no page of it was noted here. */
void blocked_known(struct blocked *b, const char *source, int partition, const char *kept);
/* The partition was lost, others may go on noting: of the sources with pages there, what is kept counts from now on. */
void blocked_forget(struct blocked *b, int partition);
/* The evidence in words, at most 50 bytes ("9 of the last 10 pages http_403"); false when it is not blocked. */
bool blocked_evidence(const struct blocked *b, const char *source, char *out, size_t size);
/* Is this status a refusal, of us rather than of the address? */
bool blocked_status(int status);

#endif
