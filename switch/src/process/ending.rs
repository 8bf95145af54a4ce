//! SIGTERM and SIGINT end the switch in order, and so does a request to hand over to another node. At SIGHUP the parties are read
//! again.

use std::future;

use tessera_cluster::Standing;
use tessera_console::service;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::Reload;

/// What the process was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end.
    Stop,
    /// To end, and to come back as a standby.
    HandOver,
}

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

    /// The same, or when this node is asked to hand over; meanwhile has the parties read again at each SIGHUP.
    pub async fn wait(
        &mut self,
        hangups: &mut Signal,
        reload: &Reload,
        standing: Option<&Standing>,
    ) -> Asked {
        loop {
            tokio::select! {
                () = self.asked() => return Asked::Stop,
                () = asked_to_hand_over(standing) => return Asked::HandOver,
                _ = hangups.recv() => {
                    service::reloading();
                    reload.run().await;
                    service::ready();
                }
            }
        }
    }
}

/// Never, on its own.
async fn asked_to_hand_over(standing: Option<&Standing>) {
    match standing {
        Some(standing) => standing.asked_to_hand_over().await,
        None => future::pending().await,
    }
}
