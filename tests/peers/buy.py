"""An independent witness of the wire: a client on pyiso8583 that signs on, buys, repeats, reverses and
inquires, and checks every field and MAC of every answer.

    python buy.py HOST:PORT
"""

import hmac
import socket
import struct
import sys
from datetime import datetime, timezone

import iso8583
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

KEY = bytes.fromhex("202122232425262728292a2b2c2d2e2f")
PARTY = "20000000001"
CARD = "9900000000000010"
ACCEPTOR = "SHOP-77".ljust(15)


def digits(count, **more):
    """N: so many digits, an odd count with a 0 in front."""
    return dict(data_enc="b", len_enc="bcd", len_type=0, max_len=count, len_count="nibbles", left_pad="0", **more)


def digits_up_to(count):
    """LN: a byte of length, in digits; an odd count with a 0 at the end."""
    return dict(data_enc="b", len_enc="bcd", len_type=1, max_len=count, len_count="nibbles", right_pad="0")


def text(count, length_bytes=0):
    """C and LLC."""
    return dict(data_enc="latin-1", len_enc="bcd", len_type=length_bytes, max_len=count)


def raw(count):
    """B."""
    return dict(data_enc="b", len_enc="bcd", len_type=0, max_len=count)


# The wire protocol, section 2, in pyiso8583's words: only what is used here.
SPEC = {str(field): text(999, 2) for field in range(2, 129)}
SPEC |= {"h": raw(0), "t": raw(2), "p": raw(8), "1": raw(8)}
SPEC |= {"2": digits_up_to(19), "32": digits_up_to(11)}
SPEC |= {
    str(field): digits(count)
    for field, count in {
        3: 6, 4: 12, 7: 10, 11: 6, 12: 6, 13: 4, 14: 4, 18: 4, 22: 3, 25: 2, 70: 3, 90: 42,
    }.items()
}
SPEC |= {str(field): text(count) for field, count in {37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 49: 3, 95: 42}.items()}
SPEC |= {"54": text(120, 2), "64": raw(8), "128": raw(8)}

ECHOED = ("2", "3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49", "70", "90")


def tags(text):
    """The values in field 48 by their tags."""
    found = {}
    while text:
        length = int(text[2:5])
        found[text[:2]], text = text[5:5 + length], text[5 + length:]
    return found


def cmac(key, covered):
    made = CMAC(AES(key))
    made.update(covered)
    return made.finalize()


def mac(covered):
    return cmac(KEY, covered)[:8]


class Switch:
    """A connection on which one request is asked after another."""

    def __init__(self, address):
        self.address, self.trace = address, 0
        self.connect()

    def connect(self):
        host, port = self.address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=120)

    def is_closed(self):
        """Whether the switch ends the connection, which is then opened again."""
        assert self.socket.recv(1) == b"", "bytes that nobody asked for"
        self.socket.close()
        self.connect()

    def ask(self, request, code="00", mti=None):
        """Sends a request and checks its answer in full; returns the answer."""
        answer = self.exchange(dict(request))
        expected = {field: request[field] for field in ECHOED if field in request}
        expected["t"] = mti or request["t"][:2] + "10"
        expected["39"] = code
        for field, value in expected.items():
            assert answer.get(field) == value, f"field {field}: {answer.get(field)!r}, not {value!r} ({answer})"
        allowed = set(expected) | {"h", "p", "1", "38", "48", "54", "64", "128"}
        assert set(answer) <= allowed, f"fields {sorted(set(answer) - allowed)} were not asked for"
        return answer

    def exchange(self, request):
        field = "128" if any(key.isnumeric() and int(key) > 64 for key in request) else "64"
        request[field] = "00" * 8
        encoded, _ = iso8583.encode(request, SPEC)
        message = bytes(encoded[:-8]) + mac(bytes(encoded[:-8]))
        self.socket.sendall(struct.pack(">H", len(message)) + message)
        (length,) = struct.unpack(">H", self.receive(2))
        message = self.receive(length)
        answer, _ = iso8583.decode(message, SPEC)
        field = "128" if "1" in answer else "64"
        assert field in answer, f"an answer without a MAC: {answer}"
        assert hmac.compare_digest(mac(message[:-8]), message[-8:]), f"an answer with a wrong MAC: {answer}"
        return answer

    def receive(self, length):
        received = b""
        while len(received) < length:
            more = self.socket.recv(length - len(received))
            assert more, "the switch closed the connection"
            received += more
        return received

    def common(self, mti, **fields):
        self.trace += 1
        now = datetime.now(timezone.utc)
        return {"t": mti, "7": f"{now:%m%d%H%M%S}", "11": f"{self.trace:06}", "32": PARTY, **fields}

    def network(self, code):
        return self.common("0800", **{"70": code})

    def financial(self, mti, processing_code, amount):
        request = self.common(mti)
        return request | {
            "2": CARD, "3": processing_code, "4": f"{amount:012}", "12": request["7"][4:], "13": request["7"][:4],
            "14": "3112", "18": "5999", "22": "812", "25": "59", "37": f"PYTHON{self.trace:06}", "41": "PYTHON01",
            "42": ACCEPTOR, "49": "840",
        }

    def reversal(self, original, mti="0420"):
        request = self.financial(mti, original["3"], int(original["4"]))
        for field in ("14", "18", "22", "25"):
            del request[field]
        request |= {field: original[field] for field in ("12", "13")}
        request["90"] = "0200" + original["11"] + original["7"] + original["32"].rjust(11, "0") + "0" * 11
        return request

    def balances(self):
        answer = self.ask(self.financial("0100", "310000", 0))
        groups = [answer["54"][at:at + 20] for at in range(0, len(answer["54"]), 20)]
        assert all(group[4:8] == "840C" for group in groups), groups
        found = {group[2:4]: int(group[8:]) for group in groups}
        return found["01"], found["02"]


def approved(answer):
    assert len(answer.get("38", "")) == 6, f"an approval without six characters: {answer}"
    return answer["38"]


def main(address, switch=Switch):
    switch = switch(address)
    switch.ask(switch.financial("0200", "000000", 100), code="58")
    switch.is_closed()
    switch.ask(switch.network("001"))
    switch.ask(switch.network("301"))
    before = switch.balances()

    purchase = switch.financial("0200", "000000", 12345)
    approval = approved(switch.ask(purchase))
    assert switch.balances() == (before[0] - 12345, before[1] - 12345)

    repeat = purchase | {"t": "0201"}
    assert approved(switch.ask(repeat, mti="0210")) == approval, "a repeat is answered alike"
    switch.ask(repeat | {"4": "000000012346"}, code="94", mti="0210")
    assert switch.balances() == (before[0] - 12345, before[1] - 12345), "applied once"

    partial = switch.reversal(purchase) | {"95": "000000002345" + "0" * 30}
    switch.ask(partial, mti="0430")
    assert switch.balances() == (before[0] - 2345, before[1] - 2345), "shrunk to 23.45"
    switch.ask(switch.reversal(purchase), mti="0430")
    before = (before[0] - 2345, before[1] - 2345)
    assert switch.balances() == before, "a second reversal credits nothing"

    purchase = switch.financial("0200", "000000", 500)
    approved(switch.ask(purchase))
    switch.ask(switch.reversal(purchase, "0400"), mti="0410")
    switch.ask(switch.reversal(purchase, "0421"), mti="0430")
    assert switch.balances() == before, "undone once"
    switch.ask(switch.reversal(switch.financial("0200", "000000", 500), "0400"), code="25", mti="0410")

    for what, code, change in (
        ("more than there is", "51", {"4": f"{before[1] + 1:012}"}),
        ("no such card", "14", {"2": "9900009999999990"}),
        ("another expiry", "54", {"14": "3012"}),
        ("nothing", "13", {"4": "0" * 12}),
    ):
        answer = switch.ask(switch.financial("0200", "000000", 1) | change, code=code)
        assert answer["48"].startswith("09"), f"{what}: no reason in {answer}"
        assert "38" not in answer, what
    assert switch.balances() == before
    switch.ask(switch.network("002"))
    print("bought, repeated, reversed and inquired")


if __name__ == "__main__":
    main(sys.argv[1])
