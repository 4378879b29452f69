#!/usr/bin/env bash
# run.sh - everything that must hold, from a fresh machine: installs what is missing, builds four ways, runs all tests.
#
#   tests/run.sh              the whole run (under 15 minutes on 2 cores)
#   tests/run.sh --long       also soak and fuzz runs
#   tests/run.sh -R REGEX     only the tests whose name matches (any ctest option may follow)
#
# build/test-unit  ASan + UBSan, warnings as errors: unit tests
# build/test-tsan  ThreadSanitizer: the unit tests that use threads
# build/test-fuzz  clang's fuzzer: every parser of bytes from outside, two minutes in all, an hour with --long
# build/test-e2e   optimised, as users build it: end-to-end tests with a real Kafka, Redis and nginx
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --long ]; then
    export TIDINGS_LONG=1
    shift
fi
say() { printf '== %s\n' "$*" >&2; }

say "packages"
deploy/install-packages.sh build run test fuzz
say "Kafka's artifacts"
deploy/kafka/kafka.sh fetch

# Where the measuring data lies, when it is there; tests that need it say so when it is not.
[ -n "${TIDINGS_SHARED:-}" ] || { [ -d ../shared/bench ] && export TIDINGS_SHARED="$(cd ../shared && pwd)"; } || true

launcher=()
command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
build() { # build NAME OPTION…
    local dir=build/test-$1
    shift
    cmake -S . -B "$dir" -G Ninja -DWERROR=ON "${launcher[@]}" "$@" >"$dir.log" 2>&1 && ninja -C "$dir" >>"$dir.log" 2>&1 ||
        { tail -n 60 "$dir.log" >&2; echo "run.sh: building $dir failed; the whole log is in $dir.log" >&2; exit 1; }
}
mkdir -p build
say "building: sanitized"
build unit -DSANITIZE=ON -DTEST_SET=unit
say "building: thread sanitizer"
build tsan -DTSAN=ON -DTEST_SET=threads
say "building: fuzz targets"
build fuzz -DFUZZ=ON -DCMAKE_C_COMPILER=clang -DTEST_SET=fuzz -DFUZZ_SECONDS=$([ -n "${TIDINGS_LONG:-}" ] && echo 210 || echo 7)
say "building: optimised"
build e2e -DTEST_SET=e2e

say "tests"
printf 'subdirs(test-unit test-tsan test-fuzz test-e2e)\n' >build/CTestTestfile.cmake
exec ctest --test-dir build --output-on-failure -j3 "$@"
