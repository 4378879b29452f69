/* check.h - what unit tests share: cmocka, and a check that names the row of the table it failed for. */
#ifndef TESTS_UNIT_CHECK_H
#define TESTS_UNIT_CHECK_H

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CHECK(condition, ...)                                                          \
    do {                                                                               \
        if (!(condition)) {                                                            \
            print_error("failed: %s: ", #condition);                                   \
            print_error(__VA_ARGS__), print_error("\n");                                                \
            fail_msg("see above");                                                     \
        }                                                                              \
    } while (0)

#endif
