#!/usr/bin/env bash
# What a shop could take instead, on the same machine: PostgreSQL, one durable debit of a prepaid balance with its row in a table of
# transactions, for each database transaction, by prepared statements. In turn with it the switch, which does all that it does: MACs,
# repeats recognized, two synced records for each approval, a financial system asked. Prints both figures of each round.
# Needs an optimized build, Debian's package postgresql, and root, which becomes the user postgres: PostgreSQL refuses to be run by root.
#   benches/postgres.sh [seconds, 10] [rounds, 3] [clients, 64] [wallets, 100000]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10} rounds=${2:-3} clients=${3:-64} wallets=${4:-100000}
tessera=${TESSERA:-$PWD/target/dist/tessera}
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -n "$programs" ] || { echo "PostgreSQL is not installed: apt-get install postgresql" >&2; exit 2; }
folder=$(mktemp -d) switch=
finish() {
    [ -z "$switch" ] || kill "$switch" "$host" 2>/dev/null || true
    as_postgres pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    wait
    rm -rf "$folder"
}
trap finish EXIT
as_postgres() { runuser -u postgres -- "$programs/$1" "${@:2}"; }

chmod 755 "$folder"
install -d -o postgres "$folder/data" "$folder/socket"
as_postgres initdb -D "$folder/data" -A trust -U postgres >/dev/null
cat >>"$folder/data/postgresql.conf" <<EOF
listen_addresses = '127.0.0.1'
port = 5544
unix_socket_directories = '$folder/socket'
shared_buffers = 2GB
max_wal_size = 8GB
checkpoint_timeout = 15min
max_connections = 200
EOF
as_postgres pg_ctl -D "$folder/data" -l "$folder/socket/log" -w start >/dev/null
postgres() { "$programs/$1" -h 127.0.0.1 -p 5544 -U postgres "${@:2}" postgres; }
postgres psql -qAt -v ON_ERROR_STOP=1 -v wallets="$wallets" <<'EOF'
create table wallets(id int primary key, balance bigint not null) with (fillfactor = 80);
insert into wallets select number, 1000000000 from generate_series(1, :wallets) number;
create table transactions(id bigserial primary key, wallet int not null, amount bigint not null, trace int not null,
    reference char(12) not null, terminal char(8) not null, at timestamptz not null default now());
vacuum analyze;
EOF
cat >"$folder/debit.sql" <<EOF
\set wallet random(1, $wallets)
\set amount random(1, 100)
\set trace random(1, 999999)
with debited as (update wallets set balance = balance - :amount where id = :wallet and balance >= :amount returning id)
insert into transactions(wallet, amount, trace, reference, terminal) select id, :amount, :trace, '123456789012', 'TERM0001' from debited;
EOF

mkdir "$folder/switch"
cp -r config/*.toml config/parties "$folder/switch"
cd "$folder/switch"
# No shop takes webhooks here.
sed -i '/^\[webhook\]/,$d' parties/teacup.toml
"$tessera" certs certs >/dev/null
"$tessera" provision --config switch.toml --cards "$wallets" --balance 1000000000 >/dev/null
"$tessera" host --config host.toml >host.log 2>&1 &
host=$!
"$tessera" switch --config switch.toml >switch.log 2>&1 &
switch=$!
until curl --silent --fail http://127.0.0.1:9583/readyz >/dev/null; do sleep 0.1; done

for ((round = 1; round <= rounds; round++)); do
    # The number of rows is not what is compared.
    postgres psql -qAt -c 'truncate transactions' -c checkpoint
    debits=$(postgres pgbench -n -M prepared -f "$folder/debit.sql" -c "$clients" -j 2 -T "$seconds" 2>/dev/null | awk '/^tps/ {print $3}')
    "$tessera" load --cards "$wallets" --mix purchases=100 --duration "${seconds}s" --connections 8 --window 64 --seed "$round" \
        >load.log 2>&1 || { tail -3 load.log; exit 1; }
    approvals=$(sed -n 's|^steady.*, \([0-9]*\) approvals/s.*|\1|p' load.log)
    awk -v round="$round" -v clients="$clients" -v debits="$debits" -v approvals="$approvals" 'BEGIN {
        printf "round %d: PostgreSQL, %d clients: %d debits/s; the switch, 8 x 64: %d approvals/s; %.1f times\n",
            round, clients, debits, approvals, approvals / debits}'
done
