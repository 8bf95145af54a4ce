//! What can be wrong with a configuration, in words for the person who edits it.

use std::fmt;
use std::path::PathBuf;

use tessera_common::certificates::Flaw;
use tessera_common::key_file::KeyFileError;
use tessera_encryption::{KeySourceError, KeysError};
use tessera_vault::KeyRingError;

/// A line of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named on the command line.
    pub file: PathBuf,
    /// The line, from 1; `None` where the complaint is about something that is not there.
    pub line: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        match self.line {
            Some(line) => write!(formatter, ":{line}"),
            None => Ok(()),
        }
    }
}

/// Why a configuration is refused. The text never contains key material.
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
    /// A folder of parties in which nobody is.
    #[error("no party in {}: it has no file whose name ends in .toml", folder.display())]
    NoParty {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder with more files of parties than are read.
    #[error("too many parties in {}: at most {max} files whose name ends in .toml", folder.display())]
    TooManyParties {
        /// The folder.
        folder: PathBuf,
        /// So many are read.
        max: usize,
    },
    /// The file is not TOML.
    #[error("{place}: not TOML: {why}")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        why: String,
    },
    /// A key that no part of the switch reads: most often a misspelt one.
    #[error("{place}: unknown key `{key}`{}", hint(nearest, known))]
    UnknownKey {
        /// Where.
        place: Place,
        /// The key with the tables it stands in.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<String>,
        /// All that may stand in the same table.
        known: Vec<String>,
    },
    /// The master key can't be had.
    #[error(transparent)]
    MasterKey(#[from] KeySourceError),
    /// The keys of the data can't be had.
    #[error(transparent)]
    DataKeys(#[from] KeysError),
    /// The vault's key file can't be used.
    #[error(transparent)]
    Vault(#[from] KeyRingError),
    /// A key without which there is no sense in starting.
    #[error("{place}: missing key `{key}`")]
    MissingKey {
        /// The table in which it is missing.
        place: Place,
        /// The key with the tables it stands in.
        key: String,
    },
    /// One authority for malls and wallet servers, and nothing says which certificates are whose.
    #[error(
        "leased.client_authority = {of_wallet_servers:?} also signs the certificates of malls (mall.tls.client_authority = \
         {of_malls:?}), so any mall could connect as the wallet server: name the wallet server's in [leased], as in \
         certificate_names = [\"wallet-server.example\"], certificate_subjects = [\"CN=wallet server\"], or \
         certificate_fingerprints = [\"...\"] (`openssl x509 -noout -subject -fingerprint -sha256 -in wallet-server.pem`)"
    )]
    SharedAuthority {
        /// The file that `[leased]` names.
        of_wallet_servers: PathBuf,
        /// The file that `[mall.tls]` names.
        of_malls: PathBuf,
    },
    /// A value that the key may not have.
    #[error("{place}: {key}{}: {why}", stated(value))]
    BadValue {
        /// Where.
        place: Place,
        /// The key with the tables it stands in.
        key: String,
        /// The value as it stands in the file; `None` for secrets and for what is not stated.
        value: Option<String>,
        /// What is allowed.
        why: String,
    },
    /// A certificate, or an authority's list of them, that cannot be used.
    #[error("unreadable certificate: {}: {why}", path.display())]
    Certificate {
        /// The PEM file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A certificate that the other side would refuse.
    #[error("{}: {why}", path.display())]
    Refused {
        /// The PEM file.
        path: PathBuf,
        /// What is wrong with it.
        why: Flaw,
    },
    /// A password that cannot be used.
    #[error("unreadable password: {}: {why}", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The key that browsers know the switch by, which cannot be used.
    #[error(
        "unusable key for notifications in browsers: {}: {why}; `openssl genpkey -algorithm EC -pkeyopt \
         ec_paramgen_curve:P-256` prints a new one, and browsers that subscribed with another one get nothing any more",
        path.display()
    )]
    PushKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A value that was not checked when the file was read, and should have been.
    #[error("{key}: {why}")]
    Unfit {
        /// The key with the tables it stands in.
        key: &'static str,
        /// What is allowed.
        why: &'static str,
    },
    /// A file with a private key that cannot be read, or that others can.
    #[error("unreadable key: {0}")]
    KeyFile(#[from] KeyFileError),
    /// A private key that cannot be used.
    #[error("unreadable key: {}: {why}", path.display())]
    Key {
        /// The PEM file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

fn stated(value: &Option<String>) -> String {
    value
        .as_ref()
        .map_or_else(String::new, |value| format!(" = {value}"))
}

fn hint(nearest: &Option<String>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!(": did you mean `{nearest}`?"),
        None if known.is_empty() => String::new(),
        None => format!(": known here are {}", known.join(", ")),
    }
}
