//! The cases, a file for each section of the wire protocol. A number, once given, stays with its case: a new case takes a
//! free one, wherever in the file it reads best in the order of numbers.

mod bad_input;
mod codes;
mod completions;
mod duplicates;
mod frames;
mod keys;
mod leased;
mod messages;
mod orders;
mod packing;
mod parties;
mod reconciliation;
mod refunds;
mod requests;
mod reversals;
mod status;
mod time;

use super::case::Case;

/// All of them, in the order of their numbers.
pub fn cases() -> Vec<Case> {
    [
        frames::cases(),
        packing::cases(),
        parties::cases(),
        messages::cases(),
        keys::cases(),
        // Section 5, row by row.
        requests::cases(),
        completions::cases(),
        refunds::cases(),
        reversals::cases(),
        duplicates::cases(),
        time::cases(),
        orders::cases(),
        reconciliation::cases(),
        status::cases(),
        codes::cases(),
        leased::cases(),
        bad_input::cases(),
    ]
    .concat()
}

/// What the files of cases are written with.
mod words {
    pub(super) use std::time::Duration;

    pub(super) use super::super::answer::{
        Expected, answered, approved, format_error, one_of, reported,
    };
    pub(super) use super::super::case::{Case, Expect, Need, Raw, Step};
    pub(super) use super::super::controls::Control;
    pub(super) use super::super::grant::Grant;
    pub(super) use super::super::keys::{Key, Wrapped};
    pub(super) use super::super::message::{
        Message, Seal, Spoiled, Value, again, authorization, completion, echo, inquiry, key_change,
        network, purchase, reconciliation, refund, repeat, reversal, reversal_request, shrunk_to,
        sign_on, status, status_of_order, verification,
    };
}
