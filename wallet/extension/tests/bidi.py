"""Firefox over WebDriver BiDi, which it speaks itself: no driver in between.

Every wait has an end. Pages of extensions are driven as any other page.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

import websocket

from fake_wallet import program

# What anything may take on a slow machine that does much else.
PATIENCE = 120
# The address of the extension's own pages, which Firefox draws at random otherwise.
UUID = "7e55e7a0-0000-4000-8000-000000000001"
# No first pages, no updates, no reports, nothing that waits for a network.
ALONE = {
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    # Nobody is there to answer.
    "extensions.webextOptionalPermissionPrompts": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "services.settings.server": "data:,",
    "remote.log.level": "Warn",
}


class Firefox:
    """A browser without any past, with this extension, which Firefox knows by this identifier."""

    def __init__(self, archive, identifier):
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        settings = ALONE | {"extensions.webextensions.uuids": json.dumps({identifier: UUID})}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
        profile = pathlib.Path(self.folder.name)
        (profile / "user.js").write_text("\n".join(lines))
        self.log = open(profile / "log", "w+b")
        command = [program("firefox-esr", "firefox"), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "--remote-allow-system-access"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=os.environ | {"MOZ_CRASHREPORTER_DISABLE": "1"})
        try:
            address = wait(self.address, "Firefox to listen", self.last_words)
            self.socket = websocket.create_connection(f"{address}/session", timeout=PATIENCE, suppress_origin=True)
            self.number = 0
            self.call("session.new", capabilities={})
            data = {"type": "archivePath", "path": str(archive)}
            installed = self.call("webExtension.install", extensionData=data)["extension"]
            assert installed == identifier, installed
        except BaseException:
            self.close()
            raise

    def address(self):
        assert self.process.poll() is None, f"Firefox has ended:\n{self.last_words()}"
        found = re.search(r"WebDriver BiDi listening on (ws://\S+)", self.last_words())
        return found and found.group(1)

    def last_words(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")[-4000:]

    def call(self, method, **params):
        """The result. Events are passed over."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.number:
                assert answer["type"] == "success", f"{method} {params}: {answer}"
                return answer["result"]

    def tab(self):
        return Tab(self, self.call("browsingContext.create", type="tab")["context"])

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Tab:
    """A page, and scripts in it."""

    def __init__(self, browser, context):
        self.browser, self.context = browser, context

    def open(self, address):
        self.browser.call("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def front(self):
        self.browser.call("browsingContext.activate", context=self.context)

    def run(self, script):
        """The value of an expression, by way of JSON."""
        expression = f"Promise.resolve({script}).then((value) => JSON.stringify(value ?? null))"
        answer = self.browser.call("script.evaluate", expression=expression, target={"context": self.context}, awaitPromise=True)
        assert answer["type"] == "success", f"{script}: {answer['exceptionDetails']['text']}"
        return json.loads(answer["result"]["value"])

    def until(self, script):
        return wait(lambda: self.run(script), script, lambda: self.run("document.body?.innerText"))

    def frame(self, at):
        """The frame with this place in the page."""
        tree = self.browser.call("browsingContext.getTree", root=self.context)
        return Tab(self.browser, tree["contexts"][0]["children"][at]["context"])

    def press(self, selector):
        """As a mouse does it, in the middle of the first such element."""
        x, y = self.run(f"(() => {{ const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
                        " return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]; })()")
        self.press_at(x, y)

    def press_at(self, x, y):
        moves = [{"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.browser.call("input.performActions", context=self.context, actions=[{"type": "pointer", "id": "mouse", "actions": moves}])

    def picture(self):
        """PNG, in base 64."""
        return self.browser.call("browsingContext.captureScreenshot", context=self.context)["data"]


def wait(condition, what, seen=lambda: ""):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"waited too long for {what}\n{seen()}"
        time.sleep(0.05)
    return value
