//! The connections: no more than `connections_max`, and one that worked is kept for the next message.
//!
//! ```text
//! lease ─▶ a permit ─▶ the last one kept, if it still answers NOOP
//!                   └▶ a new one: connect, TLS, EHLO, AUTH
//! ```

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::failure;
use super::kept::Kept;
use crate::config::{EmailSettings, EmailTls, SettingsError};
use crate::notify::channel::{Failure, trust};

/// Connections, and how to make one.
pub(super) struct Pool {
    server: String,
    hello: ClientId,
    tls: Option<TlsParameters>,
    implicit: bool,
    credentials: Option<Credentials>,
    connect_within: Duration,
    pub(super) answer_within: Duration,
    places: Semaphore,
    kept: Kept,
}

/// A connection that is this message's alone. It is closed when dropped, unless it is kept.
pub(super) struct Lease<'a> {
    pub(super) connection: AsyncSmtpConnection,
    pool: &'a Pool,
    _place: SemaphorePermit<'a>,
}

impl Pool {
    pub(super) fn new(settings: &EmailSettings) -> Result<Self, SettingsError> {
        let tls = match settings.tls {
            EmailTls::Plain => None,
            EmailTls::Starttls | EmailTls::Implicit => Some(parameters(settings)?),
        };
        Ok(Self {
            server: settings.server.clone(),
            hello: ClientId::Domain(settings.sender()?.email.domain().to_owned()),
            tls,
            implicit: settings.tls == EmailTls::Implicit,
            credentials: settings.credentials()?,
            connect_within: settings.connect_within,
            answer_within: settings.answer_within,
            places: Semaphore::new(settings.connections_max),
            kept: Kept::new(settings.connections_max, settings.idle_for),
        })
    }

    /// A connection that is ready for a message.
    pub(super) async fn lease(&self) -> Result<Lease<'_>, Failure> {
        let place = self.places.acquire().await;
        // The semaphore is never closed.
        let place = place.map_err(|_| Failure::transient("the channel is closed"))?;
        while let Some(mut connection) = self.kept.take() {
            // Servers close what was idle for long, and say nothing until they are asked.
            let asked = timeout(self.answer_within, connection.test_connected());
            if asked.await.unwrap_or(false) {
                return Ok(self.lent(connection, place));
            }
        }
        let connecting = timeout(self.connect_within, self.connect());
        match connecting.await {
            Ok(Ok(connection)) => Ok(self.lent(connection, place)),
            Ok(Err(error)) => Err(failure::of_connection(&error)),
            Err(_) => Err(Failure::transient(
                "no connection to the mail server in time",
            )),
        }
    }

    fn lent<'a>(
        &'a self,
        connection: AsyncSmtpConnection,
        place: SemaphorePermit<'a>,
    ) -> Lease<'a> {
        Lease {
            connection,
            pool: self,
            _place: place,
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let (first, later) = match (&self.tls, self.implicit) {
            (Some(tls), true) => (Some(tls.clone()), None),
            (Some(tls), false) => (None, Some(tls.clone())),
            (None, _) => (None, None),
        };
        let within = Some(self.connect_within);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(&*self.server, within, &self.hello, first, None)
                .await?;
        if let Some(tls) = later {
            // Fails where the server does not offer it: nothing ever goes out in the clear instead.
            connection.starttls(tls, &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
                .await?;
        }
        Ok(connection)
    }
}

impl Lease<'_> {
    /// Gives the connection back for the next message.
    pub(super) fn keep(self) {
        self.pool.kept.put(self.connection);
    }
}

fn parameters(settings: &EmailSettings) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParametersBuilder::new(settings.server_name().to_owned());
    if let Some(path) = &settings.authority {
        let unusable = |why: Error| SettingsError::Certificate {
            path: path.clone(),
            why: why.to_string(),
        };
        let certificate = Certificate::from_pem(&trust::pem(path)?).map_err(unusable)?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(certificate);
    }
    builder.build().map_err(|why| SettingsError::Certificate {
        path: settings.authority.clone().unwrap_or_default(),
        why: why.to_string(),
    })
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
