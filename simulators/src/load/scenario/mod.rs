//! Scenarios: what a run asks at which time, what goes wrong on purpose, and what must hold. In comes a file or options; out
//! goes a plan that says when each request is due.

pub mod faults;
pub mod file;
pub mod plan;
pub mod scale;
pub mod threshold;
mod units;
