//! The host's configuration: typed, read once, unknown keys refused, paths relative to the file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use tessera_protocol::ResponseCode;

use super::overrides::{self, Wrong};
use super::sources::{self, SourceSettings};
use super::units::{Code, CurrencyCode, Forced, Share, Span};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file could not be read.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// Not TOML, an unknown key or a bad value.
    #[error("{}: {why}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where and what, as the reader says it.
        why: String,
    },
    /// An override of the command line.
    #[error("--set {given}: {why}")]
    Override {
        /// As it was given.
        given: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The host's settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the switch connects: mutual TLS 1.3.
    #[serde(default = "listen")]
    pub listen: SocketAddr,
    /// Where the tally is served: plain HTTP.
    #[serde(default = "ops")]
    pub ops: SocketAddr,
    /// The folder of the log; without it the ledger is in memory only.
    pub data: Option<PathBuf>,
    /// The file of the master key, which encrypts the log.
    #[serde(default = "key_file")]
    pub key_file: PathBuf,
    /// The only currency in which it deals, numeric ISO 4217.
    #[serde(default = "currency")]
    pub currency: CurrencyCode,
    /// From what all chance comes: the same requests in the same order meet the same fate.
    #[serde(default)]
    pub seed: u64,
    /// How many requests are remembered for their repeats and reversals at most; the oldest are forgotten.
    #[serde(default = "remember_max")]
    pub remember_max: usize,
    /// Certificates.
    #[serde(default)]
    pub tls: TlsSettings,
    /// Whether each item that is booked is kept in memory, and listed at `/items` with its card number.
    #[serde(default)]
    pub keep_items: bool,
    /// What is declined.
    #[serde(default)]
    pub rules: RuleSettings,
    /// What goes wrong on the way back.
    #[serde(default)]
    pub faults: FaultSettings,
    /// Whether the sources for development are there too.
    #[serde(default = "yes")]
    pub development_sources: bool,
    /// Where loads come from and payouts go.
    #[serde(default)]
    pub sources: Vec<SourceSettings>,
}

/// PEM files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSettings {
    /// A client with a certificate of this authority is the switch.
    pub authority: PathBuf,
    /// The host's own certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Declines; nothing is declined by default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// The part of purchases and authorizations that is declined.
    pub decline_share: Share,
    /// Their codes, by weight.
    pub decline_codes: BTreeMap<Code, u32>,
    /// Whether the outcomes of the sandbox are played: see `tessera_protocol::sandbox`.
    pub sandbox: bool,
    /// What amounts (minor units) that end in these digits ask for, whatever chance and sandbox say.
    pub endings: BTreeMap<String, Forced>,
    /// What every advice (0120, 0220, 0420) is answered with, none of which is applied.
    pub refuse_advices: Option<Code>,
}

/// Faults; there are none by default. Sign-on, sign-off and echo suffer none of the shares.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultSettings {
    /// How long every answer takes.
    pub delay: DelaySettings,
    /// The part of answers that is lost.
    pub drop_share: Share,
    /// The part of answers that is late.
    pub late_share: Share,
    /// By how much.
    pub late_by: Option<Span>,
    /// The part of answers that is sent twice.
    pub double_share: Share,
    /// The part of answers in whose place the connection is cut.
    pub cut_share: Share,
    /// How long a connection lives before it is cut.
    pub cut_every: Option<Span>,
    /// Echoes are not answered.
    pub ignore_echo: bool,
}

/// How long an answer takes: `{ fixed = "5ms" }`, or `{ median = "2ms", p99 = "50ms" }` for a tail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DelaySettings {
    /// Always the same.
    pub fixed: Option<Span>,
    /// Half of the answers are faster.
    pub median: Option<Span>,
    /// One answer in a hundred is slower.
    pub p99: Option<Span>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            authority: "certs/ca.pem".into(),
            certificate: "certs/host.pem".into(),
            key: "certs/host.key".into(),
        }
    }
}

impl Settings {
    /// Reads a file and the overrides of the command line (`key.key=value`).
    pub fn read(path: &Path, sets: &[String]) -> Result<Self, SettingsError> {
        let text =
            tessera_common::bounded::text_file(path).map_err(|why| SettingsError::Unreadable {
                path: path.to_owned(),
                why,
            })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let wrong = |why: String| SettingsError::Wrong {
            path: path.to_owned(),
            why,
        };
        // On its own first, because the reader's messages name lines then.
        let mut settings: Self =
            toml::from_str(&text).map_err(|why| wrong(why.to_string().trim_end().to_owned()))?;
        settings.check().map_err(wrong)?;
        if !sets.is_empty() {
            settings = overrides::merge(&text, sets)
                .map_err(|Wrong { given, why }| SettingsError::Override { given, why })?;
            settings.check().map_err(|why| SettingsError::Override {
                given: sets.join(" --set "),
                why,
            })?;
        }
        settings.resolve(folder);
        Ok(settings)
    }

    /// What types alone cannot refuse.
    fn check(&self) -> Result<(), String> {
        let faults = &self.faults;
        let shares = [
            faults.drop_share,
            faults.late_share,
            faults.double_share,
            faults.cut_share,
        ];
        if shares.iter().map(|share| share.value()).sum::<f64>() > 1.0 {
            return Err(
                "faults: drop_share, late_share, double_share and cut_share are more than 1 together"
                    .to_owned(),
            );
        }
        match (faults.delay.fixed, faults.delay.median, faults.delay.p99) {
            (None, None, None) | (Some(_), None, None) => (),
            (None, Some(median), Some(p99)) if Span::default() < median && median <= p99 => (),
            _ => {
                return Err(
                    "faults.delay: either fixed, or median and p99 with 0 < median <= p99"
                        .to_owned(),
                );
            }
        }
        if self
            .rules
            .decline_codes
            .contains_key(&Code(ResponseCode::APPROVED))
        {
            return Err("rules.decline_codes: 00 is no decline".to_owned());
        }
        if self.rules.refuse_advices == Some(Code(ResponseCode::APPROVED)) {
            return Err("rules.refuse_advices: 00 is no refusal".to_owned());
        }
        for ending in self.rules.endings.keys() {
            if !(1..=9).contains(&ending.len()) || !ending.bytes().all(|byte| byte.is_ascii_digit())
            {
                return Err(format!("rules.endings: {ending:?} is not 1 to 9 digits"));
            }
        }
        if self.remember_max == 0 {
            return Err("remember_max: at least 1".to_owned());
        }
        sources::check(&self.sources)
    }

    /// Relative paths are relative to the configuration file.
    fn resolve(&mut self, folder: &Path) {
        for path in [
            &mut self.key_file,
            &mut self.tls.authority,
            &mut self.tls.certificate,
            &mut self.tls.key,
        ] {
            *path = folder.join(&*path);
        }
        self.data = self.data.take().map(|data| folder.join(data));
    }
}

fn listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7583))
}

fn ops() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7584))
}

fn key_file() -> PathBuf {
    "keys/host.key".into()
}

fn yes() -> bool {
    true
}

fn currency() -> CurrencyCode {
    CurrencyCode(840)
}

/// Under a gigabyte, and more than a minute of traffic at the highest rate seen.
fn remember_max() -> usize {
    12_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, sets: &[&str]) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("host.toml");
        std::fs::write(&path, text).unwrap();
        let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
        Settings::read(&path, &sets).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_the_shipped_file() {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/host.toml");
        let settings = Settings::read(Path::new(shipped), &[]).unwrap();
        assert_eq!(settings.listen, listen());
        assert_eq!(settings.ops, ops());
        assert_eq!(settings.faults.drop_share.value(), 0.0);
        assert!(settings.rules.endings.is_empty());
        assert!(settings.rules.sandbox, "a developer may try every outcome");
    }

    #[test]
    fn everything_has_a_default() {
        let settings = read("", &[]).unwrap();
        assert_eq!(settings.currency, currency());
        assert!(settings.data.is_none());
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let settings = read("data = \"ledger\"\n[tls]\nkey = \"/k\"", &[]).unwrap();
        assert!(settings.data.unwrap().is_absolute());
        assert_eq!(settings.tls.key, Path::new("/k"));
    }

    #[test]
    fn says_exactly_what_is_wrong() {
        for (text, says) in [
            ("lisen = \"127.0.0.1:1\"", "unknown field `lisen`"),
            ("\n[faults]\ndrop_share = 1.5", "line 3"),
            ("[faults]\ndrop_share = 1.5", "1.5 is no share"),
            ("[faults]\nlate_by = \"5\"", "\"5\" is no duration"),
            (
                "[faults]\ndelay = { p99 = \"5ms\" }",
                "either fixed, or median",
            ),
            ("[faults]\ndrop_share = 0.6\ncut_share = 0.6", "more than 1"),
            ("[rules]\nendings = { \"6x\" = \"05\" }", "1 to 9 digits"),
            (
                "[rules]\nendings = { \"66\" = \"never\" }",
                "a response code",
            ),
            (
                "[rules]\ndecline_codes = { \"00\" = 1 }",
                "00 is no decline",
            ),
            ("remember_max = 0", "at least 1"),
            (
                "[[sources]]\nnumber = \"9902000000000019\"\nkind = \"card\"",
                "check digit",
            ),
            (
                "[[sources]]\nnumber = \"\"\nkind = \"account\"",
                "1 to 28 characters",
            ),
            (
                "[[sources]]\nnumber = \"A\"\nkind = \"purse\"",
                "unknown variant `purse`",
            ),
            (
                "[[sources]]\nnumber = \"A\"\nkind = \"account\"\ndoes = \"sulk\"",
                "a response code",
            ),
            (
                "[[sources]]\nnumber = \"A\"\nkind = \"account\"\nbalance = \"much\"",
                "\"unlimited\"",
            ),
            (
                "[[sources]]\nnumber = \"A\"\nkind = \"account\"\nlate_by = \"9s\"",
                "only a slow one",
            ),
            (
                "[[sources]]\nnumber = \"A\"\nkind = \"account\"\n[[sources]]\nnumber = \"A\"\nkind = \"account\"",
                "twice",
            ),
        ] {
            let error = read(text, &[]).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn the_command_line_overrides() {
        let settings = read(
            "seed = 1\n[faults]\ndrop_share = 0.5",
            &[
                "seed=7",
                "faults.drop_share=0",
                "faults.delay.fixed=5ms",
                "rules.endings.6605=05",
                "rules.endings.6651=51",
                "listen=127.0.0.1:0",
            ],
        )
        .unwrap();
        assert_eq!(settings.seed, 7);
        assert_eq!(settings.faults.drop_share.value(), 0.0);
        assert!(settings.faults.delay.fixed.is_some());
        assert_eq!(
            settings.rules.endings["6651"],
            Forced::Code(ResponseCode::new(*b"51"))
        );
        for (set, says) in [
            ("seed", "key=value"),
            ("fault.x=1", "unknown field `fault`"),
            ("seed.x=1", "seed is no table"),
            ("faults.drop_share=2", "2 is no share"),
        ] {
            let error = read("seed = 1", &[set]).unwrap_err();
            assert!(error.contains(says), "{set}: {error}");
        }
    }
}
