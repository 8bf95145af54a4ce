"""The wallet server, played: the extension's API on a port of its own, and the pages of tests under /forms/ and /painted/."""

import hashlib
import http.server
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
PAGES = ("forms", "painted")
PAGE = """<!doctype html><html lang="en"><body><form>
<label>Card number <input autocomplete="cc-number"></label><label>Expiry <input autocomplete="cc-exp"></label>
</form>"""
CLIENT, PASSWORD, SESSION = "123456789012345", "correct horse battery", "5e55"


class FakeWallet:
    """Hands out this number; `asked` is what it was asked, newest last. The page /loading ends when `whole` is set."""

    def __init__(self, number):
        self.asked, self.whole = [], threading.Event()
        handler = type("Handler", (Handler,), {"number": number, "asked": self.asked, "whole": self.whole})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.port = server.server_address[1]


class Handler(http.server.BaseHTTPRequestHandler):
    number = ""
    asked = []
    whole = threading.Event()

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
        return self.answer(200, {})

    def do_GET(self):
        if self.path == "/loading":
            return self.load()
        folder, name = pathlib.PurePath(self.path).parts[-2:]
        path = HERE / folder / name
        if folder not in PAGES or not path.is_file():
            return self.send_error(404)
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
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


def make(wallet, *more):
    """The extension for this wallet server: its folder."""
    target = pathlib.Path(tempfile.mkdtemp())
    command = [sys.executable, HERE.parent / "make.py", target, "--wallet", f"http://localhost:{wallet.port}", *more]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return pathlib.Path(said.stdout.strip())


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
