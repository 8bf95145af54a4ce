//! Where a party's keys come from, and which are refused.

use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer};
use tessera_protocol::{Institution, KeyEncryptingKey, KeyMaterial, MacKey};
use zeroize::Zeroizing;

use super::super::bounds::Breach;
use super::super::environment::Environment;
use super::webhook::WebhookSecret;
use tessera_common::key_file;

/// The parties of the published development configuration: code and MAC key, if it has one.
const DEVELOPMENT_PARTIES: [(u64, Option<&str>); 4] = [
    (10_000_000_001, Some("000102030405060708090a0b0c0d0e0f")),
    (10_000_000_002, Some("101112131415161718191a1b1c1d1e1f")),
    (20_000_000_001, Some("202122232425262728292a2b2c2d2e2f")),
    (20_000_000_002, None),
];

/// Stated instead of a key: this party's messages carry no MAC.
const NO_KEY: &str = "none";

/// The three ways to say what a key is.
pub(super) struct Stated<'a> {
    /// The key itself, or that there is none.
    pub(super) text: Option<SecretText>,
    /// A file that holds it.
    pub(super) file: Option<&'a Path>,
    /// A variable of the environment that holds it.
    pub(super) variable: Option<&'a str>,
}

/// What the three ways are called.
struct Names {
    text: &'static str,
    file: &'static str,
    variable: &'static str,
    several: &'static str,
    in_the_open: &'static str,
}

const MAC_KEY: Names = Names {
    text: "mac_key",
    file: "mac_key_file",
    variable: "mac_key_environment",
    several: "state one of mac_key, mac_key_file and mac_key_environment",
    in_the_open: "a production configuration must name the key with mac_key_file or mac_key_environment",
};

const WRAPPING_KEY: Names = Names {
    text: "key_encrypting_key",
    file: "key_encrypting_key_file",
    variable: "key_encrypting_key_environment",
    several: "state one of key_encrypting_key, key_encrypting_key_file and key_encrypting_key_environment",
    in_the_open: "a production configuration must name the key with key_encrypting_key_file or key_encrypting_key_environment",
};

impl Stated<'_> {
    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_none() && self.file.is_none() && self.variable.is_none()
    }

    /// The key's digits, where it is said once, and the name under which it is.
    fn read(
        self,
        names: &Names,
        base: &Path,
    ) -> Result<(&'static str, Option<Zeroizing<String>>), Breach> {
        Ok(match self {
            Stated {
                text,
                file: None,
                variable: None,
            } => (names.text, text.map(|SecretText(text)| text)),
            Stated {
                text: None,
                file: Some(path),
                variable: None,
            } => (names.file, Some(in_file(names.file, &base.join(path))?)),
            Stated {
                text: None,
                file: None,
                variable: Some(name),
            } => (names.variable, Some(in_environment(names.variable, name)?)),
            Stated { variable, .. } => {
                let key = match variable {
                    Some(_) => names.variable,
                    None => names.file,
                };
                return Err(Breach::new(key, names.several));
            }
        })
    }
}

/// Key material in the file: wiped when dropped, never in an error's text.
pub(super) struct SecretText(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)
            .map(|text| Self(Zeroizing::new(text)))
            .map_err(|_| de::Error::custom("a key is hexadecimal digits in quotes"))
    }
}

const WEBHOOK_SECRET: Names = Names {
    text: "webhook.secret",
    file: "webhook.secret_file",
    variable: "webhook.secret_environment",
    several: "state one of secret, secret_file and secret_environment",
    in_the_open: "a production configuration must name the secret with secret_file or secret_environment",
};

/// What the events of a party's webhook are signed with.
pub(super) fn webhook_secrets(
    stated: Stated<'_>,
    environment: Environment,
    base: &Path,
) -> Result<Vec<WebhookSecret>, Breach> {
    let (field, text) = stated.read(&WEBHOOK_SECRET, base)?;
    let text = text.ok_or(Breach::new(
        field,
        "missing: events are signed with secret_file, secret_environment or secret",
    ))?;
    if environment == Environment::Production && field == WEBHOOK_SECRET.text {
        return Err(Breach::new(field, WEBHOOK_SECRET.in_the_open));
    }
    WebhookSecret::read_some(&text).ok_or(Breach::new(
        field,
        "a secret is whsec_ and Base64 of 24 to 64 bytes; while it is changed, the new one and the old one",
    ))
}

/// The key of party `code`; `None` where its messages carry no MAC. Files are seen from `base`.
pub(super) fn mac_key(
    code: Institution,
    stated: Stated<'_>,
    environment: Environment,
    base: &Path,
) -> Result<Option<MacKey>, Breach> {
    let production = environment == Environment::Production;
    if production && stated.is_empty() {
        let why = "missing: a party of a production configuration must state mac_key_file, mac_key_environment, mac_key_wrapped, or mac_key = \"none\"";
        return Err(Breach::new("mac_key", why));
    }
    let (field, text) = stated.read(&MAC_KEY, base)?;
    let Some(text) = text.filter(|text| text.as_str() != NO_KEY) else {
        if production && DEVELOPMENT_PARTIES.contains(&(code.number(), None)) {
            let why = format!(
                "party {code} without a MAC key is a development party: not in a production configuration"
            );
            return Err(Breach::new("code", why));
        }
        return Ok(None);
    };
    let key = MacKey::from_hex(&text)
        .map_err(|_| Breach::new(field, "a MAC key is 32 hexadecimal digits, or \"none\""))?;
    refuse_published(code, field, &key, environment)?;
    if production && field == MAC_KEY.text {
        return Err(Breach::new(field, MAC_KEY.in_the_open));
    }
    Ok(Some(key))
}

/// The key-encrypting key of a party, where it has one.
pub(super) fn key_encrypting_key(
    stated: Stated<'_>,
    environment: Environment,
    base: &Path,
) -> Result<Option<KeyEncryptingKey>, Breach> {
    let (field, text) = stated.read(&WRAPPING_KEY, base)?;
    let Some(text) = text else {
        return Ok(None);
    };
    if environment == Environment::Production && field == WRAPPING_KEY.text {
        return Err(Breach::new(field, WRAPPING_KEY.in_the_open));
    }
    let key = KeyEncryptingKey::from_hex(&text);
    key.map(Some)
        .map_err(|error| Breach::new(field, error.to_string()))
}

/// The MAC key of party `code` as the profile has it wrapped, which needs no secret place.
pub(super) fn unwrapped(
    code: Institution,
    text: &str,
    wrapping: Option<&KeyEncryptingKey>,
    environment: Environment,
) -> Result<MacKey, Breach> {
    let refused = |why: String| Breach::new(WRAPPED, why);
    let wrapping = wrapping.ok_or_else(|| refused("needs a key_encrypting_key".into()))?;
    let material = KeyMaterial::read(text.as_bytes()).ok_or_else(|| {
        refused("48 hexadecimal digits of the wrapped key, and 6 of its check value".into())
    })?;
    let key = wrapping.open(&material);
    let key = key.map_err(|error| refused(error.to_string()))?;
    refuse_published(code, WRAPPED, &key, environment)?;
    Ok(key)
}

const WRAPPED: &str = "mac_key_wrapped";

fn refuse_published(
    code: Institution,
    field: &str,
    key: &MacKey,
    environment: Environment,
) -> Result<(), Breach> {
    let published = |(_, text): &(u64, Option<&str>)| {
        text.and_then(|text| MacKey::from_hex(text).ok())
            .is_some_and(|published| published.is(key))
    };
    if environment == Environment::Production && DEVELOPMENT_PARTIES.iter().any(published) {
        let why = format!(
            "party {code} has a published development key: not in a production configuration"
        );
        return Err(Breach::new(field, why));
    }
    Ok(())
}

fn in_file(field: &str, path: &Path) -> Result<Zeroizing<String>, Breach> {
    let text = key_file::read(path).map_err(|error| Breach::new(field, error.to_string()))?;
    Ok(Zeroizing::new(text.trim().to_string()))
}

fn in_environment(field: &str, name: &str) -> Result<Zeroizing<String>, Breach> {
    std::env::var(name)
        .map(Zeroizing::new)
        .map_err(|_| Breach::new(field, "no such variable in the switch's environment"))
}
