"""An attack on the real switch by a model that was written from the wire protocol alone.

    python attack.py --tessera target/debug/tessera [--seed N] [--seconds N] [--folder DIR]

Storms and calms take turns. In a storm many requests of every kind are open over several connections, while the switch and the
financial system are killed, stopped and started again, the switch's clock is set forward and back, its store is deleted, its disk is
full, and the financial system loses, delays, doubles and declines. In a calm every answer is exact. At the end of each the balances
of all wallets, the audit, and the ledger of the financial system must be those of the model.

The seed decides what is asked and what goes wrong, not how the two meet: a seed makes a failure likely again, not certain."""

import argparse
import asyncio
import json
import random
import shutil
import ssl
import sys
import tempfile
import time
import traceback
from datetime import timedelta
from pathlib import Path

import operations
from messages import Party, luhn_card
from model import State, Transaction, Wallet
from wire import Clock, Line, Lost
from world import World, wait_for

RICH, POOR = 12, 12
RICH_BALANCE, POOR_BALANCE = 5_000_000, 4_000
WORKERS = 24
TRANSACTIONS_KEPT = 60
CALM_SECONDS = 2
# In a storm a request is sent again after this: longer than the switch may take to answer (2 s here).
ANSWER_WITHIN = 5
# How long a request may go without an answer while things break.
PATIENCE_SECONDS = 120

ACQUIRER, ACQUIRER_KEY = "20000000001", bytes.fromhex("202122232425262728292a2b2c2d2e2f")
PLAIN_ACQUIRER = "20000000002"
MALL, MALL_KEY = "10000000001", bytes.fromhex("000102030405060708090a0b0c0d0e0f")
WALLET_SERVER = "90000000001"

FAULTS = [
    "faults.drop_share=0.02", "faults.late_share=0.02", 'faults.late_by="2300ms"', "faults.double_share=0.03",
    "faults.cut_share=0.003", "rules.decline_share=0.05",
]
DAY = timedelta(days=1)
STEPS = [1, -1, 3_600, -3_600, 86_400, -86_400]


class Attack:
    def __init__(self, world, seed, without, say):
        self.world, self.dice, self.say = world, random.Random(seed), say
        self.kinds = {kind: weight for kind, weight in operations.WEIGHTS.items() if kind.__name__ not in without}
        events = [
            self.kill_switch, self.kill_switch, self.stop_switch, self.kill_host, self.step_clock, self.step_clock,
            self.step_clock_while_down, self.delete_store, self.fill_disk, self.bad_host,
        ]
        self.events = [event for event in events if event.__name__ not in without]
        self.permitted, self.storm, self.stopping, self.clock = ACQUIRER, False, False, Clock()
        self.clock_moved_at, self.begun = float("-inf"), time.monotonic()
        self.exchanges = open(world.folder / "exchanges.jsonl", "w", buffering=1)
        self.number, self.counts, self.failure = 0, {}, None
        self.wallets = [
            Wallet(serial, luhn_card(serial), RICH_BALANCE if serial <= RICH else POOR_BALANCE, serial > RICH)
            for serial in range(1, RICH + POOR + 1)
        ]
        self.parties, self.days = [], set()
        for index, (institution, key, by_order) in enumerate(
            [(ACQUIRER, ACQUIRER_KEY, False)] * 3 + [(PLAIN_ACQUIRER, None, False)] * 2 + [(MALL, MALL_KEY, True)] * 2
        ):
            # No two terminals have a trace number in common: what names one may not fit another by chance.
            line = Line("127.0.0.1", world.malls, institution, key, self.clock, trace=index * 100_000)
            self.parties.append(Party(line, f"ATTACK{index:02}", by_order))
        context = ssl.create_default_context(cafile=world.folder / "certs" / "ca.pem")
        context.check_hostname = False
        context.load_cert_chain(world.folder / "certs" / "wallet-server.pem", world.folder / "certs" / "wallet-server.key")
        self.administrator = Line("127.0.0.1", world.wallet_line, WALLET_SERVER, None, self.clock, context)

    # What operations use

    def party(self, by_order=None, permitted=False):
        fitting = [
            party for party in self.parties
            if by_order in (None, party.by_order) and (not permitted or party.line.institution == ACQUIRER)
        ]
        return self.dice.choice(fitting)

    def party_of(self, transaction):
        return next(party for party in self.parties if party.terminal == transaction.request["41"])

    def lines(self):
        return [self.administrator, *(party.line for party in self.parties)]

    def wallet(self, poor=None):
        return self.dice.choice([wallet for wallet in self.wallets if poor in (None, wallet.poor)])

    def way(self, ways):
        return "exact" if self.dice.random() < 0.5 else self.dice.choice(ways)

    def next_number(self):
        self.number += 1
        return self.number

    def opened(self, wallet, request):
        mti, code = request["t"], request["3"][:2]
        kind = {"0100": "authorization", "0120": "authorization", "0220": "completion" if "90" in request else "purchase"}
        kind = "refund" if code == "20" else kind.get(mti, "purchase")
        transaction = Transaction(wallet, request, State(kind), busy=True, sent_at=self.world.highest)
        wallet.transactions.append(transaction)
        wallet.fold(TRANSACTIONS_KEPT)
        return transaction

    def pick(self, wanted):
        """A transaction of some wallet about which nothing is open, if there is one."""
        wallet = self.wallet()
        found = [one for one in wallet.transactions if not one.busy and wanted(one)]
        return self.dice.choice(found) if found else None

    async def until_answered(self, party, request, after=0.0):
        """Sends a request again and again until it is answered; the answer, and whether anything was wrong meanwhile."""
        if after:
            await asyncio.sleep(after)
        return await self.insist(party.line, request, lambda: party.again(request, self.dice))

    async def administer(self, operation, data):
        """An operation of the wallet server; sent again alike it is answered alike."""
        now = self.clock.now()
        request = {
            "t": "0600", "7": f"{now:%m%d%H%M%S}", "11": self.administrator.next_trace(), "24": operation,
            "32": WALLET_SERVER, "37": f"WSERV{self.next_number():07}", "60": data,
        }
        return (await self.insist(self.administrator, request, lambda: request | {"7": f"{self.clock.now():%m%d%H%M%S}"}))[0]

    async def insist(self, line, request, again):
        trouble, until, sent = self.storm, time.monotonic() + PATIENCE_SECONDS, request
        while True:
            vanished = line.vanished
            try:
                answer = await line.ask(sent, ANSWER_WITHIN if self.storm else PATIENCE_SECONDS)
            except Lost as lost:
                assert self.storm or trouble or line.vanished != vanished, f"no answer in a calm to {sent}: {lost}"
                answer, trouble = None, trouble or self.storm
            self.note(sent, answer)
            self.look_for_faults(line)
            if answer is not None and not self.is_refused_for_now(answer, trouble):
                return answer, trouble or self.storm
            assert time.monotonic() < until, f"no answer for {PATIENCE_SECONDS} s to {sent}: {answer}"
            await asyncio.sleep(0.05)
            sent = again()

    def is_refused_for_now(self, answer, trouble):
        """Nothing was applied, and the same request may be asked again."""
        if answer["39"] == "96":
            return trouble or self.storm
        moved = time.monotonic() - self.clock_moved_at < 3 * ANSWER_WITHIN
        return answer["39"] == "12" and moved and "clock" in answer.get("48", "")

    def note(self, request, answer):
        """Writes every request to a file, for the analysis of a failure."""
        at = round(time.monotonic() - self.begun, 3)
        self.exchanges.write(json.dumps({"at": at, "asked": request, "answered": answer}) + "\n")

    def look_for_faults(self, line):
        if line.faults:
            raise line.faults[0]

    # Storms and calms

    async def run(self, seconds):
        try:
            return await self.storms_and_calms(seconds)
        finally:
            for line in self.lines():
                line.drop()
            await asyncio.sleep(0)

    async def storms_and_calms(self, seconds):
        until = time.monotonic() + seconds
        await asyncio.to_thread(self.world.start_host)
        await asyncio.to_thread(self.world.start_switch)
        await self.settle()
        rounds = 0
        while time.monotonic() < until:
            rounds += 1
            await self.while_working(self.break_things(min(time.monotonic() + 12, until)), storm=True)
            await self.calm_down()
            await self.while_working(asyncio.sleep(CALM_SECONDS), storm=False)
            await self.compare()
            self.say(f"round {rounds}: {self.summary()}")
        await self.survive()
        return rounds

    async def while_working(self, events, storm):
        self.storm, self.stopping = storm, False
        workers = [asyncio.create_task(self.work()) for _ in range(WORKERS)]
        happening = asyncio.create_task(events)
        await asyncio.wait([happening, *workers], return_when=asyncio.FIRST_COMPLETED)
        self.stopping = True
        try:
            await happening
            if storm:
                # What is still open is answered by a switch that runs and reaches the financial system.
                await asyncio.to_thread(self.bring_up)
        except AssertionError:
            for worker in workers:
                worker.cancel()
            raise
        finally:
            results = await asyncio.gather(*workers, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def work(self):
        kinds, weights = zip(*self.kinds.items(), strict=True)
        while not self.stopping:
            kind = self.dice.choices(kinds, weights)[0]
            await kind(self)
            self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
            await asyncio.sleep(self.dice.random() * 0.01)

    async def break_things(self, until):
        while time.monotonic() < until and not self.stopping:
            event = self.dice.choice(self.events)
            self.say(f"  {event.__name__}")
            await asyncio.to_thread(event)
            await asyncio.sleep(self.dice.random() * 1.5)
            self.watch_processes()

    def watch_processes(self):
        for name in ("switch", "host"):
            process = getattr(self.world, name)
            code = process.poll()
            assert code is None, f"the {name} ended by itself with {code}\n{self.world.log(name)[-4000:]}"

    def kill_switch(self):
        self.world.kill_switch()
        self.pause()
        self.world.start_switch()

    def stop_switch(self):
        self.world.stop_switch()
        self.pause()
        self.world.start_switch()

    def kill_host(self):
        self.world.kill_host()
        self.pause()
        self.world.start_host()

    def bad_host(self):
        self.world.kill_host()
        self.world.start_host(*FAULTS, f"seed={self.dice.randrange(1_000_000)}")

    def step_clock(self):
        if self.world.faketime is None:
            return
        offset = self.dice.choice([0, *STEPS])
        self.say(f"    by {offset} s")
        # Before and after: the requests between may carry either time.
        self.clock_moved_at = time.monotonic()
        self.world.set_clock(offset)
        self.clock.offset = offset
        self.remember_days()

    def step_clock_while_down(self):
        how = self.dice.choice([self.world.kill_switch, self.world.stop_switch])
        how()
        self.step_clock()
        self.world.start_switch()

    def delete_store(self):
        self.dice.choice([self.world.kill_switch, self.world.stop_switch])()
        shutil.rmtree(self.world.folder / "data" / "store")
        self.world.start_switch()

    def fill_disk(self):
        if not self.world.mounted:
            return
        self.world.fill_disk()
        time.sleep(0.5 + self.dice.random())
        code = self.world.switch.poll()
        assert code in (None, 74), f"the switch ended with {code} on a full disk\n{self.world.log('switch')[-4000:]}"
        self.world.empty_disk()
        if code is None and self.dice.random() < 0.5:
            return
        if code is None:
            self.world.kill_switch()
        self.world.start_switch()

    def pause(self):
        time.sleep(self.dice.random() * 0.3)

    def bring_up(self):
        self.world.kill_host()
        self.world.start_host()
        if self.world.switch is None or self.world.switch.poll() is not None:
            self.world.start_switch()

    def remember_days(self):
        for ago in (-1, 0, 1):
            self.days.add(f"{self.clock.now() + ago * DAY:%m%d}")

    # What must be so

    async def calm_down(self):
        await self.settle()
        self.storm = False
        await self.check_wallets()

    async def settle(self):
        """Waits until the financial system has acknowledged everything."""
        self.remember_days()
        await asyncio.to_thread(wait_for, "the switch to be ready", self.world.is_ready)
        depth = "tessera_store_and_forward_depth"
        await asyncio.to_thread(wait_for, "all advices to be acknowledged", lambda: self.world.figure(depth) == 0)

    async def check_wallets(self):
        party = self.party(by_order=False)
        for wallet in self.wallets:
            assert not [one for one in wallet.transactions if one.busy], f"something of wallet {wallet.serial} is open"
            low, high = wallet.available()
            assert low == high and wallet.ledger()[0] == wallet.ledger()[1], f"the model of wallet {wallet.serial} is not closed"
            await operations.check_balances(self, party, wallet)

    async def compare(self):
        """Wallets, audit, and the ledger of the financial system."""
        await self.settle()
        await self.check_wallets()
        audit = await asyncio.to_thread(self.world.run, "audit", "--config", "switch.toml")
        for line, value in (("open at host", "0"), ("advices open", "0")):
            assert self.says(audit, line) == value, f"{line} is not {value}:\n{audit}"
        held = sum(wallet.ledger()[0] - wallet.available()[0] for wallet in self.wallets)
        assert self.says(audit, "held").replace(".", "") == f"{held:03}", f"{held} is held in the model:\n{audit}"
        spent = self.world.host_cards()
        for wallet in self.wallets:
            ours = (RICH_BALANCE if not wallet.poor else POOR_BALANCE) - wallet.ledger()[0]
            theirs = spent.get(wallet.serial, 0)
            assert theirs == ours, f"card {wallet.serial} has spent {theirs} at the financial system, {ours} here"
        tally = self.world.host_tally()
        assert tally["contradictions"] == 0, tally
        await self.compare_totals()

    async def compare_totals(self):
        """Each party's net amount of all settlement dates is what its transactions have debited."""
        for institution in (ACQUIRER, PLAIN_ACQUIRER, MALL):
            party = next(party for party in self.parties if party.line.institution == institution)
            ours = sum(
                one.state.debit()
                for wallet in self.wallets for one in [*wallet.transactions, *wallet.folded]
                if one.request["32"] == institution
            )
            net = 0
            for day in sorted(self.days):
                totals = {str(field): "0" * 10 for field in range(74, 78)} | {str(field): "0" * 16 for field in range(86, 90)}
                request = party.common("0500") | {"15": day, "97": b"C".hex() + "0" * 16} | totals
                answer, _ = await self.until_answered(party, request)
                # Not begun, or long over: nothing was counted under it.
                if answer["39"] == "12":
                    continue
                sign, amount = answer["97"][:2], int(answer["97"][2:])
                net += amount if bytes.fromhex(sign) == b"D" else -amount
            assert net == ours, f"party {institution}: {net} over all settlement dates, {ours} in the model"

    async def survive(self):
        """The same after a kill, and after another with the store deleted."""
        for with_store in (True, False):
            await asyncio.to_thread(self.world.kill_switch)
            for line in self.lines():
                line.drop()
            if not with_store:
                shutil.rmtree(self.world.folder / "data" / "store")
            await asyncio.to_thread(self.world.start_switch)
            await self.compare()

    @staticmethod
    def says(audit, what):
        for line in audit.splitlines():
            if line.startswith(what):
                return line[len(what):].split()[0]
        raise AssertionError(f"the audit does not say {what}:\n{audit}")

    def summary(self):
        return json.dumps(dict(sorted(self.counts.items())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tessera", required=True, help="the binary to attack")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000_000))
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--folder", help="where the programs run; kept. Default: a folder that goes away when all is well")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME",
                        help="operations and events to leave out, to narrow a failure down")
    options = parser.parse_args()
    begun = time.monotonic()

    def say(text):
        print(f"{time.monotonic() - begun:7.1f} s  {text}", flush=True)

    say(f"seed {options.seed}")
    folder = Path(options.folder or tempfile.mkdtemp(prefix="tessera-attack-"))
    folder.mkdir(parents=True, exist_ok=True)
    world, failed = None, True
    try:
        world = World(options.tessera, folder, [(RICH, RICH_BALANCE), (RICH + POOR, POOR_BALANCE)], say)
        say(f"in {folder}; " + ("clock steps" if world.faketime else "NO clock steps: libfaketime is not installed")
            + ("; full disks" if world.mounted else "; NO full disks: that needs root"))
        attack = Attack(world, options.seed, options.without, say)
        rounds = asyncio.run(attack.run(options.seconds))
        say(f"survived {rounds} rounds: {attack.summary()}")
        failed = False
    except Exception:
        traceback.print_exc()
        say(f"FAILED with seed {options.seed}; what there is to look at is in {folder}")
    finally:
        if world is not None:
            world.close(keep=failed or options.folder is not None)
    return failed


if __name__ == "__main__":
    sys.exit(main())
