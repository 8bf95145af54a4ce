"""An independent witness of every kind of message: a client on pyiso8583 that sends each of them, and each again as its repeat,
and checks of every answer the message type, exactly which fields it has, what they say, the MAC, and what has moved.

    python kinds.py HOST:PORT SETTLEMENT-DATE binary|ascii

Another kind is another row of `rows`.
"""

import sys

import ascii
import buy
from buy import SPEC, approved, cmac, digits, raw
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

SPEC |= {"15": digits(4), "19": digits(3), "24": digits(3), "66": digits(1), "97": raw(9)}
SPEC |= {str(field): digits(10) for field in range(74, 78)}
SPEC |= {str(field): digits(16) for field in range(86, 90)}

# As the party's profile has it; and what the party changes its key to.
KEY_ENCRYPTING_KEY = bytes(range(0x40, 0x60))
NEW_KEY = bytes(range(0x60, 0x70))

FIGURES = ("74", "75", "76", "77", "86", "87", "88", "89")
ECHOED = buy.ECHOED + ("15",)
# Of a message whose format is wrong.
ECHOED_OF_A_FAULT = ("7", "11", "32", "37", "41", "42")
# Of the message itself, not of what it says.
FRAME = {"h", "t", "p", "1", "64", "128"}


class Row:
    """A request, and what must come of it: field 39, the fields that the answer adds to those that it echoes and to 39, by how
    much the ledger and the available balance move, and which echoed fields say something else."""

    def __init__(self, what, request, code="00", adds="", moves=(0, 0), says=None, again=True, closes=False):
        self.what, self.request, self.code, self.moves, self.again = what, request, code, moves, again
        # Whether the switch ends the connection after its answer.
        self.closes = closes
        self.adds, self.says = set(adds.split()), says or {}

    def check(self, switch):
        before = switch.held()
        answer = self.ask(switch, self.request)
        if self.closes:
            switch.is_closed()
        after = switch.held()
        moved = (after[0] - before[0], after[1] - before[1]) if before and after else (0, 0)
        assert moved == self.moves, f"{self.what}: moved {moved}"
        if self.again:
            repeat = self.request | {"t": self.request["t"][:3] + "1"}
            same = self.ask(switch, repeat)
            if self.closes:
                switch.is_closed()
            # The reason of a repeat is that it was decided before; the MAC covers that, and was looked at.
            for field in (set(answer) | set(same)) - {"48", "64", "128"}:
                assert answer.get(field) == same.get(field), f"{self.what}: its repeat has another field {field}: {same}"
            assert switch.held() == after, f"{self.what}: its repeat moved money"
        return answer

    def ask(self, switch, request):
        answer = switch.exchange(dict(request))
        third = "1" if request["t"][2] == "0" else "3"
        echoed = ECHOED_OF_A_FAULT if self.code == "30" else ECHOED
        expected = {field: request[field] for field in echoed if field in request}
        expected |= {"t": request["t"][:2] + third + "0", "39": self.code} | self.says
        for field, value in expected.items():
            assert answer.get(field) == value, f"{self.what}: field {field} is {answer.get(field)!r}, not {value!r}: {answer}"
        fields = set(answer) - FRAME
        wanted = (set(expected) | self.adds) - FRAME
        assert fields == wanted, f"{self.what}: not there {sorted(wanted - fields)}, not asked for {sorted(fields - wanted)}: {answer}"
        assert ("128" if any(int(field) > 64 for field in fields) else "64") in answer, f"{self.what}: the MAC's place"
        if "38" in self.adds:
            approved(answer)
        if "48" in self.adds and self.request.get("24") != "310":
            assert answer["48"][:2] == "09" and len(answer["48"]) == 5 + int(answer["48"][2:5]) > 5, answer["48"]
        return answer


class Kinds:
    """What this file adds to a client."""

    signed_on = False

    def held(self):
        """Ledger and available balance, once that may be asked."""
        return self.balances() if self.signed_on else None

    def following(self, mti, original, **fields):
        """A reversal, completion or refund that names its original in field 90."""
        return self.reversal(original, mti) | {"90": original["t"] + self.reversal(original, mti)["90"][4:]} | fields

    def totals(self, mti, date, figures, net):
        request = self.common(mti) | {"15": date} | dict(zip(FIGURES, figures, strict=True))
        return request | {"97": net}


class BinaryKinds(Kinds, buy.Switch):
    NOTHING = tuple("0" * 10 for _ in range(4)) + tuple("0" * 16 for _ in range(4))
    NO_NET = "43" + "0" * 16


class AsciiKinds(Kinds, ascii.Switch):
    NOTHING = BinaryKinds.NOTHING
    NO_NET = "C" + "0" * 16


def rows(switch, date):
    """Made one after another: what comes later names what was sent before."""
    sold = {field: switch.financial("0200", "000000", 1)[field] for field in ("18", "22", "25")}

    def money(mti, code, amount, **fields):
        return switch.financial(mti, code, amount) | fields

    yield Row("a purchase before the sign-on", money("0200", "000000", 100), "58", "48", closes=True)
    yield Row("an echo before the sign-on", switch.network("301"), "58", "48", closes=True)
    yield Row("sign-on", switch.network("001"))
    switch.signed_on = True
    yield Row("echo", switch.network("301"))
    yield Row("change of the key to none", switch.network("101"), "30", "48")
    yield Row("a network code that is none", switch.network("999"), "12", "48")

    bought = money("0200", "000000", 10_000)
    yield Row("purchase", bought, adds="38", moves=(-10_000, -10_000))
    yield Row("the same key, another amount", bought | {"4": f"{10_001:012}"}, "94", "48")
    yield Row("purchase abroad", money("0200", "000000", 10, **{"19": "276"}), adds="38", moves=(-10, -10))
    yield Row("more than there is", money("0200", "000000", 99_000_000), "51", "48")
    yield Row("no amount", money("0200", "000000", 0), "13", "48")
    yield Row("no such card", money("0200", "000000", 1, **{"2": "9900009999999990"}), "14", "48")
    yield Row("another expiry", money("0200", "000000", 1, **{"14": "3012"}), "54", "48")
    yield Row("another currency", money("0200", "000000", 1, **{"49": "978"}), "12", "48")
    yield Row("a processing code that is none", money("0200", "990000", 1), "12", "48")
    without = money("0200", "000000", 1)
    del without["25"]
    yield Row("a field left out", without, "30", "48")

    refunded = switch.following("0200", bought, **sold | {"3": "200000", "4": f"{2_500:012}"})
    yield Row("refund", refunded, adds="38", moves=(2_500, 2_500))
    yield Row("refund of too much", switch.following("0200", bought, **sold | {"3": "200000"}), "13", "48")
    unknown = money("0200", "000000", 700)
    yield Row("refund of nothing", switch.following("0200", unknown, **sold | {"3": "200000"}), "25", "48")
    yield Row("reversal of a refund", switch.following("0420", refunded), moves=(-2_500, -2_500))

    shrunk = {"95": f"{4_000:012}" + "0" * 30}
    yield Row("reversal in part", switch.following("0420", bought, **shrunk), moves=(6_000, 6_000))
    asked = yield Row("status of what is left", switch.following("0600", bought, **{"24": "310"}), adds="38 48")
    said = buy.tags(asked["48"])
    assert said["10"] == "approved" and said["11"] == "00", said
    assert [int(said[tag]) for tag in ("12", "13", "14", "15")] == [10_000, 10_000, 6_000, 0], said
    yield Row("status of nothing", switch.following("0600", unknown, **{"24": "310"}), "25", "48")
    yield Row("a second reversal", switch.following("0400", bought))
    taken_back = money("0200", "000000", 300)
    yield Row("purchase", taken_back, adds="38", moves=(-300, -300))
    yield Row("reversal, asked for", switch.following("0400", taken_back), moves=(300, 300))
    yield Row("reversal of nothing, asked for", switch.following("0400", unknown), "25", "48")
    yield Row("reversal advice of nothing", switch.following("0420", money("0200", "000000", 800)), adds="48")

    hold = money("0100", "000000", 5_000)
    yield Row("authorization", hold, adds="38", moves=(0, -5_000))
    completed = switch.following("0220", hold, **{"4": f"{4_200:012}"})
    yield Row("completion", completed, moves=(-4_200, 800))
    yield Row("reversal of a completion", switch.following("0420", completed), moves=(4_200, 4_200))
    let_go = money("0100", "000000", 600)
    yield Row("authorization", let_go, adds="38", moves=(0, -600))
    yield Row("reversal of an authorization", switch.following("0400", let_go), moves=(0, 600))
    yield Row("completion of what was reversed", switch.following("0220", let_go))
    yield Row("inquiry", money("0100", "310000", 0), adds="54")
    yield Row("inquiry with an amount", money("0100", "310000", 1), "13", "48")

    yield Row("advice of an authorization", money("0120", "000000", 900), moves=(0, -900))
    yield Row("advice of a purchase", money("0220", "000000", 1_100), moves=(-1_100, -1_100))

    available = switch.held()[1]
    part = {"4": f"{available:012}", "39": "10"}
    takes_part = money("0200", "000000", available + 50, **{"48": "040011"})
    yield Row("approval in part", takes_part, "10", "38 54", moves=(-available, -available), says=part)
    yield Row("its reversal", switch.following("0400", takes_part), moves=(available, available))

    nothing = switch.totals("0500", date, switch.NOTHING, switch.NO_NET)
    own = yield Row("totals that differ", nothing, adds="66 97 " + " ".join(FIGURES), says={"66": "2"})
    same = switch.totals("0500", date, [own[field] for field in FIGURES], own["97"])
    agreed = {"66": "1"} | {field: own[field] for field in (*FIGURES, "97")}
    yield Row("totals that agree", same, says=agreed)
    yield Row("totals advice", same | switch.common("0520"), says=agreed)
    # A refund, taken back; six purchases, completions and advices; four reversals of those.
    counted = [int(own[field]) for field in ("74", "75", "76", "77")]
    assert counted == [1, 1, 6, 4], f"the switch counts {counted}"

    def change(key, check_value):
        text = (aes_key_wrap(KEY_ENCRYPTING_KEY, key) + check_value).hex()
        return switch.network("101") | {"48": f"03{len(text):03}{text}"}

    check_value = cmac(NEW_KEY, bytes(16))[:3]
    yield Row("change of the key, another check value", change(NEW_KEY, bytes(3)), "63", "48")
    yield Row("change of the key", change(NEW_KEY, check_value))
    yield Row("a purchase under the old key", money("0200", "000000", 10), adds="38", moves=(-10, -10))
    buy.KEY = NEW_KEY
    yield Row("a purchase under the new key", money("0200", "000000", 10), adds="38", moves=(-10, -10))

    yield Row("a message of no kind", money("0700", "000000", 1), "12", "48")
    switch.signed_on = False
    yield Row("sign-off", switch.network("002"), again=False)
    yield Row("a purchase after the sign-off", money("0200", "000000", 100), "58", "48")
    yield Row("sign-on again", switch.network("001"))


def main(address, date, packing):
    switch = {"binary": BinaryKinds, "ascii": AsciiKinds}[packing](address)
    table = rows(switch, date)
    row, seen = next(table), set()
    while row:
        answer = row.check(switch)
        seen |= {row.request["t"], answer["t"]} | ({row.request["t"][:3] + "1"} if row.again else set())
        try:
            row = table.send(answer)
        except StopIteration:
            break
    missing = {f"{kind}{repeat}" for kind in ("010", "012", "020", "022", "040", "042", "050", "052", "060", "080") for repeat in "01"} - seen
    assert not missing, f"never sent: {sorted(missing)}"
    print(f"every kind in {packing}: {sorted(seen)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
