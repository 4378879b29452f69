"""hostile_pages.py - pages made to cost a parser time or memory, and pages broken in every way: for the test that each gets a
verdict (test_hostile.py) and for the table of what each costs (tests/bench/hostile.py)."""
import gzip
import os
import random
import sys

WORDS = "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam nonumy eirmod tempor. "


def article():
    rng = random.Random(1)
    words = ("the council of this town has decided to build a new bridge over river and people who live near it say that they were "
             "not asked before work began in spring while its mayor hopes for more trade with villages on other side").split()

    def sentence():
        return " ".join(rng.choice(words) for _ in range(14)).capitalize() + ". "
    paragraphs = "".join("<p>" + "".join(sentence() for _ in range(4)) + "dolor.</p>\n" for _ in range(12))
    return ('<!doctype html><html lang=en><head><title>Council decides on a new bridge over the river</title>'
            '<meta property=og:type content=article></head><body><article><h1>Council decides on a new bridge over the river</h1>'
            '<p class=byline>By Ann Writer</p><time datetime="2021-01-13T20:45:00Z">13 January 2021</time>' + paragraphs +
            "</article></body></html>")


ARTICLE = article()


def nested(tag, count):
    return "<%s>" % tag * count + "text" + "</%s>" % tag * count


def pages():
    """(name, bytes) of each, none larger than the 8 MiB that a page may be, decoded, but where the name says so."""
    yield "10,000 nested div", nested("div", 10000)
    yield "100,000 nested div", nested("div", 100000)
    yield "700,000 nested div", nested("div", 700000)
    yield "100,000 nested span", nested("span", 100000)
    yield "100,000 nested table", nested("table", 100000)
    yield "100,000 nested table, tr and td", "<table><tr><td>" * 100000
    yield "100,000 nested ul and li", "<ul><li>" * 100000
    yield "100,000 nested blockquote, closed", nested("blockquote", 100000)
    yield "200,000 div that are not closed, each with a p", "<div><p>x" * 200000
    yield "4,000 font with a size of their own, each with a p", "".join("<font size=%d><p>" % i for i in range(4000))
    yield "8,000 font with a size of their own, each with a p", "".join("<font size=%d><p>" % i for i in range(8000))
    yield "40,000 b with an id of their own, each with a p", "".join("<b id=%d><p>" % i for i in range(40000))
    yield "100,000 a with i inside and a p", "<a href=x><i><p>" * 100000
    yield "adoption agency: 50,000 misnested b and p", "<b><p></b>" * 50000 + "x</p>" * 50000
    yield "adoption agency: 2,000 deep, closed the wrong way round", "<b><i><u><s><em><p>" * 2000 + "</b></i></u></s></em>" * 2000
    yield "adoption agency: a in table in a", "<a><table><a><table>" * 10000
    yield "foster parents: text in tables", "<table>" + "x<tr>" * 200000
    yield "foster parents: nested tables with text", "<table><tr>x" * 50000
    yield "80,000 attributes on one tag", "<p " + " ".join("a%d=b" % i for i in range(80000)) + ">text"
    yield "1,000,000 attributes on one tag", "<p " + " ".join("a%d" % i for i in range(1000000)) + ">text"
    yield "1,000,000 class names on one tag", "<p class='" + " ".join("c%d" % i for i in range(900000)) + "'>text"
    yield "400,000 attributes of one name", "<p " + "class=a " * 400000 + ">text"
    yield "300,000 tags with 3 attributes", "<a href=/x class=y id=z>" * 300000
    yield "an attribute of 8 MB", "<a href='" + "x" * (8 << 20) + "'>text</a>"
    yield "an unclosed attribute of 8 MB", "<p>text<a href='" + "x" * (8 << 20)
    yield "a tag name of 8 MB", "<" + "x" * (8 << 20) + ">text"
    yield "a million unclosed comments", "<!--" * 1000000
    yield "a million comments", "<!---->" * 1000000
    yield "a comment of 8 MB", "<p>text<!--" + "-" * (8 << 20) + ">"
    yield "a million unclosed scripts", "<script>" * 1000000
    yield "scripts in comments in scripts", "<script><!--<script>" * 400000
    yield "half a million scripts", "<script></script>" * 490000
    yield "half a million svg", "<svg></svg>x" * 490000
    yield "svg, nested and not closed", "<svg><g>" * 400000
    yield "svg and math, one in the other", "<svg><foreignObject><math><annotation-xml encoding='text/html'>" * 50000
    yield "half a million title in svg", "<svg><title>" * 400000
    yield "half a million textarea", "<textarea>" * 400000
    yield "half a million select", "<select><option>" * 300000
    yield "nested select and optgroup", "<select><optgroup><option>" * 200000
    yield "half a million template", "<template>" * 400000
    yield "half a million form", "<form><input>" * 400000
    yield "half a million frameset", "<frameset>" * 400000
    yield "half a million html and body", "<html a%d=1><body b=2>" * 200000
    yield "half a million isindex", "<isindex>" * 400000
    yield "half a million plaintext", "<plaintext>" * 400000
    yield "half a million li", "<li>x" * 1000000
    yield "half a million dd and dt", "<dd>x<dt>y" * 500000
    yield "half a million p", "<p>x" * 1500000
    yield "half a million br", "x<br>" * 1000000
    yield "half a million h1 and h2", "<h1>x<h2>" * 400000
    yield "a table of 1,000 x 1,000", "<table>" + ("<tr>" + "<td>x" * 1000) * 1000 + "</table>"
    yield "a table with colspan and rowspan of 65534", "<table>" + "<tr><td colspan=65534 rowspan=65534>x" * 100000
    yield "a million links", "<a href=/x>word</a> " * 400000
    yield "half a million images", "<img src=/x.jpg>" * 500000
    yield "half a million time", "<time datetime=2020-01-01>x</time>" * 200000
    yield "half a million meta", "<meta property=og:title content=x>" * 200000
    yield "half a million link", "<link rel=canonical href=/x>" * 250000
    yield "a million references", "&amp;" * 1600000
    yield "a million unknown references", "&" + "x;&" * 2500000
    yield "a reference of 8 MB", "&" + "a" * (8 << 20)
    yield "a number of 8 million digits", "&#" + "9" * (8 << 20) + ";"
    yield "a million numbers", "&#x41;" * 1300000
    yield "plane 15, as bytes and references", "\U000F0000" * 100000 + "&#xF0001;" * 100000
    yield "a million combining marks", "<p>e" + "\u0301\u0316" * 1500000
    yield "a million U+FDFA, which normal forms make long", "<p>" + "\ufdfa" * 2500000
    yield "one word of 8 MB", "<p>" + "x" * (8 << 20)
    yield "8 MB of text in one p", "<p>" + (WORDS * 100000)[:8 << 20]
    yield "8 MB of paragraphs", (("<p>" + WORDS + "\n") * 100000)[:8 << 20]
    yield "8 MB of white space", "<p>" + " \n\t" * (8 << 20 >> 2)
    yield "8 MB of less-than", "<" * (8 << 20)
    yield "8 MB of greater-than", ">" * (8 << 20)
    yield "8 MB of </", "</" * (4 << 20)
    yield "8 MB of quotes in tags", "<a \"'=\"'\">" * 800000
    yield "8 MB of dates", "<p>" + "12/11/2020 10:20 " * 480000
    yield "8 MB of digits", "<p>" + "1" * (8 << 20)
    yield "dates in 100,000 paragraphs", "<p>13 January 2021</p>" * 300000
    yield "nested JSON-LD", '<script type="application/ld+json">' + "[" * 4000000 + "</script>" + ARTICLE
    yield "JSON-LD of 100,000 objects", '<script type="application/ld+json">[' + '{"@type":"NewsArticle","headline":"x"},' * 100000 + "{}]</script>" + ARTICLE
    yield "JSON-LD that refers to itself", '<script type="application/ld+json">{"@graph":[' + ",".join(
        '{"@id":"%d","@type":"NewsArticle","author":{"@id":"%d"}}' % (i, (i + 1) % 50000) for i in range(50000)) + "]}</script>" + ARTICLE
    yield "JSON-LD with an article body of 7 MB", '<script type="application/ld+json">{"@type":"NewsArticle","articleBody":"' + "word " * 1400000 + '"}</script>' + ARTICLE
    yield "100,000 JSON-LD scripts", '<script type="application/ld+json">{"@type":"NewsArticle"}</script>' * 100000 + ARTICLE
    yield "a title of 8 MB", "<title>" + "word " * 1600000 + "</title>"
    yield "a million headings that repeat the title", "<title>some words here</title>" + "<h1>some words here</h1>" * 300000
    yield "an article in 10,000 nested div", "<div>" * 10000 + ARTICLE + "</div>" * 10000
    yield "an article behind 4 MB of scripts", "<script>var x = 1;</script>" * 150000 + ARTICLE
    yield "an article cut inside a tag", ARTICLE[:-40] + "<a href='"
    yield "an article with NULs", ARTICLE.replace("dolor", "do\0lor")
    yield "an article with control characters", ARTICLE.replace("dolor", "do\x01\x0b\x1flor")
    yield "nothing but NULs", "\0" * 1000000
    yield "nothing", ""
    yield "one byte", "<"
    yield "white space", " \n" * 100
    yield "text without a tag", WORDS * 100
    yield "bytes that are no UTF-8", ARTICLE.encode() + bytes(range(128, 256)) * 30000
    yield "UTF-16 without a mark", ARTICLE.encode("utf-16-le")
    yield "UTF-16 with a mark", b"\xff\xfe" + ARTICLE.encode("utf-16-le")
    yield "UTF-16, half a character at the end", b"\xff\xfe" + ARTICLE.encode("utf-16-le") + b"\xd8"
    yield "a PDF", b"%PDF-1.4\n" + bytes(range(256)) * 4000
    yield "an image", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4000
    yield "a charset nobody has", "<meta charset=klingon>" + ARTICLE
    yield "a charset that shifts", b"<meta charset=iso-2022-jp>" + b"\x1b$B" * 1000000
    yield "8 MB of a charset of many bytes", b"<meta charset=gb18030>" + b"\x81\x30\x81\x30" * 2000000
    yield "gzip of 64 MB of zeros", gzip.compress(b"\0" * (64 << 20))
    yield "gzip in gzip in gzip in gzip", gzip.compress(gzip.compress(gzip.compress(gzip.compress(ARTICLE.encode()))))
    yield "gzip, cut", gzip.compress(ARTICLE.encode() * 50)[:-100]
    yield "20 MB of a page", ARTICLE * 8000


def cases():
    for name, page in pages():
        yield name, page if isinstance(page, bytes) else page.encode("utf-8", "surrogatepass")


def main():
    """hostile_pages.py FOLDER: writes each page to FOLDER/NUMBER.html and prints its name."""
    for number, (name, page) in enumerate(cases()):
        with open(os.path.join(sys.argv[1], "%d.html" % number), "wb") as f:
            f.write(page)
        print(name)


if __name__ == "__main__":
    main()
