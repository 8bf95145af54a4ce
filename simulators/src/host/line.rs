//! The server's side of the leased line: TLS 1.3 only, with certificates on both sides.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tessera_common::certificates::tls_error;
use tessera_common::pem::{self, PemError};
use tokio_rustls::TlsAcceptor;

use super::settings::TlsSettings;

/// Why there can be no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// A PEM file could not be read, or holds nothing of what it should.
    #[error("{}: {why} (`tessera certs` makes development certificates)", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: PemError,
    },
    /// The certificates do not do.
    #[error("{}: {why}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// Accepts every client with a certificate of the authority.
pub(super) fn acceptor(settings: &TlsSettings) -> Result<TlsAcceptor, LineError> {
    let unfit = |path: &Path, why: String| LineError::Certificate {
        path: path.to_owned(),
        why,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(&settings.authority)? {
        authorities
            .add(certificate)
            .map_err(|why| unfit(&settings.authority, why.to_string()))?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider.clone())
            .build()
            .map_err(|why| unfit(&settings.authority, why.to_string()))?;
    let key = pem::private_key(&settings.key).map_err(|why| LineError::Pem {
        path: settings.key.clone(),
        why,
    })?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|why| unfit(&settings.certificate, why.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&settings.certificate)?, key)
        .map_err(|why| unfit(&settings.certificate, tls_error(&why)))?;
    // Lines last for days: nobody resumes them, and a ticket would be a frame that the peer must skip.
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, LineError> {
    pem::certificates(path).map_err(|why| LineError::Pem {
        path: path.to_owned(),
        why,
    })
}
