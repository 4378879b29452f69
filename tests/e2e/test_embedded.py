"""`tidings run` on the sample site: exactly its articles, nothing twice, and it goes on where it stopped."""
import json
import os
import signal
import subprocess

import checks
import harness


def run_args(folder, site, *more, delay_ms=10):
    config = harness.write_config(folder, delay_ms=delay_ms)
    return ["run", "--config", config, "--state-dir", folder / "state", *more, *site.urls]


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_once_gives_exactly_the_sites_articles(folder, started):
    site = started(harness.Site(folder))
    printed = lines(harness.ask(*run_args(folder, site, "--once", delay_ms=250), timeout=120))
    assert len(printed) == len({a["id"] for a in printed}), "an article was printed twice"
    checks.same_as_truth(checks.by_address(printed), site.truth())
    checks.nothing_disallowed(site.log())
    checks.delay_kept(site.log(), 250)
    twice = {url: n for url, n in checks.fetches(site.log(), site.truth()).items() if n != 1}
    assert not twice, "fetched more than once: %s" % twice

    # A second start goes on where the first stopped.
    before = len(site.log())
    again = lines(harness.ask(*run_args(folder, site, "--once"), timeout=120))
    assert again == [], "printed again: %s" % [a["url"] for a in again]
    assert not checks.fetches(site.log()[before:], site.truth()), "articles were fetched again"

    # Questions are answered though nothing runs.
    some = printed[0]
    got = json.loads(harness.ask("get", "--state-dir", folder / "state", "--json", some["url"]))
    assert got["id"] == some["id"] and got["text"] == some["text"]
    harness.ask("ledger", "--state-dir", folder / "state")
    assert some["url"] in harness.ask("explain", "--state-dir", folder / "state", some["url"])


def test_new_articles_arrive_while_it_runs(folder, started):
    site = started(harness.Site(folder))
    run = started(harness.Tidings(folder, "run", *run_args(folder, site)))
    wanted = len(site.truth())
    harness.wait_until(lambda: "%d articles, %d are there:\n%s" % (wanted, len(lines(run.stdout())), run.stderr()[-1500:]), 90,
                       lambda: run.stdout().count("\n") >= wanted)
    run.process.send_signal(signal.SIGINT)
    assert run.wait(40) == 0, run.stderr()[-2000:]
    checks.same_as_truth(checks.by_address(lines(run.stdout())), site.truth())


def test_a_reader_that_goes_away_ends_it_quietly(folder, started):
    site = started(harness.Site(folder))
    command = "%s | head -n 1" % " ".join([harness.program(), *run_args(folder, site)])
    r = subprocess.run(["bash", "-c", "set -o pipefail; " + command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert r.returncode == 0, (r.returncode, r.stderr.decode()[-2000:])
    assert len(lines(r.stdout.decode())) == 1
    assert "rror" not in r.stderr.decode(), r.stderr.decode()


def test_a_second_run_names_the_first(folder, started):
    site = started(harness.Site(folder))
    run = started(harness.Tidings(folder, "run", *run_args(folder, site)))
    harness.wait_until(lambda: "first article\n" + run.stderr()[-1500:], 60, lambda: run.stdout())
    r = subprocess.run([harness.program(), *run_args(folder, site)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert r.returncode not in (0, 2) and str(run.pid) in r.stderr.decode(), (r.returncode, r.stderr.decode())
    assert run.alive()
    assert run.stop() == 0


def test_kill_9_with_its_redis_loses_nothing(folder, started):
    """The whole process and its private Redis killed again and again: in the end the same set, and nothing fetched more often than
    once and the kills."""
    site = started(harness.Site(folder, articles=300))
    args = run_args(folder, site, delay_ms=5)
    kills = 4
    for i in range(kills):
        run = started(harness.Tidings(folder, "run%d" % i, *args))
        target = len(site.log()) + 50
        harness.wait_until(lambda: "50 more requests\n" + run.stderr()[-1500:], 60, lambda: len(site.log()) >= target, every=0.01)
        for child in children(run.pid):
            os.kill(child, signal.SIGKILL)
        run.kill()
    harness.ask(*run_args(folder, site, "--once", delay_ms=5), timeout=200)
    truth = site.truth()
    got = checks.by_address(lines(harness.ask("latest", "--state-dir", folder / "state", "--json", "--limit", "100000")))
    assert set(got) == set(truth), "missing %s, extra %s" % (sorted(set(truth) - set(got))[:5], sorted(set(got) - set(truth))[:5])
    wrong = [url for url in truth if got[url]["title"] != truth[url]["title"] or got[url]["revision"] != 1]
    assert not wrong, wrong[:5]
    often = {url: n for url, n in checks.fetches(site.log(), truth).items() if n > 1 + kills}
    assert not often, often
    checks.nothing_disallowed(site.log())
    harness.ask("ledger", "--state-dir", folder / "state")


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(p) for p in f.read().split()]
