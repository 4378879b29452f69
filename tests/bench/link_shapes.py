#!/usr/bin/env python3
"""link_shapes.py - how well shapes of addresses (pipeline/shape.h) tell articles from the rest, on saved pages of real sites.

    link_shapes.py FOLDER…      folders with truth.jsonl (members "html", a path below the folder, and "url")

Environment: BUILD (the build tree; tests/link_shapes is built in it)."""
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))


def main():
    subprocess.run(["cmake", "--build", BUILD, "--target", "link_shapes"], check=True, stdout=subprocess.DEVNULL)
    lines = []
    for folder in sys.argv[1:]:
        with open(os.path.join(folder, "truth.jsonl")) as f:
            for page in map(json.loads, f):
                if page.get("html") and page.get("url"):
                    lines.append("%s\t%s\n" % (os.path.join(folder, page["html"]), page["url"]))
    subprocess.run([os.path.join(BUILD, "tests", "link_shapes")], input="".join(lines), text=True, check=True)


if __name__ == "__main__":
    main()
