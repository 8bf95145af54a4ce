//! The operators' console in a browser: every page against WCAG, on a phone, by keyboard, and live.

use crate::access::{Inspector, press_key, tab_to};
use crate::chromium::Browser;
use crate::rig::services::Console;
use crate::rig::wire::{ACQUIRER, Wire, card_purchase, reversal, rig_with, started};
use crate::rig::{Rig, wait_for};

const PAGES: &[&str] = &[
    "/",
    "/transactions",
    "/parties",
    "/controls",
    "/controls?wallet=1",
    "/advices",
    "/notifications",
    "/settlement",
    "/decisions",
    "/accounts",
    "/help",
    "/nowhere",
];

/// All of it, over a switch with some traffic and one dead letter.
pub fn can_use_every_page() {
    let impatient = [
        ("repeat_min", "\"5ms\""),
        ("repeat_max", "\"10ms\""),
        ("refusals_max", "1"),
    ];
    let deaf = ["data=ledger", "rules.refuse_advices=\"96\""];
    let mut rig = started(rig_with(10, 10_000, &impatient), &deaf);
    let mut wire = Wire::signed_on(&rig, &ACQUIRER);
    let bought = card_purchase(&ACQUIRER, 1, 3_000);
    assert_eq!(wire.ask(&bought).code(), "00");
    wire.ask(&reversal("0420", &bought));
    wait_for("the advice to be given up", || {
        rig.sum("tessera_store_and_forward_dead") == 1.0
    });
    let console = rig.start_console(&[]);
    let token = rig.operator("ada", "admin");
    rig.operator("kim", "read");
    let browser = Browser::start(&[]);
    let at = |path: &str| format!("{}{path}", console.origin);
    let mut inspector = Inspector::new(&browser);

    browser.open(&at("/settlement"));
    inspector.look("sign-in");
    inspector.take_pictures("console-sign-in");
    browser.submit("sign-in", &[("name", "ada"), ("token", "wrong")]);
    inspector.look("sign-in, refused");
    // The keyboard is enough.
    tab_to(&browser, "#sign-in-token");
    browser.fill("sign-in-token", &token);
    browser.go(|| press_key(&browser, "Enter"));
    // And it leads to the page that was asked for.
    assert!(
        browser.address().ends_with("/settlement"),
        "{}",
        browser.address()
    );

    for serial in 2..8 {
        wire.ask(&card_purchase(&ACQUIRER, serial, 1_500 * serial));
    }
    for page in PAGES {
        browser.open(&at(page));
        inspector.look(page);
    }
    acts(&browser, &console, &mut inspector);
    // Field 37 is the trace number with zeros in front.
    let reference = format!("{:0>12}", bought.field(11));
    browser.open(&at(&format!("/transactions/one?reference={}", reference)));
    browser.press("details summary");
    inspector.look("a transaction");
    inspector.take_pictures("console-transaction");
    for page in [
        "transactions",
        "controls",
        "accounts",
        "decisions",
        "parties",
    ] {
        browser.open(&at(&format!("/{page}")));
        inspector.take_pictures(&format!("console-{page}"));
    }
    lives(&browser, &mut rig, &console, &mut wire, &mut inspector);
    assert!(inspector.wrong.is_empty(), "{}", inspector.wrong.join("\n"));
}

/// A block: reviewed, done, and among the decisions.
fn acts(browser: &Browser, console: &Console, inspector: &mut Inspector<'_>) {
    browser.open(&format!("{}/controls", console.origin));
    browser.fill("block-value", "SHOP-99");
    browser.fill("block-reason", "fraud, case 4711");
    browser.go(|| browser.press("#block button[value=block]"));
    inspector.look("the review");
    inspector.take_pictures("console-review");
    browser.go(|| browser.press("#confirm button"));
    browser.wait_text(".said", "done, and journaled");
    inspector.look("/controls, with a block");
    browser.open(&format!("{}/decisions", console.origin));
    browser.wait_text("table", "ada at the console");
    browser.open(&format!("{}/advices", console.origin));
    browser.go(|| browser.press("tbody a"));
    inspector.look("an advice");
}

/// The overview moves, says within two seconds that the switch is gone, and goes on.
fn lives(
    browser: &Browser,
    rig: &mut Rig,
    console: &Console,
    wire: &mut Wire,
    inspector: &mut Inspector<'_>,
) {
    browser.open(&format!("{}/", console.origin));
    browser.script("window.same = true", &[]);
    browser.wait("a chart", || {
        wire.ask(&card_purchase(&ACQUIRER, 9, 100));
        browser.has("#charts polyline")
    });
    for serial in 1..=20 {
        wire.ask(&card_purchase(&ACQUIRER, 1 + serial % 8, 10 * serial));
        std::thread::sleep(std::time::Duration::from_millis(150));
    }
    inspector.look("the overview at work");
    inspector.take_pictures("console-overview");
    rig.kill_switch();
    let killed = std::time::Instant::now();
    browser.wait_text("#health", "has not answered since");
    assert!(
        killed.elapsed() < std::time::Duration::from_millis(3_000),
        "{:?}",
        killed.elapsed()
    );
    inspector.look("the overview without a switch");
    rig.start_switch();
    browser.wait_text("#health", "Ready");
    browser.wait_text("#health-part", "Purchases can be approved");
    // All this on one page.
    assert_eq!(browser.script("return window.same", &[]), true);
}
