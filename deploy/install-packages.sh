#!/usr/bin/env bash
# install-packages.sh - the packages that tidings needs, from the distribution (Debian 12 and newer, Ubuntu 24.04).
#
#   install-packages.sh [build] [run] [sample] [test] [train] [fuzz]     (default: build run)
#
#   build   compiler and libraries          sample  what serves the sample site: nginx, Python
#   run     redis-server, trust store       test    all that tests/run.sh needs: Kafka's Java, nginx, pytest, …
#   train   scikit-learn, to make the extractor's model anew          fuzz  clang with its runtimes
#
# Root is needed only when something is missing (sudo is used where it is there). No service is started or enabled by it:
# tidings and the tests start what they need themselves. What apt prints goes to a log, named when something fails.
set -euo pipefail

build="gcc libc6-dev cmake ninja-build pkg-config libcurl4-openssl-dev libuv1-dev librdkafka-dev libhiredis-dev libgumbo-dev libxml2-dev
  libdeflate-dev zlib1g-dev libbrotli-dev libzstd-dev libjansson-dev libyaml-dev libpsl-dev libidn2-dev libxxhash-dev libutf8proc-dev
  libmicrohttpd-dev libseccomp-dev libcmocka-dev"
run="redis-server ca-certificates publicsuffix tzdata"
sample="nginx-light python3-minimal"
test="ccache valgrind nginx-light openssl kcat maven openjdk-17-jre-headless python3 python3-pytest python3-redis python3-jsonschema python3-yaml
  procps util-linux"
train="python3-sklearn python3-numpy"
fuzz="clang libclang-rt-dev"

say() { printf 'install-packages.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

wanted=
[ $# -gt 0 ] || set -- build run
for set in "$@"; do
    case $set in
        build | run | sample | test | train | fuzz) wanted+=" ${!set}" ;;
        *) die "no set of packages is called '$set': build, run, sample, test, train, fuzz" ;;
    esac
done

[ -r /etc/debian_version ] && command -v dpkg-query >/dev/null ||
    die "this is no Debian or Ubuntu; install by hand what these packages hold:$wanted"

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
    [ "${state:0:2}" = ii ] || missing+=" $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "missing:$missing
  run as root: apt-get install --no-install-recommends$missing"
    as_root=sudo
fi
say "installing:$missing"

log=$(mktemp "${TMPDIR:-/tmp}/install-packages.XXXXXX")
# A policy that forbids starting services while we install, unless the machine has one of its own.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
    made_policy=yes
fi
cleanup() { [ -z "$made_policy" ] || $as_root rm -f $policy; }
trap cleanup EXIT
trap 'exit 130' INT TERM

enabled_before=
if command -v systemctl >/dev/null; then
    for unit in redis-server nginx; do
        systemctl is-enabled -q "$unit" 2>/dev/null && enabled_before+=" $unit "
    done
fi
export DEBIAN_FRONTEND=noninteractive
install() { $as_root apt-get install -y -q --no-install-recommends $missing >>"$log" 2>&1; }
# Fresh images have no package lists, or lists whose packages are gone by now.
install || { $as_root apt-get update -q >>"$log" 2>&1 && install; } || {
    tail -n 15 "$log" >&2
    die "apt-get could not install$missing; the whole log is in $log"
}
if command -v systemctl >/dev/null; then
    for unit in redis-server nginx; do # the packages enable them for the next boot
        [[ $enabled_before == *" $unit "* ]] || $as_root systemctl disable -q "$unit" >>"$log" 2>&1 || true
    done
fi
rm -f "$log"
