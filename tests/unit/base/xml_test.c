/* xml_test.c - documents to events, written as text: "<name a=v|" for a start, "text", "=literal", ">name" for an end, ")name"
 * for an end that is missing in the document. */
#include "base/buffer.h"
#include "base/xml.h"
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

static bool on_start(void *arg, const char *name, const struct xml_attribute *a, size_t count, const char *tag, size_t tag_len)
{
    assert_true(tag[0] == '<' && tag[tag_len - 1] == '>');
    buffer_printf(arg, "<%s", name);
    for (size_t i = 0; i < count; i++)
        buffer_printf(arg, " %s=%s", a[i].name, a[i].value);
    return buffer_putc(arg, '|');
}

static bool on_end(void *arg, const char *name, bool written)
{
    return buffer_printf(arg, "%c%s", written ? '>' : ')', name);
}

static bool on_text(void *arg, const char *text, size_t len, bool literal)
{
    struct buffer *b = arg;
    if (literal)
        buffer_putc(b, '=');
    return buffer_append(b, text, len);
}

static const struct { const char *name, *xml, *want; } documents[] = {
    { "elements", "<a><b>x</b>y</a>", "<a|<b|x>by>a" },
    { "empty element", "<a b='1'/>", "<a b=1|>a" },
    { "attributes", "<a b=\"1\" c = '2>3' d:e=\"&amp;&quot;&#65;\n\">", "<a b=1 c=2>3 d:e=&\"A |)a" },
    { "attributes without quotes", "<a b=1 c d='2'>", "<a b=1 c= d=2|)a" },
    { "references stay", "<a>&amp;&foo;</a>", "<a|&amp;&foo;>a" },
    { "cdata", "<a><![CDATA[<b>&amp;]]></a>", "<a|=<b>&amp;>a" },
    { "comment", "<a>x<!-- <b> -- > -->y</a>", "<a|xy>a" },
    { "instruction", "<?xml version='1.0'?><?x <b> ?><a/>", "<a|>a" },
    { "declaration without its question mark", "<?xml version=\"1.0\"><a/>", "<a|>a" },
    { "doctype", "<!DOCTYPE a SYSTEM \"x>y\" [ <!ENTITY b \"<c>\"> <!-- don't --> ]><a>&b;</a>", "<a|&b;>a" },
    { "doctype that never ends", "<!DOCTYPE a [ <!ENTITY b 'c> ]<a/>", " ]<a|>a" },
    { "missing end", "<a><b>x</a>", "<a|<b|x)b>a" },
    { "wrong order", "<a><b><c>x</b></c></a>", "<a|<b|<c|x)c>b>a" },
    { "end without a start", "</x><a></y></a>", "<a|>a" },
    { "ends cut off", "<a><b>x", "<a|<b|x)b)a" },
    { "less-than in text", "<a>1 < 2 <3</a>", "<a|1 =< 2 =<3>a" },
    { "tag cut by another", "<a><b <c>x</c></a>", "<a|=<b <c|x>c>a" },
    { "tag cut off", "<a><b href='x", "<a|=<b href='x)a" },
    { "junk before", "\xef\xbb\xbfWarning: x<br />\n<?xml version='1.0'?><a/>", "\xef\xbb\xbfWarning: x<br|>br\n<a|>a" },
    { "cdata that never ends", "<a><![CDATA[x]]", "<a|=x=]])a" },
    { "white space in an end tag", "<a></a >", "<a|>a" },
};

static void scan(const char *xml, size_t len, size_t step, struct buffer *out)
{
    const struct xml_events events = { on_start, on_end, on_text, out };
    struct xml_scanner *x = xml_create(&events);
    for (size_t i = 0; i < len; i += step)
        xml_push(x, xml + i, len - i < step ? len - i : step);
    xml_finish(x);
    xml_destroy(x);
}

/* Pieces of literal text are marked once each: only whole documents are compared with the table, pieces with the whole. */
static void drop_marks(struct buffer *b)
{
    size_t out = 0;
    for (size_t i = 0; i < b->len; i++)
        if (b->data[i] != '=')
            b->data[out++] = b->data[i];
    b->len = out;
}

static void test_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(documents); i++) {
        struct buffer whole, pieces;
        size_t len = strlen(documents[i].xml);
        buffer_init(&whole, 0);
        scan(documents[i].xml, len, len, &whole);
        CHECK(strcmp(buffer_str(&whole), documents[i].want) == 0, "%s: got %s", documents[i].name, buffer_str(&whole));
        drop_marks(&whole);
        for (size_t step = 1; step < 8; step++) {
            buffer_init(&pieces, 0);
            scan(documents[i].xml, len, step, &pieces);
            drop_marks(&pieces);
            CHECK(pieces.len == whole.len && memcmp(buffer_str(&pieces), buffer_str(&whole), whole.len) == 0, "%s in pieces of %zu",
                  documents[i].name, step);
            buffer_fini(&pieces);
        }
        buffer_fini(&whole);
    }
}

static bool count_start(void *arg, const char *name, const struct xml_attribute *a, size_t n, const char *tag, size_t tag_len)
{
    (void)name, (void)a, (void)n, (void)tag, (void)tag_len;
    ++*(size_t *)arg;
    return true;
}

static bool no_end(void *arg, const char *name, bool written)
{
    (void)arg, (void)name, (void)written;
    return true;
}

static bool no_text(void *arg, const char *text, size_t len, bool literal)
{
    (void)arg, (void)text, (void)len, (void)literal;
    return true;
}

/* Hostile shapes of some megabytes each end in time that grows with their length only. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const shapes[] = { "<a>", "<a ", "<a \"", "<", "</a>", "<![CDATA[", "&", "<!DOCTYPE [", "<a b='", "<?", "]]>" };
    for (size_t i = 0; i < COUNT(shapes); i++) {
        size_t n = strlen(shapes[i]), len = 3 * 1024 * 1024, starts = 0;
        char *xml = xmalloc(len);
        for (size_t k = 0; k < len; k++)
            xml[k] = shapes[i][k % n];
        const struct xml_events events = { count_start, no_end, no_text, &starts };
        struct xml_scanner *x = xml_create(&events);
        xml_push(x, xml, len);
        xml_finish(x);
        xml_destroy(x);
        assert_true(starts <= XML_MAX_DEPTH || strchr(shapes[i], '>'));
        free(xml);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_documents), cmocka_unit_test(test_hostile) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
