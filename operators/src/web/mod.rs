//! What all pages share: who asks, forms, layout, and the guard around every request.

pub mod assets;
pub mod forms;
pub mod frame;
pub mod guard;
pub mod layout;
pub mod operator;
pub mod table;
pub mod trouble;

use actix_web::HttpResponse;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::{StatusCode, header};
use maud::Markup;
use std::sync::Arc;
use tokio::sync::watch;

use crate::accounts::Accounts;
use crate::attempts::Attempts;
use crate::posted::Posted;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::switch::Switch;
use crate::watch::View;

pub use operator::Operator;
pub use trouble::Trouble;

/// Holds the handle of the session and nothing else.
pub const SESSION: &str = "__Host-tessera-console";

/// What every request may use.
pub struct App {
    /// The configuration.
    pub settings: Settings,
    /// Who may sign in.
    pub accounts: Accounts,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Wrong tokens.
    pub attempts: Attempts,
    /// The switch.
    pub switch: Switch,
    /// What the switch is doing, each second anew.
    pub view: watch::Receiver<Arc<View>>,
}

/// A page with a status.
pub fn html(status: StatusCode, page: &Markup) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(page.0.clone())
}

/// A redirect to another page (303).
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .finish()
}

/// The cookie of a session; without a handle, one that removes it.
pub fn cookie(handle: Option<&str>) -> Cookie<'static> {
    let mut cookie = Cookie::build(SESSION, handle.unwrap_or_default().to_owned())
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Strict)
        .finish();
    if handle.is_none() {
        cookie.make_removal();
    }
    cookie
}

/// The parameters in the query of an address.
pub fn query(text: &str) -> Posted {
    Posted::parse(text.as_bytes())
}
