"""valgrind finds nothing in `extract`: no read of what was never written, none beyond a block, nothing lost. The sanitizers cannot see
into the libraries; valgrind does."""
import os
import subprocess

import harness
import hostile_pages

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(harness.ROOT, "tests", "fuzz", "corpus")
VALGRIND = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect,possible",
            "--suppressions=" + os.path.join(HERE, "valgrind.supp")]


def pages(folder):
    for name in ("extract", "html_scan"):
        top = os.path.join(CORPUS, name)
        yield from (os.path.join(top, f) for f in sorted(os.listdir(top)))
    small = [page for _, page in hostile_pages.cases() if len(page) < 20000]
    for number, page in enumerate(small):
        path = folder / ("%d.html" % number)
        with open(path, "wb") as f:
            f.write(page)
        yield path


def test_extract_is_clean(folder):
    lines = "".join("%s\thttps://site.test/a\n" % page for page in pages(folder))
    run = subprocess.run(VALGRIND + [harness.program(), "extract", "--batch", "--threads", "2"], input=lines.encode(),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    assert len(run.stdout.splitlines()) == len(lines.splitlines())
