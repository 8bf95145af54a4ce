//! The shops' configuration: typed, read once, unknown keys refused, paths relative to the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use tessera_common::addresses::Addresses;
use tessera_protocol::{Currency, MacKey};

use super::acquiring::{Party, Times};
use super::webhook::Secrets;
use crate::host::{CurrencyCode, Span};

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
}

/// The shops' settings.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The folder of orders, and of what was asked of the switch.
    pub data: PathBuf,
    /// The switch's port for malls and acquirers, HOST:PORT; of a cluster, a list of them.
    pub switch: Addresses,
    /// The wallet server's origin.
    pub wallet: Origin,
    /// The currency of all prices.
    pub currency: CurrencyCode,
    /// How long what may take.
    pub acquiring: AcquiringSettings,
    /// The shop that asks by order number.
    pub affiliated: AffiliatedSettings,
    /// The shop that takes card numbers.
    pub unaffiliated: UnaffiliatedSettings,
}

/// How long what may take.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AcquiringSettings {
    /// From a request to its answer.
    pub answer_within: Span,
    /// The first pause between repeats.
    pub repeat_min: Span,
    /// The longest pause between repeats.
    pub repeat_max: Span,
    /// Quiet on a line before it is tried.
    pub echo_after: Span,
    /// Quiet on a line with something unanswered before it is given up.
    pub silence: Span,
}

/// The affiliated shop.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AffiliatedSettings {
    /// Where its pages are served.
    pub listen: SocketAddr,
    /// What its sign says.
    pub name: String,
    /// Institution code.
    pub party: PartyCode,
    /// Card acceptor, at most 15 characters.
    pub acceptor: String,
    /// Terminal, at most 8 characters.
    pub terminal: String,
    /// MAC key.
    pub mac_key: Key,
    /// What the switch signs its webhooks with.
    pub webhook_secret: Secrets,
    /// To where everything is written that it receives.
    pub capture: Option<PathBuf>,
}

/// The shop that is not affiliated.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UnaffiliatedSettings {
    /// Where its pages are served.
    pub listen: SocketAddr,
    /// What its sign says.
    pub name: String,
    /// Where the page with its card fields is served.
    pub frame: SocketAddr,
    /// The origin under which browsers reach that page.
    pub frame_origin: Option<Origin>,
    /// The origin under which browsers reach the shop.
    pub origin: Option<Origin>,
    /// Institution code of its acquirer.
    pub party: PartyCode,
    /// Card acceptor, at most 15 characters.
    pub acceptor: String,
    /// Name and location, at most 40 characters, as the payer sees them.
    pub place: String,
    /// Terminal, at most 8 characters.
    pub terminal: String,
    /// MAC key.
    pub mac_key: Key,
    /// To where everything is written that it receives.
    pub capture: Option<PathBuf>,
}

/// Scheme, host and port of a web server, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

/// An institution code: 1 to 11 digits.
#[derive(Debug, Clone, Copy)]
pub struct PartyCode(pub u64);

/// A MAC key, which is never shown.
#[derive(Clone)]
pub struct Key(pub MacKey);

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "data/shop".into(),
            switch: SocketAddr::from(([127, 0, 0, 1], 8583)).into(),
            wallet: Origin("http://localhost:8080".to_owned()),
            currency: CurrencyCode(Currency::USD.code()),
            acquiring: AcquiringSettings::default(),
            affiliated: AffiliatedSettings::default(),
            unaffiliated: UnaffiliatedSettings::default(),
        }
    }
}

impl Default for AcquiringSettings {
    fn default() -> Self {
        let seconds = |seconds| Span(std::time::Duration::from_secs(seconds));
        Self {
            answer_within: seconds(10),
            repeat_min: seconds(2),
            repeat_max: seconds(60),
            echo_after: seconds(60),
            silence: seconds(3),
        }
    }
}

impl Default for AffiliatedSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8081)),
            name: "Teacup & Co".to_owned(),
            party: PartyCode(10_000_000_001),
            acceptor: "MALL-0001".to_owned(),
            terminal: "TEACUP01".to_owned(),
            mac_key: Key::development(0x00),
            webhook_secret: Secrets::development(),
            capture: None,
        }
    }
}

impl Default for UnaffiliatedSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8082)),
            name: "Paper Lantern".to_owned(),
            frame: SocketAddr::from(([127, 0, 0, 1], 8083)),
            frame_origin: None,
            origin: None,
            party: PartyCode(20_000_000_001),
            acceptor: "LANTERN-0001".to_owned(),
            place: "Paper Lantern            Seoul        KR".to_owned(),
            terminal: "LANTRN01".to_owned(),
            mac_key: Key::development(0x20),
            capture: None,
        }
    }
}

impl Key {
    /// The published keys count up from their first byte.
    fn development(first: u8) -> Self {
        Self(MacKey::new(std::array::from_fn(|at| first + at as u8)))
    }
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it can't be read, or says something that can't be.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text =
            tessera_common::bounded::text_file(path).map_err(|why| SettingsError::Unreadable {
                path: path.to_owned(),
                why,
            })?;
        let wrong = |why: String| SettingsError::Wrong {
            path: path.to_owned(),
            why,
        };
        let mut settings: Self =
            toml::from_str(&text).map_err(|why| wrong(why.to_string().trim_end().to_owned()))?;
        settings.check().map_err(wrong)?;
        settings.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(settings)
    }

    /// What types alone cannot refuse.
    fn check(&self) -> Result<(), String> {
        let (one, other) = (&self.affiliated, &self.unaffiliated);
        for (what, text, length) in [
            ("affiliated.acceptor", &one.acceptor, 15),
            ("affiliated.terminal", &one.terminal, 8),
            ("unaffiliated.acceptor", &other.acceptor, 15),
            ("unaffiliated.place", &other.place, 40),
            ("unaffiliated.terminal", &other.terminal, 8),
        ] {
            let good = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            if text.is_empty() || text.len() > length || !text.bytes().all(good) {
                return Err(format!("{what}: 1 to {length} ASCII characters"));
            }
        }
        let times = &self.acquiring;
        if times.repeat_min == Span::default() || times.repeat_max < times.repeat_min {
            return Err("acquiring: 0 < repeat_min <= repeat_max".to_owned());
        }
        let rest = [times.answer_within, times.echo_after, times.silence];
        if rest.contains(&Span::default()) {
            return Err(
                "acquiring: answer_within, echo_after and silence must be more than 0".to_owned(),
            );
        }
        Ok(())
    }

    /// Relative paths are relative to the configuration file.
    fn resolve(&mut self, folder: &Path) {
        self.data = folder.join(&self.data);
        let captures = [&mut self.affiliated.capture, &mut self.unaffiliated.capture];
        for capture in captures.into_iter().flatten() {
            *capture = folder.join(&capture);
        }
    }

    pub(super) fn times(&self) -> Times {
        Times {
            answer_within: self.acquiring.answer_within.0,
            repeat_min: self.acquiring.repeat_min.0,
            repeat_max: self.acquiring.repeat_max.0,
            echo_after: self.acquiring.echo_after.0,
            silence: self.acquiring.silence.0,
        }
    }

    pub(super) fn currency(&self) -> Currency {
        Currency::new(self.currency.0).unwrap_or(Currency::USD)
    }

    pub(super) fn mall(&self) -> Party {
        let shop = &self.affiliated;
        Party {
            code: shop.party.0,
            acceptor: shop.acceptor.clone(),
            place: None,
            terminal: shop.terminal.clone(),
            currency: self.currency().to_text(),
            key: shop.mac_key.0.clone(),
        }
    }

    pub(super) fn acquirer(&self) -> Party {
        let shop = &self.unaffiliated;
        Party {
            code: shop.party.0,
            acceptor: shop.acceptor.clone(),
            place: Some(shop.place.clone()),
            terminal: shop.terminal.clone(),
            currency: self.currency().to_text(),
            key: shop.mac_key.0.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let host = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        // It stands in headers and pages: nothing that could end there.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        match host {
            Some(host) if !host.is_empty() && host.bytes().all(plain) => Ok(Self(text)),
            _ => Err(D::Error::custom(format!(
                "{text:?} is not an origin: it looks like \"http://localhost:8080\", without a path"
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for PartyCode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let digits =
            (1..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(code) if digits => Ok(Self(code)),
            _ => Err(D::Error::custom(format!(
                "{text:?} is not an institution code: it has 1 to 11 digits"
            ))),
        }
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        MacKey::from_hex(&text).map(Self).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/shop.toml");
        std::fs::read_to_string(path).unwrap()
    }

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.toml");
        std::fs::write(&path, text).unwrap();
        Settings::read(&path).map_err(|error| error.to_string())
    }

    /// Everything but the folder, as text.
    fn as_text(settings: &Settings) -> String {
        let (one, other) = (&settings.affiliated, &settings.unaffiliated);
        format!(
            "{} {:?} {:?} {:?} | {} {} {:?} {} {} {:?} | {} {} {} {:?} {} {} {} {:?}",
            settings.switch,
            settings.wallet,
            settings.currency,
            settings.acquiring,
            one.listen,
            one.name,
            one.party,
            one.acceptor,
            one.terminal,
            one.mac_key.0.mac(b"the same key"),
            other.listen,
            other.name,
            other.frame,
            other.party,
            other.acceptor,
            other.place,
            other.terminal,
            other.mac_key.0.mac(b"the same key"),
        )
    }

    #[test]
    fn the_shipped_file_states_the_defaults() {
        let (shipped, empty) = (read(&shipped()).unwrap(), read("").unwrap());
        assert_eq!(as_text(&shipped), as_text(&empty));
        let secret = |settings: &Settings| settings.affiliated.webhook_secret.expose().to_vec();
        assert_eq!(secret(&shipped), secret(&empty));
        assert!(shipped.data.ends_with("data/shop") && empty.data.ends_with("data/shop"));
    }

    #[test]
    fn every_optional_key_of_the_shipped_file_is_known() {
        let text = shipped()
            .replace("\n#capture", "\ncapture")
            .replace("\n#frame_o", "\nframe_o");
        let settings = read(&text.replace("\n#origin", "\norigin")).unwrap();
        assert!(settings.affiliated.capture.is_some() && settings.unaffiliated.capture.is_some());
        assert!(settings.unaffiliated.origin.is_some());
    }

    #[test]
    fn refuses_what_cannot_be() {
        for (text, says) in [
            ("colour = 1", "unknown field"),
            ("[affiliated]\ncolour = 1", "unknown field"),
            ("switch = \"localhost\"", "is not an address"),
            ("switch = []", "1 to 16"),
            ("wallet = \"localhost\"", "not an origin"),
            ("wallet = \"http://a/b\"", "not an origin"),
            ("[affiliated]\nparty = \"12a\"", "institution code"),
            ("[affiliated]\nmac_key = \"none\"", "32 hexadecimal digits"),
            ("[affiliated]\nwebhook_secret = \"none\"", "whsec_"),
            ("[affiliated]\nterminal = \"NINE CHAR\"", "1 to 8"),
            ("[acquiring]\nrepeat_max = \"1s\"", "repeat_min"),
        ] {
            let error = read(text).err().unwrap_or_default();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
