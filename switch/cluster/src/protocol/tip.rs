//! The end of the log as its owner knows it, and the header of the entry that comes next.

use tessera_encryption::DataKeyId;

use crate::entry::{EntryHeader, EntryKind, Tag};
use crate::{Head, NodeId, Place, Revision};

/// See the head of this file.
#[derive(Clone, Debug)]
pub(crate) struct Tip {
    pub log: [u8; 16],
    /// Of the epoch.
    pub key: DataKeyId,
    /// Of the epoch.
    pub salt: [u8; 32],
    pub head: Head,
    pub revision: Revision,
    /// Of the head's entry.
    pub tag: Tag,
}

impl Tip {
    /// The header of the next entry, without what depends on its content.
    pub fn header(&self, kind: EntryKind, before: Place, after: Place) -> EntryHeader {
        EntryHeader {
            kind,
            log: self.log,
            epoch: self.head.epoch,
            number: self.head.number + 1,
            predecessor: self.tag,
            key: self.key,
            salt: self.salt,
            records: 0,
            before,
            after,
            beside: self.head.beside,
            checksum: 0,
            segment_begins: false,
            changes_beside: false,
            plaintext_bytes: 0,
            body_bytes: 0,
        }
    }

    /// The head that an entry leaves.
    pub fn wanted(header: &EntryHeader, tag: &Tag, owner: Option<NodeId>) -> Head {
        Head {
            epoch: header.epoch,
            number: header.number,
            owner,
            tag: hex(tag),
            place: header.after,
            beside: header.beside_after(),
        }
    }

    /// The log has the next entry.
    pub fn advance(&mut self, head: Head, revision: Revision, tag: Tag) {
        (self.head, self.revision, self.tag) = (head, revision, tag);
    }

    /// The tag of a head's entry, if it is one.
    pub fn tag_of(head: &Head) -> Option<Tag> {
        bytes_of(&head.tag)
    }
}

/// Sixteen bytes from hexadecimal digits.
pub(crate) fn bytes_of(digits: &str) -> Option<[u8; 16]> {
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}

/// The digits of bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}
