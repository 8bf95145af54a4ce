//! The keys of the data, under the master key that the settings name.

use tessera_common::key_file::{self, KeyFileError};
use tessera_encryption::{DataKeys, KeySource};

use super::{Environment, Settings, SettingsError};

/// Bytes of a master key.
const KEY_BYTES: usize = 32;

impl Settings {
    /// The keys of the data, for the process that writes it: the key table is made where it is missing, and so is the
    /// master key's file of a development switch.
    ///
    /// # Errors
    /// Where there is no master key, or the key table can't be read, made or unwrapped.
    pub fn data_keys(&self) -> Result<DataKeys, SettingsError> {
        if let (Environment::Development, KeySource::File(path)) =
            (self.environment, &self.encryption.master_key)
            && !path.exists()
        {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(KeyFileError::io(folder))?;
            }
            key_file::make(path, KEY_BYTES)?;
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

    /// Whether the master key can be had. A development switch makes the file where there is none.
    pub(super) fn check_master_key(&self) -> Result<(), SettingsError> {
        let made_later = match &self.encryption.master_key {
            KeySource::File(path) => self.environment == Environment::Development && !path.exists(),
            KeySource::Environment(_) | KeySource::Command(_) => false,
        };
        if !made_later {
            self.encryption.master_key.open()?;
        }
        Ok(())
    }
}
