//! The configuration. Input: `config/console.toml`. Output: typed settings, or an error that names the key.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::Error as _;
use tessera_console::LogSettings;
use url::{Host, Url};

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
        key: &'static str,
        /// What is allowed.
        why: &'static str,
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

/// All that may be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where browsers connect.
    pub listen: SocketAddr,
    /// How browsers name this server: scheme, host and, where it is not the scheme's own, port.
    pub origin: String,
    /// Certificate and key for HTTPS; without them plain HTTP.
    pub tls: Option<HttpsSettings>,
    /// The configuration of the switch.
    pub switch: PathBuf,
    /// The file of the operators' accounts.
    pub accounts: PathBuf,
    /// The other nodes of a cluster.
    pub nodes: Vec<NodeSettings>,
    /// A session ends when it was not used for so long.
    #[serde(deserialize_with = "duration")]
    pub session_idle: Duration,
    /// A session ends at this age.
    #[serde(deserialize_with = "duration")]
    pub session_max_age: Duration,
    /// A list may read the journal for so long.
    #[serde(deserialize_with = "duration")]
    pub list_within: Duration,
    /// What is logged.
    pub log: LogSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9180)),
            origin: "http://localhost:9180".into(),
            tls: None,
            switch: "switch.toml".into(),
            accounts: "keys/console-accounts.toml".into(),
            nodes: Vec::new(),
            session_idle: Duration::from_secs(30 * 60),
            session_max_age: Duration::from_secs(12 * 3600),
            list_within: Duration::from_secs(5),
            log: LogSettings::default(),
        }
    }
}

/// Another node of a cluster: its operations port alone, or a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "NodeText")]
pub struct NodeSettings {
    /// Its operations port.
    pub operations: SocketAddr,
    /// What operators call it; its operations port, where nothing is stated.
    pub name: String,
    /// Its operators' socket, where this machine reaches it: decisions go there while the node is active.
    pub socket: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a node is an operations port, as in \"10.0.0.12:9583\", or a table with `operations` and perhaps `name` and `socket`"
)]
enum NodeText {
    Port(SocketAddr),
    Table(NodeTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeTable {
    operations: SocketAddr,
    name: Option<String>,
    socket: Option<PathBuf>,
}

impl From<NodeText> for NodeSettings {
    fn from(text: NodeText) -> Self {
        let (operations, name, socket) = match text {
            NodeText::Port(operations) => (operations, None, None),
            NodeText::Table(table) => (table.operations, table.name, table.socket),
        };
        Self {
            operations,
            name: name.unwrap_or_else(|| operations.to_string()),
            socket,
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
        let base = file.parent().unwrap_or(Path::new(""));
        settings.switch = base.join(&settings.switch);
        settings.accounts = base.join(&settings.accounts);
        for node in &mut settings.nodes {
            node.socket = node.socket.take().map(|socket| base.join(socket));
        }
        if let Some(https) = &mut settings.tls {
            https.certificate = base.join(&https.certificate);
            https.key = base.join(&https.key);
        }
        settings.check_values()?;
        Ok(settings)
    }

    /// Whether browsers come by HTTPS.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// The host name in the origin.
    pub fn host(&self) -> String {
        let url = Url::parse(&self.origin).ok();
        let host = url.and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_default()
    }

    fn check_values(&self) -> Result<(), SettingsError> {
        let wrong = |key, why| Err(SettingsError::Value { key, why });
        let origin = Url::parse(&self.origin).ok();
        let origin = origin.filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.origin().ascii_serialization() == self.origin
        });
        let Some(origin) = origin else {
            return wrong(
                "origin",
                "an origin as browsers write it, as in \"https://console.example\" or \"http://localhost:9180\"",
            );
        };
        if self.tls.is_some() && !self.is_https() {
            return wrong("origin", "must be https:// with [tls]");
        }
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            return wrong(
                "listen",
                "plain HTTP is spoken on loopback only: give it [tls]",
            );
        }
        if !self.is_https() && !is_local(&origin) {
            return wrong(
                "origin",
                "must be https://, except for localhost: browsers keep no secure cookie otherwise",
            );
        }
        if self.session_idle.is_zero() || self.session_max_age < self.session_idle {
            return wrong(
                "session_idle",
                "1s or more, and not more than session_max_age",
            );
        }
        let longest = Duration::from_secs(20);
        if !(Duration::from_millis(100)..=longest).contains(&self.list_within) {
            return wrong("list_within", "100ms to 20s");
        }
        Ok(())
    }
}

/// Whether browsers take an origin for safe although nothing is encrypted: this machine's own.
fn is_local(origin: &Url) -> bool {
    match origin.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)];

fn duration<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = UNITS.iter().find(|(name, _)| *name == unit);
    let milliseconds =
        factor.and_then(|(_, factor)| number.parse::<u64>().ok()?.checked_mul(*factor));
    milliseconds.map(Duration::from_millis).ok_or_else(|| {
        D::Error::custom(format!(
            "{text:?} is not a whole number and a unit (ms, s, min, h), as in \"500ms\" or \"30min\""
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("console.toml");
        std::fs::write(&file, text).unwrap();
        Settings::read(&file).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_configuration_says_the_defaults() {
        let shipped = include_str!("../../config/console.toml");
        let settings = read(shipped).unwrap();
        let default = read("").unwrap();
        let comparable = |settings: &Settings| {
            let text = format!("{settings:?}");
            let folder = settings.switch.parent().unwrap().display().to_string();
            text.replace(&folder, "")
        };
        assert_eq!(comparable(&settings), comparable(&default));
    }

    #[test]
    fn a_node_is_a_port_or_a_table() {
        let text = r#"nodes = ["10.0.0.12:9583", { operations = "10.0.0.13:9583", name = "n3", socket = "n3.sock" }]"#;
        let nodes = read(text).unwrap().nodes;
        let names: Vec<_> = nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["10.0.0.12:9583", "n3"]);
        assert_eq!(nodes[0].socket, None);
        // Relative to the file.
        let socket = nodes[1].socket.as_ref().unwrap();
        assert!(socket.is_absolute() && socket.ends_with("n3.sock"));
        for wrong in [
            r#"nodes = ["n2"]"#,
            r#"nodes = [{ name = "n2" }]"#,
            r#"nodes = [{ operations = "10.0.0.13:9583", sockte = "n3.sock" }]"#,
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.contains("an operations port, as in"), "{error}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (text, key) in [
            ("listen = \"0.0.0.0:9180\"", "listen"),
            ("origin = \"http://console.example\"", "origin"),
            ("origin = \"http://localhost:9180/\"", "origin"),
            ("session_idle = \"13h\"", "session_idle"),
            ("list_within = \"1h\"", "list_within"),
            ("session_idle = \"5\"", "session_idle"),
            ("sesion_idle = \"5s\"", "sesion_idle"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(key), "{text}: {error}");
        }
        // A proxy on this machine may speak HTTPS in front of it.
        let settings = read("origin = \"https://console.example\"").unwrap();
        assert!(settings.is_https());
        assert_eq!(settings.host(), "console.example");
    }
}
