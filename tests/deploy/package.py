"""Installs the Debian package in a fresh Debian 12 and uses it there: `make fresh`.

    package.py PROGRAM      the built program: it is packed as `make package` does it

As root, because it makes a root folder of its own (debootstrap), with a network of its own in which no port is taken; otherwise it says
that it did nothing. There is no service manager in it: the services are started by hand as their units do it. At the end nothing of
it is left on the machine.
"""

import contextlib
import os
import pathlib
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 60
# Of the shipped configuration, what is different where all is on one machine, without a cluster and a proxy.
SWITCH = [
    (r"\n# Without this table the switch is alone.*", "\n"),
    (r"# The addresses from which the load balancers.*\nproxy_protocol_from.*\n", ""),
    (r'"host\.example:7583"', '"127.0.0.1:7583"'),
    (r'server_name = "host\.example"', 'server_name = "localhost"'),
]
WALLET = [(r"address = \[.*\]", 'address = "127.0.0.1:8585"'), (r'"switch\.example"', '"localhost"')]
# The names of certificates in the shipped configurations, and the certificates for development that take their places.
CERTIFICATES = {
    "host-ca.pem": "ca.pem", "leased-ca.pem": "ca.pem", "cluster-ca.pem": "ca.pem", "host.pem": "switch.pem", "host.key": "switch.key",
    "node.pem": "switch.pem", "node.key": "switch.key", "switch.pem": "switch.pem", "switch.key": "switch.key",
    "wallet-server.pem": "wallet-server.pem", "wallet-server.key": "wallet-server.key",
}

# An acquirer, with a key that is drawn for this run.
KEY = secrets.token_hex(16)
PARTY = """code = "31000000001"
name = "North"
kind = "acquirer"
mac_key_file = "north.key"
"""
PURCHASE = (f"tessera load --party 31000000001 --key {KEY} --acceptor NORTH-0001 --cards 1 --connections 1 --rate 1 --duration 1s"
            " --mix purchases=100 --certs /srv/certs")


def main(program):
    if os.geteuid() != 0:
        print("packages: not installed anywhere, because that takes root: sudo make fresh")
        return
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        packages = work / "packages"
        run(sys.executable, TOP / "deploy/package.py", program, packages, "--fast")
        [package] = packages.glob("*.deb")
        run("sha256sum", "--quiet", "--check", "SHA256SUMS", cwd=packages)
        root = work / "root"
        made = subprocess.run(debootstrap(root), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert made.returncode == 0, made.stdout[-2000:]
        print(f"A fresh Debian 12 after {time.monotonic() - begun:.0f} s.")
        (root / "tessera.deb").write_bytes(package.read_bytes())
        # What is started or mounted in there ends with it.
        apart = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"]
        run(*apart, sys.executable, __file__, "--within", root)
        check_tarball(next(packages.glob("*.tar.gz")), root, work)
    print(f"packages: installed, used, upgraded and purged in {time.monotonic() - begun:.0f} s")


def debootstrap(root):
    sources = output("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages", "Codename: bookworm").split()
    mirror = [sources[0]] if sources else []
    include = "--include=systemd-standalone-sysusers,systemd-standalone-tmpfiles,libgcc-s1,procps"
    return ["debootstrap", "--variant=minbase", include, "bookworm", str(root), *mirror]


class Root:
    """The fresh system."""

    def __init__(self, path):
        self.path = path

    def run(self, command, user="root"):
        done = subprocess.run(self.command(command, user), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def command(self, command, user):
        return ["chroot", f"--userspec={user}:{user}", str(self.path), *shlex.split(command)]

    @contextlib.contextmanager
    def service(self, command, user):
        """A program that runs, once it has said that it is ready."""
        log = self.path / f"{command.split()[1]}.log"
        with open(log, "wb") as out:
            process = subprocess.Popen(self.command(command, user), stdout=out, stderr=out, env=ENVIRONMENT)
        try:
            end = time.monotonic() + PATIENCE
            while not re.search(r"^ready ", log.read_text(), re.MULTILINE):
                assert process.poll() is None and time.monotonic() < end, f"{command}:\n{log.read_text()}"
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)
        assert process.returncode == 0, f"{command}: {process.returncode}\n{log.read_text()}"

    def write(self, path, text):
        (self.path / path).write_text(text)


ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


def within(path):
    root = Root(path)
    run("mount", "-t", "proc", "proc", path / "proc")
    run("ip", "link", "set", "lo", "up")
    root.run("dpkg --install /tessera.deb")
    check_files(root)
    configure(root)
    check_units(path)
    buy(root)
    upgrade(root)
    purge(root)


def check_files(root):
    """Users, folders with their owners, and all that the package promises."""
    for user, home in (("tessera", "/var/lib/tessera"), ("tessera-wallet", "/"), ("tessera-etcd", "/var/lib/tessera-etcd")):
        line = root.run(f"getent passwd {user}").strip().split(":")
        assert (line[5], line[6]) == (home, "/usr/sbin/nologin"), line
    for folder, owner, mode in (
        ("/var/lib/tessera", "tessera", "700"), ("/var/lib/tessera-etcd", "tessera-etcd", "700"),
        ("/etc/tessera", "root", "755"), ("/etc/tessera/certs", "root", "755"), ("/etc/tessera/keys", "root", "755"),
        ("/usr/bin/tessera", "root", "755"), ("/etc/tessera/switch.toml", "root", "644"),
    ):
        seen = root.run(f"stat --format '%U %a' {folder}").strip()
        assert seen == f"{owner} {mode}", f"{folder}: {seen}"
    version = root.run("tessera --version")
    assert version.split()[1] == root.run("dpkg-query --show --showformat '${Version}' tessera").strip(), version
    assert "not found" not in root.run("ldd /usr/bin/tessera"), "it finds its libraries"
    for path in (
        "man/man1/tessera.1.gz", "man/man1/tessera-switch.1.gz", "bash-completion/completions/tessera",
        "zsh/vendor-completions/_tessera", "fish/vendor_completions.d/tessera.fish", "doc/tessera/deployment.md", "doc/tessera/copyright",
    ):
        assert (root.path / "usr/share" / path).stat().st_size > 0, path
    root.run("bash -n /usr/share/bash-completion/completions/tessera")


def configure(root):
    """The shipped configuration, checked as it is by the services' users; then with the addresses of this machine."""
    root.run("tessera certs /srv/certs")
    certs = root.path / "etc/tessera/certs"
    for name, development in CERTIFICATES.items():
        (certs / name).write_bytes((root.path / "srv/certs" / development).read_bytes())
        (certs / name).chmod(0o600 if name.endswith(".key") else 0o644)
    root.run("tessera keys make --bits 256 /etc/tessera/keys/master.key")
    root.run("chown tessera: /etc/tessera/keys/master.key " + " ".join(f"/etc/tessera/certs/{name}.key" for name in ("switch", "node", "host")))
    root.run("chown tessera-wallet: /etc/tessera/certs/wallet-server.key")
    root.write("etc/tessera/parties/north.toml", PARTY)
    root.write("etc/tessera/parties/north.key", KEY + "\n")
    root.run("chmod 600 /etc/tessera/parties/north.key")
    root.run("chown tessera: /etc/tessera/parties/north.key /etc/tessera/parties/north.toml")
    assert "is good" in root.run("tessera switch --config /etc/tessera/switch.toml --data /var/lib/tessera --check", "tessera")
    assert "is good" in root.run("tessera wallet --config /etc/tessera/wallet.toml --check", "tessera-wallet")
    for name, changes in (("switch", SWITCH), ("wallet", WALLET)):
        path = f"etc/tessera/{name}.toml"
        text = (root.path / path).read_text()
        for pattern, there in changes:
            text, count = re.subn(pattern, there, text, flags=re.DOTALL if "Without this" in pattern else 0)
            assert count == 1, f"{path}: {pattern}"
        root.write(path, text)


def check_units(path):
    """With the installed program, users and documents."""
    units = sorted((path / "usr/lib/systemd/system").glob("tessera-*.service"))
    # There is no service manager, and etcd is not in the package.
    missing = r"Unit sysinit\.target not found|Command /usr/local/bin/etcd is not executable"
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={path}", *(f"/usr/lib/systemd/system/{unit.name}" for unit in units)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    wrong = [line for line in said.splitlines() if "tessera-" in line and not re.search(missing, line)]
    assert not wrong, said


def exec_start(root, name):
    text = (root.path / f"usr/lib/systemd/system/tessera-{name}.service").read_text()
    found = dict(re.findall(r"^(ExecStart|User)=(.*)$", text, re.MULTILINE))
    return found["ExecStart"], found["User"]


@contextlib.contextmanager
def system(root):
    """Financial system, switch and wallet server, the latter two by the commands of their units."""
    root.run("install -d -m 755 -o tessera -g tessera /run/tessera")
    example = (root.path / "usr/share/doc/tessera/examples/host.toml").read_text()
    root.write("srv/host.toml", example)
    with root.service("/usr/bin/tessera host --config /srv/host.toml", "root"):
        with root.service(*exec_start(root, "switch")), root.service(*exec_start(root, "wallet")):
            yield


def buy(root):
    root.run("tessera provision --config /etc/tessera/switch.toml --data /var/lib/tessera --cards 1 --balance 10000", "tessera")
    with system(root):
        said = root.run(PURCHASE)
        assert "1 approved, 0 declined" in said, said
    root.run("tessera audit --config /etc/tessera/switch.toml --data /var/lib/tessera", "tessera")


def upgrade(root):
    """A changed configuration, data and keys stay."""
    before = (root.path / "etc/tessera/switch.toml").read_text()
    said = root.run("dpkg --install /tessera.deb")
    assert "running switches and wallet servers go on with the old build" in said, said
    assert (root.path / "etc/tessera/switch.toml").read_text() == before
    assert "is good" in root.run("tessera switch --config /etc/tessera/switch.toml --data /var/lib/tessera --check", "tessera")
    with system(root):
        root.run(PURCHASE)


def purge(root):
    """Data, keys and users are the operator's; nothing else is left."""
    root.run("dpkg --purge tessera")
    left = root.run("find / -xdev -path /proc -prune -o -path /srv -prune -o -name '*tessera*' -print").split()
    expected = {"/tessera.deb", "/etc/tessera", "/run/tessera", "/var/lib/tessera", "/var/lib/tessera-etcd"}
    assert set(left) == expected, left
    kept = root.run("find /etc/tessera -type f").split()
    assert kept and all(re.match("/etc/tessera/(certs|keys|parties)/", path) for path in kept), kept
    root.run("getent passwd tessera")


def check_tarball(tarball, root, work):
    """It has the same files, and runs in the fresh system."""
    place = root / "opt"
    run("tar", "--extract", "--file", tarball, "--directory", place)
    [tree] = place.iterdir()
    done = output("chroot", root, f"/opt/{tree.name}/usr/bin/tessera", "--version")
    assert done.split()[1] in tree.name, done
    listing = output("dpkg-deb", "--contents", next((work / "packages").glob("*.deb")))
    packed = {line.split(maxsplit=5)[5].removeprefix("./") for line in listing.splitlines() if not line.startswith("d")}
    unpacked = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    assert unpacked < packed and packed - unpacked == {"usr/share/doc/tessera/copyright", "usr/share/lintian/overrides/tessera"}, unpacked ^ packed


def run(*command, cwd=None):
    subprocess.run([str(part) for part in command], check=True, cwd=cwd)


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


if sys.argv[1] == "--within":
    within(pathlib.Path(sys.argv[2]))
else:
    main(pathlib.Path(sys.argv[1]).resolve())
