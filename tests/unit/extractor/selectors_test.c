/* selectors_test.c - what a source may write, what it selects, and how what it may not write is refused. */
#include "extractor/selectors.h"
#include "small_page.h"

#define PAGE "<div id=top class='a b'><p class=x>one</p><section><p data-k=v>two</p><p>three</p></section></div><p class=x>four</p>"

static const struct { const char *selector, *want; } matches[] = {
    { "p", "one two three four" }, { ".x", "one four" }, { "#top", "one two three" }, { "div.a.b .x", "one" }, { "div > p", "one" },
    { "div p", "one two three" }, { "section > p", "two three" }, { "div > section p", "two three" }, { "[data-k]", "two" },
    { "[data-k=v]", "two" }, { "p[data-k=\"v\"]", "two" }, { "[data-k=w]", "" }, { "#top > .x, section > p", "one two three" }, { "body > p", "four" },
    { "DIV P.x", "one" }, { "html div section p", "two three" }, { ".c", "" },
};

static void test_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(matches); i++) {
        struct error err;
        struct selectors *s = selectors_compile(&matches[i].selector, 1, &err);
        CHECK(s, "%s: %s", matches[i].selector, err.message);
        small_run(&(struct extract_input){ .include = s }, PAGE, &hand_models);
        const struct doc *d = small_inside()->doc;
        struct buffer got;
        buffer_init(&got, 0);
        for (size_t k = 0; k < d->block_count; k++)
            if (small_inside()->verdicts[k].rule == RULE_INCLUDE && small_inside()->verdicts[k].keep)
                buffer_printf(&got, "%s%.*s", got.len ? " " : "", (int)d->blocks[k].len, d->text + d->blocks[k].text);
        CHECK(strcmp(buffer_str(&got), matches[i].want) == 0, "%s: %s", matches[i].selector, buffer_str(&got));
        buffer_fini(&got);
        selectors_destroy(s);
    }
    small_end();
}

static const struct { const char *selector; int place; } refused[] = {
    { "p:first-child", 2 }, { "p + p", 3 }, { "p ~ p", 3 }, { "*", 1 }, { "p[", 3 }, { "p[a", 4 }, { "", 1 }, { "p,", 3 }, { "> p", 1 }, { "p >", 4 }, { ".", 2 },
    { "p[a^=b]", 4 },
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct error err = { 0 };
        char place[32];
        struct selectors *s = selectors_compile(&refused[i].selector, 1, &err);
        CHECK(!s && err.kind == ERROR_INVALID, "\"%s\"", refused[i].selector);
        snprintf(place, sizeof(place), "at character %d;", refused[i].place);
        CHECK(strstr(err.message, place) && strstr(err.message, "use type, #id"), "\"%s\": %s", refused[i].selector, err.message);
    }
}

static void test_exclude(void **state)
{
    (void)state;
    const char *text = ".promo";
    struct selectors *s = selectors_compile(&text, 1, NULL);
    struct article_fields f = small_run(&(struct extract_input){ .exclude = s }, "<article><p>" LINE "</p><p class=promo>" LINE " Buy.</p></article>", &hand_models);
    assert_string_equal(f.text, LINE);
    selectors_destroy(s);
    small_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_matches), cmocka_unit_test(test_refused), cmocka_unit_test(test_exclude) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
