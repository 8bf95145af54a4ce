//! An operator at the console, as a browser is.

use super::http::{Answer, ask, form};
use super::services::Console;

/// Of a session.
const COOKIE: &str = "__Host-tessera-console";

/// An operator's browser.
pub struct Operator<'a> {
    pub console: &'a Console,
    pub cookie: String,
}

impl<'a> Operator<'a> {
    pub fn signed_in(console: &'a Console, name: &str, token: &str) -> Self {
        let answer = sign_in(console, name, token);
        assert_eq!(answer.status, 303, "{name}: {}", answer.text);
        let cookie = answer.cookie(COOKIE).expect("a session");
        Self { console, cookie }
    }

    pub fn get(&self, path: &str) -> Answer {
        let cookie = format!("{COOKIE}={}", self.cookie);
        let headers = [("cookie", cookie.as_str())];
        ask(self.console.address, &format!("GET {path}"), &headers, "")
    }

    /// With the secret of this session, as its own pages send it.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/help");
        let secret = page
            .between("name=\"form_secret\" value=\"", "\"")
            .to_owned();
        let fields = [&[("form_secret", secret.as_str())][..], fields].concat();
        self.post_from(&self.console.origin, path, &fields)
    }

    pub fn post_from(&self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let cookie = format!("{COOKIE}={}", self.cookie);
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", origin),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        ask(
            self.console.address,
            &format!("POST {path}"),
            &headers,
            &form(fields),
        )
    }

    /// Reviews an action and confirms it: what the next page says.
    pub fn decides(&self, action: &[(&str, &str)], reason: &str) -> String {
        let reviewed = self.post("/review", &[action, &[("reason", reason)]].concat());
        assert_eq!(reviewed.status, 200, "{action:?}: {}", reviewed.text);
        let id = reviewed.between("name=\"id\" value=\"", "\"");
        let done = self.post_with_secret_of(&reviewed, "/confirm", &[("id", id)]);
        assert_eq!(done.status, 303, "{action:?}: {}", done.text);
        self.get(done.header("location")).text
    }

    fn post_with_secret_of(&self, page: &Answer, path: &str, fields: &[(&str, &str)]) -> Answer {
        let secret = page.between("name=\"form_secret\" value=\"", "\"");
        let fields = [&[("form_secret", secret)][..], fields].concat();
        self.post_from(&self.console.origin, path, &fields)
    }
}

/// The answer to a sign-in.
pub fn sign_in(console: &Console, name: &str, token: &str) -> Answer {
    let headers = [
        ("origin", console.origin.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let fields = form(&[("name", name), ("token", token)]);
    ask(console.address, "POST /sign-in", &headers, &fields)
}
