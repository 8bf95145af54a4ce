//! Notifications in a real Chromium: turned on, shown and turned off. A headless one has no push service of its own: what it would
//! be given when it subscribes comes from the one of the tests, which opens the switch's message as a browser does. That is then
//! delivered by Chromium to the service worker.

use serde_json::{Value, json};

use crate::access::Inspector;
use crate::payer::{PASSWORD, Payer};
use crate::rig::peers::Peer;
use crate::world::World;

/// In the place of the browser's own.
const SUBSCRIBES: &str = r#"
    const subscription = () => {
      const options = { applicationServerKey: new Uint8Array(JSON.parse(localStorage.pushKey)).buffer };
      const [endpoint, given] = localStorage.pushAnew ? ["NEW_ADDRESS", "NEW_KEYS"] : ["ADDRESS", "KEYS"];
      const [p256dh, auth] = given.split(".");
      const unsubscribe = async () => {
        localStorage.removeItem("pushKey");
        localStorage.pushAnew = "1";
        return true;
      };
      return { endpoint, options, unsubscribe, toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
    };
    PushManager.prototype.getSubscription = async () => (localStorage.pushKey ? subscription() : null);
    PushManager.prototype.subscribe = async (options) => {
      if (!options.userVisibleOnly || Notification.permission !== "granted") {
        throw new DOMException("not allowed", "NotAllowedError");
      }
      localStorage.pushKey = JSON.stringify(Array.from(options.applicationServerKey));
      return subscription();
    };
"#;

/// From the switch in the page to the last notification.
pub fn live() {
    let service = Peer::push_service(0);
    let [browser, anew] = [(); 2].map(|()| service.ask("subscribe", "subscribed"));
    let text = |browser: &Value, key: &str| browser[key].as_str().expect("a text").to_owned();
    let table = format!(
        "[notify.web_push]\ncontact = \"mailto:operations@tessera.example\"\nservices = [\"{}\"]\n",
        service.address
    );
    let world = World::with(&[], &[("#[notify.web_push]\n", &table)]);
    let payer = Payer::register(&world, &[]);
    payer.does("/home", "issue-card", &[], "ready");
    payer.add_source("card", "9902000000000018");
    payer.load("0018", "100.00");
    let script = SUBSCRIBES
        .replace("NEW_ADDRESS", &text(&anew, "address"))
        .replace("NEW_KEYS", &text(&anew, "keys"))
        .replace("ADDRESS", &text(&browser, "address"))
        .replace("KEYS", &text(&browser, "keys"));
    payer.browser.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        &json!({ "source": script }),
    );
    let mut wrong = is_turned_on(&payer, &world);
    let turned_on = service.event("message");
    assert!(
        turned_on["message"]["body"]
            .as_str()
            .expect("a text")
            .contains("If not you")
    );

    payer.buys("cup");
    let bought = service.event("message");
    let message = &bought["message"];
    let shown = delivered(&payer, &world, message);
    assert_eq!(
        shown,
        std::slice::from_ref(message),
        "as the switch has written it"
    );
    // One that comes twice is shown once, and one that nobody can read is shown too.
    assert_eq!(delivered(&payer, &world, message).len(), 1);
    // The click leads to a page that is there.
    payer.open(message["page"].as_str().expect("a path"));
    payer.browser.wait_text("#state", "Paid");
    // What the page does away with exists no longer at its push service.
    service.ask(&format!("forget {}", text(&browser, "path")), "forgotten");
    is_turned_on_anew(&payer);
    assert_eq!(service.event("message")["path"], anew["path"]);
    wrong.extend(is_turned_off(&payer));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_turned_on(payer: &Payer<'_>, world: &World) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    payer.open("/notifications");
    browser.find("#browsers-add:not([hidden])");
    inspector.look("/notifications, with no browser");
    inspector.take_pictures("browsers-none");
    payer.open("/notifications");
    browser.find("#browsers-add:not([hidden])");
    let grant = json!({ "origin": world.wallet.origin, "permissions": ["notifications"] });
    browser.devtools("Browser.grantPermissions", &grant);
    press_turn_on(payer);
    inspector.look("/notifications, with a browser");
    inspector.take_pictures("browsers");
    inspector.wrong
}

fn press_turn_on(payer: &Payer<'_>) {
    let browser = &payer.browser;
    if browser.has("#add-browser-password") {
        browser.fill("add-browser-password", PASSWORD);
    }
    browser.go(|| browser.press("#add-browser button[type=submit]"));
    browser.wait_text("#done", "This browser shows notifications from now on.");
    browser.wait_text("#browsers-note", "This browser shows notifications.");
    browser.wait_text("#browsers .badge:not([hidden])", "This browser");
    browser.find("#browsers-add[hidden]");
}

/// A subscription that was made with another key gets nothing, although its address is in the list: the page offers to turn
/// notifications on, and what it then registers is another one.
fn is_turned_on_anew(payer: &Payer<'_>) {
    let browser = &payer.browser;
    payer.open("/notifications");
    browser.script("localStorage.pushKey = JSON.stringify([4, 1, 2])", &[]);
    payer.open("/notifications");
    browser.find("#browsers-add:not([hidden])");
    browser.find("#browsers .badge[hidden]");
    assert!(!browser.has("#browsers .badge:not([hidden])"));
    browser.find("#browsers-note[hidden]");
    press_turn_on(payer);
    browser.wait("the first subscription to be removed", || {
        payer.open("/notifications");
        browser.script(
            "return document.querySelectorAll('#browsers .row').length",
            &[],
        ) == 1
    });
    browser.wait_text("#browsers .badge:not([hidden])", "This browser");
}

/// The notifications that are there after this message has come.
fn delivered(payer: &Payer<'_>, world: &World, message: &Value) -> Vec<Value> {
    let browser = &payer.browser;
    payer.open("/notifications");
    browser.devtools("ServiceWorker.enable", &json!({}));
    // The page can't say which registration it has: the others are none.
    for registration in 0..10 {
        let push = json!({
            "origin": world.wallet.origin,
            "registrationId": registration.to_string(),
            "data": message.to_string(),
        });
        browser.devtools("ServiceWorker.deliverPushMessage", &push);
    }
    let mut shown = Vec::new();
    browser.wait("a notification", || {
        let list = browser.script_with_end(
            "const done = arguments[0];
             navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((list) => done(list.map(
               ({ title, body, tag, data, lang, dir }) => ({ title, body, id: tag, page: data.page, lang, dir }))))",
            &[],
        );
        shown = list.as_array().cloned().unwrap_or_default();
        !shown.is_empty()
    });
    shown
}

fn is_turned_off(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    payer.open("/notifications");
    browser.go(|| browser.press("#browsers .row a"));
    inspector.look("/notifications/browsers/remove");
    inspector.take_pictures("browsers-remove");
    payer.open("/notifications");
    browser.go(|| browser.press("#browsers .row a"));
    browser.fill("remove-browser-password", PASSWORD);
    browser.go(|| browser.press("#remove-browser button[type=submit]"));
    browser.wait_text("#done", "The browser shows no more notifications.");
    browser.wait_text("#browsers .empty", "No browser shows notifications.");
    browser.find("#browsers-add:not([hidden])");
    inspector.wrong
}
