//! The room against a financial system that does whatever a test wants.

mod echo;
mod forwarding;
mod golden;
mod lines;
mod peer;
mod rig;
mod sharing;
