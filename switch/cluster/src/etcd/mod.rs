//! The replicated log in etcd 3.5.9 or later. What comes in are calls of [`ReplicatedLog`](crate::ReplicatedLog), from threads;
//! what goes out are requests of etcd's protocol (v3) by gRPC. Nothing here decides who owns the log.
//!
//! ```text
//! /tessera/<cluster>/config          JSON of Config, written once
//! /tessera/<cluster>/head            JSON of Head; its mod_revision is the Revision that an append expects
//! /tessera/<cluster>/log/<number>    the bytes of an entry; the number has 20 digits
//! /tessera/<cluster>/owner           the name of the node that is a candidate or the owner    with its lease
//! /tessera/<cluster>/nodes/<node>    JSON of NodeReport                                       with its lease
//! /tessera/<cluster>/hand-over       JSON of HandOver                                         with the lease of the command that asks
//! ```
//!
//! An append is one transaction:
//!
//! ```text
//! if    mod_revision(head) = expected
//! then  put log/<number>; put head; delete from log/0 to log/<trim_below>
//! else  get head
//! ```
//!
//! All reads are linearizable. Only a transaction that was answered says anything; every other end of an append is unknown, and
//! is never sent again here. Each follower, each lease, the appends, the requests of everything else and the requests for each
//! member's status have lines of their own ([`link`]), which do not wait for each other.
//!
//! etcd answers nothing about its flags `--snapshot-count` and `--snapshot-catchup-entries`, so [`Etcd::check`] can't see them;
//! the quota can be seen since etcd 3.6.

mod append;
mod connection;
mod engine;
mod fault;
mod feed;
mod follow;
mod keys;
mod lease;
mod limits;
mod link;
mod members;
mod owner;
mod page;
mod runtime;
mod settings;
mod status;
mod watch;
mod wire;

pub use engine::Etcd;
#[cfg(test)]
pub use limits::ENTRY_BYTES_MAX;
pub use settings::{Endpoint, EtcdSettings};
pub use status::SetUp;
