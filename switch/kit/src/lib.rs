//! What every part of the switch needs, and that knows none of them.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`clock`] | the time that never goes back, and how the wire writes times |

pub mod clock;
