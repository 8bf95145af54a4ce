//! A wallet is opened: its number is not lost, and it is opened once.

use crate::fake::{Browser, World};
use tessera_protocol::leased::Operation;

const PASSWORD: &str = "correct horse";

#[test]
fn a_wallet_is_opened_once() {
    let world = World::start();
    let mut browser = world.browser();
    let form = browser.get("/register");
    let again = [("password", PASSWORD), ("again", PASSWORD)];
    let token = browser.token.clone();
    assert_eq!(browser.send("/register", "register", &again).status, 303);
    // Sent again, the same form opens no second wallet: its secret is gone.
    browser.token.clone_from(&token);
    assert_eq!(browser.send("/register", "register", &again).status, 403);
    assert_eq!(world.switch.count(Operation::Register), 1);
    let welcome = browser.get("/welcome");
    let written = welcome.text_of("client-number");
    let client = written.replace(' ', "");
    assert_eq!(client.len(), 15);
    // A password manager keeps it with the password.
    assert!(
        form.body
            .contains(&format!("value=\"{written}\" autocomplete=\"username\""))
    );
    let home = browser.get("/home");
    assert_eq!(home.status, 200, "{}", home.body);
    assert_eq!(home.text_of("available"), "$0.00");
    for path in [
        "/home",
        "/card",
        "/money",
        "/limits",
        "/notifications",
        "/transactions",
        "/help",
        "/program",
    ] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            ![&client, &written]
                .iter()
                .any(|number| page.body.contains(*number)),
            "{path}"
        );
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}

/// It is shown with the number, signs in once, and a new one is shown once.
#[test]
fn a_recovery_code_is_given_with_the_number_and_sets_another_password_once() {
    let world = World::start();
    let mut browser = world.browser();
    browser.get("/register");
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    browser.send("/register", "register", &fields);
    let welcome = browser.get("/welcome");
    let client = welcome.text_of("client-number").replace(' ', "");
    let code = welcome.text_of("recovery-code");
    assert_eq!(browser.get("/welcome").text_of("recovery-code"), code);
    assert!(welcome.body.contains("<svg") && welcome.body.contains("role=\"img\""));
    browser.send("/welcome", "welcome", &[]);
    assert!(!browser.get("/welcome").body.contains(&code));
    assert!(
        browser
            .get("/sessions")
            .body
            .contains("There is a recovery code")
    );

    let mut other = world.browser();
    assert!(other.get("/sign-in").body.contains("href=\"/recover\""));
    other.get("/recover");
    let mut recovers = |client: &str, code: &str, again: &str| {
        let fields = [
            ("client", client),
            ("code", code),
            ("new", "quite another horse"),
            ("again", again),
        ];
        other.send("/recover", "recover", &fields)
    };
    let new = "quite another horse";
    for (client, code, again, words) in [
        ("123", code.as_str(), new, "mistyped"),
        (&client, "k7mqe-vh2sd-p+x4a-nc9rt-6zu8w", new, "is wrong"),
        (&client, &code, "something else", "not the same"),
    ] {
        let refused = recovers(client, code, again);
        assert!(refused.body.contains(words), "{words}: {}", refused.body);
    }
    let typed = code.to_uppercase().replace('-', " ");
    let recovered = recovers(&client, &typed, new);
    assert_eq!(recovered.header("location"), "/sessions?done=recovered");
    assert!(
        recovers(&client, &code, new)
            .body
            .contains("or the code was used")
    );
    assert_eq!(browser.get("/home").status, 303, "its session has ended");

    let page = other.get("/sessions").body;
    assert!(page.contains("There is no recovery code"), "{page}");
    let made = other.send("/sessions/recovery", "recovery", &[("password", new)]);
    assert_eq!(made.header("location"), "/recovery-code", "{}", made.body);
    let page = other.get("/recovery-code");
    assert_ne!(page.text_of("recovery-code"), code);
    other.send("/recovery-code", "kept", &[]);
    assert_eq!(other.get("/recovery-code").status, 303);
}

/// The pages that show it can be loaded again, in the session that opened the wallet and in no other one.
#[test]
fn the_number_is_there_as_long_as_the_session() {
    let world = World::start();
    let (mut browser, client) = world.member(PASSWORD);
    let shows = |browser: &mut Browser, path: &str| {
        let page = browser.get(path).body.replace(' ', "");
        page.contains(&client)
    };
    for path in ["/welcome", "/welcome", "/sessions", "/sessions"] {
        assert!(shows(&mut browser, path), "{path}");
    }
    let kept = browser.cookies["__Host-tessera-number"].clone();
    assert!(!kept.contains(&client));
    let mut other = world.browser();
    other.get("/sign-in");
    let fields = [("client", client.as_str()), ("password", PASSWORD)];
    assert_eq!(other.send("/sign-in", "sign-in", &fields).status, 303);
    other.cookies.insert("__Host-tessera-number".into(), kept);
    assert!(!shows(&mut other, "/sessions"));
    assert_eq!(other.get("/welcome").header("location"), "/home");
    browser.get("/home");
    browser.send("/sign-out", "sign-out", &[]);
    assert!(!browser.cookies.contains_key("__Host-tessera-number"));
}

/// The switch opened the wallet, and the answer to the browser was lost: the same form leads into the same wallet.
#[test]
fn a_registration_whose_answer_was_lost_is_sent_again() {
    let world = World::start();
    let mut browser = world.browser();
    browser.get("/register");
    let before = (browser.cookies.clone(), browser.token.clone());
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(browser.send("/register", "register", &fields).status, 303);
    let client = browser.get("/welcome").text_of("client-number");
    (browser.cookies, browser.token) = before.clone();
    let again = browser.send("/register", "register", &fields);
    assert_eq!(again.header("location"), "/welcome", "{}", again.body);
    assert_eq!(browser.get("/welcome").text_of("client-number"), client);
    // With another password it is somebody else's wallet: another number is offered.
    (browser.cookies, browser.token) = before;
    let other = [("password", "another horse"), ("again", "another horse")];
    let page = browser.send("/register", "register", &other);
    assert!(page.body.contains("Here is another one"), "{}", page.body);
    assert!(!page.body.contains(&client));
    assert_eq!(browser.send("/register", "register", &other).status, 303);
    assert_ne!(browser.get("/welcome").text_of("client-number"), client);
}

#[test]
fn a_created_password_is_shown_and_opens_the_wallet() {
    let world = World::start();
    let mut browser = world.browser();
    browser.get("/register");
    browser.send("/register", "register-drawn", &[("drawn", "1")]);
    browser.get("/welcome");
    let shown = browser.get("/welcome");
    let (client, password) = (
        shown.text_of("client-number"),
        shown.text_of("drawn-password"),
    );
    let mut other = world.browser();
    other.get("/sign-in");
    let answer = other.send(
        "/sign-in",
        "sign-in",
        &[("client", &client), ("password", &password)],
    );
    assert_eq!((answer.status, answer.header("location")), (303, "/home"));
    // It is gone once the payer has gone on.
    let next = browser.send("/welcome", "welcome", &[]);
    assert_eq!((next.status, next.header("location")), (303, "/home"));
    let shown = browser.get("/welcome");
    assert!(!shown.body.contains("drawn-password") && !shown.body.contains(&password));
}
