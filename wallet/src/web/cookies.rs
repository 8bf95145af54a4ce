//! The cookies. All have the prefix `__Host-`: sent to this host only, over HTTPS or loopback, for all paths.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};

use crate::session::Session;

/// Holds the handle of the session and nothing else.
pub const SESSION: &str = "__Host-tessera";
/// Holds the secret that forms before a session are known by.
pub const FORM: &str = "__Host-tessera-form";
/// Holds the secret that seals what the pay window was asked. A mall's page sends the browser here with a POST, so it must
/// come along from other sites; it opens nothing.
pub const PAY: &str = "__Host-tessera-pay";

const SECRET_DIGITS: usize = 32;

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
