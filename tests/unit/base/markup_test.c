/* markup_test.c - pieces of HTML to plain text. */
#include "base/markup.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *html, *want; } texts[] = {
    { "plain", "plain" },
    { "  two \n words ", "two words" },
    { "Tom &amp; Jerry", "Tom & Jerry" },
    { "caf&eacute; &#8217;s &#x2019;s &#146;s", "caf\xc3\xa9 \xe2\x80\x99s \xe2\x80\x99s \xe2\x80\x99s" },
    { "&nbsp;a&nbsp;b", "a b" },
    { "&unknown; &; & &amp &#; &#x; &#xg;", "&unknown; &; & &amp &#; &#x; &#xg;" },
    { "?page=1&copy=2", "?page=1&copy=2" },
    { "&#0;&#55296;&#1114112;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { "&#99999999999999999999;", "\xef\xbf\xbd" },
    { "a <b>bold</b> word", "a bold word" },
    { "un<i>believ</i>able", "unbelievable" },
    { "<p>one</p><p>two</p>", "one two" },
    { "one<br/>two", "one two" },
    { "a < b and c > d", "a < b and c > d" },
    { "1 <2", "1 <2" },
    { "<img src=\"x>y\" alt='z'>after", "after" },
    { "x<!-- <b> -->y", "xy" },
    { "x<!-- never closed", "x" },
    { "a<script>if (a<b) x()</script>b", "a b" },
    { "a<STYLE>p { }</Style>b", "a b" },
    { "cut off <a href=\"http://exam", "cut off" },
    { "&lt;b&gt; stays", "<b> stays" },
    { "", "" },
};

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct buffer out;
        buffer_init(&out, 0);
        assert_true(markup_text(texts[i].html, strlen(texts[i].html), &out));
        CHECK(strcmp(buffer_str(&out), texts[i].want) == 0, "%s: got %s", texts[i].html, buffer_str(&out));
        buffer_fini(&out);
    }
}

/* Many tags that do not end must cost no more than as much text. */
static void test_unclosed_tags(void **state)
{
    (void)state;
    size_t len = 4 * 1024 * 1024;
    char *html = xmalloc(len);
    struct buffer out;
    for (size_t i = 0; i < len; i++)
        html[i] = "<a \""[i % 4];
    buffer_init(&out, 0);
    assert_true(markup_text(html, len, &out));
    buffer_fini(&out);
    free(html);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts), cmocka_unit_test(test_unclosed_tags) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
