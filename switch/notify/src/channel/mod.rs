//! The ways to a payer. In comes a [`Message`], out comes that a server has taken it over, or a [`Failure`].
//!
//! ```text
//!            ┌▶ Email ─▶ pool ─▶ SMTP server        taken over: its answer to the end of DATA
//! Channel ───┤
//!            ├▶ Sms ─▶ pace ─▶ link ─▶ SMPP centre  taken over: submit_sm_resp of every segment
//!            │                   └───▶ Receipt      later: whether it reached the phone
//!            └▶ WebPush ─▶ post ─▶ push service     taken over: its answer 2xx
//! ```
//!
//! A message may be sent more than once (the answer was lost, the switch was killed): it then carries the same [`MessageId`], and the same
//! references made from it. Nothing here remembers, repeats or waits to try again: that is the outbox's, which knows what is durable.
//!
//! Never here: an address, a text or a password in a log line or a reason.

mod email;
mod message;
mod sms;
mod web_push;

use std::time::Duration;

use crate::outbox::ChannelKind;

pub use email::Email;
pub use message::{Address, Failure, Message, MessageId};
pub use sms::{Receipt, ReceiptOutcome, Sms};
pub use web_push::{VapidKey, WebPush, are_browser_keys};

/// Half of it to all of it, so that many who lost the same server do not come back at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

/// One way to a payer.
#[derive(Debug)]
pub enum Channel {
    /// Through an SMTP server.
    Email(Email),
    /// Through an SMPP message centre.
    Sms(Sms),
    /// Through the push services of browsers.
    WebPush(WebPush),
}

impl Channel {
    /// Hands a message to the server that takes it on from here.
    pub async fn send(&self, message: &Message) -> Result<(), Failure> {
        match self {
            Self::Email(email) => email.send(message).await,
            Self::Sms(sms) => sms.send(message).await,
            Self::WebPush(web_push) => web_push.send(message).await,
        }
    }

    /// Its name in metrics and log lines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Email(_) => ChannelKind::Email.name(),
            Self::Sms(_) => ChannelKind::Mobile.name(),
            Self::WebPush(_) => ChannelKind::Browser.name(),
        }
    }
}
