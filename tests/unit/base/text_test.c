/* text_test.c - UTF-8 by the Unicode tables, NFC, white space, terminals. */
#include "base/text.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static void test_valid(void **state)
{
    (void)state;
    static const struct { const char *name, *text; bool valid; } cases[] = {
        { "empty", "", true },
        { "ascii", "abcdefghijklmnop", true },
        { "Vietnamese", "Thứ tư, ngày 13 tháng 1", true },
        { "four bytes", "\xF0\x9F\x98\x80", true },
        { "overlong", "\xC0\xAF", false },
        { "overlong 3", "\xE0\x80\xAF", false },
        { "surrogate", "\xED\xA0\x80", false },
        { "past U+10FFFF", "\xF4\x90\x80\x80", false },
        { "cut", "abcdefgh\xE1\xBA", false },
        { "lone continuation", "a\x80", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(text_valid_utf8(cases[i].text, strlen(cases[i].text)) == cases[i].valid, "%s", cases[i].name);
}

static void test_cut(void **state)
{
    (void)state;
    static const struct { const char *name, *text; size_t max, want; } cases[] = {
        { "shorter", "abc", 4, 3 }, { "as long", "abc", 3, 3 }, { "longer", "abc", 2, 2 }, { "nothing", "abc", 0, 0 },
        { "behind a character", "a\xE1\xBB\xA9""b", 4, 4 }, { "inside one", "a\xE1\xBB\xA9""b", 3, 1 }, { "in front of it", "a\xE1\xBB\xA9""b", 1, 1 },
        { "inside the only one", "\xF0\x9F\x98\x80", 3, 0 }, { "no UTF-8 at all", "\x80\x80\x80", 2, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(text_cut(cases[i].text, strlen(cases[i].text), cases[i].max) == cases[i].want, "%s", cases[i].name);
}

static const struct { const char *name, *in, *want; } folds[] = {
    { "runs and ends", "  a \t\n b\xC2\xA0\xC2\xA0""c ", "a b c" },
    { "ideographic", "\xE3\x80\x80\xE6\x97\xA5\xE3\x80\x80\xE6\x9C\xAC", "\xE6\x97\xA5 \xE6\x9C\xAC" },
    { "zero width and soft hyphen", "a\xE2\x80\x8B""b\xC2\xAD""c\xEF\xBB\xBF", "abc" },
    { "only space", " \n\t ", "" },
    { "invalid", "a\xFF""b", "a\xEF\xBF\xBD""b" },
}, nfcs[] = {
    { "composed stays", "Tiếng Việt", "Tiếng Việt" },
    { "decomposed", "Tie\xCC\x82\xCC\x81ng Vie\xCC\x82\xCC\xA3t", "Tiếng Việt" },
    { "half composed", "Ti\xC3\xAA\xCC\x81ng", "Tiếng" },
    { "mark first", "\xCC\x81""a", "\xCC\x81""a" },
    { "Hangul jamo", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "\xED\x95\x9C" },
    { "Hangul syllable and final", "\xED\x95\x98\xE1\x86\xAB", "\xED\x95\x9C" },
    { "singleton", "\xE2\x84\xAB", "\xC3\x85" },
    { "reordered", "q\xCC\x87\xCC\xA3", "q\xCC\xA3\xCC\x87" },
    { "two invalid", "a\xE1\xBA" "b\xFF", "a\xEF\xBF\xBD" "b\xEF\xBF\xBD" },
    { "U+FFFD itself", "a\xEF\xBF\xBD", "a\xEF\xBF\xBD" },
    { "mark after invalid", "\xFF\xCC\x81", "\xEF\xBF\xBD\xCC\x81" },
};

static void test_tables(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 0);
    for (size_t i = 0; i < COUNT(folds); i++) {
        buffer_clear(&b);
        CHECK(text_fold_space(folds[i].in, strlen(folds[i].in), &b) && !strcmp(buffer_str(&b), folds[i].want), "%s: %s", folds[i].name, buffer_str(&b));
    }
    for (size_t i = 0; i < COUNT(nfcs); i++) {
        buffer_clear(&b);
        CHECK(text_nfc(nfcs[i].in, strlen(nfcs[i].in), &b) && !strcmp(buffer_str(&b), nfcs[i].want), "%s: %s", nfcs[i].name, buffer_str(&b));
    }
    buffer_fini(&b);
}

/* Every assigned code point between letters and after marks gives what the library gives for the whole string. */
static void test_nfc_against_library(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 0);
    for (uint32_t c = 1; c < 0x32000; c++) {
        if (c >= 0xD800 && c < 0xE000)
            continue;
        static const char *const befores[] = { "a", "e\xCC\x82", "\xE1\x84\x92", "\xED\x95\x98", "\xE0\xAF\x86" };
        for (size_t i = 0; i < COUNT(befores); i++) {
            char text[32], one[4];

            size_t n = text_encode(c, one);
            snprintf(text, sizeof(text), "%s%.*s\xCC\x81x", befores[i], (int)n, one);
            utf8proc_uint8_t *want = utf8proc_NFC((const utf8proc_uint8_t *)text);
            buffer_clear(&b);
            CHECK(text_nfc(text, strlen(text), &b) && !strcmp(b.data, (char *)want), "U+%04X after %zu", (unsigned)c, i);
            free(want);
        }
    }
    buffer_fini(&b);
}

static void test_bounded(void **state)
{
    (void)state;
    struct buffer in, out;
    buffer_init(&in, 0);
    buffer_init(&out, 0);
    for (int i = 0; i < 200000; i++)
        buffer_puts(&in, i % 2 ? "\xCC\x81" : "\xCC\xA3");
    assert_true(text_nfc(in.data, in.len, &out)); /* ends at once: the bound on marks */
    assert_true(out.len < in.len);
    buffer_fini(&in);
    buffer_fini(&out);
    buffer_init(&out, 4);
    assert_false(text_nfc("abcdef", 6, &out));
    assert_false(text_fold_space("abcdef", 6, &out));
    buffer_fini(&out);
}

static const struct { const char *name, *in; int columns; bool ascii; const char *want; } shown[] = {
    { "fits", "abc", 3, false, "abc" },
    { "cut", "abcd", 3, false, "ab\u2026" },
    { "wide", "\u65E5\u672C\u8A9E", 5, false, "\u65E5\u672C\u2026" },
    { "wide cut between", "\u65E5\u672C\u8A9E", 4, false, "\u65E5\u2026" },
    { "escape", "a\x1B[31mb\r\nc", 20, false, "a[31mb c" },
    { "bidi", "a\u202E\u2066b", 20, false, "ab" },
    { "c1", "a\xC2\x9B""31mb", 20, false, "a31mb" },
    { "ascii", "Vi\u1EC7t", 20, true, "Vi?t" },
    { "ascii cut", "abcdef", 5, true, "ab..." },
    { "no room", "abc", 0, false, "" },
};

static void test_terminal(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 0);
    for (size_t i = 0; i < COUNT(shown); i++) {
        buffer_clear(&b);
        text_for_terminal(shown[i].in, strlen(shown[i].in), shown[i].columns, shown[i].ascii, &b);
        buffer_putc(&b, '\0');
        CHECK(!strcmp(buffer_str(&b), shown[i].want), "%s: %s", shown[i].name, buffer_str(&b));
    }
    assert_int_equal(text_columns("\u65E5\u672Ca\x1B", 8), 5);
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),        cmocka_unit_test(test_cut),        cmocka_unit_test(test_tables),   cmocka_unit_test(test_nfc_against_library),
        cmocka_unit_test(test_bounded),      cmocka_unit_test(test_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
