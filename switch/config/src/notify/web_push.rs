//! `[notify.web_push]`: notifications in browsers (RFC 8030), and the push services that they may come over.

use std::path::PathBuf;

use serde::Deserialize;

use crate::bounds::{Breach, count, text_is_printable};
use crate::environment::Environment;
use crate::http_url::{HttpUrl, is_of_this_machine};

/// The push services of the common browsers.
const COMMON: [&str; 4] = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
];
/// Characters of the contact at most: it is in a header of each message.
const CONTACT_CHARACTERS_MAX: usize = 200;

/// Notifications in browsers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebPushSettings {
    /// Whom a push service reaches if something is wrong with our messages: `mailto:` or `https:`.
    pub contact: String,
    /// The private key that browsers know us by, PEM; in the folder of the data if not stated.
    pub key_file: Option<PathBuf>,
    /// The push services that browsers may name.
    pub services: Vec<PushService>,
}

/// Servers that a browser may name as its push service: `fcm.googleapis.com`, `*.push.apple.com`, `127.0.0.1:8090`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct PushService(String);

impl Default for WebPushSettings {
    fn default() -> Self {
        Self {
            contact: String::new(),
            key_file: None,
            services: COMMON.map(PushService::named).into(),
        }
    }
}

impl WebPushSettings {
    /// The address of a browser at its push service, as the browser has named it; `None` where it is none of those that are
    /// configured. HTTP is taken for a service of this machine only, which a development configuration may state.
    pub fn address(&self, text: &str) -> Option<HttpUrl> {
        let url = HttpUrl::read(text, true).ok()?;
        let is_listed = self.services.iter().any(|service| service.takes(&url));
        is_listed.then_some(url)
    }
}

impl PushService {
    fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    fn takes(&self, url: &HttpUrl) -> bool {
        let (host, port) = self.parts();
        let usual = if url.is_https() { 443 } else { 80 };
        if url.port() != port.unwrap_or(usual) || !url.is_https() && !is_of_this_machine(host) {
            return false;
        }
        let asked = url.host().to_ascii_lowercase();
        match host.strip_prefix('*') {
            Some(end) => asked.len() > end.len() && asked.ends_with(end),
            None => asked == host,
        }
    }

    fn parts(&self) -> (&str, Option<u16>) {
        match self.0.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().unwrap_or(0))),
            None => (&self.0, None),
        }
    }

    /// What is wrong with it.
    fn flaw(&self, environment: Environment) -> Option<&'static str> {
        let (host, port) = self.parts();
        if port == Some(0) {
            return Some("what stands behind the colon is no port");
        }
        if is_of_this_machine(host) {
            let development = environment == Environment::Development;
            return (!development).then_some("this machine only in a development configuration");
        }
        let labels: Vec<&str> = host.strip_prefix("*.").unwrap_or(host).split('.').collect();
        let is_label = |label: &&str| {
            let inside = label.bytes().all(|character| {
                character.is_ascii_lowercase() || character.is_ascii_digit() || character == b'-'
            });
            inside && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
        };
        let is_address = labels
            .last()
            .is_some_and(|label| label.bytes().all(|digit| digit.is_ascii_digit()));
        let is_name = labels.len() >= 2 && labels.iter().all(is_label) && !is_address;
        (!is_name).then_some(
            "a name in lower case as in \"fcm.googleapis.com\", or \"*.push.apple.com\" for all below one",
        )
    }
}

/// What types alone cannot refuse.
pub(super) fn check(settings: &WebPushSettings, environment: Environment) -> Result<(), Breach> {
    let contact = &settings.contact;
    let is_one = contact
        .strip_prefix("mailto:")
        .is_some_and(|address| address.contains('@'))
        || HttpUrl::read(contact, false).is_ok();
    if !is_one || !text_is_printable(contact, CONTACT_CHARACTERS_MAX) || contact.contains('"') {
        let why = "whom a push service can reach, as in \"mailto:operations@mail.example\" or \"https://wallet.example\"";
        return Err(Breach::new("notify.web_push.contact", why));
    }
    count("notify.web_push.services", settings.services.len(), 1..=100)?;
    for service in &settings.services {
        if let Some(flaw) = service.flaw(environment) {
            let why = format!("{:?}: {flaw}", service.0);
            return Err(Breach::new("notify.web_push.services", why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(services: &[&str]) -> WebPushSettings {
        WebPushSettings {
            contact: "mailto:operations@mail.example".into(),
            services: services
                .iter()
                .map(|name| PushService::named(name))
                .collect(),
            ..WebPushSettings::default()
        }
    }

    #[test]
    fn a_browser_can_name_the_common_push_services_and_no_other_server() {
        let settings = WebPushSettings::default();
        for address in [
            "https://fcm.googleapis.com/fcm/send/dK7a:APA91b",
            "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
            "https://web.push.apple.com/QLxyz",
            "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA",
            "https://FCM.googleapis.com:443/x",
        ] {
            assert!(settings.address(address).is_some(), "{address}");
        }
        for address in [
            "http://fcm.googleapis.com/fcm/send/x",
            "https://fcm.googleapis.com:8443/x",
            "https://fcm.googleapis.com.example/x",
            "https://fcm.googleapis.com@example.com/x",
            "https://example.com/fcm.googleapis.com",
            "https://evilpush.apple.com/x",
            "https://push.apple.com/x",
            "https://.push.apple.com/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://10.0.0.1/x",
            "http://169.254.169.254/latest",
            "http://localhost:9583/metrics",
            "file:///etc/passwd",
            "",
        ] {
            assert!(settings.address(address).is_none(), "{address}");
        }
        let local = with(&["127.0.0.1:8090"]);
        assert!(local.address("http://127.0.0.1:8090/push/1").is_some());
        for address in [
            "http://127.0.0.1:9583/metrics",
            "http://localhost:8090/",
            "http://127.0.0.1/",
        ] {
            assert!(local.address(address).is_none(), "{address}");
        }
    }

    #[test]
    fn services_of_this_machine_are_for_development() {
        let (development, production) = (Environment::Development, Environment::Production);
        assert!(check(&with(&["127.0.0.1:8090", "localhost:8090"]), development).is_ok());
        assert!(check(&with(&["127.0.0.1:8090"]), production).is_err());
        assert!(
            check(
                &WebPushSettings {
                    contact: "https://wallet.example".into(),
                    ..with(&["a.example"])
                },
                production
            )
            .is_ok()
        );
        for wrong in [
            "",
            "*",
            "*.com",
            "10.0.0.1",
            "https://a.example",
            "a.example:x",
            "A.example",
            "a b.example",
            "a..example",
        ] {
            assert!(check(&with(&[wrong]), development).is_err(), "{wrong}");
        }
        assert!(check(&with(&[]), development).is_err());
        for wrong in [
            "",
            "operations@mail.example",
            "mailto:",
            "http://wallet.example",
            "mailto:a@b\"c",
        ] {
            let settings = WebPushSettings {
                contact: wrong.into(),
                ..with(&["a.example"])
            };
            assert!(check(&settings, development).is_err(), "{wrong}");
        }
    }
}
