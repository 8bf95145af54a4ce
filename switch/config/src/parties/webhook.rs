//! Where a party is notified by HTTP of what has become of its orders and requests.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use zeroize::{Zeroize as _, Zeroizing};

/// A party's webhook.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where events are sent.
    pub url: WebhookUrl,
    /// What they are signed with: one secret or, while it is changed, the new one and the old one.
    pub secrets: Vec<WebhookSecret>,
}

/// An address for events. It may contain a token: it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl(Uri);

/// What events are signed with: 24 to 64 bytes. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// Stands in front of a secret, after the Standard Webhooks scheme.
const PREFIX: &str = "whsec_";
/// A secret that is being changed and the one before.
const SECRETS_MAX: usize = 2;

impl WebhookUrl {
    /// An `https` address, or an `http` one of this machine where that is allowed; or why it is none.
    pub(super) fn read(text: &str, allows_http: bool) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "it is no address")?;
        let authority = uri.authority().ok_or("it has no server")?;
        if authority.as_str().contains('@') {
            return Err("a name and password have no place in it");
        }
        let is_local = match authority.host().trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => authority.host() == "localhost",
        };
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if is_local && allows_http => Ok(Self(uri)),
            Some("http") => {
                Err("it must be https; http only to this machine, in a development configuration")
            }
            _ => Err("it must be https"),
        }
    }

    /// One of this machine, as a development configuration may state.
    ///
    /// # Panics
    /// Where it is none.
    pub fn for_tests(text: &str) -> Self {
        Self::read(text, true).expect("an address")
    }

    /// Whether TLS is used.
    pub fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Name or address of the server, without brackets.
    pub fn host(&self) -> &str {
        self.0.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        let usual = if self.is_https() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(usual)
    }

    /// Server and port as the header `host` has them.
    pub fn authority(&self) -> &str {
        self.0
            .authority()
            .map_or("", |authority| authority.as_str())
    }

    /// What is asked for there.
    pub fn path(&self) -> &str {
        self.0.path_and_query().map_or("/", |path| path.as_str())
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookUrl(..)")
    }
}

impl WebhookSecret {
    /// `whsec_` and Base64 of 24 to 64 bytes.
    pub fn read(text: &str) -> Option<Self> {
        let mut bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        if !(24..=64).contains(&bytes.len()) {
            bytes.zeroize();
            return None;
        }
        Some(Self(Zeroizing::new(bytes)))
    }

    /// One or two secrets, the newest first.
    pub(super) fn read_some(text: &str) -> Option<Vec<Self>> {
        let secrets: Option<Vec<_>> = text.split_whitespace().map(Self::read).collect();
        secrets.filter(|secrets| (1..=SECRETS_MAX).contains(&secrets.len()))
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WebhookSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_leaves_the_machine() {
        for (text, https, host, port, path) in [
            (
                "https://shop.example/hooks?x=1",
                true,
                "shop.example",
                443,
                "/hooks?x=1",
            ),
            ("https://shop.example:8443", true, "shop.example", 8443, "/"),
            (
                "http://127.0.0.1:8086/hooks",
                false,
                "127.0.0.1",
                8086,
                "/hooks",
            ),
            ("http://[::1]/hooks", false, "::1", 80, "/hooks"),
            ("http://localhost:1/", false, "localhost", 1, "/"),
        ] {
            let url = WebhookUrl::read(text, true).unwrap();
            let parts = (url.is_https(), url.host(), url.port(), url.path());
            assert_eq!(parts, (https, host, port, path), "{text}");
            assert_eq!(format!("{url:?}"), "WebhookUrl(..)");
        }
        for wrong in [
            "http://shop.example/hooks",
            "http://10.0.0.1/hooks",
            "https://name:password@shop.example/",
            "ftp://shop.example/",
            "/hooks",
            "shop.example",
            "",
        ] {
            assert!(WebhookUrl::read(wrong, true).is_err(), "{wrong}");
        }
        assert!(WebhookUrl::read("http://127.0.0.1/", false).is_err());
    }

    #[test]
    fn a_secret_has_its_form_and_is_not_printed() {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let secret = WebhookSecret::read(text).unwrap();
        assert_eq!(secret.expose().len(), 24);
        assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
        let both = WebhookSecret::read_some(&format!("{text}\n{text}\n")).unwrap();
        assert_eq!(both, [secret.clone(), secret]);
        for wrong in [
            "",
            "whsec_",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_AAAA",
            "whsec_?",
        ] {
            assert_eq!(WebhookSecret::read_some(wrong), None, "{wrong}");
        }
        assert_eq!(WebhookSecret::read_some(&[text; 3].join(" ")), None);
    }
}
