//! What a mall's page learns from the pay window.

use serde_json::json;

use crate::payer::Payer;

/// An agreement that is taken back, then a window that is closed before anything is known.
pub fn gets_status(payer: &Payer<'_>) {
    let browser = &payer.browser;
    payer.order("cup");
    let shop = browser.window();
    // A mall whose order numbers are numbers.
    let script = "const shown = document.getElementById('pay'); const button = shown.cloneNode(true); shown.replaceWith(button); \
        const { mall, currency } = button.dataset; window.received = []; const onAgreed = (order) => received.push(order); \
        button.addEventListener('click', () => Tessera.pay({ mall, currency, order: 4711, amount: 100, onAgreed }) \
            .then(({ status }) => received.push(status)))";
    browser.script(script, &[]);
    payer.opens_pay_window();
    browser.press("#agree button");
    browser.wait_text("#pay-state[data-state=agreed]", "You agreed");
    browser.press("#cancel button");
    browser.wait_text("#pay-state[data-state=cancelled]", "Nothing was paid");
    browser.press("#close");
    browser.look_at(&shop);
    browser.wait("the page to get the status", || {
        browser.script("return window.received", &[]) == json!(["4711", "cancelled"])
    });

    payer.order("cup");
    let shop = browser.window();
    // The shop's server is not reached any more.
    browser.script("window.fetch = () => new Promise(() => {})", &[]);
    payer.opens_pay_window();
    browser.press("#agree button");
    browser.wait_text("#pay-state[data-state=agreed]", "You agreed");
    browser.close_window();
    browser.look_at(&shop);
    browser.wait_text("#said", "know yet");
}
