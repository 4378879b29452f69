/* letters.c - see letters.h. */
#include "cli/letters.h"

#include "base/mem.h"

#include <inttypes.h>
#include <string.h>

static const char *const stages[] = { "crawl", "extract", "load" };

/* The reason of a field STAGE:REASON of this stage, else NULL. */
static const char *reason_of(const char *field, const char *stage)
{
    size_t n = strlen(stage);
    return strncmp(field, stage, n) == 0 && field[n] == ':' ? field + n + 1 : NULL;
}

int64_t letters_of(const json_t *counts, const char *stage)
{
    const char *field;
    json_t *n;
    int64_t total = 0;
    json_object_foreach((json_t *)counts, field, n)
        if (!stage || reason_of(field, stage))
            total += json_integer_value(n);
    return total;
}

static void say_stage(const json_t *counts, const char *stage, struct buffer *out)
{
    const char *field, *before = " (";
    json_t *n;
    buffer_printf(out, "%s %" PRId64, stage, letters_of(counts, stage));
    json_object_foreach((json_t *)counts, field, n) {
        if (!reason_of(field, stage))
            continue;
        buffer_printf(out, "%s%s %" PRId64, before, reason_of(field, stage), (int64_t)json_integer_value(n));
        before = ", ";
    }
    if (before[0] == ',')
        buffer_putc(out, ')');
}

void letters_say(const json_t *counts, struct buffer *out)
{
    for (size_t i = 0; i < COUNT(stages); i++) {
        buffer_puts(out, i ? ", " : "");
        say_stage(counts, stages[i], out);
    }
}
