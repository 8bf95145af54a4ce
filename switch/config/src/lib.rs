//! The settings. Input: one TOML file, and one for each party. Output: typed [`Settings`]. The file is read once, at
//! start; the parties' also on SIGHUP. Unknown keys are refused and every complaint names file, line, key and value.
//! What never happens here: a socket is opened, a key is printed, a default is guessed from the machine.

mod bounds;
mod certificate;
mod error;
mod limits;
mod locate;
mod nearest;
mod notify;
mod parties;
mod read;
mod renamed;
mod sections;
mod settings;
mod source;
mod tls;
mod units;

pub use certificate::{Identity, NamedCertificates};
pub use error::{Place, SettingsError};
pub use notify::{EmailSettings, EmailTls, NotifySettings, SmsSettings};
pub use parties::{
    Acceptors, CertificateOf, CodeSet, Messages, Network, Party, PartyKind, Quirks, Transport,
    UnknownReversal,
};
pub use renamed::OutdatedKey;
pub use sections::{
    Cutover, HostLinkSettings, JournalSettings, LeasedSettings, LimitSettings, MallSettings,
    MallTlsSettings, OperatorSettings, OpsSettings, StoreSettings, VaultSettings,
};
pub use settings::{Environment, Settings};
pub use tls::{check_authorities, ends_at, host_client, leased_server, mall_server};

#[cfg(test)]
mod tests;
