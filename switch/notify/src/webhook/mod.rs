//! Notifies parties by HTTP of what has become of their orders and requests: webhooks, after the Standard Webhooks scheme.
//!
//! | part | what it does |
//! | --- | --- |
//! | `outbox` | events to be sent, given up, and the orders whose end is awaited: rows on the disk, and the cursor |
//! | `hooks` | the parties that have a webhook |
//! | `follow` | reads the journal on, and selects the events of parties that have a webhook |
//! | `event` | the body of an event; nothing in it is about the payer |
//! | `sign` | its signature |
//! | `service` | the thread: what is due is sent, a few at a time for each party |
//! | `client` | events that were given up, for operators |
//!
//! The cursor and the rows before it are written together, and a row is removed when the party's server has answered 2xx. A kill
//! between the two sends an event twice, with the same id, and loses none. It shares neither thread nor folder with the messages
//! to payers, and each party has requests of its own under way: a slow one holds up nobody else.

mod client;
mod event;
mod follow;
mod hooks;
mod outbox;
mod service;
mod sign;
#[cfg(test)]
mod tests;

pub use client::{WebhookClient, WebhookDead, WebhookId};
pub use hooks::{Hook, HookDirectory};
pub use service::{WebhookError, Webhooks};
