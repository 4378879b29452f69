"""The README's commands for the three roles, run as they stand there: only addresses differ."""
import os
import re
import signal
import subprocess

import harness


def commands():
    with open(os.path.join(harness.ROOT, "README.md"), encoding="utf-8") as f:
        text = f.read()
    block = text[text.index("from no topics to an article:"):]
    return re.search(r"((?:^    .*\n)+)", block, re.M).group(1).replace("    ", "").splitlines()


def test_from_no_topics_to_an_article(folder, started):
    lines = commands()
    assert len(lines) <= 6 and sum("sources add" in line for line in lines) == 1, lines
    kafka, redis, site = started(harness.Kafka(folder)), started(harness.Redis(folder)), started(harness.Site(folder))
    script = "\n".join(lines).replace("build/tidings", harness.program()).replace("https://news.example/", site.urls[0])
    env = {**os.environ, "TIDINGS_KAFKA_BOOTSTRAP": kafka.bootstrap, "TIDINGS_REDIS_FRONTIER": redis.socket,
           "TIDINGS_CRAWLER_ALLOW_PRIVATE": "true"}
    titles = [t["title"] for t in site.truth().values()]
    out, err = folder / "out", folder / "err"
    with open(out, "w") as o, open(err, "w") as e:
        shell = subprocess.Popen(["bash", "-e", "-c", script], stdin=subprocess.DEVNULL, stdout=o, stderr=e, env=env, start_new_session=True)
    try:
        harness.wait_until(lambda: "an article:\n" + open(out).read()[-500:] + open(err).read()[-2000:], 60, lambda: any(title in open(out).read() for title in titles))
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
