//! One request to a server outside: HTTP/1.1, with TLS unless the address is of this machine. Webhooks and messages to browsers
//! go out here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, RETRY_AFTER, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tessera_config::{HttpUrl, SettingsError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::trust;

/// Until the server has answered. One that works for longer does better to answer first.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Bytes of the head of an answer.
const HEAD_BYTES_MAX: usize = 16 << 10;
const AGENT: &str = concat!("tessera/", env!("CARGO_PKG_VERSION"));

/// Sends requests; cheap to clone.
#[derive(Clone)]
pub(crate) struct Poster {
    tls: Arc<ClientConfig>,
}

/// What is sent.
pub(crate) struct Posted {
    pub url: HttpUrl,
    pub reach: Reach,
    pub headers: Vec<(HeaderName, String)>,
    pub body: Vec<u8>,
}

/// The machines that a request may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All: an operator has written the address.
    Any,
    /// Those of the Internet: somebody outside has named the address, and the names of servers lead wherever their owners want.
    Public,
}

/// What the server has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answered {
    pub status: StatusCode,
    /// After how long it wants to be asked again, as it says.
    pub retry_after: Option<Duration>,
}

impl Poster {
    pub fn new() -> Result<Self, SettingsError> {
        let tls = trust::client(None)?;
        Ok(Self { tls })
    }

    /// What the server has answered, or why it has not. Neither the address nor what the server said is in the reason: both may hold
    /// secrets.
    pub async fn post(&self, posted: Posted) -> Result<Answered, String> {
        match tokio::time::timeout(ANSWER_WITHIN, self.answer(posted)).await {
            Ok(answered) => answered,
            Err(_) => Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
        }
    }

    async fn answer(&self, posted: Posted) -> Result<Answered, String> {
        let stream = connect(&posted.url, posted.reach).await?;
        if !posted.url.is_https() {
            return ask(stream, posted).await;
        }
        let stream = self.secure(stream, &posted.url, posted.reach).await?;
        ask(stream, posted).await
    }

    async fn secure<S>(
        &self,
        stream: S,
        url: &HttpUrl,
        reach: Reach,
    ) -> Result<TlsStream<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(url.host().to_owned())
            .map_err(|_| "no name of a server".to_owned())?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await;
        stream.map_err(|error| match reach {
            Reach::Any => format!("no TLS: {error}"),
            Reach::Public => format!("no TLS: {}", unnamed(&error)),
        })
    }
}

/// Why TLS failed, where the address is not the operator's: the library's own words have the server's name in them, and those of
/// its certificate.
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "another crate's enum, which says that it grows"
)]
fn unnamed(error: &std::io::Error) -> String {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref());
    match of_tls {
        Some(rustls::Error::InvalidCertificate(flaw)) => of_certificate(flaw).to_owned(),
        Some(rustls::Error::AlertReceived(alert)) => format!("the server ended it with {alert:?}"),
        Some(_) => "the server did not keep to the protocol".to_owned(),
        None => error.kind().to_string(),
    }
}

#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "another crate's enum, which says that it grows"
)]
fn of_certificate(flaw: &CertificateError) -> &'static str {
    match flaw {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another name"
        }
        CertificateError::UnknownIssuer => {
            "the server's certificate is of an authority that this machine does not trust"
        }
        CertificateError::Revoked => "the server's certificate is revoked",
        _ => "the server's certificate is not usable",
    }
}

async fn connect(url: &HttpUrl, reach: Reach) -> Result<TcpStream, String> {
    let failed = |error: std::io::Error| format!("no connection: {}", error.kind());
    let found = lookup_host((url.host(), url.port()))
        .await
        .map_err(failed)?;
    let addresses: Vec<SocketAddr> = found
        .filter(|address| reach == Reach::Any || is_public(address.ip()))
        .collect();
    if addresses.is_empty() {
        return Err("no connection: the server has no public address".to_owned());
    }
    TcpStream::connect(&addresses[..]).await.map_err(failed)
}

/// Whether an address is one of the Internet, and of no network or machine of our own (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    // Shared between a provider and its customers, for protocols (among them the first addresses of 192.0.0.0), for benchmarks.
    let is_special = matches!(
        octets,
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] | [240..=255, ..]
    );
    !is_special
        && !address.is_private()
        && !address.is_loopback()
        && !address.is_link_local()
        && !address.is_multicast()
        && !address.is_documentation()
}

/// Global unicast is 2000::/3; in it, 2001:db8:: is for documents, and 2002:: and 2001:0: lead to addresses of version 4.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    segments[0] & 0xE000 == 0x2000
        && segments[0] != 0x2002
        && !matches!(segments, [0x2001, 0 | 0xDB8, ..])
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    posted: Posted,
) -> Result<Answered, String> {
    let failed = |error: hyper::Error| format!("no answer: {error}");
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let connection = tokio::task::spawn_local(connection);
    let request = Request::post(posted.url.path())
        .header(HOST, posted.url.authority())
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close");
    let request = posted
        .headers
        .into_iter()
        .fold(request, |request, (name, value)| {
            request.header(name, value)
        })
        .body(Full::new(Bytes::from(posted.body)))
        .map_err(|_| "the request has a header that HTTP does not allow".to_owned())?;
    let answered = sender.send_request(request).await;
    // Only the head is of interest: a long body is not read.
    connection.abort();
    let answered = answered.map_err(failed)?;
    Ok(Answered {
        status: answered.status(),
        retry_after: retry_after(answered.headers()),
    })
}

/// In seconds; who says a date is asked again after the usual pause.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in [
            "8.8.8.8",
            "172.217.16.74",
            "100.63.0.1",
            "2a00:1450:4001:80e::200a",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "0.0.0.0",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn a_server_that_must_be_public_is_not_asked_on_this_machine() {
        run(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let url = HttpUrl::for_tests(&url);
            let refused = connect(&url, Reach::Public).await.unwrap_err();
            assert!(refused.contains("no public address"), "{refused}");
            assert!(connect(&url, Reach::Any).await.is_ok());
        });
    }

    /// Why there is no TLS with a server of this certificate, which is asked as `push.example`.
    fn refused(reach: Reach, certificate: rcgen::CertificateParams, is_trusted: bool) -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("authority.pem");
        std::fs::write(&path, certificate.pem()).unwrap();
        let tls = trust::client(is_trusted.then_some(&*path)).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        run(async {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
            let url = HttpUrl::read("https://push.example/s3cret", false).unwrap();
            let poster = Poster { tls };
            let both = tokio::join!(poster.secure(ours, &url, reach), acceptor.accept(theirs));
            both.0.expect_err("no TLS")
        })
    }

    #[test]
    fn the_reason_names_no_server_that_somebody_outside_has_chosen() {
        let of = |name: &str| rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        let mut expired = of("push.example");
        expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
        for (certificate, is_trusted, expected) in [
            (of("other.example"), true, "is for another name"),
            (of("push.example"), false, "does not trust"),
            (expired, true, "has expired"),
        ] {
            let why = refused(Reach::Public, certificate, is_trusted);
            assert!(
                why.starts_with("no TLS: ") && why.contains(expected),
                "{why}"
            );
            assert!(!why.contains("example"), "{why}");
        }
        // The operator has written the address, and is helped by the names.
        let why = refused(Reach::Any, of("other.example"), true);
        assert!(
            why.contains("push.example") && why.contains("other.example"),
            "{why}"
        );
        let ended = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        assert_eq!(unnamed(&ended), "unexpected end of file");
    }

    #[test]
    fn a_server_says_in_seconds_when_to_ask_again() {
        let said = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(said("120"), Some(Duration::from_secs(120)));
        assert_eq!(said("Fri, 31 Dec 1999 23:59:59 GMT"), None);
        assert_eq!(said("-1"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
