//! Passkeys: on the page about security, to sign in, and in the place of the password.

use crate::fake::{Browser, CHALLENGE, World};

const PASSWORD: &str = "correct horse";

/// What the script puts into the field of a form: the passkey of a wallet has signed.
fn signed(id: u32, user: &str) -> String {
    format!("id-{id}.{user}.{CHALLENGE}.data.signature")
}

/// What a wallet's passkeys know it by.
fn user(world: &World, client: &str) -> String {
    let mut found = String::new();
    world.switch.change(|wallets| {
        let (number, _) = wallets.of(client);
        found = format!("user-{number}");
        number
    });
    found
}

/// The five minutes are over.
fn forget(world: &World, client: &str) {
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(client);
        wallet.confirmed = None;
        number
    });
}

/// As the script does it.
fn add(browser: &mut Browser, user: &str) {
    browser.get("/sessions");
    let begun = browser.send("/passkeys/begin", "add-passkey", &[("password", PASSWORD)]);
    assert_eq!(begun.status, 200, "{}", begun.body);
    assert!(
        begun
            .body
            .contains(&format!("\"challenge\":\"{CHALLENGE}\""))
    );
    assert!(
        begun.body.contains("\"name\":\"Tessera wallet "),
        "{}",
        begun.body
    );
    let made = format!("{user}.{CHALLENGE}.data");
    let added = browser.send("/passkeys/add", "add-passkey", &[("made", &made)]);
    assert_eq!(added.header("location"), "/sessions?done=passkey-added");
}

#[test]
fn a_passkey_is_added_named_and_removed() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let user = user(&world, &client);
    let page = browser.get("/sessions").body;
    assert!(page.contains("You have no passkey yet."), "{page}");
    // Each time, whatever counts.
    let asked = browser.send("/passkeys/begin", "add-passkey", &[]);
    assert_eq!(asked.status, 422);
    assert!(asked.body.contains("type your password"), "{}", asked.body);
    let wrong = browser.send(
        "/passkeys/begin",
        "add-passkey",
        &[("password", "wrong horse 1")],
    );
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.body.contains("The password is wrong."),
        "{}",
        wrong.body
    );
    add(&mut browser, &user);
    let page = browser.get("/sessions?done=passkey-added").body;
    assert!(page.contains("The passkey is added."));
    // The browser of the tests says nothing of itself, and the authenticator neither.
    assert!(page.contains("id=\"passkey-1\""), "{page}");
    assert!(page.contains("On several devices"));

    let renamed = browser.send(
        "/passkeys/rename",
        "rename-1",
        &[("number", "1"), ("name", "  Work <phone> ")],
    );
    assert_eq!(renamed.header("location"), "/sessions?done=passkey-renamed");
    let page = browser.get("/sessions").body;
    assert!(page.contains("Work &lt;phone&gt;"), "{page}");
    let nameless = browser.send(
        "/passkeys/rename",
        "rename-1",
        &[("number", "1"), ("name", " ")],
    );
    assert_eq!(nameless.status, 422);
    assert!(nameless.body.contains("give the passkey a name"));

    forget(&world, &client);
    let page = browser.get("/passkeys/remove?number=1").body;
    assert!(page.contains("Work &lt;phone&gt;"));
    assert!(page.contains("id=\"remove-passkey-passkey\""), "{page}");
    let refused = browser.send("/passkeys/remove", "remove-passkey", &[("number", "1")]);
    assert_eq!(refused.status, 422);
    let by_itself = [("number", "1"), ("passkey", &*signed(1, &user))];
    let removed = browser.send("/passkeys/remove", "remove-passkey", &by_itself);
    assert_eq!(removed.header("location"), "/sessions?done=passkey-removed");
    assert!(
        browser
            .get("/sessions")
            .body
            .contains("You have no passkey yet.")
    );
    // Nothing is left to ask about.
    let gone = browser.get("/passkeys/remove?number=1");
    assert_eq!(gone.header("location"), "/sessions");
}

#[test]
fn a_passkey_signs_in_without_a_number() {
    let world = World::start();
    let (mut member, client) = world.member(PASSWORD);
    let user = user(&world, &client);
    add(&mut member, &user);
    let mut browser = world.browser();
    let page = browser.get("/sign-in?next=/card").body;
    assert!(page.contains("data-passkey=\"sign-in\""), "{page}");
    assert!(page.contains("autocomplete=\"username webauthn\""));
    let challenge = browser.get("/passkeys/challenge?for=sign-in");
    assert_eq!(challenge.status, 200);
    // Nobody is known: the browser is given no list.
    assert!(
        challenge.body.contains("\"passkeys\":[]"),
        "{}",
        challenge.body
    );
    for wrong in [signed(2, &user), signed(1, "user-1"), "no answer".into()] {
        let refused = browser.send(
            "/sign-in",
            "sign-in",
            &[("next", "/card"), ("passkey", &wrong)],
        );
        assert_ne!(refused.status, 303, "{wrong}");
    }
    let fields = [("next", "/card"), ("passkey", &*signed(1, &user))];
    let opened = browser.send("/sign-in", "sign-in", &fields);
    assert_eq!((opened.status, opened.header("location")), (303, "/card"));
    assert_eq!(browser.get("/card").status, 200);
}

#[test]
fn a_passkey_takes_the_place_of_the_password() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let user = user(&world, &client);
    browser.get("/card");
    browser.send("/card/issue", "issue-card", &[]);
    forget(&world, &client);
    let button = "id=\"reveal-passkey\"";
    assert!(
        !browser.get("/card").body.contains(button),
        "without a passkey"
    );
    add(&mut browser, &user);
    forget(&world, &client);
    assert!(browser.get("/card").body.contains(button));
    let challenge = browser.get("/passkeys/challenge").body;
    assert!(challenge.contains("\"passkeys\":[\"id-1\"]"), "{challenge}");
    for (refusal, words) in [
        (None, "does not open this wallet"),
        (
            Some("the passkey's challenge is over, used or another's"),
            "took too long",
        ),
        (
            Some("the passkey's counter does not rise: there is a copy of it"),
            "there may be a copy of it",
        ),
    ] {
        world.switch.change(|wallets| {
            wallets.passkey_refusal = refusal;
            0
        });
        let id = if refusal.is_some() { 1 } else { 9 };
        browser.get("/card");
        let passkey = signed(id, &user);
        let refused = browser.send(
            "/card/reveal",
            "reveal",
            &[("number", ""), ("passkey", &passkey)],
        );
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains(words), "{}", refused.body);
    }
    world.switch.change(|wallets| {
        wallets.passkey_refusal = None;
        0
    });
    browser.get("/card");
    let passkey = signed(1, &user);
    let fields = [("number", ""), ("password", ""), ("passkey", &*passkey)];
    let shown = browser.send("/card/reveal", "reveal", &fields);
    assert_eq!(shown.status, 303, "{}", shown.body);
    // It counts for a while, as a password does.
    assert!(
        !browser
            .get("/limits/set?day=5")
            .body
            .contains("limits-password")
    );
    // These ask each time.
    assert!(
        browser
            .get("/sessions")
            .body
            .contains("id=\"recovery-passkey\"")
    );
    // In the place of the current password.
    let fields = [
        ("passkey", &*passkey),
        ("password", ""),
        ("new", "a much better horse 5"),
        ("again", "a much better horse 5"),
    ];
    let changed = browser.send("/sessions/password", "password", &fields);
    assert_eq!(
        changed.header("location"),
        "/sessions?done=password",
        "{}",
        changed.body
    );
}

#[test]
fn after_a_recovery_the_passkeys_are_shown_to_be_checked() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let check = "Do you know every one of them?";
    assert!(!browser.get("/sessions?done=recovered").body.contains(check));
    let user = user(&world, &client);
    add(&mut browser, &user);
    assert!(browser.get("/sessions?done=recovered").body.contains(check));
    assert!(!browser.get("/sessions").body.contains(check));
}

#[test]
fn where_passkeys_are_not_configured_nothing_says_so() {
    let world = World::start();
    let (mut browser, _) = world.member(PASSWORD);
    world.switch.change(|wallets| {
        wallets.no_passkeys = true;
        0
    });
    let page = browser.get("/sessions").body;
    assert!(!page.contains("Passkey") && !page.contains("data-passkey"));
    assert_eq!(browser.get("/passkeys/challenge?for=sign-in").status, 422);
}

#[test]
fn challenges_are_for_sessions_and_browsers_may_ask_for_passkeys() {
    let world = World::start();
    let mut browser = world.browser();
    let nobody = browser.get("/passkeys/challenge");
    assert_eq!(nobody.status, 403);
    assert!(nobody.body.contains("\"ended\":true"), "{}", nobody.body);
    let page = browser.get("/sign-in");
    let allowed = page.header("permissions-policy").to_owned();
    for feature in [
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
    ] {
        assert!(allowed.contains(feature), "{allowed}");
    }
}
