"""The real programs in a folder of their own: started, stopped, killed; their clock set off and their disk filled."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60
# Space for journal segments of 4 MiB, their spare, store and outbox.
DISK = "192m"

IN_A_HURRY = {
    'answer_within = "7s"': 'answer_within = "2s"',
    'order_wait = "3s"': 'order_wait = "1s"',
    'repeat_min = "1s"': 'repeat_min = "100ms"',
    'repeat_max = "60s"': 'repeat_max = "1s"',
    'reconnect_max = "10s"': 'reconnect_max = "300ms"',
    'checkpoint_every = "30s"': 'checkpoint_every = "1s"',
    'idle_after = "60s"': 'idle_after = "1s"',
    '"256MiB"': '"4MiB"',
    "\nworkers = 0\n": "\nworkers = 2\n",
}
PERMISSIONS = "stand_in_advices = true\npartial_approval = true\n"


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_for(what, condition):
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"waited too long for {what}"
        time.sleep(0.05)


def faketime_library():
    for path in sorted(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1")):
        return path
    return None


class World:
    """The folder, and the two processes while they run."""

    def __init__(self, tessera, folder, cards, say):
        self.tessera, self.folder, self.say = Path(tessera).resolve(), Path(folder), say
        self.switch = self.host = None
        self.malls, self.wallet_line, self.operations, host, self.tally = free_ports(5)
        self.faketime = faketime_library()
        self.offset = 0
        # The switch's time never goes back: what is a day old by this is old for it.
        self.highest = 0
        self.write_offset(0)
        self.configure(host)
        self.mounted = self.mount()
        self.run("certs", "certs")
        for serials, balance in cards:
            self.run("provision", "--config", "switch.toml", "--cards", str(serials), "--balance", str(balance))

    def configure(self, host):
        shipped = REPOSITORY / "config"
        ports = {8583: self.malls, 8585: self.wallet_line, 9583: self.operations, 7583: host, 7584: self.tally}
        shutil.copytree(shipped / "parties", self.folder / "parties")
        acquirer = self.folder / "parties" / "development-acquirer-1.toml"
        acquirer.write_text(acquirer.read_text() + PERMISSIONS)
        for name in ("switch.toml", "host.toml"):
            text = (shipped / name).read_text()
            for old, new in ports.items():
                text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
            for old, new in IN_A_HURRY.items() if name == "switch.toml" else ():
                assert old in text, f"{old!r} is not in the shipped configuration"
                text = text.replace(old, new)
            (self.folder / name).write_text(text)

    def mount(self):
        """A small disk for the switch's data, where that may be had."""
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tessera-attack", str(data)]
        if os.geteuid() == 0 and shutil.which("mount"):
            return subprocess.run(command, capture_output=True).returncode == 0
        return False

    def run(self, *arguments, code=0):
        done = subprocess.run([self.tessera, *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == code, f"tessera {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    # Processes

    def spawn(self, name, *arguments, environment=None):
        log = open(self.folder / f"{name}.log", "a")
        process = subprocess.Popen(
            [self.tessera, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            env=os.environ | {"RUST_BACKTRACE": "0"} | (environment or {}),
        )
        log.close()
        line = process.stdout.readline().decode()
        if not line.startswith("ready"):
            process.wait(PATIENCE_SECONDS)
            raise AssertionError(f"{name} did not start ({process.returncode}): {line!r}\n{self.log(name)[-4000:]}")
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def start_host(self, *settings):
        chosen = [word for setting in ('data="host-data"', *settings) for word in ("--set", setting)]
        self.host = self.spawn("host", "host", "--config", "host.toml", *chosen)

    def start_switch(self):
        environment = {}
        if self.faketime:
            environment = {
                "LD_PRELOAD": str(self.faketime), "FAKETIME_TIMESTAMP_FILE": str(self.folder / "offset"),
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
            }
        self.switch = self.spawn("switch", "switch", "--config", "switch.toml", environment=environment)

    def kill_host(self):
        self.end(self.host, signal.SIGKILL)
        self.host = None

    def kill_switch(self):
        self.end(self.switch, signal.SIGKILL)
        self.switch = None

    def stop_switch(self):
        code = self.end(self.switch, signal.SIGTERM)
        self.switch = None
        assert code == 0, f"the switch ended with {code} after SIGTERM\n{self.log('switch')[-4000:]}"

    @staticmethod
    def end(process, how):
        process.send_signal(how)
        try:
            return process.wait(PATIENCE_SECONDS)
        finally:
            process.stdout.close()

    def close(self, keep):
        for process in (self.switch, self.host):
            if process is not None and process.poll() is None:
                self.end(process, signal.SIGKILL)
        if keep and self.mounted:
            shutil.copytree(self.folder / "data", self.folder / "data-kept", ignore=shutil.ignore_patterns("*.sock", "ballast"))
        if self.mounted:
            subprocess.run(["umount", str(self.folder / "data")], check=False)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    # Clock and disk

    def write_offset(self, seconds):
        path = self.folder / "offset.new"
        path.write_text(f"{seconds:+d}s\n")
        path.rename(self.folder / "offset")

    def set_clock(self, seconds):
        """Sets the switch's clock off by so many seconds, also while it runs."""
        self.write_offset(seconds)
        self.offset = seconds
        self.highest = max(self.highest, seconds)

    def fill_disk(self):
        """Fills the switch's disk."""
        with open(self.folder / "data" / "ballast", "wb", buffering=0) as ballast:
            size = 1 << 20
            while size:
                try:
                    ballast.write(b"\0" * size)
                except OSError:
                    size //= 16

    def empty_disk(self):
        (self.folder / "data" / "ballast").unlink(missing_ok=True)

    # What they say

    def get(self, port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return answer.read().decode()

    def figure(self, name):
        """The sum of a metric over its labels; `None` where the switch does not answer."""
        try:
            text = self.get(self.operations, "/metrics")
        except OSError:
            return None
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, found))

    def is_ready(self):
        try:
            return self.get(self.operations, "/readyz") is not None
        except OSError:
            return False

    def host_cards(self):
        """What each development card has spent at the financial system, by serial."""
        lines = map(json.loads, self.get(self.tally, "/cards").splitlines())
        return {line["serial"]: line["net"] for line in lines}

    def host_tally(self):
        return json.loads(self.get(self.tally, "/tally"))
