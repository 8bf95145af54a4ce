//! What is wrong with a certificate, in plain words: what `--check` says of our own certificates, and what the log says
//! of a handshake that has failed.

use std::io;

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, ExtendedKeyPurpose};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

/// What a certificate is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownAs {
    /// Of a program that others connect to.
    Server,
    /// Of a program that connects.
    Client,
}

/// Why the other side would refuse a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It can't be parsed.
    #[error("the certificate can't be read: it is not X.509")]
    Unreadable,
    /// An old version, which `openssl x509 -req` makes without extensions.
    #[error(
        "the certificate is X.509 v{0}, and v3 is needed: sign it with extensions (`openssl x509 -req -extfile`)"
    )]
    Version(u32),
    /// Nobody knows whose it is.
    #[error(
        "the certificate has no subjectAltName, and a server's needs one with its names or addresses, as in DNS:switch.example"
    )]
    NoNames,
    /// Its extended key usage names other purposes only.
    #[error("the extended key usage of the certificate has no {0}")]
    NotFor(&'static str),
    /// It is over.
    #[error("the certificate has expired: it was valid until {0}")]
    Expired(String),
    /// It begins later.
    #[error("the certificate is not valid yet: it is valid from {0} (is the clock right?)")]
    NotYetValid(String),
    /// It is no end entity's.
    #[error(
        "the certificate is that of an authority (CA:TRUE), which signs others: it can't be shown as a client's or server's"
    )]
    Authority,
    /// The chain is broken.
    #[error(
        "certificate {number} of the file was not signed by the one behind it: its issuer is {issuer}, but there comes {next}"
    )]
    WrongIssuer {
        /// Which one, from 1.
        number: usize,
        /// Who has signed it.
        issuer: String,
        /// Who comes instead.
        next: String,
    },
}

/// The first thing that is wrong with a chain of certificates (DER) that is shown like this, at this time in seconds
/// since 1970. Whether the other side trusts its authority can't be known here.
pub fn flaw<C: AsRef<[u8]>>(chain: &[C], shown_as: ShownAs, now: i64) -> Option<Flaw> {
    let mut parsed = Vec::with_capacity(chain.len());
    for certificate in chain {
        let Ok((_, certificate)) = X509Certificate::from_der(certificate.as_ref()) else {
            return Some(Flaw::Unreadable);
        };
        parsed.push(certificate);
    }
    let own = parsed.first()?;
    version(own)
        .or_else(|| purpose(own, shown_as))
        .or_else(|| {
            parsed
                .iter()
                .find_map(|certificate| validity(certificate, now))
        })
        .or_else(|| issuers(&parsed))
}

fn version(own: &X509Certificate<'_>) -> Option<Flaw> {
    let version = own.version().0 + 1;
    (version != 3).then_some(Flaw::Version(version))
}

fn purpose(own: &X509Certificate<'_>, shown_as: ShownAs) -> Option<Flaw> {
    if own.is_ca() {
        return Some(Flaw::Authority);
    }
    let names = own.subject_alternative_name().ok().flatten();
    let named = names.is_some_and(|names| !names.value.general_names.is_empty());
    if shown_as == ShownAs::Server && !named {
        return Some(Flaw::NoNames);
    }
    // Without the extension it may be used for everything.
    let usages = own.extended_key_usage().ok().flatten()?.value;
    let (allowed, name) = match shown_as {
        ShownAs::Server => (usages.server_auth, "serverAuth"),
        ShownAs::Client => (usages.client_auth, "clientAuth"),
    };
    (!allowed && !usages.any).then_some(Flaw::NotFor(name))
}

fn validity(certificate: &X509Certificate<'_>, now: i64) -> Option<Flaw> {
    let validity = certificate.validity();
    if now > validity.not_after.timestamp() {
        return Some(Flaw::Expired(day(validity.not_after.timestamp())));
    }
    let begins = validity.not_before.timestamp();
    (now < begins).then(|| Flaw::NotYetValid(day(begins)))
}

fn issuers(chain: &[X509Certificate<'_>]) -> Option<Flaw> {
    let pairs = chain.windows(2).zip(1..);
    pairs
        .filter(|(pair, _)| pair[0].issuer().as_raw() != pair[1].subject().as_raw())
        .map(|(pair, number)| Flaw::WrongIssuer {
            number,
            issuer: pair[0].issuer().to_string(),
            next: pair[1].subject().to_string(),
        })
        .next()
}

/// As people write it, in UTC.
fn day(seconds: i64) -> String {
    ASN1Time::from_timestamp(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

fn day_of(time: UnixTime) -> String {
    day(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

/// Why a handshake has failed: what TLS has to say, in plain words, or else the error itself.
pub fn handshake_error(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    tls.map_or_else(|| error.to_string(), tls_error)
}

/// The same error, whose text is in plain words.
pub fn explained(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), handshake_error(&error))
}

/// The same of an error of TLS.
pub fn tls_error(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(why) => refused(why),
        Error::NoCertificatesPresented => {
            "the client has shown no certificate, and one is needed".to_owned()
        }
        Error::InconsistentKeys(_) => "the key does not belong to the certificate".to_owned(),
        Error::AlertReceived(alert) => alerted(*alert),
        other => other.to_string(),
    }
}

/// Why we refuse what the other side has shown.
fn refused(why: &CertificateError) -> String {
    match why {
        CertificateError::Expired => "the certificate has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            Flaw::Expired(day_of(*not_after)).to_string()
        }
        CertificateError::NotValidYet => "the certificate is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            Flaw::NotYetValid(day_of(*not_before)).to_string()
        }
        CertificateError::UnknownIssuer => {
            "the certificate is of the wrong authority: none of the configured authorities has signed it, or a certificate \
             between is missing in the file"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "the certificate is of the wrong authority: one of the same name as a configured authority has signed it, with \
             another key"
                .to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            Flaw::NoNames.to_string()
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "the certificate is for {}, not for {}",
            presented
                .iter()
                .map(|name| plain_name(name))
                .collect::<Vec<_>>()
                .join(", "),
            expected.to_str()
        ),
        CertificateError::InvalidPurpose => {
            "the extended key usage of the certificate does not allow this use".to_owned()
        }
        CertificateError::InvalidPurposeContext { required, .. } => match required {
            ExtendedKeyPurpose::ClientAuth => Flaw::NotFor("clientAuth").to_string(),
            ExtendedKeyPurpose::ServerAuth => Flaw::NotFor("serverAuth").to_string(),
            other => format!("the extended key usage of the certificate has no {other}"),
        },
        // The reader of certificates has no words of its own for these.
        CertificateError::Other(other) if other.to_string().contains("UnsupportedCertVersion") => {
            Flaw::Version(1).to_string()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            Flaw::Authority.to_string()
        }
        CertificateError::BadEncoding => Flaw::Unreadable.to_string(),
        other => format!("the certificate is refused: {other:?}"),
    }
}

/// `localhost` of `DnsName("localhost")`.
fn plain_name(name: &str) -> &str {
    let inside = name.split_once('(').map_or(name, |(_, inside)| inside);
    inside.trim_matches(['"', ')'])
}

/// Why the other side refuses ours.
fn alerted(alert: AlertDescription) -> String {
    let why = match alert {
        AlertDescription::UnknownCA => "it does not know the authority of our certificate",
        AlertDescription::CertificateExpired => "our certificate has expired, or is not valid yet",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            "it does not accept our certificate"
        }
        AlertDescription::UnsupportedCertificate => "our certificate may not be used for this",
        AlertDescription::CertificateRequired => "it needs a certificate, and we have shown none",
        AlertDescription::CertificateRevoked => "our certificate was revoked",
        AlertDescription::AccessDenied => "it does not let our certificate in",
        AlertDescription::ProtocolVersion => "it speaks no version of TLS that we accept",
        AlertDescription::HandshakeFailure => "it speaks TLS in no way that we accept",
        other => return format!("the other side has ended the handshake: {other:?}"),
    };
    format!("the other side has ended the handshake: {why}")
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
        date_time_ymd,
    };
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject as _;

    use super::*;

    /// 30 November 2026.
    const NOW: i64 = 1_796_000_000;

    /// As `openssl x509 -req -signkey` makes it, without extensions.
    const VERSION_1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBGDCBvwIUDydhB1zpaKq3xzdwheW0JHxlcogwCgYIKoZIzj0EAwIwDjEMMAoG
A1UEAwwDb2xkMCAXDTI2MTEzMDEzMTI0NVoYDzIxMjYxMTA2MTMxMjQ1WjAOMQww
CgYDVQQDDANvbGQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATUICQJKw5Z1h0W
/UquwvflVxatiDIjygio42S0F+QZ8eWLu3oCcjTvbDlxkiJ/6YE4voXGiNu1rLIx
ylnMHRILMAoGCCqGSM49BAMCA0gAMEUCIFEyyhnjERhIVyA+4vj1Ui3uFfm3BnvO
pcr7n0t/zGNTAiEA6dvGUJnkng59iSwunrxFfHHv5z2bO5ZvLq3m9qjWa4g=
-----END CERTIFICATE-----
";

    fn params(names: &[&str]) -> CertificateParams {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params
    }

    fn signed(params: CertificateParams) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[track_caller]
    fn says(params: CertificateParams, shown_as: ShownAs, expected: &str) {
        let flaw = flaw(&[signed(params)], shown_as, NOW).expect("a flaw");
        assert_eq!(flaw.to_string(), expected);
    }

    #[test]
    fn says_in_plain_words_what_is_wrong() {
        use ShownAs::{Client, Server};
        says(
            params(&[]),
            Server,
            "the certificate has no subjectAltName, and a server's needs one with its names or addresses, as in DNS:switch.example",
        );
        let mut of_server = params(&["a.example"]);
        of_server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        says(
            of_server.clone(),
            Client,
            "the extended key usage of the certificate has no clientAuth",
        );
        assert_eq!(flaw(&[signed(of_server)], Server, NOW), None);
        assert_eq!(flaw(&[signed(params(&[]))], Client, NOW), None);
        let mut over = params(&[]);
        over.not_after = date_time_ymd(2026, 11, 1);
        says(
            over,
            Client,
            "the certificate has expired: it was valid until Nov  1 00:00:00 2026 +00:00",
        );
        let mut to_come = params(&[]);
        to_come.not_before = date_time_ymd(2026, 12, 24);
        says(
            to_come,
            Client,
            "the certificate is not valid yet: it is valid from Dec 24 00:00:00 2026 +00:00 (is the clock right?)",
        );
        let mut authority = params(&[]);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        says(
            authority,
            Client,
            "the certificate is that of an authority (CA:TRUE), which signs others: it can't be shown as a client's or server's",
        );
        let old = CertificateDer::from_pem_slice(VERSION_1.as_bytes()).unwrap();
        assert_eq!(flaw(&[&old], Client, NOW), Some(Flaw::Version(1)));
        assert!(Flaw::Version(1).to_string().contains("X.509 v1, and v3"));
        assert_eq!(flaw(&[b"nonsense"], Client, NOW), Some(Flaw::Unreadable));
    }

    #[test]
    fn each_certificate_of_a_file_was_signed_by_the_next() {
        let mut authority = params(&[]);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(rcgen::DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        let above = authority.self_signed(&key).unwrap().der().to_vec();
        let issuer = Issuer::new(authority, key);
        let own = params(&[])
            .signed_by(&KeyPair::generate().unwrap(), &issuer)
            .unwrap();
        let own = own.der().to_vec();
        assert_eq!(flaw(&[own.clone(), above], ShownAs::Client, NOW), None);
        let other = signed(params(&[]));
        let flaw = flaw(&[own, other], ShownAs::Client, NOW)
            .unwrap()
            .to_string();
        assert!(
            flaw.starts_with("certificate 1 of the file was not signed by the one behind it"),
            "{flaw}"
        );
    }
}
