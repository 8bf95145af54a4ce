#!/usr/bin/env bash
# Makes the certificates of a cluster with openssl: two authorities, and what each machine needs. An authority of your
# own company may sign them instead; this script then shows which names and uses they need.
#
#   deploy/certificates.sh FOLDER SWITCH-NAME NODE...
#   deploy/certificates.sh /root/tessera-certs switch.example n1.example n2.example n3.example
#
# What exists is kept: to renew a certificate, delete it and run the script again. FOLDER/authorities has the keys of the
# authorities: keep it offline. The other folders are copied to /etc/tessera/certs of one machine each.
set -euo pipefail
umask 077

[ $# -ge 3 ] || { sed -n '5,6s/^# *//p' "$0" >&2; exit 2; }
folder=$1 switch=$2
shift 2
days=825
authorities=$folder/authorities
mkdir -p "$authorities"

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null \
    || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# authority NAME SUBJECT
authority() {
    [ -e "$authorities/$1.pem" ] && return
    new_key "$authorities/$1.key"
    openssl req -x509 -new -key "$authorities/$1.key" -out "$authorities/$1.pem" -days 3650 -subj "/CN=$2" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    echo "made $authorities/$1.pem"
}

# certificate FILE AUTHORITY SUBJECT USES NAMES: FILE.pem and FILE.key
certificate() {
    [ -e "$1.pem" ] && return
    new_key "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$3" | openssl x509 -req -out "$1.pem" -days "$days" \
        -CA "$authorities/$2.pem" -CAkey "$authorities/$2.key" -set_serial "0x$(openssl rand -hex 16)" \
        -extfile <(printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
            "extendedKeyUsage=$4" ${5:+"subjectAltName=$5"}) 2>/dev/null
    echo "made $1.pem"
}

authority cluster-ca "Tessera cluster authority"
authority leased-ca "Tessera leased line authority"
for node in "$@"; do
    mkdir -p "$folder/$node"
    cp "$authorities/cluster-ca.pem" "$authorities/leased-ca.pem" "$folder/$node"
    # Members of etcd are servers and clients of each other; each machine's own tools reach it at 127.0.0.1.
    certificate "$folder/$node/etcd" cluster-ca "$node" serverAuth,clientAuth "DNS:$node,DNS:localhost,IP:127.0.0.1"
    certificate "$folder/$node/node" cluster-ca "$node" serverAuth,clientAuth "DNS:$node"
    # The wallet server reaches every node by this name.
    certificate "$folder/$node/switch" leased-ca "$switch" serverAuth "DNS:$switch,DNS:$node"
done
mkdir -p "$folder/wallet-server"
cp "$authorities/leased-ca.pem" "$folder/wallet-server"
certificate "$folder/wallet-server/wallet-server" leased-ca "Tessera wallet server" clientAuth ""
chmod 644 "$authorities"/*.pem "$folder"/*/*.pem
