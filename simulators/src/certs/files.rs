//! A certificate and its key on disk: always both, the key readable by its owner only.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tessera_common::bounded;

use super::{CertsError, Outcome};

/// Two files with one name.
pub(super) struct Pair {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Pair {
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        Self {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        }
    }

    /// Whether both are there; one without the other is an error.
    pub(super) fn exists(&self) -> Result<bool, CertsError> {
        match (self.certificate.exists(), self.key.exists()) {
            (true, true) => Ok(true),
            (false, false) => Ok(false),
            (true, false) => Err(half(&self.certificate, &self.key)),
            (false, true) => Err(half(&self.key, &self.certificate)),
        }
    }

    pub(super) fn write(&self, certificate: &str, key: &str) -> Result<(), CertsError> {
        replace(&self.key, key)?;
        replace(&self.certificate, certificate)
    }

    pub(super) fn outcome(&self, written: bool) -> Outcome {
        Outcome {
            certificate: self.certificate.clone(),
            written,
        }
    }
}

/// Makes the folder and those above it.
pub(super) fn make_folder(folder: &Path) -> Result<(), CertsError> {
    fs::create_dir_all(folder).map_err(|why| file_error(folder, why))
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, CertsError> {
    bounded::text_file(path).map_err(|why| file_error(path, why))
}

fn half(present: &Path, absent: &Path) -> CertsError {
    CertsError::Half {
        present: present.to_owned(),
        absent: absent.to_owned(),
    }
}

/// Writes beside and renames, so that a reader sees the old text or the new one, and nothing is ever
/// readable by others, not even while it is being written.
fn replace(path: &Path, text: &str) -> Result<(), CertsError> {
    let beside = path.with_extension("new");
    let write = || {
        let _ = fs::remove_file(&beside);
        create(&beside)?.write_all(text.as_bytes())?;
        fs::rename(&beside, path)
    };
    write().map_err(|why| file_error(path, why))
}

fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn file_error(path: &Path, why: std::io::Error) -> CertsError {
    CertsError::File {
        path: path.to_owned(),
        why,
    }
}
