"""deploy/kafka: a real broker starts, keeps records through kill -9, and stops."""
import os
import subprocess

import harness


def test_records_survive_kill_9(folder, started):
    kafka = started(harness.Kafka(folder, "auto.create.topics.enable=true"))
    sent = "".join("record %d\n" % i for i in range(500))
    subprocess.run(["kcat", "-P", "-b", kafka.bootstrap, "-t", "probe", "-X", "acks=all"], input=sent.encode(), check=True, timeout=60)
    kafka.run("kill")
    kafka.run("start")
    got = [m["payload"] for m in kafka.read_all("probe")]
    assert sorted(got) == sorted(sent.splitlines())


def examples(page):
    """The kcat lines of a page of docs/, without what they are piped into; those that follow a topic end at its end here."""
    with open(os.path.join(harness.ROOT, "docs", page)) as f:
        lines = [line.strip() for line in f if line.startswith("    ") and "kcat -" in line]
    return [line.split(" | jq")[0].split("      #")[0].replace("-o end", "-o beginning -e") for line in lines]


def test_the_examples_of_the_topics_page(folder, started):
    kafka = started(harness.Kafka(folder))
    harness.ask("topics", "create", "--set", "kafka.bootstrap=" + kafka.bootstrap)
    lines = examples("topics.md")
    assert len(lines) >= 6
    for line in lines:
        done = subprocess.run(["bash", "-c", "set -o pipefail; " + line.replace("localhost:9092", kafka.bootstrap)], timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, (line, done.stderr)
    asked = kafka.read_all("tidings.requests.v1")
    assert [m["payload"] for m in asked] == ['{"url": "https://news.example/article"}']
