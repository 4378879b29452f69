/* extract_fuzz.c - any bytes as a page, through the whole extractor: whatever comes out is a record's members, as JSON. */
#include "tests/fuzz/fuzz.h"

#include "base/text.h"
#include "extractor/extract.h"

#include <string.h>

/* The first byte says what is known beside the page. */
static struct extract_input input_of(uint8_t how, const uint8_t *data, size_t size)
{
    return (struct extract_input){
        .bytes = data, .len = size, .mode = how & 1 ? EXTRACT_BROAD : EXTRACT_NEWS,
        .url = how & 2 ? "https://bao.test.vn/2021/01/13/tin-1.html" : NULL, .truncated = how & 4,
        .content_type = how & 8 ? "text/html; charset=windows-1258" : NULL, .timezone = how & 16 ? "Asia/Ho_Chi_Minh" : NULL,
        .fetched_at_s = how & 32 ? 1700000000 : 0, .hint_title = how & 64 ? "A title" : NULL,
        .x_robots_tag = how & 128 ? "noarchive, \xff" : NULL,
    };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct extractor *x;
    struct article_fields fields;
    struct error err = { 0 };

    if (!x) {
        struct extract_limits limits = { .arena_bytes = 64u << 20, .deadline_ms = 500 };
        x = extractor_create(&limits);
    }
    if (size == 0)
        return 0;
    struct extract_input in = input_of(data[0], data + 1, size - 1);
    if (!extract_run(x, &in, &fields, &err)) {
        PROMISE(err.message[0] != '\0');
        return 0;
    }
    PROMISE(fields.page_type < PAGE_TYPE_COUNT && fields.score >= 0 && fields.score <= 1);
    PROMISE(text_valid_utf8(fields.text, strlen(fields.text)));
    json_t *o = extract_to_json(&fields);
    PROMISE(json_is_object(o) && json_object_get(o, "page_type"));
    json_decref(o);
    return 0;
}
