//! Funding sources: where the money of loads comes from and that of payouts goes, and what each source does when it is asked.
//!
//! The ledger has the amounts that a source has paid; this is only its initial balance.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use tessera_protocol::ResponseCode;

use super::ledger::Source;
use super::units::{Code, Span};

/// Later than the switch waits for anything (`answer_within`, 7 s).
const SLOW_BY: Duration = Duration::from_secs(10);

/// One source, as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// Field 102: 1 to 28 characters; spaces are left out.
    pub number: String,
    /// What it is.
    pub kind: SourceKind,
    /// How much is there.
    #[serde(default)]
    pub balance: Balance,
    /// What it does when it is asked.
    #[serde(default)]
    pub does: Behaviour,
    /// By how much a slow one is late.
    pub late_by: Option<Span>,
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A payment card.
    Card,
    /// A bank account.
    Account,
}

impl SourceKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Account => "account",
        }
    }
}

/// Minor units, or `"unlimited"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance(pub Option<u64>);

/// `"approve"`, a code of refusal, `"slow"` or `"silent"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Gives and takes as long as there is money.
    #[default]
    Approve,
    /// Answers with this code.
    Decline(ResponseCode),
    /// Gives and takes, and answers when nobody waits any more.
    Slow,
    /// Gives and takes, and never answers.
    Silent,
}

/// What a source does, made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Approve,
    Decline(ResponseCode),
    Slow { by: Duration },
    Silent,
}

impl fmt::Display for Does {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve => f.write_str("approve"),
            Self::Decline(code) => code.fmt(f),
            Self::Slow { .. } => f.write_str("slow"),
            Self::Silent => f.write_str("silent"),
        }
    }
}

/// One source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) kind: SourceKind,
    /// What it had at first, minor units; `None` = more than anyone will ask for.
    pub(super) balance: Option<u64>,
    pub(super) does: Does,
}

/// All that are known.
pub(super) struct Sources(BTreeMap<Source, Terms>);

impl Sources {
    /// The configured ones; with those for development, or without.
    pub(super) fn new(configured: &[SourceSettings], with_development: bool) -> Self {
        let development = match with_development {
            true => development(),
            false => Vec::new(),
        };
        // Later ones win: who configures a number means it.
        let all = development.iter().chain(configured);
        Self(
            all.filter_map(|source| Some((source.source()?, source.terms())))
                .collect(),
        )
    }

    pub(super) fn find(&self, source: &Source) -> Option<&Terms> {
        self.0.get(source)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Source, &Terms)> {
        self.0.iter()
    }
}

/// The sources for development; `config/host.toml` shows them.
fn development() -> Vec<SourceSettings> {
    use Behaviour::{Approve, Decline, Silent, Slow};
    use SourceKind::{Account, Card};
    [
        ("9902000000000018", Card, None, Approve),
        ("9902000000000026", Card, Some(5_000), Approve),
        (
            "9902000000000034",
            Card,
            None,
            Decline(ResponseCode::DECLINED),
        ),
        ("9902000000000042", Card, None, Slow),
        ("9902000000000059", Card, None, Silent),
        ("XT38TESS00000000000001", Account, None, Approve),
        (
            "XT11TESS00000000000002",
            Account,
            None,
            Decline(ResponseCode::DECLINED),
        ),
    ]
    .map(|(number, kind, balance, does)| SourceSettings {
        number: number.to_owned(),
        kind,
        balance: Balance(balance),
        does,
        late_by: None,
    })
    .into()
}

/// What types alone cannot refuse.
pub(super) fn check(sources: &[SourceSettings]) -> Result<(), String> {
    let mut seen = Vec::new();
    for source in sources {
        let number = &source.number;
        let Some(name) = source.source() else {
            return Err(format!("sources: {number:?} is not 1 to 28 characters"));
        };
        if source.kind == SourceKind::Card && !is_card(name.text()) {
            return Err(format!(
                "sources: {number:?} is no card: 12 to 19 digits, the last one the check digit"
            ));
        }
        if source.late_by.is_some() && source.does != Behaviour::Slow {
            return Err(format!(
                "sources: {number:?}: late_by is for only a slow one"
            ));
        }
        if seen.contains(&name) {
            return Err(format!("sources: {number:?} is there twice"));
        }
        seen.push(name);
    }
    Ok(())
}

fn is_card(text: &[u8]) -> bool {
    if !(12..=19).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let doubled = |digit: u32| digit * 2 - if digit > 4 { 9 } else { 0 };
    let digits = text.iter().rev().map(|&byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| {
            if place % 2 == 1 {
                doubled(digit)
            } else {
                digit
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

impl SourceSettings {
    fn source(&self) -> Option<Source> {
        Source::new(self.number.replace(' ', "").as_bytes())
    }

    fn terms(&self) -> Terms {
        Terms {
            kind: self.kind,
            balance: self.balance.0,
            does: match self.does {
                Behaviour::Approve => Does::Approve,
                Behaviour::Decline(code) => Does::Decline(code),
                Behaviour::Slow => Does::Slow {
                    by: self.late_by.map_or(SLOW_BY, |span| span.0),
                },
                Behaviour::Silent => Does::Silent,
            },
        }
    }
}

impl<'de> Deserialize<'de> for Balance {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Balance;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("minor units, or \"unlimited\"")
            }

            fn visit_i64<E: de::Error>(self, units: i64) -> Result<Balance, E> {
                match u64::try_from(units) {
                    Ok(units) => Ok(Balance(Some(units))),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Signed(units), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Balance, E> {
                match text {
                    "unlimited" => Ok(Balance(None)),
                    other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }
        }
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for Behaviour {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        match text.as_str() {
            "approve" => Ok(Self::Approve),
            "slow" => Ok(Self::Slow),
            "silent" => Ok(Self::Silent),
            other => match Code::parse(other) {
                Some(code) if !code.0.is_approved() => Ok(Self::Decline(code.0)),
                _ => Err(de::Error::custom(format!(
                    "{text:?} is nothing that a source does: \"approve\", a response code of refusal (\"05\"), \
                     \"slow\" or \"silent\""
                ))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_sources_are_what_they_claim() {
        let development = development();
        check(&development).unwrap();
        assert!(
            development
                .iter()
                .any(|source| source.kind == SourceKind::Account)
        );
        for account in development
            .iter()
            .filter(|source| source.kind == SourceKind::Account)
        {
            // ISO 13616: the first four characters at the end, letters as numbers, modulo 97 is 1.
            let (head, tail) = account.number.split_at(4);
            let rest = format!("{tail}{head}").chars().fold(0, |rest, character| {
                let digit = character.to_digit(36).unwrap();
                (rest * if digit < 10 { 10 } else { 100 } + digit) % 97
            });
            assert_eq!(rest, 1, "{}", account.number);
        }
    }

    #[test]
    fn the_shipped_file_shows_every_development_source() {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/host.toml");
        let shipped = std::fs::read_to_string(shipped).unwrap();
        let shipped = shipped.replace(' ', "");
        for source in development() {
            assert!(shipped.contains(&source.number), "{}", source.number);
        }
    }
}
