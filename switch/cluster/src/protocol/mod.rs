//! The rules of the protocol, without clock, network or disk: what an answer of the log means, what may follow what, who may try
//! to take over, and what may be deleted.

mod appending;
mod reached;
mod trim;

pub(crate) use appending::{Appending, Verdict};
pub(crate) use reached::{Next, Reached};
pub(crate) use trim::trim_below;
