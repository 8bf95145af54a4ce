//! A message to a wallet: a command, and the recipient of its answer.

use std::sync::{Arc, Mutex};

use tessera_journal::Position;
use tessera_ledger::{Command, Outcome, Supervision};
use tokio::sync::oneshot;

use tessera_admission::Requester;

/// A message to a wallet, and the requester that waits for its answer.
///
/// For a wallet there waits one for each admitted request and one for each answer of the host, so they are bounded by admission
/// at the port, and by nothing else: a full mailbox would have to be answered, and waiting here would free no capacity.
#[derive(Debug)]
pub struct WalletMessage {
    /// The command.
    pub command: Command,
    /// The party or wallet server that asked.
    pub requester: Option<Requester>,
    /// Where an operator waits.
    pub reply: Option<Reply>,
}

impl WalletMessage {
    /// Nobody waits.
    pub fn unasked(command: Command) -> Self {
        Self {
            command,
            requester: None,
            reply: None,
        }
    }

    /// A party or the wallet server waits.
    pub fn asked(command: Command, requester: Requester) -> Self {
        Self {
            command,
            requester: Some(requester),
            reply: None,
        }
    }

    /// An operator waits, there.
    pub fn directed(command: Command) -> (Self, oneshot::Receiver<Directions>) {
        let (sender, answered) = oneshot::channel();
        let message = Self {
            command,
            requester: None,
            reply: Some(Reply(Arc::new(Mutex::new(Some(sender))))),
        };
        (message, answered)
    }
}

/// Where an operator waits for an answer.
#[derive(Debug, Clone)]
pub struct Reply(Arc<Mutex<Option<oneshot::Sender<Directions>>>>);

/// What an operator is answered.
#[derive(Debug)]
pub struct Directions {
    /// What came of it.
    pub outcome: Outcome,
    /// What is decided by now about the wallet.
    pub supervision: Supervision,
    /// Journal position of the wallet's last event; `None` before the first.
    pub position: Option<Position>,
}

impl Reply {
    /// Answers, unless that was done before.
    pub fn send(&self, directions: Directions) {
        let sender = self.0.lock().map(|mut sender| sender.take());
        if let Ok(Some(sender)) = sender {
            // The requester may have stopped waiting.
            let _ = sender.send(directions);
        }
    }
}
