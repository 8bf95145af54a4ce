//! Where an operator asks about dead letters.

use tokio::sync::{mpsc, oneshot};

use super::outbox::{Dead, Key};

/// Questions that wait for the room's thread.
const WAITING_MAX: usize = 16;

/// Cheap to clone; asks the thread that owns the outbox.
#[derive(Debug, Clone)]
pub struct Desk(mpsc::Sender<Ask>);

/// A question.
#[derive(Debug)]
pub(super) enum Ask {
    /// The oldest dead letters, at most so many.
    List(usize, oneshot::Sender<Result<Vec<(Key, Dead)>, String>>),
    /// Try this one again; whether there was one.
    Retry(Key, oneshot::Sender<bool>),
    /// Forget this one; whether there was one.
    Drop(Key, oneshot::Sender<bool>),
}

impl Desk {
    pub(super) fn new() -> (Self, mpsc::Receiver<Ask>) {
        let (asks, asked) = mpsc::channel(WAITING_MAX);
        (Self(asks), asked)
    }

    /// The oldest dead letters, at most so many.
    ///
    /// # Errors
    /// Why the outbox can't be read.
    pub async fn list(&self, most: usize) -> Result<Vec<(Key, Dead)>, String> {
        let (answer, answered) = oneshot::channel();
        let gone = || "notifications have ended".to_owned();
        let asked = self.0.send(Ask::List(most, answer)).await;
        asked.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Tries one again; false where it is not there.
    pub async fn retry(&self, key: Key) -> bool {
        self.ask(|answer| Ask::Retry(key, answer)).await
    }

    /// Forgets one; false where it is not there.
    pub async fn drop_letter(&self, key: Key) -> bool {
        self.ask(|answer| Ask::Drop(key, answer)).await
    }

    async fn ask(&self, ask: impl FnOnce(oneshot::Sender<bool>) -> Ask) -> bool {
        let (answer, answered) = oneshot::channel();
        self.0.send(ask(answer)).await.is_ok() && answered.await.unwrap_or(false)
    }
}
