//! `cluster.json` in a node's data folder: of which log its data is, and how many changes beside the journal it has.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tessera_common::bounded;

/// The file's name.
const NAME: &str = "cluster.json";
/// It has a few short fields.
const BYTES_MAX: usize = 4096;

/// What a node's folder says of the log that its data comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Of the file. This build knows 1.
    pub version: u32,
    /// Which log: 32 hexadecimal digits.
    pub log: String,
    /// Entries that have changed files beside the journal here.
    pub beside: u64,
    /// This node was active last, as far as it knows: its folder has all that was ever released.
    #[serde(default)]
    pub active: bool,
    /// The newest epoch that it knows. Of two folders that say that their node was active last, the one with the higher epoch is right; and
    /// none is where a standby's folder knows of a higher one.
    #[serde(default)]
    pub epoch: u64,
}

/// Why it can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct MembershipError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub why: io::Error,
}

/// Keeps count in the file.
#[derive(Clone)]
pub(crate) struct BesideCount {
    data: PathBuf,
    membership: Membership,
}

impl Membership {
    /// What the folder says; `None` where its data was never in a cluster.
    ///
    /// # Errors
    /// Where the file can't be read or is something else.
    pub fn read(data: &Path) -> Result<Option<Self>, MembershipError> {
        let path = data.join(NAME);
        let failed = |why| MembershipError {
            path: path.clone(),
            why,
        };
        let read = File::open(&path).and_then(|file| bounded::all(file, BYTES_MAX));
        let text = match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(failed)?,
        };
        let found: Self = serde_json::from_slice(&text)
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        if found.version != 1 {
            let newer = format!("format {} is of a newer build", found.version);
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, newer)));
        }
        Ok(Some(found))
    }

    /// Writes it, durably.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn write(&self, data: &Path) -> Result<(), MembershipError> {
        let path = data.join(NAME);
        let failed = |why| MembershipError {
            path: path.clone(),
            why,
        };
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        let partial = path.with_extension("partial");
        let write = || -> io::Result<()> {
            let mut file = File::create(&partial)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&partial, &path)?;
            File::open(data)?.sync_all()
        };
        write().map_err(failed)
    }

    /// The data is of no cluster any more.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remove(data: &Path) -> Result<(), MembershipError> {
        let path = data.join(NAME);
        let remove = || -> io::Result<()> {
            fs::remove_file(&path)?;
            File::open(data)?.sync_all()
        };
        remove().map_err(|why| MembershipError {
            path: path.clone(),
            why,
        })
    }
}

impl BesideCount {
    pub fn new(data: &Path, membership: Membership) -> Self {
        Self {
            data: data.to_owned(),
            membership,
        }
    }

    pub fn count(&self) -> u64 {
        self.membership.beside
    }

    /// Records whether this node is active, if that has changed.
    pub fn set_active(&mut self, active: bool, epoch: u64) -> Result<(), MembershipError> {
        if self.membership.active == active && self.membership.epoch == epoch {
            return Ok(());
        }
        (self.membership.active, self.membership.epoch) = (active, epoch);
        self.membership.write(&self.data)
    }

    pub fn save(&mut self, count: u64) -> Result<(), MembershipError> {
        self.membership.beside = count;
        self.membership.write(&self.data)
    }
}
