/* link_header_fuzz.c - any bytes as a Link header: an address that is absolute, or none; it ends. */
#include "tests/fuzz/fuzz.h"

#include "base/mem.h"
#include "crawler/websub.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *header = xstrndup((const char *)data, size);
    char *url = websub_link(header, "hub", "https://a.example/feed");
    PROMISE(!url || strchr(url, ':'));
    free(url);
    free(header);
    return 0;
}
