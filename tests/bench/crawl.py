#!/usr/bin/env python3
"""crawl.py - the crawler alone beside a bare downloader, in the same run: pages of many hosts from nginx into a stream that discards,
or into a broker of deploy/kafka.

    crawl.py [--pages 20000] [--hosts 2000] [--runs 3] [--transfers 256] [--https] [--kafka] [--perf FILE]

Ours reads robots.txt and feed of every host, keeps its frontier in a real Redis, and has the delay off; the bare one (bare_curl.c) is
given the addresses of the pages. Both get pages of 32 KB gzip, undecoded. Printed for each run and as the median: pages a second, CPU
seconds per 1,000 pages of the process itself, and the ratios. Environment: BUILD (the build tree; what it needs is built there).
"""
import argparse
import base64
import gzip
import json
import os
import random
import shutil
import socket
import subprocess
import sys

import benchlib
import harness

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("BUILD") or os.path.join(ROOT, "build")
DISTINCT = 64  # bodies; every address is a link to one of them
NGINX = """worker_processes 1;
{user}pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 16384; }}
http {{
  types {{ text/html html; application/xml xml; text/plain txt; }}
  access_log off; sendfile on; keepalive_requests 100000; open_file_cache off;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp; uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
{servers}}}
"""
SERVER = """  server {{ {listen} root {folder}/www/$host; gzip_static off; {certificate}
           location ~ html$ {{ gzip_static always; }} }}
"""
HOSTS_A_CERTIFICATE = 20


def host(i):
    return "127.2.%d.%d" % (i // 250, i % 250 + 1)


def build(folder, pages, hosts, base):
    rng = random.Random(1)
    os.makedirs(os.path.join(folder, "tmp"))
    os.makedirs(os.path.join(folder, "bodies"))
    for i in range(DISTINCT):
        text = base64.b64encode(rng.randbytes(31_500)).decode()
        body = "<html><head><title>Page</title></head><body><p>%s</p></body></html>" % "</p><p>".join(text[k:k + 600] for k in range(0, len(text), 600))
        with open(os.path.join(folder, "bodies", "%d.gz" % i), "wb") as f:
            f.write(gzip.compress(body.encode(), 6))
    urls = []
    for h in range(hosts):
        root = os.path.join(folder, "www", host(h))
        os.makedirs(root)
        items = ""
        for n in range(h, pages, hosts):
            os.link(os.path.join(folder, "bodies", "%d.gz" % (n % DISTINCT)), os.path.join(root, "story-%d.html.gz" % n))
            urls.append("%s://%s:%d/story-%d.html" % (*base[:1], host(h), base[1], n))
            items += "<item><title>Story %d</title><link>%s</link></item>" % (n, urls[-1])
        with open(os.path.join(root, "feed.xml"), "w") as f:
            f.write('<?xml version="1.0"?><rss version="2.0"><channel><title>H</title>%s</channel></rss>' % items)
        with open(os.path.join(root, "robots.txt"), "w") as f:
            f.write("User-agent: *\nDisallow: /private/\n")
    rng.shuffle(urls)
    with open(os.path.join(folder, "urls"), "w") as f:
        f.write("\n".join(urls) + "\n")


def certificates(folder, hosts):
    """One for every HOSTS_A_CERTIFICATE hosts, as many names as real ones have; all in cert.pem for who is to trust them."""
    with open(folder / "cert.pem", "wb") as all_of_them:
        for first in range(0, hosts, HOSTS_A_CERTIFICATE):
            names = ",".join("IP:%s" % host(h) for h in range(first, min(first + HOSTS_A_CERTIFICATE, hosts)))
            path = folder / ("%d.pem" % first)
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
                            "/CN=bench%d" % first, "-addext", "subjectAltName=" + names, "-keyout", path + ".key", "-out", path],
                           check=True, capture_output=True)
            with open(path, "rb") as f:
                all_of_them.write(f.read())


def servers(folder, port, hosts, https):
    if not https:
        return SERVER.format(folder=folder.path, listen="listen %d backlog=4096;" % port, certificate="")
    text = ""
    for first in range(0, hosts, HOSTS_A_CERTIFICATE):
        listen = "".join("listen %s:%d ssl; " % (host(h), port) for h in range(first, min(first + HOSTS_A_CERTIFICATE, hosts)))
        certificate = "ssl_certificate {0}/{1}.pem; ssl_certificate_key {0}/{1}.pem.key; ssl_session_cache off;".format(folder.path, first)
        text += SERVER.format(folder=folder.path, listen=listen, certificate=certificate)
    return text


def start_nginx(folder, port, hosts, https):
    config = folder / "nginx.conf"
    with open(config, "w") as f:
        f.write(NGINX.format(folder=folder.path, servers=servers(folder, port, hosts, https), user="user root;\n" if os.geteuid() == 0 else ""))
    subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder.path, "-e", folder / "error.log", "-c", config], check=True)
    with open(folder / "nginx.pid") as f:
        return int(f.read())


def write_config(folder, redis, kafka, args, base):
    path = folder / "tidings.yaml"
    with open(path, "w") as f:
        if kafka:
            f.write("kafka: {bootstrap: '%s'}\n" % kafka.bootstrap)
        f.write("contact: mailto:bench@example.com\nredis: {frontier: %s}\ncrawler: {delay_ms: 0, allow_private: true, transfers: %d, "
                "poll_min_ms: 3600000}\nsources:\n" % (redis, args.transfers))
        for h in range(args.hosts):
            site = "%s://%s:%d" % (base[0], host(h), base[1])
            f.write("  - {name: h%d, url: '%s/', feeds: ['%s/feed.xml']}\n" % (h, site, site))
    return path


def ours(args, folder, base):
    run_folder = harness.Folder()
    redis = harness.Redis(run_folder)
    kafka = None
    try:
        kafka = harness.Kafka(run_folder) if args.kafka else None
        config = write_config(run_folder, redis.socket, kafka, args, base)
        command = [os.path.join(BUILD, "tests", "crawl_bench"), config, str(args.pages)]
        if kafka:
            subprocess.run([os.path.join(BUILD, "tidings"), "topics", "create", "--config", config], check=True, stdout=subprocess.DEVNULL)
            command.append("kafka")
        if args.callgrind:
            command = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + args.callgrind] + command
        if args.perf:
            command = ["perf", "record", "-q", "-e", "cpu-clock", "-g", "-o", args.perf] + command
        env = dict(os.environ, SSL_CERT_FILE=folder / "cert.pem") if args.https else None
        before = benchlib.cpu_seconds(redis.process.pid)
        p = subprocess.run(command, stdout=subprocess.PIPE, env=env)
        row = json.loads(p.stdout)
        row["redis_cpu_s_per_1000"] = round((benchlib.cpu_seconds(redis.process.pid) - before) * 1000 / max(1, row["pages"]), 3)
        calls = redis.client.info("commandstats")["cmdstat_evalsha"]
        row["scripts_per_page"] = round(calls["calls"] / max(1, row["pages"]), 2)
        row["script_us"] = round(calls["usec_per_call"], 1)
        return row
    finally:
        if kafka:
            kafka.close()
        redis.close()
        run_folder.close()


def bare(args, program, folder):
    with open(folder / "urls") as urls:
        return json.loads(subprocess.run([program, str(args.transfers)], stdin=urls, stdout=subprocess.PIPE, check=True).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pages", type=int, default=20000)
    p.add_argument("--hosts", type=int, default=2000)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--transfers", type=int, default=256)
    p.add_argument("--https", action="store_true")
    p.add_argument("--kafka", action="store_true", help="into Kafka, not into a stream that discards")
    p.add_argument("--perf", help="profile of our run, for perf report")
    p.add_argument("--callgrind", help="instructions of our run, for callgrind_annotate; with few pages")
    args = p.parse_args()
    subprocess.run(["cmake", "--build", BUILD, "--target", "crawl_bench", *(["tidings"] if args.kafka else [])], check=True, stdout=sys.stderr)
    folder = harness.Folder()
    nginx = None
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        base = ("https" if args.https else "http", port)
        build(folder.path, args.pages, args.hosts, base)
        if args.https:
            certificates(folder, args.hosts)
        nginx = start_nginx(folder, port, args.hosts, args.https)
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", folder / "bare_curl", os.path.join(HERE, "bare_curl.c"), "-lcurl"], check=True)
        rows = []
        for _ in range(args.runs):
            rows.append((ours(args, folder, base), bare(args, folder / "bare_curl", folder)))
            print(json.dumps({"ours": rows[-1][0], "bare": rows[-1][1]}), flush=True)
        of = lambda which, key: benchlib.median([r[which][key] for r in rows])
        print("median: %.0f pages/s of %.0f bare (%.2f); %.3f CPU s per 1,000 of %.3f bare (%.2f times)" % (
            of(0, "pages_s"), of(1, "pages_s"), of(0, "pages_s") / of(1, "pages_s"), of(0, "cpu_s_per_1000"), of(1, "cpu_s_per_1000"),
            of(0, "cpu_s_per_1000") / of(1, "cpu_s_per_1000")))
    finally:
        if nginx:
            os.kill(nginx, 15)
        folder.close()


main()
