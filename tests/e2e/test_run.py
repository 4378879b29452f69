"""`tidings run` and what is around it: sources that cannot be read or come later, a Redis of the user's, a private one that dies."""
import json
import os
import re
import signal
import subprocess

import harness


def run_args(folder, *more, state="state", config=None):
    return ["run", "--config", config or harness.write_config(folder, delay_ms=5), "--state-dir", folder / state, *more]


def refused(*args):
    """Status and words of a start that must not succeed."""
    r = subprocess.run([harness.program(), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert r.stdout == b"", r.stdout[:300]
    return r.returncode, r.stderr.decode()


def printed(run):
    return [json.loads(line) for line in run.stdout().split("\n")[:-1]]


def test_once_says_which_source_could_not_be_read(folder, started):
    site = started(harness.Site(folder))
    r = subprocess.run([harness.program(), *run_args(folder, "--once", "http://127.0.0.1:1/", *site.urls)], stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert r.returncode == 1 and len(r.stdout.splitlines()) == len(site.truth()), r.stderr.decode()[-1500:]
    assert b"1 source could not be read, 127.0.0.1:1 among them: `tidings status --state-dir" in r.stderr


def test_nothing_to_watch(folder):
    status, said = refused(*run_args(folder, "--once"))
    assert status == 2 and "nothing to watch yet; name a site: tidings run --contact YOU@EXAMPLE.ORG https://" in said, said
    status, said = refused("run", "--state-dir", folder / "state", "http://127.0.0.1:1/")
    assert status == 2 and "add --set crawler.allow_private=true" in said, said
    status, said = refused(*run_args(folder, "mailto:you@example.org"))
    assert status == 2 and "mailto:you@example.org" in said, said


def test_sources_come_and_go_while_it_runs(folder, started):
    site = started(harness.Site(folder, hosts=2, articles=60))
    run = started(harness.Tidings(folder, "run", *run_args(folder, site.urls[0])))
    state = ["--state-dir", folder / "state"]
    truth = site.truth()
    of_first = {u for u in truth if u.startswith(site.urls[0])}
    harness.wait_until(lambda: "the first site's articles\n" + run.stderr()[-1500:], 60, lambda: len(printed(run)) >= len(of_first))
    harness.ask("sources", "add", *state, "--config", folder / "tidings.yaml", site.urls[1])
    harness.wait_until(lambda: "the second site's articles\n" + run.stderr()[-1500:], 60, lambda: len(printed(run)) >= len(truth))
    names = [json.loads(line)["name"] for line in harness.ask("sources", "list", "--json", *state).splitlines()]
    assert len(names) == 2, names
    harness.ask("sources", "remove", *state, names[1])
    assert names[1] not in harness.ask("sources", "list", *state)
    assert run.stop() == 0, run.stderr()[-1500:]
    assert names[0] in harness.ask("sources", "list", *state) and names[1] not in harness.ask("sources", "list", *state)


def test_a_sources_own_rules(folder, started):
    site = started(harness.Site(folder))
    rule = "sources:\n  - url: %s\n    name: ruled\n    exclude: [%s]\n"
    config = harness.write_config(folder, delay_ms=5, extra=rule % (site.urls[0], '"li"'))
    records = [json.loads(line) for line in harness.ask(*run_args(folder, "--once", config=config), timeout=120).splitlines()]
    kinds = {block["kind"] for r in records for block in r["blocks"]}
    assert {r["source"] for r in records} == {"ruled"} and "paragraph" in kinds and "list" not in kinds, kinds
    config = harness.write_config(folder, extra=rule % (site.urls[0], '"p::before"'))
    status, said = refused(*run_args(folder, config=config))
    assert status == 2 and re.search(r"%s:\d+: exclude" % re.escape(config), said) and "::before" in said, said


def test_a_redis_of_ones_own(folder, started):
    site, redis, other = started(harness.Site(folder)), started(harness.Redis(folder)), started(harness.Redis(folder, "other"))
    config = harness.write_config(folder, redis=redis, delay_ms=5)
    status, said = refused(*run_args(folder, "--set", "redis.cache=%s" % other.socket, *site.urls, config=config))
    assert status == 2 and "redis.cache is another server than redis.frontier" in said, said
    run = started(harness.Tidings(folder, "run", *run_args(folder, *site.urls, config=config)))
    harness.wait_until(lambda: "articles\n" + run.stderr()[-1500:], 60, lambda: len(printed(run)) >= len(site.truth()))
    assert redis.client.exists("tidings:meta") and not os.path.exists(os.path.join(folder / "state", "redis"))
    status, said = refused(*run_args(folder, *site.urls, state="second", config=config))
    assert status == 1 and "works on the Redis at %s already" % redis.socket in said, said
    assert run.stop() == 0
    # A start on the same state goes on, at once also after a kill.
    for name in ("again", "after a kill"):
        run = started(harness.Tidings(folder, name, *run_args(folder, config=config)))
        harness.wait_until(lambda: "ready\n" + run.stderr()[-1500:], 20, lambda: "ready worker=" in run.stderr())
        run.kill()
    assert printed(run) == []


def test_a_reader_that_has_enough(folder, started):
    site = started(harness.Site(folder))
    with open(folder / "run.err", "wb") as err:
        run = subprocess.Popen([harness.program(), *run_args(folder, *site.urls)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)
    try:
        for _ in site.truth():
            assert run.stdout.readline()
        run.stdout.close()  # nothing more comes that could fail to be written
        harness.wait_until("the end", 40, lambda: run.poll() is not None)
        said = open(folder / "run.err").read()
        assert run.returncode == 0 and "rror" not in said, said
    finally:
        if run.poll() is None:
            run.kill()
        run.wait()


def test_the_private_redis_dies(folder, started):
    site = started(harness.Site(folder))
    run = started(harness.Tidings(folder, "run", *run_args(folder, *site.urls)))
    harness.wait_until(lambda: "an article\n" + run.stderr()[-1500:], 60, lambda: printed(run))
    with open("/proc/%d/task/%d/children" % (run.pid, run.pid)) as f:
        server = [int(p) for p in f.read().split() if "redis-server" in open("/proc/%s/cmdline" % p).read()]
    os.kill(server[0], signal.SIGKILL)
    assert run.wait(30) == 4
    assert "the private redis-server was ended by signal 9" in run.stderr() and "start again" in run.stderr(), run.stderr()[-1500:]
    more = [json.loads(line) for line in harness.ask(*run_args(folder, "--once"), timeout=120).splitlines()]
    assert len({a["id"] for a in printed(run) + more}) == len(site.truth())
