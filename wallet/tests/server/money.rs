//! Money is looked at once more before it moves, and what was done can be looked at again.

use crate::fake::wallets::Wallet;
use crate::fake::{Browser, World};
use tessera_protocol::leased::{Limits, Operation};

const PASSWORD: &str = "correct horse";

fn with_source(world: &World) -> (Browser, String) {
    let (mut browser, client) = world.member(PASSWORD);
    let added = browser.add_source("card", "4111 1111 1111 1111", PASSWORD);
    assert_eq!(
        added.header("location"),
        "/money?done=source",
        "{}",
        added.body
    );
    (browser, client)
}

fn turn(world: &World, client: &str, change: impl FnOnce(&mut Wallet)) {
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(client);
        change(wallet);
        number
    });
}

#[test]
fn a_load_is_reviewed_and_confirmed_and_both_can_be_loaded_again() {
    let world = World::start();
    let (mut browser, client) = with_source(&world);
    let name = browser.get("/money").hidden("name").unwrap();
    let review = format!("/money/load?source=1&amount=%241%2C200&name={name}");
    for _ in 0..2 {
        let page = browser.get(&review);
        assert_eq!(page.hidden("name").as_ref(), Some(&name));
        assert!(page.body.contains("Load $1,200.00"), "{}", page.body);
        assert!(page.body.contains("Credit card · **** 1111"));
    }
    assert_eq!(world.switch.count(Operation::Load), 0);
    let load = [("source", "1"), ("amount", "$1,200"), ("name", &*name)];
    let loaded = browser.send("/money/load", "load", &load);
    let location = loaded.header("location").to_owned();
    turn(&world, &client, |wallet| wallet.available -= 20_000);
    for _ in 0..2 {
        let page = browser.get(&location);
        assert_eq!(page.status, 200);
        let said = "$1,200.00 was loaded.";
        assert!(page.body.contains(said), "{}", page.body);
        assert_eq!(page.text_of("available"), "$1,000.00");
    }
    assert_eq!(world.switch.count(Operation::Load), 1);
    // Who goes back to the review and sends it again loads nothing more.
    let again = browser.send("/money/load", "load", &load);
    assert_eq!(again.header("location"), location);
    turn(&world, &client, |wallet| {
        assert_eq!(wallet.available, 100_000)
    });
    // Nobody leads a payer to a page about money that was not loaded.
    let made_up = location.replace("120000", "999900");
    assert_eq!(browser.get(&made_up).header("location"), "/money");
    let (mut other, _) = world.member(PASSWORD);
    assert_eq!(other.get(&location).header("location"), "/money");
}

#[test]
fn what_is_wrong_names_its_field_and_what_to_do() {
    let world = World::start();
    let (mut browser, _) = with_source(&world);
    for (query, field, words) in [
        ("source=1&amount=0", "amount", "above 0"),
        ("source=1&amount=much", "amount", "not an amount"),
        ("source=7&amount=5", "source", "choose from the list"),
        ("amount=5", "source", "choose from the list"),
    ] {
        let page = browser.get(&format!("/money/load?{query}"));
        assert_eq!(page.status, 422, "{query}");
        let error = format!("id=\"load-{field}-error\"");
        assert!(
            page.body.contains(&error) && page.body.contains(words),
            "{}",
            page.body
        );
    }
    for (kind, number, words) in [
        (
            "card",
            "4111 1111 1111 1112",
            "its check digit does not match",
        ),
        ("card", "GB33BUKB20201555555555", "digits and nothing else"),
        (
            "account",
            "GB33BUKB20201555555556",
            "its check digits do not match",
        ),
    ] {
        let page = browser.add_source(kind, number, PASSWORD);
        assert_eq!(page.status, 422);
        assert!(page.body.contains("id=\"add-source-source-error\""));
        assert!(page.body.contains(words), "{}", page.body);
        assert!(!page.body.contains(number));
    }
    assert_eq!(world.switch.count(Operation::AddSource), 1);
    // The bank's no is about the source.
    world.switch.wallets.lock().unwrap().declined = true;
    let load = [("source", "1"), ("amount", "25"), ("name", "")];
    let page = browser.send("/money/load", "load", &load);
    assert_eq!(page.status, 422);
    assert!(page.body.contains("id=\"load-source-error\""));
    assert!(page.body.contains("Try another source"), "{}", page.body);
    assert!(page.body.contains("value=\"25\""));
}

#[test]
fn a_source_is_reviewed_masked_before_it_is_added() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    browser.get("/money");
    let typed = [("kind", "card"), ("source", "4111 1111 1111 1111")];
    let checked = browser.send("/money/sources/check", "add-source", &typed);
    assert_eq!(checked.header("location"), "/money/sources/add");
    // How long it counts is in what is encrypted, and is no promise of the browser.
    let cookie = checked.header("set-cookie");
    assert!(cookie.starts_with("__Host-tessera-source=") && !cookie.contains("Max-Age"));
    for _ in 0..2 {
        let page = browser.get("/money/sources/add");
        let shown = ["Check and add", "Credit card", "**** 1111", "They match."];
        for text in shown {
            assert!(page.body.contains(text), "{text} in {}", page.body);
        }
        assert!(!page.body.contains("4111"), "{}", page.body);
    }
    assert!(!browser.cookies.values().any(|value| value.contains("4111")));
    assert_eq!(world.switch.count(Operation::AddSource), 0);
    // Of another session it says nothing.
    let (mut other, _) = world.member(PASSWORD);
    let cookie = browser.cookies["__Host-tessera-source"].clone();
    (other.cookies).insert("__Host-tessera-source".to_owned(), cookie);
    assert_eq!(other.get("/money/sources/add").header("location"), "/money");
    // Nor does the browser keep what is of no use.
    assert!(!other.cookies.contains_key("__Host-tessera-source"));
    // A wrong password leads back to the review, and nothing has to be typed again but that.
    turn(&world, &client, |wallet| wallet.confirmed = None);
    let reviewed = browser.reviewed("/money/sources/add");
    let wrong = [("reviewed", &*reviewed), ("password", "not the password")];
    let page = browser.send("/money/sources/add", "confirm-source", &wrong);
    assert_eq!(page.status, 422);
    assert!(page.body.contains("id=\"confirm-source-password-error\""));
    assert!(page.body.contains("**** 1111"), "{}", page.body);
    let right = [("reviewed", &*reviewed), ("password", PASSWORD)];
    let added = browser.send("/money/sources/add", "confirm-source", &right);
    assert_eq!(added.header("location"), "/money?done=source");
    assert!(browser.get("/money").body.contains("id=\"source-1\""));
    // The number is kept no longer, also where the bank or the wallet refuses it.
    assert!(!browser.cookies.contains_key("__Host-tessera-source"));
    let again = browser.send("/money/sources/add", "confirm-source", &right);
    assert_eq!(again.header("location"), "/money");
    assert_eq!(world.switch.count(Operation::AddSource), 2);
    browser.get("/money");
    let account = [("kind", "account"), ("source", "1234567890")];
    browser.send("/money/sources/check", "add-source", &account);
    // Another tab has reviewed another one: it is looked at before anything is added.
    let of_another = browser.send("/money/sources/add", "confirm-source", &right);
    assert_eq!(of_another.header("location"), "/money/sources/add");
    assert_eq!(world.switch.count(Operation::AddSource), 2);
    let page = browser.get("/money/sources/add").body;
    assert!(
        page.contains("12**** 890") && page.contains("has none"),
        "{page}"
    );
}

#[test]
fn a_source_is_removed_after_a_question() {
    let world = World::start();
    let (mut browser, client) = with_source(&world);
    let list = browser.get("/money");
    assert!(
        list.body
            .contains("href=\"/money/sources/remove?number=1\"")
    );
    let page = browser.get("/money/sources/remove?number=1");
    assert!(page.body.contains("Credit card · **** 1111"));
    assert!(!page.body.contains("Automatic loading, which"));
    assert_eq!(
        browser
            .get("/money/sources/remove?number=2")
            .header("location"),
        "/money"
    );
    browser.get("/money/sources/remove?number=1");
    let wrong = [("number", "1"), ("password", "not the password")];
    let refused = browser.send("/money/sources/remove", "remove-source", &wrong);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("id=\"remove-source-password-error\""));
    let removed = browser.send("/money/sources/remove", "remove-source", &[("number", "1")]);
    assert_eq!(removed.header("location"), "/money?done=source-removed");
    turn(&world, &client, |wallet| assert!(wallet.sources.is_empty()));
}

#[test]
fn limits_are_reviewed_and_a_higher_one_is_pointed_out() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    turn(&world, &client, |wallet| {
        wallet.limits = Limits::from_array([5_000, 0, 0, 3, 0]);
    });
    let page = browser.get("/limits/set?transaction=50&day_count=3");
    assert!(
        page.body.contains("These are your limits already"),
        "{}",
        page.body
    );
    let page = browser.get("/limits/set?transaction=20&day=100&day_count=3");
    assert!(page.body.contains("$20.00") && page.body.contains("no limit"));
    assert!(!page.body.contains("With a higher limit"), "{}", page.body);
    assert!(!page.body.contains("Purchases per day"), "{}", page.body);
    for raised in ["transaction=60&day_count=3", "transaction=50"] {
        let page = browser.get(&format!("/limits/set?{raised}"));
        assert!(
            page.body.contains("With a higher limit"),
            "{raised}: {}",
            page.body
        );
    }
    // The operator's limits are known before anything is sent.
    let page = browser.get("/limits/set?transaction=1000.01");
    assert_eq!(page.status, 422);
    assert!(page.body.contains("id=\"limits-transaction-error\""));
    assert!(page.body.contains("at most $1,000.00"), "{}", page.body);
    assert_eq!(world.switch.count(Operation::SetLimits), 0);
    browser.get("/limits/set?transaction=20&day=100&day_count=3");
    let wrong = [("transaction", "20"), ("password", "not the password")];
    let page = browser.send("/limits/set", "limits", &wrong);
    assert!(
        page.body.contains("id=\"limits-password-error\"") && page.body.contains("id=\"review\"")
    );
    let set = [("transaction", "20"), ("day", "100"), ("day_count", "3")];
    let done = browser.send("/limits/set", "limits", &set);
    assert_eq!(done.header("location"), "/limits?done=limits");
    turn(&world, &client, |wallet| {
        assert_eq!(wallet.limits.to_array(), [2_000, 10_000, 0, 3, 0]);
    });
}

#[test]
fn only_configured_channels_are_offered() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let mut offers = |channels: Option<&str>| {
        turn(&world, &client, |wallet| {
            wallet.channels = channels.map(str::to_owned)
        });
        browser.get("/notifications").body
    };
    // A switch of before says nothing.
    for channels in [None, Some("email,mobile")] {
        let page = offers(channels);
        assert!(page.contains("id=\"contact-kind\""), "{channels:?}: {page}");
    }
    let page = offers(Some("email"));
    assert!(page.contains("name=\"kind\" value=\"email\"") && !page.contains("Text message"));
    assert!(page.contains("E-mail address"), "{page}");
    let page = offers(Some("mobile"));
    assert!(page.contains("name=\"kind\" value=\"mobile\"") && page.contains("Mobile number"));
    let page = offers(Some(""));
    assert!(
        page.contains("id=\"no-channel\"") && !page.contains("/notifications/contact"),
        "{page}"
    );
}

/// What a mall has charged beyond what was there is paid by the next load, and the payer sees it before.
#[test]
fn what_is_owed_is_paid_first_and_said_before() {
    let world = World::start();
    let (mut browser, client) = with_source(&world);
    let review = "/money/load?source=1&amount=50";
    assert!(!browser.get(review).body.contains("You owe"));
    assert!(!browser.get("/home").body.contains("id=\"owed\""));
    turn(&world, &client, |wallet| {
        wallet.available = 0;
        wallet.owed = 1_250;
    });
    let page = browser.get(review).body.replace('\u{a0}', " ");
    assert!(page.contains("You owe (paid first)") && page.contains("$12.50"));
    assert!(page.contains("$37.50"), "{page}");
    let home = browser.get("/home").body.replace('\u{a0}', " ");
    assert!(home.contains("You owe $12.50"), "{home}");
}
