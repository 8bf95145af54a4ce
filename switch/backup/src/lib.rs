//! Copies of the data of a running switch, and data made of them again.
//!
//! In come a folder of data and the sequence up to which its journal is durable; out goes a folder from which the same data can
//! be made. What never happens here: a byte of the data is changed, a record is copied that a crash could take back, or a
//! backup that was good is lost because the next one was not finished.
//!
//! ```text
//! BACKUP/
//!   tessera-backup.lock                     held while something writes to this folder; shows that it is one of backups
//!   manifest.jsonl                          what belongs to the backup: written last, under another name, and renamed
//!   journal/00000000000268402176.journal    a segment, cut behind its last durable batch
//!   archive/00000000000000000000.archive    an archived one, as it is
//!   snapshots/00000000000000004711.snapshot
//!   opening/00000000000000004711.opening    opening balances, which stand for segments that are deleted
//!   keys/3/keys.table                       the key table; the folder's number rises with every new one
//!   wallet.keys                             brought up to date in place, so that destroyed keys are destroyed here too
//!
//! manifest.jsonl, lines of JSON
//!   {"format":"tessera backup","version":1,"build":"0.3.0","made":1790000000000}
//!   {"file":"journal/...","bytes":4711,"sha256":"...","segment":{"first":1,"until":1790000000000,"end":{"position":..., "sequence":..., "chain":"..."}}}
//!   {"file":"snapshots/...","bytes":815,"sha256":"...","needs":4711}
//!   {"file":"wallet.keys","bytes":266240}
//!   {"sha256":"..."}                        of all lines before
//! ```
//!
//! `end` is where the copy of a segment ends: the next batch, whose first record has this sequence, begins at the position and
//! names the chain as its predecessor. `until` is the latest time of its events, in milliseconds since 1970. A snapshot `needs`
//! the journal up to this sequence. The keys of wallets have no hash: each is authenticated, and the file changes in place.
//!
//! Bytes of a file behind those that the manifest names do not belong to the backup. So a segment that is being written is
//! continued in place: the manifest before goes on to name what it named.

mod apart;
mod backup;
mod error;
mod file_name;
mod folder;
mod follow;
mod frames;
mod guard;
mod hex;
mod listing;
mod manifest;
mod receive;
mod remote;
mod restore;
mod segments;
mod stored;
mod target;
#[cfg(test)]
mod tests;
mod versions;
mod wallet_keys;
mod whole;

pub use apart::expect_apart;
pub use backup::{Backup, Copied, Durable, yield_to_others};
pub use error::BackupError;
pub use folder::Folder;
pub use follow::{Asked, follow};
pub use receive::serve;
pub use remote::Remote;
pub use restore::Restored;
pub use stored::{Progress, Stored};
pub use target::Target;
pub use versions::MANIFEST_VERSION;
