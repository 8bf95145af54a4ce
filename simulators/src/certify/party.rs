//! Who is certified: what the switch's profile of the party says, as far as its own side needs to know it.

use std::path::Path;

use serde::Deserialize;
use tessera_protocol::{Dialect, Framing, MacKey, MessagePacking};

use super::case::Grant;
use crate::load::speakers::{Speaker, Way};

/// How a party names who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// By order number.
    Mall,
    /// By card number.
    Acquirer,
}

/// A party, seen from its own side.
#[derive(Debug, Clone)]
pub struct Party {
    /// Field 32.
    pub code: String,
    /// How it names who pays.
    pub kind: Kind,
    /// Field 42, without its padding.
    pub acceptor: String,
    /// Whether field 42 may be nothing else.
    pub acceptor_checked: bool,
    /// Its MAC key, if it has one.
    pub key: Option<MacKey>,
    /// How it frames and packs.
    pub dialect: Dialect,
    /// What it may do beyond what every party may.
    pub permissions: Permissions,
    /// Connections that it may have.
    pub connections_max: u32,
}

/// What a profile allows and forbids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permissions {
    /// First two digits of field 3; `None` for any.
    pub processing_codes: Option<Vec<String>>,
    /// Message types; `None` for any.
    pub messages: Option<Vec<String>>,
    /// What its profile grants.
    pub grants: Vec<Grant>,
}

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

/// Where nothing else is told: the switch's own default.
const CONNECTIONS_MAX: u32 = 1024;

impl Party {
    /// A development party by its code, or whose profile stands in this file.
    pub fn find(name: &str) -> Result<Self, PartyError> {
        match name.parse() {
            Ok(code) => Self::development(code).ok_or(PartyError::Unknown(code)),
            Err(_) => Self::from_profile(Path::new(name)),
        }
    }

    /// A development party of the wire protocol's section 9.
    pub fn development(code: u64) -> Option<Self> {
        let speaker = Speaker::development(code)?;
        let kind = match speaker.way {
            Way::Card => Kind::Acquirer,
            Way::Order => Kind::Mall,
        };
        Some(Self {
            code: code.to_string(),
            kind,
            acceptor: speaker.acceptor,
            acceptor_checked: kind == Kind::Mall,
            key: speaker.key.and_then(|key| MacKey::from_hex(&key).ok()),
            dialect: Dialect::CANONICAL,
            permissions: Permissions::default(),
            connections_max: CONNECTIONS_MAX,
        })
    }

    /// From a party's file, as the switch reads it. Keys that say nothing to the party's own side are passed over.
    pub fn from_profile(path: &Path) -> Result<Self, PartyError> {
        let file = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|error| PartyError::File(file.clone(), error))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::from_text(&text, folder).map_err(|why| PartyError::Profile(file, why))
    }

    fn from_text(text: &str, folder: &Path) -> Result<Self, String> {
        let profile: Profile = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let key = match profile.key(folder)? {
            Some(key) => Some(MacKey::from_hex(&key).map_err(|error| error.to_string())?),
            None => None,
        };
        let acceptors = match profile.acceptors {
            Some(AnyOr::List(list)) => Some(list),
            _ => None,
        };
        let acceptor = acceptors.as_ref().and_then(|list| list.first());
        let list = |given: Option<AnyOr>| match given {
            Some(AnyOr::List(list)) => Some(list),
            _ => None,
        };
        Ok(Self {
            code: profile.code,
            kind: profile.kind,
            acceptor: acceptor.map_or("CERTIFY-1", String::as_str).to_owned(),
            acceptor_checked: acceptors.is_some(),
            key,
            dialect: profile.line.dialect()?,
            permissions: Permissions {
                processing_codes: list(profile.processing_codes),
                messages: list(profile.messages),
                grants: profile.quirks.grants(),
            },
            connections_max: profile.connections_max.unwrap_or(CONNECTIONS_MAX),
        })
    }

    /// Whether its profile grants this.
    pub fn is_granted(&self, grant: Grant) -> bool {
        self.permissions.grants.contains(&grant)
    }

    /// Whether it may send requests of this message type and, where it has one, processing code.
    pub fn may_send(&self, mti: &str, processing_code: &str) -> bool {
        let listed = |list: &Option<Vec<String>>, wanted: &str| {
            list.as_ref()
                .is_none_or(|list| list.iter().any(|one| one == wanted))
        };
        listed(&self.permissions.messages, mti)
            && (processing_code.is_empty()
                || listed(&self.permissions.processing_codes, processing_code))
    }

    /// Whether it may ask for a balance.
    pub fn may_inquire(&self) -> bool {
        self.kind == Kind::Acquirer && self.may_send("0100", "31")
    }
}

/// A party's file.
#[derive(Debug, Deserialize)]
struct Profile {
    code: String,
    kind: Kind,
    acceptors: Option<AnyOr>,
    messages: Option<AnyOr>,
    processing_codes: Option<AnyOr>,
    mac_key: Option<String>,
    mac_key_file: Option<String>,
    mac_key_environment: Option<String>,
    connections_max: Option<u32>,
    #[serde(default)]
    line: LineProfile,
    #[serde(default)]
    quirks: Quirks,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AnyOr {
    List(Vec<String>),
    /// `any`, or whatever the switch would refuse.
    Any(#[allow(dead_code, reason = "any text stands for all")] String),
}

#[derive(Debug, Default, Deserialize)]
struct LineProfile {
    framing: Option<String>,
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
    fn key(&self, folder: &Path) -> Result<Option<String>, String> {
        if let Some(name) = &self.mac_key_file {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path);
            return text
                .map(|text| Some(text.trim().to_owned()))
                .map_err(|error| format!("{}: {error}", path.display()));
        }
        if let Some(name) = &self.mac_key_environment {
            return std::env::var(name)
                .map(Some)
                .map_err(|_| format!("the environment has no {name}"));
        }
        Ok(self.mac_key.clone().filter(|key| key != "none"))
    }
}

impl LineProfile {
    fn dialect(&self) -> Result<Dialect, String> {
        dialect(self.framing.as_deref(), self.packing.as_deref())
    }
}

/// A framing and a packing by their names; the usual ones where nothing is said.
pub fn dialect(framing: Option<&str>, packing: Option<&str>) -> Result<Dialect, String> {
    let usual = Dialect::CANONICAL;
    Ok(Dialect {
        framing: match framing {
            None => usual.framing,
            Some(name) => Framing::ALL
                .into_iter()
                .find(|framing| framing.name() == name)
                .ok_or_else(|| format!("no framing is called {name}"))?,
        },
        packing: match packing {
            None => usual.packing,
            Some(name) => MessagePacking::ALL
                .into_iter()
                .find(|packing| packing.name() == name)
                .ok_or_else(|| format!("no packing is called {name}"))?,
        },
    })
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
    use super::*;

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
    fn reads_what_is_particular() {
        let party = Party::from_text(
            "code = \"3\"\nkind = \"acquirer\"\nmac_key = \"none\"\nprocessing_codes = [\"00\"]\nconnections_max = 3\n\
             [line]\nframing = \"ascii-4\"\npacking = \"ascii\"\n[quirks]\npartial_approval = true\nunknown_reversal = \"00\"",
            Path::new("."),
        )
        .unwrap();
        assert_eq!(party.dialect.framing, Framing::Ascii4);
        assert_eq!(party.connections_max, 3);
        assert!(!party.may_inquire());
        assert!(party.is_granted(Grant::PartialApproval));
        assert!(party.is_granted(Grant::UnknownReversalApproved));
        assert!(!party.is_granted(Grant::StandInAdvices));
        assert!(Party::from_text("code = 3", Path::new(".")).is_err());
        assert!(Party::find("77").is_err());
    }
}
