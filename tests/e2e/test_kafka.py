"""deploy/kafka: a real broker starts, keeps records through kill -9, and stops."""
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
