//! How another thread asks the one that owns an outbox about messages that were given up.

use std::fmt::Display;

use tokio::sync::{mpsc, oneshot};

use crate::outbox::Key;

/// Requests that wait for a thread.
pub(crate) const ASKS_MAX: usize = 16;

/// Where the answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, String>>;

/// Which messages that were given up.
#[derive(Debug, Clone, Copy)]
pub enum Letters<K = Key> {
    /// This one, if it is there.
    One(K),
    /// All there are.
    All,
}

/// Asks, and waits for the answer; `stopped` is the answer where the thread has ended.
pub(crate) async fn ask<A, T>(
    asks: &mpsc::Sender<A>,
    stopped: impl Fn() -> String,
    ask: impl FnOnce(Answer<T>) -> A,
) -> Result<T, String> {
    let (answer, answered) = oneshot::channel();
    let asked = asks.send(ask(answer)).await;
    asked.map_err(|_| stopped())?;
    answered.await.map_err(|_| stopped())?
}

/// Answers. The caller also gets a failure, as this thread does.
pub(crate) fn reply<T, E: Display>(answer: Answer<T>, done: Result<T, E>) -> Result<(), E> {
    let (notice, kept) = match done {
        Ok(done) => (Ok(done), Ok(())),
        Err(error) => (Err(error.to_string()), Err(error)),
    };
    // A caller that no longer waits needs no answer.
    let _ = answer.send(notice);
    kept
}
