#!/usr/bin/env python3
"""corpus.py - unique pages under many hosts, made from the measuring data, for nginx to serve.

    corpus.py DIR [--pages 20000] [--hosts 2000] [--port P]

Every page is one of the data's news and blog pages with a title and a first paragraph of its own, stored gzipped as a server would
send it (gzip_static). Host h is the address 127.1.x.y; each has robots.txt, a feed of its pages and nothing else. Reads the pages
below $TIDINGS_SHARED/bench/extraction; DIR may be used again: what is there already is kept.
"""
import argparse
import glob
import gzip
import json
import os
import random
import re
import sys

MEAN_BYTES = 176_000  # of real news pages; the draw below reaches it


def host(i):
    return "127.1.%d.%d" % (i // 250, i % 250 + 1)


def sources():
    shared = os.environ.get("TIDINGS_SHARED") or sys.exit("corpus.py: set TIDINGS_SHARED to the folder that holds bench/extraction")
    out = []
    for folder in ("news-intl", "news-vi", "wcxb-dev", "trafilatura-eval"):
        base = os.path.join(shared, "bench", "extraction", folder)
        with open(os.path.join(base, "truth.jsonl"), encoding="utf-8") as f:
            for line in f:
                t = json.loads(line)
                if t.get("page_type", "article") in ("article", "unknown"):
                    out.append(os.path.join(base, t["html"]))
    return sorted(out)


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        return f.read()


def choose(count):
    """Pages drawn with a bias to large ones until their mean is what real news pages weigh."""
    pages = [p for p in map(read, sources()) if 20_000 < len(p) < 2_000_000]
    rng = random.Random(1)
    small = [p for p in pages if len(p) <= MEAN_BYTES]
    large = [p for p in pages if len(p) > MEAN_BYTES]
    ms, ml = sum(map(len, small)) / len(small), sum(map(len, large)) / len(large)
    share = min(1.0, (MEAN_BYTES - ms) / (ml - ms))
    return [rng.choice(large if rng.random() < share else small) for _ in range(count)]


def unique(page, number):
    mark = b"Report %d of the measured day" % number
    page = re.sub(rb"(?is)<title[^>]*>.*?</title>", b"<title>" + mark + b"</title>", page, count=1)
    lead = b"<p>This is the measured report number %d, which no other page of this corpus repeats in these words; it stands first.</p>" % number
    return re.sub(rb"(?is)(<body[^>]*>)", lambda m: m.group(1) + lead, page, count=1)


def build(folder, count, hosts, port):
    stamp = os.path.join(folder, "corpus.json")
    want = {"pages": count, "hosts": hosts, "port": port}
    if os.path.exists(stamp) and json.load(open(stamp)) == want:
        return
    total = sent = 0
    per_host = [[] for _ in range(hosts)]
    for number, page in enumerate(choose(count)):
        h = number % hosts
        data = unique(page, number)
        packed = gzip.compress(data, 6, mtime=0)
        path = os.path.join(folder, "www", host(h), "%d.html.gz" % number)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(packed)
        per_host[h].append(number)
        total += len(data)
        sent += len(packed)
    for h, numbers in enumerate(per_host):
        base = "http://%s:%d" % (host(h), port)
        items = "".join("<item><title>Report %d</title><link>%s/%d.html</link></item>" % (n, base, n) for n in numbers)
        root = os.path.join(folder, "www", host(h))
        with open(os.path.join(root, "feed.xml"), "w") as f:
            f.write('<?xml version="1.0"?><rss version="2.0"><channel><title>%s</title>%s</channel></rss>' % (host(h), items))
        with open(os.path.join(root, "robots.txt"), "w") as f:
            f.write("User-agent: *\nDisallow: /private/\n")
    with open(stamp, "w") as f:
        json.dump(want, f)
    print("%d pages under %d hosts: mean %.0f KB, as sent %.1f KB" % (count, hosts, total / count / 1e3, sent / count / 1e3), file=sys.stderr)


NGINX = """worker_processes 1;
daemon on;
{user}pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  types {{ text/html html; application/xml xml; text/plain txt; }}
  access_log off;
  gzip_static always; keepalive_requests 100000; open_file_cache off;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  server {{ listen {port} backlog=4096; root {folder}/www/$host; location / {{ try_files $uri =404; }} location ~ html$ {{ gzip_static always; }}
           location ~ (xml|txt)$ {{ gzip_static off; }} }}
}}
"""


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("dir")
    p.add_argument("--pages", type=int, default=20000)
    p.add_argument("--hosts", type=int, default=2000)
    p.add_argument("--port", type=int, required=True)
    a = p.parse_args()
    build(os.path.abspath(a.dir), a.pages, a.hosts, a.port)


if __name__ == "__main__":
    main()
