//! From the text of a configuration file to [`Settings`], or to a complaint that says where.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tessera_console::LogSettings;
use tessera_protocol::Currency;

use super::bounds::Breach;
use super::encryption::EncryptionTable;
use super::source::Source;
use super::{
    ClusterSettings, Environment, HostLinkSettings, JournalSettings, LeasedSettings, LimitSettings,
    MallSettings, NotifySettings, OpsSettings, Party, SandboxSettings, Settings, SettingsError,
    StoreSettings, VaultSettings, units,
};
use super::{limits, notify, parties, tls};

/// The top of the file. What is not stated is as in [`Settings::default`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    environment: Environment,
    data: PathBuf,
    parties: PathBuf,
    workers: usize,
    partitions: u16,
    #[serde(with = "units::currency")]
    currency: Currency,
    mall: MallSettings,
    sandbox: SandboxSettings,
    leased: LeasedSettings,
    limits: LimitSettings,
    encryption: EncryptionTable,
    vault: VaultSettings,
    host: HostLinkSettings,
    journal: JournalSettings,
    store: StoreSettings,
    notify: NotifySettings,
    ops: OpsSettings,
    log: LogSettings,
    cluster: Option<ClusterSettings>,
}

impl Default for File {
    fn default() -> Self {
        Self::from(Settings::default())
    }
}

impl From<Settings> for File {
    fn from(settings: Settings) -> Self {
        Self {
            environment: settings.environment,
            data: settings.data,
            parties: settings.parties_folder,
            workers: settings.workers,
            partitions: settings.partitions,
            currency: settings.currency,
            mall: settings.mall,
            sandbox: settings.sandbox,
            leased: settings.leased,
            limits: settings.limits,
            encryption: EncryptionTable::default(),
            vault: settings.vault,
            host: settings.host,
            journal: settings.journal,
            store: settings.store,
            notify: settings.notify,
            ops: settings.ops,
            log: settings.log,
            cluster: settings.cluster,
        }
    }
}

impl Settings {
    /// Reads and checks a configuration file, the parties' files, and the MAC keys that they name.
    /// Certificates are not looked at: see [`Settings::check`].
    pub fn read(file: &Path) -> Result<Self, SettingsError> {
        let source = Source::read(file)?;
        let base = file.parent().unwrap_or(Path::new(""));
        let settled = settle(source.parse()?, base);
        let mut settings = settled.map_err(|breach| source.complaint(breach))?;
        limits::check(&settings).map_err(|breach| source.complaint(breach))?;
        settings.parties = settings.read_parties()?;
        settings.outdated_keys = source.outdated_keys()?;
        Ok(settings)
    }

    /// The parties as their files say now.
    pub fn read_parties(&self) -> Result<Vec<Party>, SettingsError> {
        parties::read(&parties::Folder {
            path: &self.parties_folder,
            environment: self.environment,
            mall: &self.mall,
            institutions: [self.leased.institution, self.host.institution],
        })
    }

    /// Names these parties, their files and their keys, in 16 hexadecimal digits: it is the same where all of that is.
    ///
    /// # Errors
    /// Where a file can't be read.
    pub fn parties_digest(&self, parties: &[Party]) -> Result<String, SettingsError> {
        parties::digest(&self.parties_folder, parties)
    }

    /// Tries what [`Settings::read`] leaves for later: certificates, private keys and authorities.
    pub fn check(&self) -> Result<(), SettingsError> {
        tls::check_certificates(self)?;
        tls::host_client(&self.host)?;
        tls::leased_server(&self.leased)?;
        tls::check_authorities(self)?;
        self.check_master_key()?;
        self.vault_ring()?;
        self.mall.tls.as_ref().map(tls::mall_server).transpose()?;
        self.cluster.as_ref().map(tls::cluster_client).transpose()?;
        Ok(())
    }
}

/// Paths seen from the folder of the file.
fn settle(file: File, base: &Path) -> Result<Settings, Breach> {
    let mut settings = Settings {
        environment: file.environment,
        data: file.data,
        parties_folder: file.parties,
        workers: file.workers,
        partitions: file.partitions,
        currency: file.currency,
        mall: file.mall,
        sandbox: file.sandbox,
        leased: file.leased,
        limits: file.limits,
        encryption: file.encryption.settle(base)?,
        vault: file.vault,
        host: file.host,
        journal: file.journal,
        store: file.store,
        notify: file.notify,
        ops: file.ops,
        log: file.log,
        cluster: file.cluster,
        parties: Vec::new(),
        outdated_keys: Vec::new(),
    };
    for path in [
        &mut settings.data,
        &mut settings.parties_folder,
        &mut settings.leased.certificate,
        &mut settings.leased.key,
        &mut settings.leased.client_authority,
        &mut settings.vault.keys,
        &mut settings.host.certificate,
        &mut settings.host.key,
        &mut settings.host.authority,
    ] {
        *path = base.join(&*path);
    }
    if let Some(tls) = &mut settings.mall.tls {
        tls.certificate = base.join(&tls.certificate);
        tls.key = base.join(&tls.key);
        tls.client_authority = tls.client_authority.as_ref().map(|path| base.join(path));
    }
    if let Some(cluster) = &mut settings.cluster {
        cluster.resolve(base);
    }
    notify::resolve(&mut settings.notify, base);
    Ok(settings)
}
