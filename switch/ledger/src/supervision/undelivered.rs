//! What operators decide that no rule of a wallet depends on, and that is journaled so that it is known who did it, and why: about
//! messages that were given up, and about the accounts of the operators' console.

use tessera_kit::clock::Timestamp;

use crate::Reference;

/// Messages that were given up are sent again, or dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Whose.
    pub outbox: Outbox,
    /// Sent again, or else dropped.
    pub sends: bool,
    /// As the list of what was given up names it; `None` for all of them.
    pub id: Option<Box<str>>,
    /// The transaction that the message is about, if it is about one and it is known.
    pub reference: Option<Reference>,
}

/// To whom messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outbox {
    /// Notifications of payers.
    Payers,
    /// Events of webhooks.
    Parties,
}

/// An account of the operators' console was changed, or a session of it was ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleAccount {
    /// What was done.
    pub act: AccountAct,
    /// The account.
    pub name: Box<str>,
    /// What it may do since, or could do until it was removed.
    pub role: Box<str>,
    /// When it was done: the console does not wait for the switch.
    pub at: Timestamp,
}

/// What can be done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAct {
    /// It was made.
    Add,
    /// It got another token, and perhaps another role.
    ReplaceToken,
    /// It was removed.
    Remove,
    /// A session was ended.
    EndSession,
}
