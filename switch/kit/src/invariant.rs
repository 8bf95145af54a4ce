//! Assertions that stay on in every build, where to go on would cost money. In comes a condition; where it does not hold,
//! a bug is at work: an incident report goes to the log, and the process ends at once, so that nothing leaves it that
//! rests on a broken state. What never happens here: anything about what an outsider sent, a peer did or a disk said;
//! those are errors.
//!
//! A report says what should hold, of which wallet and journal sequence, and where in the code. It has no place for a
//! card number.

use std::panic::Location;
use std::sync::OnceLock;

use crate::record::Sequence;

static END: OnceLock<fn() -> !> = OnceLock::new();

/// Asserts that something holds: `invariant!(holds, "what should hold", wallet, sequence)`, the last two of them
/// `Option<u64>` and `Option<Sequence>`, looked at only where it does not hold.
#[macro_export]
macro_rules! invariant {
    ($holds:expr, $what:literal, $wallet:expr, $sequence:expr $(,)?) => {
        if !$holds {
            $crate::invariant::fail($what, $wallet, $sequence);
        }
    };
}

/// Has `end` end the process after a report, once and for all. Without it a broken invariant panics.
pub fn end_by(end: fn() -> !) {
    // Who came first has said the same: there is one way for a process to end.
    let _ = END.set(end);
}

/// Reports a broken invariant and ends the process.
///
/// # Panics
/// Where nobody has said how the process ends.
#[cold]
#[inline(never)]
#[track_caller]
pub fn fail(what: &'static str, wallet: Option<u64>, sequence: Option<Sequence>) -> ! {
    let sequence = sequence.map(Sequence::to_stored);
    let version = env!("CARGO_PKG_VERSION");
    let place = Location::caller();
    tracing::error!(
        what, wallet, sequence, %place, version,
        "incident: an invariant is broken, stopping at once; keep the data folder and this line"
    );
    match END.get() {
        Some(end) => end(),
        None => panic!("broken: {what}; wallet {wallet:?}, sequence {sequence:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_nothing_while_it_holds() {
        let unneeded = || -> Option<u64> { panic!("nobody needs to know") };
        let sequence = || -> Option<Sequence> { panic!("nobody needs to know") };
        invariant!(1 < 2, "one is less than two", unneeded(), sequence());
    }

    #[test]
    #[should_panic(expected = "broken: two is less than one; wallet Some(7), sequence None")]
    fn panics_where_nobody_has_said_how_to_end() {
        invariant!(2 < 1, "two is less than one", Some(7), None);
    }
}
