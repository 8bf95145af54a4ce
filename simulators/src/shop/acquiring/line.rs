//! The connection to the switch: made again whenever it is lost, to the first address that serves, signed on, tried with
//! an echo when it is quiet.

use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use tessera_common::addresses::{Addresses, HostPort, Unreached, reach};
use tessera_protocol::cut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::party_requests::{Moment, PartyRequests, ShopRequest};
use super::{Party, Times};
use crate::load::back_off::BackOff;
use crate::load::clock::Stamp;
use crate::load::sign_on::{SignOnError, sign_on};
use crate::shop::capture::Capture;

/// Nothing to do until something comes: looked at again after this long at the latest.
const QUIET: Duration = Duration::from_secs(3_600);

/// The task of one party's connection.
pub(super) struct Line {
    pub switch: Addresses,
    pub party: Party,
    pub times: Times,
    pub capture: Option<Capture>,
    pub party_requests: PartyRequests,
    pub requests: mpsc::Receiver<ShopRequest>,
}

/// Now.
pub(super) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Moment {
        instant: Instant::now(),
        second: since.unwrap_or_default().as_secs() as u32,
    }
}

/// Nobody can ask any more.
struct Ended;

/// A connection that is signed on, and what came behind the answer.
struct Opened {
    address: HostPort,
    stream: TcpStream,
    rest: BytesMut,
}

/// Why a connection is lost.
enum Lost {
    /// It was closed, or cannot be trusted.
    Closed(String),
    /// Nothing comes any more.
    Hung,
}

impl Line {
    /// Until nobody can ask any more.
    pub async fn run(mut self) {
        let mut back_off = BackOff::new(rand::random(), u32::MAX);
        loop {
            let open = open(self.switch.clone(), self.party.clone());
            match self.meanwhile(open).await {
                Err(Ended) => return,
                Ok(Err(error)) => tracing::warn!(%error, "no connection"),
                Ok(Ok(Opened {
                    address,
                    stream,
                    rest,
                })) => {
                    tracing::info!(switch = %address, party = self.party.code, "signed on");
                    back_off.reset();
                    self.party_requests.connected(now());
                    let served = self.serve(stream, rest).await;
                    self.party_requests.lost();
                    match served {
                        Ok(Lost::Closed(why)) => {
                            tracing::warn!(switch = %address, why, "connection lost");
                        }
                        Ok(Lost::Hung) => {
                            let why = "an echo was not answered";
                            tracing::warn!(switch = %address, why, "connection lost");
                            self.switch.hung(&address);
                        }
                        Err(Ended) => return,
                    }
                }
            }
            if let Err(Ended) = self.meanwhile(back_off.wait()).await {
                return;
            }
        }
    }

    /// Takes requests and checks deadlines until something else is done.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::pin!(work);
        loop {
            let due = self.party_requests.due();
            tokio::select! {
                done = &mut work => return Ok(done),
                request = self.requests.recv() => match request {
                    Some(request) => self.party_requests.take(request, now()),
                    None => return Err(Ended),
                },
                () = at(due) => self.party_requests.expire(now()),
            }
        }
    }

    /// Drives a connection to its end, and says why it ended.
    async fn serve(&mut self, stream: TcpStream, rest: BytesMut) -> Result<Lost, Ended> {
        let (mut reader, mut writer) = stream.into_split();
        let mut incoming = rest;
        let mut quiet_since = Instant::now();
        loop {
            if let Err(why) = self.take_answers(&mut incoming) {
                return Ok(Lost::Closed(why));
            }
            let due = self.party_requests.due();
            let patience = if self.party_requests.unanswered() {
                self.times.silence / 2
            } else if self.party_requests.echoing() {
                self.times.answer_within
            } else {
                self.times.echo_after
            };
            incoming.reserve(4_096);
            tokio::select! {
                read = reader.read_buf(&mut incoming) => match read {
                    Ok(0) => return Ok(Lost::Closed("closed by the switch".to_owned())),
                    Ok(_) => quiet_since = Instant::now(),
                    Err(error) => return Ok(Lost::Closed(error.to_string())),
                },
                sent = writer.write_buf(&mut self.party_requests.out), if !self.party_requests.out.is_empty() => {
                    if let Err(error) = sent {
                        return Ok(Lost::Closed(error.to_string()));
                    }
                }
                request = self.requests.recv() => match request {
                    Some(request) => {
                        if !self.party_requests.unanswered() {
                            quiet_since = Instant::now();
                        }
                        self.party_requests.take(request, now());
                    }
                    None => return Err(Ended),
                },
                () = at(due) => self.party_requests.expire(now()),
                () = sleep_until(quiet_since + patience) => {
                    if !self.party_requests.echo(now()) {
                        return Ok(Lost::Hung);
                    }
                    quiet_since = Instant::now();
                }
            }
        }
    }

    fn take_answers(&mut self, incoming: &mut BytesMut) -> Result<(), String> {
        while let Some(answer) = cut(incoming).map_err(|error| error.to_string())? {
            if let Some(capture) = &self.capture {
                capture.frame(self.party.code, &answer);
            }
            self.party_requests
                .receive(&answer, now())
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

async fn at(due: Option<Instant>) {
    sleep_until(due.unwrap_or_else(|| Instant::now() + QUIET)).await;
}

/// Connects to the first address that serves.
async fn open(switch: Addresses, party: Party) -> Result<Opened, Unreached<SignOnError>> {
    let mut round = switch.round();
    while let Some(address) = round.next_address() {
        match open_one(address, &party).await {
            Ok(opened) => {
                round.worked();
                return Ok(opened);
            }
            Err(error) => round.failed(error),
        }
    }
    Err(round.into_failures())
}

async fn open_one(address: &HostPort, party: &Party) -> Result<Opened, SignOnError> {
    let mut stream = reach(address).await?;
    let stamp = Stamp::at(now().second);
    let rest = sign_on(&mut stream, party.code, Some(&party.key), stamp).await?;
    let address = address.clone();
    Ok(Opened {
        address,
        stream,
        rest,
    })
}
