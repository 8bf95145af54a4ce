"""Connections of parties and of the wallet server, by pyiso8583: nothing here is made from the product's own code."""

import asyncio
import hmac
import ssl
import struct
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import iso8583

sys.path.append(str(Path(__file__).resolve().parent.parent / "peers"))
from buy import SPEC as FIELDS  # noqa: E402
from buy import cmac, digits, raw, text  # noqa: E402

SPEC = FIELDS | {"15": digits(4), "24": digits(3), "66": digits(1), "97": raw(9)}
SPEC |= {str(field): digits(10) for field in range(74, 78)}
SPEC |= {str(field): digits(16) for field in range(86, 90)}
SPEC |= {str(field): text(999, 2) for field in (60, 61, 62, 63)}

# No message of the switch is longer (wire protocol, section 1).
MESSAGE_BYTES_MAX = 4096


class Lost(Exception):
    """The connection ended, or no answer came in time: what became of the request is not known."""


class Clock:
    """The switch's clock: this machine's, and by how many seconds it has been set off."""

    offset = 0

    def now(self):
        return datetime.now(timezone.utc) + timedelta(seconds=self.offset)


def tlv(**tags):
    return "".join(f"{tag[1:]}{len(value):03}{value}" for tag, value in tags.items())


def tags(value):
    found, at = {}, 0
    while at + 5 <= len(value):
        length = int(value[at + 2:at + 5])
        found[value[at:at + 2]] = value[at + 5:at + 5 + length]
        at += 5 + length
    return found


class Line:
    """A connection that signs on by itself and again when it was lost. Answers are matched by fields 11, 41 and 2 and the class of
    the message, which together are unique among what is open."""

    def __init__(self, host, port, institution, key, clock, context=None, trace=0):
        self.address, self.institution, self.key, self.clock, self.context = (host, port), institution, key, clock, context
        self.writer, self.reading, self.open, self.trace = None, None, {}, trace
        # What the switch sent that no switch may send; the driver looks here.
        self.faults = []
        # How often it was ended on purpose.
        self.vanished = 0
        self.connecting = asyncio.Lock()

    def next_trace(self):
        self.trace = self.trace % 999_999 + 1
        return f"{self.trace:06}"

    async def connect(self):
        async with self.connecting:
            if self.writer is not None:
                return
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(*self.address, ssl=self.context), 10)
            except (OSError, asyncio.TimeoutError, ssl.SSLError) as error:
                raise Lost(f"no connection: {error}") from error
            self.writer = writer
            self.reading = asyncio.create_task(self.read(reader, writer))
            stamp = f"{self.clock.now():%m%d%H%M%S}"
            sign_on = {"t": "0800", "7": stamp, "11": self.next_trace(), "32": self.institution, "70": "001"}
            answer = await self.send(sign_on, 10)
            if answer["39"] != "00":
                self.drop()
                raise Lost(f"sign-on: {answer}")

    def drop(self):
        """Ends the connection; what is open is lost."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
        if self.reading is not None and self.reading is not asyncio.current_task():
            self.reading.cancel()
        for waiting in self.open.values():
            if not waiting.done():
                waiting.set_exception(Lost("the connection ended"))
        self.open.clear()

    async def ask(self, request, within):
        await self.connect()
        return await self.send(request, within)

    async def send(self, request, within):
        writer, name = self.writer, self.name(request)
        if writer is None:
            raise Lost("the connection ended")
        waiting = asyncio.get_running_loop().create_future()
        self.open[name] = waiting
        try:
            writer.write(self.packed(request))
            await asyncio.wait_for(writer.drain(), within)
            return await asyncio.wait_for(waiting, within)
        except (OSError, asyncio.TimeoutError) as error:
            raise Lost(f"no answer: {error!r}") from error
        finally:
            if self.open.get(name) is waiting:
                del self.open[name]
            if not waiting.cancel() and not waiting.cancelled():
                # Looked at, or else asyncio complains of it where nobody waited any more.
                waiting.exception()

    @staticmethod
    def name(message):
        return message["11"], message.get("41"), message.get("2"), message["t"][1]

    def asked(self, answer):
        """The request that it answers. A refusal of the format echoes no card number."""
        found = self.open.get(self.name(answer))
        if found is None and answer.get("39") == "30":
            trace, terminal, _, kind = self.name(answer)
            alike = [one for name, one in self.open.items() if (name[0], name[1], name[3]) == (trace, terminal, kind)]
            found = alike[0] if len(alike) == 1 else None
        return found

    def packed(self, request):
        message = dict(request)
        if self.key:
            message["128" if any(key.isnumeric() and int(key) > 64 for key in message) else "64"] = "00" * 8
        encoded, _ = iso8583.encode(message, SPEC)
        packed = bytes(encoded)
        if self.key:
            packed = packed[:-8] + cmac(self.key, packed[:-8])[:8]
        return struct.pack(">H", len(packed)) + packed

    async def read(self, reader, writer):
        try:
            while True:
                (length,) = struct.unpack(">H", await reader.readexactly(2))
                assert length <= MESSAGE_BYTES_MAX, f"an answer of {length} bytes"
                if length == 0:
                    continue
                packed = await reader.readexactly(length)
                answer, _ = iso8583.decode(packed, SPEC)
                if self.key:
                    assert hmac.compare_digest(cmac(self.key, packed[:-8])[:8], packed[-8:]), f"a wrong MAC: {answer}"
                waiting = self.asked(answer)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except (AssertionError, iso8583.DecodeError) as error:
            self.faults.append(error)
        finally:
            if self.writer is writer:
                self.drop()
