#include "pipeline/recheck.h"

#include "base/mem.h"

#define MINUTE_MS ((int64_t)60000)

static const int64_t ages_ms[] = { 10 * MINUTE_MS, 60 * MINUTE_MS, 6 * 60 * MINUTE_MS, 24 * 60 * MINUTE_MS };

int64_t recheck_in_ms(int64_t age_ms, int *step)
{
    for (int i = 0; i < (int)COUNT(ages_ms); i++) {
        if (ages_ms[i] - age_ms < MINUTE_MS)
            continue;
        if (step)
            *step = i + 1;
        return ages_ms[i] - (age_ms > 0 ? age_ms : 0);
    }
    return 0;
}
