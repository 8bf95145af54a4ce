//! The ways in which a reversal may name its original: all of them find it.

use tessera_protocol::{OriginalData, Stan};

use super::super::bench::{TIME, retrieval};
use crate::Opening;

#[derive(Debug, Clone, Copy)]
pub(super) enum Naming {
    /// By trace number and time.
    Time,
    /// By the trace number alone.
    NoTime,
    /// By the time of a transmission that never came.
    LostTime,
    /// By field 37 alone.
    Retrieval,
    /// By field 37, from another terminal.
    OtherTerminal,
}

impl Naming {
    /// Names the request of class 1 or 2 that `original` names by trace number and time.
    pub(super) fn apply(self, original: &mut OriginalData, reversal: &mut Opening) {
        match self {
            Self::Time => return,
            Self::LostTime => original.transmission = TIME - 1_00,
            Self::NoTime => original.transmission = 0,
            Self::Retrieval | Self::OtherTerminal => {
                reversal.retrieval = retrieval(original.mti.class(), Stan::digits(original.trace));
                original.transmission = 0;
            }
        }
        match self {
            Self::Retrieval => original.trace = None,
            Self::OtherTerminal => reversal.terminal = *b"TERM0002",
            _ => {}
        }
        // Its own, and not its original's.
        reversal.local_time += 1;
    }
}
