#include "base/json_scan.h"

#include "../check.h"

#include <jansson.h>
#include <string.h>

static const struct { const char *name, *json; bool ok; const char *want; } scans[] = {
    { "empty",              "{}",                                           true,  NULL },
    { "space",              " { \"a\" : 1 } \n",                            true,  NULL },
    { "wanted",             "{\"b\":1,\"x\":\"y\"}",                        true,  "\"y\"" },
    { "last counts",        "{\"x\":1,\"x\":[2]}",                          true,  "[2]" },
    { "not a nested one",   "{\"a\":{\"x\":1}}",                            true,  NULL },
    { "nested value",       "{\"x\":{\"a\":[1,{\"b\":[]},\"}\"]}}",         true,  "{\"a\":[1,{\"b\":[]},\"}\"]}" },
    { "numbers",            "{\"x\":-0.5e+10,\"b\":0,\"c\":12E3}",          true,  "-0.5e+10" },
    { "words",              "{\"x\":null,\"b\":[true,false]}",              true,  "null" },
    { "escapes",            "{\"x\":\"\\u00e9\\\"\\\\\"}",                  true,  "\"\\u00e9\\\"\\\\\"" },
    { "array",              "[1]",                                          false, NULL },
    { "nothing",            "",                                             false, NULL },
    { "cut",                "{\"x\":\"y\"",                                 false, NULL },
    { "cut string",         "{\"x\":\"y",                                   false, NULL },
    { "two",                "{}{}",                                         false, NULL },
    { "comma at the end",   "{\"x\":1,}",                                   false, NULL },
    { "comma in an array",  "{\"x\":[1,]}",                                 false, NULL },
    { "leading zero",       "{\"x\":01}",                                   false, NULL },
    { "plus",               "{\"x\":+1}",                                   false, NULL },
    { "bare point",         "{\"x\":1.}",                                   false, NULL },
    { "control character",  "{\"x\":\"\n\"}",                               false, NULL },
    { "wrong escape",       "{\"x\":\"\\x\"}",                              false, NULL },
    { "short unicode",      "{\"x\":\"\\u12\"}",                            false, NULL },
    { "crossed",            "{\"x\":[1}]",                                  false, NULL },
    { "no colon",           "{\"x\" 1}",                                    false, NULL },
    { "word",               "{\"x\":nul}",                                  false, NULL },
    { "not UTF-8",          "{\"x\":\"\xff\"}",                             false, NULL },
};

static void scans_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(scans); i++) {
        struct json_member m = { .name = "x" };
        struct error err;
        bool ok = json_scan(scans[i].json, strlen(scans[i].json), &m, 1, &err);
        CHECK(ok == scans[i].ok, "%s", scans[i].name);
        if (!ok)
            continue;
        CHECK(!m.value == !scans[i].want, "%s", scans[i].name);
        CHECK(!m.value || (m.len == strlen(scans[i].want) && memcmp(m.value, scans[i].want, m.len) == 0), "%s", scans[i].name);
        json_t *tree = json_loads(scans[i].json, 0, NULL); /* jansson agrees */
        CHECK(tree != NULL, "%s", scans[i].name);
        json_decref(tree);
    }
}

static void bounds_depth(void **state)
{
    char deep[300] = "{\"x\":";
    size_t n = strlen(deep);

    (void)state;
    for (int levels = 60; levels <= 70; levels += 10) {
        memset(deep + n, '[', (size_t)levels);
        memset(deep + n + levels, ']', (size_t)levels);
        strcpy(deep + n + 2 * levels, "}");
        assert_int_equal(json_scan(deep, strlen(deep), NULL, 0, NULL), levels == 60);
    }
}

static const struct { const char *name, *value, *want; } texts[] = {
    { "plain",          "\"abc\"",                          "abc" },
    { "escapes",        "\"a\\n\\t\\/\\\"\\\\b\"",          "a\n\t/\"\\b" },
    { "unicode",        "\"\\u00e9\\u1EC7\"",               "\xC3\xA9\xE1\xBB\x87" },
    { "surrogates",     "\"\\ud83d\\ude00!\"",              "\xF0\x9F\x98\x80!" },
    { "lone surrogate", "\"\\ud83dx\"",                     "\xEF\xBF\xBDx" },
    { "empty",          "\"\"",                             "" },
    { "number",         "12",                               NULL },
};

static void reads_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buffer b;
        buffer_init(&b, 0);
        bool ok = json_member_text(texts[i].value, strlen(texts[i].value), &b);
        CHECK(ok == (texts[i].want != NULL), "%s", texts[i].name);
        CHECK(!ok || strcmp(buffer_str(&b), texts[i].want) == 0, "%s: %s", texts[i].name, buffer_str(&b));
        buffer_fini(&b);
    }
}

static void reads_numbers(void **state)
{
    int64_t n;

    (void)state;
    assert_true(json_member_whole("1764061156123", 13, &n) && n == 1764061156123);
    assert_false(json_member_whole("-1", 2, &n));
    assert_false(json_member_whole("1.5", 3, &n));
    assert_false(json_member_whole(NULL, 0, &n));
    assert_false(json_member_whole("99999999999999999999", 20, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scans_objects), cmocka_unit_test(bounds_depth), cmocka_unit_test(reads_text), cmocka_unit_test(reads_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
