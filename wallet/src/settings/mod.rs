//! The configuration. Input: `config/wallet.toml`. Output: typed settings, or an error that names the key.

mod check;
mod units;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tessera_common::addresses::Addresses;
use tessera_console::LogSettings;
use tessera_protocol::Currency;

use crate::caller::ForwardedHeader;

pub use check::{is_local, is_origin};

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file is not there, or may not be read.
    #[error("unreadable configuration: {}: {why}", file.display())]
    Unreadable {
        /// The configuration file.
        file: PathBuf,
        /// What the operating system says.
        why: std::io::Error,
    },
    /// It is not TOML, or has a key or a value that nobody knows.
    #[error("{}: {why}", file.display())]
    Shape {
        /// The configuration file.
        file: PathBuf,
        /// Where, and what.
        why: toml::de::Error,
    },
    /// A value that the key may not have.
    #[error("{key}: {why}")]
    Value {
        /// The key, with the table it stands in.
        key: String,
        /// What is allowed.
        why: String,
    },
    /// A certificate or a key that can't be used.
    #[error("{}: {why}", path.display())]
    Certificate {
        /// The PEM file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl SettingsError {
    fn value(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Value {
            key: key.into(),
            why: why.into(),
        }
    }
}

/// All that an operator may set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where browsers connect.
    pub listen: SocketAddr,
    /// How browsers name this server: scheme, host and, where it is not the scheme's own, port.
    pub origin: String,
    /// Certificate and key for HTTPS; without them plain HTTP.
    pub tls: Option<HttpsSettings>,
    /// Somebody in front speaks HTTPS, so that plain HTTP may be spoken on an address that is not loopback.
    pub behind_proxy: bool,
    /// Who is believed that names the address for which it asks.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where they name it.
    pub forwarded_header: ForwardedHeader,
    /// Threads that serve pages; 0 is one per core.
    pub workers: usize,
    /// Open connections of browsers, per thread.
    pub connections_max: usize,
    /// Where Prometheus connects.
    pub metrics: SocketAddr,
    /// The wallets' currency.
    #[serde(deserialize_with = "currency")]
    pub currency: Currency,
    /// The extension as Mozilla has signed it, to be installed in Firefox.
    pub signed_extension: Option<PathBuf>,
    /// Pages that are open and show what happens as it happens.
    pub live_views_max: usize,
    /// How long such a page is kept up to date before it asks to be loaded again.
    #[serde(deserialize_with = "units::duration")]
    pub live_for: Duration,
    /// The line to the switch.
    pub line: LineSettings,
    /// What is logged.
    pub log: LogSettings,
    /// The malls that may open the pay window.
    pub malls: Vec<Mall>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: loopback(8080),
            origin: "http://localhost:8080".into(),
            tls: None,
            behind_proxy: false,
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::XForwardedFor,
            workers: 0,
            connections_max: 8_192,
            metrics: loopback(9580),
            currency: Currency::USD,
            signed_extension: None,
            live_views_max: 10_000,
            live_for: Duration::from_secs(15 * 60),
            line: LineSettings::default(),
            log: LogSettings::default(),
            malls: Vec::new(),
        }
    }
}

/// Certificate and key of HTTPS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpsSettings {
    /// Our certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// The leased line to the switch: mutual TLS 1.3, we are the client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineSettings {
    /// Where the switch listens, or each node of a cluster: a name or an IP address, and a port.
    pub address: Addresses,
    /// The name that its certificate must carry.
    pub server_name: String,
    /// The authorities (PEM) that may have signed its certificate.
    pub authority: PathBuf,
    /// Our certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Our institution code: field 32.
    pub institution: u64,
    /// How many lines are kept open.
    pub lines: usize,
    /// Unanswered operations of one line.
    pub in_flight_max: usize,
    /// An operation must be answered by then.
    #[serde(deserialize_with = "units::duration")]
    pub answer_within: Duration,
    /// A page that only reads waits so long for a line, and then says that the switch can't be reached.
    #[serde(deserialize_with = "units::duration")]
    pub reach_within: Duration,
    /// Connection, handshake and sign-on at one address must be through by then.
    #[serde(deserialize_with = "units::duration")]
    pub connect_within: Duration,
    /// A line on which nothing came for this long although operations are under way is given up. It is tried with an echo
    /// after half of this.
    #[serde(deserialize_with = "units::duration")]
    pub silence: Duration,
    /// A line on which nothing came for this long is tried with an echo, and given up after half of `silence`.
    #[serde(deserialize_with = "units::duration")]
    pub echo_after: Duration,
    /// The first pause before a lost line is tried again; doubled each time, with jitter.
    #[serde(deserialize_with = "units::duration")]
    pub reconnect_min: Duration,
    /// The longest pause.
    #[serde(deserialize_with = "units::duration")]
    pub reconnect_max: Duration,
}

impl Default for LineSettings {
    fn default() -> Self {
        Self {
            address: loopback(8585).into(),
            server_name: "localhost".into(),
            authority: "certs/ca.pem".into(),
            certificate: "certs/wallet-server.pem".into(),
            key: "certs/wallet-server.key".into(),
            institution: 90_000_000_001,
            lines: 2,
            in_flight_max: 256,
            answer_within: Duration::from_secs(10),
            reach_within: Duration::from_secs(2),
            connect_within: Duration::from_secs(5),
            silence: Duration::from_secs(3),
            echo_after: Duration::from_secs(5),
            reconnect_min: Duration::from_millis(100),
            reconnect_max: Duration::from_secs(1),
        }
    }
}

/// A mall that may open the pay window.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mall {
    /// Its card acceptor id.
    pub acceptor: String,
    /// What the payer knows it by.
    pub name: String,
    /// Where its pages come from.
    pub origins: Vec<String>,
    /// Whether its pages may hold the window in a frame, where they can lay something else over it.
    #[serde(default)]
    pub frames: bool,
}

impl Settings {
    /// Reads a configuration file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// Where it can't be read, or says something that can't be.
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        let text =
            tessera_common::bounded::text_file(file).map_err(|why| SettingsError::Unreadable {
                file: file.to_path_buf(),
                why,
            })?;
        let mut settings: Self = toml::from_str(&text).map_err(|why| SettingsError::Shape {
            file: file.to_path_buf(),
            why,
        })?;
        settings.see_paths_from(file.parent().unwrap_or(Path::new("")));
        settings.check_values()?;
        Ok(settings)
    }

    /// Whether browsers come by HTTPS.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    fn see_paths_from(&mut self, base: &Path) {
        let mut paths = vec![
            &mut self.line.authority,
            &mut self.line.certificate,
            &mut self.line.key,
        ];
        paths.extend(&mut self.signed_extension);
        if let Some(https) = &mut self.tls {
            paths.extend([&mut https.certificate, &mut https.key]);
        }
        for path in paths {
            *path = base.join(&*path);
        }
    }
}

fn currency<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Currency, D::Error> {
    let text = String::deserialize(from)?;
    let currency = Currency::from_text(text.as_bytes());
    let known = currency.filter(|currency| currency.letters().is_some());
    known.ok_or_else(|| {
        serde::de::Error::custom("a numeric ISO 4217 code of three digits, as in \"840\"")
    })
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests;
