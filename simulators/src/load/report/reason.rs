//! Answers by what they mean for the person who runs a load: fewer classes than there are response codes, for plots and
//! thresholds.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A class of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// 00 and 10.
    Approved,
    /// 51.
    Funds,
    /// 61 and 65.
    Limits,
    /// 14, 54, 57, 62: the card or its wallet.
    Card,
    /// 05: the financial system gives no reason.
    Declined,
    /// 03, 12, 13, 25, 30, 58, 63, 94: the request itself was refused.
    Refused,
    /// 68, 91, 96: nothing could be decided in time. These are errors.
    Unavailable,
    /// Any other code.
    Other,
}

impl Reason {
    /// How many there are.
    pub const COUNT: usize = 8;

    /// All of them, in the order in which they are counted and shown.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Approved,
        Self::Funds,
        Self::Limits,
        Self::Card,
        Self::Declined,
        Self::Refused,
        Self::Unavailable,
        Self::Other,
    ];

    /// The class of a code of field 39.
    pub const fn of(code: [u8; 2]) -> Self {
        match &code {
            b"00" | b"10" => Self::Approved,
            b"51" => Self::Funds,
            b"61" | b"65" => Self::Limits,
            b"14" | b"54" | b"57" | b"62" => Self::Card,
            b"05" => Self::Declined,
            b"03" | b"12" | b"13" | b"25" | b"30" | b"58" | b"63" | b"94" => Self::Refused,
            b"68" | b"91" | b"96" => Self::Unavailable,
            _ => Self::Other,
        }
    }

    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Funds => "funds",
            Self::Limits => "limits",
            Self::Card => "card",
            Self::Declined => "declined",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
        }
    }

    /// The name on a page.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Funds => "not enough money",
            Self::Limits => "above a limit",
            Self::Card => "card or wallet",
            Self::Declined => "declined by host",
            Self::Refused => "request refused",
            Self::Unavailable => "not available",
            Self::Other => "another code",
        }
    }
}

/// Answers by class. In files, a map of those that occurred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reasons(pub [u64; Reason::COUNT]);

impl Reasons {
    /// Answers of a class.
    pub fn of(&self, reason: Reason) -> u64 {
        self.0[reason as usize]
    }

    /// Adds answers to a class.
    pub fn add(&mut self, reason: Reason, count: u64) {
        self.0[reason as usize] += count;
    }

    /// What came since `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] - before.0[at]))
    }
}

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = Reason::ALL.map(|reason| (reason.name(), self.of(reason)));
        serializer.collect_map(all.into_iter().filter(|(_, count)| *count > 0))
    }
}

impl<'de> Deserialize<'de> for Reasons {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut reasons = Self::default();
        for (name, count) in map {
            let reason = Reason::ALL
                .into_iter()
                .find(|reason| reason.name() == name)
                .ok_or_else(|| {
                    serde::de::Error::custom(format!("`{name}` is no class of answers"))
                })?;
            reasons.add(reason, count);
        }
        Ok(reasons)
    }
}

#[cfg(test)]
mod tests {
    use tessera_protocol::ResponseCode;

    use super::*;

    #[test]
    fn every_code_of_the_protocol_has_a_class() {
        for code in ResponseCode::ALL {
            assert_ne!(Reason::of(*code.as_bytes()), Reason::Other, "{code}");
        }
        assert_eq!(Reason::of(*b"N7"), Reason::Other);
    }

    #[test]
    fn a_file_has_those_that_occurred() {
        let mut reasons = Reasons::default();
        reasons.add(Reason::Funds, 3);
        reasons.add(Reason::Approved, 4);
        let json = serde_json::to_string(&reasons).unwrap();
        assert_eq!(json, r#"{"approved":4,"funds":3}"#);
        assert_eq!(serde_json::from_str::<Reasons>(&json).unwrap(), reasons);
        assert!(serde_json::from_str::<Reasons>(r#"{"gift":1}"#).is_err());
    }
}
