//! Mutual TLS 1.3 for the two leased lines, and TLS for malls, from the PEM files that the settings name.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tessera_common::certificates::{ShownAs, flaw, tls_error};
use tessera_common::pem;

use super::certificate;
use super::{
    ClusterSettings, HostLinkSettings, LeasedSettings, MallTlsSettings, Settings, SettingsError,
};

/// The client's side of the line to the financial system: shows our certificate, believes only `authority`.
pub fn host_client(settings: &HostLinkSettings) -> Result<Arc<ClientConfig>, SettingsError> {
    let authorities = authorities(&settings.authority)?;
    let chain = certificates(&settings.certificate)?;
    let key = private_key(&settings.key)?;
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|why| certificate_error(&settings.certificate, why))?
        .with_root_certificates(authorities)
        .with_client_auth_cert(chain, key)
        .map(Arc::new)
        .map_err(|why| pair_error(&settings.certificate, &settings.key, &why))
}

/// The client's side of the connections to etcd: shows our certificate, believes only `authority`. `None` where no certificate is
/// configured.
pub fn cluster_client(
    settings: &ClusterSettings,
) -> Result<Option<Arc<ClientConfig>>, SettingsError> {
    let (Some(certificate), Some(key), Some(authority)) =
        (&settings.certificate, &settings.key, &settings.authority)
    else {
        return Ok(None);
    };
    let authorities = authorities(authority)?;
    let (chain, private) = (certificates(certificate)?, private_key(key)?);
    let client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|why| certificate_error(certificate, why))?
        .with_root_certificates(authorities)
        .with_client_auth_cert(chain, private)
        .map_err(|why| pair_error(certificate, key, &why))?;
    Ok(Some(Arc::new(client)))
}

/// The server's side of the connections from other nodes: a client without a certificate of `authority` is refused. `None` where no
/// certificate is configured.
pub fn cluster_server(
    settings: &ClusterSettings,
) -> Result<Option<Arc<ServerConfig>>, SettingsError> {
    let (Some(certificate), Some(key), Some(authority)) =
        (&settings.certificate, &settings.key, &settings.authority)
    else {
        return Ok(None);
    };
    let authorities = Arc::new(authorities(authority)?);
    let (chain, private) = (certificates(certificate)?, private_key(key)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider())
        .build()
        .map_err(|why| certificate_error(certificate, why))?;
    let server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|why| certificate_error(certificate, why))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, private)
        .map_err(|why| pair_error(certificate, key, &why))?;
    Ok(Some(Arc::new(server)))
}

/// The server's side of the wallet server's line: a client without a certificate of `client_authority` is refused. Which of
/// these certificates are wallet servers' is checked after the handshake.
pub fn leased_server(settings: &LeasedSettings) -> Result<Arc<ServerConfig>, SettingsError> {
    let authorities = Arc::new(authorities(&settings.client_authority)?);
    let chain = certificates(&settings.certificate)?;
    let key = private_key(&settings.key)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider())
        .build()
        .map_err(|why| certificate_error(&settings.client_authority, why))?;
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|why| certificate_error(&settings.certificate, why))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map(Arc::new)
        .map_err(|why| pair_error(&settings.certificate, &settings.key, &why))
}

/// An authority that signs the certificates of malls and of wallet servers makes each of those a key to the wallet server's
/// line, unless the wallet servers' are named.
pub fn check_authorities(settings: &Settings) -> Result<(), SettingsError> {
    let of_malls = settings.mall.tls.as_ref();
    let Some(of_malls) = of_malls.and_then(|tls| tls.client_authority.as_ref()) else {
        return Ok(());
    };
    if !settings.leased.certificates().is_empty() {
        return Ok(());
    }
    let of_wallet_servers = &settings.leased.client_authority;
    let signers = |path: &Path| -> Result<Vec<_>, SettingsError> {
        Ok(certificates(path)?
            .iter()
            .filter_map(|certificate| certificate::signer(certificate))
            .collect())
    };
    let malls = signers(of_malls)?;
    match signers(of_wallet_servers)?
        .iter()
        .any(|signer| malls.contains(signer))
    {
        true => Err(SettingsError::SharedAuthority {
            of_wallet_servers: of_wallet_servers.clone(),
            of_malls: of_malls.clone(),
        }),
        false => Ok(()),
    }
}

/// The server's side of the malls' TLS port: client certificates must be signed by `client_authority`, and a party
/// whose profile names a certificate is refused without it.
pub fn mall_server(settings: &MallTlsSettings) -> Result<Arc<ServerConfig>, SettingsError> {
    let chain = certificates(&settings.certificate)?;
    let key = private_key(&settings.key)?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|why| certificate_error(&settings.certificate, why))?;
    let builder = match &settings.client_authority {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let authorities = Arc::new(authorities(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider())
                .allow_unauthenticated()
                .build()
                .map_err(|why| certificate_error(path, why))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder
        .with_single_cert(chain, key)
        .map(Arc::new)
        .map_err(|why| pair_error(&settings.certificate, &settings.key, &why))
}

/// What we show must be what the other side accepts: in plain words why it would not be, before TLS says it in its own.
pub fn check_certificates(settings: &Settings) -> Result<(), SettingsError> {
    let of_malls = settings.mall.tls.as_ref().map(|tls| &tls.certificate);
    let of_node = settings
        .cluster
        .as_ref()
        .and_then(|cluster| cluster.certificate.as_ref());
    let shown = [
        (Some(&settings.host.certificate), ShownAs::Client),
        (Some(&settings.leased.certificate), ShownAs::Server),
        (of_malls, ShownAs::Server),
        (of_node, ShownAs::Client),
        (of_node, ShownAs::Server),
    ];
    let now = UnixTime::now().as_secs() as i64;
    for (path, shown_as) in shown {
        let Some(path) = path else {
            continue;
        };
        if let Some(why) = flaw(&certificates(path)?, shown_as, now) {
            let path = path.to_path_buf();
            return Err(SettingsError::Refused { path, why });
        }
    }
    Ok(())
}

/// When the first certificate of a file ends, in seconds since 1970.
pub fn ends_at(path: &Path) -> Result<i64, SettingsError> {
    let chain = certificates(path)?;
    let first = chain
        .first()
        .and_then(|certificate| certificate::ends_at(certificate));
    first.ok_or_else(|| certificate_error(path, "no certificate that can be read"))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn authorities(path: &Path) -> Result<RootCertStore, SettingsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store
            .add(certificate)
            .map_err(|why| certificate_error(path, why))?;
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SettingsError> {
    pem::certificates(path).map_err(|why| certificate_error(path, why))
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, SettingsError> {
    pem::private_key(path).map_err(|why| SettingsError::Key {
        path: path.to_path_buf(),
        why: why.to_string(),
    })
}

fn certificate_error(path: &Path, why: impl ToString) -> SettingsError {
    SettingsError::Certificate {
        path: path.to_path_buf(),
        why: why.to_string(),
    }
}

/// A certificate and a key that are each readable but cannot be used together.
fn pair_error(certificate: &Path, key: &Path, why: &rustls::Error) -> SettingsError {
    match why {
        rustls::Error::InconsistentKeys(_) => SettingsError::Key {
            path: key.to_path_buf(),
            why: format!("it is not the key of {}", certificate.display()),
        },
        other => certificate_error(certificate, tls_error(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use tessera_encryption::KeySource;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair};
    use rustls::pki_types::ServerName;
    use rustls::{ClientConnection, ServerConnection};

    use super::*;
    use crate::Settings;

    /// An authority and a certificate signed by it, as PEM files of a folder, and settings that name them.
    fn certified() -> (tempfile::TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".into()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let write = |name: &str, text: String| -> PathBuf {
            let path = folder.path().join(name);
            write_for_us_alone(&path, &text);
            path
        };
        let mut settings = Settings::default();
        settings.host.authority = write("authority.pem", authority.pem());
        write("authority.key", authority.key().serialize_pem());
        settings.host.certificate = write("switch.pem", certificate.pem());
        settings.host.key = write("switch.key", key.serialize_pem());
        settings.leased.client_authority = settings.host.authority.clone();
        settings.leased.certificate = settings.host.certificate.clone();
        settings.leased.key = settings.host.key.clone();
        let master_key = folder.path().join("master.key");
        tessera_common::key_file::make(&master_key, 32).unwrap();
        settings.encryption.master_key = KeySource::File(master_key);
        settings.vault.keys = folder.path().join("vault.keys");
        (folder, settings)
    }

    fn write_for_us_alone(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    }

    /// The handshake of both sides in memory: an error of the one that gives up first.
    fn shake(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> Result<(), rustls::Error> {
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(client, name).unwrap();
        let mut server = ServerConnection::new(server).unwrap();
        while client.wants_write() || server.wants_write() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            client.read_tls(&mut wire.as_slice()).unwrap();
            client.process_new_packets()?;
        }
        assert!(!client.is_handshaking() && !server.is_handshaking());
        assert_eq!(
            server.protocol_version(),
            Some(rustls::ProtocolVersion::TLSv1_3)
        );
        Ok(())
    }

    #[test]
    fn lets_in_only_clients_of_its_authority() {
        let (_folder, settings) = certified();
        let server = || leased_server(&settings.leased).unwrap();
        shake(host_client(&settings.host).unwrap(), server()).unwrap();

        let nobody = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(authorities(&settings.host.authority).unwrap())
            .with_no_client_auth();
        let error = shake(Arc::new(nobody), server()).unwrap_err();
        assert_eq!(error, rustls::Error::NoCertificatesPresented);

        let (_other_folder, mut other) = certified();
        other.host.authority = settings.host.authority.clone();
        let error = shake(host_client(&other.host).unwrap(), server()).unwrap_err();
        assert!(
            matches!(error, rustls::Error::InvalidCertificate(_)),
            "{error}"
        );

        let (_other_folder, other) = certified();
        let error = shake(host_client(&other.host).unwrap(), server()).unwrap_err();
        assert!(
            matches!(error, rustls::Error::InvalidCertificate(_)),
            "{error}"
        );
    }

    /// A client that shows this certificate, and the words for why the server refuses it.
    fn refusal(settings: &Settings, change: impl FnOnce(&mut CertificateParams)) -> String {
        let authority = std::fs::read_to_string(&settings.host.authority).unwrap();
        let key = std::fs::read_to_string(settings.host.authority.with_extension("key")).unwrap();
        let issuer =
            Issuer::from_ca_cert_pem(&authority, KeyPair::from_pem(&key).unwrap()).unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        change(&mut params);
        let own = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&own, &issuer).unwrap();
        let mut settings = settings.clone();
        let write = |path: &mut PathBuf, name: &str, text: &str| {
            *path = path.with_file_name(name);
            write_for_us_alone(path, text);
        };
        write(
            &mut settings.host.certificate,
            "client.pem",
            &certificate.pem(),
        );
        write(&mut settings.host.key, "client.key", &own.serialize_pem());
        let server = leased_server(&settings.leased).unwrap();
        tls_error(&shake(host_client(&settings.host).unwrap(), server).unwrap_err())
    }

    #[test]
    fn a_refused_handshake_says_what_is_wrong_with_the_certificate() {
        let (_folder, settings) = certified();
        let expired = refusal(&settings, |params| {
            params.not_after = rcgen::date_time_ymd(2026, 1, 1);
        });
        assert!(
            expired.starts_with(
                "the certificate has expired: it was valid until Jan  1 00:00:00 2026"
            ),
            "{expired}"
        );
        let early = refusal(&settings, |params| {
            params.not_before = rcgen::date_time_ymd(2200, 1, 1);
        });
        assert!(
            early.starts_with("the certificate is not valid yet"),
            "{early}"
        );
        let purpose = refusal(&settings, |params| {
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        });
        assert_eq!(
            purpose,
            "the extended key usage of the certificate has no clientAuth"
        );
        let authority = refusal(&settings, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        });
        assert!(
            authority.contains("that of an authority (CA:TRUE)"),
            "{authority}"
        );

        let (_other_folder, other) = certified();
        let mut foreign = settings.clone();
        foreign.host.certificate = other.host.certificate.clone();
        foreign.host.key = other.host.key.clone();
        let server = leased_server(&settings.leased).unwrap();
        let error = shake(host_client(&foreign.host).unwrap(), server).unwrap_err();
        assert!(
            tls_error(&error).contains("of the wrong authority"),
            "{error}"
        );
        let unnamed = refusal_of_server(&settings);
        assert!(unnamed.contains("no subjectAltName"), "{unnamed}");
    }

    /// The words of a client for a server whose certificate names nobody.
    fn refusal_of_server(settings: &Settings) -> String {
        let client = host_client(&settings.host).unwrap();
        let mut settings = settings.clone();
        settings.leased.certificate = settings.leased.certificate.with_file_name("client.pem");
        settings.leased.key = settings.leased.key.with_file_name("client.key");
        let _ = refusal(&settings, |_| {});
        let server = leased_server(&settings.leased).unwrap();
        tls_error(&shake(client, server).unwrap_err())
    }

    /// What `--check` says, without the folder.
    #[track_caller]
    fn complaint(folder: &tempfile::TempDir, settings: &Settings) -> String {
        let error = settings.check().unwrap_err().to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    /// A port for malls with TLS, whose certificates this authority signs.
    fn with_malls(settings: &mut Settings, authority: &Path) {
        settings.mall.tls = Some(MallTlsSettings {
            listen: settings.mall.listen,
            proxy_protocol_from: Vec::new(),
            certificate: settings.leased.certificate.clone(),
            key: settings.leased.key.clone(),
            client_authority: Some(authority.to_path_buf()),
        });
    }

    #[test]
    fn an_authority_of_malls_and_wallet_servers_needs_the_wallet_servers_named() {
        let (folder, mut settings) = certified();
        let authority = settings.leased.client_authority.clone();
        with_malls(&mut settings, &authority);
        assert_eq!(
            complaint(&folder, &settings),
            "leased.client_authority = \"authority.pem\" also signs the certificates of malls (mall.tls.client_authority = \
             \"authority.pem\"), so any mall could connect as the wallet server: name the wallet server's in [leased], as in \
             certificate_names = [\"wallet-server.example\"], certificate_subjects = [\"CN=wallet server\"], or \
             certificate_fingerprints = [\"...\"] (`openssl x509 -noout -subject -fingerprint -sha256 -in wallet-server.pem`)"
        );
        // The same authority in another file is the same authority.
        let copy = folder.path().join("copy.pem");
        let (_other_folder, other) = certified();
        let both = [&other.leased.client_authority, &authority]
            .map(|path| std::fs::read_to_string(path).unwrap());
        std::fs::write(&copy, both.concat()).unwrap();
        with_malls(&mut settings, &copy);
        assert!(settings.check().is_err());
        // Another one is not, and neither is one with names.
        with_malls(&mut settings, &other.leased.client_authority);
        settings.check().unwrap();
        with_malls(&mut settings, &authority);
        settings.leased.certificate_names = vec!["wallet-server.example".into()];
        settings.check().unwrap();
    }

    #[test]
    fn a_certificate_is_named_by_fingerprint_subject_or_name() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["Wallet.Example".into()]).unwrap();
        let common_name = rcgen::DnType::CommonName;
        params.distinguished_name.push(common_name, "wallet server");
        let certificate = params.self_signed(&key).unwrap();
        let shown = super::super::Identity::of(certificate.der()).unwrap();
        let named = |fingerprints: &[&str], subjects: &[&str], names: &[&str]| {
            let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
            let settings = LeasedSettings {
                certificate_fingerprints: texts(fingerprints),
                certificate_subjects: texts(subjects),
                certificate_names: texts(names),
                ..LeasedSettings::default()
            };
            settings.certificates().include(&shown)
        };
        let digits = shown.fingerprint.map(|byte| format!("{byte:02X}"));
        let fingerprint = digits.join(":");
        let another = fingerprint
            .replacen(&digits[0], "00", 1)
            .replacen("00", "01", 1);
        let subject = shown.subject.clone();
        assert!(named(&[], &[], &[]));
        assert!(named(&[&another, &fingerprint], &[], &[]));
        assert!(named(&[&another], &[&subject], &[]));
        assert!(named(&[], &["CN=mall"], &["wallet.EXAMPLE"]));
        assert!(!named(&[&another], &[], &[]));
        assert!(!named(&[], &["CN=mall", "wallet server"], &[]));
        assert!(!named(&[], &[], &["example", "mall.example"]));
    }

    #[test]
    fn accepts_what_fits_together() {
        certified().1.check().unwrap();
    }

    #[test]
    fn a_ring_of_an_earlier_build_is_checked() {
        let (folder, settings) = certified();
        write_for_us_alone(&settings.vault.keys, "1 00\n");
        assert_eq!(
            complaint(&folder, &settings),
            "line 1 of the vault's key file is not a key: a number and 64 hexadecimal digits are needed"
        );
    }

    #[test]
    fn only_a_development_switch_makes_its_master_key() {
        let (folder, mut settings) = certified();
        settings.data = folder.path().join("data");
        let path = folder.path().join("keys/master.key");
        settings.encryption.master_key = KeySource::File(path.clone());
        assert_eq!(
            complaint(&folder, &settings),
            "there is no master key at keys/master.key: `tessera keys make --bits 256 keys/master.key` makes one; if data is \
             there, restore the key that belongs to it"
        );
        assert!(settings.data_keys().is_err());
        assert!(!settings.data.exists());

        settings.environment = crate::Environment::Development;
        settings.check().unwrap();
        assert!(!path.exists(), "a check made a key");
        assert!(settings.data_keys_to_read().is_err());
        assert!(!path.exists(), "a reader made a key");
        let newest = settings.data_keys().unwrap().newest();
        assert_eq!(settings.data_keys_to_read().unwrap().newest(), newest);
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn names_the_file_and_what_is_wrong_with_it() {
        let (folder, mut settings) = certified();
        settings.host.certificate = folder.path().join("none.pem");
        assert_eq!(
            complaint(&folder, &settings),
            "unreadable certificate: none.pem: No such file or directory (os error 2)"
        );
        settings.host.certificate = settings.host.key.clone();
        assert_eq!(
            complaint(&folder, &settings),
            "unreadable certificate: switch.key: no certificate in the file"
        );

        let (folder, mut settings) = certified();
        settings.leased.key = settings.leased.certificate.clone();
        assert_eq!(
            complaint(&folder, &settings),
            "unreadable key: switch.pem: no private key in the file"
        );
        let open = Permissions::from_mode(0o640);
        std::fs::set_permissions(&settings.leased.key, open).unwrap();
        assert_eq!(
            complaint(&folder, &settings),
            "unreadable key: switch.pem: others can read it: `chmod 600 switch.pem`"
        );
        let other = folder.path().join("other.key");
        write_for_us_alone(&other, &KeyPair::generate().unwrap().serialize_pem());
        settings.leased.key = other;
        assert_eq!(
            complaint(&folder, &settings),
            "unreadable key: other.key: it is not the key of switch.pem"
        );

        let (folder, settings) = certified();
        let unnamed = CertificateParams::new(Vec::new()).unwrap();
        let unnamed = unnamed.self_signed(&KeyPair::generate().unwrap()).unwrap();
        std::fs::write(&settings.leased.certificate, unnamed.pem()).unwrap();
        assert_eq!(
            complaint(&folder, &settings),
            "switch.pem: the certificate has no subjectAltName, and a server's needs one with its names or addresses, as in \
             DNS:switch.example"
        );

        let (folder, settings) = certified();
        std::fs::write(
            &settings.host.authority,
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        assert!(
            complaint(&folder, &settings)
                .starts_with("unreadable certificate: authority.pem: invalid peer certificate")
        );
    }
}
