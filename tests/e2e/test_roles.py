"""The three roles over a real Kafka and Redis: the sample site gives exactly its articles; the contracts on the topics hold."""
import json

import checks
import harness


def test_the_sample_site_through_kafka(folder, started):
    kafka, redis, site = started(harness.Kafka(folder)), started(harness.Redis(folder)), started(harness.Site(folder, hosts=2, articles=80))
    config = harness.write_config(folder, kafka, redis, delay_ms=250)
    harness.ask("topics", "create", "--config", config)
    harness.ask("check", "--config", config)
    roles = [started(harness.Tidings(folder, role, role, "--config", config)) for role in ("crawler", "extractor", "loader")]
    for url in site.urls:
        harness.ask("sources", "add", "--config", config, url)
    truth = site.truth()
    harness.wait_until(lambda: "%d articles; %d are in Redis\n%s" % (len(truth), len(checks.cached(redis.client)), "".join(r.stderr()[-800:] for r in roles)),
                       120, lambda: len(checks.cached(redis.client)) >= len(truth), every=0.5)
    harness.wait_until("the ledger to balance with nothing open", 60, lambda: nothing_open(config))
    checks.same_as_truth(checks.cached(redis.client), truth)
    checks.nothing_disallowed(site.log())
    checks.delay_kept(site.log(), 250)
    twice = {url: n for url, n in checks.fetches(site.log(), truth).items() if n != 1}
    assert not twice, twice

    seen = checks.one_content_per_ce_id(kafka.read_all("tidings.articles.v1"))
    assert set(checks.by_address(seen.values())) == set(truth)
    for role in roles:
        assert role.stop() == 0, role.stderr()[-2000:]


def nothing_open(config):
    text = harness.ask("ledger", "--config", config, "--json", status=None)
    rows = [json.loads(line) for line in text.splitlines()] if text.strip() else []
    return rows and all(sum(r.get("open", {}).values()) == 0 if isinstance(r.get("open"), dict) else not r.get("open") for r in rows)
