/* html_test.c - the limits of a parse, and walks. */
#include "base/html.h"

#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

static char *repeat(const char *piece, size_t times)
{
    struct buffer b;
    buffer_init(&b, 0);
    for (size_t i = 0; i < times; i++)
        buffer_puts(&b, piece);
    return buffer_take(&b);
}

static void test_limits(void **state)
{
    (void)state;
    static const struct { const char *name, *piece; size_t times; } hostile[] = {
        { "nested div", "<div>", 100000 },
        { "nested b and div", "<b><div>", 20000 },
        { "nested a and div", "<a><div>", 20000 },
        { "nested tables", "<table><tr><td>", 20000 },
    };
    struct arena *a = arena_create(64 << 20);
    for (size_t i = 0; i < COUNT(hostile); i++) {
        struct error err = { 0 };
        char *page = repeat(hostile[i].piece, hostile[i].times);
        CHECK(!html_parse(a, page, strlen(page), NULL, &err) && err.kind == ERROR_LIMIT, "%s", hostile[i].name);
        arena_reset(a, 1 << 20);
        free(page);
    }
    struct buffer b;
    buffer_init(&b, 0);
    for (int i = 0; i < 8000; i++)
        buffer_printf(&b, "<font size=%d><p>", i);
    struct error err = { 0 };
    CHECK(!html_parse(a, b.data, b.len, NULL, &err) && err.kind == ERROR_LIMIT, "formatting elements: %s", err.message);
    arena_reset(a, 0);
    buffer_clear(&b);
    buffer_puts(&b, "<p");
    for (int i = 0; i < 80000; i++)
        buffer_printf(&b, " a%d=1", i);
    buffer_puts(&b, ">");
    CHECK(!html_parse(a, b.data, b.len, &(struct html_limits){ .deadline_ms = 20 }, &err) && strstr(err.message, "20 ms"), "attributes: %s", err.message);
    arena_reset(a, 0);
    GumboOutput *out = html_parse(a, "<p>x", 4, NULL, &err);
    assert_non_null(out); /* the arena works again */
    buffer_fini(&b);
    arena_destroy(a);
}

static void test_omitted_end_tags_are_not_deep(void **state)
{
    (void)state;
    static const char *const pieces[] = { "<p>x", "<li>x", "<option>x", "<br><img src=x>", "<div>x</div>", "<dt>a<dd>b", "<p><b>x</b>", "<tr><td>x" };
    struct arena *a = arena_create(64 << 20);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct error err = { 0 };
        char *page = repeat(pieces[i], 2000);
        CHECK(html_parse(a, page, strlen(page), NULL, &err) != NULL, "%s: %s", pieces[i], err.message);
        arena_reset(a, 1 << 20);
        free(page);
    }
    arena_destroy(a);
}

static void test_walk(void **state)
{
    (void)state;
    static const char page[] = "<html><head></head><body><div id=a><p>one</p><p class=c>two</p></div><i>three</i></body></html>";
    struct arena *a = arena_create(16 << 20);
    struct error err;
    GumboOutput *out = html_parse(a, page, strlen(page), NULL, &err);
    assert_non_null(out);
    char seen[64] = "";
    for (const GumboNode *n = out->root; n; n = html_next(out->root, n))
        if (n->type == GUMBO_NODE_TEXT)
            strcat(seen, n->v.text.text);
    assert_string_equal(seen, "onetwothree");
    const GumboNode *div = out->root;
    while (div && !(html_attr(div, "id") && strcmp(html_attr(div, "id"), "a") == 0))
        div = html_next(out->root, div);
    assert_non_null(div);
    const GumboNode *after = html_next_after(out->root, div);
    assert_true(after && after->type == GUMBO_NODE_ELEMENT && after->v.element.tag == GUMBO_TAG_I);
    assert_null(html_attr(div, "class"));
    int inside = 0;
    for (const GumboNode *n = html_next(div, div); n; n = html_next(div, n))
        inside++;
    assert_int_equal(inside, 4);
    arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_omitted_end_tags_are_not_deep),
        cmocka_unit_test(test_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
