/* feed_test.c - feeds of all kinds, whole and broken, a table row a rule. Items are written one a line:
 * url|id|title|published|modified|summary|authors, empty where there is nothing. */
#include "base/buffer.h"
#include "crawler/feed.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#define RSS(items) "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title>" items "</channel></rss>"
#define ATOM(entries) "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title>" entries "</feed>"
#define BASE "https://site.test/feeds/news.xml"

static const struct { const char *name, *bytes; enum feed_kind kind; const char *want; } cases[] = {
    { "rss 2.0", RSS("<item><title>One</title><link>https://a.test/1</link><guid isPermaLink=\"false\">g1</guid>"
                     "<pubDate>Tue, 10 Jun 2003 04:00:00 GMT</pubDate><description>Words</description></item>"),
      FEED_RSS, "https://a.test/1|g1|One|2003-06-10T04:00:00Z||Words|\n" },
    { "rss: order and repeats are kept", RSS("<item><link>http://a/2</link></item><item><link>http://a/1</link></item><item><link>http://a/2</link></item>"),
      FEED_RSS, "http://a/2||||||\nhttp://a/1||||||\nhttp://a/2||||||\n" },
    { "rss: guid as address", RSS("<item><guid>https://a.test/g</guid></item>"), FEED_RSS, "https://a.test/g|https://a.test/g|||||\n" },
    { "rss: guid that is none", RSS("<item><guid isPermaLink=\"false\">https://a.test/g</guid></item>"), FEED_RSS, "" },
    { "rss: no address", RSS("<item><title>x</title></item><item><link>http://a/</link></item>"), FEED_RSS, "http://a/||||||\n" },
    { "rss: relative address", RSS("<item><link>/a?b=1</link></item>"), FEED_RSS, "https://site.test/a?b=1||||||\n" },
    { "rss: untouched address", RSS("<item><link> HTTP://A.test:80/%7e?utm_source=x&amp;b#c\n</link></item>"), FEED_RSS,
      "HTTP://A.test:80/%7e?utm_source=x&b#c||||||\n" },
    { "rss: link as an attribute", RSS("<item><link href='http://a/1'/></item>"), FEED_RSS, "http://a/1||||||\n" },
    { "rss: atom:link", RSS("<item><atom:link rel='self' href='http://a/s'/><atom:link rel='alternate' href='http://a/1'/></item>"),
      FEED_RSS, "http://a/1||||||\n" },
    { "rss: feedburner:origLink", RSS("<item><link>http://feeds.test/~r/1</link><feedburner:origLink>http://a/1</feedburner:origLink></item>"),
      FEED_RSS, "http://a/1||||||\n" },
    { "rss: dublin core", RSS("<item><link>http://a/</link><dc:title>D</dc:title><dc:creator>Ann</dc:creator><dc:creator>Ben</dc:creator>"
                              "<dc:date>2024-05-06T07:08:09+02:00</dc:date></item>"),
      FEED_RSS, "http://a/||D|2024-05-06T07:08:09+02:00|||Ann,Ben\n" },
    { "rss: another prefix for dublin core", "<rss xmlns:x='http://purl.org/dc/elements/1.1/'><channel><item><link>http://a/</link>"
      "<x:creator>Ann</x:creator></item></channel></rss>", FEED_RSS, "http://a/||||||Ann\n" },
    { "rss: media titles are not the item's", RSS("<item><media:title>M</media:title><link>http://a/</link><media:group><title>G</title>"
      "</media:group><title>I</title><source url='http://s/'>S</source></item>"), FEED_RSS, "http://a/||I||||\n" },
    { "rss: pubDate before dc:date, whatever the order", RSS("<item><link>http://a/</link><dc:date>2020-01-01T00:00:00Z</dc:date>"
      "<pubDate>Tue, 10 Jun 2003 04:00:00 GMT</pubDate></item>"), FEED_RSS, "http://a/|||2003-06-10T04:00:00Z|||\n" },
    { "rss: a date that cannot be read falls back", RSS("<item><link>http://a/</link><pubDate>yesterday-ish</pubDate>"
      "<dc:date>2020-01-01T00:00:00Z</dc:date></item>"), FEED_RSS, "http://a/|||2020-01-01T00:00:00Z|||\n" },
    { "rss: a bare day", RSS("<item><link>http://a/</link><dc:date>2020-01-02</dc:date></item>"), FEED_RSS, "http://a/|||2020-01-02T00:00:00Z|||\n" },
    { "rss: authors", RSS("<item><link>http://a/</link><author>ann@a.test (Ann Lee)</author></item>"
                          "<item><link>http://b/</link><author>Ann Lee &lt;ann@a.test&gt;</author></item>"
                          "<item><link>http://c/</link><author>ann@a.test</author></item>"
                          "<item><link>http://d/</link><author>Ann (Reuters)</author></item>"
                          "<item><link>http://e/</link><author>Ann Lee ann@a.test</author></item>"
                          "<item><link>http://f/</link><author>Ann (ann@a.test)</author><dc:creator>Other</dc:creator></item>"),
      FEED_RSS, "http://a/||||||Ann Lee\nhttp://b/||||||Ann Lee\nhttp://c/||||||\nhttp://d/||||||Ann (Reuters)\nhttp://e/||||||Ann Lee\nhttp://f/||||||Ann\n" },
    { "rss: html in titles", RSS("<item><link>http://a/</link><title>&lt;b&gt;A&lt;/b&gt; &amp;amp; B &amp;#8217;s</title>"
      "<description><![CDATA[<p>One<p>two &eacute;]]></description></item>"), FEED_RSS, "http://a/||A & B \xe2\x80\x99s|||One two \xc3\xa9|\n" },
    { "rss: naked markup", RSS("<item><link>http://a/</link><title>A <i>b</i> c</title></item>"), FEED_RSS, "http://a/||A b c||||\n" },
    { "rss: undeclared entities", RSS("<item><link>http://a/</link><title>Caf&eacute;&nbsp;X &hellip; &foo;</title></item>"), FEED_RSS,
      "http://a/||Caf\xc3\xa9 X \xe2\x80\xa6 &foo;||||\n" },
    { "rss: bare ampersand", RSS("<item><link>http://a/?a=1&b=2</link><title>A & B</title></item>"), FEED_RSS, "http://a/?a=1&b=2||A & B||||\n" },
    { "rss: control characters", RSS("<item><link>http://a/</link><title>A\x0b\x01 b</title></item>"), FEED_RSS, "http://a/||A b||||\n" },
    { "rss: items that do not end", "<rss><channel><item><title>1</title><link>http://a/1</link><item><title>2</title><link>http://a/2</link>",
      FEED_RSS, "http://a/1||1||||\nhttp://a/2||2||||\n" },
    { "rss: cut off", "<rss><channel><item><link>http://a/1</link><title>A long ti", FEED_RSS, "http://a/1||A long ti||||\n" },
    { "rss: cut off in an address", "<rss><channel><item><link>http://a/1</link></item><item><title>2</title><link>http://a/2",
      FEED_RSS, "http://a/1||||||\n" },
    { "rss: cut off in a date", "<rss><channel><item><link>http://a/1</link><dc:date>2020-01-0", FEED_RSS, "http://a/1||||||\n" },
    { "rss: junk before the prolog", "\n  Notice: <b>x</b><br />\n<?xml version='1.0'?><rss><channel><item><link>http://a/</link></item></channel></rss>",
      FEED_RSS, "http://a/||||||\n" },
    { "rss: latin-1", "<?xml version='1.0' encoding='ISO-8859-1'?><rss><channel><item><link>http://a/</link><title>caf\xe9</title></item></channel></rss>",
      FEED_RSS, "http://a/||caf\xc3\xa9||||\n" },
    { "rss: says utf-8 and is not", "<?xml version='1.0' encoding='utf-8'?><rss><channel><item><link>http://a/</link><title>caf\xe9</title></item></channel></rss>",
      FEED_RSS, "http://a/||caf\xc3\xa9||||\n" },
    { "rss: says latin-1 and is not", "<?xml version='1.0' encoding='ISO-8859-1'?><rss><channel><item><link>http://a/</link><title>caf\xc3\xa9</title></item></channel></rss>",
      FEED_RSS, "http://a/||caf\xc3\xa9||||\n" },
    { "rss: entities of its own are not read", "<!DOCTYPE rss [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><rss><channel><item><link>http://a/</link>"
      "<title>&b;</title></item></channel></rss>", FEED_RSS, "http://a/||&b;||||\n" },
    { "rss: xml:base", "<rss xml:base='http://b.test/x/'><channel><item xml:base='y/'><link>z</link></item><item><link>z</link></item></channel></rss>",
      FEED_RSS, "http://b.test/x/y/z||||||\nhttp://b.test/x/z||||||\n" },
    { "rss: without its root", "<channel><item><link>http://a/</link></item></channel>", FEED_RSS, "http://a/||||||\n" },
    { "rdf", "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel rdf:about='x'>"
      "<title>T</title><items><rdf:Seq/></items></channel><item rdf:about='http://a/1'><title>One</title><link>http://a/1</link>"
      "<dc:date>2020-01-01T00:00:00Z</dc:date></item></rdf:RDF>", FEED_RDF, "http://a/1|http://a/1|One|2020-01-01T00:00:00Z|||\n" },
    { "atom 1.0", ATOM("<entry><title>One</title><id>urn:1</id><link rel='self' href='/s'/><link href='/1'/><updated>2020-02-01T00:00:00Z</updated>"
      "<published>2020-01-01T00:00:00Z</published><author><name>Ann</name><email>a@a.test</email></author><summary>S</summary></entry>"),
      FEED_ATOM, "https://site.test/1|urn:1|One|2020-01-01T00:00:00Z|2020-02-01T00:00:00Z|S|Ann\n" },
    { "atom 0.3", "<feed version='0.3' xmlns='http://purl.org/atom/ns#'><entry><title>One</title><link rel='alternate' type='text/html' href='http://a/1'/>"
      "<issued>2004-01-01T00:00:00Z</issued><modified>2004-01-02T00:00:00Z</modified></entry></feed>", FEED_ATOM,
      "http://a/1||One|2004-01-01T00:00:00Z|2004-01-02T00:00:00Z||\n" },
    { "atom: types of text", ATOM("<entry><link href='http://a/'/><title>A &amp;amp; &lt;b></title></entry>"
      "<entry><link href='http://b/'/><title type='html'>A &amp;amp; &lt;b>B&lt;/b></title></entry>"
      "<entry><link href='http://c/'/><title type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>A &amp; <b>B</b></div></title></entry>"),
      FEED_ATOM, "http://a/||A &amp; <b>||||\nhttp://b/||A & B||||\nhttp://c/||A & B||||\n" },
    { "atom: the html alternate wins", ATOM("<entry><link rel='alternate' type='application/json' href='http://a/j'/><link rel='alternate' type='text/html' href='http://a/h'/>"
      "<link rel='enclosure' href='http://a/e'/></entry>"), FEED_ATOM, "http://a/h||||||\n" },
    { "atom: an id is no address", ATOM("<entry><id>http://a/1</id></entry>"), FEED_ATOM, "" },
    { "atom: authors of the feed", ATOM("<author><name>Ann</name></author><entry><link href='http://a/'/></entry>"
      "<entry><link href='http://b/'/><author><name>Ben</name></author></entry>"), FEED_ATOM, "http://a/||||||Ann\nhttp://b/||||||Ben\n" },
    { "atom: source of another feed", ATOM("<entry><source><title>S</title><id>s</id></source><title>I</title><link href='http://a/'/></entry>"),
      FEED_ATOM, "http://a/||I||||\n" },
    { "atom: a prefix", "<a:feed xmlns:a='http://www.w3.org/2005/Atom'><a:entry><a:link href='http://a/'/><a:title>I</a:title></a:entry></a:feed>",
      FEED_ATOM, "http://a/||I||||\n" },
    { "json feed 1.1", "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\"items\":[{\"id\":\"1\",\"url\":\"/1\",\"title\":\"One\","
      "\"date_published\":\"2020-01-01T00:00:00Z\",\"date_modified\":\"2020-01-02T00:00:00-05:00\",\"summary\":\"S\",\"authors\":[{\"name\":\"Ann\"},{\"url\":\"x\"}]}]}",
      FEED_JSON, "https://site.test/1|1|One|2020-01-01T00:00:00Z|2020-01-02T00:00:00-05:00|S|Ann\n" },
    { "json feed 1.0", "\xef\xbb\xbf {\"version\":\"https://jsonfeed.org/version/1\",\"items\":[{\"id\":7,\"external_url\":\"http://a/1\",\"author\":{\"name\":\"Ann\"}},"
      "{\"id\":\"http://a/2\"},{\"id\":3,\"url\":null},5]}", FEED_JSON, "http://a/1|7|||||Ann\nhttp://a/2|http://a/2|||||\n" },
    { "json that is none", "{\"a\":1}", FEED_UNKNOWN, "" },
    { "json that is broken", "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[", FEED_UNKNOWN, "" },
    { "json that is cut", "{\"version\":\"https://jsonfeed.org/version/1\",\"hubs\":[{}],\"items\":[{\"url\":\"http://a/1\",\"tags\":[\"]}\"]},{\"url\":\"http://a/2",
      FEED_JSON, "http://a/1||||||\n" },
    { "json with a comma too many", "{\"items\":[{\"url\":\"http://a/1\",\"title\":\"\\\"{\"},{\"url\":\"http://a/2\"},]}", FEED_JSON,
      "http://a/1||\"{||||\nhttp://a/2||||||\n" },
    { "json with a mistake in the second item", "{\"items\":[{\"url\":\"http://a/1\"},{\"url\":oops},{\"url\":\"http://a/3\"}]}", FEED_JSON,
      "http://a/1||||||\n" },
    { "json that nests", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", FEED_UNKNOWN, "" },
    { "a web page", "<!DOCTYPE html><html><head><title>404</title></head><body><item><link>http://a/</link></item></body></html>", FEED_UNKNOWN, "" },
    { "nothing", "", FEED_UNKNOWN, "" },
    { "text", "not found", FEED_UNKNOWN, "" },
    { "sitemap", "<urlset><url><loc>http://a/1</loc><lastmod>2020-01-01</lastmod></url></urlset>", FEED_SITEMAP, "http://a/1||||2020-01-01T00:00:00Z||\n" },
};

static void put_date(struct buffer *out, bool has, const struct date *d)
{
    char text[DATE_TEXT_MAX];
    if (has)
        date_format(d, text);
    buffer_printf(out, "%s|", has ? text : "");
}

static void put_items(const struct feed *f, struct buffer *out)
{
    for (size_t i = 0; i < f->item_count; i++) {
        const struct feed_item *item = &f->items[i];
        buffer_printf(out, "%s|%s|%s|", item->url, item->id ? item->id : "", item->title ? item->title : "");
        put_date(out, item->has_published, &item->published);
        put_date(out, item->has_modified, &item->modified);
        buffer_printf(out, "%s|", item->summary ? item->summary : "");
        for (size_t k = 0; k < item->author_count; k++)
            buffer_printf(out, "%s%s", k ? "," : "", item->authors[k]);
        buffer_putc(out, '\n');
    }
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer got;
        struct feed *f = feed_parse(cases[i].bytes, strlen(cases[i].bytes), NULL, BASE, 0);
        buffer_init(&got, 0);
        put_items(f, &got);
        CHECK(f->kind == cases[i].kind, "%s: kind %s", cases[i].name, feed_kind_name(f->kind));
        CHECK(strcmp(buffer_str(&got), cases[i].want) == 0, "%s: got\n%s", cases[i].name, buffer_str(&got));
        CHECK(f->kind != FEED_UNKNOWN || f->warning_count > 0, "%s: no word about it", cases[i].name);
        buffer_fini(&got);
        feed_destroy(f);
    }
}

static void test_feed_fields(void **state)
{
    (void)state;
    const char *rss = "<rss xmlns:atom='http://www.w3.org/2005/Atom'><channel><title>A &amp; B</title><link>/home</link><language>vi</language>"
                      "<atom:link rel='self' href='self.xml'/><atom:link rel='hub' href='http://hub.test/'/><ttl>15</ttl>"
                      "<image><title>no</title><link>/no</link></image><item><link>http://a/</link><title>no</title>"
                      "<content:encoded><![CDATA[<p>All</p>]]></content:encoded></item></channel></rss>";
    struct feed *f = feed_parse(rss, strlen(rss), "text/xml", BASE, 0);
    assert_string_equal(f->title, "A & B");
    assert_string_equal(f->site_url, "https://site.test/home");
    assert_string_equal(f->self_url, "https://site.test/feeds/self.xml");
    assert_string_equal(f->hub_url, "http://hub.test/");
    assert_string_equal(f->language, "vi");
    assert_int_equal(f->interval_s, 900);
    assert_string_equal(f->items[0].content, "<p>All</p>");
    feed_destroy(f);
    const char *rdf = "<rdf:RDF><channel><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel></rdf:RDF>";
    f = feed_parse(rdf, strlen(rdf), NULL, NULL, 0);
    assert_int_equal(f->interval_s, 6 * 3600);
    feed_destroy(f);
    feed_destroy(NULL);
}

static void test_warnings(void **state)
{
    (void)state;
    const char *rss = RSS("<item><title>No place</title></item><item><link>http://a/</link><pubDate>soon</pubDate></item>");
    struct feed *f = feed_parse(rss, strlen(rss), NULL, NULL, 0);
    assert_int_equal(f->warning_count, 2);
    assert_non_null(strstr(f->warnings[0], "No place"));
    assert_non_null(strstr(f->warnings[1], "soon"));
    feed_destroy(f);
}

static void test_bounds(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 0);
    buffer_puts(&b, "<rss><channel>");
    for (int i = 0; i < FEED_MAX_ITEMS + 5; i++)
        buffer_printf(&b, "<item><link>http://a/%d</link></item>", i);
    struct feed *f = feed_parse(b.data, b.len, NULL, NULL, 0);
    assert_int_equal(f->item_count, FEED_MAX_ITEMS);
    assert_int_equal(f->warning_count, 1);
    feed_destroy(f);
    while (b.len <= FEED_MAX_BYTES)
        buffer_puts(&b, "<item><title>x</title>                                                                    </item>");
    f = feed_parse(b.data, b.len, NULL, NULL, 0);
    assert_true(f->truncated);
    feed_destroy(f);
    f = feed_parse(b.data, b.len, NULL, NULL, 1); /* long past */
    assert_true(f->truncated);
    assert_int_equal(f->item_count, 0);
    feed_destroy(f);
    buffer_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_feed_fields), cmocka_unit_test(test_warnings), cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
