"""WebSub: a feed that names a hub is subscribed to, and polled at once when the hub says so, though its next poll is hours away."""
import hashlib
import hmac
import http.server
import socket
import threading
import urllib.parse
import urllib.request

import harness

ITEM = "<item><title>Article %d</title><link>/article-%d.html</link></item>"
PAGE = ("<html lang=en><head><title>Article %s</title></head><body><article><h1>Article %s</h1>" +
        "<p>The harbour office said on Monday that the ferry will run again from next week, after months of repairs.</p>" * 8 + "</article></body></html>")


class Publisher:
    """A site with a feed, and the hub of that feed, in one server."""

    def __init__(self):
        self.items, self.asked, self.polls = 1, [], 0
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, status, kind="text/plain", text=""):
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path == "/feed.xml":
                    publisher.polls += 1
                    self.answer(200, "application/rss+xml", publisher.feed())
                elif self.path.startswith("/article-"):
                    number = self.path.split("-")[1].split(".")[0]
                    self.answer(200, "text/html", PAGE % (number, number))
                else:
                    self.answer(404)

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                publisher.asked.append(dict(urllib.parse.parse_qsl(form)))
                self.answer(202)

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def feed(self):
        return ('<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>News</title>'
                '<atom:link rel="hub" href="%s/hub"/><atom:link rel="self" href="%s/feed.xml"/>%s</channel></rss>') % (
                    self.url, self.url, "".join(ITEM % (i, i) for i in range(self.items)))

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(url, body=None, signature=None):
    request = urllib.request.Request(url, data=body, headers={"X-Hub-Signature": signature} if signature else {})
    with urllib.request.urlopen(request, timeout=10) as f:
        return f.status, f.read().decode()


def test_a_push_makes_the_feed_due(folder, started):
    publisher, port = started(Publisher()), free_port()
    config = harness.write_config(folder, delay_ms=5, extra="  poll_min_ms: 3600000\n  poll_max_ms: 3600000\nwebsub:\n  public_url: http://127.0.0.1:%d/ws\n"
                                  "  port: %d\nsources:\n  - url: %s/\n    feeds: [%s/feed.xml]\n" % (port, port, publisher.url, publisher.url))
    run = started(harness.Tidings(folder, "run", "run", "--config", config, "--state-dir", folder / "state"))

    def articles(count):
        harness.wait_until(lambda: "%d articles\n%s\n%s" % (count, run.stdout()[-500:], run.stderr()[-1500:]), 60, lambda: run.stdout().count("\n") >= count)
    articles(1)
    harness.wait_until(lambda: "the hub to be asked\n" + run.stderr()[-1500:], 30, lambda: publisher.asked)
    asked = publisher.asked[0]
    assert asked["hub.mode"] == "subscribe" and asked["hub.topic"] == publisher.url + "/feed.xml", asked
    status, text = ask(asked["hub.callback"] + "?" + urllib.parse.urlencode({
        "hub.mode": "subscribe", "hub.topic": asked["hub.topic"], "hub.challenge": "sesame", "hub.lease_seconds": "864000"}))
    assert (status, text) == (200, "sesame")

    publisher.items, polls = 2, publisher.polls
    body = publisher.feed().encode()
    assert ask(asked["hub.callback"], body, "sha256=" + "0" * 64)[0] == 202  # forged: nothing happens
    assert ask(asked["hub.callback"], body, "sha256=" + hmac.new(asked["hub.secret"].encode(), body, hashlib.sha256).hexdigest())[0] == 202
    articles(2)
    assert publisher.polls == polls + 1, "polled %d times" % (publisher.polls - polls)
    assert run.stop() == 0, run.stderr()[-2000:]
