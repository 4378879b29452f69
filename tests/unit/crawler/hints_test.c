/* hints_test.c - hints come back as they went, cut to what a request may carry and never inside a character. */
#include "crawler/hints.h"

#include "base/text.h"
#include "tests/unit/check.h"

#include <string.h>

static void there_and_back(void **state)
{
    (void)state;
    char text[FRONTIER_HINTS_MAX + 1];
    struct hints back, h = { .title = "Tiếng \"Việt\"", .summary = "s", .published = "2026-11-25T08:00:00Z", .authors = "A; B", .feed = "/feed", .redirects = 3 };
    hints_write(&h, text);
    hints_read(&back, text);
    assert_string_equal(back.title, h.title);
    assert_string_equal(back.summary, h.summary);
    assert_string_equal(back.published, h.published);
    assert_string_equal(back.authors, h.authors);
    assert_string_equal(back.feed, "/feed");
    assert_int_equal(back.redirects, 3);
    hints_fini(&back);
    hints_write(&(struct hints){ 0 }, text);
    assert_string_equal(text, "");
    char address[300] = "https://a.example/";
    memset(address + strlen(address), 'x', 250);
    hints_write(&(struct hints){ .title = "t", .feed = address }, text); /* an address is whole or not there */
    assert_string_equal(text, "{\"t\":\"t\"}");
}

static void bounds(void **state)
{
    (void)state;
    char text[FRONTIER_HINTS_MAX + 1], long_text[5000];
    static const char *const fill[] = { "a", "é", "漢", "\"", "\\", "\x01" };
    for (size_t i = 0; i < COUNT(fill); i++) {
        struct hints back;
        long_text[0] = '\0';
        for (size_t n = 0; n < 900; n++)
            strcat(long_text, fill[i]);
        hints_write(&(struct hints){ .title = long_text, .summary = long_text, .authors = long_text, .published = long_text }, text);
        CHECK(strlen(text) <= FRONTIER_HINTS_MAX && strlen(text) > 20, "fill %zu: %zu bytes", i, strlen(text));
        hints_read(&back, text);
        CHECK(back.title && text_valid_utf8(back.title, strlen(back.title)), "fill %zu: title", i);
        hints_fini(&back);
    }
}

static void unreadable(void **state)
{
    (void)state;
    static const char *const rows[] = { NULL, "", "x", "[]", "{\"t\":1,\"r\":\"2\"}", "{\"t\":" };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hints h;
        hints_read(&h, rows[i]);
        CHECK(!h.title && h.redirects == 0, "row %zu", i);
        hints_fini(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(there_and_back), cmocka_unit_test(bounds), cmocka_unit_test(unreadable) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
