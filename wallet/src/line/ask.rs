//! An operation that is sent to the switch, with its fields.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rand::RngExt as _;
use sha2::{Digest as _, Sha256};
use tessera_protocol::leased::Operation;
use tokio::sync::oneshot;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::Answer;

/// What field 60, 61 or 62 holds at most.
const FIELD_BYTES_MAX: usize = 999;
const NAME_ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Fields 60 and 62: data and secrets, each a list of tag, length and value.
#[derive(Default, Clone)]
pub struct Fields {
    pub(super) data: Vec<u8>,
    pub(super) secrets: Zeroizing<Vec<u8>>,
    overflown: bool,
}

impl Fields {
    /// Adds a value to field 60.
    pub fn data(mut self, tag: u8, value: impl Display) -> Self {
        let fits = add(&mut self.data, tag, value.to_string().as_bytes());
        self.overflown |= !fits;
        self
    }

    /// Adds a value to field 60 where there is one.
    pub fn maybe(self, tag: u8, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.data(tag, value),
            None => self,
        }
    }

    /// Adds a value to field 62.
    pub fn secret(mut self, tag: u8, value: &str) -> Self {
        let fits = add(&mut self.secrets, tag, value.as_bytes());
        self.overflown |= !fits;
        self
    }

    pub(super) fn overflown(&self) -> bool {
        self.overflown
    }
}

fn add(list: &mut Vec<u8>, tag: u8, value: &[u8]) -> bool {
    let fits = list.len() + 5 + value.len() <= FIELD_BYTES_MAX;
    if fits {
        // Secrets are wiped where they lie, so they must not be left behind where a list grew.
        list.reserve_exact(FIELD_BYTES_MAX - list.len());
        list.extend_from_slice(format!("{tag:02}{:03}", value.len()).as_bytes());
        list.extend_from_slice(value);
    }
    fits
}

/// Without the values.
impl fmt::Debug for Fields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fields(..)")
    }
}

/// What an operation is known by: fields 37 and 11. The same operation asked twice under the same name is applied once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name {
    pub(super) reference: [u8; 12],
    pub(super) trace: u32,
}

impl Name {
    /// A new one.
    pub fn random() -> Self {
        let mut random = rand::rng();
        Self::of(std::array::from_fn(|_| {
            NAME_ALPHABET[random.random_range(0..NAME_ALPHABET.len())]
        }))
    }

    /// The one that a form carries, so that a form sent twice is applied once; a new one where it is none of ours.
    pub fn from_form(text: &str) -> Self {
        match <[u8; 12]>::try_from(text.as_bytes()) {
            Ok(reference) if reference.iter().all(|byte| NAME_ALPHABET.contains(byte)) => {
                Self::of(reference)
            }
            _ => Self::random(),
        }
    }

    /// The trace number follows from the reference, so that a form need not carry both.
    fn of(reference: [u8; 12]) -> Self {
        let digest = Sha256::digest(reference);
        let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        Self {
            reference,
            trace: number % 999_999 + 1,
        }
    }
}

impl Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(&self.reference))
    }
}

/// An operation on its way.
pub(super) struct Ask {
    pub(super) operation: Operation,
    pub(super) fields: Fields,
    pub(super) name: Name,
    pub(super) deadline: Instant,
    /// Goes over this connection or not at all.
    pub(super) only: Option<u64>,
    /// It has been on a line before.
    pub(super) repeat: bool,
    pub(super) sent: Arc<AtomicBool>,
    pub(super) reply: oneshot::Sender<Answer>,
}

impl Ask {
    /// Whether nobody waits for it any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        now >= self.deadline || (self.only.is_none() && self.reply.is_closed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_sent_twice_has_one_name() {
        let name = Name::random();
        assert_eq!(Name::from_form(&name.to_string()), name);
        assert_ne!(Name::random(), name);
        assert_ne!(Name::from_form("'; drop--"), Name::from_form("'; drop--"));
        assert!((1..=999_999).contains(&name.trace));
    }

    #[test]
    fn what_does_not_fit_is_noticed() {
        let fields = Fields::default().data(6, "x".repeat(994));
        assert!(!fields.overflown());
        assert!(fields.clone().data(6, "").overflown());
        assert!(fields.secret(15, &"x".repeat(995)).overflown());
    }
}
