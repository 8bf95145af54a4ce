//! What the service manager is notified of while there are no workers: a standby is ready when it follows the log, which may be
//! weeks before it serves, and a take-over may last longer than the watchdog's patience.
//!
//! In comes what this node is in its cluster; out go notifications, until the value is dropped. What never happens here: a
//! decision about the take-over.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tessera_cluster::{Role, Standing};
use tessera_console::service;

/// How soon it is noticed that the standby follows.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Notifies until it is dropped: then the workers give the signs of life.
pub(super) struct Waiting {
    _dropped: Sender<()>,
}

impl Waiting {
    /// A thread of its own: the main thread is busy while it opens the data.
    pub fn start(standing: Arc<Standing>) -> io::Result<Self> {
        let (sender, dropped) = channel();
        thread::Builder::new()
            .name("waiting".to_owned())
            .spawn(move || notify(&standing, &dropped))?;
        Ok(Self { _dropped: sender })
    }
}

fn notify(standing: &Standing, dropped: &Receiver<()>) {
    let goes_on = |patience| dropped.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
    while standing.role() == Role::Starting {
        if !goes_on(LOOK_EVERY) {
            return;
        }
    }
    service::ready();
    let Some(every) = service::watchdog_every() else {
        return;
    };
    loop {
        service::alive();
        if !goes_on(every) {
            return;
        }
    }
}
