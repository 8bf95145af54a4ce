//! Notifies payers of what happened: by e-mail and by short message, to addresses that they have confirmed, and in their browsers.
//!
//! | part | what it does |
//! | --- | --- |
//! | `outbox` | notifications to be sent: a cursor over the journal, and the messages before it |
//! | `follow`, `occasion` | read the journal on, and select the events and their receivers |
//! | `learn` | contacts out of the store, where the events that they came from were deleted |
//! | `lane` | what waits for one channel: one that stands still does not hold up the other |
//! | `service`, `state`, `deliver` | the thread: what is due is put into words and handed to a channel |
//! | `dead_letter_client`, `dead_letters` | dead letters, for operators |
//! | `asked` | how the thread is asked about them, as that of webhooks is |
//! | `texts` | puts an occasion and its facts into words |
//! | `channel` | takes one message to one receiver, or says why not |
//! | `post` | one request to a server outside, for browsers and parties |
//! | `trust` | the authorities that a server's certificate is checked against |
//! | `webhook` | notifies parties by HTTP, with a thread and rows of its own |
//!
//! A payer's address goes to the server that delivers to it and to nobody else: it is in no log line, no metric and no
//! reason of a failure.

// So that a new event or message is decided upon in every place, by name.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod asked;
#[allow(
    clippy::wildcard_enum_match_arm,
    reason = "the enums of the message centre's protocol are another crate's"
)]
pub mod channel;
mod dead_letter_client;
mod dead_letters;
mod deliver;
mod elsewhere;
mod ended;
mod follow;
mod lane;
mod learn;
mod occasion;
pub mod outbox;
mod post;
mod service;
mod state;
#[cfg(test)]
mod testing;
pub mod texts;
mod trust;
mod webhook;

use channel::{Email, Sms, WebPush};
use tessera_config::{Environment, NotifySettings, SettingsError};

pub use asked::Letters;
pub use channel::{VapidKey, are_browser_keys};
pub use dead_letter_client::DeadLetterClient;
pub use deliver::MallNames;
pub use elsewhere::{remember, remembered};
pub use service::{BrowserGone, Notify, NotifyError};
pub use webhook::{
    Hook, HookDirectory, WebhookClient, WebhookDead, WebhookError, WebhookId, Webhooks,
};

/// Tries what reading the configuration leaves for later: passwords and authorities of the channels.
///
/// # Errors
/// What of it is not usable.
pub fn check(settings: &NotifySettings, environment: Environment) -> Result<(), SettingsError> {
    if let Some(email) = &settings.email {
        Email::open(email)?;
    }
    if let Some(sms) = &settings.sms {
        Sms::check(sms)?;
    }
    if let Some(web_push) = &settings.web_push {
        WebPush::check(web_push, environment)?;
    }
    Ok(())
}
