#!/usr/bin/env python3
"""Counts the instructions of one call of each loop in instructions.toml, and compares them with the figures there:
`make bench-instructions`. Standard library and valgrind only.

    benches/instructions.py                  every loop
    benches/instructions.py codec-whole ...  these loops
    benches/instructions.py --write          writes the figures anew, for a compiler or a change that they are right for

Other programs on the machine change times, but no count of instructions. It does not say how long they take: for that the
benchmarks show the fastest batch of many.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
FIGURES = TOP / "benches/instructions.toml"


class Fault(Exception):
    """What is wrong, and what to do about it."""


def output(command, **options):
    try:
        done = subprocess.run(command, cwd=TOP, text=True, stdout=subprocess.PIPE, **options)
    except FileNotFoundError:
        raise Fault(f"{command[0]} is not installed: tests/needs.sh instructions names its package") from None
    if done.returncode != 0:
        said = f"{done.stdout}{done.stderr or ''}"
        raise Fault(f"`{' '.join(command)}` failed with code {done.returncode}\n{said}".strip())
    return done.stdout


def built(command):
    """The program that a command of cargo builds. Its diagnostics go to standard error."""
    messages = output([*command, "--message-format=json-render-diagnostics"])
    artifacts = [json.loads(line) for line in messages.splitlines() if line.startswith("{")]
    programs = [artifact["executable"] for artifact in artifacts if artifact.get("executable")]
    if len(programs) != 1:
        raise Fault(f"`{' '.join(command)}` builds {len(programs)} programs, and not one")
    return programs[0]


def counted(command):
    """The instructions of a whole run, of all its threads."""
    with tempfile.NamedTemporaryFile(prefix="callgrind.") as file:
        tool = ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={file.name}"]
        output([*tool, *command], stderr=subprocess.PIPE)
        totals = re.search(r"^(?:totals|summary): (\d+)", Path(file.name).read_text(), re.MULTILINE)
    if totals is None:
        raise Fault(f"callgrind has written no total for `{' '.join(command)}`")
    return int(totals[1])


def of_one_call(loop, program):
    def run(calls):
        return counted([part.format(program=program, calls=calls) for part in loop["run"]])

    fewer, more = loop["calls"]
    return round((run(more) - run(fewer)) / (more - fewer))


def written(text, name, instructions):
    """The table of figures with one of them replaced."""
    section = re.compile(rf"(^\[loops\.{re.escape(name)}\]$.*?^instructions = )[\d_]+", re.MULTILINE | re.DOTALL)
    changed, count = section.subn(rf"\g<1>{instructions}", text, count=1)
    if count != 1:
        raise Fault(f"{FIGURES.name} has no line `instructions = ...` for {name}")
    return changed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loops", nargs="*", metavar="LOOP")
    parser.add_argument("--write", action="store_true", help="write the figures anew")
    arguments = parser.parse_args()
    text = FIGURES.read_text()
    table = tomllib.loads(text)
    loops, allowed = table["loops"], table["allowed_growth_percent"]
    if unknown := set(arguments.loops) - set(loops):
        raise Fault(f"no loop is called {', '.join(sorted(unknown))}; there are {', '.join(loops)}")
    compiler = " ".join(output(["rustc", "--version"]).split()[:2])
    if compiler != table["compiler"]:
        print(f"The figures are those of {table['compiler']}; this is {compiler}.")
    programs, grown = {}, []
    for name in arguments.loops or loops:
        loop = loops[name]
        build = tuple(loop.get("build", ()))
        if build and build not in programs:
            programs[build] = built(build)
        before, now = loop["instructions"], of_one_call(loop, programs.get(build))
        change = 100 * (now - before) / before if before else 0
        print(f"{name:16} {now:9,} instructions, {before:,} before ({change:+.1f} %): {loop['what']}", flush=True)
        if change > allowed:
            grown.append(name)
        text = written(text, name, now)
    if arguments.write:
        FIGURES.write_text(re.sub(r'^compiler = ".*"$', f'compiler = "{compiler}"', text, flags=re.MULTILINE))
    elif grown:
        raise Fault(
            f"{', '.join(grown)}: more than {allowed} % above the figure in {FIGURES.relative_to(TOP)}. "
            "Find out why; if it has to be, write the figures anew with --write and say why in the commit."
        )


try:
    main()
except Fault as fault:
    sys.exit(f"instructions: {fault}")
