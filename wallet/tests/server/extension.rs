//! The interface of the browser extension.

use crate::fake::World;

const PASSWORD: &str = "correct horse";

#[test]
fn the_extension_draws_numbers() {
    let world = World::start();
    let (_, client) = world.member(PASSWORD);
    let mut extension = world.browser();
    let origin = "chrome-extension://abcdefghijklmnop";
    let mut ask = |path: &str, origin: &str, bearer: &str, body: &str| {
        let bearer = format!("Bearer {bearer}");
        let headers = [
            ("Content-Type", "application/json"),
            ("Origin", origin),
            ("Authorization", bearer.as_str()),
        ];
        let answer = extension.request("POST", path, &headers, body);
        let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, json)
    };
    let credentials = format!(r#"{{"client":"{client}","password":"{PASSWORD}"}}"#);
    let (status, _) = ask(
        "/extension/v1/session",
        "http://127.0.0.1:8081",
        "",
        &credentials,
    );
    assert_eq!(status, 403);
    let wrong = credentials.replace(PASSWORD, "not the password");
    let (status, body) = ask("/extension/v1/session", origin, "", &wrong);
    assert_eq!((status, body["error"].as_str()), (401, Some("credentials")));
    let (status, opened) = ask("/extension/v1/session", origin, "", &credentials);
    assert_eq!(
        (status, opened["name"].as_str()),
        (200, Some("TESSERA PAYER"))
    );
    let session = opened["session"].as_str().unwrap();
    let (status, drawn) = ask(
        "/extension/v1/number",
        origin,
        session,
        r#"{"once":false,"limit":5000}"#,
    );
    assert_eq!(status, 200);
    assert_eq!(drawn["number"], "9900000000000042");
    assert_eq!(drawn["expiry"], "3112");
    assert_eq!(ask("/extension/v1/number", origin, session, "{}").0, 400);
    let nothing = r#"{"once":false,"limit":0}"#;
    assert_eq!(ask("/extension/v1/number", origin, session, nothing).0, 400);
    let (status, balance) = ask("/extension/v1/balance", origin, session, "{}");
    let expected = serde_json::json!({ "available": "0.00", "currency": "USD", "frozen": false });
    assert_eq!((status, balance), (200, expected));
    world.switch.change(|wallets| {
        let (number, wallet) = wallets.of(&client);
        (wallet.available, wallet.frozen) = (123_450, true);
        number
    });
    let (_, balance) = ask("/extension/v1/balance", origin, session, "{}");
    assert_eq!(balance["available"], "1234.50");
    assert_eq!(balance["frozen"], true);
    let page = "http://127.0.0.1:8081";
    assert_eq!(ask("/extension/v1/balance", page, session, "{}").0, 403);
    assert_eq!(ask("/extension/v1/sign-out", origin, session, "{}").0, 200);
    let (status, body) = ask("/extension/v1/balance", origin, session, "{}");
    assert_eq!((status, body["error"].as_str()), (401, Some("session")));
    let (status, body) = ask("/extension/v1/number", origin, session, r#"{"once":true}"#);
    assert_eq!((status, body["error"].as_str()), (401, Some("session")));
    assert!(extension.cookies.is_empty());
}
