//! What can be said from the journal alone, also while the switch runs.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`audit`] | proves the books |
//! | [`recon`] | lists the items of a settlement date |

pub mod audit;
pub mod recon;
