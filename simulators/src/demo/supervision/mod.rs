//! What fails in the demo, and comes back. In come commands that start programs, and what a visitor wants to see fail:
//! the switch, the financial system, the link between the two. Out go processes that are started again whenever they
//! have ended, and what has happened, for the view and for the output. What never happens here: anything is repaired.
//! The switch and those around it do that themselves.
//!
//! ```text
//! k, e, h, l, --kill-after … ─▶ parts ─▶ process ─▶ supervised ─▶ SIGKILL, started again ─▶ events ─▶ view, output
//!                                           └─────▶ link ───────▶ cut, carries again ───────▶┘
//! ```

pub mod events;
pub mod link;
pub mod parts;
pub mod process;
pub mod supervised;
