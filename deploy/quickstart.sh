#!/usr/bin/env bash
# quickstart.sh - from a clean machine to articles on the screen, and safe to run again.
#
#   deploy/quickstart.sh                 watches the sample site, served from this machine
#   deploy/quickstart.sh SITE…           watches those, e.g. https://news.example/
#   deploy/quickstart.sh --remove        deletes the state and the build
#   Options of `tidings run` (--once, --contact MAIL-OR-URL, …) may stand before the sites.
#
# Steps are told on standard error; standard output is the articles. Packages are installed where they are missing (that alone
# needs root), the program is built in build/, state lies in $XDG_STATE_HOME/tidings (root: /var/lib/tidings).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ "$(id -u)" = 0 ]; then
    states=/var/lib
else
    states=${XDG_STATE_HOME:-$HOME/.local/state}
fi
state=$states/tidings
sample=$states/tidings-sample-site

say() { printf 'quickstart: %s\n' "$*" >&2; }

usage() { sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

remove() {
    if [ -e "$sample/nginx.pid" ] && command -v python3 >/dev/null; then
        python3 tests/sites/site.py stop "$sample" || true
    fi
    for folder in "$state" "$sample" "$PWD/build"; do
        if [ -e "$folder" ]; then
            say "deleting $folder"
            rm -rf "$folder"
        fi
    done
}

options=() sites=() told=$state
while [ $# -gt 0 ]; do
    case $1 in
        --remove) remove; exit 0 ;;
        -h | --help) usage; exit 0 ;;
        --contact | --config | --set | --state-dir)
            options+=("$1" "${2:?$1 needs a value}")
            [ "$1" != --state-dir ] || told=$2
            shift
            ;;
        -*) options+=("$1") ;;
        *) sites+=("$1") ;;
    esac
    shift
done

sets="build run"
[ ${#sites[@]} -gt 0 ] || sets+=" sample"
say "1/3 packages ($sets)"
# shellcheck disable=SC2086
deploy/install-packages.sh $sets

say "2/3 building build/tidings"
log=$(mktemp "${TMPDIR:-/tmp}/quickstart-build.XXXXXX")
if ! { { [ -f build/CMakeCache.txt ] || cmake -S . -B build -DBUILD_TESTING=OFF; } && cmake --build build --target tidings -j"$(nproc)"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    say "the build failed; the whole log is in $log"
    exit 1
fi
rm -f "$log"

serving=
finish() { [ -z "$serving" ] || python3 tests/sites/site.py stop "$sample" || true; }
trap finish EXIT
if [ ${#sites[@]} -eq 0 ]; then
    # One that is served already is another start's, who will stop it.
    if [ -e "$sample/nginx.pid" ] && kill -0 "$(cat "$sample/nginx.pid")" 2>/dev/null; then theirs=yes; else theirs=; fi
    mapfile -t sites < <(python3 tests/sites/site.py start "$sample")
    [ ${#sites[@]} -gt 0 ] || { say "the sample site did not start; see above"; exit 1; }
    [ -n "$theirs" ] || serving=yes
    # The sample site is ours: ask it faster than one would ask a stranger, and read all of it.
    export TIDINGS_CRAWLER_ALLOW_PRIVATE=${TIDINGS_CRAWLER_ALLOW_PRIVATE:-true} TIDINGS_CRAWLER_BACKFILL=${TIDINGS_CRAWLER_BACKFILL:-all}
    export TIDINGS_CRAWLER_DELAY_MS=${TIDINGS_CRAWLER_DELAY_MS:-200}
    say "3/3 watching the sample site ${sites[*]} (its pages: $sample; publish one more: tests/sites/site.py publish $sample)"
else
    say "3/3 watching ${sites[*]}"
fi
say "Ctrl-C stops; what was read stays in $told"

# Not exec: the sample site is to be stopped afterwards. Ctrl-C reaches the program itself; this script only waits for it. A shell
# makes what it starts in the background ignore Ctrl-C: env undoes that.
trap ':' INT
trap 'kill -TERM "$child" 2>/dev/null || true' TERM HUP
env --default-signal=INT,QUIT build/tidings run "${options[@]}" "${sites[@]}" <&0 &
child=$!
status=0
while kill -0 "$child" 2>/dev/null; do
    wait "$child" && status=0 || status=$?
done
exit "$status"
