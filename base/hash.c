/* hash.c - see hash.h. */
#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <xxhash.h>

struct id id_of(const void *bytes, size_t len)
{
    XXH128_hash_t h = XXH3_128bits(bytes, len);
    struct id id;
    snprintf(id.hex, sizeof(id.hex), "%016" PRIx64 "%016" PRIx64, (uint64_t)h.high64, (uint64_t)h.low64);
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
