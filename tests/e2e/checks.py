"""checks.py - what must hold after a crawl of the sample site, whoever was killed on the way."""
import collections
import difflib
import json

COMPARED = ("id", "title", "text_hash", "revision")


def by_address(records):
    """address -> record. `url` is the address that answered, as it was linked: the sample site's feed adds tracking parameters,
    which name no other page."""
    return {r["url"].split("?utm_")[0]: r for r in records}


def cached(redis, prefix="tidings"):
    """address -> record of every article in the cache."""
    values = [redis.get(key) for key in redis.scan_iter(prefix + ":article:*", count=1000)]
    return by_address(json.loads(v) for v in values if v)


def difference(want, got):
    """Where two texts part, a block a line."""
    want, got = (want or "").split("\n\n"), (got or "").split("\n\n")
    return "\n".join(line for line in difflib.ndiff(want, got) if line[0] in "+-?")[:1000]


def same_as_truth(records, truth, revisions=True):
    """The records (address -> record) are exactly the site's articles, word for word."""
    missing, extra = sorted(set(truth) - set(records)), sorted(set(records) - set(truth))
    assert not missing and not extra, "missing %s, not an article %s" % (missing[:5], extra[:5])
    wrong = []
    for url, want in truth.items():
        got = records[url]
        for field in ("title", "text", "language"):
            if got.get(field) != want[field]:
                wrong.append("%s %s:\n%s" % (url, field, difference(want[field], got.get(field))))
        if revisions and got["revision"] != want["revision"]:
            wrong.append("%s revision: want %d, got %d" % (url, want["revision"], got["revision"]))
        if want["authors"] and got.get("authors") != want["authors"]:
            wrong.append("%s authors: want %r, got %r" % (url, want["authors"], got.get("authors")))
        if want["published_at"] and got.get("published_at") != want["published_at"]:
            wrong.append("%s published_at: want %s, got %s" % (url, want["published_at"], got.get("published_at")))
    assert not wrong, "%d differences\n%s" % (len(wrong), "\n".join(wrong[:8]))


def nothing_disallowed(log):
    bad = [row for row in log if row[3].startswith(("/private", "/search"))]
    assert not bad, "disallowed and fetched: %s" % bad[:3]


def delay_kept(log, delay_ms):
    """Two requests to one host never closer than the delay. nginx notes when it has answered; where everybody waits for a processor
    one note may come late and the gap after it look short. Lateness does not add up, so it is five requests that must take four
    delays, and half a delay is given for it. A delay that was skipped shows; the delay must be long against lateness."""
    assert delay_ms >= 100
    times = collections.defaultdict(list)
    for at, host, *_ in sorted(log):
        times[host].append(at * 1000)
    short = [(round(t[i + 4] - t[i]), host, "request %d" % i) for host, t in times.items() for i in range(len(t) - 4)
             if t[i + 4] - t[i] < 3.5 * delay_ms]
    assert not short, "five requests in less than four delays of %d ms: %s" % (delay_ms, sorted(short)[:5])


def fetches(log, truth):
    """How often each article was fetched in full, by URL."""
    paths = {}
    for url in truth:
        rest = url.split("//", 1)[1]
        paths[(rest.split(":", 1)[0], "/" + rest.split("/", 1)[1])] = url
    return collections.Counter(paths[(host, path.split("?")[0])] for _, host, status, path, _ in log
                               if status == 200 and (host, path.split("?")[0]) in paths)


def one_content_per_ce_id(messages):
    """On the topic one ce_id never has two contents, extracted_at apart."""
    seen = {}
    for m in messages:
        headers = dict(zip(m["headers"][::2], m["headers"][1::2]))
        value = json.loads(m["payload"]) if m["payload"] else None
        if value:
            value.pop("extracted_at", None)
        before = seen.setdefault(headers["ce_id"], value)
        assert before == value, "ce_id %s has two contents:\n%s\n%s" % (headers["ce_id"], json.dumps(before)[:500], json.dumps(value)[:500])
    return seen
