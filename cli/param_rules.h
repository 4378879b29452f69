/* param_rules.h - which query parameters identify an address is a rule of its source (keep_params, drop_params): commands that
 * take an address, or ask for one again, must go by it as crawlers do, or they speak of another id. */
#ifndef CLI_PARAM_RULES_H
#define CLI_PARAM_RULES_H

#include "base/url.h"
#include "pipeline/meta.h"

#include <jansson.h>

struct param_rules {
    const char **keep, **drop; /* owned lists of strings lent by the row */
    struct url_rules rules;    /* of them */
};
/* Of a row of source_list(), which must outlive it; NULL: none. */
void param_rules_init(struct param_rules *r, const json_t *row);
void param_rules_fini(struct param_rules *r);

/* The row of rows whose address is in this registrable domain; lent, NULL: there is none. */
const json_t *source_row_of_domain(const json_t *rows, const struct meta *meta, const char *domain);

/* Reads what a person typed by the rules of the source in whose domain it is. */
bool address_by_rules(const char *typed, const json_t *rows, const struct meta *meta, struct url *out, struct error *err);

#endif
