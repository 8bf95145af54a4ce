//! Replicates the journal: the active node's batches go through a log that a majority of other machines keeps, and from there
//! into the segment files of every node.
//!
//! ```text
//! active node   writer ─▶ Owner ─ append ─▶ ReplicatedLog (etcd) ─ follow ─▶ Standby ─▶ segment files of a standby node
//!                                  one entry for a batch
//! ```
//!
//! Who owns the log is whom its head names. There is no other way to write than a transaction on that head, and no clock in
//! it. Leases only say who may try to become the owner, and when.

mod begin;
mod beside;
pub mod changes;
mod commits;
mod entry;
mod etcd;
mod formats;
mod hand_over;
mod keeper;
mod log;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod node;
mod node_id;
mod owner;
pub mod peer;
mod place;
mod protocol;
mod replica;
mod report;
mod request;
mod standby;
mod standing;
mod take_over;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod vacancy;
mod watch;

pub use begin::{BeginError, begin};
pub use beside::{Membership, MembershipError};
pub use entry::EntryError;
pub use etcd::{Endpoint, Etcd, EtcdSettings, SetUp};
pub use formats::Formats;
pub use keeper::Lost;
pub use log::{
    Appended, Claim, Config, Follow, Followed, Head, Lease, LogError, LogStatus, ReplicatedLog,
    Revision,
};
#[cfg(any(test, feature = "testing"))]
pub use memory::{Loss, Memory, MemoryLog};
pub use node::{Node, NodeSettings};
pub use node_id::NodeId;
pub use owner::{BATCH_BYTES_MAX, Owner};
pub use place::Place;
pub use replica::{AnyError, Replica};
pub use report::{Digests, HandOver, HandOverAnswer, Lag, NodeReport, NodeState};
pub use request::{RequestError, TakenOver, hand_over, take_over_by_force};
pub use standby::{Ended, StandbyError};
pub use standing::{EngineView, Overview, Role, Standing};
