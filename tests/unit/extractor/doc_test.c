/* doc_test.c - how a page is cut into blocks, and what is counted in them. */
#include "small_page.h"

static const struct { const char *name, *page, *want; } cuts[] = {
    { "paragraphs", "<p>one<p>two", "one|two" },
    { "inline tags do not break", "<p>a <b>b</b> <span>c</span><i>d</i>", "a b cd" },
    { "one br is a line", "<div>a<br>b</div>", "a\nb" },
    { "two br part blocks", "<div>a<br> <br>b<br><br><br>c</div>", "a|b|c" },
    { "bare text around elements", "<div>a<p>b</p>c</div>", "a|b|c" },
    { "cells", "<table><tr><td>a<td>b</table>", "a|b" },
    { "no letter, no block", "<p>•<p>–<p>x", "x" },
    { "numbers are text", "<p>12", "12" },
    { "skipped subtrees", "<p>a<script>s</script><style>t</style><noscript>n</noscript><svg><text>v</text></svg><button>b</button>c", "ac" },
    { "readings of ruby", "<p><ruby>\u6f22<rt>kan</rt></ruby><ruby>\u5b57<rp>(</rp><rt>ji</rt><rp>)</rp></ruby>", "\u6f22\u5b57(ji)" },
    { "a noscript that something in it keeps open", "<p>a<noscript><div></noscript><p>b", "a|b" },
    { "tooltips", "<p>a<span class=tooltip>tip</span>b<span class='sr-only'>c</span>", "ab" },
    { "spaces fold", "<p>  a \n\t b&nbsp;&nbsp;c ", "a b c" },
    { "soft hyphens go", "<p>Donau&shy;dampf", "Donaudampf" },
    { "lines of pre stay", "<pre>a\n b</pre>", "a\nb" },
};

static char *joined(const struct doc *d)
{
    struct buffer out;
    buffer_init(&out, 0);
    for (size_t i = 0; i < d->block_count; i++)
        buffer_printf(&out, "%s%.*s", i ? "|" : "", (int)d->blocks[i].len, d->text + d->blocks[i].text);
    return buffer_take(&out);
}

static void test_cuts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cuts); i++) {
        small_page(cuts[i].page);
        char *got = joined(small_inside()->doc);
        CHECK(strcmp(got, cuts[i].want) == 0, "%s: %s", cuts[i].name, got);
        free(got);
    }
    small_end();
}

static void test_counts(void **state)
{
    (void)state;
    small_page("<p>Ann <a href=/x>met Bob</a>, 12 times. <b>Why?</b> Nobody knows.<p>\u6771\u4eac<p>a <a href=/1>b</a><a href=/2>c</a>");
    const struct doc *d = small_inside()->doc;
    const struct block *b = &d->blocks[0];
    assert_int_equal(b->words, 8);
    assert_int_equal(b->stops, 3);
    assert_int_equal(b->commas, 1);
    assert_int_equal(b->links, 1);
    assert_int_equal((int)b->link_n, 6);
    assert_int_equal((int)b->bold_n, 4);
    assert_int_equal((int)b->digit_n, 2);
    assert_true(b->ends_stop && b->ends_mark);
    assert_int_equal((int)d->blocks[1].n, 6); /* each counts for three letters */
    assert_int_equal(d->blocks[1].words, 2);
    assert_int_equal(d->blocks[2].links, 2);
    small_end();
}

static void test_surroundings(void **state)
{
    (void)state;
    small_page("<nav><ul><li>a</ul></nav><div class='side-bar'><div><p>b</div></div><div hidden>c</div><div style='display:none'>d</div>"
               "<div itemprop=articleBody><p>e</div><p aria-hidden=true>f");
    const struct doc *d = small_inside()->doc;
    uint32_t around[6];
    for (size_t i = 0; i < 6; i++)
        around[i] = d->elements[d->blocks[i].owner].around;
    assert_true((around[0] & IN_NAV) && (around[0] & IN_LI));
    assert_int_equal(d->elements[d->blocks[1].owner].far[GROUP_SIDE], 2);
    assert_true((around[2] & IN_HIDDEN) && (around[3] & IN_HIDDEN));
    assert_true((around[4] & IN_ARTICLE_BODY) && (around[5] & IN_ARIA_HIDDEN));
    small_end();
}

static void test_depth(void **state)
{
    (void)state;
    struct buffer page;
    buffer_init(&page, 0);
    for (int i = 0; i < 50000; i++)
        buffer_puts(&page, "<div>");
    buffer_puts(&page, "deep");
    struct article_fields f = small_page(buffer_str(&page));
    char *warnings = small_join(&f.warnings);
    CHECK(strstr(warnings, "page too large"), "%s", warnings);
    free(warnings);
    buffer_fini(&page);
    small_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cuts), cmocka_unit_test(test_counts), cmocka_unit_test(test_surroundings),
                                        cmocka_unit_test(test_depth) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
