/* hmac.h - keyed hashes of messages that arrive in pieces (RFC 2104), with SHA-1 and SHA-256 (FIPS 180-4): what WebSub hubs
 * sign with. Not for secrets at rest. */
#ifndef BASE_HMAC_H
#define BASE_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hmac_kind { HMAC_SHA1, HMAC_SHA256 };
#define HMAC_MAX_BYTES 32

struct sha { /* private */
    uint32_t state[8];
    uint64_t total;            /* bytes */
    unsigned char block[64];
    enum hmac_kind kind;
};

struct hmac {
    struct sha sha;
    unsigned char outer[64];   /* the key, as the outer hash begins with it */
};

void hmac_init(struct hmac *h, enum hmac_kind kind, const void *key, size_t len);
void hmac_add(struct hmac *h, const void *bytes, size_t len);
size_t hmac_end(struct hmac *h, unsigned char out[HMAC_MAX_BYTES]); /* the bytes written: 20 or 32 */

/* Does the lower- or upper-case hex text equal these bytes? Takes the same time wherever they differ. */
bool hmac_equals(const unsigned char *bytes, size_t len, const char *hex);

#endif
