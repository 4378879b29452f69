#!/usr/bin/env python3
"""feeds.py - `inspect feed --batch` against expected answers of another feed reader (gofeed's test data): address, title, times.

    tests/bench/feeds.py --data FOLDER [--tidings build/tidings]

FOLDER holds NAME.xml or NAME.json beside NAME.json or NAME_expected.json. An expected item agrees when an item of ours has its
address, title (as plain text) and every time that the answer has parsed. Most files test one element and give their items no
address, and an item without one is none to us; so a second round writes an address into each such item, and compares the rest."""
import argparse
import datetime
import glob
import html
import json
import os
import re
import subprocess
import tempfile


def pairs(folder):
    for answer in sorted(glob.glob(os.path.join(folder, "**", "*.json"), recursive=True)):
        name = answer[:-len(".json")]
        feed = name[:-len("_expected")] + ".json" if name.endswith("_expected") else name + ".xml"
        if os.path.exists(feed):
            yield feed, answer


def ask(program, files):
    lines = "".join("%s\t\n" % f for f in files)
    out = subprocess.run([program, "inspect", "feed", "--batch"], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in out.stdout.splitlines()]


def plain(text):
    for _ in range(2):
        text = re.sub(r"<[^>]*>", " ", html.unescape(text or ""))
    return " ".join(text.split())


def seconds(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) if text else None


def addresses(item):
    found = [item.get("link"), item.get("url"), item.get("external_url")]
    for link in item.get("links") or []:
        if isinstance(link, str):
            found.append(link)
        elif link.get("rel", "alternate") in ("alternate", ""):
            found.append(link.get("href"))
    return [a for a in found if a]


def times(item):
    published = item.get("publishedParsed") or item.get("pubDateParsed") or item.get("date_published")
    return seconds(published), seconds(item.get("updatedParsed") or item.get("date_modified"))


def differences(want, got):
    if got is None:
        return ["no item of this address"]
    out = []
    if plain(want.get("title")) != plain(got.get("title")):
        out.append("title %r, wanted %r" % (got.get("title"), want.get("title")))
    for key, wanted in zip(("published_at", "modified_at"), times(want)):
        if wanted is not None and wanted != seconds(got.get(key)):
            out.append("%s %s, wanted %s" % (key, got.get(key), datetime.datetime.fromtimestamp(wanted, datetime.timezone.utc)))
    return out


def compare(files, answers, got, known_address):
    """Yields (file, differences) for each expected item: those with an address, or all of them by their place in the feed."""
    for file, answer, feed in zip(files, answers, got):
        ours = list(feed.get("items", []))
        for want in answer:
            if known_address and not addresses(want):
                continue
            match = next((g for g in ours if not known_address or g["url"] in addresses(want)), None)
            if match:
                ours.remove(match)
            yield file, differences(want, match)
        if known_address:
            for extra in ours:
                yield file, ["an item more: %s" % extra["url"]]


def with_addresses(file, folder, number):
    """A copy of an XML feed in which every item has an address."""
    with open(file, "rb") as f:
        text = f.read()
    if file.endswith(".json"):
        return file
    link = b'<link href="http://added.test/"/>' if b"<feed" in text else \
        b'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href="http://added.test/"/>'
    copy = os.path.join(folder, "%d.xml" % number)
    with open(copy, "wb") as f:
        f.write(re.sub(rb"<(?:\w+:)?(?:item|entry)(?:\s[^>]*[^/])?>", lambda m: m.group(0) + link, text))
    return copy


def say(label, results, root):
    results = list(results)
    bad = [(f, d) for f, d in results if d]
    print("%s: %d of %d items agree (%.1f %%)" % (label, len(results) - len(bad), len(results), 100 - 100 * len(bad) / max(1, len(results))))
    for file, what in bad:
        print("  %s: %s" % (os.path.relpath(file, root), "; ".join(what)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--tidings", default="build/tidings")
    args = parser.parse_args()
    files, answers = [], []
    for file, answer in pairs(args.data):
        with open(answer, encoding="utf-8-sig") as f:
            feed = json.load(f)
        files.append(file)
        answers.append(feed.get("items") or feed.get("entries") or [])
    print("%d feeds, %d expected items" % (len(files), sum(map(len, answers))))
    say("items with an address", compare(files, answers, ask(args.tidings, files), True), args.data)
    with tempfile.TemporaryDirectory() as folder:
        copies = [with_addresses(f, folder, i) for i, f in enumerate(files)]
        say("all items, given one", compare(files, answers, ask(args.tidings, copies), False), args.data)


if __name__ == "__main__":
    main()
