#!/usr/bin/env python3
"""stages.py - the extractor's and the loader's stage alone: articles a second and CPU seconds per 1,000 articles.

    stages.py [--build BUILD] [--pages 400] [--count 4000] [--runs 3] [--threads N] [extractor] [loader]

Pages are drawn as corpus.py draws them (mean 176 KB); stage_speed.c, built here, hands each in under another address, over the local
stream driver, with a real redis-server of its own beside it. CPU is that of our process and its parsing children, not Redis's.
Environment: TIDINGS_SHARED (where bench/extraction lies).
"""
import argparse
import json
import os
import subprocess
import sys

import benchlib
import corpus

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import harness


def write_pages(folder, count):
    paths = []
    for i, page in enumerate(corpus.choose(count)):
        paths.append(folder / ("%d.html" % i))
        with open(paths[-1], "wb") as f:
            f.write(page)
    return "\n".join(paths) + "\n"


def one_run(program, stage, count, paths, threads):
    folder = harness.Folder()
    redis = harness.Redis(folder)
    try:
        os.mkdir(folder / "state")
        out = subprocess.run([program, stage, redis.socket, folder / "state", str(count)], input=paths.encode(), stdout=subprocess.PIPE, check=True,
                             env={**os.environ, "TIDINGS_EXTRACTOR_THREADS": str(threads)})
        used = redis.client.info("memory")["used_memory"]
        return {**json.loads(out.stdout), "redis_mb": used / 1e6, "redis_cpu_s": sum(redis.client.info("cpu")[k] for k in ("used_cpu_user", "used_cpu_sys"))}
    finally:
        redis.close()
        folder.close()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("stages", nargs="*", default=["extractor", "loader"])
    p.add_argument("--build", default=os.path.join(harness.ROOT, "build"))
    p.add_argument("--pages", type=int, default=400)
    p.add_argument("--count", type=int, default=4000)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--threads", type=int, default=0)
    args = p.parse_args()
    subprocess.run(["cmake", "--build", args.build, "--target", "stage_speed"], check=True, stdout=subprocess.DEVNULL)
    program = os.path.join(args.build, "tests", "stage_speed")
    folder = harness.Folder()
    try:
        paths = write_pages(folder, args.pages)
        for stage in args.stages:
            runs = [one_run(program, stage, args.count, paths, args.threads) for _ in range(args.runs)]
            rate = benchlib.median([r["articles"] / r["seconds"] for r in runs])
            cpu = benchlib.median([(r["cpu_s"] + r["cpu_children_s"]) * 1000 / r["articles"] for r in runs])
            own = benchlib.median([r["cpu_s"] * 1000 / r["articles"] for r in runs])
            redis = benchlib.median([r["redis_cpu_s"] * 1000 / r["articles"] for r in runs])
            print("%s: %.0f articles/s, %.2f CPU s per 1,000 articles (loop %.2f, Redis beside it %.2f), %d of %d pages are articles, Redis %.1f MB" %
                  (stage, rate, cpu, own, redis, runs[0]["articles"], runs[0]["records"], runs[0]["redis_mb"]))
    finally:
        folder.close()


if __name__ == "__main__":
    main()
