/* feed_fuzz.c - any bytes as a feed: every item has an address, and texts have no white space around them. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "crawler/feed.h"

#include <string.h>

static void check_text(const char *s)
{
    if (!s)
        return;
    size_t len = strlen(s);
    PROMISE(len > 0 && s[0] != ' ' && s[len - 1] != ' ' && text_valid_utf8(s, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct feed *f = feed_parse(data, size, NULL, "https://example.com/feeds/a.xml", 0);
    for (size_t i = 0; i < f->item_count; i++) {
        const struct feed_item *item = &f->items[i];
        PROMISE(item->url && *item->url);
        check_text(item->title);
        check_text(item->summary);
        for (size_t k = 0; k < item->author_count; k++)
            check_text(item->authors[k]);
    }
    PROMISE(f->kind != FEED_UNKNOWN || f->item_count == 0);
    PROMISE(f->kind != FEED_UNKNOWN || f->warning_count > 0);
    feed_destroy(f);
    return 0;
}
