/* retry_after.c - see retry_after.h. */
#include "crawler/retry_after.h"

#include "base/date.h"

#include <ctype.h>
#include <stdlib.h>

#define SLOW_MS 5000 /* from the request to the first byte: the host is asked less often for a while */

bool retry_after_parse(const char *value, int64_t now_unix_ms, int64_t *out_ms)
{
    int64_t unix_s, ms;
    while (*value == ' ')
        value++;
    if (isdigit((unsigned char)*value)) {
        char *end;
        long long seconds = strtoll(value, &end, 10);
        while (*end == ' ')
            end++;
        if (*end && *end != ',') /* several of them, joined: the first counts */
            return false;
        ms = seconds > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : seconds * 1000;
    } else if (date_parse_http(value, &unix_s)) {
        ms = unix_s * 1000 - now_unix_ms;
    } else {
        return false;
    }
    *out_ms = ms < 0 ? 0 : ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : ms;
    return true;
}

struct host_effect host_effect_of(const struct fetch_result *r, int64_t now_unix_ms)
{
    struct host_effect e = { .crawl_delay_ms = -1, .slow = r->first_byte_ms > SLOW_MS };
    switch (r->error) {
    case FETCH_CONNECT:
    case FETCH_TIMEOUT:
    case FETCH_BROKEN:
    case FETCH_TLS: e.failed = true; break;
    default: break;
    }
    if (r->status == 429 || r->status == 503)
        e.failed = true;
    if (r->header[HEADER_RETRY_AFTER] && (r->status == 429 || r->status == 503))
        retry_after_parse(r->header[HEADER_RETRY_AFTER], now_unix_ms, &e.retry_after_ms);
    return e;
}
