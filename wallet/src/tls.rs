//! TLS from the PEM files that the settings name: our side of the leased line, and HTTPS.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tessera_common::certificates::{ShownAs, flaw, tls_error};
use tessera_common::pem;

use crate::settings::{HttpsSettings, LineSettings, Settings, SettingsError};

impl Settings {
    /// Tries what only shows when files are opened: certificates and keys.
    ///
    /// # Errors
    /// The first that can't be used.
    pub fn check(&self) -> Result<(), SettingsError> {
        shown(&self.line.certificate, ShownAs::Client)?;
        line_client(&self.line)?;
        if let Some(https) = &self.tls {
            shown(&https.certificate, ShownAs::Server)?;
            certified_key(https)?;
        }
        Ok(())
    }
}

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
        .map_err(|why| refused(&settings.key, &tls_error(&why)))
}

/// What the next line to the switch is opened with.
#[derive(Debug)]
pub(crate) struct LineTls(RwLock<Arc<ClientConfig>>);

impl LineTls {
    pub(crate) fn new(client: Arc<ClientConfig>) -> Self {
        Self(RwLock::new(client))
    }

    pub(crate) fn current(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, client: Arc<ClientConfig>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = client;
    }
}

/// The server's side of HTTPS: TLS 1.2 and 1.3, with what `certificates` has at each handshake.
pub(crate) fn https_server(
    settings: &HttpsSettings,
    certificates: &Arc<Certificates>,
) -> Result<ServerConfig, SettingsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|why| refused(&settings.certificate, &why))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(certificates) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Certificate and key of HTTPS, where they belong together.
pub(crate) fn certified_key(settings: &HttpsSettings) -> Result<Arc<CertifiedKey>, SettingsError> {
    let chain = certificates(&settings.certificate)?;
    let key = private_key(&settings.key)?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map(Arc::new)
        .map_err(|why| refused(&settings.key, &tls_error(&why)))
}

/// The certificate that browsers are shown.
#[derive(Debug)]
pub(crate) struct Certificates(RwLock<Arc<CertifiedKey>>);

impl Certificates {
    pub(crate) fn new(key: Arc<CertifiedKey>) -> Self {
        Self(RwLock::new(key))
    }

    pub(crate) fn replace(&self, key: Arc<CertifiedKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&key))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    pem::certificates(path).map_err(|why| refused(path, &why))
}

/// What we show must be what the other side accepts: in plain words why it would not be.
fn shown(path: &Path, shown_as: ShownAs) -> Result<(), SettingsError> {
    let now = UnixTime::now().as_secs() as i64;
    match flaw(&certificates(path)?, shown_as, now) {
        Some(why) => Err(refused(path, &why)),
        None => Ok(()),
    }
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
