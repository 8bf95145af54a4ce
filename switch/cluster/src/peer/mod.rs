//! What a node that lacks entries gets from another node: data keys, keys of wallets, and the batches of the journal. Over TCP, with
//! mutual TLS where the cluster has certificates.
//!
//! ```text
//! frame    bytes that follow 4, little-endian; kind 1; content
//!
//! asks                                  answers
//! 1 keys      JSON: log              ──▶
//!                                    ◀── 3 key      a line of keys.table, wrapped with the master key
//!                                    ◀── 5 end
//! 2 copy      JSON: log, from, until ──▶
//!                                    ◀── 3 key      each data key
//!                                    ◀── 4 page     offset 8, a page of wallet.keys (its keys are encrypted)
//!                                    ◀── 8 change   as entries carry it: up to where payers were notified
//!                                    ◀── 6 batch    before 24, after 24, records 4, checksum 4, segment begins 1, [header 128],
//!                                                   the batch in plaintext, compressed with zstd
//!                                    ◀── 5 end      JSON: the last sequence that was sent
//!                                    ◀── 7 refused  why, in place of any answer
//! ```
//!
//! A batch is carried as the log carries it, and taken in the same way: what does not go on where the journal ends, or does not
//! become the bytes that the sender has, is refused.

mod client;
mod frames;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Peers, key_lines};
pub use server::{PeerServer, Served};

pub(crate) use client::copy;

/// Why nothing could be copied from another node.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// The connection.
    #[error("{peer}: {why}")]
    Line {
        /// Which node.
        peer: String,
        /// What went wrong.
        why: std::io::Error,
    },
    /// The node refused.
    #[error("{peer} refused: {why}")]
    Refused {
        /// Which node.
        peer: String,
        /// Its words.
        why: String,
    },
    /// It sent something else than this protocol.
    #[error("{peer} sent what this build does not understand: {what}")]
    Protocol {
        /// Which node.
        peer: String,
        /// What.
        what: &'static str,
    },
    /// What it sent is not what this journal goes on with: its files may be damaged.
    #[error("{peer} sent what can't be taken: {why}. Check that node's data with `tessera audit`")]
    Content {
        /// Which node.
        peer: String,
        /// What is wrong.
        why: String,
    },
    /// No node that has it all can be reached.
    #[error("no node that has all of the missing data can be reached{0}")]
    Nobody(String),
}
