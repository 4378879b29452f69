/* scope.h - what of that which a source shows is worth fetching: its own domain's addresses that may be articles and are not
 * older than the backfill. Immutable once made, shared by reference count, used in libuv's pool: a copy of what it needs. */
#ifndef CRAWLER_SCOPE_H
#define CRAWLER_SCOPE_H

#include "base/suffix.h"
#include "base/url.h"

#include <stdbool.h>
#include <stdint.h>

#define BACKFILL_ALL INT64_MAX
#define BACKFILL_ITEMS 50 /* of one poll of a source that is seen for the first time */

struct scope;

/* site: the source's address; further: sites whose domains count as the source's, NULL-terminated or NULL. backfill_ms: items
 * dated before are old. list is borrowed. */
struct scope *scope_create(const struct suffix_list *list, const char *site, const char *const *further, const struct url_rules *rules,
                           int64_t backfill_ms);
struct scope *scope_ref(struct scope *s); /* any thread */
void scope_unref(struct scope *s);        /* NULL is fine */

const struct url_rules *scope_rules(const struct scope *s);
int64_t scope_backfill_ms(const struct scope *s);

/* NULL: fetch it. Else why not, as the ledger counts it: "offsite", "static", "trap", "front". */
const char *scope_filter(const struct scope *s, const struct url *u);
/* "old" when a date (Unix milliseconds, 0: none) lies before the backfill. */
const char *scope_filter_date(const struct scope *s, int64_t dated_ms, int64_t now_ms);

/* "2d", "12h", "30m", "none", "all" in milliseconds; NULL or unreadable: 2 days. */
int64_t backfill_parse(const char *text);

#endif
