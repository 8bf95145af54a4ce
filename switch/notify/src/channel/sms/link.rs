//! The line to the centre: made, bound, and made again when it is lost.
//!
//! ```text
//!      ┌────────────────────────────────────────────────────────────┐
//!      ▼                                                            │ lost
//! connect ─▶ TLS ─▶ bind_transceiver ─▶ session ────────────────────┤
//!      └───────┴──────────┴─── failed ─▶ pause, longer each time ───┘
//!                                        what is queued is refused meanwhile
//! ```

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rusmpp::pdus::BindTransceiver;
use rusmpp::types::COctetString;
use rusmpp::values::InterfaceVersion;
use rusmpp::{Command, CommandId, CommandStatus};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_util::codec::Framed;
use zeroize::Zeroizing;

use super::codec::{BIND_SEQUENCE, Codec, Stream, Wire};
use super::pace::Pace;
use super::receipt::{Known, Receipt};
use super::session::{End, Session};
use super::submit::Submit;
use crate::channel::{Failure, jittered};
use crate::trust;
use tessera_config::{SettingsError, SmsSettings};

/// How long nothing is sent after the centre said that it was too much.
const HOLD: Duration = Duration::from_secs(1);

/// What a line is made from.
pub(super) struct Prepared {
    password: Zeroizing<String>,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// Reads password and authorities.
pub(super) fn prepare(settings: &SmsSettings) -> Result<Prepared, SettingsError> {
    let tls = match settings.tls {
        true => Some(tls(settings)?),
        false => None,
    };
    Ok(Prepared {
        password: settings.password()?,
        tls,
    })
}

fn tls(settings: &SmsSettings) -> Result<(Arc<ClientConfig>, ServerName<'static>), SettingsError> {
    let config = trust::client(settings.authority.as_deref())?;
    let name = ServerName::try_from(settings.server_name().to_owned());
    let name = name.map_err(|_| SettingsError::Unfit {
        key: "notify.sms.server_name",
        why: "neither a DNS name nor an IP address",
    })?;
    Ok((config, name))
}

/// The task.
pub(super) struct Link {
    settings: SmsSettings,
    prepared: Prepared,
    pace: Pace,
    known: Known,
    receipts: mpsc::Sender<Receipt>,
}

impl Link {
    pub(super) fn new(
        settings: &SmsSettings,
        receipts: mpsc::Sender<Receipt>,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            prepared: prepare(settings)?,
            settings: settings.clone(),
            pace: Pace::new(settings.messages_per_second, HOLD),
            known: Known::default(),
            receipts,
        })
    }

    /// Until nobody can queue anything any more.
    pub(super) async fn run(mut self, mut queued: mpsc::Receiver<Submit>) {
        let mut pause = self.settings.reconnect_min;
        loop {
            let connecting = timeout(self.settings.connect_within, self.connect());
            let lost = match connecting.await {
                Ok(Ok(wire)) => {
                    // It has answered: what happens to it now is not the trouble of before.
                    pause = self.settings.reconnect_min;
                    self.serve(wire, &mut queued).await
                }
                Ok(Err(reason)) => End::Lost(reason),
                Err(_) => End::Lost("no connection to the message centre in time".to_owned()),
            };
            let reason = match lost {
                End::Closed => return,
                End::Lost(reason) => reason,
            };
            tracing::warn!(reason, "no session with the message centre");
            let until = Instant::now() + jittered(pause);
            if !refuse_until(until, &mut queued, &reason).await {
                return;
            }
            pause = (pause * 2).min(self.settings.reconnect_max);
        }
    }

    /// One session, from its bind to its end.
    async fn serve(&mut self, wire: Wire, queued: &mut mpsc::Receiver<Submit>) -> End {
        tracing::info!("bound to the message centre");
        let session = Session::new(
            wire,
            &self.settings,
            &mut self.pace,
            &mut self.known,
            &self.receipts,
        );
        session.run(queued).await
    }

    async fn connect(&self) -> Result<Wire, String> {
        let stream = TcpStream::connect(&self.settings.server).await;
        let stream = stream.map_err(|why| format!("no connection to the message centre: {why}"))?;
        stream
            .set_nodelay(true)
            .map_err(|why| format!("no connection to the message centre: {why}"))?;
        let stream: Box<dyn Stream> = match &self.prepared.tls {
            Some((config, name)) => {
                let connector = TlsConnector::from(config.clone());
                let stream = connector.connect(name.clone(), stream).await;
                Box::new(stream.map_err(|why| format!("TLS with the message centre: {why}"))?)
            }
            None => Box::new(stream),
        };
        let mut wire = Framed::new(stream, Codec::new());
        self.bind(&mut wire).await?;
        Ok(wire)
    }

    async fn bind(&self, wire: &mut Wire) -> Result<(), String> {
        let bind = self.bind_request();
        let bind = bind.ok_or("the bind request does not fit its fields")?;
        let command = Command::new(CommandStatus::EsmeRok, BIND_SEQUENCE, bind);
        wire.send(&command)
            .await
            .map_err(|_| "the line broke before the bind".to_owned())?;
        loop {
            match wire.next().await {
                Some(Ok(answer)) => match (answer.id, answer.status) {
                    (CommandId::BindTransceiverResp, CommandStatus::EsmeRok) => return Ok(()),
                    (CommandId::BindTransceiverResp | CommandId::GenericNack, status) => {
                        let status = u32::from(status);
                        return Err(format!(
                            "the message centre refused the bind: {status:#010x}"
                        ));
                    }
                    _ => (),
                },
                _ => return Err("the line broke before the bind was answered".to_owned()),
            }
        }
    }

    fn bind_request(&self) -> Option<BindTransceiver> {
        let settings = &self.settings;
        Some(
            BindTransceiver::builder()
                .system_id(COctetString::from_str(&settings.system_id).ok()?)
                .password(COctetString::from_str(&self.prepared.password).ok()?)
                .system_type(COctetString::from_str(&settings.system_type).ok()?)
                .interface_version(InterfaceVersion::Smpp3_4)
                .build(),
        )
    }
}

/// Whether it may still be worth connecting.
async fn refuse_until(until: Instant, queued: &mut mpsc::Receiver<Submit>, reason: &str) -> bool {
    loop {
        tokio::select! {
            () = sleep_until(until) => return true,
            submit = queued.recv() => match submit {
                Some(submit) => {
                    // A caller that no longer waits needs no answer.
                    let _ = submit.answer.send(Err(Failure::transient(reason)));
                }
                None => return false,
            },
        }
    }
}
