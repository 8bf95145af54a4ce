//! Where an operator asks about dead letters.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::asked::{self, ASKS_MAX, Answer, Letters};
use super::outbox::{Dead, Key, Outbox, OutboxError};
use tessera_journal::Position;
use tessera_ledger::WalletId;
use tessera_vault::Vault;

/// Dead letters that are tried again or dropped in one write.
pub(super) const LETTERS_AT_ONCE: usize = 1_000;

/// Cheap to clone; asks the thread that owns the outbox.
#[derive(Debug, Clone)]
pub struct DeadLetterClient(mpsc::Sender<Ask>);

/// A question.
pub(super) enum Ask {
    /// The oldest dead letters, at most so many.
    List(usize, Answer<Vec<(Key, Dead)>>),
    /// Whether any of these is there.
    Has(Letters, Answer<bool>),
    /// Try these again; how many there were.
    Retry(Letters, Answer<usize>),
    /// Forget these; how many there were.
    Drop(Letters, Answer<usize>),
    /// How many addresses an older key of this vault has sealed.
    Outdated(Arc<Vault>, Answer<usize>),
    /// Which of these wallets, which have ended, are still to be notified.
    ToBeNotified(Vec<(WalletId, Position)>, Answer<Vec<WalletId>>),
    /// The oldest event that a message may still be about.
    OldestNeeded(Answer<Option<Position>>),
}

impl Letters {
    /// Up to a page of them.
    pub(super) fn some_of(self, outbox: &Outbox) -> Result<Vec<(Key, Dead)>, OutboxError> {
        match self {
            Self::One(key) => {
                let dead = outbox.dead_letter(key)?;
                Ok(dead.map(|dead| (key, dead)).into_iter().collect())
            }
            Self::All => outbox.dead(LETTERS_AT_ONCE),
        }
    }

    /// Whether any of them is there.
    pub(super) fn exist(self, outbox: &Outbox) -> Result<bool, OutboxError> {
        self.some_of(outbox).map(|found| !found.is_empty())
    }
}

impl DeadLetterClient {
    pub(super) fn new() -> (Self, mpsc::Receiver<Ask>) {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        (Self(asks), asked)
    }

    /// The oldest dead letters, at most so many.
    ///
    /// # Errors
    /// Why the outbox can't be read.
    pub async fn list(&self, most: usize) -> Result<Vec<(Key, Dead)>, String> {
        self.ask(|answer| Ask::List(most, answer)).await
    }

    /// Whether any of these is there.
    ///
    /// # Errors
    /// Why the outbox can't be read.
    pub async fn has(&self, letters: Letters) -> Result<bool, String> {
        self.ask(|answer| Ask::Has(letters, answer)).await
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

    /// How many addresses in the outbox an older key of the vault has sealed. To be asked by a thread of its own.
    ///
    /// # Errors
    /// Why the outbox can't be read.
    pub fn outdated(&self, vault: &Arc<Vault>) -> Result<usize, String> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::Outdated(Arc::clone(vault), answer);
        self.0.blocking_send(ask).map_err(|_| stopped())?;
        answered.blocking_recv().map_err(|_| stopped())?
    }

    /// Which of these wallets, which have ended, still have messages that are to be sent to their contacts, or may have: the event
    /// at this position, with which they ended or which came later, was not looked at. Their keys are needed. To be asked by a
    /// thread of its own.
    ///
    /// # Errors
    /// Why the outbox can't be read.
    pub fn to_be_notified(
        &self,
        wallets: Vec<(WalletId, Position)>,
    ) -> Result<Vec<WalletId>, String> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::ToBeNotified(wallets, answer);
        self.0.blocking_send(ask).map_err(|_| stopped())?;
        answered.blocking_recv().map_err(|_| stopped())?
    }

    /// The oldest event that a message may still be about: no earlier one is read any more. To be asked by a thread of its own.
    ///
    /// # Errors
    /// Why the outbox can't be read.
    pub fn oldest_needed(&self) -> Result<Option<Position>, String> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::OldestNeeded(answer);
        self.0.blocking_send(ask).map_err(|_| stopped())?;
        answered.blocking_recv().map_err(|_| stopped())?
    }

    async fn ask<T>(&self, ask: impl FnOnce(Answer<T>) -> Ask) -> Result<T, String> {
        asked::ask(&self.0, stopped, ask).await
    }
}

fn stopped() -> String {
    "notifications are stopped: the log says why".to_owned()
}
