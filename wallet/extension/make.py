"""Makes the extension: copies its files to target/extension, with the version of the workspace and the wallet server's origin put
in, and packs them as target/tessera-extension.zip. The same files give the same bytes, whenever and wherever.

    make.py TARGET [--wallet ORIGIN] [--test ORIGIN ...]

--test makes an extension for the headless test: it may look into these origins without asking, and its popup may stand in a tab.
"""

import argparse
import json
import pathlib
import re
import shutil
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
FILES = ["manifest.json", "build.js", "plan.js", "popup.css", "popup.html", "popup.js", "server.js", "tab.js", "icons", "page"]
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("target", type=pathlib.Path)
    options.add_argument("--wallet", default="http://localhost:8080")
    options.add_argument("--test", nargs="*", metavar="ORIGIN")
    options = options.parse_args()
    if not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", options.wallet):
        sys.exit(f"{options.wallet} is not an origin: write it like https://wallet.example, without a path")
    if not re.match(r"https:|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$", options.wallet):
        sys.exit(f"{options.wallet} would send passwords in the clear: a wallet server that is not on this machine has https")
    folder = options.target / ("extension" if options.test is None else "extension-test")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in FILES:
        source = HERE / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder / name)
    write_manifest(folder / "manifest.json", options)
    write_constants(folder / "build.js", options)
    if options.test is None:
        pack(folder, options.target / "tessera-extension.zip")
    print(folder)


def write_manifest(path: pathlib.Path, options: argparse.Namespace) -> None:
    manifest = json.loads(path.read_text())
    manifest["version"] = version()
    manifest["host_permissions"] = [f"{options.wallet}/*"] + [f"{origin}/*" for origin in options.test or []]
    policy = manifest["content_security_policy"]
    policy["extension_pages"] = policy["extension_pages"].replace("http://localhost:8080", options.wallet)
    path.write_text(json.dumps(manifest, indent=2) + "\n")


def write_constants(path: pathlib.Path, options: argparse.Namespace) -> None:
    text = path.read_text().replace('"http://localhost:8080"', json.dumps(options.wallet))
    path.write_text(text.replace("TEST = false", f"TEST = {str(options.test is not None).lower()}"))


def version() -> str:
    """The workspace's."""
    cargo = (HERE / "../../Cargo.toml").read_text()
    section = cargo.split("[workspace.package]", 1)[1]
    return re.search(r'^version = "([\d.]+)', section, re.MULTILINE).group(1)


def pack(folder: pathlib.Path, archive: pathlib.Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), LONG_AGO)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, path.read_bytes())


main()
