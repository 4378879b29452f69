#!/usr/bin/env python3
"""extract_speed.py - pages a second of `extract --batch --threads 1` beside bare gumbo_parse on the same pages in the same run.

    tests/bench/extract_speed.py --data FOLDER... [--tidings build/tidings] [--rounds 3]

A FOLDER holds html/ and truth.jsonl, with "html" and "url" of each page; only its articles are taken. Ours is the CPU time of the
whole process, from its start to its end with reading, decompressing and output; bare is the CPU time of parsing and freeing alone
(bare_gumbo.c, which is built here). The median of the rounds counts. Also printed: our largest resident size."""
import argparse
import gzip
import json
import os
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def pages_of(folder):
    with open(os.path.join(folder, "truth.jsonl"), encoding="utf-8") as f:
        for line in f:
            page = json.loads(line)
            if page.get("page_type", "article") in ("article", "unknown"):
                yield os.path.join(folder, page["html"]), page.get("url") or ""


def build_bare(folder):
    program = os.path.join(folder, "bare_gumbo")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "gumbo"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", program, os.path.join(HERE, "bare_gumbo.c")] + flags, check=True)
    return program


def unpack(pages, folder):
    names, size = [], 0
    for i, (path, _) in enumerate(pages):
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rb") as f:
            text = f.read()
        size += len(text)
        names.append(os.path.join(folder, "%d.html" % i))
        with open(names[-1], "wb") as f:
            f.write(text)
    return names, size


def ours(program, lines):
    """CPU seconds of the process and its largest resident size in MB."""
    with open(os.devnull, "wb") as sink:
        process = subprocess.Popen([program, "extract", "--batch", "--threads", "1"], stdin=subprocess.PIPE, stdout=sink)
        process.stdin.write(lines)
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit("extract ended with status %d" % status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, nargs="+")
    parser.add_argument("--tidings", default="build/tidings")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    pages = [page for folder in args.data for page in pages_of(folder)]
    lines = "".join("%s\t%s\n" % page for page in pages).encode()
    bare_s, ours_s, resident = [], [], 0
    with tempfile.TemporaryDirectory() as folder:
        bare = build_bare(folder)
        names, size = unpack(pages, folder)
        listed = ("\n".join(names) + "\n").encode()
        for _ in range(args.rounds):
            bare_s.append(float(subprocess.run([bare], input=listed, capture_output=True, check=True).stdout))
            seconds, mb = ours(args.tidings, lines)
            ours_s.append(seconds)
            resident = max(resident, mb)
    b, o = statistics.median(bare_s), statistics.median(ours_s)
    print("%d pages, %.1f MB; bare gumbo_parse %.0f pages/s (%.3f s), extract %.0f pages/s (%.3f s), ratio %.2f, resident %.0f MB" % (
        len(pages), size / 1e6, len(pages) / b, b, len(pages) / o, o, b / o, resident))


if __name__ == "__main__":
    main()
