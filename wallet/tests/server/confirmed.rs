//! A password that was typed a moment ago counts for every form, and no longer.

use crate::fake::{Browser, World};
use tessera_protocol::leased::Operation;

const PASSWORD: &str = "correct horse";

/// The five minutes are over, or the switch has started anew.
fn forget(world: &World, client: &str) {
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(client);
        wallet.confirmed = None;
        number
    });
}

fn member(world: &World) -> (Browser, String) {
    let (mut browser, client) = world.member(PASSWORD);
    browser.get("/card");
    browser.send("/card/issue", "issue-card", &[]);
    let added = browser.add_source("card", "4111111111111111", "");
    assert_eq!(added.status, 303, "{}", added.body);
    (browser, client)
}

#[test]
fn forms_ask_for_the_password_only_when_it_is_needed() {
    let world = World::start();
    let (mut browser, client) = member(&world);
    let source = [("kind", "card"), ("source", "9902000000000018")];
    browser.send("/money/sources/check", "add-source", &source);
    let pages = [
        ("/card", &["reveal", "reissue", "new-number"][..]),
        ("/money", &["reload"]),
        ("/money/sources/add", &["confirm-source"]),
        ("/money/load?source=1&amount=5", &["load"]),
        ("/money/sources/remove?number=1", &["remove-source"]),
        ("/limits/set?day=5", &["limits"]),
    ];
    for needed in [false, true] {
        if needed {
            forget(&world, &client);
        }
        for (path, forms) in pages {
            let page = browser.get(path).body;
            for form in forms {
                let field = format!("id=\"{form}-password\"");
                assert_eq!(page.contains(&field), needed, "{path}, {form}: {page}");
            }
        }
        // These are always there: an open browser that its payer has left does not suffice.
        for (path, form) in [
            ("/sessions", "password"),
            ("/sessions", "recovery"),
            ("/money", "close"),
            ("/notifications", "contact"),
        ] {
            let field = format!("id=\"{form}-password\"");
            assert!(browser.get(path).body.contains(&field), "{path}, {form}");
        }
    }
}

#[test]
fn after_its_time_it_is_asked_for_and_nothing_was_done() {
    let world = World::start();
    let (mut browser, client) = member(&world);
    let review = browser.get("/money/load?source=1&amount=5");
    let name = review.hidden("name").unwrap();
    forget(&world, &client);
    let load = [("source", "1"), ("amount", "5"), ("name", &*name)];
    let asked = browser.send("/money/load", "load", &load);
    assert_eq!(asked.status, 422);
    assert!(
        asked.body.contains("id=\"load-password-error\""),
        "{}",
        asked.body
    );
    assert!(
        asked
            .body
            .contains("some time has passed since you last did")
    );
    // It is still the same load.
    assert_eq!(asked.hidden("name").as_ref(), Some(&name));
    let load = [load[0], load[1], load[2], ("password", PASSWORD)];
    let loaded = browser.send("/money/load", "load", &load);
    assert!(
        loaded.header("location").starts_with("/money/loaded?"),
        "{}",
        loaded.body
    );
    // From here on it counts again.
    let limits = browser.send("/limits/set", "limits", &[("day", "5")]);
    assert_eq!(limits.header("location"), "/limits?done=limits");
}

#[test]
fn a_number_can_be_loaded_again_for_its_time_and_by_its_session() {
    let world = World::start();
    let (mut browser, client) = member(&world);
    let revealed = browser.send("/card/reveal", "reveal", &[("number", "")]);
    let address = revealed.header("location").to_owned();
    for _ in 0..2 {
        assert_eq!(
            browser.get(&address).text_of("card-number"),
            "9900 0000 0000 4711"
        );
    }
    let refuses = |browser: &mut Browser, address: &str| {
        let answer = browser.get(address);
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, "/card"),
            "{address}"
        );
        assert!(!answer.body.contains("9900"));
    };
    let (mut other, _) = member(&world);
    refuses(&mut other, &address);
    // Neither another number nor a longer time can be asked for.
    refuses(&mut browser, &address.replace("number=", "number=1"));
    let until = address.split("until=").nth(1).unwrap();
    let until: u64 = until.split('&').next().unwrap().parse().unwrap();
    let (now, later) = (until.to_string(), (until + 600).to_string());
    refuses(&mut browser, &address.replace(&now, &later));
    refuses(&mut browser, "/card/shown");
    // Where the switch knows nothing any more, it is the password that shows the number.
    forget(&world, &client);
    let asked = browser.get(&address);
    assert!(
        asked.body.contains("id=\"reveal-password-error\""),
        "{}",
        asked.body
    );
    assert!(!asked.body.contains("9900"));
    assert_eq!(world.switch.count(Operation::RevealCard), 4);
}
