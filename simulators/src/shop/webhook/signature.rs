//! The signature of an event, as Standard Webhooks has it: HMAC-SHA256 over id, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Stands in front of a secret.
const PREFIX: &str = "whsec_";

/// Stands in front of a signature of this kind.
const VERSION: &str = "v1,";

/// A secret, and the one before while it is changed.
const SECRETS_MAX: usize = 2;

/// An event whose time is further from the shop's clock may be one that somebody has recorded.
const SECONDS_MAX: u64 = 5 * 60;

/// What the switch signs its events with. They are never shown.
#[derive(Clone)]
pub struct Secrets(Vec<Zeroizing<Vec<u8>>>);

/// A request as it came.
pub(crate) struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`, seconds since 1970.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or several.
    pub signatures: &'a str,
    pub body: &'a [u8],
}

/// Why a request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("webhook-id, webhook-timestamp or webhook-signature is missing")]
    Unsigned,
    #[error("webhook-timestamp is more than five minutes from the time here")]
    Time,
    #[error("no signature in webhook-signature is right")]
    Signature,
}

impl Secrets {
    /// That of the development party, which is published with the shipped configuration.
    pub(crate) fn development() -> Self {
        Self(vec![Zeroizing::new(
            b"teacup-development-webhook-key".to_vec(),
        )])
    }

    /// The bytes of the newest one.
    #[cfg(test)]
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0[0]
    }

    /// One or two, with spaces between.
    fn read(text: &str) -> Option<Self> {
        let secrets = text.split_whitespace().map(|secret| {
            let bytes = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
            let bytes = Zeroizing::new(bytes);
            (24..=64).contains(&bytes.len()).then_some(bytes)
        });
        let secrets: Vec<_> = secrets.collect::<Option<_>>()?;
        (1..=SECRETS_MAX)
            .contains(&secrets.len())
            .then_some(Self(secrets))
    }

    /// Whether the switch has signed this, a moment ago. `now` is in seconds since 1970.
    pub(crate) fn verify(&self, signed: &Signed<'_>, now: u64) -> Result<(), Refused> {
        let Signed {
            id,
            timestamp,
            signatures,
            body,
        } = signed;
        if id.is_empty() || timestamp.is_empty() || signatures.is_empty() {
            return Err(Refused::Unsigned);
        }
        let at: u64 = timestamp.parse().map_err(|_| Refused::Time)?;
        if at.abs_diff(now) > SECONDS_MAX {
            return Err(Refused::Time);
        }
        let is_right = |signature: &str| {
            let bytes = signature.strip_prefix(VERSION);
            let bytes = bytes.and_then(|text| STANDARD.decode(text).ok());
            bytes.is_some_and(|bytes| {
                self.0.iter().any(|secret| {
                    let mut mac =
                        Hmac::<Sha256>::new_from_slice(secret).expect("keys of any length");
                    mac.update(format!("{id}.{timestamp}.").as_bytes());
                    mac.update(body);
                    // In constant time.
                    mac.verify_slice(&bytes).is_ok()
                })
            })
        };
        match signatures.split_whitespace().any(is_right) {
            true => Ok(()),
            false => Err(Refused::Signature),
        }
    }
}

impl<'de> Deserialize<'de> for Secrets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        Self::read(&text).ok_or_else(|| {
            D::Error::custom(
                "it is \"whsec_\" and Base64 of 24 to 64 bytes; or two such secrets with a space between",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const AT: u64 = 1_614_265_330;
    /// The example of the specification's reference libraries.
    const SIGNED: Signed<'_> = Signed {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        body: br#"{"test": 2432232314}"#,
    };

    fn secrets() -> Secrets {
        Secrets::read(SECRET).unwrap()
    }

    #[test]
    fn accepts_what_the_reference_libraries_sign() {
        assert_eq!(secrets().verify(&SIGNED, AT), Ok(()));
        let several = format!("v2,AAAA v1,AAAA {}", SIGNED.signatures);
        let several = Signed {
            signatures: &several,
            ..SIGNED
        };
        assert_eq!(secrets().verify(&several, AT), Ok(()));
        let old_one = format!("whsec_dGVhY3VwLWRldmVsb3BtZW50LXdlYmhvb2sta2V5 {SECRET}");
        let changed = Secrets::read(&old_one).unwrap();
        assert_eq!(changed.verify(&SIGNED, AT), Ok(()));
    }

    #[test]
    fn refuses_what_was_changed_or_is_old() {
        let cases = [
            (
                Signed {
                    body: br#"{"test": 2432232315}"#,
                    ..SIGNED
                },
                AT,
                Refused::Signature,
            ),
            (
                Signed {
                    id: "msg_other",
                    ..SIGNED
                },
                AT,
                Refused::Signature,
            ),
            (
                Signed {
                    timestamp: "1614265331",
                    ..SIGNED
                },
                AT,
                Refused::Signature,
            ),
            (
                Signed {
                    signatures: "v1,AAAA v1",
                    ..SIGNED
                },
                AT,
                Refused::Signature,
            ),
            (
                Signed {
                    signatures: "",
                    ..SIGNED
                },
                AT,
                Refused::Unsigned,
            ),
            (Signed { id: "", ..SIGNED }, AT, Refused::Unsigned),
            (
                Signed {
                    timestamp: "yesterday",
                    ..SIGNED
                },
                AT,
                Refused::Time,
            ),
            (SIGNED, AT + 301, Refused::Time),
            (SIGNED, AT - 301, Refused::Time),
        ];
        for (signed, now, refused) in cases {
            assert_eq!(secrets().verify(&signed, now), Err(refused));
        }
        let other = Secrets::development();
        assert_eq!(other.verify(&SIGNED, AT), Err(Refused::Signature));
    }

    #[test]
    fn reads_one_secret_or_two() {
        let two = format!("{SECRET} {SECRET}");
        assert!(Secrets::read(&two).is_some());
        let three = format!("{two} {SECRET}");
        for wrong in ["", "none", &SECRET[6..], "whsec_AAAA", "whsec_-", &*three] {
            assert!(Secrets::read(wrong).is_none(), "{wrong}");
        }
    }
}
