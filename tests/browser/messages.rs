//! A payer's contacts, and the notifications that they get: by mail and by short message.

use crate::payer::{PASSWORD, Payer};
use crate::pictures;

/// Their addresses.
pub const EMAIL: &str = "someone.private@mail.example";
pub const MOBILE: &str = "+15550100177";

/// Confirms both, one after the other, and buys something each time.
pub fn gets_messages(payer: &Payer<'_>) {
    let world = payer.world;
    let by_mail = [
        ("kind", "email"),
        ("address", EMAIL),
        ("password", PASSWORD),
    ];
    payer.does("/notifications", "contact", &by_mail, "on its way");
    let (code, seen) = world.mail.wait_for("the code by mail", 0, |event| {
        code_in(event["text"].as_str()?)
    });
    payer.is_refused(
        "/notifications",
        "confirm",
        &[("code", "000000")],
        "code is wrong",
    );
    payer.does("/notifications", "confirm", &[("code", &code)], "confirmed");
    let shown = payer.browser.text("#contact");
    assert!(!shown.contains(EMAIL), "{shown}");
    payer.buys("honey");
    let of_purchase = |event: &serde_json::Value| {
        let text = event["text"].as_str()?;
        text.contains("You have paid").then(|| event.clone())
    };
    let (mail, _) = world
        .mail
        .wait_for("the mail about a purchase", seen, of_purchase);
    assert_eq!(mail["to"][0], EMAIL);
    let html = mail["html"].as_str().expect("text");
    pictures::of_mail(&payer.browser, html);

    let by_message = [
        ("kind", "mobile"),
        ("address", "+1 555 010 0177"),
        ("password", PASSWORD),
    ];
    payer.does("/notifications", "contact", &by_message, "on its way");
    let submitted = |event: &serde_json::Value| code_in(event["text"].as_str()?);
    let (code, seen) = world.sms.wait_for("the code by message", 0, submitted);
    payer.does("/notifications", "confirm", &[("code", &code)], "confirmed");
    payer.buys("cup");
    let (to, _) = world
        .sms
        .wait_for("the message about a purchase", seen, |event| {
            event["text"]
                .as_str()?
                .contains("14.50")
                .then(|| event["to"][2].clone())
        });
    assert_eq!(to, MOBILE.trim_start_matches('+'));
}

/// The first run of digits that is as long as a code.
fn code_in(text: &str) -> Option<String> {
    let mut runs = text.split(|sign: char| !sign.is_ascii_digit());
    runs.find(|run| run.len() == 6).map(str::to_owned)
}
