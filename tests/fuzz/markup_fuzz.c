/* markup_fuzz.c - any bytes as a piece of HTML: its text is valid, folded and no longer than what named references allow. */
#include "tests/fuzz/fuzz.h"

#include "base/markup.h"
#include "base/text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out;
    buffer_init(&out, 0);
    PROMISE(markup_text((const char *)data, size, &out));
    PROMISE(text_valid_utf8(buffer_str(&out), out.len) && out.len <= 3 * size);
    PROMISE(out.len == 0 || (out.data[0] != ' ' && out.data[out.len - 1] != ' '));
    buffer_fini(&out);
    return 0;
}
