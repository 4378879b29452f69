#!/usr/bin/env python3
"""stream_speed.py - records a second through each stream driver, with the CPU and memory they take.

    tests/bench/stream_speed.py [--build build] [--rounds 3] [--megabytes 400]

Starts a Kafka of its own (deploy/kafka), builds stream_speed.c against the project's libraries, and measures one producer and one
consumer in one process: through the local driver, through the kafka driver, and through librdkafka alone (bare). Each figure is the
median of the rounds."""
import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile

import benchlib
import harness

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SIZES = (1000, 32000, 176000)


def compile_probe(build, folder):
    program = os.path.join(folder, "stream_speed")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libuv", "rdkafka", "jansson", "libmicrohttpd", "hiredis", "libcyaml", "libseccomp",
                            "libutf8proc", "libxxhash", "libpsl", "libidn2", "libdeflate", "zlib", "libbrotlidec", "libzstd"],
                           stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    archives = [os.path.join(build, name, "lib%s.a" % name) for name in ("pipeline", "config", "base")]
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-D_GNU_SOURCE", "-I" + ROOT, os.path.join(HERE, "stream_speed.c"), "-o", program,
                    *archives, *flags, "-lpthread", "-lm"], check=True)
    return program


def measure(program, kind, where, count, size, prefix):
    out = subprocess.run([program, kind, where, str(count), str(size), prefix], stdout=subprocess.PIPE, check=True, text=True).stdout
    return [float(word) for word in out.split()]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", default=os.path.join(ROOT, "build"))
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--megabytes", type=int, default=400, help="that pass in one round of the larger sizes")
    args = options.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidings-bench-"))
    kafka = harness.Kafka(folder)
    try:
        program = compile_probe(args.build, folder)
        print("%-6s %7s %10s %12s %8s" % ("driver", "bytes", "records/s", "CPU ms/1000", "peak MB"))
        turn = 0
        for size in SIZES:
            count = min(100000, args.megabytes * 1000000 // size)
            for kind in ("local", "kafka", "bare"):
                rounds = []
                for _ in range(args.rounds):
                    turn += 1
                    prefix = "speed%d" % turn
                    if kind != "local":
                        subprocess.run([os.path.join(args.build, "tidings"), "topics", "create", "--set", "kafka.bootstrap=" + kafka.bootstrap,
                                        "--set", "prefix=" + prefix], check=True, stdout=subprocess.DEVNULL)
                    where = kafka.bootstrap if kind != "local" else tempfile.mkdtemp(dir=folder)
                    rounds.append(measure(program, kind, where, count, size, prefix))
                figures = [benchlib.median(column) for column in zip(*rounds)]
                print("%-6s %7d %10.0f %12.1f %8.1f" % (kind, size, *figures), flush=True)
    finally:
        kafka.close()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
