//! One append, from the first sending until its outcome is known.
//!
//! ```text
//! send ──▶ done                                  the head is ours
//!      ──▶ the head is other ──▶ ours after all  an earlier sending had arrived, its answer was lost
//!                            └─▶ superseded
//!      ──▶ no answer ──▶ read the head ──▶ unchanged: send the same again
//!                                      ├─▶ ours: done
//!                                      └─▶ other: superseded
//! ```
//!
//! To send the same again is harmless: the transaction expects the head that it replaces, so of all sendings one takes effect
//! at most.

use crate::{Appended, Head, Revision};

/// An append under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appending<'a> {
    /// The head's revision that the transaction expects.
    pub expected: Revision,
    /// The head that it leaves.
    pub wanted: &'a Head,
}

/// What is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It took effect, once, and left this revision.
    Done(Revision),
    /// It has not taken effect so far: the same is to be sent again.
    SendAgain,
    /// It did not, and never will. The head is this one.
    Superseded(Head, Revision),
}

impl Appending<'_> {
    /// After an answer.
    pub fn answered(self, answer: Appended) -> Verdict {
        match answer {
            Appended::Done(revision) => Verdict::Done(revision),
            Appended::Other(head, revision) => self.other(head, revision),
        }
    }

    /// After no answer, when the head was read.
    pub fn head_is(self, head: Head, revision: Revision) -> Verdict {
        if revision == self.expected {
            return Verdict::SendAgain;
        }
        self.other(head, revision)
    }

    /// The head has changed since. The tag is that of the entry's bytes, so nobody else's is the same.
    fn other(self, head: Head, revision: Revision) -> Verdict {
        if head == *self.wanted {
            Verdict::Done(revision)
        } else {
            Verdict::Superseded(head, revision)
        }
    }
}
