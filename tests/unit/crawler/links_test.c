/* links_test.c - links of front pages and what stands around them. */
#include "crawler/links.h"

#include "base/buffer.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#define PAGE "https://news.example/section/index.html"

static struct links *parse(const char *html)
{
    return links_parse(html, strlen(html), "text/html; charset=utf-8", PAGE, "tidings", 0);
}

static const struct {
    const char *name, *html, *url, *text;
    enum link_place place;
    bool nofollow, heading, image;
} cases[] = {
    { "relative", "<a href='../a/b.html?x=1#f'> One \n <b>two</b></a>", "https://news.example/a/b.html?x=1#f", "One two", LINK_MAIN, false, false, false },
    { "protocol-relative", "<a href=//other.example/x>o</a>", "https://other.example/x", "o", LINK_MAIN, false, false, false },
    { "nofollow", "<a rel='external nofollow' href=/x>o</a>", "https://news.example/x", "o", LINK_MAIN, true, false, false },
    { "headline", "<article><header><h2><a href=/x>o</a></h2></header></article>", "https://news.example/x", "o", LINK_MAIN, false, true, false },
    { "around a heading", "<a href=/x><h3>o</h3></a>", "https://news.example/x", "o", LINK_MAIN, false, true, false },
    { "menu", "<header><div><a href=/x>o</a></div></header>", "https://news.example/x", "o", LINK_NAV, false, false, false },
    { "nav", "<nav><ul><li><a href=/x>o</a></ul></nav>", "https://news.example/x", "o", LINK_NAV, false, false, false },
    { "footer", "<footer><nav></nav><a href=/x>o</a></footer>", "https://news.example/x", "o", LINK_FOOTER, false, false, false },
    { "aside", "<aside><a href=/x>o</a></aside>", "https://news.example/x", "o", LINK_ASIDE, false, false, false },
    { "role", "<div role=navigation><a href=/x>o</a></div>", "https://news.example/x", "o", LINK_NAV, false, false, false },
    { "image", "<a href=/x><img alt='A picture' src=y></a>", "https://news.example/x", "A picture", LINK_MAIN, false, false, true },
    { "area", "<map><area href=/x></map>", "https://news.example/x", "", LINK_MAIN, false, false, false },
    { "base", "<a href=x>o</a><base href='https://cdn.example/d/'><base href=/e/>", "https://cdn.example/d/x", "o", LINK_MAIN, false, false, false },
    { "no http", "<a href='mailto:a@b.example'>m</a><a href='javascript:x()'>j</a><a href='#top'>t</a><a>n</a><a href=''>e</a><a href=/x>o</a>",
      "https://news.example/x", "o", LINK_MAIN, false, false, false },
};

static void test_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct links *l = parse(cases[i].html);
        CHECK(l->count == 1, "%s: %zu", cases[i].name, l->count);
        const struct link *k = &l->items[0];
        CHECK(!strcmp(k->url, cases[i].url) && !strcmp(k->text, cases[i].text), "%s: %s %s", cases[i].name, k->url, k->text);
        CHECK(k->place == cases[i].place && k->nofollow == cases[i].nofollow && k->heading == cases[i].heading && k->image == cases[i].image, "%s", cases[i].name);
        links_destroy(l);
    }
}

static void test_page(void **state)
{
    (void)state;
    struct links *l = parse("<html lang=vi><head><title> Trang  nh\u1EA5t </title><link rel=canonical href=/section/>"
                            "<meta name=ROBOTS content='index, NoFollow'><meta name=tidings content=noarchive><meta http-equiv=refresh content=\"5; URL='/new'\">"
                            "<link rel=alternate type=text/html hreflang=en href=/en/></head><body>"
                            "<a href=/feed/>All</a><a href=/rss/tin-moi.rss>Tin m\u1EDBi</a><a href=/rss>RSS</a><a href=/rss>again</a><a href=/feeds/world.xml>World</a>"
                            "<link rel='alternate' type='application/rss+xml' title='Tin' href=rss.xml>"
                            "<link rel='alternate' type='application/atom+xml; charset=utf-8' href=https://news.example/feed/>");
    assert_string_equal(l->title, "Trang nh\u1EA5t");
    assert_string_equal(l->language, "vi");
    assert_string_equal(l->canonical, "https://news.example/section/");
    assert_true(l->nofollow && l->noarchive && !l->noindex && !l->truncated && !l->warning);
    assert_int_equal(l->refresh_s, 5);
    assert_string_equal(l->refresh_url, "https://news.example/new");
    assert_int_equal(l->feed_count, 4);
    assert_string_equal(l->feeds[0].url, "https://news.example/feed/");
    assert_true(l->feeds[0].declared && l->feeds[1].declared && !l->feeds[2].declared);
    assert_string_equal(l->feeds[1].url, "https://news.example/section/rss.xml");
    assert_string_equal(l->feeds[1].title, "Tin");
    assert_string_equal(l->feeds[2].url, "https://news.example/rss/tin-moi.rss");
    assert_string_equal(l->feeds[3].url, "https://news.example/feeds/world.xml");
    assert_int_equal(l->feed_page_count, 1);
    assert_string_equal(l->feed_pages[0], "https://news.example/rss");
    links_destroy(l);
    l = parse("<meta http-equiv=refresh content=600>");
    assert_int_equal(l->refresh_s, 600);
    assert_null(l->refresh_url);
    assert_int_equal(l->count, 0);
    links_destroy(l);
}

static void test_bounded(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 0);
    for (int i = 0; i < 6000; i++)
        buffer_printf(&b, "<a href=/%d>%d</a> ", i, i);
    struct links *l = parse(b.data);
    assert_int_equal(l->count, LINKS_MAX);
    assert_true(l->truncated);
    links_destroy(l);
    buffer_clear(&b);
    buffer_puts(&b, "<a href=/x>o</a>");
    for (int i = 0; i < 50000; i++)
        buffer_puts(&b, "<div>");
    l = parse(b.data);
    assert_int_equal(l->count, 1); /* flattened, not refused */
    assert_true(l->truncated);
    links_destroy(l);
    buffer_fini(&b);
    l = links_parse("\xFF\xFE<\0", 4, NULL, PAGE, NULL, 0);
    assert_int_equal(l->count, 0);
    links_destroy(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_links), cmocka_unit_test(test_page), cmocka_unit_test(test_bounded) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
