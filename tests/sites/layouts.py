"""layouts.py - four page layouts around one article, with what real news pages carry: menus, share bars, captions, bylines,
related lists inside and after the body, most-read lists, newsletter offers, comments, footers, scripts.

Each takes a Page and gives the whole HTML document as text.
"""
import html
import json
from dataclasses import dataclass, field

esc = html.escape

VI = {"home": "Trang chủ", "related": "Tin liên quan", "most": "Đọc nhiều", "share": "Chia sẻ", "comments": "Ý kiến bạn đọc",
      "newsletter": "Đăng ký nhận bản tin mỗi sáng", "also": "Xem thêm", "by": "Tác giả", "photo": "Ảnh", "same": "Tin cùng chuyên mục",
      "about": "Giới thiệu", "contact": "Liên hệ tòa soạn", "rights": "Giữ bản quyền nội dung trên trang này", "back": "Về đầu trang"}
EN = {"home": "Home", "related": "Related stories", "most": "Most read", "share": "Share", "comments": "Comments",
      "newsletter": "Get our morning newsletter", "also": "Read more", "by": "By", "photo": "Photograph", "same": "More from this section",
      "about": "About us", "contact": "Contact the newsroom", "rights": "All rights reserved", "back": "Back to top"}


@dataclass
class Page:
    article: dict
    url: str                       # absolute
    site: str                      # its name
    published: str                 # RFC 3339
    modified: str
    sections: list                 # (href, name) of the menu
    related: list = field(default_factory=list)  # (href, title)
    most: list = field(default_factory=list)

    @property
    def words(self):
        return VI if self.article["lang"] == "vi" else EN


def links(items, css):
    return '<ul class="%s">%s</ul>' % (css, "".join('<li><a href="%s">%s</a></li>' % (esc(h), esc(t)) for h, t in items))


def head(page, meta=True, charset="utf-8"):
    a = page.article
    out = ["<!DOCTYPE html>", '<html lang="%s">' % a["lang"], "<head>", '<meta charset="%s">' % charset,
           "<title>%s - %s</title>" % (esc(a["title"]), esc(page.site))]
    if meta:
        data = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": a["title"], "description": a["lead"],
                "datePublished": page.published, "dateModified": page.modified, "articleSection": a["section"],
                "author": [{"@type": "Person", "name": a["author"]}], "image": [image(page)],
                "publisher": {"@type": "Organization", "name": page.site}, "mainEntityOfPage": page.url}
        out += ['<link rel="canonical" href="%s">' % esc(page.url), '<meta name="description" content="%s">' % esc(a["lead"]),
                '<meta property="og:type" content="article">', '<meta property="og:title" content="%s">' % esc(a["title"]),
                '<meta property="og:site_name" content="%s">' % esc(page.site), '<meta property="og:url" content="%s">' % esc(page.url),
                '<meta property="og:image" content="%s">' % image(page),
                '<meta property="article:published_time" content="%s">' % page.published,
                '<meta name="keywords" content="%s">' % esc(", ".join(a["tags"])),
                '<script type="application/ld+json">%s</script>' % json.dumps(data, ensure_ascii=False).replace("</", "<\\/")]
    out += ['<link rel="stylesheet" href="/site.css">', '<style>.x{color:red}</style>',
            "<script>var page = {\"id\": %d, \"tpl\": \"<div><p>not text<\\/p><\\/div>\"};</script>" % a["number"], "</head>"]
    return "\n".join(out)


def image(page):
    return page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + "/images/%d.jpg" % page.article["number"]


def menu(page, css="main-nav"):
    return '<nav class="%s">%s</nav>' % (css, links([("/", page.words["home"])] + page.sections, "menu"))


def share(page):
    return '<div class="social-share"><span>%s</span> <a href="#" rel="nofollow">Facebook</a> <a href="#">Zalo</a> <a href="#">E-mail</a></div>' % page.words["share"]


def footer(page):
    w = page.words
    return ('<footer class="site-footer"><p>%s. %s.</p><ul><li><a href="/about.html">%s</a></li><li><a href="/contact.html">%s</a></li></ul>'
            '<p><a href="#top">%s</a></p></footer>\n<script src="/site.js"></script>\n</body>\n</html>\n' % (
                esc(page.site), w["rights"], w["about"], w["contact"], w["back"]))


def blocks(items, quote='<blockquote><p>%s</p></blockquote>'):
    """Body blocks as HTML, runs of list items in one list."""
    out, in_list = [], False
    for kind, text in items:
        if (kind == "list") != in_list:
            out.append("</ul>" if in_list else "<ul>")
            in_list = not in_list
        out.append({"paragraph": "<p>%s</p>", "heading": "<h2>%s</h2>", "quote": quote, "list": "<li>%s</li>"}[kind] % esc(text))
    return out + (["</ul>"] if in_list else [])


def semantic(page):
    """HTML5 elements, an inline related box, a figure, an author box after the body."""
    a, w = page.article, page.words
    body = blocks(a["body"])
    body.insert(1, '<figure class="photo"><img src="/images/%d.jpg" alt="" width="800" height="450"><figcaption>%s</figcaption></figure>' % (a["number"], esc(a["caption"])))
    body.insert(4, '<aside class="related-inline"><strong>%s</strong>%s</aside>' % (w["also"], links(page.related[:2], "inline-list")))
    return "\n".join([
        head(page), '<body id="top">', '<header class="site-header"><a class="logo" href="/">%s</a></header>' % esc(page.site), menu(page), "<main>", "<article>",
        '<p class="kicker"><a href="/%s/">%s</a></p>' % (a["path"], esc(a["section"])), "<h1>%s</h1>" % esc(a["title"]),
        '<p class="standfirst">%s</p>' % esc(a["lead"]),
        '<div class="byline">%s <a rel="author" href="/authors/">%s</a> <time datetime="%s">%s</time></div>' % (w["by"], esc(a["author"]), page.published, page.published[:10]),
        share(page), '<div class="article-body">', *body, "</div>", "</article>",
        '<section class="newsletter"><h3>%s</h3><form action="/signup"><input type="email"><button>OK</button></form></section>' % w["newsletter"],
        '<section class="related"><h3>%s</h3>%s</section>' % (w["related"], links(page.related, "related-list")), "</main>",
        '<aside class="sidebar"><h3>%s</h3>%s</aside>' % (w["most"], links(page.most, "most-read")), footer(page)])


def classic(page):
    """Nested divs, no semantic element; comments and a tag list below the body."""
    a, w = page.article, page.words
    body = blocks(a["body"], '<div class="quote-box"><p>%s</p></div>'.replace("div", "blockquote"))
    body.insert(2, '<div class="photo-box"><img src="/images/%d.jpg" alt=""><p class="caption">%s</p></div>' % (a["number"], esc(a["caption"])))
    tags = "".join('<a rel="tag" href="/tags/%d">%s</a> ' % (i, esc(t)) for i, t in enumerate(a["tags"]))
    return "\n".join([
        head(page), '<body id="top">', '<div id="header"><a href="/">%s</a></div>' % esc(page.site), '<div id="topmenu">%s</div>' % links(page.sections, "menu"),
        '<div id="container"><div id="left-col">', '<div class="breadcrumb"><a href="/">%s</a> &raquo; <a href="/%s/">%s</a></div>' % (w["home"], a["path"], esc(a["section"])),
        '<div class="detail"><h1 class="title-detail">%s</h1>' % esc(a["title"]),
        '<div class="meta"><span class="date">%s</span> <span class="author">%s</span></div>' % (page.published.replace("T", " ")[:16], esc(a["author"])),
        '<h2 class="sapo">%s</h2>' % esc(a["lead"]), '<div class="content-detail">', *body, "</div>", share(page),
        '<div class="tags">%s</div>' % tags, '<div class="same-category"><h3>%s</h3>%s</div>' % (w["same"], links(page.related, "list-news")),
        '<div id="comments"><h3>%s</h3><div class="comment"><b>bandoc%d</b><p>%s</p></div></div>' % (w["comments"], a["number"], {"vi": "Bài viết hay quá, cảm ơn tòa soạn!", "en": "Lovely piece, thank you!"}[a["lang"]]),
        "</div></div>", '<div id="right-col" class="sidebar"><div class="box"><h4>%s</h4>%s</div></div></div>' % (w["most"], links(page.most, "box-list")), footer(page)])


def tables(page):
    """The older Vietnamese shape: the body in one div, images in tables with the caption in a row below, the byline bold at its end."""
    a, w = page.article, page.words
    body = blocks(a["body"])
    body.insert(3, '<table class="image-center" align="center"><tr><td><img src="/images/%d.jpg"></td></tr><tr><td class="image-caption"><em>%s</em></td></tr></table>' % (a["number"], esc(a["caption"])))
    return "\n".join([
        head(page), '<body id="top">', '<div class="wrap"><div class="logo"><a href="/">%s</a></div>' % esc(page.site), menu(page, "nav-top"),
        '<div class="post"><div class="post-time">%s | %s GMT+7</div>' % (page.published[11:16], "/".join(reversed(page.published[:10].split("-")))),
        "<h1>%s</h1>" % esc(a["title"]), '<p class="lead"><strong>%s</strong></p>' % esc(a["lead"]), '<div class="post-content">', *body,
        '<p style="text-align: right;" class="author"><strong>%s</strong></p>' % esc(a["author"]), "</div>", share(page),
        '<div class="news-other"><div class="title-box">%s</div>%s</div>' % (w["related"], links(page.related, "other")), "</div>",
        '<div class="col-right"><div class="title-box">%s</div>%s</div></div>' % (w["most"], links(page.most, "most")), footer(page)])


def bare(page):
    """No metadata at all: a page from before anyone thought of machines."""
    a = page.article
    return "\n".join(["<html>", "<head><title>%s</title></head>" % esc(a["title"]), "<body>", links(page.sections, ""), "<h1>%s</h1>" % esc(a["title"]),
                      "<p><b>%s</b></p>" % esc(a["lead"]), *blocks(a["body"]), "<hr>", links(page.related, ""), "<p>%s</p>" % esc(page.site), "</body>", "</html>", ""])


def listing(site, lang, title, sections, entries, next_href=None, feeds=()):
    """Front and section pages: headlines with teasers, a link to the next page."""
    w = VI if lang == "vi" else EN
    items = "".join('<div class="teaser"><h3><a href="%s">%s</a></h3><p>%s</p></div>' % (esc(h), esc(t), esc(lead)) for h, t, lead in entries)
    alternates = "".join('<link rel="alternate" type="application/rss+xml" title="%s" href="%s">' % (esc(site), f) for f in feeds)
    more = '<a class="next" rel="next" href="%s">2</a>' % next_href if next_href else ""
    return ('<!DOCTYPE html>\n<html lang="%s"><head><meta charset="utf-8"><title>%s - %s</title>%s<meta property="og:type" content="website"></head>\n'
            '<body><header><a href="/">%s</a></header><nav>%s</nav><main><h1>%s</h1>%s</main><div class="pagination">%s</div><footer><p>%s</p></footer></body></html>\n' % (
                lang, esc(title), esc(site), alternates, esc(site), links(sections, "menu"), esc(title), items, more, w["rights"]))


def video(site, sections):
    """A page that is no article: a player and other videos."""
    tiles = "".join('<div class="tile"><a href="/video/%d.html"><img src="/images/v%d.jpg" alt=""></a><a href="/video/%d.html">Video %d</a> <span>0%d:15</span></div>' % (i, i, i, i, i % 10) for i in range(2, 14))
    return ('<!DOCTYPE html>\n<html lang="vi"><head><meta charset="utf-8"><title>Video - %s</title><meta property="og:type" content="video.other"></head>\n'
            '<body><nav>%s</nav><h1>Video</h1><div class="player"><video src="/video/1.mp4" controls></video></div><p>02:15</p><div class="playlist">%s</div></body></html>\n' % (
                esc(site), links(sections, "menu"), tiles))


LAYOUTS = [semantic, classic, tables]
