//! HTTPS from the PEM files that the settings name.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use tessera_common::certificates::tls_error;
use tessera_common::pem;

use crate::settings::{HttpsSettings, Settings, SettingsError};

impl Settings {
    /// Tries what only shows when files are opened: certificate and key.
    ///
    /// # Errors
    /// The first that can't be used.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.tls.as_ref().map(https_server).transpose().map(drop)
    }
}

/// The server's side of HTTPS: TLS 1.2 and 1.3.
pub(crate) fn https_server(settings: &HttpsSettings) -> Result<ServerConfig, SettingsError> {
    let chain = pem::certificates(&settings.certificate)
        .map_err(|why| refused(&settings.certificate, &why))?;
    let key = pem::private_key(&settings.key).map_err(|why| refused(&settings.key, &why))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| refused(&settings.certificate, &why))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|why| refused(&settings.key, &tls_error(&why)))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn refused(path: &Path, why: &dyn std::fmt::Display) -> SettingsError {
    SettingsError::Certificate {
        path: path.to_path_buf(),
        why: why.to_string(),
    }
}
