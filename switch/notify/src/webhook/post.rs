//! One event on its way to the party's server: HTTP/1.1, with TLS unless the address is of this machine.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tessera_config::{SettingsError, WebhookUrl};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::channel::trust;

/// Until the party's server has answered. One that works for longer does better to answer first.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const AGENT: &str = concat!("tessera/", env!("CARGO_PKG_VERSION"));

/// Sends events; cheap to clone.
#[derive(Clone)]
pub(super) struct Poster {
    tls: Arc<ClientConfig>,
}

/// What is sent.
pub(super) struct Posted {
    pub url: WebhookUrl,
    pub id: String,
    /// Seconds since 1970.
    pub at: u64,
    pub signature: String,
    pub body: Vec<u8>,
}

impl Poster {
    pub fn new() -> Result<Self, SettingsError> {
        let tls = trust::client(None)?;
        Ok(Self { tls })
    }

    /// Why the server has not taken it, or nothing. Neither the address nor what the server said is in the reason: both may hold
    /// secrets.
    pub async fn post(&self, posted: Posted) -> Result<(), String> {
        match tokio::time::timeout(ANSWER_WITHIN, self.answer(posted)).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) if status.is_redirection() => Err(format!(
                "answered {}: redirects are not followed",
                status.as_u16()
            )),
            Ok(Ok(status)) => Err(format!("answered {}", status.as_u16())),
            Ok(Err(why)) => Err(why),
            Err(_) => Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs())),
        }
    }

    async fn answer(&self, posted: Posted) -> Result<StatusCode, String> {
        let url = &posted.url;
        let stream = TcpStream::connect((url.host(), url.port())).await;
        let stream = stream.map_err(|error| format!("no connection: {}", error.kind()))?;
        if !url.is_https() {
            return ask(stream, posted).await;
        }
        let name = ServerName::try_from(url.host().to_owned())
            .map_err(|_| "no name of a server".to_owned())?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await;
        ask(stream.map_err(|error| format!("no TLS: {error}"))?, posted).await
    }
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    posted: Posted,
) -> Result<StatusCode, String> {
    let failed = |error: hyper::Error| format!("no answer: {error}");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    let connection = tokio::task::spawn_local(connection);
    let request = Request::post(posted.url.path())
        .header(HOST, posted.url.authority())
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", posted.id)
        .header("webhook-timestamp", posted.at.to_string())
        .header("webhook-signature", posted.signature)
        .header("connection", "close")
        .body(Full::new(Bytes::from(posted.body)))
        .map_err(|error| error.to_string())?;
    let answered = sender.send_request(request).await;
    // Only the head is of interest: a long body is not read.
    connection.abort();
    Ok(answered.map_err(failed)?.status())
}
