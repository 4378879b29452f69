"""`tidings extract` on the sample site's pages, without any server: text and fields word for word, kinds of page, the looks inside, a
source's selectors, compressed files, answers that depend on nothing but the page."""
import gzip
import importlib.util
import json
import os
import subprocess

import harness

NOW = 1772359200  # 2026-03-01T10:00:00Z


def sample_site(folder):
    spec = importlib.util.spec_from_file_location("sample_site", harness.SITE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    site = module.Site(folder / "site")
    os.makedirs(site.folder)
    site.create(8080, 1, 44, NOW)
    site.write_all()
    return site


def file_of(site, url):
    return os.path.join(site.folder, "www", "127.0.0.1", url.split("/", 3)[3])


def run(*args, stdin=""):
    r = subprocess.run([harness.program(), *args], input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return r.returncode, r.stdout.decode(), r.stderr.decode()


def batch(lines, *options):
    status, out, err = run("extract", "--batch", *options, stdin="".join("%s\t%s\n" % line for line in lines))
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


def test_every_article_word_for_word(folder):
    site = sample_site(folder)
    truths = [site.truth(e) for e in site.state["entries"]]
    answers = batch([(file_of(site, t["url"]), t["url"]) for t in truths])
    for t, a in zip(truths, answers):
        assert a["page_type"] == "article", t["url"]
        assert a["title"] == t["title"] and a["text"] == t["text"], t["url"]
        assert a["language"] == t["language"] and a["authors"] == t["authors"], t["url"]
        assert a.get("published_at") == t["published_at"] or t["published_at"] is None, t["url"]
        kinds = [b["kind"] for b in a["blocks"]]
        assert "paragraph" in kinds and set(kinds) <= {"standfirst", "paragraph", "heading", "list", "table", "quote", "embed", "caption", "byline", "date"}


def test_what_is_no_article(folder):
    site = sample_site(folder)
    base = "http://127.0.0.1:8080/"
    pages = {"index.html": "listing", "page/2/index.html": "listing", "video/1.html": "video"}
    answers = batch([(file_of(site, base + p), base + p.replace("index.html", "")) for p in pages])
    assert {p: a["page_type"] for p, a in zip(pages, answers)} == pages


def test_answers_depend_on_the_page_alone(folder):
    site = sample_site(folder)
    lines = [(file_of(site, site.url(e)), site.url(e)) for e in site.state["entries"]]
    straight = batch(lines, "--threads", "1")
    backwards = batch(lines[::-1], "--threads", "3")[::-1]
    assert straight == backwards
    packed = folder / "page.html.gz"
    with open(lines[0][0], "rb") as f, gzip.open(packed, "wb") as g:
        g.write(f.read())
    assert batch([(packed, lines[0][1])]) == straight[:1]
    assert "error" in batch([(folder / "none.html", "")])[0]


def test_a_look_inside(folder):
    site = sample_site(folder)
    t = site.truth(site.state["entries"][1])
    page = file_of(site, t["url"])
    status, out, _ = run("extract", "--explain", "--url", t["url"], page)
    lines = out.splitlines()
    assert status == 0 and lines[0].startswith("page type article") and "threshold" in lines[0]
    assert any(line.startswith("+ 0.") or line.startswith("+ 1.") for line in lines) and any(" title " in line for line in lines)
    painted = folder / "painted.html"
    assert run("extract", "--html", painted, "--url", t["url"], page)[0] == 0
    with open(painted, encoding="utf-8") as f:
        html = harness.html_unescape(f.read())
    assert 'class="kept"' in html and 'class="cut"' in html and all(block in html for block in t["text"].split("\n\n"))
    status, out, _ = run("extract", "--url", t["url"], page)
    assert status == 0 and json.loads(out)["text"] == t["text"]


def test_a_sources_selectors(folder):
    page, config = folder / "page.html", folder / "tidings.yaml"
    words = "The council met on %s to talk about the bridge, as it had done for years, and nobody left the room before midnight."
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
    with open(page, "w") as f:
        f.write("<title>The bridge</title><h1>The bridge</h1><article class=story>%s<div data-part='more'><p>%s</p></div></article>" % (
            "".join("<p id=%s>%s</p>" % (d, words % d) for d in days), words % "Sunday"))

    def source(include, exclude):
        with open(config, "w") as f:
            f.write("sources:\n  - name: town\n    url: https://town.example/\n    include: [%s]\n    exclude: [%s]\n" % (include, exclude))
    source("\"[data-part=more]\"", "")
    status, out, err = run("extract", "--config", config, "--source", "town", page)
    assert status == 0 and json.loads(out)["text"] == words % "Sunday", err
    source("", "\"article.story > #Tuesday, #Friday\"")
    status, out, err = run("extract", "--config", config, "--source", "town", page)
    assert status == 0 and json.loads(out)["text"] == "\n\n".join(words % d for d in ("Monday", "Wednesday", "Thursday", "Sunday")), err
    source("\"p:hover\"", "")
    status, _, err = run("extract", "--config", config, "--source", "town", page)
    assert status != 0 and "p:hover" in err and "character 2" in err
    source("", "p")
    assert "no source" in run("extract", "--config", config, "--source", "other", page)[2]


def test_modes(folder):
    site = sample_site(folder)
    e = site.state["entries"][1]
    caption = site.article(e)["caption"]
    line = [(file_of(site, site.url(e)), site.url(e))]
    assert caption not in batch(line)[0]["text"] and batch(line, "--mode", "broad")[0]["text"]
    assert run("extract", "--mode", "wide", line[0][0])[0] == 2
