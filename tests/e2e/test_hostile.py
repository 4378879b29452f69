"""Every hostile or broken page gets a verdict from one process that reads them all: a page type or an error, never an end. What each
costs is measured by tests/bench/hostile.py."""
import json
import os
import subprocess

import harness
import hostile_pages

TYPES = {"article", "listing", "video", "gallery", "live", "error", "other"}


def answers(folder, pages):
    lines = []
    for number, (_, page) in enumerate(pages):
        path = folder / ("%d.html" % number)
        with open(path, "wb") as f:
            f.write(page)
        lines.append("%s\thttps://site.test/%d\n" % (path, number))
    out = subprocess.run([harness.program(), "extract", "--batch"], input="".join(lines).encode(), stdout=subprocess.PIPE, check=True)
    for number in range(len(pages)):
        os.unlink(folder / ("%d.html" % number))
    return [json.loads(line) for line in out.stdout.splitlines()]


def test_each_gets_a_verdict(folder):
    pages = list(hostile_pages.cases())
    found = answers(folder, pages)
    assert len(found) == len(pages)
    for (name, _), answer in zip(pages, found):
        assert answer.get("error") or answer.get("page_type") in TYPES, name


def test_an_article_among_it_is_found(folder):
    pages = [(name, page) for name, page in hostile_pages.cases() if "article" in name or name in (
        "nested JSON-LD", "100,000 JSON-LD scripts", "UTF-16 with a mark", "a charset nobody has", "20 MB of a page")]
    for (name, _), answer in zip(pages, answers(folder, pages)):
        assert answer.get("title", "").startswith("Council decides"), (name, answer.get("error"))
        assert "dolor" in answer["text"] or "NULs" in name or "control" in name, name
