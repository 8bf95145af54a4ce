//! Where a party's MAC key comes from, and which keys are refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer};
use tessera_protocol::MacKey;
use zeroize::Zeroizing;

use super::super::Environment;
use super::super::bounds::Breach;

/// The parties of the published development configuration: code and MAC key, if it has one.
const DEVELOPMENT_PARTIES: [(u64, Option<&str>); 4] = [
    (10_000_000_001, Some("000102030405060708090a0b0c0d0e0f")),
    (10_000_000_002, Some("101112131415161718191a1b1c1d1e1f")),
    (20_000_000_001, Some("202122232425262728292a2b2c2d2e2f")),
    (20_000_000_002, None),
];

/// Stated instead of a key: this party's messages carry no MAC.
const NO_KEY: &str = "none";

/// The three ways to say what the key is.
pub(super) struct Stated<'a> {
    /// The key itself, or that there is none.
    pub(super) text: Option<SecretText>,
    /// A file that holds it.
    pub(super) file: Option<&'a Path>,
    /// A variable of the environment that holds it.
    pub(super) variable: Option<&'a str>,
}

/// Key material in the file: wiped when dropped, never in an error's text.
pub(super) struct SecretText(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)
            .map(|text| Self(Zeroizing::new(text)))
            .map_err(|_| {
                de::Error::custom("a MAC key is 32 hexadecimal digits in quotes, or \"none\"")
            })
    }
}

/// The key of party `code`; `None` where its messages carry no MAC. Files are seen from `base`.
pub(super) fn mac_key(
    code: u64,
    stated: Stated<'_>,
    environment: Environment,
    base: &Path,
) -> Result<Option<MacKey>, Breach> {
    let production = environment == Environment::Production;
    let (field, text) = match stated {
        Stated {
            text: None,
            file: None,
            variable: None,
        } if production => {
            let why = "missing: a party of a production configuration states mac_key_file, mac_key_environment, or mac_key = \"none\"";
            return Err(Breach::new("mac_key", why));
        }
        Stated {
            text,
            file: None,
            variable: None,
        } => ("mac_key", text.map(|SecretText(text)| text)),
        Stated {
            text: None,
            file: Some(path),
            variable: None,
        } => ("mac_key_file", Some(in_file(&base.join(path))?)),
        Stated {
            text: None,
            file: None,
            variable: Some(name),
        } => ("mac_key_environment", Some(in_environment(name)?)),
        Stated { variable, .. } => {
            let key = match variable {
                Some(_) => "mac_key_environment",
                None => "mac_key_file",
            };
            let why = "state one of mac_key, mac_key_file and mac_key_environment";
            return Err(Breach::new(key, why));
        }
    };
    let Some(text) = text.filter(|text| text.as_str() != NO_KEY) else {
        if production && DEVELOPMENT_PARTIES.contains(&(code, None)) {
            let why = format!(
                "party {code} without a MAC key is a development party: not in a production configuration"
            );
            return Err(Breach::new("code", why));
        }
        return Ok(None);
    };
    let key = bytes(&text)
        .ok_or_else(|| Breach::new(field, "a MAC key is 32 hexadecimal digits, or \"none\""))?;
    let published = |(_, text): &(u64, Option<&str>)| {
        text.and_then(bytes)
            .is_some_and(|published| published == key)
    };
    if production && DEVELOPMENT_PARTIES.iter().any(published) {
        let why = format!(
            "party {code} has a published development key: not in a production configuration"
        );
        return Err(Breach::new(field, why));
    }
    if production && field == "mac_key" {
        let why = "a key stands in a file (mac_key_file) or in the environment (mac_key_environment), not in a production configuration";
        return Err(Breach::new(field, why));
    }
    Ok(Some(MacKey::new(*key)))
}

fn in_file(path: &Path) -> Result<Zeroizing<String>, Breach> {
    let unreadable = |why: std::io::Error| {
        let why = format!("unreadable: {}: {why}", path.display());
        Breach::new("mac_key_file", why)
    };
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions();
    if mode.mode() & 0o077 != 0 {
        let why = format!(
            "{} can be read by others: chmod 600 {}",
            path.display(),
            path.display()
        );
        return Err(Breach::new("mac_key_file", why));
    }
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(unreadable)?;
    Ok(Zeroizing::new(text.trim().to_string()))
}

fn in_environment(name: &str) -> Result<Zeroizing<String>, Breach> {
    std::env::var(name).map(Zeroizing::new).map_err(|_| {
        Breach::new(
            "mac_key_environment",
            "no such variable in the switch's environment",
        )
    })
}

fn bytes(text: &str) -> Option<Zeroizing<[u8; 16]>> {
    let text = text.as_bytes();
    let mut key = Zeroizing::new([0; 16]);
    if text.len() != 2 * key.len() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |character: u8| (character as char).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(key)
}
