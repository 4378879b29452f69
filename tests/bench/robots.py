#!/usr/bin/env python3
"""robots.py - `inspect robots --batch` over real robots.txt files, beside Protego where that is installed (python3-protego).

    tests/bench/robots.py --data FILE.tar.zst|FOLDER [--tidings build/tidings] [--seed N]

Each file is asked about six addresses made of its own rules, for agents that it names and for ours. Answers that differ from
Protego's are counted and the first ones listed; both have their reasons where files are broken, so this is for looking into."""
import argparse
import json
import os
import random
import re
import subprocess
import tempfile
import time

try:
    from protego import Protego
except ImportError:
    Protego = None

AGENTS = ["tidings", "googlebot", "bingbot", "MJ12bot"]


def files_of(folder):
    return [os.path.join(top, name) for top, _, names in sorted(os.walk(folder)) for name in sorted(names)
            if os.path.getsize(os.path.join(top, name)) < 500 * 1024]


def requests_for(file, rng):
    with open(file, "rb") as f:
        text = f.read().decode("utf-8", "replace").lstrip("\ufeff")
    rules = [m.group(1).strip() for m in re.finditer(r"(?im)^\s*(?:dis)?allow\s*:\s*([^#\r\n]+)", text)] or ["/a"]
    agents = AGENTS + [m.group(1) for m in re.finditer(r"(?im)^\s*user-agent\s*:\s*([A-Za-z_-]+)\s*$", text)][:20]
    for _ in range(6):
        path = rng.choice(rules).replace("*", rng.choice(["", "x", "a/b"])).rstrip("$") + rng.choice(["", "z", "/q?a=1"])
        if path.isascii() and not re.search(r"[ %\\]", path):
            yield text, {"file": file, "agent": rng.choice(agents), "url": "https://site.test/" + path.lstrip("/")}


def compare(asked, answers):
    cache, differ = {}, []
    for (text, request), answer in zip(asked, answers):
        if request["file"] not in cache:
            cache = {request["file"]: Protego.parse(text)}
        other = cache[request["file"]]
        want = other.can_fetch(request["url"], request["agent"])
        if "error" not in answer and answer["allowed"] != want:
            differ.append("%s for %s: %s by %r, Protego says %s" % (request["url"], request["agent"], answer["allowed"], answer.get("rule"), want))
    print("differ from Protego: %d of %d" % (len(differ), len(asked)))
    for line in differ[:20]:
        print("  " + line)


def measure(folder, args):
    rng = random.Random(args.seed)
    files = files_of(folder)
    asked = [pair for file in files for pair in requests_for(file, rng)]
    lines = "".join(json.dumps(request) + "\n" for _, request in asked)
    start = time.monotonic()
    out = subprocess.run([args.tidings, "inspect", "robots", "--batch"], input=lines, capture_output=True, text=True, check=True).stdout
    took = time.monotonic() - start
    answers = [json.loads(line) for line in out.splitlines()]
    print("%d files, %d questions, %d answered, %d refused, %d errors, %.1f s" % (
        len(files), len(asked), len(answers), sum(a.get("allowed") is False for a in answers), sum("error" in a for a in answers), took))
    if Protego:
        compare(asked, answers)
    else:
        print("Protego is not installed: nothing to compare with")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--tidings", default="build/tidings")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if os.path.isdir(args.data):
        measure(args.data, args)
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "--zstd", "-xf", args.data, "-C", folder], check=True)
        measure(folder, args)


if __name__ == "__main__":
    main()
