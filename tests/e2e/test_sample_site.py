"""The sample site itself: nginx serves what site.py says it does."""
import urllib.error
import urllib.request

import harness


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as r:
            return r.status, r.geturl(), r.read()
    except urllib.error.HTTPError as e:
        return e.code, url, e.read()


def test_articles_specials_and_changes(folder, started):
    site = started(harness.Site(folder))
    base, truth = site.urls[0], site.truth()
    assert len(truth) == 44
    for url, want in truth.items():
        status, _, body = fetch(url)
        text = body.decode("cp1258" if b"windows-1258" in body else "utf-8", "replace")
        assert status == 200 and "<h1" in text, url
        if b"windows-1258" not in body:
            assert all(block.split(".")[0][:20] in harness.html_unescape(text) for block in want["text"].split("\n\n")), url
    status, end, _ = fetch(base + "go/6")
    assert status == 200 and end in truth
    assert fetch(base + "en/draft-withdrawn.html")[0] == 404
    assert fetch(base + "private/notes-1.html")[0] == 200
    assert b"Disallow: /private/" in fetch(base + "robots.txt")[2]

    new = site.run("publish").strip()
    assert fetch(new)[0] == 200 and new.encode() in fetch(base + "feed.xml")[2]
    changed = site.run("change").strip()
    assert site.truth()[changed]["revision"] == 2
    removed = site.run("remove", changed).strip()
    assert fetch(removed)[0] == 410 and removed not in site.truth()


def test_hosts_share_the_articles(folder, started):
    site = started(harness.Site(folder, articles=60, hosts=3))
    assert len(site.urls) == 3
    assert {t["host"] for t in site.truth().values()} == {"127.0.0.1", "127.0.0.2", "127.0.0.3"}
    for url in list(site.truth())[-6:]:
        assert fetch(url)[0] == 200, url
