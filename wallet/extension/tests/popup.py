"""The extension as payers get it: its own popup, opened by its own button, with nothing allowed but what that press allows.

    popup.py SHOP FRAME NUMBER      the shop's HOST:PORT, the port of its card frame, and a number for the wallet server

The wallet server is played here.
"""

import json
import sys
import time

from debugging import PATIENCE, Browser, Gone, Page, wait
from fake_wallet import CLIENT, PASSWORD, FakeWallet, identity, make

shop, frame, number = sys.argv[1:4]


def visit(browser, address):
    """A tab in front with this page."""
    page = Page(browser, browser.call("Target.createTarget", url=address)["targetId"])
    page.until(f"document.readyState === 'complete' && location.href === {json.dumps(address)}")
    return page


def press(browser, extension, page):
    """Presses the extension's button over this page: its popup."""
    address = page.run("location.href")
    tab = wait(lambda: next((one for one in browser.targets("tab") if one["url"] == address), None), f"a tab at {address}")
    browser.call("Extensions.triggerAction", id=extension, targetId=tab["targetId"])
    own = f"chrome-extension://{extension}/popup.html"
    shown = wait(lambda: [one for one in browser.targets("page") if one["url"] == own], "the popup")
    popup = Page(browser, shown[0]["targetId"])
    popup.until("document.readyState === 'complete' && (!document.getElementById('sign-in').hidden || !document.getElementById('wallet-open').hidden)")
    return popup


def in_popup(browser, extension, page, task):
    """Does this in the popup over a page, and closes it. A popup that the window manager or the browser takes for left closes by
    itself: the button is pressed again then, as a payer would, and the task begun anew."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            popup = press(browser, extension, page)
            task(popup)
            return close(browser, popup)
        except Gone as gone:
            print(f"The popup has closed by itself ({gone}).")
            assert time.monotonic() < end, "the popup closes by itself, again and again"


def close(browser, popup):
    """The popup goes when the payer looks elsewhere."""
    try:
        popup.run("window.close()")
    except Gone:
        pass
    wait(lambda: all(one["targetId"] != popup.target for one in browser.targets("page")), "the popup to close")


def sign_in(popup):
    if popup.run("!document.getElementById('sign-in').hidden"):
        popup.run(f"client.value = '{CLIENT}'; password.value = '{PASSWORD}'; document.querySelector('#sign-in button').click()")
    popup.until("!document.getElementById('wallet-open').hidden")


VALUES = "JSON.stringify([...document.querySelectorAll('#plain input:not([type=hidden])')].map((one) => one.value))"


def fill_after_the_press(browser, extension, wallet):
    page = visit(browser, f"http://{shop}/buy/round/plain")
    pressed = []

    def task(popup):
        sign_in(popup)
        popup.until("document.querySelectorAll('.offer').length === 1")
        if not pressed:
            assert page.run(VALUES) == '["","","",""]', "nothing is filled unasked"
            assert all(path != "/extension/v1/number" for path, _ in wallet.asked), "nor is a number drawn"
        pressed.append(True)
        popup.run("document.querySelector('.offer').click()", gesture=True)
        popup.until("said.textContent.startsWith('Filled')")

    in_popup(browser, extension, page, task)
    assert json.loads(page.run(VALUES)) == ["A PAYER", number, "12/31", ""], page.run(VALUES)
    assert page.run("globalThis.tesseraPage === undefined"), "the page sees nothing of the extension"
    print("The plain form was filled after the press, and not before.")


def ask_for_the_frame(browser, extension, wallet):
    """A frame of another origin stays closed, and is asked for."""
    page = visit(browser, f"http://{shop}/buy/round/framed")

    def task(popup):
        popup.until("document.querySelectorAll('#offers > *, #asks > *').length > 0")
        offers, asks = (popup.run(f"[...document.querySelectorAll('{which}')].map((one) => one.textContent).join()") for which in (".offer", ".ask"))
        assert (offers, asks) == ("", f"Allow {frame}"), (offers, asks)
        held = popup.run("chrome.permissions.getAll().then((all) => all.origins.join())")
        assert held == f"http://localhost:{wallet.port}/*", held
        print(f"The card frame is asked for: {asks}.")

    in_popup(browser, extension, page, task)


def say_that_a_page_loads(browser, extension, wallet):
    """Forms are looked for when a page has come as a whole: until then the popup says what it does."""
    page = Page(browser, browser.call("Target.createTarget", url=f"http://localhost:{wallet.port}/loading")["targetId"])
    page.until("document.readyState === 'loading' && document.querySelector('form') !== null")

    def task(popup):
        popup.until("said.textContent.startsWith('Looking') || document.querySelector('.offer') !== null")
        assert wallet.whole.is_set() or popup.run("said.textContent.startsWith('Looking')"), popup.seen()
        wallet.whole.set()
        popup.until("document.querySelectorAll('.offer').length === 1 && said.textContent === ''")
        print("The popup says that it looks for forms, and shows them when the page has come.")

    in_popup(browser, extension, page, task)


def main():
    wallet = FakeWallet(number)
    folder = make(wallet)
    extension = identity(folder)
    browser = Browser(folder)
    try:
        fill_after_the_press(browser, extension, wallet)
        ask_for_the_frame(browser, extension, wallet)
        say_that_a_page_loads(browser, extension, wallet)
    finally:
        browser.close()


main()
