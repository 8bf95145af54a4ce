//! Tells payers what happened: by e-mail and by short message, to addresses that they have confirmed.
//!
//! | part | what it does |
//! | --- | --- |
//! | `texts` | puts an occasion and its facts into words |
//! | `channel` | takes one message to one receiver, or says why not |
//!
//! A payer's address goes to the server that delivers to it and to nobody else: it is in no log line, no metric and no
//! reason of a failure.

pub mod channel;
pub mod texts;
