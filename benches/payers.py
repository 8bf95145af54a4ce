#!/usr/bin/env python3
"""What payers cost: signing in, and open live views. Standard library only.

    benches/payers.py sign-in --line 127.0.0.1:8585 --certs config/certs --seconds 10
    benches/payers.py live    --line 127.0.0.1:8585 --certs config/certs --wallet 127.0.0.1:8080 --wallets 500 --views 10000

`sign-in` keeps the switch's password threads busy over the wallet server's line, with a number that nobody has and another address each
time, and says how many passwords were looked at. `live` registers wallets, opens views of them on the wallet server, and then waits until its standard
input ends, so that memory can be read meanwhile.
"""

import argparse
import asyncio
import os
import random
import ssl
import sys
import time

DAMM = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
]
INSTITUTION = bytes.fromhex("11900000000010")


def client_number():
    digits = [random.randrange(10) for _ in range(14)]
    check = 0
    for digit in digits:
        check = DAMM[check][digit]
    return "".join(map(str, digits)) + str(check)


def tlvs(items):
    body = "".join(f"{tag:02}{len(value):03}{value}" for tag, value in items).encode()
    return bytes.fromhex(f"{len(body):04}") + body


def frame(mti, fields):
    bitmap = 0
    for field in fields:
        bitmap |= 1 << (128 - field)
    secondary = any(field > 64 for field in fields)
    if secondary:
        bitmap |= 1 << 127
    bits = bitmap.to_bytes(16, "big")[: 16 if secondary else 8]
    body = bytes.fromhex(mti) + bits + b"".join(fields[field] for field in sorted(fields))
    return len(body).to_bytes(2, "big") + body


def stamp():
    return bytes.fromhex(time.strftime("%m%d%H%M%S", time.gmtime()))


def operation(number, code, data, secrets):
    return frame(
        "0600",
        {
            7: stamp(),
            11: bytes.fromhex(f"{number % 1000000:06}"),
            24: bytes.fromhex(f"0{code}"),
            32: INSTITUTION,
            37: f"{number:012}".encode(),
            60: tlvs(data),
            62: tlvs(secrets),
        },
    )


def code_of(body):
    """Fields 7, 11, 24, 32, 37 stand before 39."""
    at = 2 + (16 if body[2] & 0x80 else 8)
    at += 5 + 3 + 2 + 7 + 12
    return body[at : at + 2].decode()


class Line:
    @classmethod
    async def open(cls, address, certs):
        context = ssl.create_default_context(cafile=os.path.join(certs, "ca.pem"))
        context.load_cert_chain(
            os.path.join(certs, "wallet-server.pem"), os.path.join(certs, "wallet-server.key")
        )
        host, port = address.rsplit(":", 1)
        self = cls()
        self.reader, self.writer = await asyncio.open_connection(
            host, int(port), ssl=context, server_hostname="localhost"
        )
        self.writer.write(
            frame("0800", {7: stamp(), 11: bytes.fromhex("000001"), 32: INSTITUTION, 70: bytes.fromhex("0001")})
        )
        await self.answer()
        self.number = random.randrange(10**11)
        return self

    async def answer(self):
        length = int.from_bytes(await self.reader.readexactly(2), "big")
        return await self.reader.readexactly(length)

    def send(self, code, data, secrets):
        self.number += 1
        self.writer.write(operation(self.number, code, data, secrets))


def address():
    return ".".join(str(random.randrange(256)) for _ in range(4))


async def sign_in(given):
    line = await Line.open(given.line, given.certs)
    codes, under_way, until = {}, 0, time.monotonic() + given.seconds
    began = time.monotonic()
    while True:
        while under_way < given.window and time.monotonic() < until:
            secrets = [(16, client_number()), (17, "not the password"), (19, "5a" * 24), (21, address())]
            line.send("201", [(24, "web")], secrets)
            under_way += 1
        if under_way == 0:
            break
        code = code_of(await line.answer())
        codes[code] = codes.get(code, 0) + 1
        under_way -= 1
    took = time.monotonic() - began
    print(f"{codes.get('63', 0) / took:.1f} passwords looked at a second; answers {codes}")


async def register(line):
    secret = "".join(random.choice("0123456789abcdef") for _ in range(48))
    secrets = [(16, client_number()), (17, "correct horse"), (19, secret), (21, address())]
    line.send("200", [(24, "web"), (20, "a bench")], secrets)
    body = await line.answer()
    assert code_of(body) == "00", code_of(body)
    # Field 61 is the last: 01, three digits of length, the wallet.
    tail = body[2 + 8 + 5 + 3 + 2 + 7 + 12 + 2 :]
    length = int(tail[4:7])
    wallet = int(tail[7 : 7 + length])
    return f"{wallet:016x}{secret}"


async def view(given, handle, state):
    host, port = given.wallet.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET /live HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: __Host-tessera={handle}\r\n"
        "Accept: text/event-stream\r\n\r\n".encode()
    )
    status = await reader.readline()
    state["open" if b" 200 " in status else "refused"] += 1
    while await reader.read(4096):
        pass
    state["ended"] += 1


async def live(given):
    line = await Line.open(given.line, given.certs)
    handles = [await register(line) for _ in range(given.wallets)]
    state = {"open": 0, "refused": 0, "ended": 0}
    views = []
    for number in range(given.views):
        views.append(asyncio.create_task(view(given, handles[number % len(handles)], state)))
        if number % 100 == 99:
            await asyncio.sleep(0.05)
    while state["open"] + state["refused"] < given.views:
        await asyncio.sleep(0.1)
    print(state, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(state, flush=True)
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name in ["sign-in", "live"]:
        kind = kinds.add_parser(name)
        kind.add_argument("--line", default="127.0.0.1:8585")
        kind.add_argument("--certs", default="config/certs")
        if name == "sign-in":
            kind.add_argument("--seconds", type=float, default=10)
            kind.add_argument("--window", type=int, default=32)
        else:
            kind.add_argument("--wallet", default="127.0.0.1:8080")
            kind.add_argument("--wallets", type=int, default=500)
            kind.add_argument("--views", type=int, default=10000)
    given = parser.parse_args()
    asyncio.run(sign_in(given) if given.kind == "sign-in" else live(given))


main()
