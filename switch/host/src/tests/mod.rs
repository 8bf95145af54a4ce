//! The host link against a scripted financial system.

mod echo;
mod forwarding;
mod golden;
mod lines;
mod peer;
mod random_input;
mod rig;
mod sharing;
