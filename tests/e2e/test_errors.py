"""What goes wrong outside is said with its name and the remedy: configuration, files, state directories, a full disk."""
import os
import re
import subprocess

import pytest

import harness

NOBODY = 65534


def start(*args, as_user=None, env=None):
    """Runs a command that must not succeed; its status and what it said."""
    command = [harness.program(), *args]
    if as_user:
        command = ["setpriv", "--reuid", str(as_user), "--regid", str(as_user), "--clear-groups", *command]
    r = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                       env={**os.environ, **(env or {})})
    assert r.stdout == b"", r.stdout
    return r.returncode, r.stderr.decode()


# name, the file, what must be said after the file's name
CONFIGURATIONS = [
    ("a word for a number", "crawler:\n  timeout_ms: 30s\n", ':2: crawler.timeout_ms = "30s": expected a whole number of milliseconds'),
    ("out of range", "redis:\n  private_max_mb: 1\n", ":2: redis.private_max_mb = \"1\": expected a whole number of megabytes from 32 to 65536"),
    ("an unknown key", "crawler:\n  delay: 1\n", ":2: "),
    ("a selector", "sources:\n  - url: https://a.example/\n    title: x\n    exclude:\n      - .fine\n      - 'x['\n", ":6: exclude: selector \"x[\": "),
    ("a selector alone", "sources:\n  - https://b.example/\n  - url: https://a.example/\n    title: x\n    include: 'p:first-child'\n", ":5: include: "),
    ("a time zone", "sources:\n  - url: https://a.example/\n    timezone: Foo/Bar\n", ':3: timezone: "Foo/Bar" is no time zone: expected '),
    ("an address", "sources:\n  - name: a\n    url: ftp://a.example/\n", ':3: url: "ftp://a.example/" is no address ('),
    ("a feed", "sources:\n  - url: https://a.example/\n    feeds:\n      - /rss\n      - gopher://a.example/\n", ':5: feeds: "gopher://a.example/" is no address'),
    ("a name", "sources:\n  - url: https://a.example/\n    name: -x\n", ':3: name: "-x" is no name for a source: '),
    ("an item of a list", "sources:\n  - url: https://a.example/\n    feeds:\n      - /rss\n      - {a: b}\n", ":5: feeds = (a mapping) in the list: expected one of URLs"),
    ("no YAML", "crawler: [\n", ":"),
    ("a property that promises rest on", "kafka:\n  properties:\n    enable.idempotence: false\n", "enable.idempotence"),
]


@pytest.mark.parametrize("name,text,said", CONFIGURATIONS, ids=[c[0] for c in CONFIGURATIONS])
def test_configuration(folder, name, text, said):
    path = folder / "tidings.yaml"
    with open(path, "w") as f:
        f.write(text)
    for command in ("run", "loader", "check"):
        status, told = start(command, "--config", path)
        assert status == 2 and path in told and said in told, told


def test_files_that_cannot_be_read(folder):
    status, told = start("run", "--config", folder / "none.yaml")
    assert status == 2 and "%s: " % (folder / "none.yaml") in told and "No such file" in told, told
    os.mkdir(folder / "d")
    status, told = start("run", "--config", folder / "d")
    assert status == 2 and folder / "d" in told and "directory" in told, told
    with open(folder / "secret", "w") as f:
        f.write("password\n")
    os.chmod(folder / "secret", 0o600)
    if os.geteuid() == 0:
        status, told = start("run", "--config", folder / "secret", as_user=NOBODY)
        assert status == 2 and "%s: " % (folder / "secret") in told and "Permission denied" in told, told
        status, told = start("check", "--set", "redis.frontier_password_file=%s" % (folder / "secret"), as_user=NOBODY)
        assert status == 2 and folder / "secret" in told and "Permission denied" in told and "password\n" not in told, told


@pytest.mark.parametrize("command", ["fetch", "probe"])
def test_an_address_of_this_machine(command):
    r = subprocess.run([harness.program(), command, "http://127.0.0.1:9/page"], stdout=subprocess.PIPE, timeout=60)
    assert r.returncode == 1 and b"refused: loopback address" in r.stdout and b"crawler.allow_private" in r.stdout, r.stdout


@pytest.mark.parametrize("address", ["ftp://news.example/", "not an address", "http://", "http://news.example:99999/"])
def test_what_is_no_address(folder, address):
    config = harness.write_config(folder)
    for command in (["run", "http://127.0.0.1:9/"], ["sources", "add"], ["hosts"], ["explain"], ["fetch"], ["probe"]):
        state = [] if command[0] in ("fetch", "probe") else ["--state-dir", folder / "state"]
        if command == ["sources", "add"] and not os.path.isdir(folder / "state"):
            harness.ask("run", "--config", config, *state, "--once", "http://127.0.0.1:9/", status=1)
        status, told = start(*command, "--config", config, *state, address)
        assert status == 2 and '"%s" is no address (' % address in told and "as a browser shows it" in told, (command, told)
        assert command[0] != "run" or not os.path.exists(folder / "state"), "a mistake leaves nothing behind"


@pytest.mark.parametrize("command", [["status"], ["latest"], ["tail"], ["ledger"], ["hosts"], ["explain", "https://a.example/"], ["get", "https://a.example/"],
                                     ["sources", "list"], ["deadletters", "list"], ["run", "https://a.example/"]], ids=lambda c: c[0])
def test_a_redis_that_is_away(folder, command):
    status, told = start(*command, "--state-dir", folder / "state", "--set", "redis.frontier=127.0.0.1:1")
    assert status == 3 and "cannot reach Redis at 127.0.0.1:1" in told and "Is it running, and are redis.frontier and redis.cache right?" in told, told


def test_state_directories(folder):
    state = folder / "state"
    os.mkdir(state, 0o700)
    with open(os.path.join(state, "format"), "w") as f:
        f.write("tidings state 2\n")
    site = ("--set", "crawler.allow_private=true", "http://127.0.0.1:9/")
    status, told = start("run", "--state-dir", state, *site)
    assert status == 2 and "was written by a newer tidings (format 2, this program knows 1)" in told, told
    with open(folder / "file", "w"):
        pass
    status, told = start("run", "--state-dir", os.path.join(folder / "file", "state"), *site)
    assert status == 2 and "cannot be made" in told and "Choose another with --state-dir" in told, told
    if os.geteuid() == 0:
        status, told = start("run", "--state-dir", state, *site, as_user=NOBODY)
        assert status == 2 and "state directory %s" % state in told and "--state-dir" in told, told
    status, told = start("run", "--state-dir", folder / "new", *site, env={"PATH": "/nowhere"})
    assert status == 4 and "apt-get install redis-server" in told, told
    for question in (["ledger"], ["sources", "list"]):
        status, told = start(*question, "--state-dir", folder / "nothing")
        assert status == 1 and "`tidings run` makes it" in told, told


def test_a_full_disk_is_named_and_work_goes_on_when_there_is_room(folder, started):
    site = started(harness.Site(folder, articles=120))
    config = harness.write_config(folder)
    disk = folder / "disk"
    os.mkdir(disk)
    command = " ".join([harness.program(), "run", "--config", config, "--state-dir", os.path.join(disk, "state"), "--once", *site.urls])
    script = "mount -t tmpfs -o size=4m none %s && mkdir -m 700 %s/state && head -c 3700000 /dev/zero >%s/ballast && exec %s" % (
        disk, disk, disk, command)
    err, out = open(folder / "run.err", "wb"), open(folder / "run.out", "wb")
    run = subprocess.Popen(["unshare", "-m" if os.geteuid() == 0 else "-Urm", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    try:
        said = lambda: open(folder / "run.err").read()
        harness.wait_until(lambda: "the full disk to be named\n" + said()[-2000:], 60,
                           lambda: re.search(r"the private Redis cannot store: .*; \d+ kB are free at .*/state/redis: make room there, and work goes on by itself", said()) or run.poll() is not None)
        assert run.poll() is None, said()[-2000:]
        os.remove("/proc/%d/root%s/ballast" % (run.pid, disk))
        harness.wait_until(lambda: "the end\n" + said()[-2000:], 120, lambda: run.poll() is not None)
        assert run.returncode == 0 and "the private Redis stores again" in said(), said()[-2000:]
    finally:
        if run.poll() is None:
            run.kill()
        run.wait()
    assert len(open(folder / "run.out").read().splitlines()) == len(site.truth())


def test_a_dead_site_is_told_in_words_with_what_to_try(folder, started):
    config, dead = harness.write_config(folder), "http://127.0.0.1:1/"
    words, remedy = "it takes no connections", "See whether the site is up"
    here = ("--config", config, "--state-dir", folder / "state")
    started(run := harness.Tidings(folder, "run", "run", *here, "http://127.0.0.1:2/"))
    harness.wait_until("the log to tell", 30, lambda: words in run.stderr() and remedy in run.stderr())
    said = harness.ask("sources", "add", *here, dead)
    assert words in said and remedy in said, said
    said = harness.ask("status", *here)
    assert "127.0.0.1:1: %s. %s" % (words, remedy) in said, said
    for command in ("probe", "fetch"):
        said = harness.ask(command, "--config", config, dead, status=3)
        assert words in said and remedy in said, said
