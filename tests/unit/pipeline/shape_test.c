/* shape_test.c - addresses and what they have in common. */
#include "pipeline/shape.h"

#include "base/mem.h"
#include "tests/unit/check.h"

#include <string.h>

static const struct { const char *url, *fine, *coarse; } rows[] = {
    { "https://www.news.example/politik/wahl/sieg-der-grossen-koalition-4711.html", "news.example/politik/wahl/{words}-{id}.html",
      "/{word}/{word}/{words}-{id}.html" },
    { "http://news.example/Politik/wahl/andere-worte-4712.html?utm_source=rss#top", "news.example/politik/wahl/{word}-{id}.html",
      "/{word}/{word}/{word}-{id}.html" },
    { "https://news.example/2026/11/25/a-title-of-quite-some-words/", "news.example/{year}/{n}/{n}/{slug}", "/{year}/{n}/{n}/{slug}" },
    { "https://news.example/2026/nov/25/a-title-of-quite-some-words", "news.example/{year}/{word}/{n}/{slug}", "/{year}/{word}/{n}/{slug}" },
    { "https://news.example/a/20261125/x", "news.example/a/{date}/{word}", "/{word}/{date}/{word}" },
    { "https://news.example/2026-11-25-bridge-opens-at-last-after-years", "news.example/{date}-{slug}", "/{date}-{slug}" },
    { "https://news.example/the-budget-of-2026-is-passed", "news.example/{slug}", "/{slug}" },
    { "https://news.example/tag/economy", "news.example/tag/{word}", "/{word}/{word}" },
    { "https://news.example/the-gioi/chau-a/dong-dat-o-nhat-ban-20261125081500.htm", "news.example/the-gioi/chau-a/{slug}-{id}.htm",
      "/{word}/{word}/{slug}-{id}.htm" },
    { "https://news.example/4711-bridge-opens-at-last", "news.example/{id}-{words}", "/{id}-{words}" },
    { "https://news.example/world-europe-61234567", "news.example/{word}-{id}", "/{word}-{id}" },
    { "https://news.example/news/articles/c1d2e3f4g5ho", "news.example/news/articles/{id}", "/{word}/{word}/{id}" },
    { "https://news.example/page3", "news.example/{word}", "/{word}" },
    { "https://news.example/list/page3/all", "news.example/list/page#/{word}", "/{word}/{word}/{word}" },
    { "https://news.example/news.php?id=4711&cat=sport", "news.example/{word}.php?cat={word}&id={id}", "/{word}.php?cat={word}&id={id}" },
    { "https://news.example/news.php?p=2", "news.example/{word}.php?p={n}", "/{word}.php?p={n}" },
    { "https://news.example/%E7%A4%BE%E4%BC%9A/%E5%A4%A7%E6%A1%A5%E5%9C%A8%E6%98%9F%E6%9C%9F%E5%A4%A9%E6%97%A9%E4%B8%8A%E9%80%9A%E8%BD%A6%E4%BA%86",
      "news.example/%e#%a#%be%e#%bc%#a/{slug}", "/{word}/{slug}" }, /* a section's name, and a title without spaces */
    { "https://sport.news.example/", "sport.news.example", "" },
    { "https://news.example/a/b/c/d/e/f/g/h/i/j", "news.example/a/b/{word}/{word}/{word}/{word}/{word}/{word}/...",
      "/{word}/{word}/{word}/{word}/{word}/{word}/{word}/{word}/..." },
};

static void shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct shape s;
        CHECK(shape_of(rows[i].url, &s), "%s", rows[i].url);
        CHECK(strcmp(s.fine, rows[i].fine) == 0, "%s: fine %s", rows[i].url, s.fine);
        CHECK(strcmp(s.coarse, rows[i].coarse) == 0, "%s: coarse %s", rows[i].url, s.coarse);
    }
    struct shape s;
    assert_false(shape_of("mailto:a@b.example", &s));
    static char endless[3000] = "https://news.example/";
    memset(endless + strlen(endless), 'a', 1900);
    assert_true(shape_of(endless, &s));
    assert_string_equal(s.coarse, "/{slug}");
}

/* Two addresses, or one, and what pages of their shapes were. f: fine, c: coarse of https://a.example/tag/x; 0,0: not known. */
static const struct { int fine[2], coarse[2]; enum shape_verdict want; bool by_fine; } judged[] = {
    { { 0, 0 }, { 0, 0 }, SHAPE_UNKNOWN, false }, { { 1, 0 }, { 1, 0 }, SHAPE_UNKNOWN, true }, { { 2, 0 }, { 2, 0 }, SHAPE_ARTICLES, true },
    { { 7, 3 }, { 0, 0 }, SHAPE_ARTICLES, true }, { { 6, 4 }, { 0, 0 }, SHAPE_UNKNOWN, true }, { { 0, 4 }, { 0, 4 }, SHAPE_UNKNOWN, true },
    { { 0, 5 }, { 0, 5 }, SHAPE_OTHERS, true }, { { 0, 5 }, { 30, 5 }, SHAPE_OTHERS, true }, { { 0, 2 }, { 30, 2 }, SHAPE_ARTICLES, false },
    { { 1, 9 }, { 0, 0 }, SHAPE_OTHERS, true }, { { 2, 9 }, { 0, 20 }, SHAPE_UNKNOWN, true }, { { 0, 0 }, { 0, 9 }, SHAPE_UNKNOWN, false },
    { { 0, 0 }, { 0, 10 }, SHAPE_OTHERS, false }, { { 0, 0 }, { 3, 0 }, SHAPE_ARTICLES, false }, { { 0, 0 }, { 2, 0 }, SHAPE_UNKNOWN, false },
};

static void verdicts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(judged); i++) {
        unsigned char table[3 * SHAPE_ENTRY_BYTES] = "????";
        size_t len = SHAPE_ENTRY_BYTES;
        const int *counts[] = { judged[i].fine, judged[i].coarse };
        struct shape s;
        assert_true(shape_of("https://a.example/tag/x", &s));
        for (int k = 0; k < 2; k++) {
            if (counts[k][0] + counts[k][1] == 0)
                continue;
            memcpy(table + len, s.hashes + k * SHAPE_HASH_BYTES, SHAPE_HASH_BYTES);
            table[len + 4] = (unsigned char)counts[k][0];
            table[len + 5] = (unsigned char)counts[k][1];
            len += SHAPE_ENTRY_BYTES;
        }
        struct shape_counts got = shape_judge(table, len, &s);
        CHECK(got.verdict == judged[i].want && got.fine == judged[i].by_fine, "row %zu: %d %d", i, got.verdict, got.fine);
        got = shape_judge(table, len - 1, &s); /* what is cut is not read */
        assert_true(len > SHAPE_ENTRY_BYTES || got.verdict == SHAPE_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(shapes), cmocka_unit_test(verdicts) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
