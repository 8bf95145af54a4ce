//! The keys of the data, under the master key that the settings name.

use std::path::Path;

use tessera_encryption::{DataKeys, KeySource, make_master_key};
use tessera_vault::KeyRing;

use super::{Environment, Settings, SettingsError};

impl Settings {
    /// The keys of the data, for the process that writes it: the key table is made where it is missing, and so is the
    /// master key's file of a development switch.
    ///
    /// # Errors
    /// Where there is no master key, or the key table can't be read, made or unwrapped.
    pub fn data_keys(&self) -> Result<DataKeys, SettingsError> {
        if let Some(path) = self.master_key_to_make() {
            make_master_key(path)?;
        }
        let master = self.encryption.master_key.open()?;
        Ok(DataKeys::open(&self.data, master)?)
    }

    /// The keys of the data, for a command that reads it: nothing is written.
    ///
    /// # Errors
    /// Where there is no master key, there is no key table, or it can't be read or unwrapped.
    pub fn data_keys_to_read(&self) -> Result<DataKeys, SettingsError> {
        let master = self.encryption.master_key.open()?;
        Ok(DataKeys::read(&self.data, master)?)
    }

    /// Opens the lines of another node's key table with this node's master key. Nothing is written.
    ///
    /// # Errors
    /// Where there is no master key, or it does not open them.
    pub fn opens(&self, lines: &[String]) -> Result<(), SettingsError> {
        let master = self.encryption.master_key.open()?;
        Ok(DataKeys::open_lines(&self.data, lines, master)?)
    }

    /// The vault's keys of a build before, where there are any.
    ///
    /// # Errors
    /// Where the file can't be read.
    pub fn vault_ring(&self) -> Result<Option<KeyRing>, SettingsError> {
        let path = &self.vault.keys;
        Ok(path.exists().then(|| KeyRing::read(path)).transpose()?)
    }

    /// Whether the master key can be had. A development switch makes the file where there is none.
    pub(super) fn check_master_key(&self) -> Result<(), SettingsError> {
        if self.master_key_to_make().is_none() {
            self.encryption.master_key.open()?;
        }
        Ok(())
    }

    /// The missing file of a development switch that has no data yet.
    fn master_key_to_make(&self) -> Option<&Path> {
        match &self.encryption.master_key {
            KeySource::File(path) => {
                let is_new = !path.exists() && !DataKeys::are_in(&self.data);
                (is_new && self.environment == Environment::Development).then_some(path)
            }
            KeySource::Environment(_) | KeySource::Command(_) | KeySource::Token(_) => None,
        }
    }
}
