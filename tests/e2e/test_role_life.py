"""The life of a role's process: ports, readiness, what its supervisor hears, reloading, its ends."""
import os
import re
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

import harness
import test_terminal

ROLES = ("crawler", "extractor", "loader")


@pytest.fixture
def services(folder, started):
    kafka, redis = started(harness.Kafka(folder)), started(harness.Redis(folder))
    config = harness.write_config(folder, kafka, redis)
    harness.ask("topics", "create", "--config", config)
    return kafka, redis, config


def role(folder, name, kind, config, *more, **settings):
    return harness.Tidings(folder, name, kind, "--config", config, *more, **settings)


def ready(process):
    harness.wait_until(lambda: "ready\n" + process.stderr()[-1500:], 60, lambda: "ready worker=" in process.stderr() or not process.alive())
    assert process.alive(), process.stderr()[-1500:]


def get(port, path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=10) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def test_ports_health_and_drain(folder, started, services):
    kafka, redis, config = services
    processes = [started(role(folder, "%s%d" % (kind, i), kind, config)) for kind in ROLES for i in range(2)]
    for p in processes:
        ready(p)
    with open(os.path.join(harness.ROOT, "docs", "operations.md")) as f:
        manual = f.read()
    ports = [p.health_port() for p in processes]
    assert len(set(ports)) == len(ports), ports
    for port in ports:
        assert get(port, "/healthz") == (200, "ok\n") and get(port, "/readyz") == (200, "ok\n")
        status, text = get(port, "/metrics")
        assert status == 200 and "tidings_build_info{version=" in text and text.endswith("\n"), text[:300]
        for name in re.findall(r"^# TYPE ([a-z_]+) ", text, re.M):
            assert name.startswith(("tidings_", "process_")) and "`%s" % name in manual, "docs/operations.md does not name %s" % name
    for p in processes:
        p.process.send_signal(signal.SIGTERM)
    for p in processes:
        assert p.wait(30) == 0, p.stderr()[-1500:]
        assert "drained" in p.stderr()


def sanitized():
    """A program built with a sanitizer, which needs what a worker gives up."""
    with open(harness.program(), "rb") as f:
        return re.search(rb"__[at]san_init", f.read()) is not None


def test_what_a_role_gives_up(folder, started, services):
    """Seen from outside: every thread is filtered and can gain no privileges; what the filter does is tests/unit/pipeline/confine_test.c's."""
    kafka, redis, config = services
    for kind in ROLES:
        p = started(role(folder, kind, kind, config))
        ready(p)
        for thread in os.listdir("/proc/%d/task" % p.pid):
            with open("/proc/%d/task/%s/status" % (p.pid, thread)) as f:
                status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
            assert status["NoNewPrivs"] == "1", (kind, status["Name"])
            assert status["Seccomp"] == ("0" if sanitized() else "2"), (kind, status["Name"])
        assert "not confined" not in p.stderr()
        assert p.stop() == 0


def children(pid):
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task)) as f:
            found += [int(child) for child in f.read().split()]
    return found


def test_parsers_are_replaced_until_nobody_is_left_to_do_it(folder, started, services):
    kafka, redis, config = services
    p = started(role(folder, "extractor", "extractor", config, "--set", "extractor.threads=2"))
    ready(p)
    zygote, = children(p.pid)
    before = harness.wait_until("two parsers", 30, lambda: len(children(zygote)) == 2 and children(zygote))
    os.kill(before[0], signal.SIGKILL)
    harness.wait_until(lambda: "another parser\n" + p.stderr()[-1500:], 30,
                       lambda: len(children(zygote)) == 2 and before[0] not in children(zygote))
    assert "a parser ended pid=%d signal=9" % before[0] in p.stderr()
    assert p.alive()
    os.kill(zygote, signal.SIGKILL)
    assert p.wait(30) == 4, "the supervisor is to start it again"
    assert "the process that starts the parsers ended" in p.stderr(), p.stderr()[-1500:]


def test_not_ready_while_redis_is_away(folder, started, services):
    kafka, redis, config = services
    p = started(role(folder, "loader", "loader", config))
    ready(p)
    redis.kill()
    port = p.health_port()
    status, why = harness.wait_until("readyz to say no", 30, lambda: get(port, "/readyz") if get(port, "/readyz")[0] == 503 else None)
    assert "Redis" in why, why
    assert get(port, "/healthz")[0] == 200, "the process lives: nobody should restart it"
    redis.start()
    harness.wait_until("readyz to say yes", 60, lambda: get(port, "/readyz")[0] == 200)
    assert p.stop() == 0


def test_what_the_supervisor_hears(folder, started, services):
    kafka, redis, config = services
    path = folder / "notify"
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    notify.settimeout(60)
    p = started(role(folder, "extractor", "extractor", config, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"}))
    heard = b""
    for awaited in (b"READY=1", b"WATCHDOG=1"):
        while awaited not in heard:
            heard += notify.recv(4096) + b"\n"
    p.process.send_signal(signal.SIGHUP)
    while b"RELOADING=1" not in heard or heard.count(b"READY=1") < 2:
        heard += notify.recv(4096) + b"\n"
    p.process.terminate()
    while b"STOPPING=1" not in heard:
        heard += notify.recv(4096) + b"\n"
    assert p.wait(30) == 0
    notify.close()


def test_hangup_reads_sources_and_log_level_again(folder, started, services):
    kafka, redis, config = services
    site = started(harness.Site(folder))
    p = started(role(folder, "crawler", "crawler", config))
    ready(p)
    with open(config) as f:
        text = f.read()

    def write(more):
        with open(config, "w") as f:
            f.write(text + more)
        p.process.send_signal(signal.SIGHUP)

    def sources():  # asked of Redis: the file may have a mistake
        return [key.split(":", 2)[2] for key in redis.client.keys("tidings:source:*")]

    write("log:\n  level: debug\nbody_budget_mb: 100\nsources:\n  - name: sample\n    url: %s\n" % site.urls[0])
    harness.wait_until(lambda: "the source\n" + p.stderr()[-1500:], 30, lambda: sources() == ["sample"])
    harness.wait_until("the site to be asked", 30, site.log)
    assert "setting taken over name=log.level" in p.stderr() and "needs a restart name=body_budget_mb" in p.stderr(), p.stderr()[-1500:]
    assert "name=contact" not in p.stderr()
    write("sources:\n  - name: sample\n    url: no address at all\n")
    harness.wait_until(lambda: "the mistake\n" + p.stderr()[-1500:], 30, lambda: "configuration not taken over" in p.stderr())
    assert sources() == ["sample"], "a file with a mistake changes nothing"
    write("")
    harness.wait_until(lambda: "the source to leave\n" + p.stderr()[-1500:], 30, lambda: sources() == [])
    assert p.stop() == 0


def test_starts_that_end_in_words(folder, started):
    redis = started(harness.Redis(folder))
    config = harness.write_config(folder, redis=redis, extra="kafka:\n  bootstrap: 127.0.0.1:1\n")

    def start(*args, env=None):
        r = subprocess.run([harness.program(), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                           env={**os.environ, **(env or {})})
        assert r.stdout == b""
        return r.returncode, r.stderr.decode()

    for kind in ROLES:
        status, text = start(kind, "--config", config)
        assert status == 3 and "Kafka at 127.0.0.1:1: " in text and "is kafka.bootstrap right?" in text, (kind, status, text)
    status, text = start("crawler")
    assert status == 2 and "tidings crawler --contact YOU@EXAMPLE.ORG" in text, (status, text)
    status, text = start("crawler", "--contact", "nobody")
    assert status == 2 and "--contact" in text and "mail address or a URL" in text, (status, text)


def test_a_second_signal_leaves_at_once(folder, started, services):
    kafka, redis, config = services
    site = started(test_terminal.Hostile(released=threading.Event()))  # answers no page
    p = started(role(folder, "crawler", "crawler", config))
    harness.ask("sources", "add", "--config", config, site.url)
    harness.wait_until(lambda: "a page to be asked for\n" + p.stderr()[-1500:], 60, lambda: any(path.startswith("/story") for path in site.asked))
    p.process.terminate()
    harness.wait_until(lambda: "the drain\n" + p.stderr()[-1500:], 20, lambda: "waiting_for" in p.stderr())
    p.process.terminate()
    assert p.wait(10) == 1, p.stderr()[-1500:]
    assert "leaving at once" in p.stderr()
