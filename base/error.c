/* error.c - see error.h. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_kind kind, const char *fmt, ...)
{
    if (err) {
        va_list args;
        va_start(args, fmt);
        err->kind = kind;
        vsnprintf(err->message, sizeof(err->message), fmt, args);
        va_end(args);
    }
    return false;
}

bool error_prefix(struct error *err, const char *fmt, ...)
{
    if (err) {
        char tail[sizeof(err->message)];
        memcpy(tail, err->message, sizeof(tail));
        va_list args;
        va_start(args, fmt);
        int n = vsnprintf(err->message, sizeof(err->message), fmt, args);
        va_end(args);
        if (n >= 0 && (size_t)n < sizeof(err->message))
            snprintf(err->message + n, sizeof(err->message) - (size_t)n, ": %s", tail);
    }
    return false;
}

const char *error_kind_name(enum error_kind kind)
{
    static const char *const names[] = { "transient", "invalid", "limit", "system" };
    return names[kind];
}
