"""Chromium over its debugging pipe: only there may a test press an extension's button.

Every wait has an end, and a page that closes or crashes is noticed at once: it would never answer.
"""

import json
import os
import select
import subprocess
import tempfile
import time

from fake_wallet import chromium

# What anything may take on a slow machine that does much else.
PATIENCE = 120
# A script that only looks is asked again after this, over a session of its own.
LOOK_WITHIN = 20
# As the driver of Chromium starts it: no keyring, no updates, no questions, nothing that waits for a network.
ALONE = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--enable-automation",
         "--password-store=basic", "--use-mock-keychain", "--disable-sync", "--disable-background-networking", "--disable-component-update",
         "--disable-default-apps", "--disable-client-side-phishing-detection", "--disable-hang-monitor"]


class Gone(Exception):
    """The page has closed by itself."""


class Browser:
    """Chromium, and calls of its debugging protocol: JSON with a zero byte behind it, on descriptors 3 and 4."""

    def __init__(self, extension):
        (read_there, self.write), (self.read, write_there) = os.pipe(), os.pipe()

        def give():
            os.dup2(read_there, 103)
            os.dup2(write_there, 104)
            os.dup2(103, 3)
            os.dup2(104, 4)

        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.log = tempfile.TemporaryFile()
        command = [chromium(), *ALONE, "--remote-debugging-pipe", "--enable-unsafe-extension-debugging", f"--user-data-dir={self.folder.name}",
                   f"--load-extension={extension}", "--disable-features=DisableLoadExtensionCommandLineSwitch"]
        self.process = subprocess.Popen(command, preexec_fn=give, close_fds=False, stdout=self.log, stderr=self.log)
        os.close(read_there)
        os.close(write_there)
        self.buffer, self.number = b"", 0
        self.gone = set()
        self.call("Target.setDiscoverTargets", discover=True)

    def call(self, method, session=None, within=PATIENCE, **params):
        """The result. Raises Gone where the session has ended, and TimeoutError."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + within
        while time.monotonic() < end:
            if session in self.gone:
                raise Gone(method)
            answer = self.receive()
            if answer and answer.get("id") == self.number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
        raise TimeoutError(f"{method} was not answered within {within} s")

    def receive(self):
        """The next answer or event, or nothing within a second."""
        if b"\0" not in self.buffer:
            if select.select([self.read], [], [], 1)[0]:
                more = os.read(self.read, 1 << 16)
                assert more, f"Chromium has ended:\n{self.last_words()}"
                self.buffer += more
            if b"\0" not in self.buffer:
                return None
        raw, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(raw)
        match message.get("method"):
            case "Target.detachedFromTarget":
                self.gone.add(message["params"]["sessionId"])
            case "Target.targetCrashed":
                raise AssertionError(f"a page has crashed: {message['params']}\n{self.last_words()}")
        return message

    def targets(self, kind):
        return self.call("Target.getTargets", filter=[{"type": kind}])["targetInfos"]

    def last_words(self):
        self.log.seek(0)
        return self.log.read()[-4000:].decode(errors="replace")

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Page:
    """Something with a script context."""

    def __init__(self, browser, target):
        self.browser, self.target = browser, target
        self.attach()

    def attach(self):
        self.session = self.browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]

    def run(self, script, gesture=False, within=PATIENCE):
        answer = self.browser.call("Runtime.evaluate", self.session, within, expression=script, awaitPromise=True, returnByValue=True, userGesture=gesture)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def until(self, script):
        """Waits until this script, which changes nothing, says yes."""
        wait(lambda: self.look(script), script, self.seen)

    def look(self, script):
        try:
            return self.run(script, within=LOOK_WITHIN)
        except TimeoutError as late:
            print(f"{late}: asked again")
            self.attach()
            return None

    def seen(self):
        return self.look("location.href + '\\n' + document.body?.innerText")


def wait(condition, what, seen=lambda: ""):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"waited too long for {what}\n{seen()}"
        time.sleep(0.05)
    return value
