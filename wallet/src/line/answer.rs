//! The outcome of an operation: an answer, a refusal, or a failure without an answer.

use std::fmt;
use std::str::FromStr;

use tessera_protocol::leased::{HistoryRow, tag};
use tessera_protocol::{Message, tlv};
use zeroize::Zeroizing;

/// 0610, as far as anybody needs it.
pub struct Answer {
    /// Over which connection it came.
    pub connection: u64,
    code: String,
    reason: String,
    data: Vec<u8>,
    secrets: Zeroizing<Vec<u8>>,
}

/// The switch said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Field 39.
    pub code: String,
    /// Why, for a developer.
    pub reason: String,
    /// Seconds after which it may be tried again.
    pub retry_after: Option<u64>,
}

/// Why an operation came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The switch said no; nothing has changed.
    #[error("refused with {}: {}", .0.code, .0.reason)]
    Refused(Refusal),
    /// No line in time: the switch knows nothing of it.
    #[error("no line to the switch")]
    NotSent,
    /// It was sent, and nobody knows what became of it.
    #[error("no answer from the switch")]
    NoAnswer,
    /// The data do not fit into the message.
    #[error("more than a message holds")]
    TooLong,
    /// The answer is not what the operation answers.
    #[error("an answer without {0}")]
    Nonsense(&'static str),
}

impl Failure {
    /// Field 39 for metrics; a word where there is none.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(refusal) => &refusal.code,
            Self::NotSent => "not_sent",
            Self::NoAnswer => "no_answer",
            Self::TooLong => "too_long",
            Self::Nonsense(_) => "nonsense",
        }
    }

    /// Whether the switch wants the password: what counted as it does so no longer.
    pub fn wants_password(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == "30" && refusal.reason.starts_with("tag 17"))
    }

    /// Whether the switch refused with this field 39.
    pub fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == code)
    }
}

impl Answer {
    pub(super) fn of(message: &Message<'_>, connection: u64) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let reason = message
            .raw(48)
            .and_then(|list| tlv::find(list, tlv::REASON).ok().flatten());
        // One list that may go on in another field.
        let mut data = message.raw(61).unwrap_or_default().to_vec();
        data.extend_from_slice(message.raw(63).unwrap_or_default());
        Self {
            connection,
            code: message.text(39).map(text).unwrap_or_default(),
            reason: reason.map(text).unwrap_or_default(),
            data,
            secrets: Zeroizing::new(message.raw(62).unwrap_or_default().to_vec()),
        }
    }

    pub(super) fn into_result(self) -> Result<Self, Failure> {
        if self.code == "00" {
            return Ok(self);
        }
        let retry_after = self.value(tag::RETRY_AFTER);
        Err(Failure::Refused(Refusal {
            code: self.code,
            reason: self.reason,
            retry_after,
        }))
    }

    /// The value of a tag; `None` where it is absent or not readable.
    pub fn value<T: FromStr>(&self, tag: u8) -> Option<T> {
        self.values(tag).into_iter().next()
    }

    /// The value of a tag that must be there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn need<T: FromStr>(&self, tag: u8, what: &'static str) -> Result<T, Failure> {
        self.value(tag).ok_or(Failure::Nonsense(what))
    }

    /// All values of a tag, those left out that can't be read.
    pub fn values<T: FromStr>(&self, tag: u8) -> Vec<T> {
        tlv::iterate(&self.data)
            .map_while(Result::ok)
            .filter(|(found, _)| *found == tag)
            .filter_map(|(_, value)| String::from_utf8_lossy(value).parse().ok())
            .collect()
    }

    /// The events of a history, each with what is said of its request; those left out that can't be read.
    pub fn events(&self) -> Vec<HistoryRow> {
        let mut rows: Vec<Option<HistoryRow>> = Vec::new();
        for (tag, value) in tlv::iterate(&self.data).map_while(Result::ok) {
            let value = String::from_utf8_lossy(value);
            match tag {
                tag::EVENT => rows.push(value.parse().ok()),
                tag::REQUEST => {
                    if let Some(Some(row)) = rows.last_mut() {
                        row.request = value.parse().ok();
                    }
                }
                _ => {}
            }
        }
        rows.into_iter().flatten().collect()
    }

    /// A secret that must be there.
    ///
    /// # Errors
    /// Where it is not.
    pub fn secret(&self, tag: u8, what: &'static str) -> Result<Zeroizing<String>, Failure> {
        let value = tlv::find(&self.secrets, tag).ok().flatten();
        let text = value.and_then(|value| std::str::from_utf8(value).ok());
        text.map(|text| Zeroizing::new(text.to_owned()))
            .ok_or(Failure::Nonsense(what))
    }
}

/// Without the secrets, and without the data, which reveal the wallet's content.
impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}
