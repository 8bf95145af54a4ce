//! The settings. Input: one TOML file, and one for each party. Output: typed [`Settings`]. The file is read once, at
//! start; the parties' also on SIGHUP. Unknown keys are refused and every complaint names file, line, key and value.
//! What never happens here: a socket is opened, a key is printed, a default is guessed from the machine.

mod bounds;
mod certificate;
mod cluster;
mod data_keys;
mod encryption;
mod environment;
mod error;
mod http_url;
mod limits;
mod locate;
mod nearest;
mod network;
mod notify;
mod origin;
mod parties;
mod read;
mod renamed;
mod sections;
mod settings;
mod source;
mod tls;
mod units;

pub use certificate::{Identity, NamedCertificates};
pub use cluster::ClusterSettings;
pub use encryption::EncryptionSettings;
pub use environment::Environment;
pub use error::{Place, SettingsError};
pub use http_url::HttpUrl;
pub use network::Network;
pub use notify::{
    EmailSettings, EmailTls, NotifySettings, PushService, SmsSettings, WebPushSettings,
};
pub use origin::host_of_origin;
pub use parties::{
    Acceptors, CertificateOf, CodeSet, Messages, Party, PartyKind, Quirks, Transport,
    UnknownReversal, Webhook, WebhookSecret,
};
pub use renamed::OutdatedKey;
pub use sections::{
    HostLinkSettings, JournalSettings, LeasedSettings, LimitSettings, MallSettings,
    MallTlsSettings, OperatorSettings, OpsSettings, SandboxSettings, StoreSettings, VaultSettings,
};
pub use settings::Settings;
pub use tls::{
    check_authorities, cluster_client, cluster_server, ends_at, host_client, leased_server,
    mall_server,
};
pub use units::Cutover;

#[cfg(test)]
mod tests;
