"""The kill test: two workers a role, each killed with SIGKILL at random moments while it has work; then the set in Redis is the
one without faults and every URL is accounted for. Then the same with Redis and the broker killed.

TIDINGS_SEED repeats a run.
"""
import json
import os
import random
import urllib.request

import checks
import harness
from test_roles import nothing_open

ROLES = ("crawler", "extractor", "loader")
DELAY_MS = 400
KILLS = 21


class Fleet:
    """Two workers a role; a killed one is started again at once."""

    def __init__(self, folder, config, started):
        self.folder, self.config, self.started, self.count = folder, config, started, 0
        self.workers = {(role, i): None for role in ROLES for i in range(2)}
        for slot in self.workers:
            self.start(slot)

    def start(self, slot):
        self.count += 1
        self.workers[slot] = self.started(harness.Tidings(self.folder, "%s-%d-%d" % (slot[0], slot[1], self.count), slot[0], "--config", self.config))

    def revive(self):
        """A worker that ended by itself (its dependency was gone for good) is started again, as a supervisor does."""
        for slot, worker in self.workers.items():
            if not worker.alive():
                self.start(slot)

    def has_work(self, slot):
        """Claims (transfers, deliveries), lag or unstored offsets above 0, as the worker's own metrics say."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.workers[slot].health_port(), timeout=2) as f:
                text = f.read().decode()
        except OSError:
            return False
        for line in text.splitlines():
            if line.startswith(("tidings_crawl_claims", "tidings_consumer_lag", "tidings_unstored_offsets")) and float(line.split()[-1]) > 0:
                return True
        return False

    def kill_one_at_work(self, roles, rng):
        """Kills a worker of one of the roles that has work now and starts it again; returns its slot."""
        def at_work():
            slots = [slot for slot in self.workers if slot[0] in roles]
            rng.shuffle(slots)
            return next((slot for slot in slots if self.has_work(slot)), None)
        slot = harness.wait_until(lambda: "a worker of %s to have work:\n%s" % (sorted(roles), self.tails()), 60, at_work, every=0.01)
        self.workers[slot].kill()
        self.start(slot)
        return slot

    def tails(self):
        return "\n".join("--- %s\n%s" % (w.name, w.stderr()[-600:]) for w in self.workers.values())


def await_all(fleet, redis, truth, config, seconds):
    def done():
        fleet.revive()
        return len(checks.cached(redis.client)) >= len(truth)
    harness.wait_until(lambda: "%d articles, %d are in Redis; ledger:\n%s\n%s" % (
        len(truth), len(checks.cached(redis.client)), harness.ask("ledger", "--config", config, status=None), fleet.tails()), seconds, done, every=1)
    harness.wait_until(lambda: "nothing open:\n%s" % harness.ask("ledger", "--config", config, status=None), 120, lambda: nothing_open(config), every=1)


def check_everything(site, kafka, redis, config, truth, fault_free_ids, kills):
    records = checks.cached(redis.client)
    assert {r["id"] for r in records.values()} == fault_free_ids
    harness.ask("ledger", "--config", config)
    checks.one_content_per_ce_id(kafka.read_all("tidings.articles.v1"))
    checks.nothing_disallowed(site.log())
    checks.delay_kept(site.log(), DELAY_MS)
    often = {url: n for url, n in checks.fetches(site.log(), truth).items() if n > 1 + kills}
    assert not often, often
    checks.same_as_truth(records, truth)


def ids_of(truth):
    """The id of each URL is its key form's: asked of the program, without any crawl."""
    out = harness.subprocess.run([harness.program(), "inspect", "url", "--batch"], input="".join(u + "\n" for u in truth).encode(),
                                 stdout=harness.subprocess.PIPE, check=True).stdout
    return {json.loads(line)["id"] for line in out.splitlines()}


def test_kill_9_of_every_role(folder, started):
    seed = int(os.environ.get("TIDINGS_SEED") or random.randrange(1 << 30))
    print("seed", seed)
    rng = random.Random(seed)
    kafka, redis = started(harness.Kafka(folder)), started(harness.Redis(folder))
    site = started(harness.Site(folder, hosts=24, articles=2000))
    config = harness.write_config(folder, kafka, redis, delay_ms=DELAY_MS, extra="  lease_ms: 20000\n")
    harness.ask("topics", "create", "--config", config)
    for url in site.urls:
        harness.ask("sources", "add", "--config", config, url)
    truth = site.truth()
    fleet = Fleet(folder, config, started)
    left = {role: KILLS // len(ROLES) for role in ROLES}
    for i in range(sum(left.values())):
        target = len(truth) * i // (KILLS + 4) * rng.uniform(0.8, 1.0)
        harness.wait_until(lambda: "%d articles before kill %d\n%s" % (target, i, fleet.tails()), 180,
                           lambda: len(checks.cached(redis.client)) >= target, every=0.05)
        slot = fleet.kill_one_at_work({role for role in ROLES if left[role]}, rng)
        left[slot[0]] -= 1
        print("kill %d: %s %d, %d articles are there" % (i + 1, *slot, len(checks.cached(redis.client))), flush=True)
    await_all(fleet, redis, truth, config, 240)
    check_everything(site, kafka, redis, config, truth, ids_of(truth), KILLS)
    for worker in fleet.workers.values():
        assert worker.stop() == 0, worker.stderr()[-2000:]


def test_redis_and_the_broker_killed(folder, started):
    kafka, redis = started(harness.Kafka(folder)), started(harness.Redis(folder))
    site = started(harness.Site(folder, hosts=12, articles=600))
    config = harness.write_config(folder, kafka, redis, delay_ms=DELAY_MS, extra="  lease_ms: 20000\n")
    harness.ask("topics", "create", "--config", config)
    for url in site.urls:
        harness.ask("sources", "add", "--config", config, url)
    truth = site.truth()
    fleet = Fleet(folder, config, started)

    def reach(count):
        harness.wait_until(lambda: "%d articles\n%s" % (count, fleet.tails()), 180, lambda: fleet.revive() or len(checks.cached(redis.client)) >= count)
    reach(100)
    redis.kill()
    redis.start()
    reach(250)
    kafka.run("kill")
    kafka.run("start")
    reach(400)
    redis.kill()
    redis.start()
    await_all(fleet, redis, truth, config, 240)
    check_everything(site, kafka, redis, config, truth, ids_of(truth), 10)
