#!/usr/bin/env bash
# A cluster on one machine: three switches, three members of etcd, financial system and load generator share its cores, syncing is
# on, every answer and every cent is verified. Prints, beside a switch on its own: throughput, the latency of single purchases, CPU
# by process, what etcd takes, and how long nothing is answered after the active node was killed, and while it hands over.
# Needs an optimized build: cargo build --profile dist
# With many cards a short run measures how wallets are read for the first time, by each node.
#   benches/cluster.sh [seconds per shape, 15] [cards, 20000] [runs, 3] [kills, 20]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-15} cards=${2:-20000} runs=${3:-3} kills=${4:-20} balance=100000000
. benches/nodes.sh

figure() { python3 -c 'import json, sys; print(json.load(open("shape.json"))[sys.argv[1]])' "$1"; }

shape() { # name, processes whose CPU counts, options of the load generator
    local name=$1 processes=$2 run process approved
    shift 2
    for ((run = 1; run <= runs; run++)); do
        declare -A before=()
        for process in $processes; do before[$process]=$(cpu "$process"); done
        "$tessera" load --cards "$cards" --mix purchases=100 --duration "${seconds}s" --target "$malls" \
            --seed "$run" --json shape.json "$@" >load.log 2>&1 || { tail -3 load.log; exit 1; }
        printf '%-20s run %d: %s\n' "$name" "$run" "$(grep -E '^steady' load.log)"
        grep -E '^purchases' load.log | sed 's/^/                     /'
        approved=$(grep -Eo '[0-9]+ approved,' load.log | tail -1 | grep -Eo '[0-9]+')
        printf '                     CPU per approval, reading of balances included:'
        for process in $processes; do
            awk -v n="$process" -v a="${before[$process]}" -v b="$(cpu "$process")" -v c="$approved" \
                'BEGIN {printf " %s %.1f us", n, (b - a) * 1000 / c}'
        done
        echo
    done
}

malls=127.0.0.1:8583
"$tessera" switch --config switch.toml >alone.log 2>&1 &
pid[alone]=$!
ready 9583
shape "alone, 8 x 64" "alone host" --connections 8 --window 64
shape "alone, 1,000/s" "alone host" --connections 8 --rate 1000
kill -TERM "${pid[alone]}"
wait "${pid[alone]}"

lay_out
start 1
ready 9583
start 2
start 3
follow
shape "cluster, 8 x 64" "n1 n2 n3 etcd1 etcd2 etcd3 host" --connections 8 --window 64
shape "cluster, 64 x 64" "n1 n2 n3 etcd1 etcd2 etcd3 host" --connections 64 --window 64
shape "cluster, 1,000/s" "n1 n2 n3 etcd1 etcd2 etcd3 host" --connections 8 --rate 1000
"$tessera" cluster status --config n1/switch.toml
for process in n1 n2 n3 etcd1 etcd2 etcd3; do
    echo "$process: $(grep -E 'VmHWM' "/proc/${pid[$process]}/status" | tr -s ' \t' ' ')"
done
du -sh etcd1 | sed 's/^/etcd on disk: /'

gaps() { # how often, what ends the active node
    local name=$2 count node load
    rm -f gaps
    for ((count = 1; count <= $1; count++)); do
        # Few cards: their balances are read before the first purchase.
        "$tessera" load --cards 1000 --mix purchases=100 --duration 9s --connections 8 --rate 1000 --target "$malls" --silence 2s \
            --seed "$count" --json shape.json >load.log 2>&1 &
        load=$!
        sleep "2.$((RANDOM % 10))"
        until node=$(active) && [ -n "$node" ]; do sleep 0.1; done
        "$name" "$node"
        wait "${pid[n$node]}" 2>/dev/null || true
        wait "$load" || { tail -3 load.log; exit 1; }
        figure longest_gap_ms >>gaps
        start "$node"
        follow
    done
    sort -n gaps | awk -v name="$name" '{gap[NR] = $1} END {
        printf "without answers after %s of the active node, %d times: %.0f ms at least, %.0f median, %.0f at most\n",
            name, NR, gap[1], gap[int((NR + 1) / 2)], gap[NR]}'
}
sigkill() { kill -KILL "${pid[n$1]}"; }
hand_over() { "$tessera" cluster hand-over --config n1/switch.toml >hand-over.log; }
if [ "$kills" != 0 ]; then
    gaps "$kills" sigkill
    gaps "$kills" hand_over
fi
for node in 1 2 3; do kill -TERM "${pid[n$node]}"; done
for node in 1 2 3; do wait "${pid[n$node]}"; done
"$tessera" audit --config n1/switch.toml | tail -1
