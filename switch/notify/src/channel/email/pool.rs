//! The connections: no more than `connections_max`, and one that worked is kept for the next message.
//!
//! ```text
//! lease ─▶ a permit ─▶ the last one kept, if it still answers NOOP
//!                   └▶ a new one: connect, TLS, EHLO, AUTH
//!                           └─ failed ─▶ pause, longer each time: nothing is connected meanwhile
//! ```
//!
//! Many servers block clients that keep trying with a wrong password.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::{ClientId, Extension};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::failure;
use super::kept::Kept;
use super::line::Line;
use crate::channel::{Failure, jittered};
use crate::trust;
use tessera_config::{EmailSettings, EmailTls, SettingsError};

/// The pause after a connection that could not be made: the first, doubled up to the last.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// Connections, and how to make one.
pub(super) struct Pool {
    server: String,
    hello: ClientId,
    secrecy: Secrecy,
    credentials: Option<Credentials>,
    connect_within: Duration,
    pub(super) answer_within: Duration,
    places: Semaphore,
    kept: Kept,
    trouble: Mutex<Option<Trouble>>,
}

/// How a connection is kept secret.
enum Secrecy {
    /// Not at all.
    Plain,
    /// The mail library begins TLS when the server has agreed to it.
    Starttls(TlsParameters),
    /// TLS from the first byte.
    Implicit(Arc<ClientConfig>, ServerName<'static>),
}

/// The last connection could not be made.
#[derive(Clone)]
struct Trouble {
    until: Instant,
    pause: Duration,
    failure: Failure,
}

/// A connection that is this message's alone. It is closed when dropped, unless it is kept.
pub(super) struct Lease<'a> {
    pub(super) connection: AsyncSmtpConnection,
    pool: &'a Pool,
    _place: SemaphorePermit<'a>,
}

impl Pool {
    pub(super) fn new(settings: &EmailSettings) -> Result<Self, SettingsError> {
        let secrecy = match settings.tls {
            EmailTls::Plain => Secrecy::Plain,
            EmailTls::Starttls => Secrecy::Starttls(parameters(settings)?),
            EmailTls::Implicit => {
                let name = ServerName::try_from(settings.server_name().to_owned());
                let name = name.map_err(|_| SettingsError::Unfit {
                    key: "notify.email.server_name",
                    why: "neither a DNS name nor an IP address",
                })?;
                Secrecy::Implicit(trust::client(settings.authority.as_deref())?, name)
            }
        };
        Ok(Self {
            server: settings.server.clone(),
            hello: ClientId::Domain(settings.sender()?.email.domain().to_owned()),
            secrecy,
            credentials: settings.credentials()?,
            connect_within: settings.connect_within,
            answer_within: settings.answer_within,
            places: Semaphore::new(settings.connections_max),
            kept: Kept::new(settings.connections_max, settings.idle_for),
            trouble: Mutex::new(None),
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
        let now = Instant::now();
        let before = self.trouble().clone();
        if let Some(trouble) = before.as_ref().filter(|trouble| now < trouble.until) {
            return Err(trouble.failure.clone());
        }
        let connecting = timeout(self.connect_within, self.connect());
        let failure = match connecting.await {
            Ok(Ok(connection)) => {
                *self.trouble() = None;
                return Ok(self.lent(connection, place));
            }
            Ok(Err(failure)) => failure,
            Err(_) => Failure::transient("no connection to the mail server in time"),
        };
        // Several that failed at the same time are one failure.
        let pause = before.map_or(PAUSE_MIN, |trouble| (trouble.pause * 2).min(PAUSE_MAX));
        *self.trouble() = Some(Trouble {
            until: Instant::now() + jittered(pause),
            pause,
            failure: failure.clone(),
        });
        Err(failure)
    }

    /// It is whole whatever happened to who held it.
    fn trouble(&self) -> std::sync::MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
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

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let stream = TcpStream::connect(&*self.server).await;
        let stream = stream.map_err(|why| {
            Failure::transient(format!("no connection to the mail server: {why}"))
        })?;
        let connection = match &self.secrecy {
            Secrecy::Plain | Secrecy::Starttls(_) => {
                AsyncSmtpConnection::connect_with_transport(
                    Box::new(Line::new(stream)),
                    &self.hello,
                )
                .await
            }
            Secrecy::Implicit(config, name) => {
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name.clone(), stream).await;
                let stream = stream.map_err(|why| {
                    Failure::transient(format!("TLS with the mail server: {why}"))
                })?;
                AsyncSmtpConnection::connect_with_transport(
                    Box::new(Line::new(stream)),
                    &self.hello,
                )
                .await
            }
        };
        let mut connection = connection.map_err(|error| failure::of_connection(&error))?;
        let ready = self.prepare(&mut connection).await;
        ready.map_err(|error| failure::of_connection(&error))?;
        Ok(connection)
    }

    async fn prepare(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Error> {
        if let Secrecy::Starttls(parameters) = &self.secrecy {
            // Fails where the server does not offer it: nothing ever goes out in the clear instead.
            connection.starttls(parameters.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
                .await?;
        }
        Ok(())
    }
}

impl Lease<'_> {
    /// Whether the server takes addresses whose part before the `@` is not ASCII (RFC 6531).
    pub(super) fn has_smtputf8(&self) -> bool {
        let server = self.connection.server_info();
        server.supports_feature(Extension::SmtpUtfEight)
    }

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
        let certificate = Certificate::from_pem(&trust::pem_bytes(path)?).map_err(unusable)?;
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_server_that_refuses_is_left_alone_for_longer_each_time() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let settings = EmailSettings {
                server: listener.local_addr().unwrap().to_string(),
                tls: EmailTls::Plain,
                from: "Tessera <no-reply@tessera.example>".to_owned(),
                ..EmailSettings::default()
            };
            let pool = Pool::new(&settings).unwrap();
            let mut pauses = Vec::new();
            for _ in 0..3 {
                // Whatever comes is closed without a greeting.
                let close = async { drop(listener.accept().await.unwrap()) };
                let (refused, ()) = tokio::join!(pool.lease(), close);
                assert!(refused.is_err_and(|failure| failure.is_transient()));
                // Nobody connects during the pause.
                assert!(pool.lease().await.is_err());
                let mut trouble = pool.trouble();
                let trouble = trouble.as_mut().unwrap();
                pauses.push(trouble.pause);
                trouble.until = Instant::now();
            }
            assert_eq!(pauses, [1, 2, 4].map(Duration::from_secs));
        });
    }
}
