"""What every message does to a wallet, written down from the wire protocol (sections 4 and 5) in plain arithmetic.

A wallet is a list of transactions. Each transaction says what it takes off the ledger balance and what it holds, from what is known
of it; while one of its requests is open, both outcomes are possible, and a balance is an interval. All amounts are minor units."""

from dataclasses import dataclass, field, replace


@dataclass
class State:
    """What is known of a transaction that field 90 can name."""

    # "purchase", "authorization", "completion" or "refund".
    kind: str
    # What was approved; 0 where it was declined.
    approved: int = 0
    # What a reversal asked to leave; `None` without one.
    left: int | None = None
    # Of a purchase or completion: what was refunded.
    refunded: int = 0
    # Of an authorization: whether it was completed.
    completed: bool = False

    def stands(self):
        """What is left of it after reversals: refunds together are at most this."""
        return self.approved if self.left is None else min(self.left, self.approved)

    def debit(self):
        """What it takes off the ledger balance. Of a purchase the larger of what its reversal leaves and its refunds stays; each refund
        is a transaction of its own."""
        if self.kind == "authorization":
            return 0
        if self.kind == "refund":
            return -self.stands()
        return max(self.stands(), self.refunded)

    def held(self):
        return self.stands() if self.kind == "authorization" and not self.completed else 0


@dataclass(eq=False)
class Transaction:
    """A transaction of a wallet, with the request that made it."""

    wallet: "Wallet"
    request: dict
    state: State
    # The answer that every repeat must give again: fields 39, 38 and 4.
    answer: tuple | None = None
    # What the one open request about it may make of it.
    possible: State | None = None
    # Of a completion: its authorization. Of a refund: its purchase.
    original: "Transaction | None" = None
    # By how many seconds the switch's clock had been ahead at most when it was first sent.
    sent_at: int = 0
    # One request about a transaction at a time.
    busy: bool = False

    def debits(self):
        """The least and the most that it takes off the ledger balance."""
        found = [state.debit() for state in self.states()]
        return min(found), max(found)

    def takes(self):
        """The same of the available balance."""
        found = [state.debit() + state.held() for state in self.states()]
        return min(found), max(found)

    def states(self):
        return [self.state] if self.possible is None else [self.state, self.possible]

    def may_become(self, **changes):
        self.possible = replace(self.state, **changes)

    def becomes(self, applied):
        if applied and self.possible is not None:
            self.state = self.possible
        self.possible = None


@dataclass(eq=False)
class Wallet:
    serial: int
    card: str
    balance: int
    # Whether it may run dry: then only what can be refused for want of money is asked of it.
    poor: bool
    transactions: list = field(default_factory=list, repr=False)
    # What nothing will be asked of any more: `balance` has it already.
    folded: list = field(default_factory=list, repr=False)
    # What open requests have seen as bounds of the available balance since they were sent.
    watching: list = field(default_factory=list, repr=False)

    def ledger(self):
        """The least and the most that its ledger balance may be."""
        low = self.balance - sum(transaction.debits()[1] for transaction in self.transactions)
        high = self.balance - sum(transaction.debits()[0] for transaction in self.transactions)
        return low, high

    def available(self, without=None):
        others = [transaction for transaction in self.transactions if transaction is not without]
        low = self.balance - sum(transaction.takes()[1] for transaction in others)
        high = self.balance - sum(transaction.takes()[0] for transaction in others)
        return low, high

    def fold(self, keep):
        """Leaves about so many transactions open to further requests, so that a long attack stays fast."""
        surplus = len(self.transactions) - keep
        originals = [transaction.original for transaction in self.transactions if transaction.original is not None]
        for transaction in self.transactions[:max(0, surplus)]:
            # What undoes a refund changes its purchase, too.
            if transaction.busy or transaction.possible or transaction.state.held() or transaction in originals:
                continue
            self.transactions.remove(transaction)
            self.folded.append(transaction)
            self.balance -= transaction.state.debit()

    def changed(self):
        for watch in self.watching:
            watch.look()


class Watch:
    """The bounds of a wallet's balances over the life of a request."""

    def __init__(self, wallet, without=None):
        self.wallet, self.without = wallet, without
        self.available, self.ledger = wallet.available(without), wallet.ledger()

    def __enter__(self):
        self.wallet.watching.append(self)
        return self

    def __exit__(self, *_):
        self.wallet.watching.remove(self)

    def look(self):
        self.available = wider(self.available, self.wallet.available(self.without))
        self.ledger = wider(self.ledger, self.wallet.ledger())


def wider(one, other):
    return min(one[0], other[0]), max(one[1], other[1])
