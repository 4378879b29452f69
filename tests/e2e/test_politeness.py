"""Manners as the sites see them, while three crawlers share them, one is killed, one joins and one leaves: no two requests nearer than the
delay, and none who waits for nothing. Times are the kernel's (stamped.py)."""
import harness
from scripted import answer
from stamped import StampedWeb

DELAY_MS = 500
LEASE_MS = 20000
SITES, PAGES = 16, 80
HTML = "<html lang=en><head><title>Story %s</title></head><body><article><h1>Story %s</h1><p>%s</p></article></body></html>"


def pages(host, path):
    if path == "/feed.xml":
        items = "".join("<item><title>Story %d</title><link>/story-%d.html</link></item>" % (i, i) for i in range(PAGES))
        return answer(200, ["Content-Type: application/rss+xml"], "<rss version='2.0'><channel><title>T</title>%s</channel></rss>" % items)
    if path.startswith("/story-"):
        return answer(200, ["Content-Type: text/html"], HTML % (path, path, "The ferry will run again from next week. " * 30))
    return answer(404)


class Crowd:
    def __init__(self, folder, config, started):
        self.folder, self.config, self.started, self.count = folder, config, started, 0

    def join(self):
        self.count += 1
        return self.started(harness.Tidings(self.folder, "crawler-%d" % self.count, "crawler", "--config", self.config))


def arrived(web):
    return sum(len({path for _, path in list(got) if path.startswith("/story-")}) for got in list(web.got.values()))


def reach(web, share):
    harness.wait_until(lambda: "%.0f %% of the pages, %d are there" % (share * 100, arrived(web)), 240, lambda: arrived(web) >= share * SITES * PAGES)


def gaps_ms(got):
    times = sorted(at for at, _ in got)
    return [(b - a) * 1000 for a, b in zip(times, times[1:])]


def check_manners(web):
    """No gap shorter than the delay but for what a crowded machine adds between a request's noting and its sending; and a mean of at most 1.1
    of it, but for the one wait for the lease of the worker that was killed."""
    waited = 0
    for host, got in sorted(web.got.items()):
        gaps = gaps_ms(got)
        outages = [g for g in gaps if g > LEASE_MS / 2]
        rest = [g for g in gaps if g <= LEASE_MS / 2]
        told = "%s: shortest %.1f ms, mean %.1f ms, outages %s" % (host, min(gaps), sum(rest) / len(rest), outages)
        print(told)
        assert min(gaps) >= 0.95 * DELAY_MS, told
        assert sum(rest) / len(rest) <= 1.1 * DELAY_MS, told
        assert len(outages) <= 1 and all(g < LEASE_MS + 5000 for g in outages), told
        waited += len(outages)
    assert 0 < waited < SITES, "the kill was seen by %d sites of %d" % (waited, SITES)


def check_fetches(web):
    """Each page once; twice what the kill caught under way, at most one of a site."""
    for host, got in web.got.items():
        stories = [path for _, path in got if path.startswith("/story-")]
        assert len(set(stories)) == PAGES and len(stories) <= PAGES + 1, (host, len(stories))


def test_three_crawlers_a_kill_and_two_rebalances(folder, started):
    web = started(StampedWeb(pages))
    kafka, redis = started(harness.Kafka(folder)), started(harness.Redis(folder))
    sources = "sources:\n" + "".join("  - {name: s%d, url: 'http://127.0.0.%d:%d/', feeds: [/feed.xml], interval_ms: 3600000}\n" % (n, n, web.port)
                                     for n in range(2, SITES + 2))
    config = harness.write_config(folder, kafka, redis, delay_ms=DELAY_MS, extra="  lease_ms: %d\n%s" % (LEASE_MS, sources))
    harness.ask("topics", "create", "--config", config)
    crowd = Crowd(folder, config, started)
    workers = [crowd.join() for _ in range(3)]
    reach(web, 0.2)
    workers[0].kill()
    reach(web, 0.5)
    workers.append(crowd.join())
    reach(web, 0.7)
    assert workers[1].stop() == 0, workers[1].stderr()[-2000:]
    reach(web, 1)
    for worker in workers[2:]:
        assert worker.stop() == 0, worker.stderr()[-2000:]
    check_manners(web)
    check_fetches(web)
