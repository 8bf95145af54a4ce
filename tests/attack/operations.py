"""What the attack asks of the switch, one coroutine for each kind of message: it sends, judges the answer by the model, and
writes into the model what the answer says.

Each function takes the attack and returns nothing; what is wrong is an `AssertionError`."""

import asyncio

from messages import WAYS, payer_of
from model import State, Transaction, Watch
from wire import Lost, tags, tlv

APPROVED = "00"
IN_PART = "10"
# What a purchase may get while the financial system fails, declines at random, or the switch is killed.
UNLUCKY = {"05", "91"}
SECONDS_OF_A_DAY = 86_400


async def purchase(attack):
    """A purchase or authorization by card or by order, perhaps of more than there is, perhaps taking a part."""
    party, wallet = attack.party(), attack.wallet()
    amount = attack.dice.randint(1, 900)
    payer = {"2": wallet.card}
    if party.by_order:
        order = await announce(attack, party, wallet, amount)
        if order is None:
            return
        payer = {"48": tlv(t01=order)}
    mti = attack.dice.choice(["0200", "0200", "0100"])
    request = party.sale(mti, "000000", amount, payer)
    part = not party.by_order and party.line.institution == attack.permitted and attack.dice.random() < 0.3
    if part:
        request["48"] = tlv(t04="1")
    transaction = attack.opened(wallet, request)
    await decide(attack, party, transaction, amount, part)


async def announce(attack, party, wallet, amount):
    """The payer agrees to pay an order; its number, once the switch has said 00."""
    order = f"{party.terminal}-{attack.next_number()}"
    data = {"t01": str(wallet.serial), "t02": str(amount), "t04": party.acceptor.rstrip(), "t05": order}
    answer = await attack.administer("130", tlv(**data))
    assert answer["39"] == APPROVED, f"an order was not announced: {answer}"
    return order


async def decide(attack, party, transaction, amount, part):
    """Asks for a transaction until it is answered, and judges the answer."""
    wallet, kind = transaction.wallet, transaction.state.kind
    transaction.may_become(approved=amount)
    with Watch(wallet, without=transaction) as watch:
        wallet.changed()
        answer, trouble = await attack.until_answered(party, transaction.request)
        code = answer["39"]
        if code == APPROVED:
            assert amount <= watch.available[1], f"{kind} of {amount} approved with {watch.available} there: {answer}"
            assert len(answer.get("38", "")) == 6, f"an approval without six characters: {answer}"
        elif code == IN_PART:
            given = int(answer["4"])
            assert part and 0 < given < amount, f"an approval in part that was not asked for: {answer}"
            low, high = watch.available
            assert low <= given <= high, f"{given} of {amount} approved with {watch.available} there: {answer}"
            transaction.may_become(approved=given)
        elif code == "51":
            assert amount > watch.available[0], f"{kind} of {amount} declined 51 with {watch.available} there"
        elif code == "25" and party.by_order:
            assert trouble, f"an order that was announced was not found: {answer}"
        else:
            assert code in UNLUCKY and trouble, f"{kind} of {amount} declined with {code} in a calm: {answer}"
        finish(attack, transaction, answer, code in (APPROVED, IN_PART))


def finish(attack, transaction, answer, applied):
    transaction.answer = None if answer["39"] == "25" else (answer["39"], answer.get("38"), answer.get("4"))
    transaction.becomes(applied)
    transaction.busy = False
    transaction.wallet.changed()


async def repeat(attack):
    """What was answered is answered alike again; the same key with another amount is 94."""
    transaction = attack.pick(lambda one: one.answer is not None)
    if transaction is None:
        return
    party = attack.party_of(transaction)
    transaction.busy = True
    request = transaction.request
    if attack.dice.random() < 0.4:
        other = party.again(request, attack.dice) | {"4": f"{int(request['4']) + 1:012}"}
        answer, _ = await attack.until_answered(party, other)
        assert answer["39"] == "94", f"the same key with another amount: {answer}"
    else:
        answer, _ = await attack.until_answered(party, party.again(request, attack.dice))
        again = (answer["39"], answer.get("38"), answer.get("4"))
        assert again == transaction.answer, f"{request} was answered {transaction.answer}, its repeat {again}"
    transaction.busy = False


async def same_key_of_another_card(attack):
    """Another card makes another request, also where everything else of the key is the same."""
    transaction = attack.pick(lambda one: one.answer is not None and "2" in one.request and one.state.kind == "purchase")
    if transaction is None or transaction.request["t"] != "0200" or transaction.original is not None:
        return
    wallet, party = attack.wallet(), attack.party_of(transaction)
    if any(one.request["11"] == transaction.request["11"] for one in [*wallet.transactions, *wallet.folded]):
        return
    amount = int(transaction.request["4"])
    stamp = f"{party.line.clock.now():%m%d%H%M%S}"
    request = transaction.request | {"2": wallet.card, "7": stamp, "14": "3112", "37": party.reference()}
    request.pop("48", None)
    await decide(attack, party, attack.opened(wallet, request), amount, False)


async def completion(attack):
    """A completion of an authorization: debits at most what is held, releases the rest."""
    original = attack.pick(lambda one: one.state.kind == "authorization" and not one.state.completed and one.answer)
    if original is None:
        return
    party, wallet = attack.party_of(original), original.wallet
    amount = attack.dice.randint(1, int(original.request["4"]))
    request = party.following("0220", original.request, amount, attack.way(WAYS[:3]))
    original.busy = True
    transaction = attack.opened(wallet, request)
    transaction.original = original
    original.may_become(completed=True)
    transaction.may_become(approved=min(amount, original.state.stands()))
    with Watch(wallet):
        wallet.changed()
        answer, _ = await attack.until_answered(party, request)
        assert answer["39"] == APPROVED, f"a completion was not acknowledged: {answer}"
        original.becomes(True)
        finish(attack, transaction, answer, True)
        original.busy = False


async def refund(attack):
    """A refund of what is left of a purchase, or of more than that."""
    original = attack.pick(lambda one: one.state.kind in ("purchase", "completion") and one.answer)
    if original is None or original.request["t"] == "0120":
        return
    party, wallet = attack.party_of(original), original.wallet
    left = original.state.stands() - original.state.refunded
    amount = attack.dice.randint(1, max(1, left + (200 if attack.dice.random() < 0.2 else 0)))
    request = party.refund(original.request, amount)
    original.busy = True
    transaction = attack.opened(wallet, request)
    transaction.original = original
    if amount <= left:
        transaction.may_become(approved=amount)
        original.may_become(refunded=original.state.refunded + amount)
    with Watch(wallet):
        wallet.changed()
        answer, trouble = await attack.until_answered(party, request)
        code = answer["39"]
        if amount > left:
            assert code in ("13", "25"), f"a refund of {amount} with {left} left: {answer}"
        elif code == APPROVED:
            assert len(answer.get("38", "")) == 6, f"an approval without six characters: {answer}"
        else:
            # An advice about an earlier reversal may have to reach the financial system first.
            depends = original.state.left is not None or any(one.original is original for one in wallet.transactions)
            assert code in UNLUCKY and (trouble or code == "91" and depends), f"a refund of {amount} of {left} of {original}: {answer}"
        original.becomes(code == APPROVED)
        finish(attack, transaction, answer, code == APPROVED)
        original.busy = False


async def reversal(attack):
    """A reversal, whole or partial, of anything; a second one of the same changes nothing."""
    original = attack.pick(lambda one: one.answer is not None)
    if original is None:
        return
    party, wallet, state = attack.party_of(original), original.wallet, original.state
    purchase = original.original if state.kind == "refund" else None
    if purchase is not None and purchase.busy:
        return
    if state.kind == "refund" and state.left is None and wallet.available()[0] < state.approved:
        # The payer would owe what is missing: not modelled.
        return
    partial = state.kind in ("purchase", "authorization") and not state.completed and attack.dice.random() < 0.3
    left = attack.dice.randint(0, state.approved - 1) if partial and state.approved > 1 else None
    if left is not None and original.answer[0] == IN_PART:
        left = None
    mti = attack.dice.choice(["0400", "0420", "0420"])
    way = attack.way(WAYS)
    # Without a time the last 24 hours are meant.
    is_old = lambda: attack.world.highest - original.sent_at >= SECONDS_OF_A_DAY / 2
    if way == "no time" and is_old():
        way = "exact"
    request = party.following(mti, original.request, how=way, left=left)
    involved = [original] + ([purchase] if purchase is not None else [])
    for one in involved:
        one.busy = True
    if state.left is None and state.approved and not (state.kind == "authorization" and state.completed):
        original.may_become(left=left or 0)
        if purchase is not None:
            purchase.may_become(refunded=purchase.state.refunded - state.approved)
    with Watch(wallet):
        wallet.changed()
        answer, _ = await attack.until_answered(party, request)
        # A completion of an authorization that was declined is none that could be undone.
        nothing = state.kind == "completion" and not state.approved
        good = answer["39"] == APPROVED or nothing and answer["39"] == "25"
        assert good, f"a reversal of {original.request} ({original.answer}): {answer} to {request}"
        reason = tags(answer.get("48", "")).get("09", "")
        if "not found" in reason and way == "no time" and is_old():
            # The clock was set ahead meanwhile.
            request = party.following(mti, original.request, left=left)
            answer, _ = await attack.until_answered(party, request)
            reason = tags(answer.get("48", "")).get("09", "")
        assert nothing or "not found" not in reason, f"a reversal did not find {original.request}: {request}, {answer}"
        for one in involved:
            one.becomes(True)
            one.busy = False
        wallet.changed()


async def race(attack):
    """A whole reversal that is sent while its purchase is being decided: in the end nothing is debited."""
    party, wallet = attack.party(by_order=False), attack.wallet()
    amount = attack.dice.randint(1, 900)
    request = party.sale("0200", "000000", amount, {"2": wallet.card})
    transaction = attack.opened(wallet, request)
    transaction.may_become(approved=amount)
    undo = party.following("0420", request)
    with Watch(wallet):
        wallet.changed()
        (answer, _), (undone, _) = await asyncio.gather(
            attack.until_answered(party, request), attack.until_answered(party, undo, after=attack.dice.random() * 0.02)
        )
        assert undone["39"] == APPROVED, f"a reversal advice: {undone}"
        assert answer["39"] in UNLUCKY | {APPROVED, "51"}, f"a purchase that was reversed: {answer}"
        transaction.state.approved = amount if answer["39"] == APPROVED else 0
        transaction.state.left = 0 if transaction.state.approved else None
        finish(attack, transaction, answer, False)


async def unseen(attack):
    """A reversal whose original comes later, or never: it is remembered, and the original declined."""
    party, wallet = attack.party(by_order=False), attack.wallet()
    request = party.sale("0200", "000000", attack.dice.randint(1, 900), {"2": wallet.card})
    mti = attack.dice.choice(["0400", "0420"])
    highest = attack.world.highest
    answer, _ = await attack.until_answered(party, party.following(mti, request))
    assert answer["39"] == {"0400": "25", "0420": APPROVED}[mti], f"a reversal of what was never seen: {answer}"
    assert tags(answer.get("48", "")).get("09") if mti == "0400" else True, f"no reason: {answer}"
    if attack.dice.random() < 0.5:
        return
    transaction = attack.opened(wallet, request)
    transaction.may_become(approved=int(request["4"]))
    with Watch(wallet):
        wallet.changed()
        answer, _ = await attack.until_answered(party, request)
        forgotten = attack.world.highest - highest >= SECONDS_OF_A_DAY / 2
        assert answer["39"] == "05" or forgotten, f"a purchase whose reversal came first: {answer}"
        finish(attack, transaction, answer, answer["39"] == APPROVED)


async def inquiry(attack):
    party, wallet = attack.party(by_order=False), attack.wallet()
    await check_balances(attack, party, wallet)


async def check_balances(attack, party, wallet):
    with Watch(wallet) as watch:
        answer, _ = await attack.until_answered(party, party.sale("0100", "310000", 0, {"2": wallet.card}))
        assert answer["39"] == APPROVED, f"an inquiry: {answer}"
        groups = [answer["54"][at:at + 20] for at in range(0, len(answer["54"]), 20)]
        found = {group[2:4]: int(group[8:]) for group in groups}
        for kind, (low, high) in {"01": watch.ledger, "02": watch.available}.items():
            assert low <= found[kind] <= high, f"wallet {wallet.serial}: balance {kind} is {found[kind]}, not in {low}..{high}"


async def verification(attack):
    """An account verification: no hold, no debit."""
    party, wallet = attack.party(by_order=False), attack.wallet()
    request = party.sale("0100", attack.dice.choice(["000000", "380000"]), 0, {"2": wallet.card})
    wrong = attack.dice.random() < 0.3
    answer, _ = await attack.until_answered(party, request | ({"14": "3012"} if wrong else {}))
    assert answer["39"] == ("54" if wrong else APPROVED), f"an account verification: {answer}"


async def advice(attack):
    """What the acquirer decided by itself is posted whatever the wallet has."""
    party = attack.party(by_order=False, permitted=True)
    wallet, mti = attack.wallet(poor=False), attack.dice.choice(["0120", "0220"])
    request = party.sale(mti, "000000", attack.dice.randint(1, 900), {"2": wallet.card})
    transaction = attack.opened(wallet, request)
    transaction.may_become(approved=int(request["4"]))
    with Watch(wallet):
        wallet.changed()
        answer, _ = await attack.until_answered(party, request)
        assert answer["39"] == APPROVED, f"an advice: {answer}"
        finish(attack, transaction, answer, True)


async def nonsense(attack):
    """What is refused, and moves nothing."""
    party, wallet = attack.party(by_order=False), attack.wallet()
    request = party.sale("0200", "000000", 5, {"2": wallet.card})
    what = attack.dice.choice(["amount", "date", "card", "expiry", "code", "field", "echo"])
    if what == "echo":
        answer, _ = await attack.until_answered(party, party.common("0800") | {"70": "301"})
        assert answer["39"] == APPROVED, f"an echo: {answer}"
        return
    change, code = {
        "amount": ({"4": "0" * 12}, "13"), "date": ({"13": "0230"}, "30"), "card": ({"2": "9900009999999990"}, "14"),
        "expiry": ({"14": "3012"}, "54"), "code": ({"3": "990000"}, "12"), "field": ({}, "30"),
    }[what]
    request |= change
    if what == "field":
        del request["25"]
    answer, _ = await attack.until_answered(party, request)
    assert answer["39"] == code, f"{what}: {answer}"
    if what == "expiry":
        # It was decided by the wallet, and its key is taken.
        transaction = attack.opened(wallet, request)
        finish(attack, transaction, answer, False)


async def vanish(attack):
    """A connection that ends in the middle of everything."""
    line = attack.party().line
    line.vanished += 1
    line.drop()


# How often each is asked for.
WEIGHTS = {
    purchase: 30, repeat: 10, same_key_of_another_card: 3, completion: 8, refund: 9, reversal: 14, race: 4, unseen: 4,
    inquiry: 8, verification: 3, advice: 4, nonsense: 4, vanish: 0.2,
}

__all__ = ["WEIGHTS", "check_balances", "payer_of", "Lost", "State", "Transaction"]
