/* jsonld_fuzz.c - any text as the contents of JSON-LD scripts, one after another, parted by NUL bytes. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "extractor/jsonld.h"

#include <string.h>

static void check(const char *s)
{
    PROMISE(!s || text_valid_utf8(s, strlen(s)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    struct jsonld ld;
    const char *p = (const char *)data, *end = p + size;

    if (!arena)
        arena = arena_create((size_t)16 << 20);
    if (!text_valid_utf8(p, size))
        return 0;
    jsonld_init(&ld);
    while (p < end) {
        const char *nul = memchr(p, '\0', (size_t)(end - p));
        size_t len = (size_t)((nul ? nul : end) - p);
        jsonld_read(&ld, arena, p, len, "https://site.test/a");
        p += len + (nul != NULL);
    }
    const char *texts[] = { ld.headline, ld.description, ld.published, ld.modified, ld.body, ld.language, ld.publisher, ld.image, ld.url };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        check(texts[i]);
    PROMISE(ld.authors.count <= LD_LIST_MAX && ld.keywords.count <= LD_LIST_MAX);
    for (size_t i = 0; i < ld.authors.count; i++)
        check(ld.authors.items[i]);
    arena_reset(arena, 1 << 20);
    return 0;
}
