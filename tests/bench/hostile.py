#!/usr/bin/env python3
"""hostile.py - what each page of tests/e2e/hostile_pages.py costs `extract`, a process for each: seconds (of the clock and of the
CPU), the largest resident size and the verdict, as a table.

    tests/bench/hostile.py [--tidings build/tidings] [--match WORD] [--all]

Without --all, only the pages that cost most are listed. The exit status is 1 when one costs more than 1.2 s of CPU or 192 MB, or
gets no verdict."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

PAGES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e", "hostile_pages.py")
SECONDS, MEGABYTES = 1.2, 192


def verdict(line):
    try:
        answer = json.loads(line)
    except ValueError:
        return None
    if "error" in answer:
        return answer["error"].split(": ")[-1]
    return ", ".join([answer["page_type"]] + [w for w in answer["quality"]["warnings"] if w in ("truncated", "page too large")])


def measure(program, path):
    start = time.monotonic()
    process = subprocess.Popen([program, "extract", "--batch", "--threads", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(path.encode() + b"\thttps://site.test/a\n")
    process.stdin.close()
    line = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    return {"wall_s": time.monotonic() - start, "cpu_s": usage.ru_utime + usage.ru_stime, "mb": usage.ru_maxrss / 1024,
            "verdict": verdict(line) if status == 0 else None}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tidings", default="build/tidings")
    parser.add_argument("--match", default="")
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        # Another process makes them: a child's largest resident size begins with that of its parent.
        names = subprocess.run([sys.executable, PAGES, folder], capture_output=True, text=True, check=True).stdout.splitlines()
        for number, name in enumerate(names):
            path = os.path.join(folder, "%d.html" % number)
            if args.match in name:
                rows.append(dict(measure(args.tidings, path), name=name, kb=os.path.getsize(path) // 1024))
    bad = [r for r in rows if r["cpu_s"] > SECONDS or r["mb"] > MEGABYTES or not r["verdict"]]
    rows.sort(key=lambda r: -r["cpu_s"])
    shown = rows if args.all else rows[:20] + sorted(rows[20:], key=lambda r: -r["mb"])[:5]
    print("| page | KB | s | CPU s | MB | verdict |\n|---|---|---|---|---|---|")
    for r in shown:
        print("| %(name)s | %(kb)d | %(wall_s).2f | %(cpu_s).2f | %(mb).0f | %(verdict)s |" % r)
    print("\n%d pages; the most: %.2f s of CPU, %.0f MB; beyond %.1f s or %d MB, or without a verdict: %d" % (
        len(rows), max(r["cpu_s"] for r in rows), max(r["mb"] for r in rows), SECONDS, MEGABYTES, len(bad)))
    for r in bad:
        print("  " + r["name"])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
