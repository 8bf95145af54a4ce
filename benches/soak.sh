#!/usr/bin/env bash
# A cluster on one machine for a long time: load at a steady rate, and the active node is killed again and again. In the end every
# answer and every cent is verified, the audit of all nodes is the same, and what etcd and the nodes took is printed.
# Needs an optimized build: cargo build --profile dist
#   benches/soak.sh [minutes, 60] [requests per second, 2000] [seconds between kills, 60]
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-60} rate=${2:-2000} every=${3:-60} cards=10000 balance=100000000
. benches/nodes.sh

lay_out
start 1
ready 9583
start 2
start 3
follow
"$tessera" load --cards "$cards" --duration "${minutes}m" --connections 8 --rate "$rate" --target "$malls" --silence 2s \
    --host-tally 127.0.0.1:7584 --json load.json >load.log 2>&1 &
load=$!
echo "minute: epoch and entry; entries in the log, database; most memory of the members of etcd and of the nodes (MB)"
resident() { # of these processes, in MB: the largest
    local process
    for process in "$@"; do awk '/VmRSS/ {print int($2 / 1024)}' "/proc/${pid[$process]}/status" 2>/dev/null || true; done | sort -n | tail -1
}
begun=$SECONDS kills=0
while ((SECONDS - begun + every < 60 * minutes)) && kill -0 "$load" 2>/dev/null; do
    sleep "$every"
    "$tessera" cluster status --config n1/switch.toml >status || true
    printf '%4d: %s; %s; etcd %s, nodes %s\n' $(((SECONDS - begun) / 60)) "$(head -1 status)" "$(grep -E '^etcd' status | cut -d, -f2-)" \
        "$(resident etcd1 etcd2 etcd3)" "$(resident n1 n2 n3)"
    node=$(active || true)
    [ -n "$node" ] || continue
    kill -KILL "${pid[n$node]}"
    wait "${pid[n$node]}" 2>/dev/null || true
    kills=$((kills + 1))
    sleep 5
    start "$node"
done
wait "$load" || { tail -20 load.log; exit 1; }
tail -20 load.log
follow
echo "$kills kills; longest time without an answer: $(python3 -c 'import json; print(round(json.load(open("load.json"))["longest_gap_ms"]))') ms"
du -sh etcd1 n1/data | sed 's/^/on disk: /'
for node in 1 2 3; do kill -TERM "${pid[n$node]}"; done
for node in 1 2 3; do wait "${pid[n$node]}" || echo "n$node ended with $?"; done
for node in 1 2 3; do "$tessera" audit --config "n$node/switch.toml" >"audit$node"; tail -1 "audit$node"; done
