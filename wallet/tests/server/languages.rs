//! The language of pages and of messages.

use crate::fake::World;
use tessera_protocol::leased::Operation;

const PASSWORD: &str = "correct horse";

#[test]
fn every_page_says_its_language_and_direction() {
    let world = World::start();
    let (mut browser, _) = world.member(PASSWORD);
    for path in [
        "/home",
        "/language",
        "/nowhere",
        "/pay?mall=NOBODY",
        "/offline",
    ] {
        let page = browser.get(path);
        let begin = "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\">";
        assert!(page.body.starts_with(begin), "{path}: {}", page.body);
    }
}

#[test]
fn a_chosen_language_is_kept_by_the_browser_and_by_the_account() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let language = || {
        let mut wallets = world.switch.wallets.lock().unwrap();
        wallets.of(&client).1.language.clone()
    };
    // English is what messages are in where nobody says otherwise.
    assert_eq!(language(), None);
    browser.get("/language");
    let chosen = browser.send("/language", "language", &[("language", "en")]);
    assert_eq!(chosen.header("location"), "/language?done=language");
    let cookie = chosen.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-tessera-language=en;"),
        "{cookie}"
    );
    assert_eq!(language().as_deref(), Some("en"));
    let page = browser.get("/language?done=language");
    assert!(page.body.contains("The language is set."));
    assert!(page.body.contains("<option value=\"en\" selected>English"));
    // As the browser says: the cookie goes, and messages stay in what the pages are in.
    let chosen = browser.send("/language", "language", &[("language", "")]);
    let cookie = chosen.header("set-cookie");
    assert!(cookie.starts_with("__Host-tessera-language=;"), "{cookie}");
    let page = browser.get("/language");
    assert!(!page.body.contains("<option value=\"en\" selected>"));
    // What is not offered is as good as nothing.
    browser.send("/language", "language", &[("language", "xx")]);
    assert_eq!(language().as_deref(), Some("en"));
    assert_eq!(world.switch.count(Operation::SetLanguage), 3);
}

#[test]
fn a_visitor_without_a_wallet_chooses_too() {
    let world = World::start();
    let mut browser = world.browser();
    let page = browser.get("/");
    assert!(page.body.contains("href=\"/language\""));
    browser.get("/language");
    let chosen = browser.send("/language", "language", &[("language", "en")]);
    assert_eq!(chosen.status, 303);
    assert_eq!(world.switch.count(Operation::SetLanguage), 0);
}
