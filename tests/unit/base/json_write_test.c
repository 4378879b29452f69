/* json_write_test.c - strings with everything in them, and commas where they belong. */
#include "base/json_write.h"

#include "tests/unit/check.h"

#include <jansson.h>
#include <string.h>

static const struct { const char *name, *text, *want; size_t len; } strings[] = {
    { "plain", "abc", "\"abc\"", 0 },
    { "empty", "", "\"\"", 0 },
    { "quotes", "a\"b\\c/d", "\"a\\\"b\\\\c/d\"", 0 },
    { "controls", "\b\t\n\v\f\r\x01\x1f\x7f", "\"\\b\\t\\n\\u000b\\f\\r\\u0001\\u001f\\u007f\"", 0 },
    { "NUL", "a\0b", "\"a\\u0000b\"", 3 },
    { "other scripts", "Ti\xE1\xBA\xBFng \xF0\x9F\x98\x80", "\"Ti\xE1\xBA\xBFng \xF0\x9F\x98\x80\"", 0 },
    { "no UTF-8", "a\xFF" "b\xC3", "\"a\xEF\xBF\xBD" "b\xEF\xBF\xBD\"", 0 },
};

static void test_strings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(strings); i++) {
        struct buffer b;
        buffer_init(&b, 0);
        json_put_string(&b, strings[i].text, strings[i].len ? strings[i].len : strlen(strings[i].text));
        CHECK(!strcmp(b.data, strings[i].want), "%s: %s", strings[i].name, b.data);
        json_t *read = json_loadb(b.data, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        CHECK(read, "%s: nobody reads %s", strings[i].name, b.data);
        json_decref(read);
        buffer_fini(&b);
    }
}

static void test_commas(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 0);
    json_put_key(&b, "a");
    buffer_puts(&b, "{");
    json_put_key(&b, "b");
    buffer_puts(&b, "[");
    for (int i = 0; i < 3; i++) {
        json_put_comma(&b);
        json_put_string(&b, "x", 1);
    }
    buffer_puts(&b, "]");
    json_put_key(&b, "c");
    buffer_puts(&b, "1}");
    assert_string_equal(b.data, "\"a\":{\"b\":[\"x\",\"x\",\"x\"],\"c\":1}");
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_strings), cmocka_unit_test(test_commas) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
