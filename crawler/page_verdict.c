/* page_verdict.c - see page_verdict.h. */
#include "crawler/page_verdict.h"

#include "base/mem.h"

#define GONE_TRIES 3            /* 404s in a row before a known article counts as removed; 410 counts at once */
#define RETRY_FIRST_MS (30 * 1000LL)
#define RETRY_MAX_MS (3600 * 1000LL)

static struct page_verdict closed(enum outcome outcome, const char *detail)
{
    return (struct page_verdict){ .fate = PAGE_CLOSE, .outcome = outcome, .detail = detail };
}

struct page_verdict page_again(const char *detail, int attempts, int64_t retry_after_ms)
{
    int64_t wait_ms = RETRY_FIRST_MS;
    if (attempts + 1 >= PAGE_TRIES_MAX)
        return closed(OUTCOME_FAILED, detail);
    for (int i = 0; i < attempts && wait_ms < RETRY_MAX_MS; i++)
        wait_ms *= 2;
    if (wait_ms > RETRY_MAX_MS)
        wait_ms = RETRY_MAX_MS;
    return (struct page_verdict){ .fate = PAGE_RETRY, .detail = detail, .retry_in_ms = retry_after_ms > wait_ms ? retry_after_ms : wait_ms };
}

const char *page_status_detail(int status)
{
    static const struct { int status; const char *detail; } rows[] = {
        { 400, "http_400" }, { 401, "http_401" }, { 402, "http_402" }, { 403, "http_403" }, { 404, "http_404" }, { 406, "http_406" },
        { 410, "http_410" }, { 429, "http_429" }, { 451, "http_451" }, { 500, "http_500" }, { 502, "http_502" }, { 503, "http_503" },
        { 504, "http_504" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].status == status)
            return rows[i].detail;
    return status < 200 ? "http_1xx" : status < 300 ? "http_2xx" : status < 400 ? "http_3xx" : status < 500 ? "http_4xx" : "http_5xx";
}

struct page_verdict page_judge(enum fetch_error error, int status, bool walled, bool known, int attempts, int64_t retry_after_ms)
{
    const char *detail = walled ? "blocked" : page_status_detail(status);
    if (error == FETCH_REFUSED || error == FETCH_INVALID)
        return closed(OUTCOME_FAILED, fetch_error_name(error));
    if (error != FETCH_OK)
        return page_again(fetch_error_name(error), attempts, 0);
    if (status == 304)
        return closed(OUTCOME_UNCHANGED, NULL);
    if (known && (status == 410 || (status == 404 && attempts + 1 >= GONE_TRIES)))
        return (struct page_verdict){ .fate = PAGE_GONE };
    if (status == 408 || status == 425 || status == 429 || status >= 500 || (known && status == 404))
        return page_again(detail, attempts, retry_after_ms);
    return closed(OUTCOME_FAILED, detail);
}
