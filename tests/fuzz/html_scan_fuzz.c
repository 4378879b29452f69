/* html_scan_fuzz.c - Gumbo's tree is the same with and without the scan, whatever the page. */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/base/html_same.h"

#include "base/text.h"

/* Gumbo itself loses attributes of broken pages when it parses with its own allocator, as the comparison does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *one, *two; /* made once: mapping costs more than a page */
    struct buffer text;

    if (!one) {
        one = arena_create((size_t)64 << 20);
        two = arena_create((size_t)64 << 20);
    }
    buffer_init(&text, 0);
    if (size <= 65536 && memchr(data, 0, size) == NULL && text_nfc((const char *)data, size, &text)) {
        char *page = xmemdup(buffer_str(&text), text.len); /* of its exact length, for the sanitizer */
        char *difference = html_scan_breaks(page, text.len, one, two);
        if (difference) {
            fprintf(stderr, "%s\n", difference);
            abort();
        }
        free(page);
    }
    buffer_fini(&text);
    return 0;
}
