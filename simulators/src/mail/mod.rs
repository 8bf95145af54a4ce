//! A mail server for development: it takes every mail, delivers none, and shows them on a page. In comes SMTP from a switch, out goes
//! a page for a browser, both on the loopback. What never happens here: a mail leaves the machine, a mail is written to a disk, what
//! stands in a mail runs or fetches anything in the browser.
//!
//! ```text
//! switch ──SMTP──▶ receive ──▶ letters ◀── page, live ◀──HTTP── browser
//!                                      ◀── api ◀──HTTP── tests
//! ```
//!
//! A letter here is what elsewhere is a mail or an e-mail: *message* means an ISO 8583 message in this project.

mod api;
mod letter;
mod letters;
mod live;
mod page;
#[cfg(test)]
mod page_tests;
mod receive;
mod serve;

pub use serve::{Options, run};
