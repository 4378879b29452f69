/* param_rules.c - see param_rules.h. */
#include "cli/param_rules.h"

#include "base/mem.h"
#include "cli/address.h"
#include "cli/row.h"

#include <stdlib.h>
#include <string.h>

/* NULL-terminated; the array is the caller's, the strings are lent. */
static const char **strings_of(const json_t *array)
{
    size_t i, n = 0;
    json_t *s;
    const char **list = xcalloc(json_array_size(array) + 1, sizeof(*list));
    json_array_foreach((json_t *)array, i, s)
        if (json_is_string(s))
            list[n++] = json_string_value(s);
    return list;
}

void param_rules_init(struct param_rules *r, const json_t *row)
{
    r->keep = strings_of(json_object_get(row, "keep_params"));
    r->drop = strings_of(json_object_get(row, "drop_params"));
    r->rules = (struct url_rules){ r->keep, r->drop };
}

void param_rules_fini(struct param_rules *r)
{
    free(r->keep);
    free(r->drop);
}

const json_t *source_row_of_domain(const json_t *rows, const struct meta *meta, const char *domain)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)rows, i, row) {
        struct url u;
        const char *url = row_text(row, "url");
        if (!url_parse(&u, url, strlen(url), NULL, NULL, NULL))
            continue;
        char *own = suffix_domain(meta_suffix_list(meta), u.host, u.port);
        bool same = own && strcmp(own, domain) == 0;
        free(own);
        url_fini(&u);
        if (same)
            return row;
    }
    return NULL;
}

bool address_by_rules(const char *typed, const json_t *rows, const struct meta *meta, struct url *out, struct error *err)
{
    struct url plain;
    struct param_rules r;
    if (!address_typed(typed, &plain, err))
        return false;
    struct place place = place_of(meta, plain.host, plain.port);
    param_rules_init(&r, source_row_of_domain(rows, meta, place.domain));
    bool ok = url_parse(out, plain.fetch, strlen(plain.fetch), NULL, &r.rules, err);
    param_rules_fini(&r);
    place_fini(&place);
    url_fini(&plain);
    return ok;
}
