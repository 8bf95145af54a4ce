//! The cookies. All have the prefix `__Host-`: sent to this host only, over HTTPS or loopback, for all paths.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};

use tessera_texts::Language;

use crate::session::{Session, same, token};

/// Holds the handle of the session and nothing else.
pub const SESSION: &str = "__Host-tessera";
/// Holds the secret that forms before a session are known by.
pub const FORM: &str = "__Host-tessera-form";
/// Holds the secret that seals what the pay window was asked. A mall's page sends the browser here with a POST, so it must
/// come along from other sites; it opens nothing.
pub const PAY: &str = "__Host-tessera-pay";

/// Holds the code of the language that was chosen, where the browser's own is not to count.
const LANGUAGE: &str = "__Host-tessera-language";
const LANGUAGE_KEPT: Duration = Duration::days(400);

/// Holds the number of a funding source between its form and its review, encrypted for the session. How long it counts is in it.
const SOURCE: &str = "__Host-tessera-source";

const SECRET_DIGITS: usize = 32;
/// A password manager, or a hand with a pen, has it by then.
const PASSWORD_KEPT: Duration = Duration::minutes(15);

/// What the session that opened a wallet can show again. The cookie holds the secret that it follows from, and is of no use in
/// another session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The identification number, as long as the session.
    Number,
    /// The password that was created, for a few minutes.
    Password,
    /// The recovery code, for a few minutes.
    Recovery,
}

impl Kept {
    fn cookie(self) -> &'static str {
        match self {
            Self::Number => "__Host-tessera-number",
            Self::Password => "__Host-tessera-password",
            Self::Recovery => "__Host-tessera-recovery",
        }
    }

    fn tag(self, session: &Session, secret: &str) -> String {
        token(self.cookie(), session.expose(), secret)
    }
}

/// The cookie with the handle of a session.
pub fn session(session: &Session) -> Cookie<'static> {
    make(SESSION, session.expose().to_owned(), SameSite::Lax)
}

/// The cookie with the secret of forms before a session.
pub fn form(secret: &str) -> Cookie<'static> {
    make(FORM, secret.to_owned(), SameSite::Lax)
}

/// The cookie with the secret of the pay window.
pub fn pay(secret: &str) -> Cookie<'static> {
    make(PAY, secret.to_owned(), SameSite::None)
}

/// The cookie with the secret of a registration.
pub fn keep(kept: Kept, session: &Session, secret: &str) -> Cookie<'static> {
    let value = format!("{secret}{}", kept.tag(session, secret));
    let mut cookie = make(kept.cookie(), value, SameSite::Strict);
    if kept != Kept::Number {
        cookie.set_max_age(PASSWORD_KEPT);
    }
    cookie
}

/// The secret that this session keeps, if it does.
pub fn kept(request: &HttpRequest, kept: Kept, session: &Session) -> Option<String> {
    let cookie = request.cookie(kept.cookie())?;
    let (secret, tag) = cookie.value().split_at_checked(SECRET_DIGITS)?;
    same(tag, &kept.tag(session, secret)).then(|| secret.to_owned())
}

/// Deletes such a cookie.
pub fn forget(kept: Kept) -> Cookie<'static> {
    let mut cookie = make(kept.cookie(), String::new(), SameSite::Strict);
    cookie.make_removal();
    cookie
}

/// The cookie with a funding source that was typed, encrypted.
pub fn source(encrypted: String) -> Cookie<'static> {
    make(SOURCE, encrypted, SameSite::Strict)
}

/// What it holds.
pub fn typed_source(request: &HttpRequest) -> Option<String> {
    let cookie = request.cookie(SOURCE)?;
    Some(cookie.value().to_owned())
}

/// Deletes it.
pub fn forget_source() -> Cookie<'static> {
    let mut cookie = make(SOURCE, String::new(), SameSite::Strict);
    cookie.make_removal();
    cookie
}

/// The language that was chosen in this browser, if it is offered.
pub fn language(request: &HttpRequest) -> Option<Language> {
    let cookie = request.cookie(LANGUAGE)?;
    Language::from_code(cookie.value())
}

/// The cookie with a language.
pub fn keep_language(language: Language) -> Cookie<'static> {
    let mut cookie = make(LANGUAGE, language.code().to_owned(), SameSite::Lax);
    cookie.set_max_age(LANGUAGE_KEPT);
    cookie
}

/// Deletes it: the browser's own counts again.
pub fn forget_language() -> Cookie<'static> {
    let mut cookie = make(LANGUAGE, String::new(), SameSite::Lax);
    cookie.make_removal();
    cookie
}

/// Deletes the session's cookie.
pub fn no_session() -> Cookie<'static> {
    let mut cookie = make(SESSION, String::new(), SameSite::Lax);
    cookie.make_removal();
    cookie
}

/// The secret in a cookie of ours; `None` for anything that we did not write.
pub fn secret(request: &HttpRequest, name: &str) -> Option<String> {
    let cookie = request.cookie(name)?;
    let value = cookie.value();
    let ours = value.len() == SECRET_DIGITS && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    ours.then(|| value.to_owned())
}

/// A new random secret, in hexadecimal digits.
pub fn draw_secret() -> String {
    crate::session::random_hex::<{ SECRET_DIGITS / 2 }>()
}

fn make(name: &'static str, value: String, same_site: SameSite) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(same_site)
        .finish()
}
