//! What stands in a certificate.

use std::fmt;

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The identity of a certificate: enough to distinguish a party's from any other.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// The subject, as in `CN=Acquirer of the North, O=North`, in the order of the certificate.
    pub subject: String,
    /// The names that it may be found under (subject alternative names that are DNS names), in lower case.
    pub names: Vec<String>,
}

impl Identity {
    /// Of a certificate in DER; `None` where it is none.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some(Self {
            fingerprint: Sha256::digest(certificate).into(),
            subject: parsed.subject().to_string(),
            names: names(&parsed),
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Subject and fingerprint, as the log has them.
impl fmt::Display for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} sha256:", self.subject)?;
        self.fingerprint
            .iter()
            .try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    // One that can't be read names nobody.
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// Which certificates are taken, of all that an authority has signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedCertificates {
    pub(super) fingerprints: Vec<[u8; 32]>,
    pub(super) subjects: Vec<String>,
    pub(super) names: Vec<String>,
}

impl NamedCertificates {
    /// Whether none is named: then all are taken.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty() && self.subjects.is_empty() && self.names.is_empty()
    }

    /// Whether this one is taken.
    pub fn include(&self, shown: &Identity) -> bool {
        self.is_empty()
            || self.fingerprints.contains(&shown.fingerprint)
            || self.subjects.contains(&shown.subject)
            || self.names.iter().any(|name| shown.names.contains(name))
    }
}

/// When a certificate (DER) ends, in seconds since 1970; `None` where it is none.
pub(super) fn ends_at(certificate: &[u8]) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.validity().not_after.timestamp())
}

/// The name and the key with which a certificate (DER) signs others; `None` where it is none.
pub(super) fn signer(certificate: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let subject = parsed.subject().as_raw().to_vec();
    Some((subject, parsed.public_key().raw.to_vec()))
}

/// A fingerprint as people write it: 64 hexadecimal digits, colons between them or not.
pub(super) fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| *character != ':')
        .map(|character| character.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    let (pairs, half) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    bytes.try_into().ok().filter(|_| half.is_empty())
}
