#!/usr/bin/env python3
"""scale.py - what one worker holds: its memory and what it costs while it waits.

    scale.py [--urls 1000000] [--seconds 30]

Fills a Redis with 10,000 sources whose feeds have been polled and so many queued URLs (frontier_bench.c), none of them due within the
hour, then runs the crawler stage on it (crawl_bench.c). Printed: MB resident (largest, settled), our CPU and Redis's as shares of
one core, script calls and commands a second. Environment: BUILD (the build tree; what it needs is built there).
"""
import argparse
import json
import os
import subprocess
import sys
import time

import benchlib
import harness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
PREFIX, PARTITIONS, SOURCES = "test1", 256, 10000  # as frontier_bench.c has them


def resident_mb(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:")) / 1024


def write_config(folder, redis):
    path = folder / "tidings.yaml"
    with open(path, "w") as f:
        f.write("contact: mailto:bench@example.com\nprefix: %s\nredis: {frontier: %s}\n" % (PREFIX, redis.socket))
    return path


def wait_until_held(redis, process):
    """All partitions are the worker's."""
    while process.poll() is None:
        if sum(redis.client.hexists("%s:{%d}:row" % (PREFIX, p), "owner") for p in range(PARTITIONS)) == PARTITIONS:
            return
        time.sleep(0.5)
    raise SystemExit("crawl_bench ended with status %d" % process.returncode)


def commands(redis):
    stats = redis.client.info("commandstats")
    return stats.get("cmdstat_evalsha", {}).get("calls", 0), sum(s["calls"] for s in stats.values())


def measure(args, folder, redis):
    subprocess.run([os.path.join(BUILD, "tests", "frontier_bench"), str(args.urls), redis.socket], check=True, stdout=sys.stderr)
    process = subprocess.Popen([os.path.join(BUILD, "tests", "crawl_bench"), write_config(folder, redis), "1"],
                               env=dict(os.environ, BENCH_SILENCE_MS="3600000"))
    try:
        wait_until_held(redis, process)
        time.sleep(10)  # what begins with its start is over
        before, begun = (benchlib.cpu_seconds(process.pid), benchlib.cpu_seconds(redis.process.pid), *commands(redis)), time.monotonic()
        time.sleep(args.seconds)
        after = (benchlib.cpu_seconds(process.pid), benchlib.cpu_seconds(redis.process.pid), *commands(redis))
        rates = [(b - a) / (time.monotonic() - begun) for a, b in zip(before, after)]
        return {"sources": SOURCES, "queued": args.urls, "peak_mb": round(benchlib.peak_mb(process.pid)), "mb": round(resident_mb(process.pid)),
                "cpu_share": round(rates[0], 4), "redis_cpu_share": round(rates[1], 4), "scripts_a_second": round(rates[2], 1),
                "commands_a_second": round(rates[3], 1)}
    finally:
        process.kill()
        process.wait()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--urls", type=int, default=1000000)
    p.add_argument("--seconds", type=int, default=30)
    args = p.parse_args()
    subprocess.run(["cmake", "--build", BUILD, "--target", "crawl_bench", "frontier_bench"], check=True, stdout=sys.stderr)
    folder = harness.Folder()
    redis = harness.Redis(folder)
    try:
        print(json.dumps(measure(args, folder, redis)))
    finally:
        redis.close()
        folder.close()


main()
