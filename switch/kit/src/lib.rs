//! What every part of the switch needs, and that knows none of them.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`clock`] | the time that never goes back, and how the wire writes times |
//! | [`email_address`] | e-mail addresses as payers have them |
//! | [`fence`] | whether this process may still act towards the outside |
//! | [`mod@invariant`] | assertions that stay on, and what happens when one fails |
//! | [`record`] | what a journal record is named by |

pub mod clock;
pub mod email_address;
pub mod fence;
pub mod invariant;
pub mod record;
