#!/usr/bin/python3
"""Vietnamese news pages made of parts, for training and testing: the shapes that real papers use, around text of our own.

A template is a choice of one variant of each part (title, standfirst, body, picture, box inside the body, signature, lists after
the article, side column, frame) and of names for its classes; pages of one template differ in text only. Templates for
training and for testing draw from different variants, so that a test page's markup was never seen.

usage: synthetic.py OUT_DIR COUNT train|test      writes OUT_DIR/truth.jsonl and pages, as the scorer reads them
"""
import html as H
import json, os, random, sys

PLACES = ["Hà Nội", "TP.HCM", "Đà Nẵng", "Cần Thơ", "Hải Phòng", "Huế", "Nghệ An", "Quảng Ninh", "Lâm Đồng", "An Giang", "Bình Dương",
          "Đồng Tháp", "Lào Cai", "Khánh Hòa", "Gia Lai", "Cà Mau", "Bắc Giang", "Thái Nguyên", "Phú Yên", "Long An"]
FAMILY = ["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương", "Lý", "Phan", "Võ"]
MIDDLE = ["Văn", "Thị", "Minh", "Đức", "Thanh", "Quốc", "Ngọc", "Hữu", "Thu", "Xuân", "Hải", "Khánh", "Anh", "Bảo", "Kim"]
GIVEN = ["An", "Bình", "Cường", "Dung", "Giang", "Hà", "Hạnh", "Hùng", "Lan", "Linh", "Long", "Mai", "Nam", "Phong", "Quang", "Sơn",
         "Thảo", "Trang", "Tuấn", "Vân", "Yến", "Đạt", "Khoa", "Nhung"]
ROLES = ["giám đốc sở", "chủ tịch xã", "trưởng phòng", "bác sĩ", "kỹ sư", "chủ cửa hàng", "phó hiệu trưởng", "nông dân", "chuyên gia",
         "luật sư", "trưởng ban quản lý", "huấn luyện viên", "nhà nghiên cứu", "tài xế", "giáo viên"]
ORGS = ["Sở Giao thông vận tải", "Ủy ban nhân dân huyện", "Bệnh viện đa khoa tỉnh", "Sở Giáo dục và Đào tạo", "Chi cục Thủy lợi",
        "Hội Nông dân", "Công ty Cấp nước", "Ban quản lý dự án", "Trường Đại học Công nghệ", "Cục Thống kê", "Hợp tác xã Rau sạch",
        "Liên đoàn Bóng đá", "Thư viện tỉnh", "Sở Công Thương", "Đài Khí tượng Thủy văn"]
THINGS = ["tuyến đường ven sông", "cây cầu mới", "chợ đầu mối", "trạm bơm", "khu tái định cư", "mùa vải thiều", "lễ hội ánh sáng", "tuyến xe buýt điện",
          "kênh thoát nước", "vườn sầu riêng", "công viên phần mềm", "nhà máy xử lý rác", "sân vận động", "bến phà", "làng gốm",
          "dự án hồ chứa", "khu bảo tồn chim", "xưởng đóng tàu", "trường mầm non", "bãi đỗ xe ngầm"]
ACTS = ["được mở rộng thêm", "sẽ hoàn thành trước", "phải tạm dừng trong", "được kiểm tra lại sau", "thu hút sự chú ý suốt", "hoạt động trở lại sau",
        "chậm tiến độ gần", "được khởi công sau", "cần thêm", "đã vận hành ổn định hơn"]
UNITS = ["hai tuần", "ba tháng", "một quý", "10 ngày", "nửa năm", "15 tháng", "hơn một năm", "40 ngày"]
WHY = ["mưa lớn kéo dài", "giá vật liệu tăng", "nhu cầu đi lại tăng cao", "thiếu nhân lực tay nghề", "vướng mặt bằng", "thời tiết thuận lợi hơn mọi năm",
       "người dân góp thêm đất", "nguồn vốn được giải ngân sớm", "đường ống cũ xuống cấp", "số đơn hàng tăng vọt"]
TAILS = ["để phục vụ người dân trước Tết", "theo kế hoạch đã được công bố", "dù còn nhiều ý kiến khác nhau", "nhằm giảm ùn tắc giờ cao điểm",
         "và sẽ báo cáo kết quả vào cuối tháng", "trong khi chờ phương án lâu dài", "bằng nguồn kinh phí xã hội hóa", "với sự giám sát của cộng đồng",
         "sau khi lấy ý kiến các hộ liên quan", "như cam kết hồi đầu năm"]
SITES = ["Báo Sông Hàn", "Tin Miền Tây", "Nhịp Sống Đô Thị", "Thời Báo Biển Đông", "Bản Tin Cao Nguyên", "Dân Sinh Online", "Tin Sớm 24",
         "Tạp chí Làng Nghề"]
SECTIONS = ["Thời sự", "Kinh tế", "Giáo dục", "Sức khỏe", "Thể thao", "Văn hóa", "Đời sống", "Công nghệ", "Pháp luật", "Du lịch", "Xe", "Thế giới"]


class Writer:
    """Text: sentences of patterns with words drawn from the lists above."""

    def __init__(self, rng):
        self.r = rng

    def pick(self, words):
        return self.r.choice(words)

    def name(self):
        return " ".join([self.pick(FAMILY)] + ([self.pick(MIDDLE)] if self.r.random() < 0.7 else []) + [self.pick(GIVEN)])

    def number(self):
        return self.pick(["%d" % self.r.randint(2, 99), "%d.%03d" % (self.r.randint(1, 90), self.r.randint(0, 999)),
                          "%d,%d" % (self.r.randint(1, 30), self.r.randint(1, 9)), "hơn %d" % self.r.randint(10, 900)])

    def day(self):
        return "%d-%d" % (self.r.randint(1, 28), self.r.randint(1, 12)) if self.r.random() < 0.5 else "%d/%d" % (
            self.r.randint(1, 28), self.r.randint(1, 12))

    def sentence(self):
        p, q = self.pick, self.r.random()
        thing, place, org = p(THINGS), p(PLACES), p(ORGS)
        forms = [
            lambda: "Ngày %s, %s %s cho biết %s %s %s %s." % (self.day(), org, place, thing, p(ACTS), p(UNITS), p(TAILS)),
            lambda: "Theo %s, %s ở %s %s %s do %s." % (org, thing, place, p(ACTS), p(UNITS), p(WHY)),
            lambda: "Ông %s, %s %s, nói %s %s %s." % (self.name(), p(ROLES), place, thing, p(ACTS), p(UNITS)),
            lambda: "Bà %s (%d tuổi, ngụ %s) kể rằng gia đình bà đã chờ %s %s, %s." % (self.name(), self.r.randint(23, 80), place, thing, p(UNITS), p(TAILS)),
            lambda: "“Chúng tôi đã làm việc với %s và thống nhất %s %s %s”, %s chia sẻ." % (org, thing, p(ACTS), p(UNITS), self.name()),
            lambda: "Tổng kinh phí khoảng %s tỉ đồng, trong đó %s tỉ đồng dành cho %s." % (self.number(), self.number(), thing),
            lambda: "Nguyên nhân được xác định là %s, khiến %s hộ ở %s bị ảnh hưởng." % (p(WHY), self.number(), place),
            lambda: "Trước đó, %s %s từng đề nghị điều chỉnh %s nhưng chưa được chấp thuận." % (org, place, thing),
            lambda: "Đến nay đã có %s trường hợp đăng ký, tăng %s%% so với cùng kỳ năm trước." % (self.number(), self.r.randint(3, 60)),
            lambda: "Vì %s, %s buộc phải thay đổi phương án %s." % (p(WHY), org, p(TAILS)),
            lambda: "Nhiều người dân %s bày tỏ mong muốn %s sớm đi vào hoạt động %s." % (place, thing, p(TAILS)),
            lambda: "Đại diện %s khẳng định mọi khoản chi cho %s đều được công khai %s." % (org, thing, p(TAILS)),
            lambda: "Dự kiến %s sẽ đón khoảng %s lượt khách mỗi ngày từ tháng %d tới." % (thing, self.number(), self.r.randint(1, 12)),
            lambda: "Ghi nhận sáng %s tại %s, %s đã thông thoáng hơn hẳn." % (self.day(), place, thing),
        ]
        s = p(forms)()
        if q < 0.1:
            s = s[:-1] + ", " + p(TAILS) + "."
        return s

    def paragraph(self, least=1, most=4):
        return " ".join(self.sentence() for _ in range(self.r.randint(least, most)))

    def headline(self):
        p = self.pick
        return p([
            lambda: "%s %s %s %s" % (p(PLACES), p(["muốn mở rộng", "tạm dừng", "khánh thành", "tìm cách cứu", "kiểm tra"]), p(THINGS), p(["", "trước Tết", "sau mưa lũ", "vào cuối năm"])),
            lambda: "Vì sao %s %s %s?" % (p(THINGS), p(ACTS), p(UNITS)),
            lambda: "%s: %s %s %s" % (p(PLACES), p(THINGS).capitalize(), p(ACTS), p(UNITS)),
            lambda: "%s hộ dân %s chờ %s" % (self.number().capitalize(), p(PLACES), p(THINGS)),
            lambda: "Người %s và câu chuyện %s" % (p(PLACES), p(THINGS)),
            lambda: "%s nói gì về %s?" % (p(ORGS), p(THINGS)),
        ])().strip()

    def subheading(self):
        return self.pick(["Chờ đến bao giờ?", "Khó khăn chồng chất", "Người dân nói gì", "Giải pháp trước mắt", "Từ một ý tưởng nhỏ",
                          "%s sẽ ra sao?" % self.pick(THINGS).capitalize(), "Bài toán %s" % self.pick(THINGS), "Không để lỡ hẹn"])

    def caption(self):
        c = "%s tại %s %s" % (self.pick(THINGS).capitalize(), self.pick(PLACES), self.pick(["sáng %s" % self.day(), "nhìn từ trên cao", "những ngày cuối năm", ""]))
        return (c.strip() + self.pick([" - Ảnh: %s" % self.name().upper(), ". Ảnh: %s" % self.name(), " (Ảnh: CTV)", "", ". Nguồn: %s" % self.pick(ORGS)]))


def e(s):
    return H.escape(s, quote=False)


class Template:
    def __init__(self, seed, part):
        self.r = random.Random("%s-%d" % (part, seed))
        self.part = part
        train = part == "train"
        pick = self.r.choice
        self.names = {k: pick(v) for k, v in NAMES[part].items()}
        self.body = pick(["p", "br", "div", "p-span", "div-p", "td-p", "section", "br-span"] if train else ["br-table", "div-nested", "p-bare", "br-p"])
        self.picture = pick(["table", "figure", "center-em", "p-plain", "p-small", "div-desc", "table-p", "span-after"] if train else ["div-caption", "table-one", "p-after"])
        self.inline = pick(["ul", "box", "none", "p-strong", "aside", "quote", "label", "thumb-text", "plain-titles", "list-lead"] if train else ["table", "div-links", "none", "box-title"])
        self.sign = pick(["p-right", "strong", "none", "theo", "em-right", "nguon", "span"] if train else ["div-right", "em", "theo-b", "none"])
        self.sapo = pick(["h2", "p-bold", "div", "b-first", "span-strong"] if train else ["p-class", "strong-br", "h3"])
        self.after = pick([["links", "thumbs"], ["dated", "teasers"], ["links", "teasers", "comments"], ["dated"], ["grid", "comments-li"], ["numbered", "comments-dl"],
                           ["bio", "links"], ["next", "grid"], ["poll", "numbered"], ["comments-li", "next"], ["offer", "dated", "bio"]] if train else
                          [["plain-links", "cards"], ["table-links", "cards"], ["plain-links", "comments2"], ["table-links"]])
        self.side = pick(["before", "after", "none"])
        self.site = pick(SITES)
        self.ld = self.r.random() < 0.4
        self.meta = self.r.random() < 0.7


NAMES = {
    "train": {
        "title": ["title_news_detail", "article-title", "title-detail", "titledetail", "", "post-title"],
        "date": ["date", "time-update", "article-date", "bread-date", "", "pdate"],
        "body": ["fck_detail", "content-detail", "article-body", "detail-content", "", "newbody", "cms-body", "main-text"],
        "sapo": ["sapo", "short_intro", "lead", "", "description", "chapeau"],
        "wrap": ["main-content", "col-left", "wrapper", "container", "leftcol", ""],
        "related": ["list_news", "tinlienquan", "related", "box-news", "", "relate-news"],
        "side": ["sidebar", "col-right", "right", "", "boxright"],
        "comment": ["comment", "binhluan", "box_comment", "", "list-cm", "c-wrap"],
        "tags": ["tags", "tagbox", "tukhoa", ""],
        "box": ["relate-container", "box-inline", "VCSortableInPreviewMode", ""],
    },
    "test": {
        "title": ["tit", "news-title", "hdl", "", "detail__title"],
        "date": ["ngaydang", "meta-time", "", "dt-info"],
        "body": ["noidung", "article__content", "text-long", "", "knc", "vnbody"],
        "sapo": ["tomtat", "intro", "", "dek", "detail__summary"],
        "wrap": ["page", "trang", "content", "site-main", ""],
        "related": ["other-news", "morenews", "tincungloai", "", "listing"],
        "side": ["aside", "phai", "cot2", ""],
        "comment": ["ykien", "feedback", "fb"],
        "tags": ["keyword", "topics", "chude", ""],
        "box": ["insert-news", "embed-box", "", "see-also"],
    },
}


def cls(name):
    return ' class="%s"' % name if name else ""


class PageMaker:
    def __init__(self, template, rng):
        self.t, self.r, self.w = template, rng, Writer(rng)
        self.truth = []

    def say(self, text):
        """text belongs to the article."""
        self.truth.append(text)
        return e(text)

    def link(self, text, extra=""):
        return '<a href="/%s-%d.htm"%s>%s</a>' % ("bai", self.r.randint(100000, 999999), extra, e(text))

    def picture(self):
        src = "/images/%d.jpg" % self.r.randint(1000, 9999)
        img, cap = '<img src="%s" width="500" alt="">' % src, e(self.w.caption())
        return {
            "table": '<table border="0" align="center"><tbody><tr><td>%s</td></tr><tr><td class="Image">%s</td></tr></tbody></table>',
            "figure": '<figure>%s<figcaption>%s</figcaption></figure>',
            "center-em": '<div align="center">%s<br><em>%s</em></div>',
            "div-caption": '<div class="pic">%s<div class="pic-note">%s</div></div>',
            "table-one": '<table class="tplCaption"><tr><td>%s<br><i>%s</i></td></tr></table>',
            "p-plain": '<p>%s</p><p>%s</p>',
            "p-small": '<div>%s</div><p align="right"><small>%s</small></p>',
            "div-desc": '<div type="Photo"><div>%s</div><div class="PhotoCMS_Desc"><p>%s</p></div></div>',
            "table-p": '<table class="picture"><tr><td><p>%s</p></td></tr><tr><td><p>%s</p></td></tr></table>',
            "span-after": '<p><span class="img">%s</span><span class="note"><br>%s</span></p>',
            "p-after": '<p style="text-align:center">%s</p><p style="text-align:center"><em>%s</em></p>',
        }[self.t.picture] % (img, cap)

    def inline_box(self):
        heads = [self.w.headline() for _ in range(self.r.randint(1, 3))]
        links = [self.link(h) for h in heads]
        n = cls(self.t.names["box"])
        kind = self.t.inline
        if kind == "ul":
            return "<ul%s>%s</ul>" % (n, "".join("<li>%s</li>" % l for l in links))
        if kind == "box":
            return '<div%s>%s<div>%s</div><p>%s</p></div>' % (n, '<img src="/t.jpg" width="120">', links[0], e(self.w.sentence()))
        if kind == "p-strong":
            return "<p><strong>&gt;&gt; %s</strong></p>" % links[0]
        if kind == "aside":
            return "<aside%s>%s</aside>" % (n, "".join("<h3>%s</h3><h3>%s</h3>" % (l, e(h)) for l, h in zip(links, heads)))
        if kind == "quote":
            return "<blockquote>%s</blockquote>" % "<br>".join(links)
        if kind == "label":
            return "<p><b>%s</b> %s</p>" % (e(self.r.choice(["Xem thêm:", "Đọc thêm:", "Mời độc giả đón đọc:", "Liên quan:"])), "; ".join(links))
        if kind == "thumb-text":
            return '<div%s><a href="/b"><img src="/t.jpg"></a><div><b>%s</b><div>%s</div></div></div>' % (n, e(heads[0]), e(self.w.sentence()))
        if kind == "plain-titles":
            return "<div%s><span>%s</span>%s</div>" % (n, e(self.r.choice(["Tin liên quan", "Bài viết cùng chủ đề", ""])), "".join("<p>%s</p>" % e(h) for h in heads))
        if kind == "list-lead":
            return "<div%s><ul>%s</ul></div>" % (n, "".join("<li><strong>%s</strong><p>%s</p></li>" % (l, e(self.w.sentence())) for l in links))
        if kind == "table":
            return "<table%s align=left><tr><td>%s</td></tr></table>" % (n, "<br>".join("• " + l for l in links))
        if kind == "div-links":
            return "".join("<div%s>%s %s</div>" % (n, e("Xem thêm:"), l) for l in links[:2])
        if kind == "box-title":
            return '<div%s><h4>%s</h4><h4>%s</h4><p>%s</p></div>' % (n, links[0], e(heads[0]), e(self.w.sentence()))
        return ""

    def paragraphs(self):
        out = []
        for i in range(self.r.choice([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])):
            if i and self.r.random() < 0.12:
                out.append(("head", self.w.subheading()))
            if self.r.random() < 0.06:
                out.append(("short", self.w.sentence()))
            out.append(("text", self.w.paragraph()))
            if i > 0 and self.r.random() < 0.1:
                out.append(("list", [self.w.sentence() if self.r.random() < 0.5 else self.w.caption().split(" - ")[0].split(" (")[0].split(". ")[0]
                                     for _ in range(self.r.randint(2, 6))]))
            if i > 0 and self.r.random() < 0.06:
                out.append(("quote", self.w.sentence()))
            if i > 0 and self.r.random() < 0.2:
                out.append(("picture", ""))
            if i > 0 and self.r.random() < 0.12:
                out.append(("inline", ""))
        return out

    def signature(self):
        name, kind = self.w.name(), self.t.sign
        self.author = None if kind in ("none", "theo", "theo-b", "nguon") else name
        return {
            "p-right": '<p align="right"><strong>%s</strong></p>' % e(name), "strong": "<p><strong>%s</strong></p>" % e(name.upper()),
            "em-right": '<p style="text-align:right"><em>%s</em></p>' % e(name), "span": "<span>%s</span>" % e(name),
            "nguon": "<p>%s</p>" % e("Nguồn: " + self.r.choice(["TTXVN", "Báo Sông Hàn", "AFP", "Sở Công Thương"])),
            "theo": '<p class="source">%s</p>' % e("Theo " + self.r.choice(["TTXVN", "Dân trí", "VOV", "Báo Giao thông"])),
            "div-right": '<div style="text-align:right"><b>%s</b></div>' % e(name), "em": "<p><em>%s</em></p>" % e("Bài, ảnh: " + name),
            "theo-b": "<p><b>%s</b></p>" % e("(Theo %s)" % self.r.choice(["TTXVN", "Zing", "Reuters"])), "none": "",
        }[kind]

    def body(self):
        kind, out = self.t.body, []
        for what, text in self.paragraphs():
            if what == "picture":
                out.append(self.picture())
            elif what == "inline":
                out.append(self.inline_box())
            elif what == "list":
                items = [self.say(item) for item in text]
                out.append("%s<br>" % "<br>".join("- " + item for item in items) if kind in ("br", "br-table", "br-span") else
                           "<ul>%s</ul>" % "".join("<li>%s</li>" % item for item in items))
            elif what == "quote":
                out.append("<blockquote>%s</blockquote>" % self.say(text))
            elif what == "head":
                h = self.say(text)
                out.append({"p": "<p><strong>%s</strong></p>", "br": "<b>%s</b><br><br>", "div": "<div><b>%s</b></div>", "p-span": "<h3>%s</h3>",
                            "div-p": "<h2>%s</h2>", "td-p": "<p><b>%s</b></p>", "section": "<h3>%s</h3>", "br-span": "<span><b>%s</b></span><br><br>",
                            "br-table": "<strong>%s</strong><br><br>", "div-nested": "<div><div><strong>%s</strong></div></div>",
                            "p-bare": "<h4>%s</h4>", "br-p": "<p><b>%s</b></p>"}[kind] % h)
            else:
                t = self.say(text)
                out.append({"p": '<p class="Normal">%s</p>', "br": "%s<br><br>", "div": '<div style="text-align:justify">%s</div><div>&nbsp;</div>',
                            "div-p": "<div><p>%s</p></div>", "td-p": "<p align=justify>%s</p>", "section": "<section><p>%s</p></section>",
                            "br-span": "<span>%s</span><br /><br />",
                            "p-span": '<p><span style="font-size:12pt">%s</span></p>', "br-table": "&nbsp; %s<br /><br />",
                            "div-nested": '<div><div><span>%s</span></div></div>', "p-bare": "<p>%s\n",
                            "br-p": "<p>%s<br></p>"}[kind] % t)
        sign = self.signature()
        inner = "\n".join(out)
        wrap = '<table width="100%%"><tr><td%s>%s%s</td></tr></table>' if kind in ("br-table", "td-p") else "<div%s>%s%s</div>"
        return wrap % (cls(self.t.names["body"]), inner, sign)

    def standfirst(self):
        text = self.w.paragraph(1, 2)
        if self.r.random() < 0.4:
            text = self.r.choice(["(%s) - " % self.t.site, "TTO - ", "TP - ", "%s - " % self.w.pick(PLACES)]) + text
        t, n = self.say(text), cls(self.t.names["sapo"])
        self.summary = text
        return {"b-first": "<p%s><b>%s</b></p><br>", "span-strong": "<span%s><strong>%s</strong></span>", "h2": "<h2%s>%s</h2>", "p-bold": "<p%s><strong>%s</strong></p>", "div": "<div%s>%s</div>", "p-class": "<p%s>%s</p>",
                "strong-br": "<div%s><strong>%s</strong><br><br></div>", "h3": "<h3%s>%s</h3>"}[self.t.sapo] % (n, t)

    def links(self, least=4, most=9):
        return [self.link(self.w.headline()) for _ in range(self.r.randint(least, most))]

    def dated(self):
        return "(%s)" % self.w.day()

    def after(self):
        n, out = cls(self.t.names["related"]), []
        head = lambda: e(self.r.choice(["Tin bài liên quan", "Các tin bài khác", "Tin cùng chuyên mục", "Tin liên quan", "Tin mới nhất", "Các tin đã đưa",
                                        "Đọc nhiều", "Multimedia", "Mới nhất", "Có thể bạn quan tâm"]))
        for kind in self.t.after:
            if kind == "links":
                out.append("<div%s><h3>%s</h3><ul>%s</ul></div>" % (n, head(), "".join("<li>%s</li>" % l for l in self.links())))
            elif kind == "dated":
                out.append("<div%s><b>%s</b><ul>%s</ul></div>" % (n, head(), "".join("<li>%s <span>%s</span></li>" % (l, self.dated()) for l in self.links())))
            elif kind == "thumbs":
                out.append("<div%s><p>%s</p>%s</div>" % (n, head(), "".join('<div class="item"><a href="/x"><img src="/t.jpg"></a><h4>%s</h4></div>' % l for l in self.links(3, 5))))
            elif kind == "teasers":
                out.append("<div%s><h2>%s</h2>%s</div>" % (n, head(), "".join(
                    '<div class="item"><h3>%s</h3><p>%s</p></div>' % (l, e(self.w.paragraph(1, 2))) for l in self.links(3, 6))))
            elif kind == "comments":
                out.append('<div class="%s"><h3>%s</h3>%s</div>' % (self.t.names["comment"], e("Ý kiến bạn đọc (%d)" % self.r.randint(1, 40)), "".join(
                    "<div><b>%s</b> <span>%s</span><p>%s</p></div>" % (e(self.w.name()), e(self.w.day()), e(self.w.paragraph(1, 2)))
                    for _ in range(self.r.randint(1, 5)))))
            elif kind == "comments-li":
                out.append("<div%s><p>%s</p><ul>%s</ul></div>" % (cls(self.t.names["comment"]), e("Bình luận"), "".join(
                    "<li><img src='/a.png'><span>%s</span><p>%s</p><span>%s</span><a href='#'>%s</a></li>" % (
                        e(self.w.name()), e(self.w.paragraph(1, 3)), e("%d giờ trước" % self.r.randint(1, 20)), e("Thích")) for _ in range(self.r.randint(1, 6)))))
            elif kind == "comments-dl":
                out.append("<dl%s>%s</dl>" % (cls(self.t.names["comment"]), "".join("<dt>%s - %s</dt><dd>%s</dd>" % (
                    e(self.w.name()), e(self.w.day()), e(self.w.paragraph(1, 3))) for _ in range(self.r.randint(1, 6)))))
            elif kind == "grid":
                out.append("<div%s><h3>%s</h3>%s</div>" % (n, head(), "".join(
                    '<figure><a href="/x"><img src="/t.jpg"></a><figcaption><h3>%s</h3></figcaption></figure>' % l for l in self.links(3, 8))))
            elif kind == "numbered":
                out.append("<div%s><div>%s</div><ol>%s</ol></div>" % (n, head(), "".join(
                    "<li><a href='/y'>%s</a><p>%s</p></li>" % (e(self.w.headline()), e(self.w.sentence())) for _ in range(self.r.randint(3, 7)))))
            elif kind == "bio":
                out.append("<div><p><b>%s</b></p><p>%s</p></div>" % (e(self.w.name()), e("%s tại %s, viết về %s từ năm %d." % (
                    self.w.pick(ROLES).capitalize(), self.w.pick(PLACES), self.w.pick(THINGS), self.r.randint(1998, 2020)))))
            elif kind == "next":
                out.append("<div><div>%s</div><h2>%s</h2>%s</div>" % (e(self.r.choice(["Đọc tiếp", "Bài tiếp theo", "Tin mới"])), self.link(self.w.headline()), "".join(
                    "<p>%s</p>" % e(self.w.paragraph(1, 3)) for _ in range(self.r.randint(1, 3)))))
            elif kind == "poll":
                out.append("<form><p>%s</p>%s<button>%s</button></form>" % (e("Bạn nghĩ gì về %s?" % self.w.pick(THINGS)), "".join(
                    "<label><input type=radio name=q> %s</label>" % e(self.w.pick(TAILS)) for _ in range(3)), e("Gửi")))
            elif kind == "offer":
                out.append("<div><h4>%s</h4><p>%s</p></div>" % (e("Đăng ký nhận bản tin"), e("Nhận tin về %s mỗi sáng qua thư điện tử, miễn phí." % self.w.pick(THINGS))))
            elif kind == "plain-links":
                out.append("<div%s>%s<br>%s</div>" % (n, head(), "<br>".join("» " + l + " " + self.dated() for l in self.links())))
            elif kind == "cards":
                out.append("<section%s><div><span>%s</span></div>%s</section>" % (n, head(), "".join(
                    '<article><h3>%s</h3><div>%s</div><time>%s</time></article>' % (l, e(self.w.paragraph(1, 2)), e(self.w.day())) for l in self.links(3, 6))))
            elif kind == "table-links":
                out.append("<table%s><tr><th>%s</th></tr>%s</table>" % (n, head(), "".join("<tr><td>%s</td><td>%s</td></tr>" % (l, self.dated()) for l in self.links())))
            elif kind == "comments2":
                out.append('<ul class="%s">%s</ul>' % (self.t.names["comment"], "".join(
                    "<li><strong>%s</strong><div>%s</div><a href='#'>%s</a></li>" % (e(self.w.name()), e(self.w.paragraph(1, 3)), e("Trả lời"))
                    for _ in range(self.r.randint(1, 6)))))
        tags = '<div%s>%s %s</div>' % (cls(self.t.names["tags"]), e(self.r.choice(["Từ khóa:", "Chủ đề:", "Tags:"])),
                                       ", ".join(self.link(self.w.pick(THINGS)) for _ in range(self.r.randint(2, 5))))
        return (tags if self.r.random() < 0.7 else "") + "\n".join(out)

    def side(self):
        boxes = "".join("<div><h3>%s</h3><ul>%s</ul></div>" % (e(self.r.choice(["Đọc nhiều", "Xem nhiều nhất", "Tin nóng", "Video", "Tuyển dụng"])), "".join(
            "<li>%s</li>" % l for l in self.links(3, 8))) for _ in range(self.r.randint(1, 3)))
        teaser = '<div><h4>%s</h4><p>%s</p></div>' % (self.link(self.w.headline()), e(self.w.paragraph(1, 1)))
        return "<div%s>%s%s</div>" % (cls(self.t.names["side"]), boxes, teaser)

    def page(self):
        t, w, r = self.t, self.w, self.r
        title = w.headline()
        year, hour = r.randint(2008, 2025), r.randint(5, 22)
        month, day, minute = r.randint(1, 12), r.randint(1, 28), r.randint(0, 59)
        iso = "%d-%02d-%02dT%02d:%02d:00+07:00" % (year, month, day, hour, minute)
        shown = r.choice(["%02d:%02d | %02d/%02d/%d GMT+7" % (hour, minute, day, month, year), "Thứ sáu, %d/%d/%d, %02d:%02d (GMT+7)" % (day, month, year, hour, minute),
                          "%02d/%02d/%d %02d:%02d" % (day, month, year, hour, minute), "Cập nhật: %02d:%02d %02d/%02d/%d" % (hour, minute, day, month, year)])
        nav = "".join('<li><a href="/%d">%s</a></li>' % (i, e(s)) for i, s in enumerate(r.sample(SECTIONS, 9)))
        sapo, body = self.standfirst(), self.body()
        heading = '<h1%s>%s</h1>' % (cls(t.names["title"]), e(title)) if r.random() < 0.9 or t.part == "train" else '<div%s><b>%s</b></div>' % (cls(t.names["title"]), e(title))
        share = '<div class="share"><a href="#">Facebook</a> <a href="#">Zalo</a> <a href="#">%s</a></div>' % e("In bài viết")
        article = "%s<div%s>%s</div>%s%s\n%s" % (heading, cls(t.names["date"]), e(shown), share if r.random() < 0.6 else "", sapo, body)
        meta = ('<meta property="og:title" content="%s"><meta name="description" content="%s"><meta property="og:type" content="article">'
                '<meta property="article:published_time" content="%s">' % (H.escape(title), H.escape(self.summary), iso)) if t.meta else ""
        ld = '<script type="application/ld+json">%s</script>' % json.dumps({"@type": "NewsArticle", "headline": title, "datePublished": iso}) if t.ld else ""
        footer = "<div>%s</div>" % "".join("<p>%s</p>" % e(s) for s in [
            "© %d %s. Cơ quan chủ quản: %s." % (year, t.site, w.pick(ORGS)), "Tổng biên tập: %s" % w.name(),
            "Giấy phép số %d/GP-BTTTT cấp ngày %s/%d. Địa chỉ: %d đường Lê Lợi, %s. Điện thoại: 028.%d" % (
                r.randint(1, 600), w.day(), year, r.randint(1, 300), w.pick(PLACES), r.randint(1000000, 9999999)),
            "Ghi rõ nguồn %s khi phát hành lại thông tin từ website này." % t.site])
        main = "<div%s>%s\n%s</div>" % (cls(t.names["wrap"]), article, self.after())
        side = self.side()
        cols = {"before": side + main, "after": main + side, "none": main}[t.side]
        html = ('<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>%s | %s</title>%s%s</head><body>'
                '<div class="header"><a href="/">%s</a><ul>%s</ul></div><div class="bread"><a href="/">%s</a> › <a href="/x">%s</a></div>%s%s</body></html>' % (
                    e(title), e(t.site), meta, ld, e(t.site), nav, e("Trang chủ"), e(r.choice(SECTIONS)), cols, footer))
        return html, {"title": title, "authors": [self.author] if self.author else [], "published": iso, "body": "\n\n".join(self.truth)}


class ListingMaker(PageMaker):
    """A section's front: what is no article, in the same frames."""

    def teasers(self):
        kind, out = self.r.choice(["rows", "cards", "plain", "first-big"]), []
        for i in range(self.r.randint(8, 30)):
            head = self.link(self.w.headline())
            text = e(self.w.paragraph(1, 3 if kind == "first-big" and i == 0 else 1))
            out.append({"rows": "<div class='item'><h3>%s</h3><p>%s</p></div>", "cards": "<article><h2>%s</h2><div>%s</div></article>",
                        "plain": "<li>%s %s</li>", "first-big": "<div><h2>%s</h2><p>%s</p></div>"}[kind] % (head, text))
        return "<ul>%s</ul>" % "".join(out) if kind == "plain" else "\n".join(out)

    def page(self):
        t, r = self.t, self.r
        section = r.choice(SECTIONS)
        nav = "".join('<li><a href="/%d">%s</a></li>' % (i, e(s)) for i, s in enumerate(r.sample(SECTIONS, 9)))
        meta = '<meta property="og:type" content="website"><meta property="og:title" content="%s">' % e(section) if t.meta else ""
        html = ('<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>%s | %s</title>%s</head><body><div class="header"><ul>%s</ul></div>'
                '<div%s><h1>%s</h1>%s%s</div>%s</body></html>' % (e(section), e(t.site), meta, nav, cls(t.names["wrap"]), e(section), self.teasers(),
                                                                '<div><a href="?p=2">2</a> <a href="?p=3">3</a></div>', self.side()))
        return html, {"title": section, "authors": [], "published": None, "body": ""}


LISTINGS = 4 # every so many pages one is no article


def make(folder, count, part):
    os.makedirs(folder, exist_ok=True)
    templates = [Template(i, part) for i in range(121 if part == "train" else 17)]
    with open(os.path.join(folder, "truth.jsonl"), "w", encoding="utf-8") as f:
        for i in range(count):
            template = templates[i % len(templates)]
            article = i % LISTINGS != LISTINGS - 1
            maker = PageMaker if article else ListingMaker
            html, truth = maker(template, random.Random("%s-page-%d" % (part, i))).page()
            name = "%s%03d.html" % (part, i)
            with open(os.path.join(folder, name), "w", encoding="utf-8") as g:
                g.write(html)
            truth.update(id="%s%03d" % (part, i), html=name, page_type="article" if article else "listing",
                         url="https://mau%d-%s.example/%s-%d.htm" % (i % len(templates), part, "bai" if article else "muc", i))
            f.write(json.dumps(truth, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]), sys.argv[3])
