#!/usr/bin/env python3
"""Instructions of a replay of purchases through a worker (switch/src/mall/receive/replay_test.rs), for each approval.

    cargo test --release -p tessera-switch --lib --no-run     (what is in the path of a purchase is optimized, without LTO)
    benches/replay.py TEST_PROGRAM [--purchases 20480] [--shape 8x64] [--mac on] [--top 40] [--save FILE] [--against FILE]

Runs it twice under `valgrind --tool=callgrind`, for so many purchases and for a fifth of them; what differs, divided by the
purchases that differ, is what one costs. Prints each thread that is part of the switch, its functions and how often they are
called. --save keeps the figures; --against prints what has changed since; --callers NAME shows who calls a function."""
import argparse, collections, glob, json, os, re, subprocess, sys, tempfile

SWITCH = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../switch")
NAME = re.compile(r"(\((\d+)\))?\s*(.*)")


def read(path, wanted=None):
    """Instructions and calls by function, of one thread."""
    names, cost, calls, function, skip = {}, collections.Counter(), collections.Counter(), None, False

    def name(text):
        _, number, given = NAME.match(text).groups()
        if given: names[number] = given
        return names.get(number, given)

    for line in open(path, errors="replace"):
        line = line.rstrip("\n")
        if line.startswith("fn="): function = name(line[3:])
        elif line.startswith("cfn="): callee = name(line[4:])
        elif line.startswith("calls="):
            times = int(line[6:].split()[0])
            calls[callee] += times; skip = True
            if wanted and wanted in callee: calls[f"{short(callee)} <- {short(function)}"] += times
        elif line[:1] in "+-*0123456789" and line:
            # The line after calls= has what the callee cost: it is counted there.
            if skip: skip = False
            else: cost[function] += int(line.split()[1])
    return cost, calls


def short(name):
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    while "<" in name and len(name) > 100:
        shorter = re.sub(r"<[^<>]*>", "", name)
        if shorter == name: break
        name = shorter
    return name[:110]


def thread_of(cost):
    """What a thread is, by what it has done."""
    text = " ".join(cost)
    for sign, thread in (("WalletActor", "worker"), ("receive::Receiver", "worker"), ("writer::Writer", "journal"), ("hand::", None)):
        if sign in text: return thread
    return None


def environment(purchases, wallets, options):
    return {**os.environ, "TESSERA_REPLAY": str(purchases), "TESSERA_REPLAY_WALLETS": str(wallets), "TESSERA_REPLAY_SHAPE": options.shape, "TESSERA_REPLAY_MAC": options.mac}


def memory(program, options):
    """Bytes of a wallet in use, after twenty purchases each; not under Valgrind, which has memory of its own."""
    done = subprocess.run([program, "a_replay", "--nocapture"], env=environment(100_000, 5_000, options), cwd=SWITCH, check=True, capture_output=True, text=True)
    print(*(line for line in done.stdout.splitlines() if " bytes for each wallet" in line), sep="\n")


def run(program, purchases, options):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["valgrind", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={folder}/out", program, "a_replay"],
                       env=environment(purchases, 1_000, options), cwd=SWITCH, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        threads = {}
        for path in glob.glob(f"{folder}/out*"):
            cost, calls = read(path, options.callers)
            thread = thread_of(cost)
            if thread:
                costs = threads.setdefault(thread, (collections.Counter(), collections.Counter()))
                costs[0].update(cost); costs[1].update(calls)
        return threads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--purchases", type=int, default=20_480)
    parser.add_argument("--shape", default="8x64")
    parser.add_argument("--mac", default="on", choices=("on", "off"))
    parser.add_argument("--top", type=int, default=40)
    parser.add_argument("--callers")
    parser.add_argument("--save")
    parser.add_argument("--against")
    options = parser.parse_args()
    options.program = os.path.realpath(options.program)
    memory(options.program, options)
    few = options.purchases // 5
    less, more = run(options.program, few, options), run(options.program, options.purchases, options)
    figures = {}
    for thread in sorted(more, reverse=True):
        each = [{function: (count - less[thread][kind][function]) / (options.purchases - few) for function, count in more[thread][kind].items()} for kind in (0, 1)]
        figures[thread] = {"instructions": each[0], "calls": each[1]}
        print(f"{thread}: {sum(each[0].values()):,.0f} instructions for each approval")
        for function, count in sorted(each[0].items(), key=lambda one: -one[1])[:options.top]:
            print(f"{count:10,.0f} {each[1].get(function, 0):8.2f} calls  {short(function)}")
        for edge, count in sorted(each[1].items(), key=lambda one: -one[1]):
            if " <- " in edge and count > 0.2: print(f"           {count:8.2f} calls  {edge}")
    if options.save: json.dump(figures, open(options.save, "w"))
    if options.against:
        before = json.load(open(options.against))
        for thread, now in figures.items():
            was = before[thread]["instructions"]
            print(f"{thread}: {sum(was.values()):,.0f} before, {sum(now['instructions'].values()):,.0f} now")


if __name__ == "__main__":
    main()
