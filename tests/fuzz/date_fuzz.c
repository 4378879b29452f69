/* date_fuzz.c - any text; what is found can be written down and read again. */
#include "tests/fuzz/fuzz.h"

#include "base/date.h"
#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup(data, size), out[DATE_TEXT_MAX];
    struct date d, again;
    size_t used = 0;
    int64_t unix_s;

    if (date_parse(text, size, &d) && d.has_zone) {
        date_format(&d, out);
        PROMISE(date_parse(out, strlen(out), &again) && again.unix_s == d.unix_s && again.offset_min == d.offset_min);
    }
    for (size_t at = 0; at < size && date_find(text + at, size - at, data[0] & 1, &d, &used); at += used)
        PROMISE(used > 0 && used <= size - at);
    date_parse_http(text, &unix_s);
    free(text);
    return 0;
}
