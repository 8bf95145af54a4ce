//! Where an operator asks about events that were given up.

use tessera_journal::Position;
use tessera_kit::clock::Timestamp;
use tokio::sync::mpsc;

use super::outbox::Key;
use crate::asked::{self, ASKS_MAX, Answer, Letters};

/// Which event: shown as three numbers with dots between.
#[derive(Debug, Clone, Copy)]
pub struct WebhookId(pub(super) Key);

/// An event that was given up.
#[derive(Debug)]
pub struct WebhookDead {
    /// As it is named to try it again.
    pub id: String,
    /// The code of its party.
    pub party: u64,
    /// When it happened.
    pub since: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What the last try came to.
    pub why: String,
}

/// Cheap to clone; asks the thread that owns the rows.
#[derive(Debug, Clone)]
pub struct WebhookClient(mpsc::Sender<Ask>);

pub(super) enum Ask {
    /// The oldest of each party, at most so many.
    List(usize, Answer<Vec<WebhookDead>>),
    /// Whether any of these is there.
    Has(Letters<WebhookId>, Answer<bool>),
    /// Send these again (true), or forget them; how many there were.
    Take(Letters<WebhookId>, bool, Answer<usize>),
}

impl WebhookId {
    /// Journal position of the event.
    pub fn position(self) -> Position {
        self.0.position
    }
}

impl std::str::FromStr for WebhookId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Key::from_text(text).map(Self).ok_or(())
    }
}

impl std::fmt::Display for WebhookId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0.to_text())
    }
}

impl WebhookClient {
    pub(super) fn new() -> (Self, mpsc::Receiver<Ask>) {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        (Self(asks), asked)
    }

    /// What was given up, at most so many.
    ///
    /// # Errors
    /// Why it can't be read.
    pub async fn list(&self, most: usize) -> Result<Vec<WebhookDead>, String> {
        self.ask(|answer| Ask::List(most, answer)).await
    }

    /// Whether any of these is there.
    ///
    /// # Errors
    /// Why it can't be read.
    pub async fn has(&self, letters: Letters<WebhookId>) -> Result<bool, String> {
        self.ask(|answer| Ask::Has(letters, answer)).await
    }

    /// Sends them again, or forgets them. How many there were.
    ///
    /// # Errors
    /// Why it can't be written.
    pub async fn take(&self, letters: Letters<WebhookId>, sends: bool) -> Result<usize, String> {
        self.ask(|answer| Ask::Take(letters, sends, answer)).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(Answer<T>) -> Ask) -> Result<T, String> {
        let stopped = || "webhooks are stopped: the log says why".to_owned();
        asked::ask(&self.0, stopped, ask).await
    }
}
