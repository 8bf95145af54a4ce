#!/usr/bin/env python3
"""Makes the packages of a built program: a tarball for Debian 12 and others with its glibc, and a Debian package. Both have the same
files. The same program and commit give the same bytes.

    deploy/package.py PROGRAM FOLDER [--fast]

Writes FOLDER/tessera_VERSION_ARCHITECTURE.deb, FOLDER/tessera-VERSION-ARCHITECTURE.tar.gz and FOLDER/SHA256SUMS. Manual pages and
completions are written by the program itself. With --fast the packages are larger, and made in seconds: for tests. Needs dpkg-deb,
GNU tar, and strip.
"""

import argparse
import gzip
import hashlib
import os
import pathlib
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
# Where it goes, from where, with which mode. A pattern takes all files that fit, and a place with a slash at its end is a folder.
FILES = [
    ("usr/lib/systemd/system/", "deploy/systemd/*.service", 0o644),
    ("usr/lib/sysusers.d/", "deploy/sysusers.d/*.conf", 0o644),
    ("usr/lib/tmpfiles.d/", "deploy/tmpfiles.d/*.conf", 0o644),
    ("etc/tessera/", "deploy/config/*", 0o644),
    ("usr/share/tessera/", "deploy/certificates.sh", 0o755),
    ("usr/share/doc/tessera/", "docs/*.md", 0o644),
    ("usr/share/doc/tessera/", "README.md", 0o644),
    ("usr/share/doc/tessera/", "CHANGELOG.md", 0o644),
    ("usr/share/doc/tessera/", "LICENSE*", 0o644),
    ("usr/share/doc/tessera/examples/", "config/*.toml", 0o644),
    ("usr/share/doc/tessera/examples/", "config/*.yml", 0o644),
    ("usr/share/doc/tessera/examples/load/", "config/load/*.toml", 0o644),
    ("usr/share/doc/tessera/examples/parties/", "config/parties/*.toml", 0o644),
    ("usr/share/doc/tessera/examples/grafana/", "config/grafana/*.json", 0o644),
    ("usr/share/doc/tessera/examples/", "deploy/haproxy.cfg", 0o644),
    ("usr/share/doc/tessera/examples/", "deploy/keepalived.conf", 0o644),
    ("usr/share/doc/tessera/examples/kubernetes/", "deploy/kubernetes/*", 0o644),
]
# Keys are files of mode 600 that belong to the user of their program.
FOLDERS = ["etc/tessera/certs", "etc/tessera/keys", "etc/tessera/parties"]
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/tessera",
    "zsh": "usr/share/zsh/vendor-completions/_tessera",
    "fish": "usr/share/fish/vendor_completions.d/tessera.fish",
}
DESCRIPTION = """An anonymous prepaid payment switch
 A switch for purchases with prepaid cards: malls and acquirers request
 approval over ISO 8583, and the financial system confirms. With it come the
 wallet server, where payers use their wallets in the browser, and the tools
 to operate both. It runs alone or as a cluster of three machines, with etcd,
 which this package does not contain."""


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program", type=pathlib.Path)
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--fast", action="store_true")
    options = options.parse_args()
    program = options.program.resolve()
    version = output(program, "--version").split()[1]
    architecture = output("dpkg", "--print-architecture").strip()
    options.folder.mkdir(parents=True, exist_ok=True)
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as work:
        tree = pathlib.Path(work) / f"tessera-{version}"
        lay(tree, program)
        tarball = options.folder / f"tessera-{version}-{architecture}.tar.gz"
        pack(tree, tarball, options.fast)
        debian(tree, version, architecture)
        package = options.folder / f"tessera_{version}_{architecture}.deb"
        compression = ["-Zgzip", "-z1"] if options.fast else ["-Zxz"]
        run("dpkg-deb", "--root-owner-group", *compression, "--build", tree, package)
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (tarball, package)]
    (options.folder / "SHA256SUMS").write_text("".join(sums))
    print(package, tarball, options.folder / "SHA256SUMS", sep="\n")


def lay(tree, program):
    """The files as they are on a machine."""
    for place, pattern, mode in FILES:
        found = sorted(path for path in TOP.glob(pattern) if path.is_file())
        assert found, f"no file is like {pattern}"
        for path in found:
            put(tree / place / path.name, path.read_bytes(), mode)
    binary = tree / "usr/bin/tessera"
    binary.parent.mkdir(parents=True)
    run("strip", "--strip-debug", "-o", binary, program)
    binary.chmod(0o755)
    for folder in FOLDERS:
        (tree / folder).mkdir(parents=True)
    pages = tree / "usr/share/man/man1"
    run(program, "man", pages, quiet=True)
    for page in sorted(pages.iterdir()):
        put(page.with_name(f"{page.name}.gz"), gzip.compress(page.read_bytes(), mtime=0), 0o644)
        page.unlink()
    for shell, place in COMPLETIONS.items():
        put(tree / place, output(program, "completions", shell).encode(), 0o644)
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
        os.utime(path, (moment(), moment()))


def put(path, content, mode):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def pack(tree, tarball, fast):
    command = ["tar", "--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{moment()}", "--directory", tree.parent, tree.name]
    packed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    tarball.write_bytes(gzip.compress(packed, 1 if fast else 9, mtime=0))


def debian(tree, version, architecture):
    control = tree / "DEBIAN"
    for script in ("postinst", "prerm", "postrm"):
        put(control / script, (TOP / "deploy/debian" / script).read_bytes(), 0o755)
    put(tree / "usr/share/doc/tessera/copyright", (TOP / "deploy/debian/copyright").read_bytes(), 0o644)
    put(tree / "usr/share/lintian/overrides/tessera", (TOP / "deploy/debian/lintian-overrides").read_bytes(), 0o644)
    configuration = sorted(path.relative_to(tree) for path in (tree / "etc").rglob("*") if path.is_file())
    put(control / "conffiles", "".join(f"/{path}\n" for path in configuration).encode(), 0o644)
    # The program links to glibc and libgcc alone: built on Debian 12, it needs no newer ones. The units call kill, of procps.
    fields = {
        "Package": "tessera",
        "Version": version,
        "Architecture": architecture,
        "Maintainer": "Tessera developers <packages@tessera.example>",
        "Installed-Size": str(sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) // 1024),
        "Depends": "libc6 (>= 2.36), libgcc-s1, procps, systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles",
        "Recommends": "ca-certificates, openssl",
        "Suggests": "haproxy, keepalived, openssh-client, prometheus",
        "Section": "net",
        "Priority": "optional",
        "Description": DESCRIPTION,
    }
    put(control / "control", "".join(f"{name}: {value}\n" for name, value in fields.items()).encode(), 0o644)
    for path in [tree, *tree.rglob("*")]:
        os.utime(path, (moment(), moment()))


def moment():
    """Of the commit; dpkg-deb takes it from the environment."""
    if "SOURCE_DATE_EPOCH" not in os.environ:
        os.environ["SOURCE_DATE_EPOCH"] = output("git", "-C", TOP, "log", "-1", "--format=%ct").strip()
    return int(os.environ["SOURCE_DATE_EPOCH"])


def run(*command, quiet=False):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL if quiet else None)


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


main()
