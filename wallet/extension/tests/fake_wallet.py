"""The wallet server, played: the extension's API on a port of its own, and the pages of tests under /forms/, /painted/ and /sites/."""

import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
PAGES = ("forms", "painted", "sites")
PAGE = """<!doctype html><html lang="en"><body><form>
<label>Card number <input autocomplete="cc-number"></label><label>Expiry <input autocomplete="cc-exp"></label>
</form>"""
CLIENT, PASSWORD, SESSION = "123456789012345", "correct horse battery", "5e55"


class FakeWallet:
    """Hands out this number; `asked` is what it was asked, newest last. The page /loading ends when `whole` is set. `balance` is what it
    says of the wallet."""

    def __init__(self, number):
        self.asked, self.whole = [], threading.Event()
        self.balance = {"available": "1234.50", "currency": "USD", "frozen": False}
        handler = type("Handler", (Handler,), {"number": number, "asked": self.asked, "whole": self.whole, "balance": self.balance})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.port = server.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    number = ""
    asked = []
    whole = threading.Event()
    balance = {}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
        self.asked.append((self.path, body))
        bearer = self.headers.get("authorization")
        if self.path == "/extension/v1/session":
            if (body["client"], body["password"]) != (CLIENT, PASSWORD):
                return self.answer(401, {})
            return self.answer(200, {"session": SESSION, "shown_card": "0010,3112", "name": "A PAYER"})
        if bearer != f"Bearer {SESSION}":
            return self.answer(401, {})
        if self.path == "/extension/v1/number":
            return self.answer(200, {"number": self.number, "expiry": "3112", "name": "A PAYER"})
        if self.path == "/extension/v1/balance":
            return self.answer(200, self.balance)
        return self.answer(200, {})

    def do_GET(self):
        if self.path == "/loading":
            return self.load()
        if self.path == "/tessera.js":
            return self.send(b"", "text/javascript")
        folder, name = pathlib.PurePath(self.path).parts[-2:]
        path = HERE / folder / name
        if folder not in PAGES or not path.is_file():
            return self.send_error(404)
        self.send(path.read_bytes().replace(b"{WALLET}", f"http://localhost:{self.server.server_port}".encode()), "text/html; charset=utf-8")

    def send(self, body, kind):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(body)

    def load(self):
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        # As much as a browser wants to see before it shows anything.
        self.wfile.write((PAGE + "<!-- " + "." * 8192 + " -->").encode())
        self.whole.wait()
        self.wfile.write(b"</body></html>")

    def answer(self, status, answer):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


def make(wallet, browser="chromium", looks_into=()):
    """The extension for this wallet server, by the command of the product: its folder. For a test it may look into origins without
    asking, and its popup may be in a tab."""
    target = pathlib.Path(tempfile.mkdtemp())
    subprocess.run([os.environ["TESSERA"], "extension", target, "--wallet", f"http://localhost:{wallet.port}"], check=True, capture_output=True)
    folder = target / browser
    if looks_into:
        manifest = folder / "manifest.json"
        content = json.loads(manifest.read_text())
        content["host_permissions"] += [f"{origin}/*" for origin in looks_into]
        manifest.write_text(json.dumps(content))
        build = folder / "build.js"
        build.write_text(build.read_text().replace("TEST = false", "TEST = true"))
    return folder


def archive(folder):
    """The folder's files as browsers take them."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as packed:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            packed.write(file, file.relative_to(folder))
    return path


def expected(path):
    """What a page of a test says of itself."""
    return json.loads(re.search(r"<!--\n(.*?)\n-->", path.read_text(), re.DOTALL).group(1))


def program(*names):
    """Where the first of these programs is, as the shell finds it."""
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, f"none of {', '.join(names)} is installed: make setup"
    return found


def chromium():
    return program("chromium", "chromium-browser", "google-chrome")


def identity(folder):
    """The browser's name for an unpacked extension: its path's digest."""
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest)
