//! Members that ask for certificates.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tessera_common::pem;

use super::*;
use crate::testing::Tls;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Files of a certificate for this name and its key.
fn certified(folder: &Path, name: &str, authority: &Authority) -> [PathBuf; 2] {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".into()])
        .unwrap()
        .signed_by(&key, authority)
        .unwrap();
    let files = [
        (name.to_owned(), certificate.pem()),
        (format!("{name}.key"), key.serialize_pem()),
    ];
    files.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    })
}

fn client(authority: &Authority, files: Option<&[PathBuf; 2]>) -> Arc<ClientConfig> {
    let mut trusted = RootCertStore::empty();
    trusted.add(authority.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted);
    Arc::new(match files {
        None => builder.with_no_client_auth(),
        Some([chain, key]) => {
            let chain = pem::certificates(chain).unwrap();
            let key = pem::private_key(key).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    })
}

#[test]
fn speaks_tls_with_certificates_of_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let ours = authority();
    let [certificate, key] = certified(folder.path(), "server", &ours);
    let files = certified(folder.path(), "client", &ours);
    let trusted = folder.path().join("authority");
    std::fs::write(&trusted, ours.pem()).unwrap();
    let rig = EtcdRig::start(&Options {
        tls: Some(Tls {
            certificate,
            key,
            authority: trusted,
            client: client(&ours, Some(&files)),
        }),
        ..options(folder.path(), 1)
    });
    let log = rig.connect("tls");
    let revision = begin(&log);
    append(&log, revision, 1);
    assert_follows(log.follow(1).unwrap().as_mut(), [1]);

    let refused = |tls: Arc<ClientConfig>| {
        let mut settings = rig.settings("tls");
        settings.tls = Some(tls);
        let error = Etcd::new(settings).unwrap().head().unwrap_err();
        assert!(matches!(error, LogError::Unavailable(_)), "{error}");
        error.to_string()
    };
    // We do not show a certificate, or one of another authority; the server shows one of another authority.
    println!("{}", refused(client(&ours, None)));
    let theirs = authority();
    let unknown = certified(folder.path(), "unknown", &theirs);
    println!("{}", refused(client(&ours, Some(&unknown))));
    let error = refused(client(&theirs, Some(&files)));
    assert!(error.contains("invalid peer certificate"), "{error}");
}
