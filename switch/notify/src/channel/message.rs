//! What a channel carries.

use std::fmt;
use std::time::Duration;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::texts::Texts;
use tessera_texts::Language;

/// What a message is known by, the same however often it is sent: `1a2b3c.0.19aabbccdde`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    const LENGTH_MAX: usize = 200;

    /// `None` for what could not stand before the `@` of a `Message-ID` as it is: other than letters, digits and `.-_`.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        let plain = !text.is_empty() && text.bytes().all(allowed);
        (plain && text.len() <= Self::LENGTH_MAX).then(|| Self(text.to_owned()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sixteen bits of it, for protocols with such short references. Two ids may share them.
    pub fn short(&self) -> u16 {
        let sum = crc32c::crc32c(self.0.as_bytes());
        (sum ^ (sum >> 16)) as u16
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a payer is reached: an e-mail address, or a number with its country (`+491701234567`). It cannot be printed, and is
/// wiped when it is dropped; the libraries that speak to the servers make copies of which this cannot be said.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Zeroizing<String>);

impl Address {
    /// Whatever was confirmed. Whether a channel can use it turns out when it tries.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The address itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// One message to one receiver, in all the forms that a channel may need. The texts may hold a confirmation code: they are
/// wiped when dropped, and not printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Message {
    /// What it is known by.
    #[zeroize(skip)]
    pub id: MessageId,
    /// To whom.
    #[zeroize(skip)]
    pub to: Address,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same for those who read HTML.
    pub html: String,
    /// The same, short enough for a short message.
    pub sms: String,
    /// The path of the wallet server's page about it.
    pub page: String,
    /// What it is written in.
    #[zeroize(skip)]
    pub language: Language,
}

impl Message {
    /// A message in these words.
    pub fn new(id: MessageId, to: Address, texts: Texts) -> Self {
        Self {
            id,
            to,
            subject: texts.subject,
            text: texts.text,
            html: texts.html,
            sms: texts.sms,
            page: "/".to_owned(),
            language: Language::English,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why a message was not taken over. The reason is for operators and says nothing about the payer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Worth another try, later.
    #[error("{0}")]
    Transient(String),
    /// The same, and not before so long.
    #[error("{0}")]
    Later(String, Duration),
    /// No further try would end otherwise.
    #[error("{0}")]
    Permanent(String),
    /// The receiver is no more.
    #[error("the receiver is no more")]
    Gone,
}

impl Failure {
    pub(super) fn transient(reason: impl Into<String>) -> Self {
        Self::Transient(reason.into())
    }

    pub(super) fn permanent(reason: impl Into<String>) -> Self {
        Self::Permanent(reason.into())
    }

    /// Whether another try may end otherwise.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient(_) | Self::Later(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_a_header_can_carry() {
        let id = MessageId::new("0ABCDEFGHIJK.1").unwrap();
        assert_eq!(id.as_str(), "0ABCDEFGHIJK.1");
        assert_eq!(id.short(), MessageId::new(id.as_str()).unwrap().short());
        for wrong in ["", "a@b", "a b", "<a", "a\r\n", "ä"] {
            assert_eq!(MessageId::new(wrong), None, "{wrong:?}");
        }
        assert_eq!(MessageId::new(&"a".repeat(201)), None);
    }

    #[test]
    fn neither_address_nor_text_is_printed() {
        let texts = Texts {
            subject: "s3cret".into(),
            text: "s3cret".into(),
            html: "s3cret".into(),
            sms: "s3cret".into(),
        };
        let id = MessageId::new("a.1").unwrap();
        let message = Message::new(id, Address::new("s3cret@example.com"), texts);
        let printed = format!("{message:?} {:?} {message:#?}", message.to);
        assert!(!printed.contains("s3cret"), "{printed}");
    }
}
