//! The authority and what it signs: ECDSA P-256, valid from yesterday (clocks differ) for some years.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::files::{self, Pair};
use super::{AUTHORITY, CertsError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longer than anybody keeps a development folder, short enough that a forgotten one stops working.
const VALID_DAYS: u32 = 3 * 365;

/// Whom a certificate is for.
pub(super) struct Subject<'a> {
    /// The file's name without its ending.
    pub(super) file: &'a str,
    /// The common name.
    pub(super) name: &'a str,
    /// The names and addresses that it is found under.
    pub(super) names: &'a [&'a str],
    /// What its key may be used for.
    pub(super) usages: &'static [ExtendedKeyUsagePurpose],
}

/// Who signs.
pub(super) struct Authority {
    /// PEM.
    pub(super) certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one.
    pub(super) fn make() -> Result<Self, CertsError> {
        let make = || {
            let key = KeyPair::generate()?;
            let mut params = params("Tessera development CA", &[])?;
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let certificate = params.self_signed(&key)?.pem();
            let issuer = Issuer::new(params, key);
            Ok(Self {
                certificate,
                issuer,
            })
        };
        make().map_err(|why| CertsError::Make {
            file: AUTHORITY.to_owned(),
            why,
        })
    }

    /// The one that wrote these files.
    pub(super) fn read(pair: &Pair) -> Result<Self, CertsError> {
        let unusable = |path: &std::path::Path, why| CertsError::Authority {
            path: path.to_owned(),
            why,
        };
        let certificate = files::read(&pair.certificate)?;
        let key =
            KeyPair::from_pem(&files::read(&pair.key)?).map_err(|why| unusable(&pair.key, why))?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key)
            .map_err(|why| unusable(&pair.certificate, why))?;
        Ok(Self {
            certificate,
            issuer,
        })
    }

    /// The private key, PEM.
    pub(super) fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// A certificate and its private key, PEM.
    pub(super) fn sign(&self, subject: &Subject<'_>) -> Result<(String, String), CertsError> {
        let sign = || {
            let key = KeyPair::generate()?;
            let mut params = params(subject.name, subject.names)?;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = subject.usages.to_vec();
            params.use_authority_key_identifier_extension = true;
            let certificate = params.signed_by(&key, &self.issuer)?;
            Ok((certificate.pem(), key.serialize_pem()))
        };
        sign().map_err(|why| CertsError::Make {
            file: subject.file.to_owned(),
            why,
        })
    }
}

fn params(common_name: &str, names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    // Names that are addresses become address entries.
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    // A clock before 1970 would make certificates that are valid then, which is what it asked for.
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let yesterday = date_time_ymd(1970, 1, 1) + since_epoch.saturating_sub(DAY);
    params.not_before = yesterday;
    params.not_after = yesterday + DAY * VALID_DAYS;
    Ok(params)
}
