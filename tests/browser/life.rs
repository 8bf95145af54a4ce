//! From the first page to the last: what a payer does in the life of a wallet, and what everybody else learns of it.

use crate::anonymity::{Secret, no_secret_was_stored};
use crate::chromium::Browser;
use crate::extension;
use crate::mall_page::gets_status;
use crate::messages::{EMAIL, MOBILE, gets_messages};
use crate::payer::{PASSWORD, Payer};
use crate::world::World;

const CARD: &str = "9902000000000018";
const ACCOUNT: &str = "XT38TESS00000000000001";

/// The life of one wallet.
pub fn live() {
    let world = World::start();
    let (folder, arguments) = extension::download(&world);
    let payer = Payer::register(&world, &arguments);
    the_number_is_shown_where_it_should_be(&payer);
    let card = takes_a_card(&payer);
    loads(&payer);
    buys_in_the_window(&payer);
    gets_status(&payer);
    looks_back(&payer);
    let extension = extension::buys_on_all_forms(&payer, folder.path());
    let mut numbers = extension.numbers;
    gets_messages(&payer);
    freezes(&payer, &card);
    sets_limits(&payer, &card);
    numbers.extend(takes_further_numbers(&payer));
    let new_card = takes_a_new_card(&payer, &card);
    let mut sessions = signs_out_everywhere(&payer);
    sessions.push(extension.session);
    closes(&payer);
    numbers.extend([card, new_card]);

    let mut secrets = vec![
        Secret::everywhere("identification number", &payer.client),
        Secret::everywhere("password", PASSWORD),
        Secret::everywhere("e-mail address", EMAIL),
        Secret::everywhere("mobile number", MOBILE.trim_start_matches('+')),
        Secret::everywhere("funding card", CARD),
        Secret::everywhere("funding account", ACCOUNT),
    ];
    secrets.extend(
        sessions
            .iter()
            .map(|session| Secret::everywhere("session", session)),
    );
    secrets.extend(
        numbers
            .iter()
            .map(|number| Secret::of_the_payer_and_the_other_mall("card number", number)),
    );
    no_secret_was_stored(&world, &secrets);
}

fn the_number_is_shown_where_it_should_be(payer: &Payer<'_>) {
    for (page, is_there) in [
        ("/welcome", true),
        ("/sessions", true),
        ("/home", false),
        ("/card", false),
        ("/help", false),
    ] {
        payer.open(page);
        payer.browser.reload();
        payer.unfold();
        let shown = payer.browser.text("body").replace(' ', "");
        assert_eq!(shown.contains(&payer.client), is_there, "{page}: {shown}");
    }
}

/// Its number.
fn takes_a_card(payer: &Payer<'_>) -> String {
    let browser = &payer.browser;
    payer.does("/home", "issue-card", &[], "card is ready");
    let masked = browser.text(".card .number");
    assert!(masked.contains("••••"), "{masked}");
    payer.mistypes_password();

    let number = payer.reveal("");
    assert!(masked.ends_with(&number[12..]), "{masked}, {number}");
    let countdown: u32 = browser.text("#countdown").parse().expect("seconds");
    assert!((1..=30).contains(&countdown));
    // The page's clock goes on by what is left.
    browser.script("const now = Date.now; Date.now = () => now() + 30_000", &[]);
    browser.wait("the number to be hidden", || {
        browser.address().ends_with("/card")
    });
    browser.wait_text(".card .number", "••••");
    assert!(!browser.text("body").replace(' ', "").contains(&number));
    number
}

fn loads(payer: &Payer<'_>) {
    let browser = &payer.browser;
    payer.add_source("card", "9902 0000 0000 0018");
    payer.add_source("card", "9902000000000026");
    payer.add_source("card", "9902000000000034");
    payer.add_source("card", "9902000000000042");
    payer.add_source("account", ACCOUNT);
    let shown = browser.text("body").replace(' ', "");
    assert!(shown.contains("0018") && !shown.contains(CARD), "{shown}");

    let first = browser.window();
    let home = browser.new_window();
    payer.open("/home");
    browser.wait_text("#live", "Up to date");
    assert_eq!(browser.text("#available"), "$0.00");
    browser.script("window.neverLoadedAgain = true", &[]);
    browser.look_at(&first);
    // A purchase waits for the money: its window shows by itself that it has come.
    payer.order("cup");
    payer.opens_pay_window();
    let window = browser.window();
    browser.wait_text("#short", "You need $14.50 more");
    assert!(!browser.has("#agree"));
    browser.look_at(&first);
    payer.load("0018", "200.00");
    browser.look_at(&window);
    browser.wait("the window to be up to date", || browser.has("#agree"));
    assert_eq!(browser.text("#available"), "$200.00");
    browser.close_window();
    browser.look_at(&home);
    browser.wait_text("#available", "$200.00");
    browser.wait_text("#recent", "Loaded");
    let same = browser.script("return window.neverLoadedAgain === true", &[]);
    assert_eq!(same, true, "shown without a reload");
    browser.close_window();
    browser.look_at(&first);

    payer.load_refused("0034", "10.00", "The bank declined");
    // What is missing is loaded in the window: this time not all of it at once.
    payer.orders_many("kettle", 4);
    payer.opens_pay_window();
    browser.wait_text("#short", "You need $36.00 more");
    assert_eq!(browser.attribute("#load-amount", "value"), "36.00");
    let missing = [("amount", "50.01"), ("password", PASSWORD)];
    let source = browser.script(
        "return [...document.getElementById('load-source').options].find((one) => one.text.includes('0026')).value",
        &[],
    );
    let source = source.as_str().expect("a source");
    browser.submit("load", &[missing[0], missing[1], ("source", source)]);
    browser.wait_text("#error-summary", "enough money");
    browser.submit("load", &[("amount", "50"), missing[1], ("source", source)]);
    browser.find("#agree");
    assert_eq!(browser.text("#balance-after"), "$14.00");
    browser.close_window();
    browser.look_at(&first);
    payer.load_refused("0042", "20.00", "bank does not answer");
    payer.load("XT", "30");
    assert_eq!(payer.available(), "$280.00");
    // What the bank gave too late, it has back.
    browser.wait("the late money to be back", || {
        payer.world.given_from("0042") == 0
    });
}

fn buys_in_the_window(payer: &Payer<'_>) {
    let browser = &payer.browser;
    let first = browser.window();
    let home = browser.new_window();
    payer.open("/home");
    browser.wait_text("#live", "Up to date");
    browser.look_at(&first);

    let order = payer.order("cup");
    payer.opens_pay_window();
    assert_eq!(browser.text(".mall"), "Teacup & Co");
    assert_eq!(browser.text("#order"), order);
    assert_eq!(browser.text("#total"), "$14.50");
    assert_eq!(browser.text("#balance-after"), "$265.50");
    // Not this time.
    browser.press("#cancel button");
    browser.wait_text("#pay-state", "Nothing was paid");
    browser.press("#close");
    browser.look_at(&first);
    browser.wait_text("#said", "You have not paid");
    // The basket is as it was, and leads to the same order.
    browser.open(&payer.world.teacup("/basket"));
    browser.wait_text("#content", "14.50");
    browser.go(|| browser.press("#checkout"));
    assert_eq!(browser.attribute("#pay", "data-order"), order);

    // And now.
    payer.opens_pay_window();
    browser.press("#agree button");
    browser.wait("the purchase to be paid", || {
        browser.has("#pay-state[data-state=paid]")
    });
    browser.press("#close");
    browser.look_at(&first);
    browser.wait("the shop to know", || {
        browser.has("#order[data-status=paid]")
    });
    browser.open(&payer.world.teacup("/basket"));
    browser.wait_text("#content", "Your basket is empty");
    browser.look_at(&home);
    browser.wait_text("#available", "$265.50");
    browser.wait_text("#recent", "Teacup & Co");
    browser.look_at(&first);

    // The clerk gives back a part of it.
    browser.open(&payer.world.teacup(&format!("/clerk/{order}")));
    browser.fill("amount", "5.00");
    browser.go(|| browser.press("form[action$=refund] button"));
    browser.wait("the refund", || {
        browser.reload();
        browser.text("#content").contains("refunded")
    });
    browser.look_at(&home);
    browser.wait_text("#available", "$270.50");
    browser.wait_text("#recent", "Refunded $5.00 of $14.50");
    browser.look_at(&first);

    // And takes another one back as a whole.
    let order = payer.buys("kettle");
    browser.open(&payer.world.teacup(&format!("/clerk/{order}")));
    browser.go(|| browser.press("form[action$=cancel] button"));
    browser.wait("the cancellation", || {
        browser.reload();
        browser.text("#content").contains("Cancelled")
    });
    browser.look_at(&home);
    browser.wait_text("#available", "$270.50");
    browser.wait_text("#recent", "Cancelled by the shop");
    browser.close_window();
    browser.look_at(&first);
}

fn looks_back(payer: &Payer<'_>) {
    let browser = &payer.browser;
    payer.open("/transactions");
    let count = || {
        browser.script(
            "return document.querySelectorAll('.transaction').length",
            &[],
        )
    };
    // Six loads, of which three came to nothing, two purchases, a refund and a reversal.
    assert_eq!(count(), 10, "{}", browser.text("#content"));
    let search = |words: &str, status: &str| {
        payer.open("/transactions");
        browser.submit("search", &[("q", words), ("status", status)]);
        count()
    };
    assert_eq!(search("teacup", ""), 4);
    // With decimals: a reference may have the digits of a whole number.
    assert_eq!(search("59.00", ""), 2);
    assert_eq!(search("", "declined"), 3);
    assert_eq!(search("", "refunded"), 2);
    assert_eq!(search("refund:", ""), 1);
    // A refund leads to its purchase.
    let link = |place: &str| {
        let script = "return document.querySelector(arguments[0]).href";
        let href = browser.script(script, &[place.into()]);
        href.as_str().expect("an address").to_owned()
    };
    let refund = link(".transaction .title a");
    browser.open(&refund);
    browser.wait_text("#state", "Came back to you");
    browser.open(&link(".facts a"));
    browser.wait_text("#state", "Refunded $5.00 of $14.50");
    assert_eq!(link(".steps a"), refund);
    assert_eq!(search("nothing like it", ""), 0);
    assert!(browser.text("#content").contains("No transactions found"));
    payer.open("/transactions");
    let fetch = "const end = arguments[0]; fetch(document.getElementById('csv').href).then((answer) => answer.text()).then(end)";
    let csv = browser.script_with_end(fetch, &[]);
    let csv = csv.as_str().expect("text");
    assert_eq!(csv.lines().count(), 11, "{csv}");
    assert!(
        csv.starts_with("time_utc,") && csv.contains("\"Teacup & Co\""),
        "{csv}"
    );
    assert!(!csv.contains(CARD) && !csv.contains(ACCOUNT), "{csv}");
}

fn freezes(payer: &Payer<'_>, card: &str) {
    let browser = &payer.browser;
    payer.does("/limits", "freeze", &[], "frozen");
    payer.card_is_declined("round", card, "62");
    payer.order("cup");
    let shop = browser.window();
    payer.opens_pay_window();
    browser.wait_text("#frozen", "frozen");
    assert!(!browser.has("#agree"));
    // It is put right in the window.
    browser.submit("unfreeze", &[("password", PASSWORD)]);
    browser.find("#agree");
    browser.close_window();
    browser.look_at(&shop);
    payer.open("/home");
    assert!(
        browser
            .text("#content")
            .contains("Declined: your wallet was frozen"),
        "{}",
        browser.text("#content")
    );
    payer.types_card("round", card);
    assert!(
        browser.has("#order[data-status=paid]"),
        "{}",
        browser.text("#order")
    );
}

fn sets_limits(payer: &Payer<'_>, card: &str) {
    payer.sets_limits(&[("transaction", "10.00")]);
    payer.card_is_declined("round", card, "61");
    payer.order("cup");
    let shop = payer.browser.window();
    payer.opens_pay_window();
    let words = "above your limit of $10.00 for one purchase";
    payer.browser.wait_text("#limit", words);
    payer.browser.close_window();
    payer.browser.look_at(&shop);
    payer.sets_limits(&[("transaction", "")]);
}

/// Their numbers.
fn takes_further_numbers(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    payer.open("/card");
    let once = [
        ("usage", "once"),
        ("limit", "20.00"),
        ("password", PASSWORD),
    ];
    browser.submit("new-number", &once);
    let number = payer.revealed();
    payer.card_is_declined("string", &number, "61");
    payer.types_card("round", &number);
    assert!(
        browser.has("#order[data-status=paid]"),
        "{}",
        browser.text("#order")
    );
    payer.types_card("round", &number);
    assert!(browser.has("#order[data-status=declined]"), "used twice");
    payer.open("/card");
    assert!(
        browser
            .text("#content")
            .contains(&format!("Ending {} · one purchase", &number[12..]))
    );
    assert!(browser.text("#content").contains("Used"));

    let for_a_mall = [("usage", "mall"), ("password", PASSWORD)];
    browser.submit("new-number", &for_a_mall);
    let ended = payer.revealed();
    let choice = payer.choice("/card", "reveal-number", &ended[12..]);
    payer.does("/card", &format!("retire-{choice}"), &[], "no longer works");
    payer.types_card("round", &ended);
    assert!(browser.has("#order[data-status=declined]"), "ended");
    vec![number, ended]
}

/// Its number.
fn takes_a_new_card(payer: &Payer<'_>, old: &str) -> String {
    payer.does(
        "/card",
        "reissue",
        &[("password", PASSWORD)],
        "new card number",
    );
    let new = payer.reveal("");
    assert_ne!(new, old);
    payer.card_is_declined("round", old, "14");
    payer.types_card("round", &new);
    assert!(payer.browser.has("#order[data-status=paid]"));
    new
}

/// The handles that there were.
fn signs_out_everywhere(payer: &Payer<'_>) -> Vec<String> {
    let browser = &payer.browser;
    let first = session_of(browser);
    payer.open("/sessions");
    let list = browser.text("#content");
    assert!(
        list.contains("This device") && list.contains("Extension"),
        "{list}"
    );
    browser.submit("everywhere", &[]);
    assert!(browser.text("#done").contains("signed out on every device"));
    payer.open("/home");
    assert!(browser.address().contains("/sign-in"));
    payer.sign_in("not the password");
    browser.wait_text("#error-summary", "or the password is wrong");
    payer.sign_in(PASSWORD);
    browser.wait_text("#available", "$");
    let second = session_of(browser);
    assert_ne!(first, second);
    vec![first, second]
}

fn session_of(browser: &Browser) -> String {
    let cookies = browser.devtools("Network.getAllCookies", &serde_json::json!({}));
    let cookies = cookies["value"]["cookies"].as_array().expect("cookies");
    let session = cookies
        .iter()
        .find(|cookie| cookie["name"] == "__Host-tessera");
    let value = session.expect("a session")["value"].as_str();
    value.expect("text").to_owned()
}

fn closes(payer: &Payer<'_>) {
    let (browser, world) = (&payer.browser, payer.world);
    let left = payer.available();
    let left: String = left.chars().filter(char::is_ascii_digit).collect();
    let left: i64 = left.parse().expect("minor units");
    assert!(left > 0);
    let before = world.given_from("0018");
    let source = payer.choice("/money", "close-source", "0018");
    browser.submit("close", &[("source", &source), ("password", PASSWORD)]);
    browser.wait_text("#error-summary", "tick the box");
    payer.unfold();
    browser.press("#close-sure");
    browser.submit("close", &[("source", &source), ("password", PASSWORD)]);
    browser.wait_text("#done", "closed");
    browser.wait("the money to be back", || {
        world.given_from("0018") == before - left
    });
    payer.sign_in(PASSWORD);
    browser.wait_text("#error-summary", "or the password is wrong");
}
