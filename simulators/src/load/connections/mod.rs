//! The connections of a run: the measured ones (`terminal`), and those beside them that read balances and announce orders
//! (`line`). In come requests as bytes; out go the answers, as they came. What an answer means is decided in `session`.

pub(crate) mod access;
pub(crate) mod back_off;
pub(super) mod line;
pub mod party_line;
pub(crate) mod sign_on;
mod stream;
pub(super) mod terminal;
