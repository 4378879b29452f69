"""What people ask: `get`, `latest`, `tail` and `explain`, of a `tidings run` at work, of one that has ended, and over Kafka."""
import json
import signal
import subprocess

import harness

FAST = "  poll_min_ms: 2000\n  poll_max_ms: 3000\n"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def redirect_start(site):
    """The address in the feed that redirects to an article, and where it ends."""
    base = site.urls[0]
    number = next(row[3] for row in site.log() if row[3].startswith("/go/"))
    out = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{redirect_url}", base.rstrip("/") + number], stdout=subprocess.PIPE, check=True)
    return base.rstrip("/") + number, out.stdout.decode()


def stop_tail(tail, seconds=20):
    tail.process.send_signal(signal.SIGINT)
    assert tail.wait(seconds) == 0, tail.stderr()


def test_of_a_run_that_has_ended(folder, started):
    site = started(harness.Site(folder))
    config, state = harness.write_config(folder, delay_ms=5), folder / "state"
    printed = lines(harness.ask("run", "--config", config, "--state-dir", state, "--once", *site.urls, timeout=120))
    at = ("--state-dir", state)

    # latest: all, newest first; one language; one source; a number of them
    latest = lines(harness.ask("latest", *at, "--json", "-n", "1000"))
    assert {r["id"] for r in latest} == {r["id"] for r in printed}
    moments = [r["published_at"] for r in latest if "published_at" in r]
    assert moments == sorted(moments, reverse=True)
    assert len(lines(harness.ask("latest", *at, "--json", "-n", "3"))) == 3
    vietnamese = lines(harness.ask("latest", *at, "--json", "-n", "1000", "--lang", "vi"))
    assert vietnamese and len(vietnamese) == sum(r["language"] == "vi" for r in printed)
    assert harness.ask("latest", *at, "--source", "nobody", status=1) == ""
    assert printed[0]["title"][:30] in harness.ask("latest", *at, "-n", "1000")

    # get: by address, by the address of a redirect's start, by id; for people; what is not there
    start, target = redirect_start(site)
    some = next(r for r in printed if r["url"] == target)
    for name in (target, start, some["id"]):
        assert json.loads(harness.ask("get", *at, "--json", name)) == some
    shown = harness.ask("get", *at, target)
    assert some["title"] in shown and some["text"].split("\n\n")[-1] in shown
    harness.ask("get", *at, site.urls[0] + "no-such-page.html", status=1)
    harness.ask("get", *at, "gopher://a.example/", status=2)

    # explain: an article, a redirect's start, what robots.txt denies, what nobody knows
    story = json.loads(harness.ask("explain", *at, "--json", target))
    assert story["seen"] and story["robots"]["allowed"] and story["record"]["title"] == some["title"]
    assert {"article", "loaded"} <= {e["what"] for e in story["events"]}
    assert story["state"]["revision"] == 1 and story["source"]["name"] == some["source"]
    story = json.loads(harness.ask("explain", *at, "--json", start))
    assert story["record"]["alias"] and story["record"]["id"] == some["id"]
    assert any(e.get("via") == "feed" for e in story["events"]), "a redirect's start has a story, too, and was found somewhere"
    denied = json.loads(harness.ask("explain", *at, "--json", site.urls[0] + "private/x.html", status=None))
    assert denied["robots"]["allowed"] is False and denied["robots"]["rule"].startswith("Disallow")
    assert "sources add" in harness.ask("explain", *at, "https://nobody.example/", status=1)

    # nothing runs: nothing to follow
    harness.ask("tail", *at, status=3)


def test_tail_of_a_run_at_work(folder, started):
    site = started(harness.Site(folder))
    config, state = harness.write_config(folder, delay_ms=5, extra=FAST), folder / "state"
    run = started(harness.Tidings(folder, "run", "run", "--config", config, "--state-dir", state, *site.urls))
    wanted = len(site.truth())
    harness.wait_until(lambda: "%d articles\n%s" % (wanted, run.stderr()[-1500:]), 60, lambda: run.stdout().count("\n") >= wanted)
    tail = started(harness.Tidings(folder, "tail", "tail", "--state-dir", state, "--json", "-n", "2"))
    harness.wait_until(lambda: "the last two\n" + tail.stderr(), 20, lambda: tail.stdout().count("\n") == 2)
    published = site.run("publish").split()
    harness.wait_until(lambda: "the new one\n" + run.stderr()[-1500:], 60, lambda: tail.stdout().count("\n") == 3)
    assert lines(tail.stdout())[-1]["url"] == published[0]
    stop_tail(tail)
    again = started(harness.Tidings(folder, "tail2", "tail", "--state-dir", state))
    assert run.stop() == 0
    assert again.wait(20) == 0 and "has ended" in again.stderr()


def test_over_kafka(folder, started):
    kafka, redis, site = started(harness.Kafka(folder)), started(harness.Redis(folder)), started(harness.Site(folder))
    config = harness.write_config(folder, kafka, redis, delay_ms=5)
    harness.ask("topics", "create", "--config", config)
    for role in ("crawler", "extractor", "loader"):
        started(harness.Tidings(folder, role, role, "--config", config))
    tail = started(harness.Tidings(folder, "tail", "tail", "--config", config, "--json"))
    vietnamese = started(harness.Tidings(folder, "tail-vi", "tail", "--config", config, "--lang", "vi"))
    harness.ask("sources", "add", "--config", config, site.urls[0])
    truth = site.truth()
    harness.wait_until(lambda: "%d articles, %d came\n%s" % (len(truth), tail.stdout().count("\n"), tail.stderr()), 90,
                       lambda: tail.stdout().count("\n") >= len(truth))
    assert {r["url"].split("?utm_")[0] for r in lines(tail.stdout())} == set(truth)
    assert vietnamese.stdout().count("\n") == sum(t["language"] == "vi" for t in truth.values())
    stop_tail(tail)
    stop_tail(vietnamese)
    url = next(iter(truth))
    harness.wait_until("its record in the cache", 20, lambda: "load: loaded" in harness.ask("explain", "--config", config, url))
    story = json.loads(harness.ask("explain", "--config", config, "--json", url))
    assert {"fetched", "article", "loaded"} <= {e["what"] for e in story["events"]}, story["events"]
    assert json.loads(harness.ask("get", "--config", config, "--json", url))["url"].startswith(url)
