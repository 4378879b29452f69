/* sitemap_fuzz.c - any bytes as a sitemap, at once and in pieces as long as the first byte says: both give the same items, unless
 * compressed bytes are damaged, of which a decoder gives more or less. */
#include "tests/fuzz/fuzz.h"

#include "base/hash.h"
#include "crawler/sitemap.h"

#include <string.h>

static bool add(void *arg, const struct feed_item *item)
{
    uint64_t *sum = arg;
    PROMISE(item->url && *item->url);
    *sum = *sum * 31 + hash64(item->url, strlen(item->url)) + (item->title ? hash64(item->title, strlen(item->title)) : 0);
    return true;
}

static uint64_t read_pieces(const uint8_t *data, size_t size, size_t step, bool *cut)
{
    uint64_t sum = 0;
    struct sitemap_reader *r = sitemap_reader_create("https://example.com/sitemap.xml", NULL, 0, add, &sum);
    for (size_t i = 0; i < size; i += step)
        if (!sitemap_reader_push(r, data + i, size - i < step ? size - i : step))
            break;
    *cut = sitemap_reader_finish(r)->truncated;
    sitemap_reader_destroy(r);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    bool cut_whole, cut_pieces;
    uint64_t whole = read_pieces(data + 1, size - 1, size, &cut_whole), pieces = read_pieces(data + 1, size - 1, 1 + data[0], &cut_pieces);
    PROMISE(whole == pieces || cut_whole || cut_pieces);
    return 0;
}
