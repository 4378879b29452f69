#!/usr/bin/env python3
"""site.py - the sample site: builds it, serves it with nginx, and publishes, changes or removes an article while it is served.

    site.py start DIR [--articles N] [--hosts H] [--port P]   build below DIR, serve; prints one base URL a line
    site.py stop DIR                 stop what start started
    site.py publish DIR [COUNT]      articles that were not there before; prints their URLs
    site.py change DIR [URL]         a paragraph more and a later modified time (default: the newest article)
    site.py remove DIR [URL]         the page answers 410 and leaves feed, sitemap and lists
    site.py truth DIR                what a crawler must end up with, one JSON object a line

The site has 44 hand-made-looking articles in Vietnamese and English, and whatever --articles adds. Besides articles it has a
redirect, a 404, a legacy charset, a page without metadata, pages that are no article, pagination and a disallowed part. Each
host (127.0.0.1, 127.0.0.2, …) is a site of its own with a share of the articles.
"""
import argparse
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import content
import layouts
from xml.sax.saxutils import escape as xml

BASE_ARTICLES = 44
LEGACY, NO_METADATA, REDIRECTED, TRACKED = 4, 9, 6, 11  # numbers of the articles with something special
SITE_NAME = "Tin Mẫu Gazette"
SECTIONS = [("/%s/" % t["path"], t["section"]) for lang in ("vi", "en") for t in content.THEMES[lang]]
ZONE = datetime.timezone(datetime.timedelta(hours=7))


def rfc3339(seconds):
    return datetime.datetime.fromtimestamp(seconds, ZONE).isoformat(timespec="seconds")


def rfc822(seconds):
    return datetime.datetime.fromtimestamp(seconds, ZONE).strftime("%a, %d %b %Y %H:%M:%S +0700")


class Site:
    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.state_path = os.path.join(self.folder, "site.json")
        self.state = {}

    def load(self):
        try:
            with open(self.state_path, encoding="utf-8") as f:
                self.state = json.load(f)
        except FileNotFoundError:
            sys.exit("site.py: no site in %s; start it with: site.py start %s" % (self.folder, self.folder))
        return self

    def save(self):
        with open(self.state_path + ".new", "w", encoding="utf-8") as f:
            json.dump(self.state, f)
        os.replace(self.state_path + ".new", self.state_path)

    def create(self, port, hosts, articles, now):
        self.state = {"port": port, "hosts": ["127.0.0.%d" % (i + 1) for i in range(hosts)], "entries": [], "special": True}
        for number in range(max(articles, 0)):
            self.add(number, now - 60 * (number + 5))

    def add(self, number, published):
        lang = "vi" if number % 2 == 0 else "en"
        hosts = self.state["hosts"]
        host = hosts[0] if number < BASE_ARTICLES else hosts[number % len(hosts)]
        self.state["entries"].append({"number": number, "lang": lang, "host": host, "published": int(published), "modified": int(published),
                                      "changes": 0, "removed": False})

    # --- addresses ---

    def base(self, host):
        return "http://%s:%d" % (host, self.state["port"])

    def path(self, entry):
        a = content.article(entry["number"], entry["lang"])
        return "/%s/bai-%d.html" % (a["path"], entry["number"]) if entry["lang"] == "vi" else "/%s/story-%d.html" % (a["path"], entry["number"])

    def url(self, entry):
        return self.base(entry["host"]) + self.path(entry)

    def listed_url(self, entry):
        """As the feed gives it: one article is listed under an address that redirects, one with tracking parameters."""
        if entry["number"] == REDIRECTED:
            return self.base(entry["host"]) + "/go/%d" % entry["number"]
        if entry["number"] == TRACKED:
            return self.url(entry) + "?utm_source=rss&utm_medium=feed"
        return self.url(entry)

    # --- what an article says now ---

    def article(self, entry):
        a = content.article(entry["number"], entry["lang"])
        for i in range(entry["changes"]):
            extra = {"vi": "Bổ sung lần %d: tòa soạn đã nhận thêm lời kể của những người có mặt và sửa lại một con số trong bài.",
                     "en": "Added in revision %d: the newsroom has since spoken to witnesses and corrected one figure in this report."}
            a["body"].append(("paragraph", extra[entry["lang"]] % (i + 1)))
        return a

    def truth(self, entry):
        a = self.article(entry)
        bare = entry["number"] == NO_METADATA
        return {"url": self.url(entry), "title": a["title"], "text": "\n\n".join([a["lead"]] + [t for _, t in a["body"]]), "language": a["lang"],
                "authors": [] if bare else [a["author"]], "published_at": None if bare else rfc3339(entry["published"]), "host": entry["host"],
                "revision": entry["changes"] + 1}

    # --- writing ---

    def write(self, host, path, text, encoding="utf-8"):
        full = os.path.join(self.folder, "www", host, path.lstrip("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode(encoding)
        if os.path.exists(full):
            with open(full, "rb") as f:
                if f.read() == data:
                    return  # keeps its ETag
        with open(full + ".new", "wb") as f:
            f.write(data)
        os.replace(full + ".new", full)

    def living(self, host):
        entries = [e for e in self.state["entries"] if e["host"] == host and not e["removed"]]
        return sorted(entries, key=lambda e: (-e["published"], e["number"]))

    def page(self, entry, living):
        a = self.article(entry)
        near = [e for e in living if e["lang"] == entry["lang"] and e["number"] != entry["number"]]
        start = entry["number"] % max(1, len(near))
        pick = [(self.path(e), content.article(e["number"], e["lang"])["title"]) for e in (near[start:] + near[:start])[:9]]
        return layouts.Page(a, self.url(entry), SITE_NAME, rfc3339(entry["published"]), rfc3339(entry["modified"]), SECTIONS, pick[:5], pick[5:9])

    def write_article(self, entry, living):
        page, number = self.page(entry, living), entry["number"]
        if number == NO_METADATA:
            self.write(entry["host"], self.path(entry), layouts.bare(page))
            return
        text = layouts.LAYOUTS[number % len(layouts.LAYOUTS)](page)
        if number == LEGACY:
            text = text.replace('<meta charset="utf-8">', '<meta http-equiv="Content-Type" content="text/html; charset=windows-1258">')
            self.write(entry["host"], self.path(entry), windows_1258(text))
        else:
            self.write(entry["host"], self.path(entry), text)

    def write_all(self):
        for host in self.state["hosts"]:
            living = self.living(host)
            for entry in living:
                self.write_article(entry, living)
            self.write_lists(host, living)
            if host == self.state["hosts"][0]:
                self.write_specials(host)

    def write_lists(self, host, living):
        def teaser(e):
            a = content.article(e["number"], e["lang"])
            return self.path(e), a["title"], a["lead"]
        self.write(host, "index.html", layouts.listing(SITE_NAME, "vi", SITE_NAME, SECTIONS + [("/private/notes-1.html", "Notes")], [teaser(e) for e in living[:20]], "/page/2/", ["/feed.xml"]))
        self.write(host, "page/2/index.html", layouts.listing(SITE_NAME, "vi", "2", SECTIONS, [teaser(e) for e in living[20:60]]))
        for lang in ("vi", "en"):
            for theme in content.THEMES[lang]:
                mine = [e for e in living if content.article(e["number"], e["lang"])["path"] == theme["path"]]
                self.write(host, theme["path"] + "/index.html", layouts.listing(SITE_NAME, lang, theme["section"], SECTIONS, [teaser(e) for e in mine[:15]]))
        self.write(host, "feed.xml", self.feed(host, living[:40]))
        chunks = [living[i:i + 500] for i in range(0, len(living), 500)] or [[]]
        for i, chunk in enumerate(chunks):
            self.write(host, "news-sitemap-%d.xml" % i, self.sitemap(chunk))
        index = "".join("<sitemap><loc>%s/news-sitemap-%d.xml</loc></sitemap>" % (self.base(host), i) for i in range(len(chunks)))
        self.write(host, "sitemap.xml", '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">%s</sitemapindex>\n' % index)
        self.write(host, "robots.txt", "User-agent: *\nDisallow: /private/\nDisallow: /search\n\nSitemap: %s/sitemap.xml\n" % self.base(host))
        self.write(host, "site.css", "body{max-width:60em}\n")
        self.write(host, "site.js", "document.title += '';\n")

    def feed(self, host, living):
        items = ["<item><title>%s</title><link>%s</link><guid isPermaLink=\"false\">%s-%d</guid><pubDate>%s</pubDate><description>%s</description></item>" % (
            xml(content.article(e["number"], e["lang"])["title"]), xml(self.listed_url(e)), e["lang"], e["number"], rfc822(e["published"]),
            xml(content.article(e["number"], e["lang"])["lead"])) for e in living]
        if host == self.state["hosts"][0]:
            for title, path in (("Draft", "/en/draft-withdrawn.html"), ("Video", "/video/1.html"), ("Notes", "/private/notes-1.html")):
                items.append("<item><title>%s</title><link>%s%s</link></item>" % (title, self.base(host), path))
        return ('<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>%s</title><link>%s/</link><description>News</description>\n%s\n</channel></rss>\n'
                % (xml(SITE_NAME), self.base(host), "\n".join(items)))

    def sitemap(self, living):
        urls = ["<url><loc>%s</loc><lastmod>%s</lastmod><news:news><news:publication><news:name>%s</news:name><news:language>%s</news:language></news:publication>"
                "<news:publication_date>%s</news:publication_date><news:title>%s</news:title></news:news></url>" % (
                    xml(self.url(e)), rfc3339(e["modified"]), xml(SITE_NAME), e["lang"], rfc3339(e["published"]),
                    xml(content.article(e["number"], e["lang"])["title"])) for e in living]
        return ('<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">\n%s\n</urlset>\n'
                % "\n".join(urls))

    def write_specials(self, host):
        self.write(host, "video/1.html", layouts.video(SITE_NAME, SECTIONS))
        for name, title in (("about", "About"), ("contact", "Contact")):
            self.write(host, name + ".html", layouts.listing(SITE_NAME, "en", title, SECTIONS, []))
        for i in (1, 2):
            secret = {"number": 900 + i, "lang": "en", "host": host, "published": 1700000000, "modified": 1700000000, "changes": 0, "removed": False}
            page = layouts.semantic(self.page(secret, self.living(host)))
            self.write(host, "private/notes-%d.html" % i, page)

    def remove_file(self, entry):
        os.unlink(os.path.join(self.folder, "www", entry["host"], self.path(entry).lstrip("/")))
        with open(os.path.join(self.folder, "www", entry["host"], self.path(entry).lstrip("/") + ".gone"), "w"):
            pass

    def find(self, url):
        living = sorted((e for e in self.state["entries"] if not e["removed"]), key=lambda e: (-e["published"], e["number"]))
        if not url:
            return living[0]
        for e in living:
            if self.url(e) == url:
                return e
        sys.exit("site.py: no article at %s" % url)


def windows_1258(text):
    """Vietnamese as windows-1258 stores it: base letters that the code page has, then combining tone marks."""
    import unicodedata
    out = bytearray()
    for c in unicodedata.normalize("NFC", text):
        try:
            out += c.encode("cp1258")
            continue
        except UnicodeEncodeError:
            pass
        parts = unicodedata.normalize("NFD", c)
        for tone in "\u0300\u0309\u0303\u0301\u0323":
            if tone in parts:
                base = unicodedata.normalize("NFC", parts.replace(tone, ""))
                out += base.encode("cp1258") + tone.encode("cp1258")
                break
        else:
            out += c.encode("cp1258", "xmlcharrefreplace")
    return bytes(out)


# --- nginx ---

NGINX = """worker_processes 1;
daemon on;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  types {{ text/html html; application/xml xml; text/css css; text/javascript js; text/plain txt; }}
  default_type application/octet-stream;
  log_format timed '$msec\\t$host\\t$status\\t$request_method\\t$request_uri\\t$http_user_agent\\t$request_time';
  access_log {folder}/access.log timed;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  gzip on; gzip_types application/xml text/css; gzip_min_length 256;
  etag on;
  server {{
    listen {port};
    root {folder}/www/$host;
    index index.html;
    location /go/ {{ rewrite ^/go/(\\d+)$ {redirect} permanent; }}
    location / {{ if (-f $document_root$uri.gone) {{ return 410; }} try_files $uri $uri/ =404; }}
  }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def nginx_program():
    for path in (shutil.which("nginx"), "/usr/sbin/nginx"):
        if path and os.access(path, os.X_OK):
            return path
    sys.exit("site.py: nginx is not installed; run deploy/install-packages.sh test")


def start_nginx(site):
    redirect = next((site.path(e) for e in site.state["entries"] if e["number"] == REDIRECTED), "/")
    config = os.path.join(site.folder, "nginx.conf")
    os.makedirs(os.path.join(site.folder, "tmp"), exist_ok=True)
    with open(config, "w") as f:
        f.write(("user root;\n" if os.geteuid() == 0 else "") + NGINX.format(folder=site.folder, port=site.state["port"], redirect=redirect))
    subprocess.run([nginx_program(), "-p", site.folder, "-e", os.path.join(site.folder, "error.log"), "-c", config], check=True)
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", site.state["port"]), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                sys.exit("site.py: nginx does not answer on port %d; see %s/error.log" % (site.state["port"], site.folder))
            time.sleep(0.02)


def pid_of(site):
    try:
        with open(os.path.join(site.folder, "nginx.pid")) as f:
            return int(f.read())
    except (OSError, ValueError):
        return None


def stop_nginx(site):
    pid = pid_of(site)
    if pid is None:
        return
    try:
        os.kill(pid, signal.SIGTERM)
        while True:
            os.kill(pid, 0)
            time.sleep(0.02)
    except ProcessLookupError:
        pass


# --- commands ---

def start(args):
    site = Site(args.dir)
    os.makedirs(site.folder, exist_ok=True)
    if os.path.exists(site.state_path):
        site.load()
        if pid_of(site) and os.path.exists("/proc/%d" % pid_of(site)):
            print("\n".join(site.base(h) + "/" for h in site.state["hosts"]))
            return
    else:
        site.create(args.port or free_port(), args.hosts, args.articles, time.time())
        site.write_all()
        site.save()
    start_nginx(site)
    print("\n".join(site.base(h) + "/" for h in site.state["hosts"]))


def publish(args):
    site = Site(args.dir).load()
    for _ in range(int(args.what or 1)):
        number = max(e["number"] for e in site.state["entries"]) + 1
        site.add(number, time.time())
        print(site.url(site.state["entries"][-1]))
    site.write_all()
    site.save()


def change(args):
    site = Site(args.dir).load()
    entry = site.find(args.what)
    entry["changes"] += 1
    entry["modified"] = int(time.time())
    site.write_all()
    site.save()
    print(site.url(entry))


def remove(args):
    site = Site(args.dir).load()
    entry = site.find(args.what)
    entry["removed"] = True
    site.remove_file(entry)
    site.write_all()
    site.save()
    print(site.url(entry))


def truth(args):
    site = Site(args.dir).load()
    for e in site.state["entries"]:
        if not e["removed"]:
            print(json.dumps(site.truth(e), ensure_ascii=False))


def main():
    commands = {"start": start, "stop": lambda a: stop_nginx(Site(a.dir).load()), "publish": publish, "change": change, "remove": remove, "truth": truth}
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("command", choices=commands)
    p.add_argument("dir")
    p.add_argument("what", nargs="?", help="an article's URL, or how many")
    p.add_argument("--articles", type=int, default=BASE_ARTICLES)
    p.add_argument("--hosts", type=int, default=1)
    p.add_argument("--port", type=int, default=0)
    args = p.parse_args()
    commands[args.command](args)


if __name__ == "__main__":
    main()
