//! The signals on which a service ends in order: SIGTERM, SIGINT, and SIGHUP (the terminal has gone).

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from its making on: none of the signals ends the process by itself any more.
pub(crate) struct Ending([Signal; 3]);

impl Ending {
    /// # Errors
    /// When the system refuses a handler.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self([
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::hangup())?,
        ]))
    }

    /// Resolves at the next of them.
    pub async fn asked(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
