"""benchlib.py - what the measuring scripts share: CPU and memory of a process from /proc, a median, a table of results."""
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

TICKS = os.sysconf("SC_CLK_TCK")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tidings", "bench")


def family(pid):
    """pid and every living descendant."""
    out = [pid]
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/children" % (pid, task)) as f:
                for child in f.read().split():
                    out += family(int(child))
    except OSError:
        pass
    return out


def cpu_seconds(pid, skip=()):
    """User and system time of the process and its living children, names in skip left out."""
    total = 0.0
    for p in family(pid):
        try:
            with open("/proc/%d/stat" % p) as f:
                text = f.read()
            if text[text.index("(") + 1:text.rindex(")")] in skip:
                continue
            fields = text[text.rindex(")") + 2:].split()
            total += (int(fields[11]) + int(fields[12])) / TICKS
        except OSError:
            pass
    return total


def peak_mb(pid, skip=()):
    """Sum of the largest resident sizes of the process and its living children, MB."""
    total = 0
    for p in family(pid):
        try:
            with open("/proc/%d/status" % p) as f:
                lines = dict(line.split(":", 1) for line in f if ":" in line)
            if lines["Name"].strip() not in skip:
                total += int(lines.get("VmHWM", "0 kB").split()[0])
        except OSError:
            pass
    return total / 1024


def median(values):
    return statistics.median(values)
