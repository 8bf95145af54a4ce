//! The rules of money against a plain model, and what replaying the journal makes of them.

mod bench;
mod completions;
mod ending;
mod model;
mod originals;
mod payer;
mod references;
mod refunds;
mod rules;
mod verdicts;
mod verification;
