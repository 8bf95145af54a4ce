"""Tests of the client: the golden messages, lost answers before a switch that is played here, and the real switch.

    python -m unittest discover clients/python

The real switch takes part where TESSERA_SWITCH names its port, TESSERA_LOSING one that loses the first answer to a purchase,
TESSERA_ORDERS five orders of MALL-0001 that a payer has agreed to pay, each with 19.99, TESSERA_TLS its port with TLS, and
TESSERA_AUTHORITY the authority of its certificate.
"""

import json
import os
import socket
import ssl
import threading
import time
import unittest
from pathlib import Path

import tessera_mall
from tessera_mall import Answer, FormatError, Mall, Refused, Unanswered, again, pack, parse, tag, verified

VECTORS = json.loads((Path(__file__).parents[2] / "protocol/tests/vectors.json").read_text())
KEY = "000102030405060708090a0b0c0d0e0f"


def mall(*addresses, **changes):
    made = Mall(addresses, "10000000001", "MALL-0001", "PYTHON01", KEY)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


class GoldenMessages(unittest.TestCase):
    def test_packs_every_one(self):
        for vector in VECTORS["good"]:
            packed = pack({"mti": vector["mti"], **vector["fields"]}, vector["mac_key"])
            self.assertEqual(packed.hex(), vector["hex"], vector["name"])

    def test_parses_every_one(self):
        for vector in VECTORS["good"]:
            fields = verified(bytes.fromhex(vector["hex"]), vector["mac_key"])
            expected = {"mti": vector["mti"], **vector["fields"]}
            self.assertEqual({name: fields.get(name) for name in expected}, expected, vector["name"])
            self.assertLessEqual(set(fields) - set(expected), {"64", "128"})

    def test_notices_every_changed_bit(self):
        for vector in VECTORS["good"]:
            message = bytes.fromhex(vector["hex"])
            for bit in range(len(message) * 8 if vector["mac_key"] else 0):
                changed = bytearray(message)
                changed[bit // 8] ^= 1 << bit % 8
                with self.assertRaises(FormatError, msg=f"{vector['name']} bit {bit}"):
                    verified(bytes(changed), vector["mac_key"])

    def test_refuses_every_bad_one_and_every_truncation(self):
        bad = [bytes.fromhex(vector["hex"]) for vector in VECTORS["bad"]]
        good = [bytes.fromhex(vector["hex"]) for vector in VECTORS["good"]]
        for message in bad + [message[:length] for message in good for length in range(len(message))]:
            with self.assertRaises(FormatError, msg=message.hex()):
                parse(message)


class Played:
    """A switch that answers each message with what `answers` makes of it: fields, bytes, None for silence, or an error."""

    def __init__(self, answers):
        self.answers, self.seen = answers, []
        self.hangs = False  # until the next sign-on
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        stream = connection.makefile("rb")
        while length := stream.read(2):
            request = verified(stream.read(int.from_bytes(length, "big")), KEY)
            if request.get("70") != "301":
                self.seen.append(request)
            try:
                answer = self.answers(request)
            except ConnectionError:
                break
            if answer is not None:
                packed = answer if isinstance(answer, bytes) else pack(answer, KEY)
                # A keep-alive, and a message in two pieces.
                connection.sendall(b"\0\0" + len(packed).to_bytes(2, "big") + packed[:5])
                connection.sendall(packed[5:])
        stream.close()
        connection.close()

    def sent(self, message_class):
        return [request for request in self.seen if request["mti"][1] == message_class]


REPORT = (
    tag("10", "approved") + tag("11", "00") + tag("12", f"{1999:012}") + tag("13", f"{1999:012}") + tag("14", f"{500:012}")
    + tag("15", f"{700:012}") + tag("16", f"{0:012}") + tag("17", "632609000003")
)


def answered(request, code, **more):
    echoed = {name: request[name] for name in ("3", "4", "7", "11", "32", "37", "41", "42", "49", "70", "90") if name in request}
    return {**echoed, "mti": f"{int(request['mti'][:3]) + 1:03}0", "39": code, **more}


class LostAnswers(unittest.TestCase):
    def play(self, purchase, reversal=lambda request, count: answered(request, "00"), sign_on="00"):
        """A switch: what it answers to purchases and reversals, each with their number from 1."""

        def answers(request):
            if request["mti"] == "0800":
                switch.hangs = switch.hangs and request["70"] != "001"
                return None if switch.hangs else answered(request, sign_on if request["70"] == "001" else "00")
            kind = request["mti"][1]
            return (purchase if kind == "2" else reversal)(request, len(switch.sent(kind)))

        switch = Played(answers)
        self.addCleanup(switch.listener.close)
        return switch

    def pay(self, switch, within=30.0, **changes):
        client = mall(switch.address, **changes)
        self.addCleanup(client.close)
        kept = []
        result = client.pay(client.purchase("ORDER-1", 1999, "2 × tea"), kept.append, within)
        return result, kept

    def assert_repeated(self, first, *repeats):
        self.assertEqual(first["mti"], "0200")
        for repeat in repeats:
            self.assertEqual(repeat["mti"], "0201")
            same = {name for name in first if name not in ("mti", "7", "64")}
            self.assertEqual({name: repeat[name] for name in same}, {name: first[name] for name in same})

    def test_a_purchase_is_repeated_where_the_connection_is_lost(self):
        def purchase(request, count):
            if count < 3:
                raise ConnectionError
            return answered(request, "00", **{"38": "7K2M9D"})

        switch = self.play(purchase)
        (outcome, answer), kept = self.pay(switch)
        self.assertEqual((outcome, answer.code, answer.authorization), ("paid", "00", "7K2M9D"))
        self.assert_repeated(*switch.sent("2"))
        self.assertEqual(len(switch.sent("8")), 3, "each connection signs on")
        self.assertEqual([request["mti"] for request in kept], ["0201"], "kept before it was sent, as its repeat")
        self.assertEqual(switch.sent("4"), [])

    def test_a_silent_switch_is_given_up_for_the_next_address(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        switch = self.play(lambda request, count: answered(request, "00"))
        client = mall(f"127.0.0.1:{silent.getsockname()[1]}", switch.address, silence=2.0)
        self.assertTrue(client.send(client.purchase("ORDER-1", 1)).approved)
        self.assertEqual(client.addresses[0], switch.address, "it is the first from now on")
        client.close()

    def test_a_switch_that_answers_echoes_is_waited_for(self):
        switch = self.play(lambda request, count: None if count == 1 else answered(request, "00"))
        began = time.monotonic()
        (outcome, _), _ = self.pay(switch, answer_within=7.0)
        self.assertEqual((outcome, len(switch.sent("2"))), ("paid", 2))
        self.assertGreater(time.monotonic() - began, 7.0, "not given up after 3 s without an answer")

    def test_a_connection_on_which_no_echo_is_answered_is_given_up(self):
        def purchase(request, count):
            switch.hangs = count == 1
            return None if switch.hangs else answered(request, "00")

        switch = self.play(purchase)
        began = time.monotonic()
        (outcome, _), _ = self.pay(switch, silence=2.0, answer_within=60.0, within=120.0)
        self.assertEqual((outcome, len(switch.sent("2")), len(switch.sent("8"))), ("paid", 2, 2))
        self.assertLess(time.monotonic() - began, 60.0, "long before answer_within")

    def test_a_purchase_without_an_answer_is_reversed_and_never_sent_anew(self):
        def purchase(request, count):
            raise ConnectionError

        def reversal(request, count):
            if count == 1:
                raise ConnectionError
            return answered(request, "00")

        switch = self.play(purchase, reversal)
        (outcome, answer), kept = self.pay(switch, within=2.0)
        self.assertEqual((outcome, answer.fields["mti"]), ("undone", "0430"))
        first, *repeats = switch.sent("2")
        self.assert_repeated(first, *repeats)
        self.assertEqual([request["mti"] for request in switch.sent("4")], ["0420", "0421"])
        self.assertEqual([request["mti"] for request in kept], ["0201", "0421"])
        for request in switch.sent("4"):
            self.assertEqual(request["90"], "0200" + first["11"] + first["7"] + "10000000001" + "0" * 11)
            self.assertEqual(request["48"], first["48"])
            self.assertNotEqual(request["11"], first["11"])

    def test_an_answer_with_a_wrong_mac_is_none(self):
        def purchase(request, count):
            approved = pack(answered(request, "00"), KEY)
            return approved[:-1] + bytes([approved[-1] ^ 1]) if count == 1 else answered(request, "51")

        (outcome, answer), _ = self.pay(self.play(purchase))
        self.assertEqual((outcome, answer.code), ("declined", "51"))

    def test_an_answer_to_another_request_is_passed_over(self):
        def purchase(request, count):
            return answered(request | {"11": "000000"}, "00") if count == 1 else answered(request, "51")

        (outcome, _), _ = self.pay(self.play(purchase), answer_within=0.3)
        self.assertEqual(outcome, "declined")

    def test_what_decides_nothing_ends_a_first_transmission_but_no_repeat(self):
        refused = self.play(lambda request, count: answered(request, "63"))
        (outcome, answer), _ = self.pay(refused)
        self.assertEqual((outcome, answer.code, len(refused.sent("2"))), ("declined", "63", 1))

        def purchase(request, count):
            if count == 1:
                raise ConnectionError
            return answered(request, "63" if count == 2 else "00")

        switch = self.play(purchase)
        (outcome, _), _ = self.pay(switch)
        self.assertEqual((outcome, len(switch.sent("2"))), ("paid", 3))

    def test_after_a_crash_it_goes_on_with_what_was_kept(self):
        kept = []

        class Crash(Exception):
            pass

        def keep(request):
            kept.append(json.loads(json.dumps(request)))
            raise Crash

        switch = self.play(lambda request, count: answered(request, "00"))
        with self.assertRaises(Crash):
            mall(switch.address).pay(mall(switch.address).purchase("ORDER-1", 1999), keep)
        self.assertEqual(switch.seen, [], "nothing is sent before it is kept")
        client = mall(switch.address)
        self.assertEqual(client.pay(kept[0], lambda request: None)[0], "paid")
        self.assertEqual([request["mti"] for request in switch.sent("2")], ["0201"])
        client.close()

    def test_a_status_is_asked_for_and_a_lost_answer_is_asked_for_again(self):
        def status(request, count):
            if count == 1:
                raise ConnectionError
            return answered(request, "00", **{"38": "Q04WX1", "48": REPORT, "49": "840"})

        switch = self.play(lambda request, count: answered(request, "00"), status)
        client = mall(switch.address)
        self.addCleanup(client.close)
        purchase = client.purchase("ORDER-1", 1999)
        status = client.status(purchase)
        self.assertEqual((status.state, status.paid, status.code, status.authorization), ("approved", True, "00", "Q04WX1"))
        self.assertEqual((status.amount, status.approved, status.reversed, status.refunded), (1999, 1999, 500, 700))
        self.assertEqual(status.reference, "632609000003")
        first, repeat = switch.sent("6")
        self.assertEqual((first["mti"], repeat["mti"], first["24"], first["37"]), ("0600", "0601", "310", purchase["37"]))
        self.assertEqual(first["90"], "0200" + purchase["11"] + purchase["7"] + "10000000001" + "0" * 11)
        self.assertEqual((switch.sent("2"), switch.sent("4")), ([], []), "nothing else is sent")
        client.status("ORDER-1")
        asked = switch.sent("6")[-1]
        self.assertEqual((asked["48"], "90" in asked), (tag("01", "ORDER-1"), False))

    def test_a_status_that_is_unknown_or_refused_is_no_state(self):
        switch = self.play(None, lambda request, count: answered(request, "25", **{"48": tag("09", "why")}))
        client = mall(switch.address)
        self.addCleanup(client.close)
        self.assertEqual(client.status("ORDER-1"), tessera_mall.Status("unknown", reason="why"))
        refusing = self.play(None, lambda request, count: answered(request, "63"))
        with self.assertRaises(Unanswered):
            mall(refusing.address).status("ORDER-1")

    def test_without_any_answer_it_says_what_to_continue_with(self):
        def none(request, count):
            raise ConnectionError

        switch = self.play(none, none)
        with self.assertRaises(Unanswered) as caught:
            self.pay(switch, within=2.0)
        self.assertEqual(caught.exception.request["mti"], "0421")

    def test_a_refused_sign_on_is_said_at_once(self):
        switch = self.play(lambda request, count: None, sign_on="63")
        with self.assertRaisesRegex(Refused, "63"):
            self.pay(switch)
        self.assertEqual(switch.sent("2"), [])

    def test_connections_are_used_again_and_shared(self):
        switch = self.play(lambda request, count: answered(request, "00"))
        client = mall(switch.address)
        self.addCleanup(client.close)
        for number in range(3):
            client.send(client.purchase(f"ORDER-{number}", 1))
        self.assertEqual(len(switch.sent("8")), 1)
        threads = [threading.Thread(target=client.send, args=(client.purchase(f"MORE-{n}", 1),)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(switch.sent("2")), 11)
        client.idle = -1
        client.send(client.purchase("LATER", 1))
        self.assertEqual(switch.seen[-2]["mti"], "0800", "an old connection is not used again")
        self.assertEqual(len({request["11"] for request in switch.seen}), len(switch.seen), "no trace number comes twice")


class Values(unittest.TestCase):
    def test_what_cannot_be_an_order_or_an_amount_is_refused_before_it_is_sent(self):
        for order in ("", "a b", "x" * 33, "é"):
            with self.assertRaises(ValueError, msg=order):
                mall("127.0.0.1:1").purchase(order, 1)
        for amount in (0, -1, 19.99, True, 10**12):
            with self.assertRaises(ValueError, msg=amount):
                mall("127.0.0.1:1").purchase("ORDER-1", amount)

    def test_a_text_of_any_alphabet_and_length_fits(self):
        order = mall("127.0.0.1:1").purchase("ORDER-1", 1, "차 " * 100)["48"]
        self.assertEqual(tessera_mall.tags(order), {"01": "ORDER-1", "02": "? " * 50})

    def test_a_reason_is_found_behind_other_tags(self):
        answer = Answer({"39": "51", "48": tag("01", "ORDER-1") + tag("09", "not enough money")})
        self.assertEqual((answer.approved, answer.reason), (False, "not enough money"))


class Webhooks(unittest.TestCase):
    SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    BODY = b'{"test": 2432232314}'
    HEADERS = {
        "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,x",
    }

    def verify(self, body=BODY, now=1614265330, **changes):
        headers = self.HEADERS | {f"webhook-{name}": value for name, value in changes.items()}
        return tessera_mall.verify_webhook(self.SECRET, headers, body, now=now)

    def test_takes_what_the_reference_libraries_have_signed_and_nothing_else(self):
        self.assertEqual(self.verify(), {"test": 2432232314})
        self.assertEqual(self.verify(now=1614265330 + 300), {"test": 2432232314})
        for wrong in (
            {"body": self.BODY + b" "}, {"now": 1614265330 + 301}, {"now": 1614265330 - 301}, {"timestamp": "1614265331"},
            {"timestamp": "soon"}, {"signature": ""}, {"signature": "v1,AAAA"}, {"signature": "v1,\xe9"},
        ):
            with self.assertRaises(tessera_mall.WebhookError, msg=wrong):
                self.verify(**wrong)
        with self.assertRaises(tessera_mall.WebhookError):
            tessera_mall.verify_webhook(self.SECRET, {}, self.BODY)

    def test_an_order_has_the_key_that_the_switch_has(self):
        self.assertEqual(tessera_mall.order_key("MALL-0001", "ORDER-1"), ORDER_KEY)


# SHA-256 of "MALL-0001      ORDER-1", the first 16 bytes.
ORDER_KEY = "5104a223698df71473f2301a0e126d47"


@unittest.skipUnless("TESSERA_SWITCH" in os.environ, "TESSERA_SWITCH names no switch")
class RealSwitch(unittest.TestCase):
    def test_buys_repeats_refunds_and_reverses(self):
        one, two, three, four, five = os.environ["TESSERA_ORDERS"].split(",")
        client = mall(os.environ["TESSERA_SWITCH"])
        self.addCleanup(client.close)
        kept = []
        self.assertLess(client.echo(), 3.0)

        purchase = client.purchase(one, 1999, "2 x tea")
        outcome, answer = client.pay(purchase, kept.append)
        self.assertEqual((outcome, len(answer.authorization)), ("paid", 6), answer)
        repeat = client.send(again(purchase))
        self.assertEqual((repeat.code, repeat.authorization), ("00", answer.authorization), "applied once")
        outcome, answer = client.pay(client.purchase(one, 1999), kept.append)
        self.assertEqual((outcome, answer.code), ("declined", "94"), "paid once")

        refund = client.refund(purchase, 700)
        self.assertTrue(client.send(refund).approved)
        self.assertTrue(client.send(again(refund)).approved, "once")
        self.assertEqual(client.send(client.refund(purchase, 1300)).code, "13", "12.99 are left")
        status = client.status(purchase)
        self.assertEqual((status.state, status.approved, status.refunded), ("approved", 1999, 700))
        self.assertEqual(client.status(one), status, "the same by the order's number")
        self.assertTrue(client.send(client.reversal(refund)).approved)
        self.assertEqual(client.status(purchase).refunded, 0)
        self.assertEqual(client.status(client.purchase(one, 1999)).state, "unknown", "never sent")
        self.assertEqual(client.status(four).state, "agreed")

        purchase = client.purchase(two, 1999)
        self.assertEqual(client.pay(purchase, kept.append)[0], "paid")
        self.assertTrue(client.send(client.reversal(purchase, remaining=500)).approved)

        purchase = client.purchase(three, 1999)
        self.assertEqual(client.pay(purchase, kept.append)[0], "paid")
        self.assertEqual(client.pay(client.reversal(purchase), kept.append)[0], "undone")
        status = client.status(purchase)
        self.assertEqual((status.state, status.paid, status.reversed), ("reversed", False, 1999))

        outcome, answer = client.pay(client.purchase(five, 2000), kept.append)
        self.assertEqual((outcome, answer.code), ("declined", "13"), "not what the payer agreed to")
        outcome, answer = client.pay(client.purchase("NOBODY-AGREED", 1), kept.append)
        self.assertEqual((outcome, answer.code), ("declined", "25"))
        self.assertNotEqual(answer.reason, "")

        losing = mall(os.environ["TESSERA_LOSING"])
        self.addCleanup(losing.close)
        self.assertEqual(losing.pay(losing.purchase(four, 1999), kept.append)[0], "paid", "after a repeat")

    def test_connects_with_tls_and_verifies_the_certificate(self):
        trusting = mall(os.environ["TESSERA_TLS"], tls=ssl.create_default_context(cafile=os.environ["TESSERA_AUTHORITY"]))
        self.addCleanup(trusting.close)
        self.assertLess(trusting.echo(), 3.0)
        with self.assertRaises(ssl.SSLCertVerificationError):
            mall(os.environ["TESSERA_TLS"], tls=ssl.create_default_context()).echo()


if __name__ == "__main__":
    unittest.main()
