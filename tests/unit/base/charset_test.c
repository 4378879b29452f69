/* charset_test.c - which encoding is chosen, and what each gives. */
#include "base/charset.h"

#include "base/text.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define BYTES(s) s, sizeof(s) - 1

static const struct {
    const char *what, *bytes;
    size_t len;
    const char *http;
    enum charset_document kind;
    const char *fallback, *want, *name, *from;
} cases[] = {
    { "utf-8 bytes", BYTES("<p>Vi\u1EC7t"), NULL, CHARSET_HTML, NULL, "<p>Vi\u1EC7t", "utf-8", "utf-8 bytes" },
    { "ascii", BYTES("<p>x"), NULL, CHARSET_HTML, NULL, "<p>x", "windows-1252", "default" },
    { "bom over http", BYTES("\xEF\xBB\xBF" "a\xC3\xA9"), "text/html; charset=iso-8859-1", CHARSET_HTML, NULL, "a\u00E9", "utf-8", "bom" },
    { "utf-16le bom", BYTES("\xFF\xFE" "a\0\xE9\0\x3D\xD8\x00\xDE"), NULL, CHARSET_HTML, NULL, "a\u00E9\U0001F600", "utf-16le", "bom" },
    { "utf-16be bom", BYTES("\xFE\xFF\0a\xD8\x00\0b"), NULL, CHARSET_HTML, NULL, "a\uFFFD" "b", "utf-16be", "bom" },
    { "http over meta", BYTES("<meta charset=koi8-r>\xE9"), "text/html;charset=\"windows-1252\"", CHARSET_HTML, NULL, "<meta charset=koi8-r>\u00E9", "windows-1252", "http" },
    { "wrong single-byte http", BYTES("Vi\xE1\xBB\x87t"), "text/html; charset=ISO-8859-1", CHARSET_HTML, NULL, "Vi\u1EC7t", "utf-8", "utf-8 bytes" },
    { "latin1 is windows-1252", BYTES("\x93q\x94\x81"), "text/html; charset=latin1", CHARSET_HTML, NULL, "\u201Cq\u201D\xC2\x81", "windows-1252", "http" },
    { "meta", BYTES("<!-- <meta charset=big5> --><a title='<meta charset=big5>'><META CHARSET='windows-1251'>\xCF"), NULL, CHARSET_HTML, NULL,
      "<!-- <meta charset=big5> --><a title='<meta charset=big5>'><META CHARSET='windows-1251'>\u041F", "windows-1251", "meta" },
    { "meta http-equiv", BYTES("<meta content='text/html; charset=windows-1251' http-equiv=Content-Type>\xCF"), NULL, CHARSET_HTML, NULL,
      "<meta content='text/html; charset=windows-1251' http-equiv=Content-Type>\u041F", "windows-1251", "meta" },
    { "content without http-equiv", BYTES("<meta content='text/html; charset=windows-1251'>\xCF"), NULL, CHARSET_HTML, NULL,
      "<meta content='text/html; charset=windows-1251'>\u00CF", "windows-1252", "default" },
    { "utf-16 in meta", BYTES("<meta charset=utf-16>\xC3\xA9"), NULL, CHARSET_HTML, NULL, "<meta charset=utf-16>\u00E9", "utf-8", "meta" },
    { "x-user-defined in meta", BYTES("<meta charset=x-user-defined>\xE9"), NULL, CHARSET_HTML, NULL, "<meta charset=x-user-defined>\u00E9", "windows-1252", "meta" },
    { "x-user-defined in http", BYTES("\xE9"), "text/html; charset=x-user-defined", CHARSET_HTML, NULL, "\uF7E9", "x-user-defined", "http" },
    { "unknown label", BYTES("\xE9"), "text/html; charset=klingon", CHARSET_HTML, NULL, "\u00E9", "windows-1252", "default" },
    { "default label", BYTES("\xCF"), NULL, CHARSET_HTML, "cp1251", "\u041F", "windows-1251", "default" },
    { "utf-8 cut at the end", BYTES("Vi\xE1\xBB\x87t Nam\xE1\xBA"), NULL, CHARSET_HTML, NULL, "Vi\u1EC7t Nam\uFFFD", "utf-8", "utf-8 bytes" },
    { "invalid utf-8", BYTES("a\xC3(\xE2\x82" "b\xF0\x9F\x98"), "text/html; charset=utf-8", CHARSET_HTML, NULL, "a\uFFFD(\uFFFD" "b\uFFFD", "utf-8", "http" },
    { "nul", BYTES("a\0b"), "text/html; charset=utf8", CHARSET_HTML, NULL, "a\uFFFD" "b", "utf-8", "http" },
    { "gb2312", BYTES("\xD6\xD0\xCE\xC4\x80"), "text/html; charset=gb2312", CHARSET_HTML, NULL, "\u4E2D\u6587\u20AC", "gb18030", "http" },
    { "gb18030 fault", BYTES("\xFF\xD6\xD0"), "text/html; charset=gbk", CHARSET_HTML, NULL, "\uFFFD\u4E2D", "gb18030", "http" },
    { "big5", BYTES("\xA4\xA4\xA4\xE5"), "text/html; charset=big5", CHARSET_HTML, NULL, "\u4E2D\u6587", "big5", "http" },
    { "shift_jis NEC", BYTES("\x87\x40\x93\xFA"), "text/html; charset=Shift_JIS", CHARSET_HTML, NULL, "\u2460\u65E5", "shift_jis", "http" },
    { "euc-jp", BYTES("\xC6\xFC\xCB\xDC"), "text/html; charset=euc-jp", CHARSET_HTML, NULL, "\u65E5\u672C", "euc-jp", "http" },
    { "iso-2022-jp", BYTES("\x1B$BF|K\\\x1B(B."), "text/html; charset=iso-2022-jp", CHARSET_HTML, NULL, "\u65E5\u672C.", "iso-2022-jp", "http" },
    { "euc-kr, UHC part", BYTES("\xC7\xD1\x8C\x63"), "text/html; charset=euc-kr", CHARSET_HTML, NULL, "\uD55C\uB620", "euc-kr", "http" },
    { "cut in a character", BYTES("\xC6\xFC\xCB"), "text/html; charset=euc-jp", CHARSET_HTML, NULL, "\u65E5\uFFFD", "euc-jp", "http" },
    { "windows-1258 composes", BYTES("Ti\xEA\xECng Vi\xEA\xF2t"), "text/html; charset=windows-1258", CHARSET_HTML, NULL, "Ti\u1EBFng Vi\u1EC7t", "windows-1258", "http" },
    { "viscii", BYTES("Ti\xAAng Vi\xAEt"), "text/html; charset=VISCII", CHARSET_HTML, NULL, "Ti\u1EBFng Vi\u1EC7t", "viscii", "http" },
    { "tcvn3", BYTES("Ti\xD5ng Vi\xD6t"), "text/html; charset=x-viet-tcvn5712", CHARSET_HTML, NULL, "Ti\u1EBFng Vi\u1EC7t", "tcvn", "http" },
    { "xml declaration", BYTES("<?xml version='1.0' encoding='windows-1251'?><a>\xCF</a>"), NULL, CHARSET_XML, NULL,
      "<?xml version='1.0' encoding='windows-1251'?><a>\u041F</a>", "windows-1251", "xml" },
    { "xml without", BYTES("<a>\xC3\xA9</a>"), NULL, CHARSET_XML, NULL, "<a>\u00E9</a>", "utf-8", "utf-8 bytes" },
    { "xml, http wins", BYTES("<?xml version='1.0' encoding='koi8-r'?>\xC3\xA9"), "application/xml; charset=utf-8", CHARSET_XML, NULL,
      "<?xml version='1.0' encoding='koi8-r'?>\u00E9", "utf-8", "http" },
    { "xml in utf-16 without bom", BYTES("<\0?\0a\0"), NULL, CHARSET_XML, NULL, "<?a", "utf-16le", "xml" },
    { "plain", BYTES("\xE9"), NULL, CHARSET_PLAIN, NULL, "\uFFFD", "utf-8", "default" },
    { "empty", BYTES(""), NULL, CHARSET_HTML, NULL, "", "windows-1252", "default" },
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer out;
        struct charset_report r;
        struct error err = { 0 };
        buffer_init(&out, 0);
        CHECK(charset_to_utf8(cases[i].bytes, cases[i].len, cases[i].http, cases[i].kind, cases[i].fallback, &out, &r, &err), "%s: %s", cases[i].what, err.message);
        CHECK(!strcmp(buffer_str(&out), cases[i].want) && !strcmp(r.name, cases[i].name) && !strcmp(r.from, cases[i].from), "%s: %s by %s: %s",
              cases[i].what, r.name, r.from, buffer_str(&out));
        buffer_fini(&out);
    }
}

static void test_late_meta_and_bound(void **state)
{
    (void)state;
    struct buffer in, out;
    struct charset_report r;
    struct error err = { 0 };
    buffer_init(&in, 0);
    for (int i = 0; i < 200; i++)
        buffer_puts(&in, "<link rel=x>");
    buffer_puts(&in, "<meta charset=windows-1251>\xCF");
    buffer_init(&out, 0);
    assert_true(charset_to_utf8(in.data, in.len, NULL, CHARSET_HTML, NULL, &out, &r, &err));
    assert_string_equal(r.name, "windows-1251");
    buffer_fini(&out);
    buffer_init(&out, 100);
    assert_false(charset_to_utf8(in.data, in.len, NULL, CHARSET_HTML, NULL, &out, &r, &err));
    assert_int_equal(err.kind, ERROR_LIMIT);
    buffer_fini(&out);
    buffer_fini(&in);
}

/* Once prepared, no encoding needs a file: a process that may open none converts all the same. */
static void test_prepared(void **state)
{
    (void)state;
    struct error err = { 0 };
    assert_true(charset_prepare(&err));
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    static const char *const labels[] = { "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "windows-1258", "viscii", "tcvn", "koi8-u" };
    for (size_t i = 0; i < COUNT(labels); i++) {
        struct buffer out;
        char type[64];
        snprintf(type, sizeof(type), "text/html; charset=%s", labels[i]);
        buffer_init(&out, 0);
        CHECK(charset_to_utf8("abc", 3, type, CHARSET_HTML, NULL, &out, NULL, &err) && !strcmp(out.data, "abc"), "%s", labels[i]);
        buffer_fini(&out);
    }
    setrlimit(RLIMIT_NOFILE, &before);
}

/* Whatever the bytes and the label, the text is valid UTF-8 without NUL. */
static void test_always_valid(void **state)
{
    (void)state;
    static const char *const labels[] = { "utf-8", "utf-16be", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "windows-1258", "viscii", "tcvn", "windows-1253" };
    unsigned random = 7;
    char noise[3000];
    for (int round = 0; round < 40; round++) {
        for (size_t i = 0; i < sizeof(noise); i++)
            noise[i] = (char)((random = random * 1103515245 + 12345) >> 16);
        for (size_t i = 0; i < COUNT(labels); i++) {
            struct buffer out;
            char type[64];
            snprintf(type, sizeof(type), "text/html; charset=%s", labels[i]);
            buffer_init(&out, 0);
            assert_true(charset_to_utf8(noise, sizeof(noise), type, CHARSET_HTML, NULL, &out, NULL, NULL));
            CHECK(text_valid_utf8(out.data, out.len) && strlen(out.data) == out.len, "%s", labels[i]);
            buffer_fini(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_late_meta_and_bound),
        cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_always_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
