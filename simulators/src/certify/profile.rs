//! A party's file, as the switch reads it, and the [`Party`] that it becomes.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tessera_protocol::{Dialect, Framing, KeyEncryptingKey, KeyMaterial, MacKey, MessagePacking};

use super::any_or::AnyOr;
use super::controls::Controls;
use super::grant::Grant;
use super::party::{CONNECTIONS_MAX, Kind, Party, Permissions};
use super::wrapping::Wrapping;

/// Stated instead of a key: the party's messages carry no MAC.
const NO_KEY: &str = "none";

/// Why a party cannot be certified.
#[derive(Debug, thiserror::Error)]
pub enum PartyError {
    /// Its profile cannot be read.
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    /// Its profile makes no sense.
    #[error("{0}: {1}")]
    Profile(String, String),
    /// Nothing is known of a code.
    #[error("{0} is no development party: name its profile, a file as in config/parties")]
    Unknown(u64),
}

impl Party {
    /// A development party by its code, or whose profile stands in this file.
    pub fn find(name: &str) -> Result<Self, PartyError> {
        match name.parse() {
            Ok(code) => Self::development(code).ok_or(PartyError::Unknown(code)),
            Err(_) => Self::from_profile(Path::new(name)),
        }
    }

    /// From a party's file, as the switch reads it. What says nothing to the party's own side is passed over.
    pub fn from_profile(path: &Path) -> Result<Self, PartyError> {
        let file = path.display().to_string();
        let text = tessera_common::bounded::text_file(path)
            .map_err(|error| PartyError::File(file.clone(), error))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        read(&text, folder).map_err(|why| PartyError::Profile(file, why))
    }
}

/// The party of a profile with this text; paths in it are seen from the folder. `Err` says what makes no sense.
pub fn read(text: &str, folder: &Path) -> Result<Party, String> {
    let profile: Profile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let (key, wrapping) = profile.keys(folder)?;
    let acceptors = profile.acceptors.list();
    Ok(Party {
        acceptor: acceptors
            .and_then(<[_]>::first)
            .map_or("CERTIFY-1", String::as_str)
            .to_owned(),
        acceptor_checked: acceptors.is_some(),
        code: profile.code,
        kind: profile.kind,
        key,
        wrapping,
        dialect: profile.line.dialect()?,
        permissions: Permissions {
            processing_codes: profile.processing_codes.into_list(),
            messages: profile.messages.into_list(),
            grants: profile.quirks.grants(),
        },
        controls: profile.controls,
        amount_max: profile.amount_max,
        connections_max: profile.connections_max.unwrap_or(CONNECTIONS_MAX),
    })
}

#[derive(Debug, Deserialize)]
struct Profile {
    code: String,
    kind: Kind,
    #[serde(default)]
    acceptors: AnyOr,
    #[serde(default)]
    messages: AnyOr,
    #[serde(default)]
    processing_codes: AnyOr,
    mac_key: Option<String>,
    mac_key_file: Option<PathBuf>,
    mac_key_environment: Option<String>,
    mac_key_wrapped: Option<String>,
    key_encrypting_key: Option<String>,
    key_encrypting_key_file: Option<PathBuf>,
    key_encrypting_key_environment: Option<String>,
    amount_max: Option<u64>,
    connections_max: Option<u32>,
    #[serde(default)]
    line: LineProfile,
    #[serde(default)]
    controls: Controls,
    #[serde(default)]
    quirks: Quirks,
}

#[derive(Debug, Default, Deserialize)]
struct LineProfile {
    framing: Option<String>,
    #[serde(default)]
    header_bytes: u8,
    packing: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Quirks {
    unknown_reversal: Option<String>,
    unreferenced_refunds: bool,
    several_completions: bool,
    stand_in_advices: bool,
    partial_approval: bool,
}

impl Profile {
    /// The MAC key, and what changes it.
    fn keys(&self, folder: &Path) -> Result<(Option<MacKey>, Option<Wrapping>), String> {
        let wrapping = Stated {
            text: self.key_encrypting_key.as_deref(),
            file: self.key_encrypting_key_file.as_deref(),
            variable: self.key_encrypting_key_environment.as_deref(),
        };
        let wrapping = wrapping.read(folder)?;
        let wrapping = wrapping.map(|text| KeyEncryptingKey::from_hex(&text));
        let wrapping = wrapping.transpose().map_err(|error| error.to_string())?;
        if let Some(text) = &self.mac_key_wrapped {
            let wrapping = wrapping.ok_or("mac_key_wrapped needs a key_encrypting_key")?;
            let material = KeyMaterial::read(text.as_bytes()).ok_or(
                "mac_key_wrapped: 48 hexadecimal digits of the wrapped key, and 6 of its check value",
            )?;
            let key = wrapping.open(&material);
            let key = key.map_err(|error| format!("mac_key_wrapped: {error}"))?;
            return Ok((Some(key), Some(Wrapping::new(wrapping, material))));
        }
        let stated = Stated {
            text: self.mac_key.as_deref(),
            file: self.mac_key_file.as_deref(),
            variable: self.mac_key_environment.as_deref(),
        };
        let Some(text) = stated.read(folder)?.filter(|text| text != NO_KEY) else {
            return Ok((None, None));
        };
        let key = MacKey::from_hex(&text).map_err(|error| error.to_string())?;
        let material = wrapping.map(|wrapping| {
            // Its digits were just read.
            let bytes = u128::from_str_radix(&text, 16).unwrap_or_default();
            let material = wrapping.wrap(&bytes.to_be_bytes());
            Wrapping::new(wrapping, material)
        });
        Ok((Some(key), material))
    }
}

/// The three ways to say what a key is.
struct Stated<'a> {
    text: Option<&'a str>,
    file: Option<&'a Path>,
    variable: Option<&'a str>,
}

impl Stated<'_> {
    fn read(&self, folder: &Path) -> Result<Option<String>, String> {
        if let Some(name) = self.file {
            let path = folder.join(name);
            let text = tessera_common::bounded::text_file(&path);
            return text
                .map(|text| Some(text.trim().to_owned()))
                .map_err(|error| format!("{}: {error}", path.display()));
        }
        if let Some(name) = self.variable {
            return std::env::var(name)
                .map(Some)
                .map_err(|_| format!("the environment has no {name}"));
        }
        Ok(self.text.map(str::to_owned))
    }
}

impl LineProfile {
    /// The usual framing and packing where nothing is said.
    fn dialect(&self) -> Result<Dialect, String> {
        let usual = Dialect::CANONICAL;
        Ok(Dialect {
            framing: match &self.framing {
                None => usual.framing,
                Some(name) => Framing::ALL
                    .into_iter()
                    .find(|framing| framing.name() == name)
                    .ok_or_else(|| format!("no framing is called {name}"))?,
            },
            header_bytes: self.header_bytes,
            packing: match &self.packing {
                None => usual.packing,
                Some(name) => MessagePacking::ALL
                    .into_iter()
                    .find(|packing| packing.name() == name)
                    .ok_or_else(|| format!("no packing is called {name}"))?,
            },
        })
    }
}

impl Quirks {
    fn grants(&self) -> Vec<Grant> {
        [
            (self.unreferenced_refunds, Grant::UnreferencedRefunds),
            (self.several_completions, Grant::SeveralCompletions),
            (self.stand_in_advices, Grant::StandInAdvices),
            (self.partial_approval, Grant::PartialApproval),
            (
                self.unknown_reversal.as_deref() == Some("00"),
                Grant::UnknownReversalApproved,
            ),
        ]
        .into_iter()
        .filter_map(|(granted, grant)| granted.then_some(grant))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use tessera_protocol::KEY_BYTES;

    use super::super::controls::Control;
    use super::*;

    fn party(more: &str) -> Result<Party, String> {
        let text = format!("code = \"3\"\nkind = \"acquirer\"\n{more}");
        read(&text, Path::new("."))
    }

    #[test]
    fn reads_what_is_particular() {
        let party = party(
            "mac_key = \"none\"\nprocessing_codes = [\"00\"]\nconnections_max = 3\n\
             [line]\nframing = \"ascii-4\"\npacking = \"ascii\"\n[controls]\necommerce_only = true\n\
             [quirks]\npartial_approval = true\nunknown_reversal = \"00\"",
        )
        .unwrap();
        assert_eq!(party.dialect.framing, Framing::Ascii4);
        assert_eq!(party.connections_max, 3);
        assert!(!party.may_inquire());
        assert!(party.is_granted(Grant::PartialApproval));
        assert!(party.is_granted(Grant::UnknownReversalApproved));
        assert!(!party.is_granted(Grant::StandInAdvices));
        assert!(party.controls.have(Control::EcommerceOnly));
        assert!(party.key.is_none() && party.wrapping.is_none());
        assert!(read("code = 3", Path::new(".")).is_err());
    }

    #[test]
    fn a_mac_key_stands_in_the_clear_or_wrapped() {
        let wrapping = KeyEncryptingKey::new(&[7; 32]).unwrap();
        let material = wrapping.wrap(&[8; KEY_BYTES]);
        let over = format!("key_encrypting_key = \"{}\"\n", "07".repeat(32));
        let clear = format!("mac_key = \"{}\"\n", "08".repeat(16));
        let wrapped = format!("mac_key_wrapped = \"{material}\"\n");
        for text in [&clear, &wrapped] {
            let party = party(&format!("{over}{text}")).unwrap();
            assert!(
                party.key.unwrap().is(&MacKey::new([8; KEY_BYTES])),
                "{text}"
            );
            assert!(party.wrapping.is_some(), "{text}");
        }
        assert!(party(&clear).unwrap().wrapping.is_none());
        for (wrong, why) in [
            (wrapped.clone(), "needs a key_encrypting_key"),
            (
                format!("{over}mac_key_wrapped = \"00\""),
                "48 hexadecimal digits",
            ),
            (
                wrapped.replace("= \"", "= \"0") + &over,
                "48 hexadecimal digits",
            ),
            (
                format!("key_encrypting_key = \"{}\"\n{wrapped}", "09".repeat(32)),
                "not wrapped under this key-encrypting key",
            ),
            ("key_encrypting_key = \"00\"".to_owned(), "32, 48 or 64"),
            (
                "key_encrypting_key_file = \"nowhere.kek\"".to_owned(),
                "nowhere.kek",
            ),
            (
                "key_encrypting_key_environment = \"NOT_SET\"".to_owned(),
                "NOT_SET",
            ),
        ] {
            let refused = party(&wrong).unwrap_err();
            assert!(refused.contains(why), "{wrong}: {refused}");
        }
    }

    #[test]
    fn reads_the_shipped_profiles() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/parties");
        for (file, kind, key) in [
            ("teacup.toml", Kind::Mall, true),
            ("development-acquirer-1.toml", Kind::Acquirer, true),
            ("development-acquirer-2.toml", Kind::Acquirer, false),
        ] {
            let party = Party::from_profile(&folder.join(file)).unwrap();
            assert_eq!((party.kind, party.key.is_some()), (kind, key), "{file}");
            let known = Party::development(party.code.parse().unwrap()).unwrap();
            assert_eq!(known.kind, kind);
            assert_eq!(known.acceptor_checked, party.acceptor_checked);
        }
    }

    #[test]
    fn a_code_that_is_no_development_party_is_refused() {
        assert!(Party::find("77").is_err());
    }
}
