//! Forms changed at random, with the session and the token that they need: each is answered, and none is a fault of the server's.

use crate::fake::{MALL, World};
use crate::mutation::Mutation;

const PASSWORD: &str = "correct horse";
const CASES: usize = 1_500;

/// Where forms go, and what is typed into them. Those that end the session are left out: the next would be refused for that.
const FORMS: [(&str, &str); 19] = [
    ("/register", "password=correct+horse&again=correct+horse"),
    ("/sign-in", "client=1234567890&password=correct+horse"),
    ("/card/reveal", "password=correct+horse"),
    (
        "/card/numbers/new",
        "usage=mall&acceptor=MALL-0001&limit=10.00&password=correct+horse",
    ),
    ("/card/numbers/retire", "number=1&password=correct+horse"),
    (
        "/money/load",
        "source=1&amount=20.00&name=1&password=correct+horse",
    ),
    ("/money/sources/check", "kind=card&source=9902000000000018"),
    ("/money/sources/add", "password=correct+horse"),
    ("/money/sources/remove", "number=1&password=correct+horse"),
    (
        "/money/reload",
        "source=1&threshold=5.00&amount=20&password=correct+horse",
    ),
    (
        "/limits/set",
        "transaction=1%2C000.00&day=&month=5000&day_count=3&month_count=&password=correct+horse",
    ),
    (
        "/notifications/contact",
        "kind=email&address=alice%40example.com&password=correct+horse",
    ),
    (
        "/notifications/browsers",
        "address=https%3A%2F%2Fpush.example%2F1&keys=BAEC.AwQ&password=correct+horse",
    ),
    (
        "/notifications/browsers/remove",
        "number=1&password=correct+horse",
    ),
    ("/notifications/confirm", "kind=email&code=123456"),
    ("/notifications/preferences", "purchases=1&loads=1"),
    ("/sessions/end", "number=2"),
    (
        "/pay/open",
        "mall=MALL-0001&order=A-1&amount=1999&currency=USD&origin=http%3A%2F%2F127.0.0.1%3A8081\
        &lines=%5B%7B%22text%22%3A%22Cup%22%2C%22amount%22%3A1999%7D%5D",
    ),
    (
        "/pay",
        "mall=MALL-0001&order=A-1&amount=1999&currency=USD&return_url=http%3A%2F%2F127.0.0.1%3A8081%2Fdone",
    ),
];

#[test]
fn every_form_is_answered_whatever_stands_in_it() {
    let world = World::start();
    let (mut browser, _) = world.member(PASSWORD);
    browser.get("/home");
    let mut mutation = Mutation::of(vec![b"&number=0&amount=-1&password=%00".to_vec()]);
    let mut done = 0;
    for case in 0..CASES {
        let (path, form) = FORMS[case % FORMS.len()];
        let form = mutation.changed(form.as_bytes().to_vec());
        let form = String::from_utf8_lossy(&form);
        let body = format!("{form}&form_token={}", browser.token);
        let origin = match path {
            "/pay" => MALL,
            _ => &world.origin,
        };
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Origin", origin),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let answer = browser.request("POST", path, &headers, &body);
        assert!(
            answer.status < 500,
            "{} to {path} with {body}",
            answer.status
        );
        done += usize::from(answer.status < 400);
    }
    assert!(done > CASES / 20, "only {done} were not refused");
    assert_eq!(browser.get("/home").status, 200);
}
