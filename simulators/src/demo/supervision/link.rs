//! The link between the switch and the financial system: a forwarder inside the demo, which can be cut.
//!
//! A cut loses answers first, so that the financial system has booked what the switch knows nothing of, as it is with a
//! real link: then nothing passes any more, until the link is back.
//!
//! ```text
//! carries       everything ──l──▶ requests, no answers ──1 s──▶ nothing ──5 s──▶ everything
//! connections   stand             stand                         closed at once   stand
//! ```

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::events::Events;
use super::process::{BACK_AFTER_KILL, Process, State};

/// For how long a link that is being cut still carries requests.
const LOSES_ANSWERS_FOR: Duration = Duration::from_secs(1);

/// After a failed accept (no file descriptors left, say): it would fail again at once.
const PAUSE: Duration = Duration::from_millis(100);

/// What one read takes: a TLS record.
const READ_BYTES: usize = 16 * 1024;

/// See the head of this file.
pub struct Link {
    process: Rc<Process>,
    events: Rc<Events>,
    carries: watch::Sender<Carries>,
    forwards: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carries {
    Everything,
    Requests,
    Nothing,
}

impl Link {
    /// Forwards from one port of this machine to another one from now on.
    pub async fn start(
        process: &Rc<Process>,
        events: &Rc<Events>,
        from: u16,
        to: u16,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, from)).await?;
        let (carries, watched) = watch::channel(Carries::Everything);
        let host = SocketAddr::from((Ipv4Addr::LOCALHOST, to));
        process.state.set(State::Running);
        Ok(Self {
            process: Rc::clone(process),
            events: Rc::clone(events),
            carries,
            forwards: tokio::spawn(forward(listener, host, watched)),
        })
    }

    /// Cuts it when that is asked for, and lets it come back. May be dropped and called again at any time.
    pub async fn keep(&self) -> Infallible {
        loop {
            let State::Down(until) = self.process.state.get() else {
                self.process.kill.notified().await;
                self.carries.send_replace(Carries::Requests);
                let until = Instant::now() + BACK_AFTER_KILL;
                self.process.state.set(State::Down(until));
                continue;
            };
            let silent_for = BACK_AFTER_KILL - LOSES_ANSWERS_FOR;
            tokio::time::sleep_until((until - silent_for).into()).await;
            self.carries.send_replace(Carries::Nothing);
            tokio::time::sleep_until(until.into()).await;
            self.carries.send_replace(Carries::Everything);
            self.process.state.set(State::Running);
            self.events
                .add("link is back: what got no answer is reversed at the host".to_owned());
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.forwards.abort();
    }
}

async fn forward(listener: TcpListener, host: SocketAddr, carries: watch::Receiver<Carries>) {
    loop {
        match listener.accept().await {
            Ok((switch, _)) => {
                let (mut cut, carries) = (carries.clone(), carries.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        // Errors of a connection end it, as they would without a forwarder.
                        _ = pass(switch, host, carries) => {}
                        // It ends too when there is no link any more.
                        _ = cut.wait_for(|carries| *carries == Carries::Nothing) => {}
                    }
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Passes everything on in both directions, until one side has ended.
async fn pass(
    switch: TcpStream,
    host: SocketAddr,
    carries: watch::Receiver<Carries>,
) -> io::Result<()> {
    let host = TcpStream::connect(host).await?;
    switch.set_nodelay(true)?;
    host.set_nodelay(true)?;
    let (mut from_switch, mut to_switch) = switch.into_split();
    let (mut from_host, mut to_host) = host.into_split();
    let answers = async {
        let mut piece = vec![0; READ_BYTES];
        loop {
            let read = from_host.read(&mut piece).await?;
            if read == 0 {
                return Ok(());
            }
            let passes = *carries.borrow() == Carries::Everything;
            if passes {
                to_switch.write_all(&piece[..read]).await?;
            }
        }
    };
    tokio::select! {
        requests = tokio::io::copy(&mut from_switch, &mut to_host) => requests.map(|_| ()),
        answers = answers => answers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says back whatever comes, and how often.
    async fn echo(listener: TcpListener, came: watch::Sender<usize>) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let came = came.clone();
            tokio::spawn(async move {
                let mut piece = [0; 4];
                while stream.read_exact(&mut piece).await.is_ok() {
                    came.send_modify(|count| *count += 1);
                    let _ = stream.write_all(&piece).await;
                }
            });
        }
    }

    async fn asked(stream: &mut TcpStream) -> io::Result<[u8; 4]> {
        let mut answer = [0; 4];
        stream.write_all(b"ping").await?;
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn a_cut_loses_answers_first_and_then_everything_until_it_is_back() {
        let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = host.local_addr().unwrap().port();
        let from = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = from.local_addr().unwrap().port();
        drop(from);
        let (came, mut arrived) = watch::channel(0);
        tokio::spawn(echo(host, came));
        let (process, events) = (Process::new("link"), Rc::default());
        let link = Link::start(&process, &events, port, to).await.unwrap();
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let used = async {
            let mut stream = connect().await.unwrap();
            assert_eq!(asked(&mut stream).await.unwrap(), *b"ping");
            process.kill.notify_one();
            while process.runs() {
                tokio::task::yield_now().await;
            }
            // The host gets it, and its answer is lost; then the connection ends.
            assert!(asked(&mut stream).await.is_err());
            arrived.wait_for(|count| *count == 2).await.unwrap();
            let mut refused = connect().await.unwrap();
            assert!(asked(&mut refused).await.is_err());
            while !process.is_up() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let mut again = connect().await.unwrap();
            assert_eq!(asked(&mut again).await.unwrap(), *b"ping");
        };
        tokio::select! {
            () = used => {}
            never = link.keep() => match never {},
        }
        assert_eq!(events.all().len(), 1);
    }
}
