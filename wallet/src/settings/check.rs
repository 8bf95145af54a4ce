//! Checks the values of the configuration beyond their types: bounds, and keys that must fit together.

use std::collections::HashSet;
use std::time::Duration;

use url::Url;

use super::{Settings, SettingsError};

/// Less is no sign of anything.
const SILENCE_MIN: Duration = Duration::from_millis(100);

impl Settings {
    pub(super) fn check_values(&self) -> Result<(), SettingsError> {
        if !is_origin(&self.origin) {
            return Err(SettingsError::value("origin", ORIGIN));
        }
        if self.tls.is_some() && !self.is_https() {
            return Err(SettingsError::value(
                "origin",
                "must be https:// with [tls]",
            ));
        }
        if self.tls.is_none() && !self.behind_proxy && !self.listen.ip().is_loopback() {
            return Err(SettingsError::value(
                "listen",
                "plain HTTP is spoken on loopback only: give it [tls], or behind_proxy = true",
            ));
        }
        if self.behind_proxy && self.trusted_proxies.is_empty() {
            return Err(SettingsError::value(
                "trusted_proxies",
                "must name the proxy: all payers would share its address otherwise",
            ));
        }
        if !self.is_https() && !is_local(&self.origin) {
            return Err(SettingsError::value(
                "origin",
                "must be https://, except for localhost: browsers keep no secure cookie otherwise",
            ));
        }
        if !self.metrics.ip().is_loopback() {
            return Err(SettingsError::value(
                "metrics",
                "must be a loopback address",
            ));
        }
        let counts = [
            ("connections_max", self.connections_max, 1_000_000),
            ("live_views_max", self.live_views_max, 1_000_000),
            ("line.lines", self.line.lines, 16),
            ("line.in_flight_max", self.line.in_flight_max, 1_024),
        ];
        for (key, value, most) in counts {
            if !(1..=most).contains(&value) {
                return Err(SettingsError::value(key, format!("1 to {most}")));
            }
        }
        if self.line.silence < SILENCE_MIN {
            return Err(SettingsError::value("line.silence", "100ms or more"));
        }
        if self.line.institution > 99_999_999_999 {
            return Err(SettingsError::value("line.institution", "up to 11 digits"));
        }
        self.check_malls()
    }

    fn check_malls(&self) -> Result<(), SettingsError> {
        let mut seen = HashSet::new();
        for (place, mall) in self.malls.iter().enumerate() {
            let key = |name| format!("malls[{place}].{name}");
            if !(1..=15).contains(&mall.acceptor.len()) || !mall.acceptor.is_ascii() {
                return Err(SettingsError::value(
                    key("acceptor"),
                    "a card acceptor id of 1 to 15 ASCII characters",
                ));
            }
            if !seen.insert(&mall.acceptor) {
                return Err(SettingsError::value(key("acceptor"), "is stated twice"));
            }
            if let Some(origin) = mall.origins.iter().find(|origin| !is_origin(origin)) {
                let why = format!("{origin:?}: {ORIGIN}");
                return Err(SettingsError::value(key("origins"), why));
            }
            let plain = |origin: &&String| !origin.starts_with("https://") && !is_local(origin);
            if let Some(origin) = mall.origins.iter().find(plain) {
                let why = format!("{origin:?}: plain HTTP on this machine only");
                return Err(SettingsError::value(key("origins"), why));
            }
        }
        Ok(())
    }
}

const ORIGIN: &str =
    "an origin as browsers write it, as in \"https://shop.example\" or \"http://localhost:8080\"";

/// Whether it is what a browser sends as `Origin`. Such a text can stand in a policy header as it is.
pub fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    // Hosts of URLs may have semicolons and quotes, which end what they are put into.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-_[]/".contains(&byte);
    matches!(url.scheme(), "http" | "https")
        && url.origin().ascii_serialization() == text
        && text.bytes().all(is_plain)
}

/// Whether browsers take an origin for safe although nothing is encrypted: this machine's own.
pub fn is_local(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else {
        return false;
    };
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
