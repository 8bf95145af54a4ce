//! Whose word about a server's name is taken: the operator's authorities, or those that the machine knows.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tessera_common::{bounded, pem};

use tessera_config::SettingsError;

/// The authorities of a PEM file; without one, the machine's.
fn roots(authority: Option<&Path>) -> Result<RootCertStore, SettingsError> {
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

/// The client's side of TLS with a server of these authorities.
pub(crate) fn client(authority: Option<&Path>) -> Result<Arc<ClientConfig>, SettingsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| unusable(authority.unwrap_or(Path::new("")), why.to_string()))?
        .with_root_certificates(roots(authority)?)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A PEM file's bytes, once it is known that there is a certificate in it.
pub(super) fn pem_bytes(path: &Path) -> Result<Vec<u8>, SettingsError> {
    certificates(path)?;
    bounded::file(path).map_err(|why| unusable(path, why.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    pem::certificates(path).map_err(|why| unusable(path, why.to_string()))
}

fn unusable(path: &Path, why: String) -> SettingsError {
    SettingsError::Certificate {
        path: path.to_path_buf(),
        why,
    }
}
