//! Who asks: the operator whose session the cookie opens. The account is looked up for each request, so that what was changed about
//! it counts at once.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use maud::Markup;
use subtle::ConstantTimeEq as _;

use super::forms::SECRET;
use super::layout::{Around, member};
use super::{App, SESSION, Trouble, html};
use crate::accounts::{Account, Role};
use crate::posted::Posted;
use crate::sessions::{Notice, Seen};
use crate::watch::View;

/// An operator who is signed in.
pub struct Operator {
    /// What every request may use.
    pub app: Data<App>,
    /// The account's name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The session.
    pub session: u64,
    /// The secret in each form of the session.
    pub form: String,
}

impl Operator {
    /// The operator of a request. `uses` is whether a person asks, not a page that keeps itself up to date.
    ///
    /// # Errors
    /// Where nobody is signed in.
    pub fn of(request: &HttpRequest, uses: bool) -> Result<Self, Trouble> {
        let app = request.app_data::<Data<App>>().ok_or(Trouble::NotFound)?;
        let to_sign_in = || Trouble::SignIn(request.uri().to_string());
        let cookie = request.cookie(SESSION).ok_or_else(to_sign_in)?;
        let seen = app.sessions.find(cookie.value(), uses);
        let seen = seen.ok_or_else(to_sign_in)?;
        let account = account(app, &seen)?;
        let Some(account) = account else {
            app.sessions.end(cookie.value());
            return Err(to_sign_in());
        };
        Ok(Self {
            app: app.clone(),
            name: account.name,
            role: account.role,
            session: seen.number,
            form: seen.form,
        })
    }

    /// Whether this operator has a role.
    pub fn is(&self, role: Role) -> bool {
        self.role >= role
    }

    /// Nothing, where this operator has a role.
    ///
    /// # Errors
    /// Where not.
    pub fn must_be(&self, role: Role) -> Result<(), Trouble> {
        match self.is(role) {
            true => Ok(()),
            false => Err(Trouble::Forbidden(role, self.role)),
        }
    }

    /// The form that this operator sent.
    ///
    /// # Errors
    /// Where it is not a form of this session.
    pub fn posted(&self, body: &[u8]) -> Result<Posted, Trouble> {
        let posted = Posted::parse(body);
        let same = posted.text(SECRET).as_bytes().ct_eq(self.form.as_bytes());
        match same.into() {
            true => Ok(posted),
            false => Err(Trouble::Form),
        }
    }

    /// What the switch is doing now.
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.app.view.borrow())
    }

    /// A page of the menu. `here` is the path of its entry.
    pub fn page(&self, title: &str, here: &str, body: &Markup) -> HttpResponse {
        let notice = self.app.sessions.notice(self.session);
        let around = Around {
            name: &self.name,
            role: self.role,
            form: &self.form,
            view: &self.view(),
            notice: notice.as_ref(),
        };
        html(StatusCode::OK, &member(&around, title, here, body))
    }

    /// The next page says this.
    pub fn notify(&self, good: bool, text: impl Into<String>) {
        let notice = Notice {
            good,
            text: text.into(),
            token: None,
        };
        self.app.sessions.notify(self.session, notice);
    }
}

fn account(app: &App, seen: &Seen) -> Result<Option<Account>, Trouble> {
    let found = app.accounts.find(&seen.account);
    let found = found.map_err(|error| {
        tracing::error!(%error, "the accounts can't be read: nobody can use the console");
        Trouble::Failed("The accounts can't be read: the console's log says why.".to_owned())
    })?;
    Ok(found.filter(|account| account.token_sha256 == seen.token_sha256))
}

impl FromRequest for Operator {
    type Error = Trouble;
    type Future = Ready<Result<Self, Trouble>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request, true))
    }
}
