"""`tidings run` on a terminal: the live view at any width, on a dumb terminal, without colour, in another locale, with titles that
try to take the terminal over; Ctrl-C once and twice; the contact that is asked for."""
import http.server
import json
import os
import re
import signal
import subprocess
import threading

import harness
import terminal

PARAGRAPHS = [
    "The council met on Tuesday evening and agreed, after a debate of four hours, to repair the old bridge before the winter comes.",
    "Engineers had warned in spring that two of its five piers stand on ground which the river has been washing out for years.",
    "The work costs about nine million and will be paid for half by the town and half by the region, the mayor said after the vote.",
    "Until it is done, lorries have to take the road through the valley, which adds forty minutes to the way to the harbour.",
    "Shopkeepers on the far bank fear for their custom; one of them, Anna Berg, said that she had lost a third of it since March.",
    "A ferry for people on foot is to start in two weeks. It will run every ten minutes and cost nothing, the council decided.",
]
PAGE = """<!DOCTYPE html><html lang="en"><head><title>%s</title><meta property="og:type" content="article">
<meta property="article:published_time" content="2026-11-20T08:00:00Z"></head><body><article><h1>%s</h1>
<p class="byline">By Anna Berg, <time datetime="2026-11-20T08:00:00Z">20 November 2026</time></p>%s</article></body></html>"""
HOSTILE = ["\x1b]0;owned\x07 a title that names the window", "\x1b[2J\x1b[31m a title that clears the screen",
           "\u202eesrever ni eltit a\u2066 with marks of direction", "\x9b31m a title in C1 controls \x7f",
           "見出しがとても長いのでどの端末の幅にも収まりません" * 4]


class Hostile:
    """A site whose titles are not to be trusted; wait: a page is answered only when released is set."""

    def __init__(self, released=None):
        pages = {"/story-%d.html" % i: PAGE % (t, t, "".join("<p>%s</p>" % p for p in PARAGRAPHS)) for i, t in enumerate(HOSTILE)}
        items = "".join("<item><title>x</title><link>%%s%s</link></item>" % path for path in pages)
        self.asked = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(handler):
                body = pages.get(handler.path)
                self.asked.add(handler.path)
                if handler.path == "/feed.xml":
                    body = "<rss version='2.0'><channel><title>h</title>%s</channel></rss>" % items.replace("%s", self.url)
                elif handler.path == "/":
                    body = "<html><head><link rel='alternate' type='application/rss+xml' href='/feed.xml'></head><body>x</body></html>"
                elif body and released:
                    released.wait(60)
                data = (body or "no").encode()
                handler.send_response(200 if body else 404)
                handler.send_header("Content-Type", "text/xml" if handler.path == "/feed.xml" else "text/html; charset=utf-8")
                handler.send_header("Content-Length", str(len(data)))
                handler.end_headers()
                handler.wfile.write(data)

            def log_message(handler, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def command(folder, *more):
    return [harness.program(), "run", "--state-dir", folder / "state", "--set", "crawler.allow_private=true", "--set", "crawler.delay_ms=0",
            "--set", "crawler.backfill=all", *more]


def wait_for(term, condition, seconds=60):
    harness.wait_until(lambda: "the view\n%s\n%s" % (term.text(), term.output()[-1500:]), seconds, condition, every=0.05)


def end(term, status=0, seconds=40):
    harness.wait_until(lambda: "the end\n" + term.output()[-1500:], seconds, lambda: term.process.poll() is not None)
    assert term.process.returncode == status, (term.process.returncode, term.output()[-1500:])


def test_the_view_at_every_width(folder, started):
    site = started(Hostile())
    term = started(terminal.Terminal(command(folder, site.url), columns=40, rows=24))
    wait_for(term, lambda: "NEWEST" in term.text() and len(re.findall(r"(now|\d+ s)  ", term.text())) >= 5)
    term.check(40, 24)
    for columns, rows in ((80, 24), (200, 60), (20, 10), (120, 3)):
        term.resize(columns, rows)
        before = len(term.frames())
        wait_for(term, lambda: len(term.frames()) > before + 1)
        term.check(columns, rows)
    term.resize(100, 30)
    before = len(term.frames())
    wait_for(term, lambda: len(term.frames()) > before + 1 and "ends with" not in term.text())
    assert "127.0.0.1" in term.text() and "log: %s/tidings.log" % (folder / "state") in term.text() and "Ctrl-C stops" in term.text()
    assert "\x1b[1m" in term.output()
    term.signal(signal.SIGINT)
    end(term)
    assert term.output().rstrip().endswith(")"), "the last word is where state is: %s" % term.output()[-300:]
    assert "\x1b[?1049l" in term.output() and "5 articles written" in term.output().split("\x1b[?1049l")[-1]
    # A later start begins with the titles that were there.
    again = started(terminal.Terminal(command(folder), columns=60, rows=20))
    wait_for(again, lambda: len(re.findall(r"(now|\d+ s)  ", again.text())) >= 5)
    again.check(60, 20)
    again.signal(signal.SIGTERM)
    end(again)
    assert "0 articles written" in again.output()


def test_a_crash_puts_the_terminal_back(folder, started):
    site = started(Hostile())
    term = started(terminal.Terminal(command(folder, site.url)))
    wait_for(term, lambda: "NEWEST" in term.text())
    term.signal(signal.SIGABRT)
    end(term, -signal.SIGABRT)
    assert term.output().endswith("\x1b[?25h\x1b[?1049l")


def test_no_color_and_another_locale(folder, started):
    site = started(Hostile())
    term = started(terminal.Terminal(command(folder, site.url), env={"NO_COLOR": "1", "LC_ALL": "C"}))
    wait_for(term, lambda: len(re.findall(r"(now|\d+ s)  ", term.text())) >= 5)
    term.check(80, 24)
    assert "\x1b[1m" not in term.output()
    assert all(ord(c) < 128 for c in term.output()), "beyond ASCII in the C locale"
    term.signal(signal.SIGINT)
    end(term)


def test_sites_of_this_machine_wait_for_no_contact(folder, started):
    site = started(Hostile())
    harness.ask(*command(folder, "--once", site.url)[1:])
    harness.ask("sources", "add", "--no-wait", "--state-dir", folder / "state", "http://10.0.0.1/")
    # One that is named, on a terminal: no question. None named and nobody to ask: those of this machine.
    term = started(terminal.Terminal(command(folder, site.url)))
    wait_for(term, lambda: "NEWEST" in term.text())
    assert "want to know who asks" not in term.output()
    term.signal(signal.SIGINT)
    end(term)
    assert "sources beyond this machine are not asked until a contact is set" in term.output()
    run = started(harness.Tidings(folder, "run", *command(folder)[1:]))
    harness.wait_until(lambda: "ready\n" + run.stderr(), 30, lambda: "ready worker=" in run.stderr() or not run.alive())
    harness.wait_until("the reason in words", 30, lambda: "no contact is set" in harness.ask("status", "--state-dir", folder / "state"))
    assert run.stop() == 0, run.stderr()


def test_a_dead_site_is_told_in_the_view(folder, started):
    term = started(terminal.Terminal(command(folder, "http://127.0.0.1:1/"), columns=120))
    wait_for(term, lambda: "127.0.0.1:1: it takes no connections. See whether the site is up" in term.text())
    term.check(120, 24)
    term.signal(signal.SIGINT)
    end(term)


def test_a_terminal_that_is_closed_drains(folder, started):
    site = started(Hostile())
    term = terminal.Terminal(command(folder, site.url))
    wait_for(term, lambda: "NEWEST" in term.text())
    os.close(term.master)
    assert term.process.wait(40) == 0
    with open(os.path.join(folder / "state", "tidings.log")) as f:
        assert "the terminal was closed" in f.read()


def test_a_dumb_terminal_gets_lines(folder, started):
    site = started(Hostile())
    term = started(terminal.Terminal(command(folder, "--once", site.url), env={"TERM": "dumb"}, columns=50))
    end(term)
    out = term.output()
    assert "\x1b" not in out
    titles = [line for line in out.replace("\r", "").split("\n") if re.match(r"\d\d:\d\d  127\.0\.0\.1", line)]
    assert len(titles) == len(HOSTILE), out
    assert all(terminal.width(line) <= 50 and not terminal.FORBIDDEN.search(line) for line in titles), titles


def test_nothing_to_show_names_the_next_poll(folder, started):
    closed = started(Hostile(released=threading.Event()))
    term = started(terminal.Terminal(command(folder, closed.url)))
    wait_for(term, lambda: re.search(r"No articles yet; the next poll is of 127\.0\.0\.1:\d+ (in \d+ (s|min)|now)", term.text()))
    # The first Ctrl-C says what is waited for, the second leaves at once.
    wait_for(term, lambda: any(path.startswith("/story") for path in closed.asked))
    term.signal(signal.SIGINT)
    wait_for(term, lambda: re.search(r"Stopping: waits for crawler: \d+ transfers?", term.text()))
    term.signal(signal.SIGINT)
    end(term, 1, seconds=10)
    assert "what was under way is done again after the next start" in term.output()


def test_ctrl_c_in_a_pipe_drains(folder, started):
    released = threading.Event()
    site = started(Hostile(released))
    run = started(harness.Tidings(folder, "run", *command(folder, site.url)[1:]))
    harness.wait_until("a page to be asked for", 60, lambda: any(path.startswith("/story") for path in site.asked))
    run.process.send_signal(signal.SIGINT)
    harness.wait_until(lambda: "what it waits for\n" + run.stderr()[-800:], 20, lambda: "waits for crawler: 1 transfer" in run.stderr())
    released.set()
    assert run.wait(40) == 0, run.stderr()[-2000:]
    assert "Ctrl-C again leaves at once" in run.stderr()
    assert len(run.stdout().splitlines()) == 1, "what was under way is finished"


def test_the_contact(folder, started):
    # Not on a terminal: refused, with the line to type.
    r = subprocess.run([harness.program(), "run", "--state-dir", folder / "state", "https://news.example.org/"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert r.returncode == 2 and r.stdout == b"" and b"tidings run --contact YOU@EXAMPLE.ORG" in r.stderr, r.stderr.decode()
    assert b"https://news.example.org/" in r.stderr
    assert harness.ask("sources", "list", "--state-dir", folder / "state") == "", "a refused start left a source behind"
    # From the background nothing is asked: the terminal would stop the process.
    line = "%s run --state-dir %s https://news.example.org/ & wait $!" % (harness.program(), folder / "state")
    term = started(terminal.Terminal(["bash", "-m", "-c", line]))
    end(term, 2)
    # On one: asked for, a wrong answer explained, the right one remembered.
    term = started(terminal.Terminal([harness.program(), "run", "--state-dir", folder / "state", "https://news.example.org/"]))
    harness.wait_until(lambda: "the question\n" + term.output(), 30, lambda: "want to know who asks" in term.output())
    term.type("x\n")
    harness.wait_until(lambda: "the question again\n" + term.output(), 30, lambda: "Contact: " in term.output())
    term.type("tests@tidings.invalid\n")
    wait_for(term, lambda: "SOURCE" in term.text())
    term.signal(signal.SIGINT)
    end(term)
    with open(os.path.join(folder / "state", "contact")) as f:
        assert f.read().strip() == "tests@tidings.invalid"
    run = started(harness.Tidings(folder, "again", "run", "--state-dir", folder / "state"))
    harness.wait_until(lambda: "ready\n" + run.stderr(), 30, lambda: "ready worker=" in run.stderr() or not run.alive())
    assert run.stop() == 0, run.stderr()
    site = started(Hostile())
    env = {"TIDINGS_CONTACT": "env@tidings.invalid"}
    text = harness.ask(*command(folder, "--once", site.url)[1:3], folder / "other", *command(folder, "--once", site.url)[4:], env=env)
    assert len([json.loads(line) for line in text.splitlines()]) == len(HOSTILE)
