//! Fields 61, 62 and 63 of an answer while they are filled.

use tessera_protocol::leased::tag;
use tessera_protocol::{CardNumber, tlv};

/// The content of an answer: a list that may continue in a second field, and secrets.
#[derive(Default)]
pub(super) struct AnswerFields {
    pub(super) first: tlv::TlvWriter,
    pub(super) second: tlv::TlvWriter,
    pub(super) secrets: tlv::TlvWriter,
    /// Something did not fit into the first field: the order is kept.
    goes_on: bool,
}

impl AnswerFields {
    /// False, and nothing added, where both fields are full.
    pub(super) fn add(&mut self, tag: u8, value: &[u8]) -> bool {
        self.goes_on = self.goes_on || !self.first.add(tag, value);
        !self.goes_on || self.second.add(tag, value)
    }

    pub(super) fn number(&mut self, tag: u8, number: u64) -> bool {
        self.add(tag, number.to_string().as_bytes())
    }

    /// How many bytes still fit into the field that is being filled last.
    pub(super) fn capacity(&self) -> usize {
        tlv::VALUE_BYTES_MAX - self.second.as_bytes().len()
    }

    pub(super) fn card(&mut self, number: &CardNumber, expiry: u16) {
        let digits = format!("{:0length$}", number.expose(), length = number.length());
        self.secrets.add(tag::CARD, digits.as_bytes());
        self.secrets
            .add(tag::EXPIRY, format!("{expiry:04}").as_bytes());
    }
}
