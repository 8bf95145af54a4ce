#!/usr/bin/env bash
# Which Debian packages the tests of an area need and this machine does not have. Areas: browser, cluster, deploy, forms, fresh,
# instructions, monitoring, operations, peers, all.
#
#   tests/needs.sh AREA             names them and says how to get them; fails where one is missing
#   tests/needs.sh AREA --install   installs them (as root)
set -euo pipefail
area=$1
missing=()

concerns() { [[ $area == all || " $* " == *" $area "* ]]; }
# Debian has services in a folder that is not in the path of every user.
PATH=$PATH:/usr/sbin
have() { command -v "$1" >/dev/null; }

if concerns browser deploy forms fresh monitoring peers; then
    "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
    have "${NODE:-node}" || missing+=(nodejs)
    have "${NPM:-npm}" || missing+=(npm)
fi
if concerns browser; then
    have chromedriver || missing+=(chromium chromium-driver)
    have firefox-esr || have firefox || missing+=(firefox-esr)
fi
if concerns peers; then
    have tshark || missing+=(tshark)
    have javac || missing+=(default-jdk-headless)
fi
if concerns cluster fresh; then
    have ip || missing+=(iproute2)
fi
if concerns fresh; then
    have debootstrap || missing+=(debootstrap)
    have dpkg-deb || missing+=(dpkg)
    have strip || missing+=(binutils)
fi
if concerns operations; then
    compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(faketime)
    have softhsm2-util || missing+=(softhsm2)
    [ -x /usr/sbin/sshd ] || missing+=(openssh-server)
    have ssh || missing+=(openssh-client)
fi
if concerns deploy operations; then
    have haproxy || missing+=(haproxy)
fi
if concerns deploy; then
    have keepalived || missing+=(keepalived)
    have openssl || missing+=(openssl)
    have shellcheck || missing+=(shellcheck)
fi
if concerns deploy fresh; then
    have systemd-analyze || missing+=(systemd)
fi
if concerns instructions; then
    have valgrind || missing+=(valgrind)
fi
if concerns monitoring; then
    # It is in the package of the server, which need not run.
    have promtool || missing+=(prometheus)
fi

[ ${#missing[@]} -eq 0 ] && exit
install=(apt-get install --yes --no-install-recommends "${missing[@]}")
if [ "${2:-}" = --install ] && [ "$(id -u)" = 0 ] && have apt-get; then
    apt-get update
    DEBIAN_FRONTEND=noninteractive exec "${install[@]}"
fi
echo "The tests need what is not installed: ${missing[*]}" >&2
if have apt-get; then
    echo "Install it with: sudo apt-get update && sudo ${install[*]}" >&2
else
    echo "These are the names of Debian's packages; install the same with this system's package manager." >&2
fi
exit 1
