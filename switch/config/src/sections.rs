//! The tables of the configuration file, one struct each. `config/switch.toml` says the same to operators.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;
use tessera_protocol::Institution;

use serde::Deserialize;

use super::certificate::{NamedCertificates, fingerprint};
use super::network::{self, Network};
use super::units::{self, Cutover};
use tessera_ledger::StandIn;

/// The wallet server's institution code, where the file states none.
const WALLET_SERVER: Institution = shipped(90_000_000_001);
/// Our own likewise.
const OURS: Institution = shipped(90_000_000_000);

const fn shipped(code: u64) -> Institution {
    match Institution::new(code) {
        Some(institution) => institution,
        None => panic!("not an institution code"),
    }
}

/// The port for malls and acquirers: TCP without TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MallSettings {
    /// Where malls and acquirers connect.
    #[serde(with = "units::address")]
    pub listen: SocketAddr,
    /// Who says with the PROXY protocol from where a connection comes.
    #[serde(with = "network::networks")]
    pub proxy_protocol_from: Vec<Network>,
    /// Connections of all parties together, signed on or not.
    pub connections_max: usize,
    /// Connections that have not signed on, from addresses of no known party.
    pub unsigned_max: usize,
    /// Connections that have not signed on, from addresses of known parties.
    pub unsigned_known_max: usize,
    /// Connections that have not signed on, from one address of no known party.
    pub unsigned_per_address_max: usize,
    /// Unanswered requests of all parties together.
    pub in_flight_max: usize,
    /// Connections of a party that states no limit of its own.
    pub connections_per_party_max: usize,
    /// Unanswered requests of a party that states no limit of its own.
    pub in_flight_per_party_max: usize,
    /// Unanswered requests of one connection of a party that states no limit of its own.
    pub in_flight_per_connection_max: usize,
    /// A new connection must have signed on by then.
    #[serde(with = "units::duration")]
    pub sign_on_within: Duration,
    /// A frame begun must be finished by then.
    #[serde(with = "units::duration")]
    pub frame_within: Duration,
    /// A connection that has sent nothing for this long is closed.
    #[serde(with = "units::duration")]
    pub idle_for: Duration,
    /// Every request is answered by then, with 91 if the financial system has not answered.
    #[serde(with = "units::duration")]
    pub answer_within: Duration,
    /// How far field 7 may be from the switch's clock.
    #[serde(with = "units::duration")]
    pub clock_window: Duration,
    /// How long a party's old MAC key counts beside the one that it has changed it to.
    #[serde(with = "units::duration")]
    pub key_overlap: Duration,
    /// How long a mall's purchase waits for an order that the wallet server has not announced yet.
    #[serde(with = "units::duration")]
    pub order_wait: Duration,
    /// How long a payer's agreement to an order is valid.
    #[serde(with = "units::duration")]
    pub order_valid_for: Duration,
    /// How long an authorization without a completion holds money.
    #[serde(with = "units::duration")]
    pub hold_valid_for: Duration,
    /// Who begins settlement dates.
    #[serde(with = "units::cutover")]
    pub settlement_cutover: Cutover,
    /// A connection that does not take our answers for this long is closed.
    #[serde(with = "units::duration")]
    pub write_stall: Duration,
    /// After a wrong MAC, the next frame of its connection is not read before this pause is over.
    #[serde(with = "units::duration")]
    pub slow_down_min: Duration,
    /// The pause doubles with each further one in a row, up to this.
    #[serde(with = "units::duration")]
    pub slow_down_max: Duration,
    /// The second port, with TLS; `None` for none.
    pub tls: Option<MallTlsSettings>,
}

/// The port for malls and acquirers that connect with TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MallTlsSettings {
    /// Where they connect.
    #[serde(with = "units::address", default = "tls_listen")]
    pub listen: SocketAddr,
    /// Who says with the PROXY protocol from where a connection comes.
    #[serde(with = "network::networks", default)]
    pub proxy_protocol_from: Vec<Network>,
    /// Our certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The authorities (PEM) whose certificates are taken from clients; `None` to ask for none.
    pub client_authority: Option<PathBuf>,
}

fn tls_listen() -> SocketAddr {
    loopback(8584)
}

impl Default for MallSettings {
    fn default() -> Self {
        Self {
            listen: loopback(8583),
            proxy_protocol_from: Vec::new(),
            connections_max: 4_096,
            unsigned_max: 1_024,
            unsigned_known_max: 1_024,
            unsigned_per_address_max: 256,
            in_flight_max: 65_536,
            connections_per_party_max: 1_024,
            in_flight_per_party_max: 32_768,
            in_flight_per_connection_max: 256,
            sign_on_within: Duration::from_secs(10),
            frame_within: Duration::from_secs(10),
            idle_for: Duration::from_secs(5 * 60),
            answer_within: Duration::from_secs(7),
            clock_window: Duration::from_secs(60 * 60),
            key_overlap: Duration::from_secs(24 * 60 * 60),
            order_wait: Duration::from_secs(3),
            order_valid_for: Duration::from_secs(15 * 60),
            hold_valid_for: Duration::from_secs(7 * 24 * 60 * 60),
            settlement_cutover: Cutover::Clock(Duration::ZERO),
            write_stall: Duration::from_secs(10),
            slow_down_min: Duration::from_millis(100),
            slow_down_max: Duration::from_secs(10),
            tls: None,
        }
    }
}

/// Outcomes for tests, in the development environment only.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SandboxSettings {
    /// Whether they are played: see `tessera_protocol::sandbox`.
    pub play: bool,
}

/// The leased line on which the wallet server connects: mutual TLS 1.3.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeasedSettings {
    /// Where the wallet server connects.
    #[serde(with = "units::address")]
    pub listen: SocketAddr,
    /// Our certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Wallet servers show a certificate of these authorities (PEM).
    pub client_authority: PathBuf,
    /// Of those, only the ones with these fingerprints (SHA-256), subjects or names are taken; all where none is stated.
    pub certificate_fingerprints: Vec<String>,
    /// See [`LeasedSettings::certificate_fingerprints`].
    pub certificate_subjects: Vec<String>,
    /// See [`LeasedSettings::certificate_fingerprints`].
    pub certificate_names: Vec<String>,
    /// The wallet server's institution code.
    #[serde(with = "units::institution")]
    pub institution: Institution,
    /// Connections at the same time.
    pub connections_max: usize,
    /// Unanswered requests of one connection.
    pub in_flight_max: usize,
    /// Threads that look at passwords and hash them, 19 MiB each.
    pub password_threads: usize,
    /// Requests that wait for them.
    pub passwords_waiting_max: usize,
    /// Wrong passwords for one account before delays begin.
    pub tries_per_account: u32,
    /// Wrong passwords and new accounts from one address before delays begin.
    pub tries_per_address: u32,
    /// A session that was not used for this long has ended.
    #[serde(with = "units::duration")]
    pub session_idle: Duration,
    /// This long after its opening every session has ended.
    #[serde(with = "units::duration")]
    pub session_max_age: Duration,
    /// For so long the password of a browser's session counts after it was right.
    #[serde(with = "units::duration")]
    pub confirmed_for: Duration,
    /// The origin of the wallet server's pages, for passkeys; none where payers can have none.
    pub origin: Option<String>,
}

impl Default for LeasedSettings {
    fn default() -> Self {
        Self {
            listen: loopback(8585),
            certificate: "certs/switch.pem".into(),
            key: "certs/switch.key".into(),
            client_authority: "certs/ca.pem".into(),
            certificate_fingerprints: Vec::new(),
            certificate_subjects: Vec::new(),
            certificate_names: Vec::new(),
            institution: WALLET_SERVER,
            connections_max: 16,
            in_flight_max: 1_024,
            password_threads: 1,
            passwords_waiting_max: 64,
            tries_per_account: 3,
            tries_per_address: 30,
            session_idle: Duration::from_secs(15 * 60),
            session_max_age: Duration::from_secs(12 * 60 * 60),
            confirmed_for: Duration::from_secs(5 * 60),
            origin: None,
        }
    }
}

impl LeasedSettings {
    /// The certificates of wallet servers. One that can't be read was refused with the configuration.
    pub fn certificates(&self) -> NamedCertificates {
        let fingerprints = self.certificate_fingerprints.iter();
        NamedCertificates {
            fingerprints: fingerprints.filter_map(|text| fingerprint(text)).collect(),
            subjects: self.certificate_subjects.clone(),
            names: self
                .certificate_names
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
        }
    }
}

/// What any wallet may spend: amounts in minor units, 0 for no limit. Payers may set stricter ones for themselves.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Of one purchase.
    pub transaction: u64,
    /// Of all purchases of a day, UTC.
    pub day: u64,
    /// Of all purchases of a month, UTC.
    pub month: u64,
    /// Purchases a day.
    pub day_count: u64,
    /// Purchases a month.
    pub month_count: u64,
}

/// What has sealed funding sources and addresses in builds before.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VaultSettings {
    /// The key file, which only the switch can read.
    pub keys: PathBuf,
}

impl Default for VaultSettings {
    fn default() -> Self {
        Self {
            keys: "keys/vault.keys".into(),
        }
    }
}

/// The leased line to the financial system: mutual TLS 1.3, we are the client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostLinkSettings {
    /// Where the financial system listens: a name or an address, and a port.
    pub address: String,
    /// The name that its certificate must carry.
    pub server_name: String,
    /// Our certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The authorities (PEM) that may have signed the financial system's certificate.
    pub authority: PathBuf,
    /// Lines that each worker keeps open.
    pub lines_per_worker: usize,
    /// Our institution code: field 32 of what we send in our own name.
    #[serde(with = "units::institution")]
    pub institution: Institution,
    /// Connection, handshake and sign-on must be through by then.
    #[serde(with = "units::duration")]
    pub connect_within: Duration,
    /// A line on which nothing came for this long is tried with an echo.
    #[serde(with = "units::duration")]
    pub echo_after: Duration,
    /// The first pause before a lost line is tried again; doubled each time, with jitter.
    #[serde(with = "units::duration")]
    pub reconnect_min: Duration,
    /// The longest pause before a lost line is tried again.
    #[serde(with = "units::duration")]
    pub reconnect_max: Duration,
    /// Unanswered requests of one worker.
    pub in_flight_max: usize,
    /// The first pause before an unacknowledged advice is repeated; doubled each time.
    #[serde(with = "units::duration")]
    pub repeat_min: Duration,
    /// The longest pause before an unacknowledged advice is repeated.
    #[serde(with = "units::duration")]
    pub repeat_max: Duration,
    /// Unacknowledged advices that one worker has on the line at the same time.
    pub repeats_in_flight_max: usize,
    /// Cards are renewed so long before they expire; zero: they are not.
    #[serde(with = "units::duration")]
    pub renew_cards_before: Duration,
    /// Time after the end of a settlement date at which the financial system gets the switch's totals; zero: never.
    #[serde(with = "units::duration")]
    pub reconcile_after: Duration,
    /// So many refusals make a dead letter of an advice; 0: none ever becomes one.
    pub refusals_max: u32,
    /// What happens to purchases while the financial system can't be asked.
    pub stand_in: StandInSettings,
}

/// What happens to purchases while the financial system can't be asked, or does not answer. Amounts in minor units.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StandInSettings {
    /// Whether any are approved.
    pub policy: StandInPolicy,
    /// One purchase at most.
    pub per_transaction: u64,
    /// The unacknowledged amounts of one wallet.
    pub per_wallet: u64,
    /// The unacknowledged amounts of all wallets.
    pub overall: u64,
}

/// Whether the switch approves in the financial system's stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StandInPolicy {
    /// It does not: 91.
    Decline,
    /// It does, within the limits, and sends the financial system an advice afterwards.
    Approve,
}

impl Default for StandInSettings {
    fn default() -> Self {
        Self {
            policy: StandInPolicy::Decline,
            per_transaction: 5_000,
            per_wallet: 10_000,
            overall: 1_000_000,
        }
    }
}

impl StandInSettings {
    /// As the rules take them.
    pub fn limits(&self) -> StandIn {
        match self.policy {
            StandInPolicy::Decline => StandIn::default(),
            StandInPolicy::Approve => StandIn {
                per_transaction: self.per_transaction,
                per_wallet: self.per_wallet,
                overall: self.overall,
            },
        }
    }
}

impl Default for HostLinkSettings {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:7583".into(),
            server_name: "localhost".into(),
            certificate: "certs/switch.pem".into(),
            key: "certs/switch.key".into(),
            authority: "certs/ca.pem".into(),
            lines_per_worker: 1,
            institution: OURS,
            connect_within: Duration::from_secs(5),
            echo_after: Duration::from_secs(10),
            reconnect_min: Duration::from_millis(100),
            reconnect_max: Duration::from_secs(10),
            in_flight_max: 65_536,
            repeat_min: Duration::from_secs(1),
            repeat_max: Duration::from_secs(60),
            repeats_in_flight_max: 256,
            renew_cards_before: Duration::from_secs(30 * 24 * 60 * 60),
            reconcile_after: Duration::from_secs(60),
            refusals_max: 100,
            stand_in: StandInSettings::default(),
        }
    }
}

/// The journal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalSettings {
    /// Size of one segment file, allocated and zero-filled ahead.
    #[serde(with = "units::size")]
    pub segment_bytes: u64,
    /// Whether closed segments are compressed and moved to the archive.
    pub archive: bool,
    /// The folder of the archive, relative to that of the data.
    pub archive_folder: PathBuf,
    /// How long archived segments are kept at least; zero for ever.
    #[serde(with = "units::duration")]
    pub keep: Duration,
}

impl Default for JournalSettings {
    fn default() -> Self {
        Self {
            segment_bytes: 256 << 20,
            archive: true,
            archive_folder: "archive".into(),
            keep: Duration::from_secs(400 * 24 * 60 * 60),
        }
    }
}

/// The store: the checkpoint of the journal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// How often the wallets that changed are written behind: what a start must replay at most.
    #[serde(with = "units::duration")]
    pub checkpoint_every: Duration,
    /// A wallet that nobody asked for this long leaves the memory.
    #[serde(with = "units::duration")]
    pub idle_after: Duration,
    /// How long a settled transaction is remembered for duplicates and reversals.
    #[serde(with = "units::duration")]
    pub transactions_kept: Duration,
    /// A full snapshot is written so long after the one before,
    #[serde(with = "units::duration")]
    pub snapshot_every: Duration,
    /// or when the journal has grown by so much since then.
    #[serde(with = "units::size")]
    pub snapshot_bytes: u64,
    /// Memory for the store's blocks.
    #[serde(with = "units::size")]
    pub cache_bytes: u64,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            checkpoint_every: Duration::from_secs(30),
            idle_after: Duration::from_secs(60),
            transactions_kept: Duration::from_secs(7 * 24 * 60 * 60),
            snapshot_every: Duration::from_secs(24 * 60 * 60),
            snapshot_bytes: 4 << 30,
            cache_bytes: 64 << 20,
        }
    }
}

/// The operations port: metrics and health.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpsSettings {
    /// Where Prometheus and the health checks connect. It serves no secrets, but should not be reachable from outside.
    #[serde(with = "units::address")]
    pub listen: SocketAddr,
    /// Host names under which they ask, besides addresses and `localhost`: any other name in a request is a browser's whose
    /// page is somebody else's.
    pub hosts: Vec<String>,
    /// The Unix socket of operators, seen from the folder of the data.
    pub socket: PathBuf,
    /// Which users of the machine may do what over it.
    pub operators: OperatorSettings,
}

/// Users, or groups as in `@finance`. The switch's own user and root may do everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OperatorSettings {
    /// They may see blocks, decisions and dead letters. So may the others.
    pub read: Vec<String>,
    /// They may block and unblock, and say where may be spent.
    pub block: Vec<String>,
    /// They may begin settlement dates, and send again or drop dead letters.
    pub settle: Vec<String>,
}

impl OperatorSettings {
    /// Whether nobody else has a right.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.block.is_empty() && self.settle.is_empty()
    }
}

impl Default for OpsSettings {
    fn default() -> Self {
        Self {
            listen: loopback(9583),
            hosts: Vec::new(),
            socket: "operations.sock".into(),
            operators: OperatorSettings::default(),
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
