//! The rules of the protocol, without clock, network or disk: what an answer of the log means, what may follow what, who may try
//! to take over, and what may be deleted.
//!
//! ```text
//! Appending    one transaction on the head, until its outcome is known       driven by the owner, and by Candidacy
//! Candidacy    from a claim to an epoch                                      driven by take_over.rs
//! Following    a standby, until it owns the log; with Reached                driven by standby.rs
//! Tenure       the lease, the claim under it, and the fence                  driven by keeper.rs
//! trim_below   what may be deleted                                           asked by watch.rs
//! ```
//!
//! Each is given what happened, and says what to do next. Its driver does that and nothing else, so the model in
//! `tests/model` drives the same.

mod appending;
mod candidacy;
mod following;
mod reached;
mod rule;
mod tenure;
mod tip;
mod trim;

pub(crate) use appending::{Appending, Verdict};
pub(crate) use candidacy::{Candidacy, Canvass};
pub(crate) use following::{Course, Following, Look, Met};
pub(crate) use reached::{Next, Reached};
pub(crate) use rule::Rule;
pub(crate) use tenure::{Due, Reply, Said, Tenure};
pub(crate) use tip::{Tip, bytes_of, hex};
pub(crate) use trim::{trim_below, without_needed};
