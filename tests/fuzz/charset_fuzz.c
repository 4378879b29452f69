/* charset_fuzz.c - whatever the bytes and what they are said to be, the text is valid UTF-8 without NUL. The first byte
 * chooses the label, the second the kind of document. */
#include "tests/fuzz/fuzz.h"

#include "base/charset.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const char *const labels[] = { NULL, "utf-8", "utf-16", "utf-16be", "windows-1258", "viscii", "tcvn", "windows-1252", "koi8-r", "gbk", "big5",
                                      "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "x-user-defined", "klingon" };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out, composed;
    char type[64];

    if (size < 2)
        return 0;
    const char *label = labels[data[0] % COUNT(labels)];
    snprintf(type, sizeof(type), "text/html; charset=%s", label ? label : "");
    buffer_init(&out, 0);
    buffer_init(&composed, 0);
    PROMISE(charset_to_utf8(data + 2, size - 2, label ? type : NULL, (enum charset_document)(data[1] % 3), NULL, &out, NULL, NULL));
    PROMISE(text_valid_utf8(buffer_str(&out), out.len) && strlen(buffer_str(&out)) == out.len);
    PROMISE(text_nfc(buffer_str(&out), out.len, &composed) && text_valid_utf8(buffer_str(&composed), composed.len));
    buffer_clear(&out);
    PROMISE(text_fold_space((const char *)data, size, &out) && out.len <= 3 * size && text_valid_utf8(buffer_str(&out), out.len));
    buffer_clear(&out);
    text_for_terminal((const char *)data, size, 40, data[0] & 1, &out);
    PROMISE(text_columns(buffer_str(&out), out.len) <= 40);
    buffer_fini(&composed);
    buffer_fini(&out);
    return 0;
}
