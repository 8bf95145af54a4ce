"""A push service: takes messages for browsers (RFC 8030), and opens them as the browsers would.

The cryptography is that of http_ece (RFC 8188, RFC 8291) and py_vapid (RFC 8292), on which the clients of Mozilla's push service
are built. Lines of standard input: `subscribe` (a new browser, said as an event), `answer STATUS [SECONDS]` (to all messages from
now on, with Retry-After), `forget PATH` (410 for this browser).
"""

import base64
import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

lock = threading.Lock()
browsers = {}
forgotten = set()
answers = {"status": 201, "after": None}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def say(**event):
    with lock:
        print(json.dumps(event), flush=True)


def subscribe(origin):
    private = ec.generate_private_key(ec.SECP256R1())
    public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret, path = os.urandom(16), "/push/" + encode(os.urandom(24))
    browsers[path] = (private, secret)
    say(event="subscribed", path=path, address=origin + path, keys=f"{encode(public)}.{encode(secret)}")


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        status = self.judge(body)
        self.send_response(status)
        if answers["after"] and status == answers["status"]:
            self.send_header("retry-after", answers["after"])
        self.send_header("content-length", "0")
        self.end_headers()

    def judge(self, body):
        if self.path in forgotten or self.path not in browsers:
            say(event="gone", path=self.path)
            return 410
        if not Vapid02.verify(self.headers["authorization"]):
            say(event="refused", why="vapid")
            return 403
        if self.headers["content-encoding"] != "aes128gcm" or not self.headers["ttl"].isdigit() or len(body) > 4096:
            say(event="refused", why="headers")
            return 400
        if answers["status"] != 201:
            say(event="refused", why=answers["status"])
            return answers["status"]
        private, secret = browsers[self.path]
        opened = http_ece.decrypt(body, private_key=private, auth_secret=secret, version="aes128gcm")
        say(
            event="message",
            path=self.path,
            message=json.loads(opened),
            topic=self.headers["topic"],
            bytes=len(body),
            digest=hashlib.sha256(body).hexdigest(),
        )
        return 201

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["TESSERA_PEER_PORT"])), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"ready {server.server_port}", flush=True)
for line in sys.stdin:
    command, *rest = line.split()
    if command == "subscribe":
        subscribe(f"http://127.0.0.1:{server.server_port}")
    elif command == "answer":
        answers.update(status=int(rest[0]), after=rest[1] if len(rest) > 1 else None)
        say(event="answers")
    elif command == "forget":
        forgotten.add(rest[0])
        say(event="forgotten")
