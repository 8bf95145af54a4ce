//! SIGTERM and SIGINT end the switch in order. At SIGHUP the parties are read again.

use tessera_console::service;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::Reload;

pub(super) struct Ending {
    terminate: Signal,
    interrupt: Signal,
    hangups: Signal,
}

impl Ending {
    /// From here on they no longer end the process at once.
    pub fn listen(hangups: Signal) -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangups,
        })
    }

    pub async fn wait(&mut self, reload: &Reload) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangups.recv() => {
                    service::reloading();
                    reload.run().await;
                    service::ready();
                }
            }
        }
    }
}
