//! Connections that wait for their next message.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use lettre::transport::smtp::client::AsyncSmtpConnection;

pub(super) struct Kept {
    connections: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
    most: usize,
    idle_for: Duration,
}

impl Kept {
    pub(super) fn new(most: usize, idle_for: Duration) -> Self {
        Self {
            connections: Mutex::new(Vec::new()),
            most,
            idle_for,
        }
    }

    /// The one that was used last; those that were idle for too long are closed.
    pub(super) fn take(&self) -> Option<AsyncSmtpConnection> {
        let mut connections = self.lock();
        connections.retain(|(since, _)| since.elapsed() < self.idle_for);
        connections.pop().map(|(_, connection)| connection)
    }

    pub(super) fn put(&self, connection: AsyncSmtpConnection) {
        let mut connections = self.lock();
        if connections.len() < self.most {
            connections.push((Instant::now(), connection));
        }
    }

    /// Nothing panics while it is held; and if it did, the list would still be one.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, AsyncSmtpConnection)>> {
        self.connections
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
