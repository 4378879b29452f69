/* hidden_test.c - articles that stand in a script only. */
#include "extractor/hidden.h"
#include "small_page.h"

#define P(n) "\\u003cp\\u003e" LINE " " n "\\u003c/p\\u003e"
#define LONG P("one") P("two") P("three") P("four") P("five") P("six") P("seven") P("eight")
#define TITLE "<title>The bridge is closed</title>"

static const struct { const char *name, *page; bool found; } pages[] = {
    { "a string of a state", TITLE "<body><div id=app></div><script>window.s={\"title\":\"x\",\"html\":\"" LONG "\"}</script></body>", true },
    { "JSON in a string", TITLE "<body><script type='application/json'>[\"{\\\"html\\\":\\\"" P("one") P("two") P("three") P("four") P("five") P("six") P("seven") P("eight")
      "\\\"}\"]</script></body>", true },
    { "too little", TITLE "<body><script>x=\"" P("one") P("two") "\"</script></body>", false },
    { "prose that is no markup", TITLE "<body><script>x=\"" LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE "\"</script></body>", false },
    { "a string without end", TITLE "<body><script>x=\"abc</script></body>", false },
    { "no script", TITLE "<body><p>x", false },
    { "JSON-LD has its own reader", TITLE "<body><script type='application/ld+json'>{\"x\":\"" LONG "\"}</script></body>", false },
};

static void test_pages(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pages); i++) {
        struct article_fields f = small_page(pages[i].page);
        char *warnings = small_join(&f.warnings);
        CHECK((strstr(warnings, "text from a script") != NULL) == pages[i].found, "%s: %s", pages[i].name, warnings);
        CHECK((strstr(f.text, "before midnight came. seven") != NULL) == pages[i].found, "%s: %.100s", pages[i].name, f.text);
        free(warnings);
    }
    small_end();
}

static void test_escapes(void **state)
{
    (void)state;
    struct buffer page, out;
    buffer_init(&page, 0);
    buffer_init(&out, 0);
    buffer_puts(&page, "<body class=a><script>s=\"<p>\\ud83d\\ude00 \\\"quoted\\\" \\u00e9 \\/ \\n\\ud83d.</p>");
    for (int i = 0; i < 10; i++)
        buffer_puts(&page, "<p>" LINE "</p>");
    buffer_puts(&page, "\"</script>");
    assert_true(hidden_article(&page, "a <b> & c", &out));
    CHECK(strstr(buffer_str(&out), "<body class=a><article><h1>a  b>   c</h1><p>\U0001F600 \"quoted\" \u00e9 / \n\uFFFD.</p>"), "%.120s", buffer_str(&out));
    buffer_fini(&page);
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pages), cmocka_unit_test(test_escapes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
