# What the benches of clusters share: sourced with $cards and $balance set, in a folder that is removed at the end. The financial system
# runs then, and the data of a switch is there; lay_out makes it that of a cluster.
# Measures target/dist/tessera, or $TESSERA. The program etcd is the one in $ETCD, or that of the tests' dependency etcd-bin-vendored.

tessera=${TESSERA:-$PWD/target/dist/tessera}
etcd=${ETCD:-$(cargo metadata --format-version 1 --locked | python3 -c '
import json, pathlib, sys
packages = json.load(sys.stdin)["packages"]
found = [p["manifest_path"] for p in packages if p["name"].startswith("etcd-bin-vendored-linux-")]
machine = {"x86_64": "amd64", "aarch64": "arm64"}[__import__("platform").machine()]
print(next(str(file) for path in found if machine in path for file in pathlib.Path(path).parent.rglob("etcd") if file.is_file()))')}
folder=$(mktemp -d "$PWD/target/cluster.XXXXXX")
trap 'kill -KILL $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
declare -A pid
cp -r config/*.toml config/parties "$folder"
# No shop takes webhooks here.
sed -i '/^\[webhook\]/,$d' "$folder/parties/teacup.toml"
cd "$folder"
"$tessera" certs certs >/dev/null
"$tessera" provision --config switch.toml --cards "$cards" --balance "$balance"
"$tessera" host --config host.toml >host.log 2>&1 &
pid[host]=$!

# Malls, wallet server, operations and the other nodes, by node.
port() { echo $(($1 + 10000 * ($2 - 1))); }
ready() { until curl --silent --fail "http://127.0.0.1:$1/readyz" >/dev/null; do sleep 0.02; done; }
# User and system time of a process, in milliseconds.
cpu() { awk '{print 10 * ($14 + $15)}' "/proc/${pid[$1]}/stat"; }

# Three members of etcd that run, and three nodes that do not.
lay_out() {
    local members="" others="" endpoints="" node base
    for node in 1 2 3; do members+="e$node=http://127.0.0.1:$(port 2380 $node),"; done
    for node in 1 2 3; do
        # With more threads the members take cores from one another, and from the switches.
        GOMAXPROCS=1 "$etcd" --name "e$node" --data-dir "etcd$node" --initial-cluster "${members%,}" \
            --listen-peer-urls "http://127.0.0.1:$(port 2380 $node)" \
            --initial-advertise-peer-urls "http://127.0.0.1:$(port 2380 $node)" \
            --listen-client-urls "http://127.0.0.1:$(port 2379 $node)" \
            --advertise-client-urls "http://127.0.0.1:$(port 2379 $node)" \
            --snapshot-count 500 --snapshot-catchup-entries 300 --quota-backend-bytes 4294967296 >"etcd$node.log" 2>&1 &
        pid[etcd$node]=$!
    done
    malls=""
    for node in 1 2 3; do
        malls+="127.0.0.1:$(port 8583 $node),"
        others+="n$node = \"127.0.0.1:$(port 8586 $node)\", "
        endpoints+="\"http://127.0.0.1:$(port 2379 $node)\", "
    done
    malls=${malls%,}
    for node in 1 2 3; do
        mkdir "n$node"
        cp -r certs parties "n$node"
        [ -d keys ] && cp -r keys "n$node"
        sed -E "s/127\.0\.0\.1:(8583|8584|8585|9583)\"/127.0.0.1:OF\1\"/" switch.toml >"n$node/switch.toml"
        for base in 8583 8584 8585 9583; do sed -i "s/:OF$base/:$(port $base $node)/" "n$node/switch.toml"; done
        printf '\n[cluster]\nnode = "n%d"\nnodes = { %s }\netcd = [%s]\n' "$node" "${others%, }" "${endpoints%, }" >>"n$node/switch.toml"
    done
    mv data n1/data
    "$tessera" cluster begin --config n1/switch.toml >/dev/null
    cp -r n1/data n2/data
    cp -r n1/data n3/data
}

start() {
    "$tessera" switch --config "n$1/switch.toml" >>"n$1.log" 2>&1 &
    pid[n$1]=$!
}
follow() { # Until all three nodes are there.
    until [ "$("$tessera" cluster status --config n1/switch.toml 2>/dev/null | grep -Ec '^n[123] +(active|standby)')" = 3 ]; do sleep 0.1; done
}
active() { "$tessera" cluster status --config n1/switch.toml | awk '$2 == "active" {print substr($1, 2)}'; }
