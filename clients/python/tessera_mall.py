"""The client of a mall's server at the Tessera switch: one file, made to be copied.

    mall = Mall(["127.0.0.1:8583"], party="10000000001", acceptor="MALL-0001", terminal="TERM0001",
                key="000102030405060708090a0b0c0d0e0f")
    purchase = mall.purchase("ORDER-1", 1999, "2 x tea")
    outcome, answer = mall.pay(purchase, keep=store)        # "paid", "declined" or "undone"

It needs Python 3.10 or later and the package `cryptography`. Every request is a dictionary of texts that can be stored as
JSON. A connection carries one request at a time: threads may share a `Mall`, which opens connections as they are needed.
The messages are described in docs/protocol.md, and lost answers in docs/idempotency.md.
"""

import base64
import hashlib
import hmac
import json
import random
import re
import socket
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

# Every field with its packing and length: docs/protocol.md, "Packing".
# made: python
FIELDS = (
    "2 LN19 3 N6 4-6 N12 7 N10 8-10 N8 11-12 N6 13-18 N4 19-24 N3 25-26 N2 27 N1 "
    "28-31 A9 32-33 LN11 34 LC28 35 TRACK37 36 LLC104 37 C12 38 C6 39 C2 40 C3 41 C8 "
    "42 C15 43 C40 44 LC25 45 LC76 46-48 LLC999 49-51 C3 52 B8 53 N16 54 LLC120 55 LLB999 "
    "56-63 LLC999 64 B8 66 N1 67 N2 68-70 N3 71-72 N4 73 N6 74-81 N10 82-85 N12 86-89 N16 "
    "90 N42 91 C1 92 C2 93 C6 94 C7 95 C42 96 B16 97 A17 98 C25 99-100 LN11 "
    "101 LC17 102-103 LC28 104 LLC100 105-127 LLC999 128 B8 "
)
# end

TABLE = {}
for _numbers, _kind, _length in re.findall(r"(\S+) ([A-Z]+)(\d+)", FIELDS):
    _first, _, _last = _numbers.partition("-")
    for _number in range(int(_first), int(_last or _first) + 1):
        TABLE[_number] = (_kind, int(_length))

# To a repeat, these say nothing about the first transmission: the switch decides them again each time, or could not look.
UNDECIDED = ("12", "30", "58", "63", "96")


class WebhookError(ValueError):
    """An event that is not from the switch, or is too old: do nothing with it."""


class FormatError(ValueError):
    """A message or a value that does not follow the packing."""


class Refused(ConnectionError):
    """The switch has refused the sign-on: a wrong key, another party's code, or too many connections."""


class Unanswered(Exception):
    """The result of `request` is not known yet: send it again later, or reverse it. `last` is what came instead."""

    def __init__(self, request, last):
        super().__init__(f"{request['mti']} {request['11']} has no result yet: {last}")
        self.request, self.last = request, last


@dataclass(frozen=True)
class Answer:
    """The fields of an answer, by their numbers as texts, and `mti`."""

    fields: dict

    @property
    def code(self):
        """The response code, field 39."""
        return self.fields.get("39", "")

    @property
    def approved(self):
        return self.code == "00"

    @property
    def authorization(self):
        """The switch's authorization code, field 38, of an approval."""
        return self.fields.get("38", "")

    @property
    def reason(self):
        """Why it was not approved, for developers: tag 09 of field 48."""
        return tags(self.fields.get("48", "")).get("09", "")


@dataclass(frozen=True)
class Status:
    """What has become of an order or a request, in minor units; `state` is "unknown" where the switch knows nothing of it.

    The other states are "waiting", "agreed", "deciding", "approved", "declined", "reversed", "expired" and "cancelled":
    docs/protocol.md, "Status inquiry". `code` and `reason` are those of the answer that the request has got.
    """

    state: str
    code: str = ""
    reason: str = ""
    authorization: str = ""
    amount: int = 0
    approved: int = 0
    reversed: int = 0
    refunded: int = 0
    completed: int = 0
    reference: str = ""

    @property
    def paid(self):
        """Whether the order is paid, and something of it is left."""
        return self.state == "approved" and self.approved > self.reversed


def tags(text):
    """The values in field 48 by their tags."""
    found = {}
    while text:
        length = int(text[2:5])
        found[text[:2]], text = text[5:5 + length], text[5 + length:]
    return found


def tag(number, value):
    return f"{number}{len(value):03}{value}"


def mac(covered, key):
    """The first eight bytes of the AES-CMAC."""
    made = CMAC(AES(bytes.fromhex(key)))
    made.update(covered)
    return made.finalize()[:8]


def pack(message, key=None):
    """A message as bytes, without its length; with a MAC under the key."""
    fields = {int(name): value for name, value in message.items() if name != "mti"}
    has_more = any(number > 64 for number in fields)
    place = 128 if has_more else 64
    if key:
        fields[place] = "00" * 8
    bits = sum(1 << (128 - number) for number in [*fields, *([1] if has_more else [])])
    packed = bytes.fromhex(message["mti"]) + bits.to_bytes(16, "big")[:16 if has_more else 8]
    packed += b"".join(_pack(number, fields[number]) for number in sorted(fields))
    return packed[:-8] + mac(packed[:-8], key) if key else packed


def _pack(number, value):
    kind, most = TABLE[number]
    digits = value.replace("=", "d") if kind == "TRACK" else value
    if kind in ("N", "LN") and not re.fullmatch("[0-9]+", value) or kind == "A" and not re.fullmatch("[CD][0-9]+", value):
        raise FormatError(f"field {number}: not digits")
    if kind in ("B", "LLB"):
        body = bytes.fromhex(value)
    elif kind == "N":
        body = bytes.fromhex(value.zfill(most).zfill(most + most % 2))
    elif kind == "A":
        body = value[:1].encode() + bytes.fromhex(value[1:])
    elif kind in ("LN", "TRACK"):
        body = bytes.fromhex(digits + "0" * (len(digits) % 2))
    else:
        body = value.encode("latin-1")
    length = len(value) if kind in ("N", "A", "LN", "TRACK") else len(body)
    if length > most or kind in ("A", "B") and length < most:
        raise FormatError(f"field {number}: length {length}, not {most}")
    if kind == "C":
        return body.ljust(most)
    prefix = {"LN": 2, "TRACK": 2, "LC": 2, "LLC": 4, "LLB": 4}.get(kind, 0)
    return (bytes.fromhex(f"{length:0{prefix}}") if prefix else b"") + body


def parse(message):
    """The fields of a message as texts, and `mti`. Raises FormatError unless every byte follows the packing."""
    place = 0

    def take(count):
        nonlocal place
        place += count
        if place > len(message):
            raise FormatError(f"{count} bytes needed at byte {place - count}")
        return message[place - count:place]

    def digits(count):
        text = take(count).hex()
        if not text.isdecimal():
            raise FormatError(f"a nibble above 9 before byte {place}")
        return text

    fields = {"mti": digits(2)}
    bits = int.from_bytes(take(8), "big") << 64
    if bits >> 127:
        bits |= int.from_bytes(take(8), "big")
    for number in range(2, 129):
        if not bits >> (128 - number) & 1:
            continue
        kind, most = TABLE.get(number, (None, 0))
        length = {"LN": 1, "TRACK": 1, "LC": 1, "LLC": 2, "LLB": 2}.get(kind, 0)
        length = int(digits(length)) if length else most
        if length > most or kind is None:
            raise FormatError(f"field {number}: length {length} above {most}")
        if kind == "N":
            value = digits((most + 1) // 2)
            if most % 2 and value[0] != "0":
                raise FormatError(f"field {number}: no 0 in front")
            value = value[most % 2:]
        elif kind == "A":
            value = take(1).decode("latin-1") + digits(most // 2)
        elif kind in ("LN", "TRACK"):
            value = take((length + 1) // 2).hex()[:length]
            if kind == "LN" and value and not value.isdecimal():
                raise FormatError(f"field {number}: a nibble above 9")
            value = value.replace("d", "=")
        elif kind in ("B", "LLB"):
            value = take(length).hex()
        else:
            value = take(length).decode("latin-1")
            value = value.rstrip(" ") if kind == "C" else value
        fields[str(number)] = value
    if place < len(message):
        raise FormatError(f"{len(message) - place} bytes left over")
    return fields


def verified(message, key):
    """The fields of a message that has the MAC of the key."""
    fields = parse(message)
    if key:
        place = "128" if message[2] >> 7 else "64"
        if place not in fields or not hmac.compare_digest(mac(message[:-8], key), message[-8:]):
            raise FormatError("a missing or wrong MAC")
    return fields


def again(request):
    """A request as its repeat: the same key, marked, with the time of now in field 7. Store this form."""
    return {**request, "mti": request["mti"][:3] + "1", "7": f"{datetime.now(timezone.utc):%m%d%H%M%S}"}


def verify_webhook(secret, headers, body, tolerance=300, now=None):
    """The event in the body (bytes) of a webhook, if it is signed with the secret (`whsec_...`) and not older than `tolerance`
    seconds. Raises WebhookError otherwise. The same event may come more than once, with the same `webhook-id`."""
    named = {name.lower(): value for name, value in headers.items()}
    try:
        number, sent = named["webhook-id"], int(named["webhook-timestamp"])
        signatures = named["webhook-signature"].split(" ")
    except (KeyError, ValueError) as error:
        raise WebhookError("a header is missing or wrong") from error
    if abs((time.time() if now is None else now) - sent) > tolerance:
        raise WebhookError("too old, or the clocks differ")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    made = base64.b64encode(hmac.digest(key, f"{number}.{sent}.".encode() + body, "sha256")).decode()
    if not any(hmac.compare_digest(f"v1,{made}".encode(), signature.encode()) for signature in signatures):
        raise WebhookError("a wrong signature")
    return json.loads(body)


def order_key(acceptor, order):
    """What webhooks name an order by, in `data.order_key`: store it with the order."""
    return hashlib.sha256(f"{acceptor:15}{order}".encode("latin-1")).hexdigest()[:32]


class Mall:
    """The connections of a party to the switch. `tls` is an ssl.SSLContext, where the switch's port needs one."""

    connect_within = 1.0    # a node of a cluster that does not answer is passed over after this time
    answer_within = 12.0    # the switch answers within 10 s: 3 for the payer's agreement, 7 for the financial system
    silence = 3.0           # without any input for half of it an echo is sent, after the whole the line is given up
    idle = 60.0             # an older connection is not used again; the switch closes it after five minutes

    def __init__(self, addresses, party, acceptor, terminal, key=None, currency="840", category="5999", tls=None):
        self.addresses, self.party, self.key, self.tls = list(addresses), party, key, tls
        self.terminal, self.acceptor, self.currency, self.category = terminal, acceptor, currency, category
        self._lock, self._idle, self._trace = threading.Lock(), [], random.randrange(999_999)

    def purchase(self, order, amount, text=""):
        """A purchase of an order that the payer agrees to, in minor units. It is made here and sent by `pay`."""
        if not re.fullmatch("[!-~]{1,32}", order):
            raise ValueError("an order number has 1 to 32 printable ASCII characters without spaces")
        text = text.encode("latin-1", "replace").decode("latin-1")[:100]
        return self._financial("000000", amount, tag("01", order) + (tag("02", text) if text else ""))

    def refund(self, purchase, amount):
        """A refund of a purchase, or of a part of it. Store it before `send`, and send the same one until it is answered."""
        return self._financial("200000", amount, purchase["48"]) | {"90": _names(purchase)}

    def reversal(self, request, remaining=None):
        """The reversal of a purchase or refund; in part, if an amount remains."""
        reversal = self._stamped("0420")
        reversal |= {field: request[field] for field in ("3", "4", "12", "13", "37", "41", "42", "48", "49")}
        reversal["90"] = _names(request)
        if remaining is not None:
            reversal["95"] = f"{remaining:012}" + "0" * 30
        return reversal

    def pay(self, request, keep, within=30.0):
        """Brings a purchase to its end: "paid", "declined", or, where no answer comes in time, "undone" by a reversal.

        `keep` stores the request with which to continue, before it is sent. After a crash give that request to `pay`.
        Raises Unanswered where the reversal has no answer in time either: give the request that was kept to `pay` later.
        """
        if request["mti"].startswith("02"):
            keep(again(request))
            try:
                answer = self.send(request, within)
                return "paid" if answer.approved else "declined", answer
            except Unanswered:
                request = self.reversal(request)
        keep(again(request))
        answer = self.send(request, within)
        if not answer.approved:
            raise Unanswered(request, answer)
        return "undone", answer

    def send(self, request, within=30.0):
        """Sends a request, and its repeats, until an answer decides it, and returns the answer. Raises Unanswered after
        `within` seconds; Refused if the switch has refused the first sign-on, before anything was sent."""
        pack(request, self.key)  # What cannot be packed is an error of the caller, and not a lost answer.
        deadline, pause = time.monotonic() + within, 0.05
        sent = request["mti"].endswith("1")
        while True:
            try:
                line = self._line()
                request, was_sent, sent = again(request) if sent else request, sent, True
                answer = line.ask(request, max(0.1, min(self.answer_within, deadline - time.monotonic())))
                self._rest(line)
                if not was_sent or answer.code not in UNDECIDED:
                    return answer
                last = answer
            except OSError as error:
                if isinstance(error, Refused) and not sent:
                    raise
                # Those that wait were probably lost too.
                self.close()
                last = error
            if time.monotonic() + pause >= deadline:
                raise Unanswered(request, last)
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def status(self, about, within=30.0):
        """What has become of an order (its number), or of a request that was made here. It moves nothing.

        Ask to look something up; after a lost answer, repeat the request or reverse it, as `pay` does: that decides it.
        Raises Unanswered without an answer in time.
        """
        inquiry = self._stamped("0600") | {"24": "310", "41": self.terminal, "42": self.acceptor}
        if isinstance(about, str):
            inquiry["48"] = tag("01", about)
        else:
            inquiry |= {field: about[field] for field in ("3", "4", "12", "13", "37", "41", "42", "48")}
            inquiry["90"] = _names(about)
        answer = self.send(inquiry, within)
        if answer.code == "25":
            return Status("unknown", reason=answer.reason)
        if not answer.approved:
            raise Unanswered(inquiry, answer)
        said = tags(answer.fields["48"])
        amounts = [int(said.get(number, "0")) for number in ("12", "13", "14", "15", "16")]
        reference = said.get("17", "").rstrip()
        return Status(said["10"], said.get("11", ""), answer.reason, answer.authorization, *amounts, reference)

    def echo(self):
        """The seconds that an echo takes."""
        line, began = self._line(), time.monotonic()
        line.ask(self.network("301"), self.silence)
        self._rest(line)
        return time.monotonic() - began

    def close(self):
        """Closes the connections that are not in use."""
        with self._lock:
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    def network(self, code):
        return self._stamped("0800") | {"70": code}

    def _stamped(self, mti):
        with self._lock:
            self._trace = self._trace % 999_999 + 1
            return {"mti": mti, "7": f"{datetime.now(timezone.utc):%m%d%H%M%S}", "11": f"{self._trace:06}", "32": self.party}

    def _financial(self, processing_code, amount, order):
        if type(amount) is not int or not 0 < amount < 10**12:
            raise ValueError("an amount is a whole number of minor units, 1 to 999,999,999,999")
        message = self._stamped("0200")
        # UTC here too: a local time that comes twice, in autumn, could make two requests the same.
        return message | {
            "3": processing_code, "4": f"{amount:012}", "12": message["7"][4:], "13": message["7"][:4], "18": self.category,
            "22": "812", "25": "59", "37": f"{datetime.now(timezone.utc):%y%j%H}"[1:] + message["11"], "41": self.terminal,
            "42": self.acceptor, "48": order, "49": self.currency,
        }

    def _line(self):
        """A connection that is signed on: one that rests, or a new one to the first address that accepts."""
        with self._lock:
            lines, self._idle = self._idle, []
            fresh = [line for line in lines if time.monotonic() - line.rests_since < self.idle]
            line = fresh.pop() if fresh else None
            self._idle = fresh
        for old in lines:
            if old is not line and old not in fresh:
                old.close()
        if line:
            return line
        for address in self.addresses:
            try:
                line = _Line(self, address)
            except Refused:
                raise
            except OSError as error:
                last = error
            else:
                # The one that works is tried first the next time. The list is replaced, because other threads read it.
                self.addresses = sorted(self.addresses, key=lambda other: other != address)
                return line
        raise last

    def _rest(self, line):
        line.rests_since = time.monotonic()
        with self._lock:
            self._idle.append(line)


def _names(original):
    """Field 90."""
    return original["mti"][:3] + "0" + original["11"] + original["7"] + original["32"].rjust(11, "0") + "0" * 11


class _Line:
    """A connection that is signed on. Every failure is an OSError, and closes it."""

    def __init__(self, mall, address):
        self.mall, self.received = mall, b""
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout=mall.connect_within)
        self.socket.settimeout(mall.silence)
        if mall.tls:
            self.socket = mall.tls.wrap_socket(self.socket, server_hostname=host)
        answer = self.ask(mall.network("001"), mall.silence)
        if not answer.approved:
            self.close()
            raise Refused(f"sign-on at {address}: {answer.code} {answer.reason}")

    def ask(self, request, within):
        deadline, is_echoed = time.monotonic() + within, False
        try:
            self._send(request)
            while True:
                answer = self._next(min(self.mall.silence / 2, deadline - time.monotonic()))
                if answer and answer["mti"] == f"{int(request['mti'][:3]) + 1:03}0" and all(
                    answer.get(field) == request.get(field) for field in ("11", "37")
                ):
                    return Answer(answer)
                if time.monotonic() >= deadline or answer is None and is_echoed:
                    raise TimeoutError(f"no answer from {self.socket.getpeername()}")
                if answer is None:
                    self._send(self.mall.network("301"))
                # Other answers belong to echoes, or to transmissions that were given up.
                is_echoed = answer is None
        except (OSError, ValueError) as error:
            self.close()
            raise error if isinstance(error, OSError) else ConnectionError(str(error)) from error

    def close(self):
        self.socket.close()

    def _send(self, message):
        packed = pack(message, self.mall.key)
        self.socket.settimeout(self.mall.silence)
        self.socket.sendall(len(packed).to_bytes(2, "big") + packed)

    def _next(self, within):
        """The next answer, or None where nothing comes in time."""
        deadline = time.monotonic() + within
        while True:
            length = int.from_bytes(self.received[:2], "big")
            if len(self.received) >= 2 + length:
                message, self.received = self.received[2:2 + length], self.received[2 + length:]
                if length:
                    return verified(message, self.mall.key)
                continue
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                more = self.socket.recv(1 << 16)
            except TimeoutError:
                return None
            if not more:
                raise ConnectionError("the switch has closed the connection")
            self.received += more
