//! Whose word about a server's name is taken: the operator's authorities, or those that the machine knows.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::SettingsError;

/// The authorities of a PEM file; without one, the machine's.
pub(super) fn roots(authority: Option<&Path>) -> Result<RootCertStore, SettingsError> {
    let mut store = RootCertStore::empty();
    match authority {
        Some(path) => {
            for certificate in certificates(path)? {
                store
                    .add(certificate)
                    .map_err(|why| unusable(path, why.to_string()))?;
            }
        }
        None => {
            // One that cannot be read is one fewer to trust.
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    Ok(store)
}

/// A PEM file's bytes, once it is known that there is a certificate in it.
pub(super) fn pem(path: &Path) -> Result<Vec<u8>, SettingsError> {
    certificates(path)?;
    std::fs::read(path).map_err(|why| unusable(path, why.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|why| unusable(path, why.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable(path, "no certificate in the file".to_owned()));
    }
    Ok(certificates)
}

fn unusable(path: &Path, why: String) -> SettingsError {
    SettingsError::Certificate {
        path: path.to_path_buf(),
        why,
    }
}
