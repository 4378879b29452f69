#!/usr/bin/env python3
"""slow.py - what thousands of slow transfers cost the crawler.

    slow.py [--hosts 4000] [--seconds 15]

As many hosts, each with one page that comes drop by drop (500 bytes a second). Once all are under way our CPU time is taken for so many
seconds. Printed: transfers, CPU as a share of one core, MB resident. Environment: BUILD (the build tree; what it needs is built there).
"""
import argparse
import asyncio
import json
import os
import subprocess
import sys

import benchlib
import harness

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
DROP = b"x" * 499 + b"\n"


def host(i):
    return "127.3.%d.%d" % (i // 250, i % 250 + 1)


class Web:
    def __init__(self):
        self.slow = 0

    async def answer(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                path = head.split()[1]
                name = [l.split(": ")[1] for l in head.split("\r\n") if l.lower().startswith("host: ")][0]
                if path == "/feed.xml":
                    body = '<rss version="2.0"><channel><title>T</title><item><title>T</title><link>http://%s/page.html</link></item></channel></rss>' % name
                    writer.write(("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)).encode())
                elif path == "/page.html":
                    await self.drip(writer)
                else:
                    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def drip(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000\r\n\r\n")
        self.slow += 1
        try:
            while True:
                writer.write(DROP)
                await writer.drain()
                await asyncio.sleep(1)
        finally:
            self.slow -= 1


def write_config(folder, redis, port, hosts):
    path = folder / "tidings.yaml"
    with open(path, "w") as f:
        f.write("contact: mailto:bench@example.com\nredis: {frontier: %s}\ncrawler: {delay_ms: 0, allow_private: true, transfers: 8000, "
                "timeout_ms: 600000, robots: false, poll_min_ms: 3600000}\nsources:\n" % redis.socket)
        for h in range(hosts):
            site = "http://%s:%d" % (host(h), port)
            f.write("  - {name: h%d, url: '%s/', feeds: ['%s/feed.xml']}\n" % (h, site, site))
    return path


async def measure(args, folder, redis):
    web = Web()
    server = await asyncio.start_server(web.answer, "0.0.0.0", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    config = write_config(folder, redis, port, args.hosts)
    program = os.path.join(BUILD, "tests", "crawl_bench")
    p = subprocess.Popen([program, config, str(args.hosts)], env=dict(os.environ, BENCH_SILENCE_MS="600000"))
    try:
        for _ in range(1200):
            if web.slow >= args.hosts * 98 // 100:
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(5)
        before, slow = benchlib.cpu_seconds(p.pid), web.slow
        await asyncio.sleep(args.seconds)
        print(json.dumps({"transfers": min(slow, web.slow), "cpu_share": round((benchlib.cpu_seconds(p.pid) - before) / args.seconds, 4),
                          "mb": round(benchlib.peak_mb(p.pid))}))
    finally:
        p.kill()
        p.wait()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hosts", type=int, default=4000)
    p.add_argument("--seconds", type=int, default=15)
    args = p.parse_args()
    subprocess.run(["cmake", "--build", BUILD, "--target", "crawl_bench"], check=True, stdout=sys.stderr)
    folder = harness.Folder()
    redis = harness.Redis(folder)
    try:
        asyncio.run(measure(args, folder, redis))
    finally:
        redis.close()
        folder.close()


main()
