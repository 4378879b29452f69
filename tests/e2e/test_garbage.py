"""Bytes that nobody of us wrote, on every topic: what is no record becomes a dead letter or is left out, the roles go on, and the
books balance."""
import collections
import json
import os
import subprocess

import checks
import harness
from test_roles import nothing_open

GARBAGE = (b"", b"{}", b"null", b'{"url": "ht!tp"}', b'{"url": 7, "id": []}', b"\xff\xfe" + b"\x00" * 200, b"x" * 100000)


def write_garbage(kafka, topic):
    for value in GARBAGE:
        for headers in ([], ["-H", "tidings-url=\x01", "-H", "ce_id=1.2", "-H", "tidings-version=-1"]):
            subprocess.run(["kcat", "-P", "-b", kafka.bootstrap, "-t", "tidings.%s.v1" % topic, "-k", os.urandom(16).hex(), *headers],
                           input=value, check=True, timeout=60)


def test_garbage_on_every_topic(folder, started):
    kafka, redis, site = started(harness.Kafka(folder)), started(harness.Redis(folder)), started(harness.Site(folder))
    config = harness.write_config(folder, kafka, redis)
    harness.ask("topics", "create", "--config", config)
    for topic in ("requests", "pages", "articles", "events"):
        write_garbage(kafka, topic)
    roles = [started(harness.Tidings(folder, role, role, "--config", config)) for role in ("crawler", "extractor", "loader")]
    harness.ask("sources", "add", "--config", config, site.urls[0])
    truth = site.truth()
    harness.wait_until(lambda: "%d articles\n%s" % (len(truth), "".join(r.stderr()[-800:] for r in roles)), 90,
                       lambda: len(checks.cached(redis.client)) >= len(truth))
    harness.wait_until("the ledger to balance with nothing open", 60, lambda: nothing_open(config))
    checks.same_as_truth(checks.cached(redis.client), truth)

    def letters():
        listed = [json.loads(line) for line in harness.ask("deadletters", "list", "--config", config, "--json").splitlines()]
        return collections.Counter("%s:%s" % (letter["stage"], letter["reason"]) for letter in listed)

    def counted():
        return collections.Counter(json.loads(harness.ask("status", "--config", config, "--json"))["deadletters"]["today"])
    harness.wait_until(lambda: "dead letters of each stage: %s" % letters(), 60,
                       lambda: {field.split(":")[0] for field in letters()} == {"crawl", "extract", "load"})
    harness.wait_until(lambda: "all of them to be counted: %s, %s" % (letters(), counted()), 30, lambda: letters() == counted())
    assert "load %d (no_article" % counted()["load:no_article"] in harness.ask("ledger", "--config", config)
    for role in roles:
        assert role.alive() and role.stop() == 0, role.stderr()[-2000:]
