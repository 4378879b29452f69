#!/usr/bin/env python3
"""site_memory.py - what the memory of a site changes on pages with known truth, and for better or worse.

    site_memory.py [--build BUILD] [--least 3] [--pages 2] FOLDER...

A FOLDER holds truth.jsonl and html/. Of each host with at least --least pages every page is judged with what at least --pages of its
others have in common. Prints each page whose text differs with its word F1 before and after, and the sums.
"""
import argparse
import collections
import gzip
import json
import os
import re
import subprocess
import tempfile
from urllib.parse import urlsplit

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORD = re.compile(r"\w+")


def f1(want, got):
    a, b = collections.Counter(WORD.findall(want.lower())), collections.Counter(WORD.findall(got.lower()))
    common = sum((a & b).values())
    return 2 * common / (sum(a.values()) + sum(b.values())) if a or b else 1.0


def pages_of(folder, least):
    with open(os.path.join(folder, "truth.jsonl"), encoding="utf-8") as f:
        pages = [json.loads(line) for line in f]
    hosts = collections.Counter(urlsplit(p.get("url") or "").hostname for p in pages)
    return [p for p in pages if p.get("url") and hosts[urlsplit(p["url"]).hostname] >= least]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folders", nargs="+")
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--least", type=int, default=3)
    p.add_argument("--pages", type=int, default=2)
    args = p.parse_args()
    subprocess.run(["cmake", "--build", args.build, "--target", "site_memory"], check=True, stdout=subprocess.DEVNULL)
    for folder in args.folders:
        pages, better, worse, total = pages_of(folder, args.least), [], [], 0.0
        with tempfile.TemporaryDirectory() as tmp:
            lines = []
            for i, page in enumerate(pages):
                path = os.path.join(folder, page["html"])
                with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f, open(os.path.join(tmp, "%d.html" % i), "wb") as out:
                    out.write(f.read())
                lines.append("%s\t%s\n" % (os.path.join(tmp, "%d.html" % i), page["url"]))
            out = subprocess.run([os.path.join(args.build, "tests", "site_memory"), str(args.pages)], input="".join(lines).encode(), stdout=subprocess.PIPE, check=True)
        answers = [json.loads(line) for line in out.stdout.splitlines()]
        for page, before, after in zip(pages, answers, answers[len(pages):]):
            if before.get("text") == after.get("text") or not page.get("body"):
                continue
            a, b = f1(page["body"], before["text"]), f1(page["body"], after["text"])
            total += b - a
            (better if b >= a else worse).append(page)
            print("%s  %.4f -> %.4f  %s" % ("better" if b >= a else "WORSE ", a, b, page["url"]))
            gone = [x for x in before["text"].split("\n\n") if x not in after["text"].split("\n\n")]
            for text in gone[:6]:
                print("        - " + text[:150].replace("\n", " "))
        print("%s: %d pages of hosts with %d or more; %d changed, %d for the better, %d for the worse, word F1 over all %+.4f" %
              (os.path.basename(os.path.normpath(folder)), len(pages), args.least, len(better) + len(worse), len(better), len(worse), total / max(1, len(pages))))


if __name__ == "__main__":
    main()
