//! A `[[parties]]` table as it stands in the file, and the [`Party`] that it becomes.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use tessera_protocol::MacKey;
use zeroize::Zeroizing;

use super::bounds::Breach;
use super::{Acceptors, Environment, MallSettings, Party, PartyKind};

/// The parties of the published development configuration: code and MAC key, if it has one.
const DEVELOPMENT_PARTIES: [(u64, Option<&str>); 4] = [
    (10_000_000_001, Some("000102030405060708090a0b0c0d0e0f")),
    (10_000_000_002, Some("101112131415161718191a1b1c1d1e1f")),
    (20_000_000_001, Some("202122232425262728292a2b2c2d2e2f")),
    (20_000_000_002, None),
];

/// Stated instead of a key: this party's messages carry no MAC.
const NO_KEY: &str = "none";

/// A party as the file states it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartyText {
    code: String,
    name: String,
    kind: PartyKind,
    acceptors: Option<AcceptorsText>,
    mac_key: Option<SecretText>,
    mac_key_file: Option<PathBuf>,
    connections_max: Option<usize>,
    in_flight_max: Option<usize>,
    in_flight_per_connection_max: Option<usize>,
}

/// What is needed to understand a party's table.
pub(super) struct Context<'a> {
    /// Whether development keys are welcome.
    pub(super) environment: Environment,
    /// The limits of a party that states none.
    pub(super) defaults: &'a MallSettings,
    /// The folder of the configuration file.
    pub(super) base: &'a Path,
}

impl PartyText {
    /// The party, or what is wrong with it.
    pub(super) fn into_party(self, context: &Context<'_>) -> Result<Party, Breach> {
        let code = institution_code(&self.code).ok_or_else(|| {
            Breach::new(
                "code",
                "an institution code is 1 to 11 digits in quotes, and not zero",
            )
        })?;
        if self.name.trim().is_empty() || self.name.len() > 60 {
            return Err(Breach::new("name", "a name is 1 to 60 characters"));
        }
        let mac_key = self.mac_key(code, context)?;
        let acceptors = self.acceptors(code)?;
        let defaults = context.defaults;
        Ok(Party {
            code,
            name: self.name,
            kind: self.kind,
            acceptors,
            mac_key,
            connections_max: limit(
                "connections_max",
                self.connections_max,
                defaults.connections_per_party_max,
            )?,
            in_flight_max: limit(
                "in_flight_max",
                self.in_flight_max,
                defaults.in_flight_per_party_max,
            )?,
            in_flight_per_connection_max: limit(
                "in_flight_per_connection_max",
                self.in_flight_per_connection_max,
                defaults.in_flight_per_connection_max,
            )?,
        })
    }

    fn acceptors(&self, code: u64) -> Result<Acceptors, Breach> {
        let list = match (&self.acceptors, self.kind) {
            (Some(AcceptorsText::List(list)), _) if !list.is_empty() => list,
            (None | Some(AcceptorsText::Any), PartyKind::Acquirer) => return Ok(Acceptors::Any),
            (_, PartyKind::Mall) => {
                let why = format!(
                    "party {code} is a mall and must list its card acceptors, as in [\"MALL-0001\"]"
                );
                return Err(Breach::new("acceptors", why));
            }
            (_, PartyKind::Acquirer) => {
                let why = "an acquirer states \"any\" or a list of at least one card acceptor";
                return Err(Breach::new("acceptors", why));
            }
        };
        list.iter()
            .map(|text| {
                acceptor(text).ok_or_else(|| {
                    let why = format!("card acceptor {text:?} must be 1 to 15 printable ASCII characters without spaces around them");
                    Breach::new("acceptors", why)
                })
            })
            .collect::<Result<_, _>>()
            .map(Acceptors::List)
    }

    fn mac_key(&self, code: u64, context: &Context<'_>) -> Result<Option<MacKey>, Breach> {
        let production = context.environment == Environment::Production;
        let (field, text) = match (&self.mac_key, &self.mac_key_file) {
            (Some(_), Some(_)) => {
                return Err(Breach::new(
                    "mac_key_file",
                    "state mac_key or mac_key_file, not both",
                ));
            }
            (Some(SecretText(text)), None) => ("mac_key", Some(text.clone())),
            (None, Some(path)) => ("mac_key_file", Some(key_file(&context.base.join(path))?)),
            (None, None) if production => {
                let why = "missing: a party of a production configuration states mac_key, mac_key_file, or mac_key = \"none\"";
                return Err(Breach::new("mac_key", why));
            }
            (None, None) => ("mac_key", None),
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
        let key = key_bytes(&text)
            .ok_or_else(|| Breach::new(field, "a MAC key is 32 hexadecimal digits, or \"none\""))?;
        let published = |(_, text): &(u64, Option<&str>)| {
            text.and_then(key_bytes).is_some_and(|bytes| bytes == key)
        };
        if production && DEVELOPMENT_PARTIES.iter().any(published) {
            let why = format!(
                "party {code} has a published development key: not in a production configuration"
            );
            return Err(Breach::new(field, why));
        }
        Ok(Some(MacKey::new(*key)))
    }
}

/// An institution code's value: 1 to 11 digits, not zero.
pub(super) fn institution_code(text: &str) -> Option<u64> {
    let digits = (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&code| digits && code > 0)
}

fn limit(key: &str, stated: Option<usize>, default: usize) -> Result<usize, Breach> {
    match stated {
        Some(0) => Err(Breach::new(key, "must be at least 1")),
        Some(limit) => Ok(limit),
        None => Ok(default),
    }
}

fn acceptor(text: &str) -> Option<[u8; 15]> {
    let mut padded = [b' '; 15];
    padded
        .get_mut(..text.len())?
        .copy_from_slice(text.as_bytes());
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (printable && !text.is_empty() && text.trim() == text).then_some(padded)
}

fn key_file(path: &Path) -> Result<Zeroizing<String>, Breach> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|why| {
        Breach::new(
            "mac_key_file",
            format!("unreadable: {}: {why}", path.display()),
        )
    })?;
    Ok(Zeroizing::new(text.trim().to_string()))
}

fn key_bytes(text: &str) -> Option<Zeroizing<[u8; 16]>> {
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

/// `"any"`, or a list of card acceptors.
enum AcceptorsText {
    Any,
    List(Vec<String>),
}

impl<'de> Deserialize<'de> for AcceptorsText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = AcceptorsText;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("\"any\" or a list of card acceptors, as in [\"MALL-0001\"]")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AcceptorsText, E> {
                match text {
                    "any" => Ok(AcceptorsText::Any),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<AcceptorsText, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(AcceptorsText::List(list))
            }
        }

        from.deserialize_any(Reader)
    }
}

/// Key material in the file: wiped when dropped, never in an error's text.
struct SecretText(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)
            .map(|text| Self(Zeroizing::new(text)))
            .map_err(|_| {
                de::Error::custom("a MAC key is 32 hexadecimal digits in quotes, or \"none\"")
            })
    }
}
