/* sitemap_test.c - sitemaps of all kinds as a stream. Items are written one a line: url|modified|published|title|language. */
#include "base/buffer.h"
#include "crawler/sitemap.h"
#include "tests/unit/check.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE "https://site.test/maps/sitemap.xml"

static const struct { const char *name, *bytes; size_t len; enum feed_kind kind; const char *want; } cases[] = {
    { "urlset", "<?xml version='1.0' encoding='UTF-8'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://a/1?x=1&amp;y=2</loc>"
      "<lastmod>2020-01-02T03:04:05+07:00</lastmod><changefreq>daily</changefreq></url><url><loc>\n  http://a/2\n</loc></url></urlset>", 0,
      FEED_SITEMAP, "http://a/1?x=1&y=2|2020-01-02T03:04:05+07:00|||\nhttp://a/2||||\n" },
    { "index", "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><sitemap><loc>/s1.xml</loc><lastmod>2020-01</lastmod></sitemap>"
      "<sitemap><loc>s2.xml.gz</loc></sitemap></sitemapindex>", 0, FEED_SITEMAP_INDEX,
      "https://site.test/s1.xml|2020-01-01T00:00:00Z|||\nhttps://site.test/maps/s2.xml.gz||||\n" },
    { "news", "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'><url>"
      "<loc>http://a/1</loc><news:news><news:publication><news:name>P</news:name><news:language>vi</news:language></news:publication>"
      "<news:publication_date>2020-01-02T03:04:05Z</news:publication_date><news:title>A &amp;amp; B</news:title></news:news></url></urlset>", 0,
      FEED_SITEMAP, "http://a/1||2020-01-02T03:04:05Z|A & B|vi\n" },
    { "news under another prefix", "<urlset xmlns:n='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>http://a/1</loc><n:news><n:title>T</n:title></n:news></url></urlset>",
      0, FEED_SITEMAP, "http://a/1|||T|\n" },
    { "no namespaces", "<urlset><url><loc>http://a/1</loc><news><publication><name>P</name><language>en</language></publication><title>T</title></news></url></urlset>",
      0, FEED_SITEMAP, "http://a/1|||T|en\n" },
    { "wrong namespaces", "<sm:urlset xmlns:sm='http://wrong.test/x' xmlns:news='http://wrong.test/y'><sm:url><sm:loc>http://a/1</sm:loc>"
      "<news:news><news:title>T</news:title></news:news></sm:url></sm:urlset>", 0, FEED_SITEMAP, "http://a/1|||T|\n" },
    { "images and videos are not the page", "<urlset xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'><url><loc>http://a/1</loc><image:image>"
      "<image:loc>http://a/i.jpg</image:loc><image:title>I</image:title></image:image><video:video><video:title>V</video:title>"
      "<video:publication_date>2020-01-01</video:publication_date></video:video><image><loc>http://a/j.jpg</loc><title>J</title></image></url></urlset>",
      0, FEED_SITEMAP, "http://a/1||||\n" },
    { "text", "\xef\xbb\xbfhttp://a/1\r\nhttps://a/2\n\n  http://a/3  \nnot an address\nhttp://a/4", 0, FEED_SITEMAP,
      "http://a/1||||\nhttps://a/2||||\nhttp://a/3||||\nhttp://a/4||||\n" },
    { "rss", "<rss><channel><item><link>http://a/1</link><title>T</title></item></channel></rss>", 0, FEED_RSS, "http://a/1|||T|\n" },
    { "atom", "<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='http://a/1'/></entry></feed>", 0, FEED_ATOM, "http://a/1||||\n" },
    { "a mark and white space before the prolog", "\xef\xbb\xbf \n<?xml version='1.0'?><urlset><url><loc>http://a/1</loc></url></urlset>", 0,
      FEED_SITEMAP, "http://a/1||||\n" },
    { "utf-16", "\xff\xfe<\0u\0r\0l\0s\0e\0t\0>\0<\0u\0r\0l\0>\0<\0l\0o\0c\0>\0h\0t\0t\0p\0:\0/\0/\0a\0/\0<\0/\0l\0o\0c\0>\0<\0/\0u\0r\0l\0>\0<\0/\0u\0r\0l\0s\0e\0t\0>\0",
      98, FEED_SITEMAP, "http://a/||||\n" },
    { "latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?><urlset><url><loc>http://a/</loc><news:news><news:title>\xe9</news:title></news:news></url></urlset>",
      0, FEED_SITEMAP, "http://a/|||\xc3\xa9|\n" },
    { "a year, a CDATA section, other languages", "<urlset xmlns:xhtml='http://www.w3.org/1999/xhtml'><url><loc><![CDATA[http://a/1?x&y]]></loc>"
      "<xhtml:link rel='alternate' hreflang='de' href='http://a/de'/><lastmod>2020</lastmod></url></urlset>", 0, FEED_SITEMAP,
      "http://a/1?x&y|2020-01-01T00:00:00Z|||\n" },
    { "empty", "<urlset></urlset>", 0, FEED_SITEMAP, "" },
    { "a web page", "<html><body><urlset><url><loc>http://a/1</loc></url></urlset></body></html>", 0, FEED_UNKNOWN, "" },
    { "nothing", "", 0, FEED_UNKNOWN, "" },
};

static void put_date(struct buffer *out, bool has, const struct date *d)
{
    char text[DATE_TEXT_MAX];
    if (has)
        date_format(d, text);
    buffer_printf(out, "|%s", has ? text : "");
}

static bool put_item(void *arg, const struct feed_item *item)
{
    struct buffer *out = arg;
    buffer_puts(out, item->url);
    put_date(out, item->has_modified, &item->modified);
    put_date(out, item->has_published, &item->published);
    return buffer_printf(out, "|%s|%s\n", item->title ? item->title : "", item->language ? item->language : "");
}

static enum feed_kind read_pieces(const void *bytes, size_t len, size_t step, struct buffer *out)
{
    struct sitemap_reader *r = sitemap_reader_create(BASE, NULL, 0, put_item, out);
    for (size_t i = 0; i < len; i += step)
        if (!sitemap_reader_push(r, (const char *)bytes + i, len - i < step ? len - i : step))
            break;
    enum feed_kind kind = sitemap_reader_finish(r)->kind;
    sitemap_reader_destroy(r);
    return kind;
}

static void check(const char *name, const void *bytes, size_t len, size_t step, enum feed_kind kind, const char *want)
{
    struct buffer got;
    buffer_init(&got, 0);
    enum feed_kind got_kind = read_pieces(bytes, len, step, &got);
    CHECK(got_kind == kind, "%s in pieces of %zu: kind %s", name, step, feed_kind_name(got_kind));
    CHECK(strcmp(buffer_str(&got), want) == 0, "%s in pieces of %zu: got\n%s", name, step, buffer_str(&got));
    buffer_fini(&got);
}

static size_t gzip(const void *bytes, size_t len, char *out, size_t max)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t n = libdeflate_gzip_compress(c, bytes, len, out, max);
    libdeflate_free_compressor(c);
    assert_true(n > 0);
    return n;
}

/* Each plain, in gzip and in gzip twice, at once and in pieces. */
static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char once[4096], twice[4096];
        size_t len = cases[i].len ? cases[i].len : strlen(cases[i].bytes);
        size_t n1 = gzip(cases[i].bytes, len, once, sizeof(once)), n2 = gzip(once, n1, twice, sizeof(twice));
        for (size_t step = 1; step < 10000; step = step * 7 + 1) {
            check(cases[i].name, cases[i].bytes, len, step, cases[i].kind, cases[i].want);
            check(cases[i].name, once, n1, step, cases[i].kind, cases[i].want);
            check(cases[i].name, twice, n2, step, cases[i].kind, cases[i].want);
        }
    }
}

static bool count_item(void *arg, const struct feed_item *item)
{
    (void)item;
    return ++*(size_t *)arg < 1000000;
}

/* 52 MB, of which 50 MiB are read. */
static void test_large(void **state)
{
    (void)state;
    struct buffer piece;
    size_t items = 0, sent = 0;
    buffer_init(&piece, 0);
    for (int i = 0; i < 1000; i++)
        buffer_puts(&piece, "<url><loc>http://a.test/some/article-of-the-day.html</loc></url>\n");
    struct sitemap_reader *r = sitemap_reader_create(BASE, NULL, 0, count_item, &items);
    assert_true(sitemap_reader_push(r, "<urlset>", 8));
    while (sitemap_reader_push(r, piece.data, piece.len))
        sent += piece.len;
    assert_true(sent <= SITEMAP_MAX_BYTES && sent > SITEMAP_MAX_BYTES - 2 * piece.len);
    const struct feed *f = sitemap_reader_finish(r);
    assert_true(f->truncated);
    assert_true(f->warning_count > 0);
    assert_true(items >= sent / piece.len * 1000);
    sitemap_reader_destroy(r);
    buffer_fini(&piece);
}

static bool stop_at_two(void *arg, const struct feed_item *item)
{
    (void)item;
    return ++*(int *)arg < 2;
}

static void test_stop(void **state)
{
    (void)state;
    const char *map = "<urlset><url><loc>http://a/1</loc></url><url><loc>http://a/2</loc></url><url><loc>http://a/3</loc></url></urlset>";
    int items = 0;
    struct sitemap_reader *r = sitemap_reader_create(BASE, NULL, 0, stop_at_two, &items);
    sitemap_reader_push(r, map, strlen(map));
    assert_false(sitemap_reader_finish(r)->truncated);
    assert_int_equal(items, 2);
    sitemap_reader_destroy(r);
    r = sitemap_reader_create(BASE, NULL, 1, stop_at_two, &items); /* a deadline long past */
    assert_false(sitemap_reader_push(r, map, strlen(map)));
    assert_true(sitemap_reader_finish(r)->truncated);
    sitemap_reader_destroy(r);
    sitemap_reader_destroy(NULL);
}

static void test_damaged(void **state)
{
    (void)state;
    char map[2000] = "<urlset>", packed[2000];
    int items = 0;
    for (int i = 0; i < 20; i++)
        sprintf(map + strlen(map), "<url><loc>http://a/%d</loc></url>", i * 7919 % 1000);
    size_t n = gzip(map, strlen(map), packed, sizeof(packed));
    struct sitemap_reader *r = sitemap_reader_create(BASE, "gzip", 0, stop_at_two, &items);
    sitemap_reader_push(r, packed, n - 12);
    sitemap_reader_finish(r);
    assert_true(items > 0);
    sitemap_reader_destroy(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_large), cmocka_unit_test(test_stop), cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
