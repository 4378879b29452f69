"""Young articles are looked at again: what changed comes as a new revision, what did not as an event, what is gone as a removal; the books
balance after each round. The schedule's times are not waited for: what it has planned is made due."""
import json
import time

import redis

import harness
from scripted import Web, answer
from test_walls import article

HTML = ["Content-Type: text/html"]
PATHS = ["/story/changes-1001", "/story/stays-1002", "/story/not-modified-1003", "/story/goes-1004"]
FEED = "<rss version='2.0'><channel><title>T</title>%s</channel></rss>"


def not_modified(headers):
    return answer(304, ['ETag: "v1"']) if headers.get("if-none-match") == '"v1"' else answer(200, HTML + ['ETag: "v1"'], article(3))


def books(client):
    sums = {}
    for key in client.scan_iter(b"tidings:ledger:*"):
        for field, n in client.hgetall(key).items():
            sums[field.decode()] = sums.get(field.decode(), 0) + int(n)
    return sums


def planned(client, due=False):
    """Re-checks that are to come; due: now, as if their time were over."""
    n = 0
    for key in client.scan_iter(b"tidings:{*}:due"):
        for member in client.zrange(key, 0, -1):
            if member.startswith(b"r"):
                n += 1
                if due:
                    client.zadd(key, {member: 1})
    return n


def test_each_kind_of_recheck(folder, started):
    web = started(Web())
    server = started(harness.Redis(folder))
    client = redis.Redis(unix_socket_path=server.socket)
    web.put(2, "/feed.xml", answer(200, ["Content-Type: application/rss+xml"],
                                   FEED % "".join("<item><title>T</title><link>%s</link></item>" % web.url(2, p) for p in PATHS)))
    for n, path in enumerate(PATHS):
        web.put(2, path, not_modified if "not-modified" in path else answer(200, HTML, article(n + 1)))
    sources = "sources:\n  - name: one\n    url: %s\n    feeds: [%s]\n    interval_ms: 3600000\n" % (web.url(2), web.url(2, "/feed.xml"))
    config = harness.write_config(folder, redis=server, delay_ms=10, extra=sources)
    here = ("--config", config, "--state-dir", folder / "state")
    run = started(harness.Tidings(folder, "run", "run", *here))

    def await_books(wanted, rechecks):
        def reached():
            got = books(client)
            return all(got.get(k, 0) == n for k, n in wanted.items()) and planned(client) == rechecks
        harness.wait_until(lambda: "%s, %d re-checks planned: %s, %d\n%s" % (wanted, rechecks, books(client), planned(client), run.stderr()[-1500:]),
                           60, reached)
        harness.ask("ledger", *here)  # balances

    def get(path):
        return json.loads(harness.ask("get", *here, "--json", web.url(2, path)))

    def story(path):
        return {e["what"]: e for e in json.loads(harness.ask("explain", *here, "--json", web.url(2, path)))["events"]}

    await_books({"article": 4}, 4)
    for key in client.scan_iter(b"tidings:{*}:due"):  # the first one comes ten minutes after the article was found
        for member, due_ms in client.zrange(key, 0, -1, withscores=True):
            if member.startswith(b"r"):
                assert 8 * 60 < due_ms / 1000 - time.time() <= 10 * 60 + 60, due_ms
    first = get(PATHS[0])

    web.put(2, PATHS[0], answer(200, HTML, article(1).replace("</article>", "<p>%s</p></article>" % ("It was corrected later in the day. " * 6))))
    planned(client, due=True)
    await_books({"article": 4, "updated": 1, "unchanged": 3}, 4)
    second = get(PATHS[0])
    assert second["revision"] == first["revision"] + 1 and second["version"] > first["version"]
    assert "corrected later" in second["text"]
    assert "updated" in story(PATHS[0])
    assert "unchanged" in story(PATHS[1]) and get(PATHS[1])["revision"] == 1
    assert story(PATHS[2])["unchanged"]["reason"] == "http_304"

    web.put(2, PATHS[3], answer(410))
    planned(client, due=True)
    await_books({"article": 4, "updated": 1, "unchanged": 6, "removed": 1}, 3)
    assert story(PATHS[3])["gone"]["reason"] == "http_410" and "removed" in story(PATHS[3])
    harness.ask("get", *here, web.url(2, PATHS[3]), status=1)

    planned(client, due=True)
    await_books({"article": 4, "updated": 1, "unchanged": 9, "removed": 1}, 3)
    assert web.paths(2).count(PATHS[3]) == 3, "what is gone was asked again"
