//! Short messages: SMPP 3.4, one transceiver session, kept up by a task of its own.
//!
//! ```text
//! send ─▶ segments ─▶ queue ─▶ link: connect, bind, enquire ─▶ session ─▶ pace ─▶ codec ─▶ centre
//!      ◀────────────── submit_sm_resp of every segment ◀──────────────────┤
//!                                          Receipt ◀── deliver_sm ◀───────┘
//! ```
//!
//! | where it waits | bound |
//! | --- | --- |
//! | the queue, and what the centre has not acknowledged | `window` segments each; senders wait |
//! | ids of acknowledged segments that wait for their receipts | 65,536; the oldest are forgotten |
//! | receipts that nobody has taken | the channel's; beyond it the centre gets a temporary error |
//!
//! While there is no session, what is queued is refused as transient. Of the centre's codes only those that speak of
//! this receiver or this text are permanent.

mod alphabet;
mod codec;
mod link;
mod pace;
mod receipt;
mod session;
mod status;
mod submit;

use std::fmt;

use tokio::sync::{mpsc, oneshot};

use super::{Failure, Message};
use link::Link;
pub use receipt::{Receipt, ReceiptOutcome};
use submit::{Sender, Submit};
use tessera_config::{SettingsError, SmsSettings};

/// The channel. Dropping it ends the session.
pub struct Sms {
    sender: Sender,
    queue: mpsc::Sender<Submit>,
}

impl Sms {
    /// Reads the password and the authorities and starts the task that connects; must run within a tokio runtime.
    /// Delivery receipts of the centre go to `receipts`.
    pub fn open(
        settings: &SmsSettings,
        receipts: mpsc::Sender<Receipt>,
    ) -> Result<Self, SettingsError> {
        let link = Link::new(settings, receipts)?;
        let (queue, queued) = mpsc::channel(settings.window);
        tokio::spawn(link.run(queued));
        Ok(Self {
            sender: Sender::of(&settings.sender),
            queue,
        })
    }

    /// What [`Sms::open`] would say, without starting anything.
    pub fn check(settings: &SmsSettings) -> Result<(), SettingsError> {
        link::prepare(settings).map(drop)
    }

    /// Hands a message to the centre, segment by segment.
    pub async fn send(&self, message: &Message) -> Result<(), Failure> {
        let segments = submit::segments(&self.sender, message)?;
        for segment in segments {
            let (answer, answered) = oneshot::channel();
            let submit = Submit { segment, answer };
            let ended = |_| Failure::transient("the line to the message centre has ended");
            self.queue.send(submit).await.map_err(|_| ended(()))?;
            answered.await.map_err(|_| ended(()))??;
        }
        Ok(())
    }
}

impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sms").finish_non_exhaustive()
    }
}
