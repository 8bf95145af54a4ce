//! The rules of money against a plain model, and what replaying the journal makes of them.

#[allow(dead_code, reason = "another crate uses the rest")]
mod accounts;
mod bench;
mod browsers;
mod completions;
mod declines;
mod ending;
mod golden;
mod imported;
mod kept;
mod model;
mod originals;
mod passkeys;
mod payer;
mod plain;
mod refunds;
mod rules;
mod verdicts;
mod verification;
