//! Where a party is notified by HTTP of what has become of its orders and requests.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::{Zeroize as _, Zeroizing};

use crate::http_url::HttpUrl;

/// A party's webhook.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where events are sent.
    pub url: HttpUrl,
    /// What they are signed with: one secret or, while it is changed, the new one and the old one.
    pub secrets: Vec<WebhookSecret>,
}

/// What events are signed with: 24 to 64 bytes. It is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// Stands in front of a secret, after the Standard Webhooks scheme.
const PREFIX: &str = "whsec_";
/// A secret that is being changed and the one before.
const SECRETS_MAX: usize = 2;

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
