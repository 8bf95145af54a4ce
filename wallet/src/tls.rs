//! TLS from the PEM files that the settings name: our side of the leased line, and HTTPS.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tessera_common::pem;

use crate::settings::{HttpsSettings, LineSettings, SettingsError};

/// The client's side of the leased line: TLS 1.3, our certificate, and nobody believed but `authority`.
pub(crate) fn line_client(settings: &LineSettings) -> Result<Arc<ClientConfig>, SettingsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&settings.authority)? {
        roots
            .add(certificate)
            .map_err(|why| refused(&settings.authority, &why))?;
    }
    let chain = certificates(&settings.certificate)?;
    let key = private_key(&settings.key)?;
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|why| refused(&settings.certificate, &why))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map(Arc::new)
        .map_err(|why| refused(&settings.key, &why))
}

/// The server's side of HTTPS: TLS 1.2 and 1.3.
pub(crate) fn https_server(settings: &HttpsSettings) -> Result<ServerConfig, SettingsError> {
    let chain = certificates(&settings.certificate)?;
    let key = private_key(&settings.key)?;
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|why| refused(&settings.certificate, &why))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map(|mut config| {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            config
        })
        .map_err(|why| refused(&settings.key, &why))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    pem::certificates(path).map_err(|why| refused(path, &why))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, SettingsError> {
    pem::private_key(path).map_err(|why| refused(path, &why))
}

fn refused(path: &Path, why: &dyn std::fmt::Display) -> SettingsError {
    SettingsError::Certificate {
        path: path.to_path_buf(),
        why: why.to_string(),
    }
}
