//! SIGTERM and SIGINT end the switch in order. At SIGHUP the parties are read again.

use tessera_console::service;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::Reload;

pub(super) struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

impl Ending {
    /// From here on they no longer end the process at once.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns when one has come.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The same, and meanwhile has the parties read again at each SIGHUP.
    pub async fn wait(&mut self, hangups: &mut Signal, reload: &Reload) {
        loop {
            tokio::select! {
                () = self.asked() => return,
                _ = hangups.recv() => {
                    service::reloading();
                    reload.run().await;
                    service::ready();
                }
            }
        }
    }
}
