#!/usr/bin/env bash
# The whole path of a purchase on one machine: load generator, switch and financial system share its cores, syncing
# is on, every answer and every cent is verified. Prints a row for each shape of load.
# Measures target/dist/tessera: cargo build --profile dist
#   benches/purchases.sh [seconds per shape, 15] [cards, 100000] [runs, 3]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-15} cards=${2:-100000} runs=${3:-3}
tessera=$PWD/target/dist/tessera
folder=$(mktemp -d "$PWD/target/purchases.XXXXXX")
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cp -r config/*.toml config/parties "$folder"
# No shop takes webhooks here.
sed -i '/^\[webhook\]/,$d' "$folder/parties/teacup.toml"
cd "$folder"
"$tessera" certs certs >/dev/null
"$tessera" provision --config switch.toml --cards "$cards" --balance 100000000
"$tessera" host --config host.toml >host.log 2>&1 &
host=$!
"$tessera" switch --config switch.toml >switch.log 2>&1 &
switch=$!
until curl --silent --fail http://127.0.0.1:9583/readyz >/dev/null; do sleep 0.1; done

# user and system time of a process, in clock ticks of 10 ms
ticks() { awk '{print $14 + $15}' "/proc/$1/stat"; }

shape() { # name, options of the load generator
    local name=$1 run before after
    shift
    for ((run = 1; run <= runs; run++)); do
        before="$(ticks $switch) $(ticks $host)"
        "$tessera" load --cards "$cards" --mix purchases=100 --duration "${seconds}s" \
            --seed "$run" --json shape.json "$@" >load.log 2>&1 || { tail -3 load.log; exit 1; }
        after="$(ticks $switch) $(ticks $host)"
        printf '%-12s run %d: %s\n' "$name" "$run" "$(grep -E '^steady' load.log)"
        grep -E '^purchases' load.log | sed 's/^/             /'
        echo "$before $after $(grep -Eo '[0-9]+ approved,' load.log | tail -1)" |
            awk '{printf "             CPU with the reading of balances: switch %.1f us, financial system %.1f us per approval\n", ($3 - $1) * 1e4 / $5, ($4 - $2) * 1e4 / $5}'
    done
}

shape "8 x 64" --connections 8 --window 64
shape "64 x 64" --connections 64 --window 64
shape "512 x 1" --connections 512 --window 1
shape "1 x 1" --connections 1 --window 1
grep -E 'VmHWM|VmRSS' /proc/$switch/status
kill -TERM $switch
wait $switch
"$tessera" audit --config switch.toml | tail -1
