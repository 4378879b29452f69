/* links_fuzz.c - any page; every link is absolute and every string UTF-8. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "crawler/links.h"

#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct links *l = links_parse(data, size, NULL, "https://news.example/a/", "tidings", 500);

    for (size_t i = 0; i < l->count; i++) {
        PROMISE(strncasecmp(l->items[i].url, "http", 4) == 0);
        PROMISE(text_valid_utf8(l->items[i].text, strlen(l->items[i].text)));
    }
    links_destroy(l);
    return 0;
}
