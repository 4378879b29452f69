"""A scripted site in Python: pages that turn into walls while the feed carries the articles, and a front page whose links are learned."""
import http.server
import json
import threading

import harness

WORDS = ("bridge river council morning harbour engineer ticket festival museum library winter tunnel garden market railway teacher "
         "hospital football concert election budget village weather fishing island theatre airport painter football airline").split()


def title(n):
    return "The %s and the %s of town number %d are talked about" % (WORDS[n % 30], WORDS[(7 * n + 3) % 30], n)


def paragraphs(n):
    say = ("On day %d the %s near the %s was opened to everybody after four years of work, the city said in a statement on Sunday. "
           "Thousands of people came to see it, many of them with children, and the %s was full until late in the evening.")
    return "".join("<p>" + say % (n + k, WORDS[(n + k) % 30], WORDS[(3 * n + k) % 30], WORDS[(n + 5 * k) % 30]) + "</p>" for k in range(8))


def article(n):
    return ("<!doctype html><html lang=en><head><meta charset=utf-8><title>%s</title><meta property='og:type' content='article'></head><body>"
            "<article><h1>%s</h1><p>By Ann Weaver</p>%s</article></body></html>" % (title(n), title(n), paragraphs(n)))


def listing(word):
    links = "".join("<h2><a href='/x/%s-%d'>More on %s, part %d</a></h2>" % (word, i, word, i) for i in range(15))
    return "<!doctype html><html lang=en><head><meta charset=utf-8><title>%s</title></head><body><h1>%s</h1>%s</body></html>" % (word, word, links)


class Web:
    """answer(path) gives (status, content type, body); paths asked are kept in order."""

    def __init__(self, answer):
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.asked.append(self.path)
                status, kind, body = answer(self.path)
                body = body.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.asked = []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def printed(run):
    return [json.loads(line) for line in run.stdout().split("\n")[:-1]]


def start(folder, started, web, feeds="", name="run"):
    extra = "sources:\n  - url: %s\n    name: news\n    interval_ms: 1000\n%s" % (web.url, feeds)
    config = harness.write_config(folder, delay_ms=5, extra=extra)
    return started(harness.Tidings(folder, name, "run", "--config", config, "--state-dir", folder / "state",
                                   "--set", "crawler.poll_min_ms=500")), ["--config", config, "--state-dir", folder / "state"]


def test_a_blocked_article_comes_from_its_feed(folder, started):
    def answer(path):
        if path == "/feed.xml":
            item = "<item><title>%s</title><link>/news/%d.html</link><content:encoded><![CDATA[%s]]></content:encoded></item>"
            items = "".join(item % (title(n), n, paragraphs(n)) for n in range(6))
            short = "<item><title>Only its beginning</title><link>/news/short.html</link><description>Nothing more.</description></item>"
            return 200, "application/rss+xml", '<rss version="2.0"><channel><title>T</title>%s%s</channel></rss>' % (items, short)
        if path.startswith("/news/"):
            return 200, "text/html", "<html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={}</script></body></html>"
        return 404, "text/plain", ""

    web = started(Web(answer))
    run, state = start(folder, started, web, "    feeds: [%sfeed.xml]\n" % web.url)
    harness.wait_until(lambda: "six articles\n" + run.stderr()[-1500:], 60, lambda: len(printed(run)) >= 6)
    for r in printed(run):
        n = int(r["url"].rsplit("/", 1)[1].split(".")[0])
        assert r["title"] == title(n) and r["text"].count("opened to everybody") == 8, r
        assert r["provenance"]["text"] == r["provenance"]["title"] == "feed" and "text from the feed" in r["quality"]["warnings"], r

    def blocked():
        return "blocked: 7 of the last 7 pages Cloudflare check" in harness.ask("status", *state)

    harness.wait_until(lambda: "blocked\n" + harness.ask("status", *state), 60, blocked)
    row = json.loads(harness.ask("ledger", "--json", *state).splitlines()[0])
    assert "balances" in harness.ask("ledger", *state) and len(printed(run)) == 6, row
    assert "walled http 200 (Cloudflare check)" in harness.ask("explain", web.url + "news/short.html", *state)
    told = harness.ask("explain", web.url + "news/1.html", *state)
    assert "from_feed" in told, told
    assert run.stop() == 0, run.stderr()[-1500:]


def test_links_of_a_front_page_are_learned(folder, started):
    news, tags = list(range(10)), ["matters-of-%s-and-more" % w for w in WORDS[:10]]

    def answer(path):
        if path == "/":
            rows = "".join("<h2><a href='/tag/%s'>All there is about %s</a></h2>" % (t, t) for t in tags)
            plain = "".join("<p><a href='/news/story-%d'>Read</a></p>" % (1000 + n) for n in news[10:])
            rows += "".join("<h2><a href='/news/story-%d'>%s</a></h2>" % (1000 + n, title(n)) for n in news[:10])
            return 200, "text/html", "<html><head><title>News</title></head><body>%s%s</body></html>" % (rows, plain)
        if path.startswith("/news/story-"):
            return 200, "text/html", article(int(path.rsplit("-", 1)[1]) - 1000)
        if path.startswith("/tag/"):
            return 200, "text/html", listing(path[5:])
        return 404, "text/plain", ""

    web = started(Web(answer))
    run, state = start(folder, started, web)
    harness.wait_until(lambda: "ten articles\n" + run.stderr()[-1500:], 60, lambda: len(printed(run)) >= 10)

    def learned():
        told = harness.ask("explain", web.url + "tag/matters-never-seen-before-here", *state, status=1)
        return "tag/{slug}: 0 were articles lately" in told and "left out but for one in 16" in told

    harness.wait_until(lambda: harness.ask("explain", web.url + "tag/matters-never-seen-before-here", *state, status=1), 60, learned)
    assert run.stop() == 0, run.stderr()[-1500:]
    before = len(web.asked)
    news += [10, 11, 12]  # links that carry no sign, and after them more tags
    tags += ["matters-of-%s-and-less" % w for w in WORDS[:28]]
    run, state = start(folder, started, web, name="again")  # it is known after a restart
    harness.wait_until(lambda: "three more\n" + run.stderr()[-1500:], 60, lambda: len(printed(run)) >= 3)
    harness.wait_until(lambda: "another poll", 60, lambda: web.asked[before:].count("/") >= 3)
    assert {r["url"] for r in printed(run)} == {web.url + "news/story-%d" % (1000 + n) for n in news[10:]}
    of_tags = [p for p in web.asked[before:] if p.startswith("/tag/") and p.endswith("-less")]
    assert len(set(of_tags)) <= 8 and len(of_tags) == len(set(of_tags)), of_tags  # explored: one in 16
    first = [p for p in web.asked[before:] if p.startswith("/news/") or p.endswith("-less")][:3]
    assert all(p.startswith("/news/") for p in first), first
    ledger = harness.ask("ledger", *state)
    assert "balances" in ledger and "pattern" in ledger, ledger
    told = harness.ask("explain", web.url + "news/story-1003", *state)
    assert "/news/{word}-{id}: 13 were articles lately, 0 were not: such links are taken first" in told, told
    assert run.stop() == 0, run.stderr()[-1500:]
