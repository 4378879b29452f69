/* features_test.c - one row a feature: what it says of a block of a small page. */
#include "small_page.h"

#define ARTICLE "<h1>The bridge is closed</h1><div class=article-body><p>" LINE "</p><p>" LINE " Again.</p><p>Short line</p></div>"

static const struct { const char *page, *block, *feature; float least, most; } rows[] = {
    { "<p>abc def", "abc", "text.log_words", 1.09f, 1.1f },
    { "<p><a href=/x>abc</a> def", "abc", "text.link_density", 0.49f, 0.51f },
    { "<p>Read more: x", "Read more", "text.related", 1, 1 },
    { "<p>Xem thêm: chuyện khác", "Xem", "text.related", 1, 1 },
    { "<p>Nguồn: TTXVN", "Nguồn", "text.source", 1, 1 },
    { "<p>Sign up for our letter", "Sign", "text.promo", 1, 1 },
    { "<p>By Ann Weaver", "By", "text.byline", 1, 1 },
    { "<p>20:45 | 13/01/2021 GMT+7", "20:45", "text.short_date", 1, 1 },
    { "<p>Is it?", "Is it", "text.ends_question", 1, 1 },
    { "<p>AB CD ef", "AB", "text.all_caps", 0.6f, 0.7f },
    { "<p>one<p>two<p>one", "one", "text.repeats", 2, 2 },
    { "<p>mail a@b.example", "mail", "text.at", 1, 1 },
    { "<p>\u00a9 2026 Site", "\u00a9", "text.copyright", 1, 1 },
    { "<div>a<br>b<br>c</div>", "a", "text.breaks", 2, 2 },
    { "<blockquote><p>q</blockquote>", "q", "around.11", 1, 1 },
    { "<div class=relatedPosts><div><p>x</div></div>", "x", "group.related", 2, 2 },
    { "<div class='wp-caption'><p>x</div>", "x", "group.credit", 1, 1 },
    { "<p>x", "x", "group.nav", FAR, FAR },
    { "<div role=complementary>x</div>", "x", "around.19", 1, 1 },
    { ARTICLE, "The council", "dense.2", 1, 1 },          /* in the dense container */
    { ARTICLE, "Short", "metadata.9", 1, 1 },             /* in the named one */
    { ARTICLE, "Short", "metadata.10", 2, 2 },            /* by its class */
    { ARTICLE, "Short", "heading.1", 3, 3 },              /* blocks since the heading */
    { "<div><p>a<p>b<p>c</div>", "b", "alike.0", 1.09f, 1.1f },
    { "<div><img src=/a.jpg><p>x</div>", "x", "image.2", 2, 2 },
    { "<div><p>x</div>", "x", "image.2", 0, 0 },
    { "<h2>Related</h2><p>x", "x", "heading.0", 1, 1 },
    { "<meta name=description content='the council met on monday to talk about the bridge'><p>" LINE, "The", "metadata.2", 0.3f, 1 },
    { "<title>The bridge is closed</title>" ARTICLE, "The bridge", "position.9", 0.99f, 1 },
    { "<p>x", "x", "metadata.12", 1, 1 },                 /* the mode: news */
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        small_page(rows[i].page);
        float got = small_feature(rows[i].block, rows[i].feature);
        CHECK(got >= rows[i].least && got <= rows[i].most, "%s of %.60s: %g", rows[i].feature, rows[i].page, (double)got);
    }
    small_end();
}

static void test_names(void **state)
{
    (void)state;
    char name[32], before[32] = "";
    for (int i = 0; i < FEATURE_COUNT; i++) {
        feature_name(i, name);
        CHECK(name[0] && strcmp(name, before) != 0, "feature %d: %s", i, name);
        memcpy(before, name, sizeof(name));
    }
}

/* A body in two pieces: both are the container that names itself the article; the next story's is not. */
static void test_pieces(void **state)
{
    (void)state;
    small_page("<h1>One</h1><div><div class=body__inner-content><p>" LINE LINE LINE LINE "</p></div></div><aside>x</aside>"
               "<div><div class=body__inner-content><p>piece two</p></div></div><h1>Two</h1><div class=body__inner-content><p>other</p></div>");
    (void)small_feature("x", "metadata.9");
    small_page("<h1>One</h1><div><div class=article-body><p>" LINE LINE LINE LINE "</p></div></div><aside>x</aside>"
               "<div><div class=article-body><p>piece two</p></div></div><h1>Two</h1><div class=article-body><p>other</p></div>");
    CHECK(small_feature("piece two", "metadata.9") == 1, "the second piece");
    CHECK(small_feature("other", "metadata.9") == 0, "the next story");
    CHECK(small_feature("x", "metadata.9") == 0, "between");
    small_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_names), cmocka_unit_test(test_pieces) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
