/* html_scan_test.c - the tree is the same with and without the scan, case by case and on every real page there is. */
#include "tests/unit/base/html_same.h"
#include "tests/unit/check.h"

#include "base/charset.h"
#include "base/decode.h"
#include "base/hash.h"
#include "base/text.h"

#include <fcntl.h>
#include <fts.h>
#include <unistd.h>

/* Each is a way in which something left out could shape the tree. want: what the scan makes of it, where that is the point. */
static const struct { const char *name, *page, *want; } cases[] = {
    { "script", "<p>a<script>if(a<b&&c>d)'<p>'</script>b", "<p>a<script></script>b" },
    { "script in a comment of its own", "<script><!-- <script> </script> --> x</script>y", "<script></script>y" },
    { "script, escaped and closed", "<script><!-- </script>y", "<script></script>y" },
    { "script, short comment", "<script><!--><script></script>y", "<script></script>y" },
    { "script, dashes inside", "<script><!--a-- --><script></script>y", "<script></script>y" },
    { "script, no end of name", "<script></scriptx></script >y", "<script></script>y" },
    { "script, quoted end", "<script></script a='>'>y", "<script></script>y" },
    { "script without end", "<p>x<script>abc", NULL },
    { "style", "<style>a>b{}</style><p style='color:red' class=k data-x=1>t", "<style></style><p class=k>t" },
    { "style that hides", "<div style='display: none'>x</div>", "<div style='display: none'>x</div>" },
    { "iframe in head", "<head><iframe><p></iframe><meta name=a content=b><title>t</title>", NULL },
    { "noscript in head", "<head><noscript><img src=x></noscript><title>t</title></head>", "<head><noscript><img src=x></noscript><title>t</title></head>" },
    { "noscript with an image", "<body><p>a<noscript><img src=x></noscript>b", "<body><p>a<noscript></noscript>b" },
    { "noscript with a div", "<body><p>a<noscript><div>x</div></noscript>b", "<body><p>a<noscript><div>x</div></noscript>b" },
    { "noscript in a table", "<table><noscript>x<img></noscript><tr><td>y</table>", NULL },
    { "Noah's Ark", "<p><b style=1><b style=2><b style=3><b style=4>x<p>y", "<p><b style=1><b style=2><b style=3><b style=4>x<p>y" },
    { "formatting reopened in a shell", "<p><b>x</p><div><noscript><img></noscript></div>", NULL },
    { "hidden input in a table", "<table><input type=hidden name=a value=b><input value=c><tr><td></table>", NULL },
    { "font in svg", "<svg><font>a</font><font color=red>b</font></svg>", NULL },
    { "svg", "<p>a<svg viewBox='0 0 1 1'><title>t</title><g><path d='M0'/></g></svg>b", "<p>a<svg></svg>b" },
    { "svg left by a paragraph", "<div><svg><g><p>text</p></g></svg>after</div>", NULL },
    { "svg with HTML inside", "<div><svg><foreignObject><p>text</p></foreignObject></svg>after</div>", NULL },
    { "svg not closed", "<div><svg><path></div><p>x", NULL },
    { "svg with CDATA", "<div><svg><![CDATA[</svg>]]></svg>after</div>", NULL },
    { "svg, end tag with a space", "<p><svg><path></path ></svg>x</svg >y", NULL },
    { "svg in svg, not all closed", "<p><svg><svg><g><path></svg></svg>y", "<p><svg></svg>y" },
    { "svg title in a table", "<table><tr><svg><title>x</title></svg><td>y</table>", NULL },
    { "svg closed by itself", "<p><svg class=a />x", "<p><svg/>x" },
    { "math", "<p><math><mi>x</mi><mo>=</mo><mn>1</mn></math>y", "<p><math></math>y" },
    { "annotation-xml", "<p><math><annotation-xml encoding='text/html'><p>x</annotation-xml></math>y", NULL },
    { "CDATA outside", "<p>a <![CDATA[ x > y ]]> b", NULL },
    { "comment", "<p> <!-- a > b --> x<!----><b>", "<p> <!----> x<!----><b>" },
    { "comment, strange ends", "<p> <!--> <!---> <!-- --!> <!-- -- > --> x", NULL },
    { "comment inside an entity", "<p>&am<!-- -->p;", "<p>&am<!---->p;" },
    { "comment behind a less-than", "<p><<!-- -->div>", NULL },
    { "comment behind pre", "<pre><!-- -->\nx</pre>", "<pre><!---->\nx</pre>" },
    { "comment in a table", "<table> <!-- -->x<tr><td>y</table>", NULL },
    { "comment without end", "<p>x<!-- abc", NULL },
    { "bogus comments", "<p>x <?php a > b ?> <!x> </ y> z", NULL },
    { "doctype", "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\"><p>x<table>", NULL },
    { "plaintext", "<p>a<plaintext><!-- x --></plaintext>", NULL },
    { "textarea", "<textarea>\n<!-- <b> --></textarea ><p>x", "<textarea>\n<!-- <b> --></textarea><p>x" },
    { "title", "<title>a <b> &amp;</title><p data-x=1>x", "<title>a <b> &amp;</title><p>x" },
    { "xmp and noembed", "<xmp><script></xmp><noembed><p></noembed>x", NULL },
    { "select", "<select style=a><option data-x=1>a<option>b</select><p onclick=x>y", "<select><option>a<option>b</select><p>y" },
    { "iframe in a select", "<select><option>a<iframe><p>b</iframe></select>c", NULL },
    { "table leaves a select", "<table><tr><td><select><option>a</td></tr></table><!-- x -->b", NULL },
    { "script in a select", "<select><script>a<b</script><option>x</select>y", "<select><script></script><option>x</select>y" },
    { "frameset", "<script>x</script><frameset><frame></frameset>", "<script>x</script><frameset><frame></frameset>" },
    { "frameset after a noscript", "<body><div><noscript><img></noscript><frameset><frame></frameset>", NULL },
    { "quoting", "<a title=\"x>y\" href='b' class=c/d data-q='\"' id=\"e\"rel=f>g</a>", "<a href='b' class=c/d id=\"e\"rel=f>g</a>" },
    { "value missing", "<a href= ><p class=>x", NULL },
    { "equals sign first", "<a =href=x href=y>z", "<a href=y>z" },
    { "equals sign behind a name", "<s a/=b c>z", "<s a/=b c>z" },
    { "slashes", "<br/class=a/><br class=a /><img src=a/><p/ class=b / >x", NULL },
    { "twice the same", "<p style=a class=b class=c style=d>x", "<p class=b>x" },
    { "twice the same, the first not kept", "<p style style=hidden>x", "<p>x" },
    { "a second body", "<body data-x=''><svg><body data-x=y>x", NULL },
    { "case", "<P CLASS=a STYLE=b Aria-Hidden=true>x</P  y=1>", "<P CLASS=a Aria-Hidden=true>x</P>" },
    { "tag without end", "<p>x<a href='y", NULL },
    { "only a less-than", "a < b <3 <", NULL },
    { "comment before the end of a form", "<form>a <!-- x --></form>b", "<form>a <!----></form>b" },
    { "comment, ignored tag, end of a form", "<form>a <!-- x --></y></form>b", NULL },
    { "comment between blocks", "<div>a</div> <!-- x --> <div>b</div>", "<div>a</div>  <div>b</div>" },
    { "comment and no text", "<div><!-- x --></div><!-- y --></p>", "<div></div></p>" },
    { "comment before an end tag out of order", "<b><p>a <!-- x --></b>b", NULL },
    { "slash behind a curly quote", "<meta name=a content=\u201Cb\" />", NULL },
    { "repeated attribute", "<img data-x data-x class=a>", NULL },
    { "template", "<template><tr><td>x</td></template><!-- a -->b", NULL },
    { "image", "<p>x<image src=y style=z>", "<p>x<image src=y>" },
    { "isindex", "<isindex prompt='a' action=b>", NULL },
};

static void test_cases(void **state)
{
    (void)state;
    struct arena *one = arena_create(64 << 20), *two = arena_create(64 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buffer out;
        struct html_scan scan;
        buffer_init(&out, 0);
        CHECK(html_scan(cases[i].page, strlen(cases[i].page), NULL, &out, &scan, NULL), "%s", cases[i].name);
        CHECK(!cases[i].want || !strcmp(out.data, cases[i].want), "%s: %s", cases[i].name, out.data);
        char *difference = html_scan_breaks(cases[i].page, strlen(cases[i].page), one, two);
        CHECK(!difference, "%s: %s: %s", cases[i].name, difference, out.data);
        buffer_fini(&out);
    }
    arena_destroy(one);
    arena_destroy(two);
}

static void test_scripts_kept(void **state)
{
    (void)state;
    static const char page[] = "<script>x</script><script type='application/ld+json'>{\"a\":\"<\\/script>\"}</script>"
                               "<script async type=\"application/json\" id=d>[1]</script>"
                               "<script type=\"application/ld&#x2B;json\">{}</script><p>y";
    struct html_scan scan;
    struct buffer out;
    buffer_init(&out, 0);
    assert_true(html_scan(page, strlen(page), NULL, &out, &scan, NULL));
    assert_int_equal(scan.script_count, 3);
    assert_int_equal(scan.scripts[0].kind, HTML_SCRIPT_JSON_LD);
    assert_memory_equal(scan.scripts[0].bytes, "{\"a\":\"<\\/script>\"}", scan.scripts[0].len);
    assert_int_equal(scan.scripts[1].kind, HTML_SCRIPT_JSON);
    assert_int_equal(scan.scripts[1].len, 3);
    assert_int_equal(scan.scripts[2].kind, HTML_SCRIPT_JSON_LD);
    assert_int_equal(scan.copied_from, strlen(page));
    buffer_fini(&out);
}

static void test_flattened(void **state)
{
    (void)state;
    struct buffer page, out;
    struct html_scan scan;
    struct error err = { 0 };
    buffer_init(&page, 0);
    buffer_init(&out, 0);
    for (int i = 0; i < 100000; i++)
        buffer_puts(&page, "<div>");
    buffer_puts(&page, "text<p");
    for (int i = 0; i < 80000; i++)
        buffer_printf(&page, " class=a%d", i);
    buffer_puts(&page, ">more");
    assert_true(html_scan(page.data, page.len, NULL, &out, &scan, &err));
    assert_true(scan.flattened && scan.depth > 512 && out.len < 20000);
    struct arena *a = arena_create(64 << 20);
    assert_non_null(html_parse(a, out.data, out.len, NULL, &err));
    arena_destroy(a);
    buffer_fini(&page);
    buffer_fini(&out);
}

/* What the scan writes when text may be held; a mark is shown as its number. All cases above are held, too. */
static const struct { const char *name, *page, *want; } holds[] = {
    { "text", "<p>some words</p>", "<p>{0}</p>" },
    { "short text", "<p>words</p>", "<p>words</p>" },
    { "white space around", "<p>\n   some words \t\n</p>\n\n<br>", "<p>\n{0} </p>\n<br>" },
    { "a carriage return", "<p>\r\n  some words\r\nand more</p>", "<p>\n{0}\n{1}</p>" },
    { "references", "<p>some words&amp;more words &copy2019 &lt; &#65;bcdefghi</p>", "<p>{0} &copy2019 {1}</p>" },
    { "a reference to white space", "<p>&#32;&#10;some words&#32;and&nbsp;more</p>", "<p>&#32;&#10;{0}</p>" },
    { "a name nobody knows, and none at all", "<p>some words &xyz; and & more; AT&T</p>", "<p>{0} &xyz; {1}&T</p>" },
    { "references that are repaired, and others", "<p>some words&#128;&#0;&#xD800;&#x1F;&#x1FFFF;</p>", "<p>{0}&#x1F;&#x1FFFF;</p>" },
    { "pre", "<pre>\n  some   words</pre><p>  some   words<br>", "<pre>\n  some   words</pre><p> {0}<br>" },
    { "textarea", "<textarea>  some   words</textarea>", "<textarea>  some   words</textarea>" },
    { "attributes", "<a href='/some/where' data-x=1 class=long id='a &amp; b'>x</a>", "<a {0}>x</a>" },
    { "a short one stays", "<a id href=/some/where rel=a>x</a>", "<a id {0}>x</a>" },
    { "behind a quote", "<a id='abc'rel='def'title=x class=c/>x</a>", "<a {0}>x</a>" },
    { "one that must be read", "<a href='/a?b=1&copy;=2' rel='a&xyz;b' class=other>x</a>", "<a rel='a&xyz;b' {0}>x</a>" },
    { "ampersands in addresses", "<a href='?a=1&b=2&copy=3&copyx=4&lt=5&T&utm_x&'>x</a>", "<a {0}>x</a>" },
    { "a reference without semicolon", "<a href='?a&copy b'>x</a>", "<a href='?a&copy b'>x</a>" },
    { "no value behind the equals sign", "<img src=abcdef alt=>", "<img alt {0}>" },
    { "a slash at the end", "<img src=abcdef /><img src=abcdef/>", "<img {0}/><img {1}>" },
    { "links that are opened again", "<p><a href='/some/where' class=link>x<p>y<p>z</a>w", "<p><a {0}>x<p>y<p>z</a>w" },
    { "html and body", "<html lang=english><body class=abcdef><p><body id=abcdef class=other>", "<html lang=english><body class=abcdef><p><body id=abcdef class=other>" },
    { "input", "<table><input type=hidden name=abcdef></table>", "<table><input type=hidden name=abcdef></table>" },
    { "formatting elements", "<b class='some words'>x</b>", "<b class='some words'>x</b>" },
    { "control characters", "<p>some words\x01more words\xC2\x85some words</p>", "<p>{0}\x01{1}\xC2\x85{2}</p>" },
    { "non-characters", "<p>some words\xEF\xBF\xBFmore words\xEF\xB7\x90" "abc</p>", "<p>{0}\xEF\xBF\xBF{1}\xEF\xB7\x90" "abc</p>" },
    { "other scripts", "<p>\xEF\xBC\x8C\xC2\xAB\xE4\xB8\x80\xF0\x9F\x98\x80</p>", "<p>{0}</p>" },
    { "a character of plane 15", "<p>some words \xF3\xB0\x80\x80</p>", "<p>some words \xF3\xB0\x80\x80</p>" },
    { "another one of that byte", "<p>some words \xF3\xA0\x81\xA7</p>", "<p>{0}</p>" },
    { "a reference to plane 15", "<p>some words &#xF0000;", "<p>some words &#xF0000;" },
    { "the same, decimal", "<p title='&#983040'>some words<br>", "<p title='&#983040'>some words<br>" },
    { "a larger one", "<p>some words &#x99999999999;", "<p>some words &#x99999999999;" },
    { "frameset", "<p>some words<frameset>a b", "<p>some words<frameset>a b" },
    { "a table", "<table>some words<tr><td>more words</table>", "<table>{0}<tr><td>{1}</table>" },
};

static void show_marks(const char *s, struct buffer *out)
{
    for (const char *end = s + strlen(s); s < end;) {
        const char *from = s;
        uint32_t c = text_next(&s, end);
        if (c >= 0xF0000 && c < 0xF0010)
            buffer_printf(out, "{%u}", (unsigned)(c - 0xF0000));
        else
            buffer_append(out, from, (size_t)(s - from));
    }
}

static void test_holds(void **state)
{
    (void)state;
    struct arena *one = arena_create(64 << 20), *two = arena_create(64 << 20);
    struct html_held *held = xcalloc(1, sizeof(*held));
    for (size_t i = 0; i < COUNT(holds); i++) {
        struct buffer out, shown;
        struct html_scan scan;
        buffer_init(&out, 0);
        buffer_init(&shown, 0);
        html_scan(holds[i].page, strlen(holds[i].page), held, &out, &scan, NULL);
        if (held->count)
            show_marks(out.data, &shown);
        else
            buffer_puts(&shown, out.data);
        CHECK(!strcmp(shown.data, holds[i].want), "%s: %s", holds[i].name, shown.data);
        char *difference = html_scan_breaks(holds[i].page, strlen(holds[i].page), one, two);
        CHECK(!difference, "%s: %s", holds[i].name, difference);
        buffer_fini(&out);
        buffer_fini(&shown);
    }
    free(held);
    arena_destroy(one);
    arena_destroy(two);
}

static bool read_page(const char *path, struct buffer *text)
{
    struct buffer raw, body;
    char piece[65536];
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    buffer_init(&raw, 0);
    buffer_init(&body, 0);
    while ((n = read(fd, piece, sizeof(piece))) > 0)
        buffer_append(&raw, piece, (size_t)n);
    close(fd);
    bool ok = decode_body(buffer_str(&raw), raw.len, NULL, &(struct decode_limits){ .max_bytes = 32 << 20 }, &body, NULL, NULL) &&
              charset_to_utf8(buffer_str(&body), body.len, NULL, CHARSET_HTML, NULL, text, NULL, NULL);
    buffer_fini(&raw);
    buffer_fini(&body);
    return ok;
}

/* Every page with TIDINGS_LONG, else one in SAMPLE: a sanitizer takes a quarter of a second for each. */
static bool is_chosen(const char *name)
{
    enum { SAMPLE = 16 };
    return getenv("TIDINGS_LONG") || hash64(name, strlen(name)) % SAMPLE == 0;
}

static void test_real_pages(void **state)
{
    (void)state;
    const char *shared = getenv("TIDINGS_SHARED");
    if (!shared) {
        print_message("TIDINGS_SHARED is not set: the pages below its bench/extraction are not looked at\n");
        skip();
    }
    char *folder = xasprintf("%s/bench/extraction", shared), *paths[] = { folder, NULL };
    struct arena *one = arena_create(256 << 20), *two = arena_create(256 << 20);
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    size_t pages = 0, copied = 0, broken = 0;
    for (FTSENT *e; tree && (e = fts_read(tree));) {
        if (e->fts_info != FTS_F || !strstr(e->fts_name, ".html") || !is_chosen(e->fts_name))
            continue;
        struct buffer text, out;
        struct html_scan scan;
        buffer_init(&text, 0);
        buffer_init(&out, 0);
        CHECK(read_page(e->fts_path, &text), "%s cannot be read", e->fts_path);
        html_scan(buffer_str(&text), text.len, NULL, &out, &scan, NULL);
        copied += scan.copied_from < text.len;
        char *difference = html_scan_breaks(buffer_str(&text), text.len, one, two);
        if (difference) {
            print_error("%s: %s\n", e->fts_path, difference);
            broken++;
            free(difference);
        }
        pages++;
        buffer_fini(&text);
        buffer_fini(&out);
    }
    fts_close(tree);
    arena_destroy(one);
    arena_destroy(two);
    free(folder);
    print_message("%zu pages, %zu copied in part\n", pages, copied);
    assert_true(pages > 0);
    assert_int_equal(broken, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_scripts_kept),
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_flattened),
        cmocka_unit_test(test_real_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
