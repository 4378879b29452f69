#!/bin/bash
# kafka.sh - one real Kafka broker (KRaft, broker and controller in one process) for development and tests.
#
#   kafka.sh start   --dir DIR [--port N] [--set KEY=VALUE]…   fetches Kafka if need be, starts it, waits until it answers
#   kafka.sh run     --dir DIR [--port N] [--set KEY=VALUE]…   the same in the foreground: this process becomes the broker
#   kafka.sh wait    --dir DIR    until a metadata request names a broker
#   kafka.sh stop    --dir DIR    SIGTERM, and waits
#   kafka.sh kill    --dir DIR    SIGKILL, and waits
#   kafka.sh restart --dir DIR    stop, then start on the same port and data
#   kafka.sh status  --dir DIR    prints "running PID HOST:PORT" or "stopped"
#   kafka.sh fetch                only fetches the jars
#
# DIR gets: port (of the broker), pid, server.properties, broker.log, data/. A second start in the same DIR keeps its port
# and its records. Without --port two free ports are picked. --set changes any line of server.properties.
# KAFKA_VERSION chooses the version (4.3.1; 3.9.1 works, too). Jars are kept in $XDG_CACHE_HOME/tidings/kafka-VERSION.
# The heap is at most 320 MB. Everything listens on 127.0.0.1.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=${KAFKA_VERSION:-4.3.1}
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tidings/kafka-$version
wait_s=${KAFKA_WAIT_S:-60}

say() { echo "kafka.sh: $*" >&2; }
die() { say "$*"; exit 1; }
usage() { sed -n '2,16s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

command=${1:-}
[ $# -gt 0 ] && shift
dir='' port='' settings=()
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage
  case $1 in
    --dir) dir=$2 ;;
    --port) port=$2 ;;
    --set) settings+=("$2") ;;
    *) usage ;;
  esac
  shift 2
done

# --- the jars ---

fetch() {
  [ -f "$cache/complete" ] && return
  command -v java >/dev/null || die "no java: install openjdk-17-jre-headless (deploy/install-packages.sh test)"
  command -v mvn >/dev/null || die "no mvn: install maven (deploy/install-packages.sh test)"
  mkdir -p "$cache"
  exec {lock}>"$cache/lock"
  flock "$lock"
  if [ ! -f "$cache/complete" ]; then
    say "fetching Kafka $version into $cache (about 45 MB, once)"
    rm -rf "$cache/libs"
    mvn -q -B -f "$here/pom.xml" -Dkafka.version="$version" dependency:copy-dependencies \
      -DincludeScope=runtime -DoutputDirectory="$cache/libs" >"$cache/fetch.log" 2>&1 ||
      die "Maven could not fetch org.apache.kafka:kafka_2.13:$version: is a Maven repository reachable? See $cache/fetch.log"
    touch "$cache/complete"
  fi
  exec {lock}>&-
}

java_options=(-Xms64m -Xmx320m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ActiveProcessorCount=2 -Xshare:auto
  -Djava.awt.headless=true -Dorg.slf4j.simpleLogger.defaultLogLevel=warn)

# --- ports ---

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() { # below the range that the kernel gives to outgoing connections
  local p
  for _ in $(seq 100); do
    p=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    [ "$p" != "${1:-}" ] && ! answers "$p" && { echo "$p"; return; }
  done
  die "found no free port between 20000 and 32000"
}

# --- the broker ---

configure() {
  local controller
  [ -n "$port" ] || port=$(free_port)
  controller=$(free_port "$port")
  cat >"$dir/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.network.threads=2
num.io.threads=2
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
log.segment.bytes=16777216
log.index.size.max.bytes=1048576
log.retention.check.interval.ms=10000
log.cleaner.backoff.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
PROPERTIES
  local s
  for s in "${settings[@]}"; do
    sed -i "/^${s%%=*}=/d" "$dir/server.properties"
    echo "$s" >>"$dir/server.properties"
  done
  echo "$port" >"$dir/port"
}

format() {
  [ -f "$dir/data/meta.properties" ] && return
  local id
  id=$(head -c16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=')
  java "${java_options[@]}" -Dkafka.logs.dir="$dir" -cp "$cache/libs/*" kafka.tools.StorageTool format \
    --cluster-id="$id" -c "$dir/server.properties" >"$dir/format.log" 2>&1 ||
    die "formatting $dir/data failed: $(tail -1 "$dir/format.log")"
}

run() {
  running && die "a broker already runs in $dir (pid $(cat "$dir/pid"))"
  fetch
  # A broker that was here before keeps its port, so that clients find it again.
  [ -z "$port" ] && [ -f "$dir/port" ] && port=$(cat "$dir/port")
  configure
  format
  echo $$ >"$dir/pid"
  exec java "${java_options[@]}" -Dkafka.logs.dir="$dir" -cp "$cache/libs/*" kafka.Kafka "$dir/server.properties"
}

# True when the process in DIR/pid is this DIR's broker (or still about to become it).
running() {
  local pid
  pid=$(cat "$dir/pid" 2>/dev/null) && tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -e "$dir/server.properties" -e "$dir"
}

# One Metadata request (v1, for no topic); true when the answer counts at least one broker.
broker_known() {
  local answer
  answer=$(
    exec 2>/dev/null 3<>"/dev/tcp/127.0.0.1/$1" || exit
    printf '\0\0\0\016\0\003\0\001\0\0\0\001\377\377\0\0\0\0' >&3
    timeout 2 head -c 12 <&3 | od -An -tx1 -j8 | tr -d ' \n'
  ) || return 1
  [ -n "$answer" ] && [ "$answer" != 00000000 ]
}

await() {
  local end=$((SECONDS + wait_s))
  while [ $SECONDS -lt $end ]; do
    [ -f "$dir/port" ] && broker_known "$(cat "$dir/port")" && return
    [ -z "${1:-}" ] || kill -0 "$1" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

start() {
  running && { say "already running: pid $(cat "$dir/pid"), 127.0.0.1:$(cat "$dir/port")"; return; }
  fetch
  local options=(--dir "$dir") s given=$port try
  for s in "${settings[@]}"; do options+=(--set "$s"); done
  [ -n "$given" ] || { [ -f "$dir/port" ] && given=$(cat "$dir/port"); }
  for try in 1 2 3; do # a picked port may be taken by somebody else before Java binds it
    setsid bash "${BASH_SOURCE[0]}" run "${options[@]}" ${given:+--port "$given"} </dev/null >>"$dir/broker.log" 2>&1 &
    await $! && { say "Kafka $version listens on 127.0.0.1:$(cat "$dir/port") (pid $(cat "$dir/pid"))"; return; }
    terminate KILL
    [ -z "$given" ] && rm -f "$dir/port"
  done
  die "the broker did not start: $(grep -m1 -E 'ERROR|FATAL|Exception|kafka.sh:' "$dir/broker.log" || tail -1 "$dir/broker.log"); see $dir/broker.log"
}

terminate() {
  running || { rm -f "$dir/pid"; return 0; }
  local pid end=$((SECONDS + 30))
  pid=$(cat "$dir/pid")
  kill -"$1" "$pid" 2>/dev/null || true
  while running; do
    [ $SECONDS -lt $end ] || { say "pid $pid did not stop within 30 s: killed"; kill -KILL "$pid"; end=$((SECONDS + 30)); }
    sleep 0.05
  done
  rm -f "$dir/pid"
}

case $command in
  fetch) fetch; exit ;;
  start | run | wait | stop | kill | restart | status) ;;
  *) usage ;;
esac
[ -n "$dir" ] || die "$command needs --dir DIR, where pid, port, log and records lie"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
case $command in
  start) start ;;
  run) run ;;
  wait) await || die "no broker answers in $dir within $wait_s s; see $dir/broker.log" ;;
  stop) terminate TERM ;;
  kill) terminate KILL ;;
  restart) terminate TERM; start ;;
  status) if running; then echo "running $(cat "$dir/pid") 127.0.0.1:$(cat "$dir/port")"; else echo stopped; fi ;;
esac
