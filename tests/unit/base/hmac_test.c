/* hmac_test.c - the vectors of RFC 2202 (SHA-1) and RFC 4231 (SHA-256). */
#include "base/hmac.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#define TWENTY(c) c c c c c c c c c c c c c c c c c c c c
#define LONG_KEY_80 TWENTY("\xaa") TWENTY("\xaa") TWENTY("\xaa") TWENTY("\xaa")
#define LONG_KEY_131 LONG_KEY_80 TWENTY("\xaa") TWENTY("\xaa") "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"

static const struct { enum hmac_kind kind; const char *key, *text, *hex; } vectors[] = {
    { HMAC_SHA1, TWENTY("\x0b"), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00" },
    { HMAC_SHA1, "Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
    { HMAC_SHA1, LONG_KEY_80, "Test Using Larger Than Block-Size Key - Hash Key First", "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
    { HMAC_SHA1, LONG_KEY_80, "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data", "e8e99d0f45237d786d6bbaa7965c7808bbff1a91" },
    { HMAC_SHA256, TWENTY("\x0b"), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { HMAC_SHA256, "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    { HMAC_SHA256, LONG_KEY_131, "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
};

static void known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        for (size_t step = 1; step < 80; step += 13) { /* however it is cut into pieces */
            struct hmac h;
            unsigned char out[HMAC_MAX_BYTES];
            size_t len = strlen(vectors[i].text);
            hmac_init(&h, vectors[i].kind, vectors[i].key, strlen(vectors[i].key));
            for (size_t at = 0; at < len; at += step)
                hmac_add(&h, vectors[i].text + at, step < len - at ? step : len - at);
            size_t n = hmac_end(&h, out);
            CHECK(hmac_equals(out, n, vectors[i].hex), "vector %zu in steps of %zu", i, step);
        }
    }
}

static void comparing(void **state)
{
    (void)state;
    static const unsigned char bytes[] = { 0xab, 0x01 };
    assert_true(hmac_equals(bytes, 2, "ab01"));
    assert_true(hmac_equals(bytes, 2, "AB01"));
    static const char *const no[] = { "ab02", "ab0", "ab011", "ab0g", "", "ab0-" };
    for (size_t i = 0; i < COUNT(no); i++)
        CHECK(!hmac_equals(bytes, 2, no[i]), "%s", no[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(known_answers), cmocka_unit_test(comparing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
