"""The requests of one party: every kind of message, with field 90 written in all the ways in which acquirers write it."""

from datetime import datetime, timedelta

from wire import tags, tlv

# Stands in field 42; the mall of the shipped configuration may use no other.
MALL = "MALL-0001".ljust(15)
SHOP = "SHOP-77".ljust(15)


def luhn_card(serial):
    """A development card (wire protocol, section 9)."""
    body = f"990000{serial:09}"
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


class Party:
    """Builds requests for one line, whose terminal is its own."""

    def __init__(self, line, terminal, by_order):
        self.line, self.terminal, self.by_order = line, terminal, by_order
        self.acceptor = MALL if by_order else SHOP
        self.references = 0

    def common(self, mti):
        now = self.line.clock.now()
        return {"t": mti, "7": f"{now:%m%d%H%M%S}", "11": self.line.next_trace(), "32": self.line.institution}

    def again(self, request, dice):
        """The same request, marked as a repeat or not, with a new field 7."""
        mark = dice.choice("01")
        return request | {"t": request["t"][:3] + mark, "7": f"{self.line.clock.now():%m%d%H%M%S}"}

    def reference(self):
        self.references += 1
        return f"{self.terminal[-2:]}{self.references:010}"

    def body(self, mti, code, amount, payer):
        request = self.common(mti)
        return request | payer | {
            "3": code, "4": f"{amount:012}", "12": request["7"][4:], "13": request["7"][:4], "37": self.reference(),
            "41": self.terminal, "42": self.acceptor, "49": "840",
        }

    def sale(self, mti, code, amount, payer):
        """A purchase, authorization, refund, inquiry or verification."""
        request = self.body(mti, code, amount, payer) | {"18": "5999", "22": "812", "25": "59"}
        return request | ({"14": "3112"} if "2" in payer else {})

    def following(self, mti, original, amount=None, how="exact", left=None):
        """A reversal or completion of `original`, which field 90 names in one of the ways `how`."""
        request = self.body(mti, original["3"], int(original["4"]) if amount is None else amount, payer_of(original))
        # As acquirers send them: with the local time of the original.
        request |= {"12": original["12"], "13": original["13"]}
        request["90"], more = self.names(original, how)
        request |= more
        if left is not None:
            request["95"] = f"{left:012}" + "0" * 30
        return request

    def refund(self, original, amount):
        request = self.sale("0200", "200000", amount, payer_of(original))
        request.pop("14", None)
        return request | {"90": self.names(original, "exact")[0], "12": original["12"], "13": original["13"]}

    def names(self, original, how):
        """Field 90, and what else of the request names the original."""
        trace, stamp, more = original["11"], original["7"], {}
        institution = original["32"].rjust(11, "0")
        if how == "no time":
            stamp = "0" * 10
        elif how == "time of a transmission that was lost":
            sent = datetime.strptime(f"{self.line.clock.now().year}{stamp}", "%Y%m%d%H%M%S")
            stamp = f"{sent - timedelta(seconds=95):%m%d%H%M%S}"
        elif how == "no trace number":
            trace, stamp, institution, more = "0" * 6, "0" * 10, "0" * 11, {"37": original["37"]}
        elif how == "another terminal":
            more = {"37": original["37"], "41": "O" + self.terminal[1:]}
        return original["t"][:3] + "0" + trace + stamp + institution + "0" * 11, more


# How field 90 may name its original (wire protocol, section 4).
WAYS = ("exact", "no time", "time of a transmission that was lost", "no trace number", "another terminal")


def payer_of(request):
    """The fields that say who pays, the same in whatever follows a request."""
    return {"2": request["2"]} if "2" in request else {"48": tlv(t01=tags(request["48"])["01"])}
