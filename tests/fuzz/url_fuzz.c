/* url_fuzz.c - an address and its base, parted by the first line end: what is read is normal, and reading it again changes
 * nothing. */
#include "tests/fuzz/fuzz.h"

#include "base/mem.h"
#include "base/url.h"
#include "pipeline/shape.h"

#include <string.h>

static void check_forms(const struct url *u)
{
    struct url again;
    PROMISE(strlen(u->fetch) <= URL_MAX_BYTES && strncmp(u->key, "https://", 8) == 0);
    PROMISE(url_parse(&again, u->fetch, strlen(u->fetch), NULL, NULL, NULL));
    PROMISE(strcmp(again.fetch, u->fetch) == 0 && strcmp(again.key, u->key) == 0 && strcmp(again.id.hex, u->id.hex) == 0);
    for (const unsigned char *p = (const unsigned char *)u->fetch; *p; p++)
        PROMISE(*p > ' ' && *p < 0x7f && *p != '#' && *p != '\\' && *p != '"');
    for (const char *p = u->host; *p && u->host[0] != '['; p++)
        PROMISE((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-' || *p == '_' || *p == '.');
    url_fini(&again);
    if (url_parse(&again, u->key, strlen(u->key), NULL, NULL, NULL)) { /* the key is longer by an "s" at most */
        PROMISE(strcmp(again.host, u->host) == 0);
        url_fini(&again);
    }
    url_trap(u->fetch);
}

/* The shape of an address is that of its key form, short and plain. */
static void check_shape(const struct url *u)
{
    struct shape shape, of_key;
    PROMISE(shape_of(u->fetch, &shape));
    PROMISE(strlen(shape.fine) < SHAPE_TEXT_MAX && strlen(shape.coarse) < SHAPE_TEXT_MAX);
    for (const char *p = shape.fine; *p; p++)
        PROMISE(*p > ' ' && *p < 0x7f);
    if (shape_of(u->key, &of_key))
        PROMISE(strcmp(shape.fine, of_key.fine) == 0 && memcmp(shape.hashes, of_key.hashes, sizeof(shape.hashes)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xmemdup(data, size), *end = size ? memchr(text, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - text) : size;
    const char *base = end ? end + 1 : "https://example.com/a/b?c#d";
    struct url u;
    struct error err;
    char *absolute = text ? url_absolute(text, len, base) : NULL;
    if (text && url_parse(&u, text, len, base, NULL, &err)) {
        check_forms(&u);
        check_shape(&u);
        url_fini(&u);
    }
    free(absolute);
    if (text)
        free(url_typed(text));
    free(text);
    return 0;
}
