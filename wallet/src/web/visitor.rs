//! The browser behind a request: a visitor, or a member with a session.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use tessera_protocol::ClientNumber;
use zeroize::Zeroizing;

use super::cookies::Kept;
use super::{App, Trouble, cookies};
use crate::caller::Caller;
use crate::drawn::client_of;
use crate::session::{Session, token};
use tessera_texts::{Locale, sessions};

/// A browser, with or without a session.
pub struct Visitor {
    /// The language of texts, amounts and dates.
    pub locale: Locale,
    /// The session that their browser holds; not known to be good.
    pub session: Option<Session>,
    /// From where they come, as far as that is known.
    pub address: Option<Caller>,
    /// What their browser calls itself.
    pub agent: String,
    /// The secret of forms before a session, and whether the browser has yet to be given it.
    pub form_secret: String,
    /// Whether [`Visitor::form_secret`] is new.
    pub form_secret_is_new: bool,
}

impl Visitor {
    fn of(request: &HttpRequest) -> Self {
        let text = |name| {
            let value = request.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or("")
        };
        let kept = cookies::secret(request, cookies::FORM);
        Self {
            locale: locale(request),
            session: request
                .cookie(cookies::SESSION)
                .and_then(|cookie| Session::from_text(cookie.value())),
            address: caller(request),
            agent: text(header::USER_AGENT).to_owned(),
            form_secret_is_new: kept.is_none(),
            form_secret: kept.unwrap_or_else(cookies::draw_secret),
        }
    }

    /// What a form before a session must carry.
    pub fn entry_token(&self) -> String {
        token("entry", &self.form_secret, "")
    }

    /// What the payer will know this device by: `Firefox on Windows`.
    pub fn device(&self) -> String {
        let find = |table: &[(&str, &'static str)]| {
            let found = table.iter().find(|(sign, _)| self.agent.contains(sign));
            found.map(|(_, name)| *name)
        };
        let browser = find(BROWSERS);
        let browser = browser.map_or_else(|| self.locale.say(sessions::A_BROWSER), Cow::Borrowed);
        match find(SYSTEMS) {
            Some(system) => {
                let device = sessions::device(&*browser, system);
                self.locale.say(device).into_owned()
            }
            None => browser.into_owned(),
        }
    }
}

/// Names in the user agent, the more specific first.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

impl FromRequest for Visitor {
    type Error = Trouble;
    type Future = Ready<Result<Self, Trouble>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// A browser with a session. Only the switch knows whether the session is still valid.
pub struct Member {
    /// The handle of the session.
    pub session: Session,
    /// The same browser without its session.
    pub visitor: Visitor,
    /// The secrets that it keeps: of the number, the password, and the recovery code.
    kept: [Option<Zeroizing<String>>; 3],
}

impl Member {
    /// What their forms must carry.
    pub fn token(&self) -> String {
        self.session.form_token()
    }

    /// The secret that this session keeps, if it does.
    pub fn kept(&self, kept: Kept) -> Option<&str> {
        let [number, password, recovery] = &self.kept;
        let secret = match kept {
            Kept::Number => number,
            Kept::Password => password,
            Kept::Recovery => recovery,
        };
        secret.as_ref().map(|secret| secret.as_str())
    }

    /// The identification number, in the session that opened the wallet.
    pub fn client(&self) -> Option<ClientNumber> {
        self.kept(Kept::Number).map(client_of)
    }

    /// How they read and write.
    pub fn locale(&self) -> &Locale {
        &self.visitor.locale
    }
}

impl FromRequest for Member {
    type Error = Trouble;
    type Future = Ready<Result<Self, Trouble>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = Visitor::of(request);
        ready(match visitor.session.clone() {
            Some(session) => {
                let kept = [Kept::Number, Kept::Password, Kept::Recovery].map(|kept| {
                    let secret = cookies::kept(request, kept, &session);
                    secret.map(Zeroizing::new)
                });
                Ok(Self {
                    session,
                    visitor,
                    kept,
                })
            }
            None if request.method() == Method::GET => {
                Err(Trouble::SignIn(request.path().to_owned()))
            }
            None => Err(Trouble::Ended),
        })
    }
}

/// The language of a request: what was chosen in this browser, or what the browser asks for.
pub fn locale(request: &HttpRequest) -> Locale {
    let asked = asked_language(request);
    match cookies::language(request) {
        Some(language) => Locale::chosen(language, asked),
        None => Locale::of(asked),
    }
}

/// What the browser asks for.
pub fn asked_language(request: &HttpRequest) -> &str {
    let asked = request.headers().get(header::ACCEPT_LANGUAGE);
    asked.and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// Whom the peer asks for: itself, or where it is a proxy that we trust, whom it names.
fn caller(request: &HttpRequest) -> Option<Caller> {
    let peer = request.peer_addr()?.ip();
    let Some(app) = request.app_data::<Data<App>>() else {
        return Some(Caller::of(peer));
    };
    let header = app.settings.forwarded_header;
    let lines = request.headers().get_all(header.name());
    // What a proxy has written counts, readable or not.
    let lines: Vec<_> = lines
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    let trusted = &app.settings.trusted_proxies;
    Some(Caller::behind(peer, header, &lines.join(","), trusted))
}
