#!/usr/bin/env python3
"""frontier.py - what a frontier costs in Redis: bytes a source, a seen and a queued URL; URLs and claims a second.

    tests/bench/frontier.py [--build build] [--rounds 3]

Builds and runs frontier_bench.c, which starts a redis-server of its own, puts in 10,000 sources with a feed each, 1,000,000 URLs that
are only remembered and 1,000,000 that are queued with hints of 113 bytes, then claims and closes 100,000. Each figure is the median
of the rounds."""
import argparse
import json
import os
import subprocess

from benchlib import median

NAMES = [
    ("bytes_a_source", "used_memory a source with one feed, bytes", "%.0f"),
    ("bytes_a_seen_url", "used_memory a seen URL, bytes", "%.1f"),
    ("bytes_a_queued_url", "used_memory a queued URL beside that, bytes", "%.0f"),
    ("seen_a_second", "URLs a second, only remembered", "%.0f"),
    ("seen_redis_us", "… of Redis's CPU a URL, microseconds", "%.1f"),
    ("queued_a_second", "URLs a second, queued", "%.0f"),
    ("queued_redis_us", "… of Redis's CPU a URL, microseconds", "%.1f"),
    ("claims_a_second", "claims a second, claimed and closed", "%.0f"),
    ("claim_redis_us", "… of Redis's CPU a claim, microseconds", "%.1f"),
]


def run(build):
    program = os.path.join(build, "tests", "frontier_bench")
    result = subprocess.run([program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    if result.returncode != 0 or not lines:
        raise SystemExit("frontier_bench ended with status %d: %s" % (result.returncode, result.stderr[-500:]))
    return json.loads(lines[0])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build")
    p.add_argument("--rounds", type=int, default=3)
    args = p.parse_args()
    subprocess.run(["cmake", "--build", args.build, "--target", "frontier_bench"], check=True, stdout=subprocess.DEVNULL)
    rounds = [run(args.build) for _ in range(args.rounds)]
    for key, name, form in NAMES:
        print("%-48s %s" % (name, form % median([r[key] for r in rounds])))


if __name__ == "__main__":
    main()
