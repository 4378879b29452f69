"""deploy/quickstart.sh from a clean copy of the tree, as an ordinary user: builds, serves the sample site, prints articles; goes on at a
second start; watches given addresses; removes everything again. The packages are there, so that nothing asks for root."""
import json
import os
import shutil
import signal
import subprocess

import harness

NOBODY = 65534


def copy_tree(folder):
    """What a clone would hold."""
    tree = folder / "tree"
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=harness.ROOT, check=True, stdout=subprocess.PIPE).stdout
    for name in listed.decode().split("\0"):
        source = os.path.join(harness.ROOT, name)
        if name and os.path.exists(source):
            os.makedirs(os.path.join(tree, os.path.dirname(name)), exist_ok=True)
            shutil.copy2(source, os.path.join(tree, name))
    return tree


class Quickstart:
    def __init__(self, folder, tree, home, name, *args):
        as_user = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"] if os.geteuid() == 0 else []
        self.out, self.err = folder / (name + ".out"), folder / (name + ".err")
        environment = {"PATH": "/usr/bin:/bin", "HOME": home}
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen([*as_user, os.path.join(tree, "deploy", "quickstart.sh"), *args], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err, env=environment, cwd="/", start_new_session=True)

    def said(self):
        with open(self.err, encoding="utf-8") as f:
            return f.read()

    def articles(self):
        with open(self.out, encoding="utf-8") as f:
            return [json.loads(line) for line in f.read().split("\n")[:-1]]

    def wait_for_articles(self, count, seconds):
        harness.wait_until(lambda: "%d articles\n%s" % (count, self.said()[-2000:]), seconds,
                           lambda: len(self.articles()) >= count or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()[-2000:]

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)  # as Ctrl-C does
        assert self.process.wait(60) == 0, self.said()[-2000:]

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(60)


def test_from_a_clone_to_articles_and_back(folder, started):
    tree, home = copy_tree(folder), folder / "home"
    os.mkdir(home)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "%d:%d" % (NOBODY, NOBODY), tree, home], check=True)
    first = started(Quickstart(folder, tree, home, "first"))
    first.wait_for_articles(5, 900)
    first.interrupt()
    said = first.said()
    for step in ("1/3 packages", "2/3 building", "3/3 watching the sample site http://127.0.0.1:", "state is in %s/.local/state/tidings" % home):
        assert step in said, said
    assert all(line.startswith(("quickstart: ", "tidings run: ", "20")) for line in said.splitlines()), said

    second = started(Quickstart(folder, tree, home, "second"))
    second.wait_for_articles(5, 120)
    os.killpg(second.process.pid, signal.SIGTERM)  # as `timeout` does: the script passes it on, and once is enough
    assert second.process.wait(60) == 0 and "stopping (SIGTERM)" in second.said(), second.said()[-2000:]
    ids = [a["id"] for run in (first, second) for a in run.articles()]
    assert len(ids) == len(set(ids)), "an article was printed twice"

    site = started(harness.Site(folder))
    named = started(Quickstart(folder, tree, home, "named", "--once", "--set", "crawler.allow_private=true", "--set", "crawler.delay_ms=10",
                               "--set", "crawler.backfill=all", "--state-dir", os.path.join(home, "other"), *site.urls))
    assert named.process.wait(120) == 0, named.said()[-2000:]
    assert len(named.articles()) == len(site.truth())

    beyond = started(Quickstart(folder, tree, home, "beyond", "https://news.example.org/"))
    assert beyond.process.wait(60) == 2
    assert "--contact YOU@EXAMPLE.ORG https://news.example.org/" in beyond.said(), beyond.said()

    gone = started(Quickstart(folder, tree, home, "gone", "--remove"))
    assert gone.process.wait(60) == 0
    assert os.listdir(os.path.join(home, ".local", "state")) == [] and not os.path.exists(os.path.join(tree, "build"))
