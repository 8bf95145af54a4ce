//! Notifications in browsers: what the page offers, and what becomes of what the script sends.

use tessera_protocol::leased::BrowserRow;

use crate::fake::{Browser, PUSH_KEY, World};

const PASSWORD: &str = "correct horse";
const KEYS: &str = "BAEC.AwQ";

/// A wallet whose switch can send to browsers.
fn member(world: &World) -> (Browser, String) {
    let (browser, client) = world.member(PASSWORD);
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        wallet.channels = Some("email,push".into());
        wallet.confirmed = None;
        number
    });
    (browser, client)
}

/// As the script does it.
fn add(browser: &mut Browser, address: &str) -> crate::fake::browser::Answer {
    browser.get("/notifications");
    let fields = [("address", address), ("keys", KEYS), ("password", PASSWORD)];
    browser.send("/notifications/browsers", "add-browser", &fields)
}

#[test]
fn a_browser_is_added_listed_and_removed() {
    let world = World::start();
    let (mut browser, client) = member(&world);
    let page = browser.get("/notifications").body;
    let section = format!("<section id=\"browsers\" data-key=\"{PUSH_KEY}\"");
    assert!(page.contains(&section), "{page}");
    assert!(page.contains("No browser shows notifications.") && page.contains("/push.js\""));
    // Without the script, nothing is offered that does not work.
    assert!(page.contains("id=\"browsers-add\" hidden") && page.contains("<noscript>"));

    let added = add(&mut browser, "https://push.example/s3cret");
    assert_eq!(
        added.header("location"),
        "/notifications?done=browser-added"
    );
    let mut kept = None;
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        kept = wallet.browsers.first().cloned();
        number
    });
    let (address, keys, row) = kept.expect("a browser");
    assert_eq!(
        (address.as_str(), keys.as_str()),
        ("https://push.example/s3cret", KEYS)
    );
    let page = browser.get("/notifications?done=browser-added").body;
    assert!(page.contains("This browser shows notifications from now on."));
    assert!(
        page.contains(&row.name) && !page.contains("s3cret"),
        "{page}"
    );
    let digest: String = row
        .digest
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(
        page.contains(&format!("id=\"browser-1\" data-browser=\"{digest}\"")),
        "{page}"
    );
    // What the script needs to find the row.
    let wallet = &browser.cookies["__Host-tessera"][..16];
    assert!(
        page.contains(&format!("data-wallet=\"{wallet}\"")),
        "{page}"
    );
    let number = u64::from_str_radix(wallet, 16).unwrap();
    let expected = BrowserRow::digest(number, "https://push.example/s3cret");
    assert_eq!(row.digest, expected);

    // Each time with the password, whatever counts.
    let page = browser.get("/notifications/browsers/remove?number=1").body;
    assert!(
        page.contains("Turn off notifications in this browser?"),
        "{page}"
    );
    let remove = |browser: &mut Browser, more: &[(&str, &str)]| {
        let fields = [&[("number", "1")], more].concat();
        browser.send("/notifications/browsers/remove", "remove-browser", &fields)
    };
    assert_eq!(remove(&mut browser, &[]).status, 422);
    let wrong = remove(&mut browser, &[("password", "wrong horse 1")]);
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("The password is wrong."),
        "{}",
        wrong.body
    );
    for _ in 0..2 {
        let removed = remove(&mut browser, &[("password", PASSWORD)]);
        assert_eq!(
            removed.header("location"),
            "/notifications?done=browser-removed"
        );
    }
    let page = browser.get("/notifications").body;
    assert!(page.contains("No browser shows notifications."), "{page}");
    let gone = browser.get("/notifications/browsers/remove?number=1");
    assert_eq!(gone.header("location"), "/notifications");
}

#[test]
fn a_form_that_the_script_has_not_filled_or_the_switch_refuses_says_why() {
    let world = World::start();
    let (mut browser, _) = member(&world);
    browser.get("/notifications");
    let mut send = |address: &str, keys: &str, password: &str| {
        let fields = [("address", address), ("keys", keys), ("password", password)];
        browser.send("/notifications/browsers", "add-browser", &fields)
    };
    for (address, keys) in [
        ("", ""),
        ("https://push.example/1", ""),
        ("", KEYS),
        ("a b", KEYS),
    ] {
        assert_eq!(
            send(address, keys, PASSWORD).status,
            403,
            "{address} {keys}"
        );
    }
    let wrong = send("https://push.example/1", KEYS, "wrong horse 1");
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("The password is wrong."),
        "{}",
        wrong.body
    );
    // The address is not in the form that is shown again.
    assert!(!wrong.body.contains("push.example"));
    let elsewhere = send("https://unknown.example/1", KEYS, PASSWORD);
    assert!(
        elsewhere.body.contains("try another browser"),
        "{}",
        elsewhere.body
    );
    for number in 1..=5 {
        let added = send(&format!("https://push.example/{number}"), KEYS, PASSWORD);
        assert_eq!(added.status, 303, "{}", added.body);
    }
    let again = send("https://push.example/1", KEYS, PASSWORD);
    assert!(
        again.body.contains("shows notifications already"),
        "{}",
        again.body
    );
    let sixth = send("https://push.example/6", KEYS, PASSWORD);
    assert!(sixth.body.contains("Five browsers"), "{}", sixth.body);
    let full = browser.get("/notifications").body;
    assert!(
        !full.contains("add-browser") && full.contains("Five browsers"),
        "{full}"
    );
    // The script needs the key to find out which of them it is in.
    assert!(full.contains(&format!("data-key=\"{PUSH_KEY}\"")), "{full}");
}

#[test]
fn nothing_is_offered_where_the_switch_can_not() {
    let world = World::start();
    let (mut browser, _) = world.member(PASSWORD);
    let page = browser.get("/notifications").body;
    assert!(
        !page.contains("browsers") && page.contains("id=\"contact\""),
        "{page}"
    );
}
