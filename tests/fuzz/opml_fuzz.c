/* opml_fuzz.c - any bytes as a list of feeds: what comes out are sites that can be fetched, each once. */
#include "tests/fuzz/fuzz.h"

#include "base/map.h"
#include "base/url.h"
#include "crawler/opml.h"

#include <string.h>

static void check(const struct source *s, struct map *sites)
{
    struct url u;
    PROMISE(s->url && url_parse(&u, s->url, strlen(s->url), NULL, NULL, NULL));
    PROMISE(!map_put(sites, u.id.hex, sites));
    url_fini(&u);
    for (char *const *feed = s->feeds.items; *feed; feed++) {
        PROMISE(url_parse(&u, *feed, strlen(*feed), NULL, NULL, NULL));
        url_fini(&u);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source *list;
    struct error err;
    size_t count;
    struct map *sites = map_create();
    bool ok = opml_read((const char *)data, size, &list, &count, &err);
    PROMISE(ok == (count > 0));
    for (size_t i = 0; i < count; i++) {
        check(&list[i], sites);
        source_fini(&list[i]);
    }
    free(list);
    map_destroy(sites);
    return 0;
}
