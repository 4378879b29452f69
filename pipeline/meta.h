/* meta.h - what all processes of one installation must agree on, kept in Redis at PREFIX:meta: the version of the key form,
 * the number of frontier partitions, the version of the key layout, and the public suffix list in force. The first process
 * writes it; a process that differs refuses to start, in words. Immutable once loaded: any thread may read it. */
#ifndef PIPELINE_META_H
#define PIPELINE_META_H

#include "base/error.h"
#include "base/suffix.h"

#include <hiredis/hiredis.h>

#define META_KEY_FORM "k1"
#define META_LAYOUT "3" /* of all keys of one server: raised when what one holds changes its form */

struct meta;

/* Blocking: at start-up, and in commands. create: write what is missing (roles and run do, questions do not). partitions is
 * the configured number, 0 = whatever is stored. ERROR_SYSTEM when what is stored differs from what this program needs. */
struct meta *meta_load(redisContext *c, const char *prefix, int partitions, bool create, struct error *err);
void meta_destroy(struct meta *m);
int meta_partitions(const struct meta *m);
const struct suffix_list *meta_suffix_list(const struct meta *m);

/* Where a host belongs: its registrable domain (ICANN section) decides the partition, its budget (full list) the manners. */
struct place {
    int partition;
    char *domain, *budget; /* owned: place_fini() */
};
/* host and port as in struct url. */
struct place place_of(const struct meta *m, const char *host, int port);
void place_fini(struct place *p);

#endif
