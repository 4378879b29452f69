"""`tidings check` against real servers, each set up wrongly in one way: it finds it, says what to change, and its status is 1."""
import subprocess

import harness

# name, what is wrong in Redis, how it is put right, what must be said
REDIS = [
    ("evicts", ["maxmemory-policy", "allkeys-lru"], ["maxmemory-policy", "noeviction"], "CONFIG SET maxmemory-policy noeviction"),
    ("forgets", ["appendonly", "no"], ["appendonly", "yes"], "CONFIG SET appendonly yes"),
    ("small sets", ["set-max-intset-entries", "512"], ["set-max-intset-entries", "1024"], "set-max-intset-entries 1024"),
]
# name, what a topic that somebody made by hand has, what must be said of it
TOPICS = [
    ("articles", "it has 3 partitions, must have 12 (keys would move)"),
    ("articles", "cleanup.policy is delete, must be compact,delete"),
    ("pages", "it has 3 partitions, must have at least 24"),
    ("pages", "max.message.bytes is 100000, must be at least 2097152"),
    ("events", "retention.ms is 3600000, must be at least 604800000"),
    ("deadletters", "it does not exist: run `tidings topics create`"),
]


def check(config, status):
    return harness.ask("check", "--config", config, status=status)


def lines(text, kind):
    return [line for line in text.splitlines() if line.startswith(kind + " ")]


def test_what_is_right_passes_and_each_fault_is_named(folder, started):
    kafka, redis = started(harness.Kafka(folder)), started(harness.Redis(folder))
    config = harness.write_config(folder, kafka, redis)
    harness.ask("topics", "create", "--config", config)
    text = check(config, 0)
    assert not lines(text, "problem") and len(lines(text, "ok")) >= 7, text
    for name, wrong, right, said in REDIS:
        redis.client.config_set(*wrong)
        text = check(config, 1)
        assert len(lines(text, "problem")) == 1 and said in text, (name, text)
        redis.client.config_set(*right)
    check(config, 0)

    redis.client.hset("tidings:meta", mapping={"key_form": "k1", "layout": "3", "partitions": "64"})
    assert "was set up with partitions 64, this program or its configuration has 256" in check(config, 1)
    redis.client.delete("tidings:meta")

    redis.close()
    text = check(config, 3)
    assert "cannot reach Redis at %s" % redis.socket in text and lines(text, "ok"), text


def test_topics_made_by_hand(folder, started):
    kafka = started(harness.Kafka(folder, "auto.create.topics.enable=true", "num.partitions=3", "message.max.bytes=100000",
                                  "log.retention.ms=3600000"))
    redis = started(harness.Redis(folder))
    config = harness.write_config(folder, kafka, redis)
    for topic in ("articles", "pages", "events"):
        subprocess.run(["kcat", "-P", "-b", kafka.bootstrap, "-t", "tidings.%s.v1" % topic], input=b"x", check=True, timeout=60)
    unsaid = lambda text: [(t, s) for t, s in TOPICS if not any("tidings.%s.v1: %s" % (t, s) in line for line in lines(text, "problem"))]
    # A topic that came into being by its first record is known everywhere a moment later.
    harness.wait_until(lambda: "%s in\n%s" % (unsaid(check(config, 1)), check(config, 1)), 20, lambda: not unsaid(check(config, 1)), every=0.5)
    # A role says so and does not start.
    r = subprocess.run([harness.program(), "loader", "--config", config], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60)
    assert r.returncode == 4 and b"tidings.requests.v1: it does not exist" in r.stderr and b"tidings topics describe" in r.stderr, (r.returncode, r.stderr.decode())


def test_no_broker(folder, started):
    redis = started(harness.Redis(folder))
    config = harness.write_config(folder, redis=redis, extra="kafka:\n  bootstrap: 127.0.0.1:1\n")
    text = check(config, 3)
    assert "Kafka at 127.0.0.1:1: " in text and "is it running, and is kafka.bootstrap right?" in text, text
