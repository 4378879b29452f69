/* fetch_facts.c - what follows from a result alone, whoever made it. */
#include "crawler/fetch.h"

static const char *const error_names[] = { "ok", "dns", "connect", "tls", "timeout", "refused", "truncated", "broken",
                                           "too_large", "invalid" };

const char *fetch_error_name(enum fetch_error e)
{
    return error_names[e];
}

int64_t fetch_counts_from_mono_ms(const struct fetch_result *r, int64_t delay_ms)
{
    int64_t most_ms = delay_ms / 12, read_ms = r->first_byte_ms ? r->first_byte_ms : most_ms;
    return r->sent_mono_ms ? r->sent_mono_ms + (read_ms < most_ms ? read_ms : most_ms) : 0;
}
