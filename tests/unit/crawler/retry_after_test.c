/* retry_after_test.c - Retry-After in its forms, and what an answer means for its host. */
#include "crawler/retry_after.h"

#include "tests/unit/check.h"

#define NOW_MS 1795593600000 /* Wed, 25 Nov 2026 08:00:00 GMT */

static void values(void **state)
{
    (void)state;
    static const struct { const char *value; bool ok; int64_t want_ms; } rows[] = { /* RFC 9110, 10.2.3 */
        { "120", true, 120000 }, { " 120 ", true, 120000 }, { "0", true, 0 }, { "120, 60", true, 120000 },
        { "Wed, 25 Nov 2026 08:10:00 GMT", true, 600000 }, { "Thu, 01 Jan 1970 00:00:00 GMT", true, 0 },
        { "Fri, 25 Nov 2033 08:10:00 GMT", true, RETRY_AFTER_MAX_MS }, { "99999999999999999999", true, RETRY_AFTER_MAX_MS },
        { "-1", false, 0 }, { "soon", false, 0 }, { "", false, 0 }, { "12x", false, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t got_ms = -1;
        bool ok = retry_after_parse(rows[i].value, NOW_MS, &got_ms);
        CHECK(ok == rows[i].ok && (!ok || got_ms == rows[i].want_ms), "%s: %lld", rows[i].value, (long long)got_ms);
    }
}

static void effects(void **state)
{
    (void)state;
    static const struct { const char *name; enum fetch_error error; int status; const char *retry_after; int64_t first_byte_ms; bool failed, slow; int64_t wait_ms; } rows[] = {
        { "fine", FETCH_OK, 200, NULL, 100, false, false, 0 }, { "429", FETCH_OK, 429, NULL, 1, true, false, 0 },
        { "503 with a time", FETCH_OK, 503, "60", 1, true, false, 60000 }, { "500", FETCH_OK, 500, "60", 1, false, false, 0 },
        { "timeout", FETCH_TIMEOUT, 0, NULL, 0, true, false, 0 }, { "no connection", FETCH_CONNECT, 0, NULL, 0, true, false, 0 },
        { "no name", FETCH_DNS, 0, NULL, 0, false, false, 0 }, { "slow", FETCH_OK, 200, NULL, 9000, false, true, 0 },
        { "our limit", FETCH_TOO_LARGE, 200, NULL, 1, false, false, 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fetch_result r = { .error = rows[i].error, .status = rows[i].status, .first_byte_ms = rows[i].first_byte_ms };
        r.header[HEADER_RETRY_AFTER] = rows[i].retry_after;
        struct host_effect e = host_effect_of(&r, NOW_MS);
        CHECK(e.failed == rows[i].failed && e.slow == rows[i].slow && e.retry_after_ms == rows[i].wait_ms && e.crawl_delay_ms == -1, "%s",
              rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(values), cmocka_unit_test(effects) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
