"""Sources while everything runs: added, paused, resumed, removed; those of the file, read again on SIGHUP."""
import json
import os
import signal

import checks
import harness

FAST = "  poll_min_ms: 200\n  poll_max_ms: 1000\n"


def rows(*args):
    return {r["name"]: r for r in map(json.loads, harness.ask("sources", "list", "--json", *args).splitlines())}


def status(*args):
    return json.loads(harness.ask("status", "--json", *args))


def articles(site, host):
    return {url for url, t in site.truth().items() if t["host"] == host}


def polls(site, host):
    """Requests for anything that is read again and again."""
    return sum(1 for _, h, _, path, _ in site.log() if h == host and path.split("?")[0].endswith((".rss", ".xml")))


def await_polls(site, host, more, say):
    wanted = polls(site, host) + more
    harness.wait_until(lambda: "%d more polls of %s\n%s" % (more, host, say()), 30, lambda: polls(site, host) >= wanted)


def test_added_paused_and_removed_while_run_runs(folder, started):
    site = started(harness.Site(folder, hosts=3, articles=60))
    config = harness.write_config(folder, delay_ms=5, extra=FAST + "sources:\n  - name: first\n    url: %s\n" % site.urls[0])
    here = ("--config", config, "--state-dir", folder / "state")
    run = started(harness.Tidings(folder, "run", "run", *here))

    def printed():
        return set(checks.by_address(json.loads(line) for line in run.stdout().splitlines(keepends=True) if line.endswith("\n")))

    def say():
        return run.stderr()[-1500:] + harness.ask("status", *here, status=None)
    harness.wait_until(lambda: "the file's source\n" + say(), 60, lambda: articles(site, "127.0.0.1") <= printed())
    assert not printed() & articles(site, "127.0.0.2")

    said = harness.ask("sources", "add", *here, "--name", "second", site.urls[1])
    assert "watching" in said and "found" in said, said
    harness.wait_until(lambda: "the added source\n" + say(), 60, lambda: articles(site, "127.0.0.2") <= printed())
    assert rows(*here)["second"]["origin"] == "added" and rows(*here)["first"]["origin"] == "file"

    harness.ask("sources", "pause", *here, "first")
    await_polls(site, "127.0.0.2", 3, say)  # whatever was under way is over
    before = polls(site, "127.0.0.1")
    await_polls(site, "127.0.0.2", 5, say)
    assert polls(site, "127.0.0.1") == before, "a paused source was polled"
    harness.ask("sources", "resume", *here, site.urls[0])
    await_polls(site, "127.0.0.1", 2, say)

    harness.ask("sources", "remove", *here, "first", status=1)  # it stands in the file
    harness.ask("sources", "remove", *here, "second")
    await_polls(site, "127.0.0.1", 3, say)
    before = polls(site, "127.0.0.2")
    await_polls(site, "127.0.0.1", 5, say)
    assert polls(site, "127.0.0.2") == before, "a removed source was polled"
    assert run.stop() == 0, run.stderr()[-2000:]

    # The file names another site now: started again, only that is watched, and what there was stays counted.
    config = harness.write_config(folder, delay_ms=5, extra=FAST + "sources:\n  - name: third\n    url: %s\n" % site.urls[2])
    once = harness.ask("run", "--once", *here, timeout=120)
    assert set(checks.by_address(map(json.loads, once.splitlines()))) == articles(site, "127.0.0.3")
    assert set(rows(*here)) == {"third"}
    assert {json.loads(line)["source"] for line in harness.ask("ledger", "--json", *here).splitlines()} == {"first", "second", "third"}


def test_run_reads_the_file_again_on_sighup(folder, started):
    site = started(harness.Site(folder, hosts=2, articles=60))

    def write(url, more=""):
        return harness.write_config(folder, delay_ms=5, extra=FAST + more + "sources:\n  - %s\n" % url)
    config = write(site.urls[0])
    here = ("--config", config, "--state-dir", folder / "state")
    run = started(harness.Tidings(folder, "run", "run", *here))
    harness.wait_until(lambda: "the first source's polls\n" + run.stderr()[-1500:], 60, lambda: polls(site, "127.0.0.1") >= 2)
    write(site.urls[1], "  transfers: 300\nlog:\n  level: debug\n")
    os.kill(run.pid, signal.SIGHUP)
    harness.wait_until(lambda: "the second source's polls\n" + run.stderr()[-1500:], 30, lambda: polls(site, "127.0.0.2") >= 2)
    harness.wait_until("the first to be gone", 30, lambda: set(r["url"] for r in rows(*here).values()) == {site.urls[1]})
    said = run.stderr()
    assert "setting taken over name=log.level" in said and "needs a restart name=crawler.transfers" in said, said
    changes = [line for line in said.splitlines() if "name=" in line and "setting" in line]
    assert len(changes) == 2, changes  # not what `run` set itself: contact, state directory, private Redis
    with open(config, "a") as f:  # a mistake changes nothing
        f.write("nonsense: 1\n")
    os.kill(run.pid, signal.SIGHUP)
    harness.wait_until(lambda: "the mistake to be named\n" + run.stderr()[-1500:], 30, lambda: "nonsense" in run.stderr())
    await_polls(site, "127.0.0.2", 3, lambda: run.stderr()[-1500:])
    assert run.stop() == 0 and "draining" in run.stderr()


def test_the_file_is_read_again_on_sighup(folder, started):
    kafka, redis, site = started(harness.Kafka(folder)), started(harness.Redis(folder)), started(harness.Site(folder, hosts=2, articles=60))

    def write(*urls):
        return harness.write_config(folder, kafka, redis, delay_ms=5,
                                    extra=FAST + "sources:\n" + "".join("  - %s\n" % u for u in urls))
    config = write(site.urls[0])
    harness.ask("topics", "create", "--config", config)
    crawler = started(harness.Tidings(folder, "crawler", "crawler", "--config", config))

    def say():
        return crawler.stderr()[-1500:]
    harness.wait_until(lambda: "the first source's polls\n" + say(), 60, lambda: polls(site, "127.0.0.1") >= 2)
    # No extractor runs: the pages wait, and status tells how many.
    pages = len(articles(site, "127.0.0.1"))
    harness.wait_until(lambda: "%d pages to wait\n" % pages + say(), 60,
                       lambda: status("--config", config).get("lag", {}).get("pages", 0) >= pages and status("--config", config)["open"]["queued"] == 0)
    now = status("--config", config)
    assert now["open"]["on_its_way"] >= pages and now["held"] == now["partitions"] and len(now["workers"]) == 1, now
    write(site.urls[1])
    os.kill(crawler.pid, signal.SIGHUP)
    harness.wait_until(lambda: "the second source's polls\n" + say(), 30, lambda: polls(site, "127.0.0.2") >= 2)
    harness.wait_until("the first to be gone", 30, lambda: len(rows("--config", config)) == 1)
    await_polls(site, "127.0.0.2", 3, say)
    before = polls(site, "127.0.0.1")
    await_polls(site, "127.0.0.2", 5, say)
    assert polls(site, "127.0.0.1") == before, "a source that left the file was polled"

    with open(config, "a") as f:  # a mistake changes nothing
        f.write("nonsense: 1\n")
    os.kill(crawler.pid, signal.SIGHUP)
    harness.wait_until(lambda: "the mistake to be named\n" + say(), 30, lambda: "nonsense" in crawler.stderr())
    await_polls(site, "127.0.0.2", 3, say)
    assert crawler.stop() == 0, say()
