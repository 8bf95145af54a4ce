//! Passkeys with an authenticator of Chromium's own: made, used to sign in and to confirm, refused, removed.

use std::time::Duration;

use serde_json::{Value, json};

use crate::access::Inspector;
use crate::payer::{PASSWORD, Payer};
use crate::world::World;

const PASSWORD_OF_LATER: &str = "nine yellow teapots";

/// One that is part of the device, and knows its owner.
struct Authenticator<'a> {
    payer: &'a Payer<'a>,
    id: String,
}

impl<'a> Authenticator<'a> {
    /// Touched by its owner whenever it asks, or not before it is said so.
    fn plug_in(payer: &'a Payer<'a>, is_touched: bool) -> Self {
        let browser = &payer.browser;
        browser.devtools("WebAuthn.enable", &json!({ "enableUI": false }));
        let options = json!({ "options": {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "automaticPresenceSimulation": is_touched,
        } });
        let added = browser.devtools("WebAuthn.addVirtualAuthenticator", &options);
        let id = added["value"]["authenticatorId"].as_str();
        Self {
            payer,
            id: id.expect("an authenticator").to_owned(),
        }
    }

    fn set(&self, command: &str, name: &str, value: bool) {
        let parameters = json!({ "authenticatorId": self.id, name: value });
        self.payer.browser.devtools(command, &parameters);
    }

    fn passkeys(&self) -> Vec<Value> {
        let parameters = json!({ "authenticatorId": self.id });
        let kept = self
            .payer
            .browser
            .devtools("WebAuthn.getCredentials", &parameters);
        let kept = kept["value"]["credentials"].as_array();
        kept.expect("passkeys").clone()
    }

    /// Copies, which no real one gives away.
    fn takes(&self, passkeys: &[Value]) {
        for passkey in passkeys {
            let parameters = json!({ "authenticatorId": self.id, "credential": passkey });
            self.payer
                .browser
                .devtools("WebAuthn.addCredential", &parameters);
        }
    }

    /// Whether the owner touches it when it asks.
    fn is_touched(&self, is_touched: bool) {
        self.set(
            "WebAuthn.setAutomaticPresenceSimulation",
            "enabled",
            is_touched,
        );
    }

    /// Whether the fingerprint is the owner's.
    fn knows_the_owner(&self, knows: bool) {
        self.set("WebAuthn.setUserVerified", "isUserVerified", knows);
    }
}

/// Everything of a passkey's life; each page of it is looked at.
pub fn live() {
    // A password does not count for long.
    let briefly = ("\nconfirmed_for = \"5min\"", "\nconfirmed_for = \"1s\"");
    let world = World::with(&[], &[briefly]);
    let payer = Payer::register(&world, &[]);
    payer.does("/home", "issue-card", &[], "ready");
    forgets();
    payer.add_source("card", "9902000000000018");
    let authenticator = Authenticator::plug_in(&payer, true);
    let mut wrong = is_made(&payer);
    wrong.extend(signs_in(&payer, &authenticator));
    wrong.extend(confirms(&payer));
    wrong.extend(opens_the_pay_window(&payer, &authenticator));
    wrong.extend(is_removed(&payer));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Until the last password or passkey does not count any more.
fn forgets() {
    std::thread::sleep(Duration::from_millis(1_100));
}

/// After the password, and once on a device.
fn is_made(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    payer.open("/sessions");
    inspector.look("/sessions, without a passkey");
    inspector.take_pictures("passkeys-none");
    payer.open("/sessions");
    let add = |password: &str| {
        browser.fill("add-passkey-password", password);
        browser.press("#add-passkey button[type=submit]");
    };
    let status = "#add-passkey > [role=status]";
    add("not the password");
    browser.wait_text(status, "The password is wrong.");
    browser.go(|| add(PASSWORD));
    browser.wait_text("#done", "The passkey is added.");
    browser.wait_text("#passkeys .title", "Chrome on Linux");
    inspector.look("/sessions, with a passkey");
    inspector.take_pictures("passkeys");
    payer.open("/sessions");
    add(PASSWORD);
    browser.wait_text(status, "has a passkey of your wallet already");
    inspector.wrong
}

/// The browser's own list of passkeys does not open: this authenticator's owner would choose at once. What it is switched on
/// again with.
fn hides_list(payer: &Payer<'_>) -> Value {
    let source = "delete window.PublicKeyCredential?.isConditionalMediationAvailable";
    let added = payer.browser.devtools(
        "Page.addScriptToEvaluateOnNewDocument",
        &json!({ "source": source }),
    );
    json!({ "identifier": added["value"]["identifier"] })
}

/// Presses the button on the page to sign in.
fn presses_button(payer: &Payer<'_>) {
    payer.open("/sign-in");
    payer.browser.find("[data-passkey]:not([hidden])");
    payer.browser.press("#sign-in-passkey");
}

/// In the place of number and password.
fn signs_in(payer: &Payer<'_>, authenticator: &Authenticator<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    let list = hides_list(payer);
    browser.submit("sign-out", &[]);
    payer.open("/sign-in");
    browser.find("[data-passkey]:not([hidden])");
    inspector.look("/sign-in, with a passkey");
    inspector.take_pictures("sign-in-passkey");
    presses_button(payer);
    browser.find("#available");

    // A finger that it does not know: the page says how to go on.
    browser.submit("sign-out", &[]);
    authenticator.knows_the_owner(false);
    presses_button(payer);
    browser.wait_text(
        "#sign-in .passkey [role=status]",
        "The passkey was not used.",
    );
    inspector.take_pictures("sign-in-passkey-refused");
    authenticator.knows_the_owner(true);

    // Out of the list under the field for the number.
    browser.devtools("Page.removeScriptToEvaluateOnNewDocument", &list);
    payer.open("/sign-in");
    browser.find("#available");
    hides_list(payer);
    inspector.wrong
}

/// In the place of the password.
fn confirms(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    forgets();
    payer.reviews_load("0018", "50.00");
    browser.find("[data-passkey]:not([hidden])");
    inspector.look("/money/load, with a passkey");
    inspector.take_pictures("review-passkey");
    browser.go(|| browser.press("#load-passkey"));
    browser.wait_text("#done", "was loaded");
    assert_eq!(payer.available(), "$50.00");
    payer.does("/limits", "freeze", &[], "frozen");
    forgets();
    payer.open("/limits");
    browser.go(|| browser.press("#unfreeze-passkey"));
    browser.wait_text("#done", "no longer frozen");
    // What else a form needs is asked for first.
    payer.open("/sessions");
    browser.press("#password-passkey");
    browser.fill("password-new", PASSWORD_OF_LATER);
    browser.fill("password-again", PASSWORD_OF_LATER);
    browser.go(|| browser.press("#password-passkey"));
    browser.wait_text("#done", "Your password is changed.");
    inspector.wrong
}

/// A copy of the passkey pays in the pay window; the counter says then that there are two.
fn opens_the_pay_window(payer: &Payer<'_>, authenticator: &Authenticator<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    payer.open("/sessions");
    browser.submit("everywhere", &[]);
    payer.order("cup");
    let shop = browser.window();
    let passkeys = authenticator.passkeys();
    payer.opens_pay_window();
    // Each window of this browser has authenticators of its own.
    let copy = Authenticator::plug_in(payer, false);
    copy.takes(&passkeys);
    browser.find("[data-passkey]:not([hidden])");
    inspector.look("the pay window, with a passkey");
    inspector.take_window_pictures("pay-sign-in-passkey");
    // What asked it before is not answered by this.
    copy.is_touched(true);
    browser.press("#sign-in-passkey");
    browser.press("#agree button[type=submit]");
    browser.wait("the purchase to be paid", || {
        browser.has("#pay-state[data-final]")
    });
    browser.close_window();
    browser.look_at(&shop);
    presses_button(payer);
    browser.wait_text("#error-summary", "there may be a copy of it");
    inspector.take_pictures("sign-in-passkey-copied");
    inspector.wrong
}

fn is_removed(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let mut inspector = Inspector::new(browser);
    presses_button(payer);
    browser.find("#available");
    payer.open("/sessions");
    let form = browser.attribute("#passkeys .rename form", "id");
    browser.fill(&format!("{form}-name"), "Work laptop");
    browser.go(|| browser.press(&format!("[id=\"{form}\"] button[type=submit]")));
    browser.wait_text("#passkeys .title", "Work laptop");
    forgets();
    payer.open("/sessions");
    browser.go(|| browser.press("#passkeys a.button"));
    browser.find("[data-passkey]:not([hidden])");
    inspector.look("/passkeys/remove");
    inspector.take_pictures("passkey-remove");
    browser.go(|| browser.press("#remove-passkey-passkey"));
    browser.wait_text("#done", "The passkey is removed.");
    browser.wait_text("#passkeys .empty", "You have no passkey yet.");
    // The browser has it still, and the switch does not.
    browser.submit("sign-out", &[]);
    presses_button(payer);
    browser.wait_text("#error-summary", "does not open this wallet");
    inspector.look("/sign-in, with a removed passkey");
    inspector.take_pictures("sign-in-passkey-removed");
    inspector.wrong
}
