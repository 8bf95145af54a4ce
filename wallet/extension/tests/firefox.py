"""The extension in a headless Firefox, before the shop that is not affiliated and before every page of tests/painted.

    firefox.py SHOP FRAME NUMBER      the shop's HOST:PORT, the HOST:PORT of its card frame, and a number for the wallet server

The wallet server is played here. The popup is in a tab of its own and gets the id of the shop's tab; all else is what payers get.
"""

import json
import sys
import urllib.request

from bidi import UUID, Firefox, wait
from fake_wallet import CLIENT, HERE, PASSWORD, SESSION, FakeWallet, archive, expected, make

shop, frame, number = sys.argv[1:4]
POPUP = f"moz-extension://{UUID}/popup.html"
# Of each form, how the shop's page calls it.
VALUES = "[...document.querySelectorAll('form.panel input:not([type=hidden])')].map((one) => one.value).join(' ')"


class Payer:
    def __init__(self, browser):
        self.popup, self.page = browser.tab(), browser.tab()
        self.popup.open(POPUP)

    def sign_in(self, password):
        self.popup.run(f"(client.value = '123 456 789 012 345', password.value = {json.dumps(password)})")
        self.popup.front()
        self.popup.press("#sign-in button")

    def open_popup(self):
        """Over the page, as the browser's own popup is."""
        address = json.dumps(self.page.run("location.href"))
        tab = self.popup.run(f"chrome.tabs.query({{}}).then((tabs) => tabs.find((tab) => tab.url === {address})?.id)")
        assert tab, f"no tab shows {address}"
        self.popup.open(f"{POPUP}?tab={tab}")
        self.popup.until("document.querySelector('#offers > *') !== null")

    def offers(self):
        return self.popup.run("[...document.querySelectorAll('.offer')].map((one) => one.textContent)")

    def said(self):
        return self.popup.run("said.textContent")

    def fill(self):
        """The first offer; what the popup says of it."""
        self.popup.run("document.querySelector('.offer').click()")
        self.popup.until("said.textContent !== '' && !said.textContent.startsWith('Getting a number')")
        return self.said()


def signs_in(payer, wallet):
    payer.sign_in("wrong")
    payer.popup.until("said.textContent.includes('wrong')")
    payer.sign_in(PASSWORD)
    payer.popup.until("available.textContent === '$1,234.50' && document.getElementById('frozen').hidden")
    assert ("/extension/v1/session", {"client": CLIENT, "password": PASSWORD}) in wallet.asked
    assert payer.popup.run("shortcut.textContent").startswith("Alt+Shift+P opens"), "the keys are shown"


def buys(payer, way):
    payer.page.open(f"http://{shop}/buy/round/{way}")
    payer.open_popup()
    assert payer.offers() == [f"Fill card at {shop}"], payer.offers()
    assert number not in payer.page.run(VALUES).replace(" ", ""), "nothing is filled unasked"
    said = payer.fill()
    assert said.startswith("Filled: card number, expiry, name"), said
    payer.page.until("document.querySelector('form.panel button').disabled === false")
    payer.page.run("void document.querySelector('form.panel button').click()")
    order = wait(lambda: payer.page.run("location.pathname.split('/orders/')[1]"), "the order")
    state = json.load(urllib.request.urlopen(f"http://{shop}/orders/{order}/state"))
    assert state["status"] == "paid", state
    print(f"{way}: {said} Paid as {order}.")


def leaves_a_frame_of_another_origin_alone(payer, wallet):
    """Nothing says whether it is seen: it is neither asked for nor filled, and the popup says why."""
    payer.page.open(f"http://{shop}/buy/round/framed")
    payer.page.until("document.querySelector('iframe') !== null")
    drawn = len(wallet.asked)
    payer.open_popup()
    said = payer.popup.run("offers.innerText")
    assert f"in a frame of {frame}" in said and "Create a number in your wallet" in said, said
    assert (payer.offers(), payer.popup.run("asks.children.length")) == ([], 0)
    assert all(path != "/extension/v1/number" for path, _ in wallet.asked[drawn:])
    print(f"The frame of {frame} is left alone.")


def values(payer, wanted):
    """What is in fields; a path that begins in a frame of another origin is looked up there."""
    page, paths = payer.page, list(wanted)
    in_frame = any(path.startswith("iframe") for path in paths)
    if in_frame and page.run("document.querySelector('iframe').contentDocument === null"):
        page, paths = page.frame(0), [path.removeprefix("iframe >>> ") for path in paths]
    find = "(path) => path.split(' >>> ').reduce((at, one) => (at.shadowRoot ?? at.contentDocument ?? at).querySelector(one), document).value"
    return page.run(f"{json.dumps(paths)}.map({find})")


def fills_what_is_seen(payer, wallet):
    """Every offer is taken: what can't be seen stays empty all the same."""
    pages = sorted((HERE / "painted").glob("*-*.html"))
    for path in pages:
        about = expected(path)
        wanted = {where: text.replace("9900000000000010", number) for where, text in (about.get("firefox") or about["filled"]).items()}
        payer.page.open(f"http://127.0.0.1:{wallet.port}/painted/{path.name}")
        payer.open_popup()
        offered = payer.offers()
        assert offered or not any(wanted.values()), f"{path.name}: nothing is offered"
        said = payer.fill() if offered else "nothing"
        seen = values(payer, wanted)
        assert seen == list(wanted.values()), f"{path.name}: {dict(zip(wanted, seen))} instead of {wanted}; {said}"
    print(f"{len(pages)} pages whose fields are seen or hidden.")


def keeps_sites_to_itself(payer, wallet):
    """Sites filled lately, with their removal, in memory alone; a mall that takes the wallet; a frozen wallet."""
    payer.page.open(f"http://127.0.0.1:{wallet.port}/sites/affiliated.html")
    wallet.balance["frozen"] = True
    payer.open_popup()
    assert payer.offers() == [] and "Choose its button to pay with Tessera" in payer.popup.run("offers.innerText")
    payer.popup.until("document.getElementById('frozen').hidden === false")
    kept = payer.popup.run("Promise.all([chrome.storage.local.get(), chrome.storage.session.get()])")
    assert kept[0] == {} and SESSION in json.dumps(kept[1]) and number not in json.dumps(kept), kept
    assert "1234" not in json.dumps(kept), "the balance is kept nowhere"
    sites = "[...document.querySelectorAll('#recent a')].map((one) => one.textContent)"
    assert payer.popup.run(sites) == [f"127.0.0.1:{wallet.port}", shop], payer.popup.run(sites)
    payer.popup.run("document.querySelector('#recent').open = true")
    payer.popup.run("document.querySelector('#recent .remove').click()")
    payer.popup.until(f"document.querySelector('#recent a').textContent === '{shop}'")
    asked = json.dumps(wallet.asked)
    assert shop not in asked and "127.0.0.1" not in asked, "the wallet server learns no site"


def shows_the_icon_where_it_is_wanted(payer, wallet):
    page = payer.page
    page.open(f"http://127.0.0.1:{wallet.port}/sites/checkout.html")
    icon = "document.querySelector('tessera-icon')"
    page.front()
    page.press("#number")
    payer.open_popup()
    assert page.run(f"{icon} === null"), "not unasked"
    payer.popup.front()
    payer.popup.press("#icons button")
    payer.popup.until("icons.innerText.includes('show an icon')")
    # Also in pages that come later.
    page.open(page.run("location.href"))
    page.front()
    page.press("#remarks")
    assert page.run(f"{icon} === null"), "only in fields of cards"
    page.press("#number")
    page.until(f"{icon} !== null")
    assert page.run(f"{icon}.shadowRoot === null && document.activeElement.id === 'number'")
    opened = "chrome.extension.getViews({ type: 'popup' }).length"
    page.run(f"{icon}.click()")
    assert payer.popup.run(opened) == 0, "a script can't press it"
    page.press("tessera-icon")
    payer.popup.until(f"{opened} === 1")
    payer.open_popup()
    said = payer.fill()
    assert said.startswith("Filled: card number, expiry"), f"the icon is not in the way: {said}"
    payer.popup.run("document.querySelector('#icons button').click()")
    payer.popup.until("!icons.innerText.includes('Remove the icon')")
    assert payer.popup.run("chrome.storage.local.get()") == {}
    assert payer.popup.run("chrome.scripting.getRegisteredContentScripts()") == []
    print("The icon comes and goes.")


def signs_out(payer, wallet):
    payer.popup.run("document.getElementById('sign-out').click()")
    payer.popup.until("document.getElementById('sign-in').hidden === false")
    wait(lambda: wallet.asked[-1][0] == "/extension/v1/sign-out", "the server to get it")
    assert payer.popup.run("chrome.storage.session.get()") == {}, "sites are forgotten too"
    print("Signed out.")


def main():
    wallet = FakeWallet(number)
    folder = make(wallet, "firefox", ["http://127.0.0.1"])
    browser = Firefox(archive(folder), f"tessera@localhost.{wallet.port}")
    try:
        payer = Payer(browser)
        signs_in(payer, wallet)
        buys(payer, "plain")
        buys(payer, "controlled")
        leaves_a_frame_of_another_origin_alone(payer, wallet)
        fills_what_is_seen(payer, wallet)
        keeps_sites_to_itself(payer, wallet)
        shows_the_icon_where_it_is_wanted(payer, wallet)
        signs_out(payer, wallet)
    finally:
        browser.close()


main()
