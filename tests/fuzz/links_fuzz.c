/* links_fuzz.c - any page; every link is absolute and every string UTF-8, and chosen alike each time, whatever lies where what was
 * learned should. Any page may be looked at for a wall. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "crawler/choose.h"
#include "crawler/links.h"
#include "crawler/wall.h"

#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct links *l = links_parse(data, size, NULL, "https://news.example/a/", "tidings", 500);

    for (size_t i = 0; i < l->count; i++) {
        PROMISE(strncasecmp(l->items[i].url, "http", 4) == 0);
        PROMISE(text_valid_utf8(l->items[i].text, strlen(l->items[i].text)));
        PROMISE(link_choose(&l->items[i], data, size, NULL) == link_choose(&l->items[i], data, size, NULL));
    }
    PROMISE(size <= WALL_READ_MAX || !wall_of(200, (const char *)data, size));
    wall_of(403, (const char *)data, size);
    links_destroy(l);
    return 0;
}
