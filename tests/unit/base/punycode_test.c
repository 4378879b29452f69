/* punycode_test.c - RFC 3492, 7.1 (in small letters, as they are mapped), and labels that are none. */
#include "base/punycode.h"

#include "tests/unit/check.h"

#include <string.h>

static const struct { const char *label, *want; } labels[] = {
    { "\u0644\u064A\u0647\u0645\u0627\u0628\u062A\u0643\u0644\u0645\u0648\u0634\u0639\u0631\u0628\u064A\u061F", NULL }, /* a question mark in it */
    { "\u4ED6\u4EEC\u4E3A\u4EC0\u4E48\u4E0D\u8BF4\u4E2D\u6587", "xn--ihqwcrb4cv8a8dqg056pqjye" },
    { "\u4ED6\u5011\u7232\u4EC0\u9EBD\u4E0D\u8AAA\u4E2D\u6587", "xn--ihqwctvzc91f659drss3x8bo0yb" },
    { "t\u1EA1isaoh\u1ECDkh\u00F4ngth\u1EC3ch\u1EC9n\u00F3iti\u1EBFngvi\u1EC7t", "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g" },
    { "3\u5E74b\u7D44\u91D1\u516B\u5148\u751F", "xn--3b-ww4c5e180e575a65lsy2b" },
    { "\u2603", "xn--n3h" },
    { "M\u00FCNCHEN", "xn--mnchen-3ya" },
    { "\u2764\uFE0F", "xn--qei" },
    { "\u2028", NULL },
    { "", NULL },
    { "a\u2603b c", NULL },
};

static void test_labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(labels); i++) {
        struct buffer b;
        buffer_init(&b, 0);
        bool ok = punycode_label(labels[i].label, strlen(labels[i].label), &b);
        CHECK(ok == (labels[i].want != NULL) && (!ok || !strcmp(b.data, labels[i].want)), "%s: %s", labels[i].label, buffer_str(&b));
        buffer_fini(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_labels) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
