/* decide_test.c - the rules after the model, with a model of hand that keeps every longer line: what each rule drops or keeps,
 * and which role a block gets. */
#include "small_page.h"

#define TITLE "<title>The bridge is closed</title><h1>The bridge is closed</h1>"
#define TEXT(n) "<p>Paragraph " n " says that the council met on Monday to talk about the bridge, and nobody left the room before midnight.</p>"
#define BODY TEXT("one") TEXT("two") TEXT("three") TEXT("four")

static const struct { const char *name, *page, *block; bool keep; enum rule rule; } rules[] = {
    { "the model", TITLE "<article>" BODY "</article>", "Paragraph one", true, RULE_MODEL },
    { "a link of its own", TITLE "<article>" BODY "<p><a href=/x>The other bridge in town is closed, too, says the mayor</a></p></article>", "The other", false, RULE_MODEL },
    { "related, with a link", TITLE "<article>" BODY "<p>Read also: the other bridge, <a href=/x>which is closed, too, we are told</a> as it seems today</p></article>",
      "Read also", false, RULE_RELATED },
    { "caption", TITLE "<article>" BODY "<figure><img src=/a.jpg><figcaption>The bridge, seen from the tower of the town hall on Sunday</figcaption></figure></article>",
      "The bridge, seen", false, RULE_CAPTION },
    { "below the region of the title", "<div><div>" TITLE BODY "</div></div><div>" TEXT("other") "</div>", "Paragraph other", false, RULE_REGION },
    { "outside what names itself the article", TITLE "<div>" TEXT("outer") "</div><div class=article-body>" BODY "</div><div>" TEXT("last") "</div>",
      "Paragraph last", false, RULE_GATE },
    { "said before", TITLE "<article>" BODY TEXT("five, which is long enough to be known again when it is said twice on a page, at the top and below,")
      "<div>" TEXT("five, which is long enough to be known again when it is said twice on a page, at the top and below,") "</div></article>",
      "Paragraph five", true, RULE_MODEL },
    { "an embedded post between paragraphs", TITLE "<article>" TEXT("one") TEXT("two") "<blockquote class=twitter-tweet><p>Closed!</p></blockquote>" TEXT("three") "</article>",
      "Closed!", true, RULE_EMBED },
    { "a line below a picture, in italics", TITLE "<article>" BODY "<p><img src=/a.jpg></p><p><em>The bridge, seen from the tower of the town hall on Sunday</em></p></article>",
      "The bridge, seen", false, RULE_CAPTION },
    { "a line below a picture, with a credit", TITLE "<article>" BODY "<p><img src=/a.jpg></p><p>Cây cầu nhìn từ tháp của tòa thị chính sáng chủ nhật. Ảnh: Văn An</p></article>",
      "Cây cầu", false, RULE_CAPTION },
    { "a box of another story", TITLE "<article>" BODY "<div><h4><a href=/x>The other bridge is closed as well today</a></h4><p>It has been closed since the flood of the last year.</p></div>" TEXT("five")
      "</article>", "It has been", false, RULE_RELATED },
    { "a comment in a list", TITLE "<article>" BODY "<ul><li><b>Ann</b><div>I have crossed this bridge every day for many years, and I liked it.</div><a href=#>Reply</a></ul></article>",
      "I have crossed", false, RULE_RELATED },
    { "a signature", TITLE "<article>" BODY "<p><strong>Annabella Weatherstone-Montgomery Featherington-Smythe</strong></p></article>", "Annabella", false, RULE_SIGNATURE },
    { "a source", TITLE "<article>" BODY "<p>Source: Internationalgeographicalsociety Newsletterdepartment</p></article>", "Source", false, RULE_SIGNATURE },
    { "a list's line between paragraphs", TITLE "<article>" TEXT("one") "<p>Half a line of text here</p>" TEXT("two") "</article>", "Half", false, RULE_MODEL },
    { "a table of the layout", TITLE "<table><tr><td>" BODY "</td></tr></table>", "Paragraph two", true, RULE_MODEL },
};

static void test_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rules); i++) {
        small_page(rules[i].page);
        const struct verdict *v = &small_inside()->verdicts[small_block(rules[i].block)];
        CHECK(v->keep == rules[i].keep && v->rule == rules[i].rule, "%s: %s by %s", rules[i].name, v->keep ? "kept" : "cut", rule_name(v->rule));
    }
    small_end();
}

static const struct { const char *name, *page, *block; enum block_kind kind; } roles[] = {
    { "paragraph", TITLE "<article>" BODY "</article>", "Paragraph two", BLOCK_PARAGRAPH },
    { "standfirst by its name", TITLE "<p class=sapo>The bridge over the river will stay closed for as long as it takes to mend it.</p><article>" BODY "</article>",
      "The bridge over", BLOCK_STANDFIRST },
    { "heading", TITLE "<article>" TEXT("one") "<h2>What the people of the town think about all this today</h2>" TEXT("two") TEXT("three") "</article>", "What the people", BLOCK_HEADING },
    { "list", TITLE "<article>" BODY "<ul><li>First, the bridge must be looked at from below, they say.</ul></article>", "First", BLOCK_LIST },
    { "quote", TITLE "<article>" BODY "<blockquote><p>I have crossed this bridge every day for sixty years, and never fell.</blockquote></article>", "I have", BLOCK_QUOTE },
    { "table", TITLE "<article>" BODY "<table><tr><td>The year in which it was built by the city<td>1911 and 1912, after much delay, it is said</table></article>", "The year", BLOCK_TABLE },
};

static void test_roles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(roles); i++) {
        small_page(roles[i].page);
        const struct verdict *v = &small_inside()->verdicts[small_block(roles[i].block)];
        CHECK(v->keep && v->kind == roles[i].kind, "%s: %s %s", roles[i].name, v->keep ? "kept" : "cut", block_kind_name(v->kind));
    }
    small_end();
}

static void test_text(void **state)
{
    (void)state;
    struct article_fields f = small_page(TITLE "<table><tr><td>The year in which it was built by the city<td>1911 and 1912, after much delay, it is said</tr>"
                                         "<tr><td>The height above the water when it is low<td>Eleven metres, as the sign below it says to all</table>");
    assert_string_equal(f.text, "The year in which it was built by the city | 1911 and 1912, after much delay, it is said\n"
                                "The height above the water when it is low | Eleven metres, as the sign below it says to all");
    f = small_page(TITLE "<p>Ca\u0300 phe\u0302 la\u0300 thu\u031b\u0301 nu\u031bo\u031b\u0301c uo\u0302\u0301ng cu\u0309a mo\u0323i nha\u0300</p>");
    assert_string_equal(f.text, "Cà phê là thứ nước uống của mọi nhà"); /* NFC */
    small_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rules), cmocka_unit_test(test_roles), cmocka_unit_test(test_text) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
