//! What a run does wrong on purpose, as networks, terminals and operators do: each fault for a share of the requests. The
//! answers are judged as always: a fault must not move a cent.

use std::fmt;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};

use super::units::Share;
use crate::load::times::parse_duration;

/// Shares of the requests that go wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Sent twice, the second time as a repeat that does not wait for the answer to the first.
    pub duplicates: Share,
    /// Purchases repeated long after their answer.
    pub late_repeats: Share,
    /// How long after it.
    pub late_after: Duration,
    /// Half of the request is sent, then the connection is cut.
    pub disconnects: Share,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            duplicates: Share::NONE,
            late_repeats: Share::NONE,
            late_after: Duration::from_secs(5),
            disconnects: Share::NONE,
        }
    }
}

/// How often each fault was played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FaultCounts {
    /// Requests sent twice at once.
    pub duplicates: u64,
    /// Purchases repeated late.
    pub late_repeats: u64,
    /// Connections cut in the middle of a request.
    pub disconnects: u64,
}

impl Faults {
    /// Whether anything goes wrong.
    pub fn any(&self) -> bool {
        let shares = [self.duplicates, self.late_repeats, self.disconnects];
        shares.iter().any(|share| *share != Share::NONE)
    }

    /// Reads `duplicates=1%,late_repeats=0.5%,late_after=10s,disconnects=0.01%`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for part in text.split(',') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}`: expected FAULT=SHARE"))?;
            match name.trim() {
                "duplicates" => faults.duplicates = Share::parse(value)?,
                "late_repeats" => faults.late_repeats = Share::parse(value)?,
                "late_after" => faults.late_after = parse_duration(value)?,
                "disconnects" => faults.disconnects = Share::parse(value)?,
                other => {
                    return Err(format!(
                        "`{other}` is none of duplicates, late_repeats, late_after, disconnects"
                    ));
                }
            }
        }
        Ok(faults)
    }

    /// Whether a fault with this share happens now.
    #[inline]
    pub fn happens(share: Share, dice: &mut SmallRng) -> bool {
        share != Share::NONE && dice.random_bool(share.value())
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (name, share) in [
            ("duplicates", self.duplicates),
            ("late_repeats", self.late_repeats),
            ("disconnects", self.disconnects),
        ] {
            if share != Share::NONE {
                parts.push(format!("{name}={share}"));
            }
        }
        if self.late_repeats != Share::NONE {
            parts.push(format!("late_after={}s", self.late_after.as_secs_f64()));
        }
        formatter.write_str(match parts.is_empty() {
            true => "none",
            false => return formatter.write_str(&parts.join(",")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        let text = "duplicates=1%,late_repeats=0.5%,disconnects=0.01%,late_after=10s";
        let faults = Faults::parse(text).unwrap();
        assert_eq!(faults.to_string(), text);
        assert!(faults.any() && !Faults::default().any());
        assert_eq!(Faults::default().to_string(), "none");
        for wrong in [
            "duplicates",
            "gifts=1%",
            "duplicates=101%",
            "late_after=soon",
        ] {
            assert!(Faults::parse(wrong).is_err(), "{wrong}");
        }
    }
}
