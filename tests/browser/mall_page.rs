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

    gets_to_know_what_is_wrong(payer);

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

/// The promise is rejected at once, with the name of the field; the window says why.
fn gets_to_know_what_is_wrong(payer: &Payer<'_>) {
    let browser = &payer.browser;
    let asks = |purchase: &str| {
        let script = format!(
            "const shown = document.getElementById('pay'); const button = shown.cloneNode(true); shown.replaceWith(button); \
             const {{ mall, currency }} = button.dataset; window.refused = null; \
             button.addEventListener('click', () => Tessera.pay({purchase}).catch(({{ reason, field, message }}) => \
                 {{ window.refused = [reason, field, message]; }}))"
        );
        let shop = browser.window();
        browser.script(&script, &[]);
        browser.opens_window(|| browser.press("#pay"));
        browser.wait("the refusal", || browser.has("#pay-refused"));
        let words = browser.text("#pay-refused");
        browser.close_window();
        browser.look_at(&shop);
        browser.wait("the page to know", || {
            !browser.script("return window.refused", &[]).is_null()
        });
        let refused = browser.script("return window.refused", &[]);
        let message = refused[2]
            .as_str()
            .expect("a text")
            .trim_start_matches("Tessera: ");
        assert!(words.contains(message), "{words}: {message}");
        (refused[0].clone(), refused[1].clone())
    };
    payer.order("cup");
    for (purchase, reason, field) in [
        (
            "{ mall, currency, order: 'A-1', amount: 100, lines: [{ text: 'Cup', amount: 99 }] }",
            "field",
            "lines",
        ),
        (
            "{ mall, currency: 'XXX', order: 'A-2', amount: 100 }",
            "field",
            "currency",
        ),
        (
            "{ mall: 'NOBODY', currency, order: 'A-3', amount: 100 }",
            "mall",
            "mall",
        ),
    ] {
        assert_eq!(asks(purchase), (json!(reason), json!(field)), "{purchase}");
    }
    // A page that is not registered, and says that it is this mall's.
    let bypasses = |enabled: bool| {
        browser.devtools("Page.setBypassCSP", &json!({ "enabled": enabled }));
    };
    bypasses(true);
    browser.open(&payer.world.lantern("/"));
    let loads = "const [origin, done] = arguments; const script = document.createElement('script'); \
        script.src = origin + '/tessera.js'; script.onload = () => done(true); script.onerror = () => done(false); \
        document.head.append(script); const button = document.createElement('button'); \
        Object.assign(button, { id: 'pay', textContent: 'Pay' }); \
        Object.assign(button.dataset, { mall: 'MALL-0001', currency: 'USD' }); document.querySelector('main').prepend(button)";
    let origin = json!(payer.world.wallet.origin);
    assert_eq!(browser.script_with_end(loads, &[origin]), true);
    let refused = asks("{ mall, currency, order: 'A-4', amount: 100 }");
    assert_eq!(refused, (json!("origin"), json!("")));
    bypasses(false);
}
