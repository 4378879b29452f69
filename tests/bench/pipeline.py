#!/usr/bin/env python3
"""pipeline.py - the whole pipeline over a real Kafka: unique pages from nginx to articles in Redis.

    pipeline.py [--pages 20000] [--hosts 2000] [--runs 3] [--embedded]

Prints for each run and as the median: articles a second from the first request to the last article in Redis, CPU seconds per 1,000
articles and peak resident memory of each of our roles (services apart). --embedded measures `tidings run` instead. Environment:
TIDINGS (the program), TIDINGS_SHARED (where bench/extraction lies).
"""
import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import time

import redis

import benchlib
import harness
import corpus


def start_nginx(folder, port):
    os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w") as f:
        f.write(corpus.NGINX.format(folder=folder, port=port, user="user root;\n" if os.geteuid() == 0 else ""))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    subprocess.run([nginx, "-p", folder, "-e", os.path.join(folder, "error.log"), "-c", config], check=True)
    with open(os.path.join(folder, "nginx.pid")) as f:
        return int(f.read())


def write_config(folder, args, kafka, redis, port):
    extra = "  transfers: 256\n  poll_min_ms: 3600000\nsources:\n"
    for h in range(args.hosts):
        base = "http://%s:%d" % (corpus.host(h), port)
        extra += "  - name: h%d\n    url: %s/\n    feeds: [%s/feed.xml]\n" % (h, base, base)
    return harness.write_config(folder, kafka, redis, delay_ms=0, extra=extra)


def outcomes(ledger):
    """What became of all URLs: the sums of the ledger's rows."""
    total = collections.Counter()
    for line in ledger.splitlines():
        for name, value in json.loads(line).items():
            for term, n in value.items() if isinstance(value, dict) else [(None, value)]:
                if isinstance(n, int) and not isinstance(n, bool):
                    total[name + ("(%s)" % term if term else "")] += n
    return {name: n for name, n in total.items() if n}


def new_articles(client):
    """How many the loader has written; the indexes are trimmed, the stream's counter is not."""
    try:
        return client.xinfo_stream("tidings:stream:articles")["entries-added"]
    except redis.exceptions.ResponseError:
        return 0


def one_run(args, corpus_dir, port):
    folder = harness.Folder()
    things = []
    try:
        server = harness.Redis(folder)
        things.append(server)
        kafka = None
        if not args.embedded:
            kafka = harness.Kafka(folder)
            things.append(kafka)
        config = write_config(folder, args, kafka, server, port)
        if kafka:
            harness.ask("topics", "create", "--config", config)
        names = ["run"] if args.embedded else ["extractor", "loader", "crawler"]
        begin = time.monotonic()
        roles = {}
        for name in names:
            more = ["--state-dir", folder / "state"] if args.embedded else []
            roles[name] = harness.Tidings(folder, name, name, "--config", config, *more)
            things.append(roles[name])
        count, last, last_at = 0, -1, begin
        while count < args.pages and time.monotonic() - last_at < 60:
            time.sleep(0.2)
            count = new_articles(server.client)
            if count != last:
                last, last_at = count, time.monotonic()
            if args.settle and time.monotonic() - last_at > args.settle and count > 0:
                break
        seconds = last_at - begin
        cpu = {n: benchlib.cpu_seconds(r.pid, ("redis-server",)) for n, r in roles.items()}
        mem = {n: benchlib.peak_mb(r.pid, ("redis-server",)) for n, r in roles.items()}
        ended_as = outcomes(harness.ask("ledger", "--config", config, "--json", status=None))
        for r in roles.values():
            r.stop()
        return {"articles": count, "seconds": round(seconds, 2), "articles_s": round(count / seconds, 1),
                "cpu_s_per_1000": round(sum(cpu.values()) * 1000 / max(1, count), 2), "cpu_s": {k: round(v, 1) for k, v in cpu.items()},
                "peak_mb": {k: round(v) for k, v in mem.items()}, "ended_as": ended_as}
    finally:
        for t in reversed(things):
            t.close()
        folder.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pages", type=int, default=20000)
    p.add_argument("--hosts", type=int, default=2000)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--embedded", action="store_true")
    p.add_argument("--settle", type=float, default=8, help="seconds without a new article after which a run is over: pages that are no article never arrive")
    args = p.parse_args()
    folder = os.path.join(benchlib.CACHE, "corpus-%d-%d" % (args.pages, args.hosts))
    os.makedirs(folder, exist_ok=True)
    port_file = os.path.join(folder, "port")
    if not os.path.exists(port_file):
        import socket
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with open(port_file, "w") as f:
            f.write(str(port))
    port = int(open(port_file).read())
    corpus.build(folder, args.pages, args.hosts, port)
    nginx = start_nginx(folder, port)
    try:
        rows = []
        for i in range(args.runs):
            rows.append(one_run(args, folder, port))
            print(json.dumps(rows[-1]), flush=True)
        print("median: %.1f articles/s, %.2f CPU s per 1,000 articles" % (
            benchlib.median([r["articles_s"] for r in rows]), benchlib.median([r["cpu_s_per_1000"] for r in rows])))
    finally:
        os.kill(nginx, 15)


main()
