import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness


@pytest.fixture
def folder():
    f = harness.Folder()
    yield f
    f.close()


@pytest.fixture
def started():
    """started(x) keeps x and closes it, last one first, when the test ends."""
    things = []

    def keep(thing):
        things.append(thing)
        return thing
    yield keep
    for thing in reversed(things):
        thing.close()
