/* error.h - what went wrong, in words, and what kind of failure it is. The kind decides what a stage does next. The
 * function that sees the failure writes the message, before cleanup can change errno. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum error_kind {
    ERROR_TRANSIENT, /* a dependency is away, the same call may work later: pause and retry in place */
    ERROR_INVALID,   /* this input can never work: dead letter at once, with the reason */
    ERROR_LIMIT,     /* a bound of ours was reached: slow down, or drop and count */
    ERROR_SYSTEM,    /* this process cannot go on: report and exit */
};

struct error {
    enum error_kind kind;
    char message[512];
};

/* Fills *err (which may be NULL) and returns false, so that callers can `return error_set(...)`. */
bool error_set(struct error *err, enum error_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message that *err (which may be NULL) holds, and returns false. */
bool error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "transient", "invalid", "limit" or "system". */
const char *error_kind_name(enum error_kind kind);

#endif
