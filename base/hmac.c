/* hmac.c - see hmac.h. */
#include "base/hmac.h"

#include "base/hash.h"

#include <string.h>

static uint32_t rotate_left(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static uint32_t rotate_right(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* FIPS 180-4, 6.1.2 */
static void sha1_block(uint32_t s[8], const unsigned char *p)
{
    uint32_t w[80], a = s[0], b = s[1], c = s[2], d = s[3], e = s[4];
    for (int i = 0; i < 16; i++)
        w[i] = big_endian(p + 4 * i);
    for (int i = 16; i < 80; i++)
        w[i] = rotate_left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
        uint32_t k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t next = rotate_left(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    s[0] += a, s[1] += b, s[2] += c, s[3] += d, s[4] += e;
}

static const uint32_t sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* FIPS 180-4, 6.2.2 */
static void sha256_block(uint32_t s[8], const unsigned char *p)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = big_endian(p + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3) + (rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10);
    }
    memcpy(v, s, sizeof(v));
    for (int i = 0; i < 64; i++) {
        uint32_t e = v[4], a = v[0];
        uint32_t t1 = v[7] + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) + ((e & v[5]) ^ (~e & v[6])) + sha256_k[i] + w[i];
        uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        s[i] += v[i];
}

static void sha_init(struct sha *s, enum hmac_kind kind)
{
    static const uint32_t sha1[8] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    static const uint32_t sha256[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
    memset(s, 0, sizeof(*s));
    memcpy(s->state, kind == HMAC_SHA1 ? sha1 : sha256, sizeof(s->state));
    s->kind = kind;
}

static void sha_add(struct sha *s, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    while (len > 0) {
        size_t at = s->total % sizeof(s->block), n = sizeof(s->block) - at < len ? sizeof(s->block) - at : len;
        memcpy(s->block + at, p, n);
        s->total += n;
        p += n;
        len -= n;
        if (at + n == sizeof(s->block))
            (s->kind == HMAC_SHA1 ? sha1_block : sha256_block)(s->state, s->block);
    }
}

static size_t sha_end(struct sha *s, unsigned char out[HMAC_MAX_BYTES])
{
    static const unsigned char padding[64] = { 0x80 };
    unsigned char bits[8];
    size_t len = s->kind == HMAC_SHA1 ? 20 : 32, at = s->total % sizeof(s->block);
    for (int i = 0; i < 8; i++)
        bits[i] = (unsigned char)(s->total * 8 >> (56 - 8 * i));
    sha_add(s, padding, at < 56 ? 56 - at : 120 - at);
    sha_add(s, bits, sizeof(bits));
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)(s->state[i / 4] >> (24 - 8 * (i % 4)));
    return len;
}

void hmac_init(struct hmac *h, enum hmac_kind kind, const void *key, size_t len)
{
    unsigned char block[64] = { 0 }, hashed[HMAC_MAX_BYTES];
    if (len > sizeof(block)) {
        sha_init(&h->sha, kind);
        sha_add(&h->sha, key, len);
        len = sha_end(&h->sha, hashed);
        key = hashed;
    }
    memcpy(block, key, len);
    for (size_t i = 0; i < sizeof(block); i++) {
        h->outer[i] = block[i] ^ 0x5c;
        block[i] ^= 0x36;
    }
    sha_init(&h->sha, kind);
    sha_add(&h->sha, block, sizeof(block));
}

void hmac_add(struct hmac *h, const void *bytes, size_t len)
{
    sha_add(&h->sha, bytes, len);
}

size_t hmac_end(struct hmac *h, unsigned char out[HMAC_MAX_BYTES])
{
    enum hmac_kind kind = h->sha.kind;
    size_t len = sha_end(&h->sha, out);
    sha_init(&h->sha, kind);
    sha_add(&h->sha, h->outer, sizeof(h->outer));
    sha_add(&h->sha, out, len);
    return sha_end(&h->sha, out);
}

bool hmac_equals(const unsigned char *bytes, size_t len, const char *hex)
{
    unsigned differ = 0;
    if (strlen(hex) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        differ |= high < 0 || low < 0 ? 1u : (unsigned)(bytes[i] ^ (high << 4 | low));
    }
    return differ == 0;
}
