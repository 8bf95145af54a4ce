//! Who comes in: anybody, or somebody with a session.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr};

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::{App, Trouble, cookies};
use crate::locale::Locale;
use crate::session::{Session, token};
use crate::texts::sessions;

/// Anybody.
pub struct Visitor {
    /// How they write amounts and dates.
    pub locale: Locale,
    /// The session that their browser holds; not known to be good.
    pub session: Option<Session>,
    /// From where they come, as far as that is known: of an IPv6 address the network.
    pub address: Option<IpAddr>,
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
            locale: Locale::of(text(header::ACCEPT_LANGUAGE)),
            session: request
                .cookie(cookies::SESSION)
                .and_then(|cookie| Session::from_text(cookie.value())),
            address: address(request),
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
        sessions::device(find(BROWSERS), find(SYSTEMS))
    }
}

/// What a browser calls itself, the more telling first.
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

/// Somebody whose browser holds a session. The switch has the last word on whether it is good.
pub struct Member {
    /// The session.
    pub session: Session,
    /// Whatever else is known.
    pub visitor: Visitor,
}

impl Member {
    /// What their forms must carry.
    pub fn token(&self) -> String {
        self.session.form_token()
    }

    /// How they write amounts and dates.
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
            Some(session) => Ok(Self { session, visitor }),
            None if request.method() == Method::GET => {
                Err(Trouble::SignIn(request.path().to_owned()))
            }
            None => Err(Trouble::Ended),
        })
    }
}

/// The browser's address: the peer's, or where that is a proxy that we trust, what the proxy says.
fn address(request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip();
    let trusted = match request.app_data::<Data<App>>() {
        Some(app) => &app.settings.trusted_proxies[..],
        None => &[],
    };
    let told = request.headers().get_all("x-forwarded-for");
    let told: Vec<&str> = told.filter_map(|value| value.to_str().ok()).collect();
    Some(network(behind_proxies(peer, &told.join(","), trusted)))
}

/// What one guesser has at least of a kind: an IPv4 address, or the 64 bits of an IPv6 network in which they choose the rest.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

/// Each proxy adds whom it heard at the end, so that the first from the end who is no proxy of ours is the browser. What stands before
/// that the browser may have written itself. A socket that listens for IPv6 tells IPv4 addresses as `::ffff:10.0.0.1`.
fn behind_proxies(peer: IpAddr, forwarded: &str, trusted: &[IpAddr]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    for entry in forwarded.rsplit(',') {
        let Ok(address) = entry.trim().parse::<IpAddr>() else {
            return nearest;
        };
        if !trusted.iter().any(|proxy| proxy.to_canonical() == nearest) {
            return nearest;
        }
        nearest = address.to_canonical();
    }
    nearest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn believes_only_proxies_that_are_trusted() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let (proxy, inner, browser) = (ip("10.0.0.1"), ip("10.0.0.2"), ip("203.0.113.7"));
        let seen = |peer, told| behind_proxies(peer, told, &[proxy, inner]);
        assert_eq!(seen(browser, "1.2.3.4"), browser);
        assert_eq!(seen(proxy, "1.2.3.4, 203.0.113.7"), browser);
        assert_eq!(seen(proxy, "1.2.3.4, 203.0.113.7, 10.0.0.2"), browser);
        assert_eq!(seen(proxy, ""), proxy);
        assert_eq!(seen(proxy, "rubbish"), proxy);
        let mapped = ip("::ffff:10.0.0.1");
        assert_eq!(seen(mapped, "::ffff:203.0.113.7"), browser);
        assert_eq!(behind_proxies(proxy, "203.0.113.7", &[mapped]), browser);
    }

    #[test]
    fn who_has_a_network_has_one_address() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2::7"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
    }
}
