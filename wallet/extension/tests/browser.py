"""The unpacked extension in a headless Chromium, before the shop that is not affiliated, before every form of tests/forms, and before
every page of tests/painted, where a field is seen or hidden in one way or another.

    browser.py SHOP NUMBER      SHOP as HOST:PORT, NUMBER that the wallet server hands out

The wallet server is played here. In a test build the popup stands in a window of its own and gets the id of its tab; all else is what payers
get. Prints what it did; ends with an error where a form was not filled as it should be.
"""

import json
import sys
import urllib.request

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from fake_wallet import CLIENT, HERE, PASSWORD, SESSION, FakeWallet, chromium, expected, identity, make, program

PATIENCE = 120
shop, number = sys.argv[1:3]


def browser(extension):
    options = webdriver.ChromeOptions()
    options.binary_location = chromium()
    options.timeouts = {"script": PATIENCE * 1000}
    for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--load-extension={extension}",
                     "--disable-features=DisableLoadExtensionCommandLineSwitch"]:
        options.add_argument(argument)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(program("chromedriver")))


class Payer:
    def __init__(self, driver, extension):
        self.driver = driver
        self.popup_page = f"chrome-extension://{extension}/popup.html"
        self.page = driver.current_window_handle
        driver.switch_to.new_window("window")
        self.popup = driver.current_window_handle
        driver.get(self.popup_page)

    def sign_in(self, password):
        self.driver.switch_to.window(self.popup)
        for field, text in [("client", "123 456 789 012 345"), ("password", password)]:
            element = self.driver.find_element(By.ID, field)
            element.clear()
            element.send_keys(text)
        self.driver.find_element(By.CSS_SELECTOR, "#sign-in button").click()

    def visit(self, address):
        self.driver.switch_to.window(self.page)
        self.driver.get(address)

    def open_popup(self):
        """Says which tab it is about, as the browser's own popup knows it."""
        self.driver.switch_to.window(self.page)
        address = self.driver.current_url
        self.driver.switch_to.window(self.popup)
        tab = self.driver.execute_async_script(
            "const [url, done] = arguments; chrome.tabs.query({}).then((tabs) => done(tabs.find((tab) => tab.url === url)?.id))", address)
        assert tab, f"no tab shows {address}"
        self.driver.get(f"{self.popup_page}?tab={tab}")
        self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "#offers > *"), "what the popup found")

    def offers(self):
        return self.driver.find_elements(By.CSS_SELECTOR, "button.offer")

    def said(self):
        return self.driver.find_element(By.ID, "said").text

    def fill(self):
        """The first offer; what the popup says of it."""
        self.offers()[0].click()
        self.until(lambda: not self.said().startswith("Getting a number") and self.said(), "a word about the fill")
        said = self.said()
        self.driver.switch_to.window(self.page)
        return said

    def until(self, condition, what):
        WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05).until(lambda _: condition(), f"waited too long for {what}")


def buy(payer, way, *, frame=False):
    """Fills a checkout of the shop, pays, and sees that it was paid."""
    payer.visit(f"http://{shop}/buy/round/{way}")
    if frame:
        payer.until(lambda: payer.driver.find_elements(By.TAG_NAME, "iframe"), "the frame")
    payer.open_popup()
    offers = payer.offers()
    assert len(offers) == 1, f"{way}: {len(offers)} offers"
    assert offers[0].text.startswith(f"Fill card at {shop}"), offers[0].text
    said = payer.fill()
    assert said.startswith("Filled: card number, expiry, name"), said
    button = payer.driver.find_element(By.CSS_SELECTOR, "form.panel button")
    payer.until(button.is_enabled, "the form to be complete")
    # As people press who are not sure that they have: it is one order all the same.
    payer.driver.execute_script("arguments[0].click(); arguments[0].click()", button)
    payer.until(lambda: "/orders/" in payer.driver.current_url, "the order")
    order = payer.driver.current_url.rsplit("/", 1)[1]
    state = json.load(urllib.request.urlopen(f"http://{shop}/orders/{order}/state"))
    assert state["status"] == "paid", state
    print(f"{way}: {said} Paid as {order}.")


FIND = """
const within = (one) => one.shadowRoot ?? one.contentDocument ?? one;
const find = (path) => path.split(" >>> ").reduce((root, selector) => within(root).querySelector(selector), document);
return arguments[0].map((path) => find(path).value);
"""


def values(payer, wanted):
    """What stands in fields; a path that begins in a frame of another origin is looked up there."""
    frame = next((where for where in wanted if where.startswith("iframe")), None)
    if frame and payer.driver.execute_script("return document.querySelector('iframe').contentDocument === null"):
        payer.driver.switch_to.frame(0)
        seen = payer.driver.execute_script(FIND, [where.removeprefix("iframe >>> ") for where in wanted])
        payer.driver.switch_to.default_content()
        return seen
    return payer.driver.execute_script(FIND, list(wanted))


def check_painted(payer, port, path):
    """Every offer is taken: what can't be seen stays empty all the same."""
    wanted = {where: text.replace("9900000000000010", number) for where, text in expected(path)["filled"].items()}
    payer.visit(f"http://127.0.0.1:{port}/painted/{path.name}")
    payer.open_popup()
    offers = len(payer.offers())
    assert offers or not any(wanted.values()), f"{path.name}: nothing is offered"
    said = payer.fill() if offers else "nothing"
    payer.driver.switch_to.window(payer.page)
    seen = values(payer, wanted)
    assert seen == list(wanted.values()), f"{path.name}: {dict(zip(wanted, seen))} instead of {wanted}; {said}"


def check_form(payer, port, path):
    about = expected(path)
    payer.visit(f"http://127.0.0.1:{port}/forms/{path.name}")
    payer.open_popup()
    assert len(payer.offers()) == len(about["offers"]), f"{path.name}: {len(payer.offers())} offers"
    if about["offers"]:
        payer.fill()
    else:
        payer.driver.switch_to.window(payer.page)
    wanted = {where: text.replace("9900000000000010", number) for where, text in about["filled"].items()}
    seen = values(payer, wanted)
    assert seen == list(wanted.values()), f"{path.name}: {dict(zip(wanted, seen))} instead of {wanted}"


def nothing_is_kept(payer):
    """No number in what the extension or the page store."""
    payer.driver.switch_to.window(payer.popup)
    kept = payer.driver.execute_async_script(
        "const done = arguments[0]; Promise.all([chrome.storage.local.get(), chrome.storage.sync.get(), chrome.storage.session.get()])"
        ".then((all) => done(JSON.stringify(all)))")
    assert number not in kept and SESSION in kept, kept
    local, synced, _ = json.loads(kept)
    assert local == {} and synced == {}, kept
    payer.driver.switch_to.window(payer.page)
    assert payer.driver.execute_script("return localStorage.length + sessionStorage.length") == 0


def keeps_sites_to_itself(payer, wallet):
    """The balance, sites filled lately with their removal, and a mall that takes the wallet."""
    driver = payer.driver
    payer.visit(f"http://127.0.0.1:{wallet.port}/sites/affiliated.html")
    payer.open_popup()
    assert payer.offers() == [], "no card where the wallet is taken"
    assert "Choose its button to pay with Tessera" in driver.find_element(By.ID, "affiliated").text
    payer.until(lambda: driver.find_element(By.ID, "available").text == "$1,234.50", "the balance")
    driver.find_element(By.CSS_SELECTOR, "#recent summary").click()
    assert [one.text for one in driver.find_elements(By.CSS_SELECTOR, "#recent a")] == [shop]
    driver.find_element(By.CSS_SELECTOR, "#recent .remove").click()
    payer.until(lambda: not driver.find_element(By.ID, "recent").is_displayed(), "an empty list")
    asked = json.dumps(wallet.asked)
    assert shop not in asked and "127.0.0.1" not in asked, "the wallet server learns no site"
    print("Sites are kept in the browser alone.")


def shows_the_icon_where_it_is_wanted(payer, wallet):
    driver = payer.driver
    address = f"http://127.0.0.1:{wallet.port}/sites/checkout.html"

    def icons(field):
        driver.switch_to.window(payer.page)
        driver.find_element(By.ID, field).click()
        return driver.find_elements(By.TAG_NAME, "tessera-icon")

    payer.visit(address)
    payer.open_popup()
    assert icons("number") == [], "not unasked"
    driver.switch_to.window(payer.popup)
    driver.find_element(By.CSS_SELECTOR, "#icons button").click()
    payer.until(lambda: "show an icon" in driver.find_element(By.ID, "icons").text, "the icon")
    # Also in pages that come later.
    payer.visit(address)
    assert icons("remarks") == [], "only in fields of cards"
    payer.until(lambda: icons("number"), "the icon")
    [icon] = icons("number")
    assert driver.execute_script("return arguments[0].shadowRoot === null && document.activeElement.id === 'number'", icon)
    payer.open_popup()
    said = payer.fill()
    assert said.startswith("Filled: card number, expiry"), f"the icon is not in the way: {said}"
    driver.switch_to.window(payer.popup)
    driver.find_element(By.CSS_SELECTOR, "#icons button").click()
    payer.until(lambda: "Show an icon" in driver.find_element(By.ID, "icons").text, "the end of the icon")
    payer.visit(address)
    assert icons("number") == []
    print("The icon comes and goes.")


def main():
    wallet = FakeWallet(number)
    asked, port = wallet.asked, wallet.port
    folder = make(wallet, looks_into=["http://127.0.0.1", "http://localhost"])
    driver = browser(folder)
    try:
        payer = Payer(driver, identity(folder))
        payer.sign_in("wrong")
        payer.until(lambda: "wrong" in payer.said(), "the refusal")
        payer.sign_in(PASSWORD)
        payer.until(lambda: driver.find_element(By.ID, "shown-card").text, "the card")
        assert ("/extension/v1/session", {"client": CLIENT, "password": PASSWORD}) in asked, asked
        buy(payer, "plain")
        assert asked[-1] == ("/extension/v1/number", {"once": False}), "for this mall, by default"
        buy(payer, "controlled")
        buy(payer, "framed", frame=True)
        nothing_is_kept(payer)
        keeps_sites_to_itself(payer, wallet)
        shows_the_icon_where_it_is_wanted(payer, wallet)
        forms = sorted((HERE / "forms").iterdir())
        for path in forms:
            check_form(payer, port, path)
        print(f"{len(forms)} forms as they should be.")
        pages = sorted((HERE / "painted").glob("*-*.html"))
        for path in pages:
            check_painted(payer, port, path)
        print(f"{len(pages)} pages whose fields are seen or hidden.")
        once_and_out(payer, wallet)
    finally:
        driver.quit()


def once_and_out(payer, wallet):
    """For one purchase, where that is asked for; then signed out, here and at the server."""
    asked = wallet.asked
    payer.visit(f"http://127.0.0.1:{wallet.port}/forms/tokens.html")
    payer.open_popup()
    payer.driver.find_element(By.CSS_SELECTOR, "input[value=once]").click()
    payer.fill()
    assert asked[-1] == ("/extension/v1/number", {"once": True}), asked[-1]
    payer.driver.switch_to.window(payer.popup)
    payer.driver.find_element(By.ID, "sign-out").click()
    payer.until(lambda: asked[-1][0] == "/extension/v1/sign-out", "the server to get it")
    payer.until(lambda: payer.driver.find_element(By.ID, "sign-in").is_displayed(), "the sign-in")
    held, wanted = payer.driver.execute_async_script(
        "const done = arguments[0]; chrome.permissions.getAll()"
        ".then(({ origins }) => done([origins, chrome.runtime.getManifest().host_permissions]))")
    assert sorted(held) == sorted(wanted), "required fields differ from requested ones"
    assert payer.said() == "Signed out.", payer.said()
    print("Signed out.")


main()
