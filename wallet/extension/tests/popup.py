"""The extension as payers get it: its own popup, opened by its own button, with nothing allowed but what that press allows.

    popup.py SHOP FRAME NUMBER      the shop's HOST:PORT, the port of its card frame, and a number for the wallet server

Drives Chromium over its debugging pipe, because only there a test may press an extension's button. The wallet server is played here.
"""

import json
import os
import select
import subprocess
import sys
import tempfile
import time

from fake_wallet import CLIENT, PASSWORD, FakeWallet, chromium, identity, make

PATIENCE = 30
shop, frame, number = sys.argv[1:4]


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
        command = [chromium(), "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run",
                   "--remote-debugging-pipe", "--enable-unsafe-extension-debugging", f"--user-data-dir={self.folder.name}",
                   f"--load-extension={extension}", "--disable-features=DisableLoadExtensionCommandLineSwitch"]
        self.process = subprocess.Popen(command, preexec_fn=give, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(read_there)
        os.close(write_there)
        self.buffer, self.number = b"", 0

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self.write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            while b"\0" in self.buffer:
                raw, self.buffer = self.buffer.split(b"\0", 1)
                answer = json.loads(raw)
                if answer.get("id") == self.number:
                    assert "error" not in answer, f"{method}: {answer['error']}"
                    return answer["result"]
            if select.select([self.read], [], [], 1)[0]:
                self.buffer += os.read(self.read, 1 << 16)
        raise TimeoutError(method)

    def targets(self, kind):
        return self.call("Target.getTargets", filter=[{"type": kind}])["targetInfos"]

    def close(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


class Page:
    """Something with a script context."""

    def __init__(self, browser, target):
        self.browser, self.target = browser, target
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def run(self, script, gesture=False):
        answer = self.browser.call("Runtime.evaluate", self.session, expression=script, awaitPromise=True, returnByValue=True, userGesture=gesture)
        assert "exceptionDetails" not in answer, f"{script}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    def until(self, script):
        wait(lambda: self.run(script), script)


def wait(condition, what):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.05)
    return value


def visit(browser, address):
    """A tab in front with this page."""
    page = Page(browser, browser.call("Target.createTarget", url=address)["targetId"])
    page.until(f"document.readyState === 'complete' && location.href === {json.dumps(address)}")
    return page


def press(browser, extension, page):
    """Presses the extension's button over this page: its popup."""
    address = page.run("location.href")
    tab = next(one for one in browser.targets("tab") if one["url"] == address)
    browser.call("Extensions.triggerAction", id=extension, targetId=tab["targetId"])
    own = f"chrome-extension://{extension}/popup.html"
    shown = wait(lambda: [one for one in browser.targets("page") if one["url"] == own], "the popup")
    popup = Page(browser, shown[0]["targetId"])
    popup.until("document.readyState === 'complete' && (!document.getElementById('sign-in').hidden || !document.getElementById('wallet-open').hidden)")
    return popup


def close(browser, popup, page):
    """The popup goes when the payer looks elsewhere."""
    popup.run("window.close()")
    wait(lambda: all(one["targetId"] != popup.target for one in browser.targets("page")), "the popup to close")


VALUES = "JSON.stringify([...document.querySelectorAll('#plain input:not([type=hidden])')].map((one) => one.value))"


def main():
    wallet = FakeWallet(number)
    folder = make(wallet)
    extension = identity(folder)
    browser = Browser(folder)
    try:
        page = visit(browser, f"http://{shop}/buy/round/plain")
        popup = press(browser, extension, page)
        popup.run(f"client.value = '{CLIENT}'; password.value = '{PASSWORD}'; document.querySelector('#sign-in button').click()")
        popup.until("document.querySelectorAll('.offer').length === 1")
        assert page.run(VALUES) == '["","","",""]', "nothing is filled unasked"
        assert all(path != "/extension/v1/number" for path, _ in wallet.asked), "nor is a number drawn"
        popup.run("document.querySelector('.offer').click()", gesture=True)
        popup.until("said.textContent.startsWith('Filled')")
        assert json.loads(page.run(VALUES)) == ["A PAYER", number, "12/31", ""], page.run(VALUES)
        assert page.run("globalThis.tesseraPage === undefined"), "the page sees nothing of the extension"
        close(browser, popup, page)
        print("The plain form was filled after the press, and not before.")

        # A frame of another origin stays closed, and is asked for.
        page = visit(browser, f"http://{shop}/buy/round/framed")
        popup = press(browser, extension, page)
        popup.until("document.querySelectorAll('#offers > *, #asks > *').length > 0")
        offers, asks = (popup.run(f"[...document.querySelectorAll('{which}')].map((one) => one.textContent).join()") for which in (".offer", ".ask"))
        assert (offers, asks) == ("", f"Allow {frame}"), (offers, asks)
        held = popup.run("chrome.permissions.getAll().then((all) => all.origins.join())")
        assert held == f"http://localhost:{wallet.port}/*", held
        print(f"The card frame is asked for: {asks}.")
    finally:
        browser.close()


main()
