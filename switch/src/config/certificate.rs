//! What stands in a certificate.

use std::fmt;

use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Whose a certificate is: enough to tell a party's from any other.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// The subject, as in `CN=Acquirer of the North, O=North`, in the order of the certificate.
    pub subject: String,
}

impl Identity {
    /// Of a certificate in DER; `None` where it is none.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some(Self {
            fingerprint: Sha256::digest(certificate).into(),
            subject: parsed.subject().to_string(),
        })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} sha256:", self.subject)?;
        self.fingerprint
            .iter()
            .try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// When a certificate (DER) ends, in seconds since 1970; `None` where it is none.
pub(super) fn ends_at(certificate: &[u8]) -> Option<i64> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    Some(parsed.validity().not_after.timestamp())
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
