"""What `tidings fetch` may ask and follows, a row a rule, against scripted servers: robots.txt (RFC 9309), redirects and cookies, limits,
addresses that are never connected to, certificates. The crawler's roles keep the same rules with the same code (tests/unit/crawler)."""
import gzip
import itertools
import json
import os
import random
import subprocess
import zlib

import pytest

import harness
from scripted import Web, answer

PAGE = answer(200, ["Content-Type: text/html"], "<html><title>T</title><body><h1>T</h1><p>%s</p></body></html>" % ("Words of a page. " * 40))
DENY = b"User-agent: *\nDisallow: /a"
LINE = b"#" * 99 + b"\n"
sites = itertools.count(2)


@pytest.fixture(scope="module")
def web():
    w = Web()
    yield w
    w.close()


@pytest.fixture
def config(folder):
    return harness.write_config(folder, delay_ms=10)


def fetch(url, *args, env=None):
    """What `fetch --json` prints, and the exit status."""
    r = subprocess.run([harness.program(), "fetch", "--json", *args, url], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60,
                       env={**os.environ, **(env or {})})
    return json.loads(r.stdout), r.returncode


def robots_hops(n):
    """robots.txt behind n redirects."""
    rows = {"/robots.txt" if i == 0 else "/r%d" % i: answer(301, ["Location: /r%d" % (i + 1)]) for i in range(n)}
    rows["/r%d" % n] = answer(200, [], DENY)
    return rows


# name, robots.txt (or several rows), is /a.html fetched?
ROBOTS = [
    ("404", answer(404), True), ("401", answer(401), True), ("403, whatever is in it", answer(403, [], DENY), True), ("410", answer(410), True),
    ("429", answer(429), False), ("500", answer(500), False), ("503", answer(503, ["Retry-After: 1"]), False),
    ("no content", answer(204), True), ("rules", answer(200, [], DENY), False), ("nothing", b"", False), ("garbage", b"garbage\r\n\r\n", False),
    ("cut", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nUser-agent: *\n", False),
    ("a web page", answer(200, ["Content-Type: text/html"], "<html>User-agent: *<br>Disallow: /</html>"), True),
    ("byte order mark", answer(200, [], b"\xef\xbb\xbf" + DENY), False), ("UTF-16", answer(200, [], DENY.decode().encode("utf-16")), False),
    ("gzip", answer(200, ["Content-Encoding: gzip"], gzip.compress(DENY)), False),
    ("deflate", answer(200, ["Content-Encoding: deflate"], zlib.compress(DENY)), False),
    ("a rule behind 499 KiB", answer(200, [], LINE * (499 * 1024 // 100) + DENY), False),
    ("a rule behind 512 KiB", answer(200, [], LINE * (513 * 1024 // 100) + DENY), True),
    ("a rule before 10 MB", answer(200, [], DENY + b"\n" + LINE * 100000), False),
    ("a line cut at the limit", answer(200, [], b"User-agent: *\n#%s\nDisallow: /p/q\n" % (b"x" * (512 * 1024 - 27))), True),
    ("headers of 100 KiB", answer(200, ["X-A: " + "a" * 1000] * 100, DENY), False),
    ("5 redirects", robots_hops(5), False), ("6 redirects", robots_hops(6), True), ("in a circle", {"/robots.txt": answer(302, ["Location: /robots.txt"])}, True),
    ("redirect to nobody", answer(302, ["Location: http://127.0.0.1:1/robots.txt"]), False),
    ("groups are merged", answer(200, [], b"User-agent: tidings\nDisallow: /x\n\nUser-agent: b\nDisallow:\n\nUser-agent: TIDINGS/2\nDisallow: /a\n"), False),
    ("our group replaces the others'", answer(200, [], b"User-agent: *\nDisallow: /\n\nUser-agent: tidings\nDisallow: /x\n"), True),
    ("percent-encoded", answer(200, [], b"User-agent: *\nDisallow: /%61.htm%6c\n"), False),
]


@pytest.mark.parametrize("name,robots,fetched", ROBOTS, ids=[r[0] for r in ROBOTS])
def test_robots(web, config, name, robots, fetched):
    site = next(sites)
    for path, row in (robots if isinstance(robots, dict) else {"/robots.txt": robots}).items():
        web.put(site, path, row)
    web.put(site, "/a.html", PAGE)
    told, status = fetch(web.url(site, "/a.html"), "--config", config)
    assert ("/a.html" in web.paths(site), status == 0) == (fetched, fetched), told


def test_robots_of_another_host(web, config):
    """A redirect to another host: the rules found there are those of the host that was asked (2.3.1.2)."""
    site, other = next(sites), next(sites)
    web.put(site, "/robots.txt", answer(302, ["Location: " + web.url(other, "/robots.txt")]))
    web.put(other, "/robots.txt", answer(200, [], DENY))
    web.put(site, "/a.html", PAGE)
    told, status = fetch(web.url(site, "/a.html"), "--config", config)
    assert status == 1 and told["verdict"]["problem"].startswith("robots.txt"), told


def with_cookie(value, otherwise):
    return lambda headers: PAGE if headers.get("cookie") == value else otherwise


# name, rows, the verdict's problem (None: the page came)
NOISE = b"<p>" + random.Random(1).randbytes(1_200_000).hex().encode()  # some 1.2 MB in a frame: more than crawler.max_body_bytes
REDIRECTS = [
    ("set and sent back", {"/a": with_cookie("k=1", answer(302, ["Set-Cookie: k=1; Path=/", "Location: /a"]))}, None),
    ("replaced on the way", {"/a": with_cookie("k=2", answer(302, ["Set-Cookie: k=1", "Location: /b"])),
                             "/b": answer(302, ["Set-Cookie: k=2", "Location: /a"])}, None),
    ("a loop", {"/a": answer(302, ["Location: /b"]), "/b": answer(302, ["Location: /a"])}, "too many redirects"),
    ("to nowhere", {"/a": answer(302)}, "a redirect without"), ("to a file", {"/a": answer(302, ["Location: file:///etc/passwd"])}, "a redirect without"),
    ("with a user's name", {"/a": answer(302, ["Location: http://u:p@127.0.0.1/"])}, "a redirect without"),
    ("to this network", {"/a": answer(302, ["Location: http://0.0.0.0/"])}, "refused"),
    ("to the cloud's secrets", {"/a": answer(302, ["Location: http://169.254.169.254/"])}, "refused"),
    ("to them as mapped", {"/a": answer(302, ["Location: http://[::ffff:169.254.169.254]/"])}, "refused"),
    ("headers without end", {"/a": answer(200, ["X-A: " + "a" * 1000] * 100, b"x")}, "its answer is too large"),
    ("larger than is read", {"/a": answer(200, ["Content-Type: text/html"], b"a" * (9 << 20))}, "its answer is too large"),
    ("larger than may travel", {"/a": answer(200, ["Content-Type: text/html"], NOISE)}, "larger than may travel"),
    ("large, but not in a frame", {"/a": answer(200, ["Content-Type: text/html"], b"<p>" + b"a " * (1 << 20))}, None),
    ("cut", {"/a": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10000\r\n\r\n<p>a"}, "its answer was cut short"),
    ("not HTTP", {"/a": b"<html>hello"}, "it broke off"),
]


@pytest.mark.parametrize("name,rows,problem", REDIRECTS, ids=[r[0] for r in REDIRECTS])
def test_ways(folder, web, name, rows, problem):
    """robots.txt is not asked, so that it is the page's own way that is judged."""
    config = harness.write_config(folder, delay_ms=0, extra="  robots: false\n")
    site = next(sites)
    for path, row in rows.items():
        web.put(site, path, row)
    told, status = fetch(web.url(site, "/a"), "--config", config)
    got = told["verdict"].get("problem", "")
    assert status == 0 if problem is None else status != 0 and problem in got, told


ADDRESSES = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "localhost.", "0.0.0.0", "0", "[::]", "[::1]", "[::ffff:127.0.0.1]",
             "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]",
             "[ff02::1]", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "127.0.0.1."]


def test_addresses_that_are_never_asked(folder, web):
    path = folder / "public.yaml"
    with open(path, "w") as f:
        f.write("contact: a@b.invalid\ncrawler:\n  allow_ports: [80, 443, %d]\n" % web.port)
    before = len(web.asked)
    for host in ADDRESSES:
        told, status = fetch("http://%s:%d/" % (host, web.port), "--config", path)
        assert status == 1 and "refused" in told["verdict"]["problem"], (host, told)
    assert len(web.asked) == before


def certificates(folder):
    """An authority of our own, and what it signed: good, for another name, of last year; and one that signed itself."""
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder.path)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "30")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "self.key", "-out", "self.pem", "-subj", "/CN=self", "-days", "30",
            "-addext", "subjectAltName=IP:127.0.0.1")
    for name, of, days in ("good", "IP:127.0.0.1", "30"), ("other", "DNS:other.example", "30"), ("expired", "IP:127.0.0.1", "-1"):
        with open(folder / "ext", "w") as f:
            f.write("subjectAltName=%s\n" % of)
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", name + ".pem", "-extfile", "ext",
                "-days", days)


def test_certificates(folder, config):
    certificates(folder)
    for name, said in ("good", None), ("other", "127.0.0.1"), ("expired", "expired"), ("self", "self"):
        web = Web(folder / name)
        web.put(1, "/", PAGE)
        told, status = fetch(web.url(1), "--config", config, env={"SSL_CERT_FILE": folder / "ca.pem"})
        web.close()
        problem = told["verdict"].get("problem", "")
        assert status == 0 if said is None else status == 3 and "no valid certificate (TLS): " in problem and said in problem, told
