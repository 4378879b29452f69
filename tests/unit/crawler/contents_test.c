/* contents_test.c - what feeds carried is kept for a while, within bounds. */
#include "crawler/contents.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct id id_of_number(int n)
{
    struct id id = { 0 };
    snprintf(id.hex, sizeof(id.hex), "%032x", (unsigned)n);
    return id;
}

static void kept_for_a_while(void **state)
{
    (void)state;
    struct contents *c = contents_create();
    struct id one = id_of_number(1), two = id_of_number(2);
    contents_put(c, &one, xstrdup("first"), 1000);
    contents_put(c, &one, xstrdup("newer"), 2000);
    contents_put(c, &two, xstrdup("second"), 2000);
    contents_put(c, &two, NULL, 2000);
    contents_feed_read(c, "https://a.example/feed", 2000);
    char *html = contents_take(c, &one, 3000);
    assert_string_equal(html, "newer");
    free(html);
    assert_null(contents_take(c, &one, 3000)); /* it was taken */
    assert_true(contents_feed_known(c, "https://a.example/feed", 2000 + CONTENTS_KEPT_MS - 1));
    assert_false(contents_feed_known(c, "https://a.example/feed", 2000 + CONTENTS_KEPT_MS));
    assert_null(contents_take(c, &two, 2000 + CONTENTS_KEPT_MS));
    assert_false(contents_feed_known(c, "https://b.example/feed", 0));
    contents_destroy(c);
    contents_destroy(NULL);
}

static void bounded(void **state)
{
    (void)state;
    struct contents *c = contents_create();
    int kept = 0;
    for (int i = 0; i < 200; i++) {
        struct id id = id_of_number(i);
        char *html = xcalloc(1, 100001);
        memset(html, 'x', 100000);
        contents_put(c, &id, html, i);
    }
    for (int i = 0; i < 200; i++) {
        struct id id = id_of_number(i);
        char *html = contents_take(c, &id, 200);
        kept += html != NULL;
        CHECK(i < 165 || html, "%d: the youngest stay", i);
        free(html);
    }
    assert_in_range(kept, 30, CONTENTS_BYTES / 100000);
    struct id id = id_of_number(1000);
    char *large = xcalloc(1, CONTENT_MAX + 2);
    memset(large, 'x', CONTENT_MAX + 1);
    contents_put(c, &id, large, 300);
    assert_null(contents_take(c, &id, 300));
    contents_destroy(c);
}

static void length(void **state)
{
    char text[CONTENT_TEXT_MIN + 1], html[4000];
    (void)state;
    memset(text, 'x', CONTENT_TEXT_MIN);
    text[CONTENT_TEXT_MIN] = '\0';
    snprintf(html, sizeof(html), "<p class='%s'>%.400s</p>", text, text);
    assert_false(contents_is_whole(html));
    assert_false(contents_is_whole(NULL));
    assert_false(contents_is_whole("<p"));
    assert_true(contents_is_whole(text));
    snprintf(html, sizeof(html), "<p>%.300s</p>\n<p>%.200s</p>", text, text);
    assert_true(contents_is_whole(html));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(kept_for_a_while), cmocka_unit_test(bounded), cmocka_unit_test(length) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
