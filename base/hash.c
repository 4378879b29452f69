/* hash.c - see hash.h. */
#include "base/hash.h"

#include <xxhash.h>

void hex_put(char out[2], unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    out[0] = digits[byte >> 4];
    out[1] = digits[byte & 15];
}

struct id id_of(const void *bytes, size_t len)
{
    XXH128_hash_t h = XXH3_128bits(bytes, len);
    XXH128_canonical_t c; /* the high half first, big-endian */
    struct id id;
    XXH128_canonicalFromHash(&c, h);
    for (size_t i = 0; i < sizeof(c.digest); i++)
        hex_put(id.hex + 2 * i, c.digest[i]);
    id.hex[ID_HEX_LEN] = '\0';
    return id;
}

bool id_valid(const char *hex, size_t len)
{
    if (len != ID_HEX_LEN)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!((hex[i] >= '0' && hex[i] <= '9') || (hex[i] >= 'a' && hex[i] <= 'f')))
            return false;
    return true;
}

uint64_t hash64(const void *bytes, size_t len)
{
    return XXH3_64bits(bytes, len);
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
