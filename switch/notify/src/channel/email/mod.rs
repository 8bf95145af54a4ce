//! E-mail: SMTP with STARTTLS or inside TLS, over a few connections that are kept for the next message.
//!
//! | what the server says | what it means here |
//! | --- | --- |
//! | 2xx to the end of DATA | taken over |
//! | 4xx | transient |
//! | 5xx to a sender, receiver or text | permanent |
//! | 5xx to a greeting, EHLO, STARTTLS or AUTH, or 530, 534, 535, 538 to anything | transient: the operator's to put right, not the payer's |
//! | no SMTPUTF8 to EHLO, and the receiver's name is not ASCII | permanent |
//! | nothing, nonsense, a reply without an end, a broken line or certificate | transient |
//!
//! After a failed connection, none is tried for a while, and every message fails with that reason.

mod envelope;
mod failure;
mod kept;
mod line;
mod pool;
#[cfg(test)]
mod tests;

use lettre::message::Mailbox;
use tokio::time::timeout;

use super::{Failure, Message};
use pool::Pool;
use tessera_config::{EmailSettings, SettingsError};

/// The channel.
#[derive(Debug)]
pub struct Email {
    from: Mailbox,
    pool: Box<Pool>,
}

impl Email {
    /// Reads the password and the authorities; nothing is connected before the first message.
    pub fn open(settings: &EmailSettings) -> Result<Self, SettingsError> {
        Ok(Self {
            from: settings.sender()?,
            pool: Box::new(Pool::new(settings)?),
        })
    }

    /// Hands a message to the server. Waits for a connection, if all of them are busy.
    pub async fn send(&self, message: &Message) -> Result<(), Failure> {
        let email = envelope::pack(&self.from, message)?;
        let mut lease = self.pool.lease().await?;
        let receivers = email.envelope().to();
        let ascii = receivers.iter().all(|to| to.user().is_ascii());
        if !ascii && !lease.has_smtputf8() {
            // Nothing was said: the next message finds the connection as it was.
            lease.keep();
            return Err(Failure::permanent(
                "the mail server accepts only ASCII addresses: it has no SMTPUTF8",
            ));
        }
        let bytes = email.formatted();
        let sent = lease.connection.send(email.envelope(), &bytes);
        match timeout(self.pool.answer_within, sent).await {
            Ok(Ok(_)) => {
                lease.keep();
                Ok(())
            }
            Ok(Err(error)) => Err(failure::of_message(&error)),
            Err(_) => Err(Failure::transient("the mail server did not answer in time")),
        }
    }
}
