/* address.c - see address.h. */
#include "cli/address.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

bool address_typed(const char *text, struct url *out, struct error *err)
{
    struct error why;
    char *typed = url_typed(text);
    bool ok = url_parse(out, typed, strlen(typed), NULL, NULL, &why);
    free(typed);
    if (ok)
        return true;
    return error_set(err, ERROR_INVALID, "%s is no address (%.100s). Give it as a browser shows it: https://news.example.org/", log_quote(text), why.message);
}

int address_check(const struct invocation *inv, int first)
{
    struct error err;
    struct url u;
    for (int i = first; i < inv->argc; i++) {
        if (!address_typed(inv->argv[i], &u, &err))
            return command_say(inv, STATUS_USAGE, "%s", err.message);
        url_fini(&u);
    }
    return STATUS_OK;
}
