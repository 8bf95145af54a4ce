//! A process that was asked to end and can't do so in order, because nothing may leave it or the replicated log takes nothing: it
//! must not wait until its supervisor kills it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tessera_cluster::Standing;
use tessera_kit::fence;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A log that elects another leader takes batches again before that.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches until it is dropped.
pub(super) struct Unfinished {
    _dropped: Sender<()>,
}

impl Unfinished {
    /// On a thread of its own: others may be those that wait.
    pub fn watch(standing: Arc<Standing>) -> io::Result<Self> {
        let (sender, dropped) = channel();
        thread::Builder::new()
            .name("unfinished".to_owned())
            .spawn(move || watch(&standing, &dropped))?;
        Ok(Self { _dropped: sender })
    }
}

fn watch(standing: &Standing, dropped: &Receiver<()>) {
    let mut stuck: Option<Instant> = None;
    while dropped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        stuck = match standing.is_stalled() || !fence::is_open() {
            true => stuck.or_else(|| Some(Instant::now())),
            false => None,
        };
        if stuck.is_some_and(|since| since.elapsed() >= PATIENCE) {
            crate::fault::unfinished();
        }
    }
}
