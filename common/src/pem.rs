//! Certificates and private keys out of PEM files.

use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::bounded;
use crate::key_file::{self, KeyFileError};

/// Why a file is of no use. The text does not contain the path: the caller adds it.
#[derive(Debug, thiserror::Error)]
pub enum PemError {
    /// It can't be read.
    #[error(transparent)]
    Io(io::Error),
    /// Other users may read a private key.
    #[error("others can read it: `chmod 600 {}`", .0.display())]
    Open(PathBuf),
    /// It holds nothing of what it should.
    #[error("no {0} in the file")]
    Empty(&'static str),
    /// It is not PEM.
    #[error(transparent)]
    Malformed(pem::Error),
}

/// The certificates of a file, in its order. There is at least one.
///
/// # Errors
/// When the file can't be read, is too long, or holds no certificate.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let bytes = bounded::file(path).map_err(PemError::Io)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(PemError::Empty("certificate")),
        Ok(chain) => Ok(chain),
        Err(why) => Err(malformed(why, "certificate")),
    }
}

/// The first private key of a file.
///
/// # Errors
/// When the file can't be read, others may read it, it is too long, or holds no key.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, PemError> {
    let text = key_file::read(path).map_err(|error| match error {
        KeyFileError::Io { why, .. } => PemError::Io(why),
        KeyFileError::Open { path } => PemError::Open(path),
    })?;
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|why| malformed(why, "private key"))
}

fn malformed(error: pem::Error, kind: &'static str) -> PemError {
    match error {
        pem::Error::NoItemsFound => PemError::Empty(kind),
        pem::Error::Io(why) => PemError::Io(why),
        other => PemError::Malformed(other),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        let complaint = |text: &str, mode| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            [
                certificates(&path).unwrap_err().to_string(),
                private_key(&path).unwrap_err().to_string(),
            ]
        };
        assert_eq!(
            complaint("", 0o600),
            ["no certificate in the file", "no private key in the file"]
        );
        let open = format!("others can read it: `chmod 600 {}`", path.display());
        assert_eq!(complaint("", 0o644)[1], open);
        let endless = Path::new("/dev/zero");
        assert!(matches!(certificates(endless), Err(PemError::Io(_))));
    }
}
