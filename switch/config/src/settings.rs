//! All that an operator decides, as the rest of the switch reads it.

use std::path::PathBuf;

use tessera_console::LogSettings;
use tessera_protocol::Currency;

use super::environment::Environment;
use super::{
    ClusterSettings, EncryptionSettings, HostLinkSettings, JournalSettings, LeasedSettings,
    LimitSettings, MallSettings, NotifySettings, OpsSettings, OutdatedKey, Party, SandboxSettings,
    StoreSettings, VaultSettings,
};

/// A worker's number must fit the four bits that a transaction's reference has for it.
pub(super) const WORKERS_MAX: usize = 16;

/// The configuration of one switch.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether test data is welcome.
    pub environment: Environment,
    /// The folder of journal and store.
    pub data: PathBuf,
    /// The folder of the parties' files.
    pub parties_folder: PathBuf,
    /// Workers; 0 stands for one per core but one. See [`Settings::worker_count`].
    pub workers: usize,
    /// Fixed shares of all wallets. Must not change once there is data.
    pub partitions: u16,
    /// The currency of every wallet.
    pub currency: Currency,
    /// The port for malls and acquirers.
    pub mall: MallSettings,
    /// Outcomes for tests.
    pub sandbox: SandboxSettings,
    /// The leased line of the wallet server.
    pub leased: LeasedSettings,
    /// What any wallet may spend.
    pub limits: LimitSettings,
    /// What encrypts the data.
    pub encryption: EncryptionSettings,
    /// What has sealed sources and addresses in builds before.
    pub vault: VaultSettings,
    /// The leased line to the financial system.
    pub host: HostLinkSettings,
    /// The journal.
    pub journal: JournalSettings,
    /// The store.
    pub store: StoreSettings,
    /// Notifications to payers.
    pub notify: NotifySettings,
    /// Metrics and health.
    pub ops: OpsSettings,
    /// Logging.
    pub log: LogSettings,
    /// The cluster; `None` for a switch on a machine of its own.
    pub cluster: Option<ClusterSettings>,
    /// Who may connect, as the files of `parties_folder` said at the start.
    pub parties: Vec<Party>,
    /// Keys that the file states by their old names.
    pub outdated_keys: Vec<OutdatedKey>,
}

impl Settings {
    /// The operators' socket.
    pub fn operations_socket(&self) -> PathBuf {
        self.data.join(&self.ops.socket)
    }

    /// How many workers to start: as stated, or one for each core but one, which is left to the journal's
    /// writer, the store and the system's network.
    pub fn worker_count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let wanted = match self.workers {
            0 => cores().saturating_sub(1).max(1),
            stated => stated,
        };
        wanted.min(WORKERS_MAX).min(usize::from(self.partitions))
    }
}

/// Everything at its default, paths still relative and nobody to connect: where tests and tools begin.
impl Default for Settings {
    fn default() -> Self {
        Self {
            environment: Environment::default(),
            data: "data".into(),
            parties_folder: "parties".into(),
            workers: 0,
            partitions: 64,
            currency: Currency::USD,
            mall: MallSettings::default(),
            sandbox: SandboxSettings::default(),
            leased: LeasedSettings::default(),
            limits: LimitSettings::default(),
            encryption: EncryptionSettings::default(),
            vault: VaultSettings::default(),
            host: HostLinkSettings::default(),
            journal: JournalSettings::default(),
            store: StoreSettings::default(),
            notify: NotifySettings::default(),
            ops: OpsSettings::default(),
            log: LogSettings::default(),
            cluster: None,
            parties: Vec::new(),
            outdated_keys: Vec::new(),
        }
    }
}
