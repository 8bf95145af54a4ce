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
    /// Try these again; how many there were.
    Retry(Letters, oneshot::Sender<Result<usize, String>>),
    /// Forget these; how many there were.
    Drop(Letters, oneshot::Sender<Result<usize, String>>),
}

/// Which dead letters.
#[derive(Debug, Clone, Copy)]
pub enum Letters {
    /// This one, if it is there.
    One(Key),
    /// All there are.
    All,
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
        self.ask(|answer| Ask::List(most, answer)).await
    }

    /// Tries them again. How many there were.
    ///
    /// # Errors
    /// Why the outbox can't be written.
    pub async fn retry(&self, letters: Letters) -> Result<usize, String> {
        self.ask(|answer| Ask::Retry(letters, answer)).await
    }

    /// Forgets them. How many there were.
    ///
    /// # Errors
    /// Why the outbox can't be written.
    pub async fn forget(&self, letters: Letters) -> Result<usize, String> {
        self.ask(|answer| Ask::Drop(letters, answer)).await
    }

    async fn ask<T>(
        &self,
        ask: impl FnOnce(oneshot::Sender<Result<T, String>>) -> Ask,
    ) -> Result<T, String> {
        let (answer, answered) = oneshot::channel();
        let stopped = || "notifications are stopped: the log says why".to_owned();
        let asked = self.0.send(ask(answer)).await;
        asked.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}
