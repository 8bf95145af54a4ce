//! The port for malls and acquirers, in bytes written by hand: section 8 of the wire protocol row by row, and the
//! rules of sections 1, 3 and 4 that a mall meets.

mod crowds;
mod frames;
mod refusals;

use crate::rig::wire::{PLAIN, Wire, inquiry};
use crate::rig::{Rig, wait_for};

const BALANCE: u64 = 1_000_000;

/// A worker pours its own figures into the common ones now and then.
fn wait_for_refused(rig: &Rig, reason: &str, count: f64) {
    wait_for(
        &format!(
            "{count} frames refused as {reason}, not {}",
            frames_refused(rig, reason)
        ),
        || frames_refused(rig, reason) == count,
    );
}

fn frames_refused(rig: &Rig, reason: &str) -> f64 {
    rig.figure(&format!(
        "tessera_frames_refused_total{{reason=\"{reason}\"}}"
    ))
    .unwrap_or(0.0)
}

fn closed(rig: &Rig, reason: &str) -> f64 {
    rig.figure(&format!(
        "tessera_connections_closed_total{{reason=\"{reason}\"}}"
    ))
    .unwrap_or(0.0)
}

/// Ledger and available balance of a development card, asked for on a connection of its own.
fn balances(rig: &Rig, serial: u64) -> (u64, u64) {
    let answer = Wire::signed_on(rig, &PLAIN).ask(&inquiry(&PLAIN, serial));
    assert_eq!(answer.code(), "00", "{}", answer.reason());
    answer.balances()
}
