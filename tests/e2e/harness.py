"""harness.py - what the end-to-end tests stand on: a real Redis, a real Kafka, the sample site behind nginx, and the built
program. Everything gets a free port or a unix socket in a temporary folder, and is stopped by its process id.

Environment: TIDINGS (the program; default build/tidings).
"""
import contextlib
import html
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import redis

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SITE = os.path.join(ROOT, "tests", "sites", "site.py")
KAFKA = os.path.join(ROOT, "deploy", "kafka", "kafka.sh")
PYTHON = "/usr/bin/python3"
html_unescape = html.unescape


def program():
    path = os.environ.get("TIDINGS") or os.path.join(ROOT, "build", "tidings")
    assert os.access(path, os.X_OK), "no program at %s: build it, or set TIDINGS" % path
    return path


def wait_until(what, seconds, condition, every=0.1):
    """Polls condition() until it gives something true, which is returned; fails naming what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "still waiting after %d s for: %s" % (seconds, what() if callable(what) else what)
        time.sleep(every)


class Folder:
    """A temporary folder that goes with the test."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="tidings-e2e-")
        os.chmod(self.path, 0o755)  # nginx's workers read below it

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def close(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Site:
    def __init__(self, folder, articles=44, hosts=1):
        self.dir = folder / "site"
        self.urls = self.run("start", "--articles", str(articles), "--hosts", str(hosts)).split()

    def run(self, command, *args):
        return subprocess.run([PYTHON, SITE, command, self.dir, *args], check=True, stdout=subprocess.PIPE).stdout.decode()

    def truth(self):
        """url -> what the article there must be."""
        return {t["url"]: t for t in map(json.loads, self.run("truth").splitlines())}

    def log(self):
        """nginx's access log: (seconds, host, status, path, agent)."""
        rows = []
        with open(os.path.join(self.dir, "access.log"), encoding="utf-8") as f:
            for line in f:
                at, host, status, _, path, agent, _ = line.rstrip("\n").split("\t")
                rows.append((float(at), host, int(status), path, agent))
        return rows

    def close(self):
        self.run("stop")


class Redis:
    """A redis-server on a unix socket, append-only, as `tidings check` wants it."""

    def __init__(self, folder, name="redis"):
        self.dir = folder / name
        os.makedirs(self.dir)
        self.socket = os.path.join(self.dir, "s")
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.dir, "--appendonly", "yes", "--save", "",
             "--set-max-intset-entries", "1024", "--logfile", os.path.join(self.dir, "log"), "--maxmemory-policy", "noeviction"])
        self.client = redis.Redis(unix_socket_path=self.socket, decode_responses=True)

        def answers():
            assert self.process.poll() is None, "redis-server ended: see %s/log" % self.dir
            with contextlib.suppress(redis.exceptions.RedisError):
                return self.client.ping()
        wait_until("redis-server to answer", 20, answers)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def close(self):
        while self.process.poll() is None:
            self.process.terminate()  # again and again: while it writes its first append-only file it says "can't exit" and stays
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)


class Kafka:
    def __init__(self, folder, *settings):
        """settings: KEY=VALUE lines of server.properties."""
        self.dir = folder / "kafka"
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.run("start")
        with open(os.path.join(self.dir, "port")) as f:
            self.bootstrap = "127.0.0.1:" + f.read().strip()

    def run(self, command):
        settings = self.settings if command == "start" else []
        subprocess.run([KAFKA, command, "--dir", self.dir, *settings], check=True, stdout=subprocess.DEVNULL)

    def read_all(self, topic):
        """Every record of a topic, in order of partition and offset."""
        out = subprocess.run(["kcat", "-C", "-q", "-e", "-J", "-b", self.bootstrap, "-t", topic, "-o", "beginning"],
                             stdout=subprocess.PIPE, check=True, timeout=120).stdout
        return [json.loads(line) for line in out.splitlines()]

    def close(self):
        self.run("stop")


class Tidings:
    """One process of the program; its standard output and error go to files."""

    def __init__(self, folder, name, *args, env=None):
        self.name = name
        self.stderr_path = folder / (name + ".err")
        self.stdout_path = folder / (name + ".out")
        with open(self.stderr_path, "ab") as err, open(self.stdout_path, "ab") as out:
            self.process = subprocess.Popen([program(), *args], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                            env={**os.environ, **(env or {})})

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=40):
        """SIGTERM, then the exit status."""
        if self.alive():
            self.process.terminate()
        return self.wait(seconds)

    def wait(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("%s did not end within %d s:\n%s" % (self.name, seconds, self.stderr()[-3000:]))

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stdout(self):
        with open(self.stdout_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def health_port(self):
        return int(wait_until(lambda: "%s to print its health port:\n%s" % (self.name, self.stderr()[-2000:]), 30,
                              lambda: re.search(r"health listening at=127\.0\.0\.1:(\d+)", self.stderr())).group(1))

    def close(self):
        if self.alive():
            self.kill()


def ask(*args, env=None, status=0, timeout=60):
    """Runs a command of the program to its end and returns what it printed."""
    r = subprocess.run([program(), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       env={**os.environ, **(env or {})}, timeout=timeout)
    assert status is None or r.returncode == status, "tidings %s: exit status %d\n%s%s" % (
        " ".join(args), r.returncode, r.stdout.decode(errors="replace")[-2000:], r.stderr.decode(errors="replace")[-2000:])
    return r.stdout.decode()


def write_config(folder, kafka=None, redis=None, name="tidings.yaml", delay_ms=20, extra=""):
    """A configuration for loopback sites."""
    path = folder / name
    with open(path, "w") as f:
        f.write("contact: tests@tidings.invalid\n")
        if kafka:
            f.write("kafka:\n  bootstrap: %s\n" % kafka.bootstrap)
        if redis:
            f.write("redis:\n  frontier: %s\n" % redis.socket)
        f.write("extractor:\n  site_memory: false\n")  # texts are compared, whatever the hour
        f.write("crawler:\n  delay_ms: %d\n  allow_private: true\n  backfill: all\n" % delay_ms)
        f.write(extra)
    return path
