//! One append, from the first sending until its outcome is known.
//!
//! ```text
//! send ──▶ done                                  the head is ours
//!      ──▶ the head is other ──▶ ours after all  an earlier sending had arrived, its answer was lost
//!                            └─▶ superseded
//!      ──▶ no answer ──▶ read the head ──▶ unchanged: send the same again, unless the log refuses it
//!                                      ├─▶ ours: done
//!                                      └─▶ other: superseded
//! ```
//!
//! To send the same again is harmless: the transaction expects the head that it replaces, so of all sendings one takes effect
//! at most.

use super::Rule;
use crate::{Appended, Head, LogError, Revision};

/// An append under way.
#[derive(Clone, Debug)]
pub(crate) struct Appending {
    /// The head's revision that the transaction expects.
    pub expected: Revision,
    /// The head that it leaves.
    pub wanted: Head,
    /// Why the log does not take it, where another try can't help.
    refused: Option<String>,
}

/// What is known of it, and what is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It took effect, once, and left this revision.
    Done(Revision),
    /// Nothing: the head is to be read.
    Ask,
    /// It has not taken effect so far: the same is to be sent again, after a while.
    SendAgain,
    /// It did not, and never will. The head is this one.
    Superseded(Head, Revision),
    /// The log can't be used. The append may still take effect.
    Failed(String),
}

impl Appending {
    /// One that has not been sent yet.
    pub fn new(expected: Revision, wanted: Head) -> Self {
        Self {
            expected,
            wanted,
            refused: None,
        }
    }

    /// After an answer, or none.
    pub fn answered(&mut self, answer: Result<Appended, LogError>) -> Verdict {
        match answer {
            Ok(Appended::Done(revision)) => Verdict::Done(revision),
            Ok(Appended::Other(head, revision)) => self.other(head, revision),
            Err(_) if !Rule::UnknownIsAsked.holds() => Verdict::Done(self.expected),
            Err(error) => {
                self.refused = match error {
                    LogError::Unusable(why) => Some(why),
                    LogError::Unavailable(_) | LogError::Full(_) => None,
                };
                Verdict::Ask
            }
        }
    }

    /// After the head was asked for.
    pub fn head_is(&mut self, found: Result<Option<(Head, Revision)>, LogError>) -> Verdict {
        match found {
            Ok(Some((head, revision))) if revision != self.expected => self.other(head, revision),
            Ok(Some(_)) => match self.refused.take() {
                Some(why) => Verdict::Failed(why),
                None => Verdict::SendAgain,
            },
            Ok(None) => Verdict::Failed("the replicated log was deleted".to_owned()),
            Err(LogError::Unusable(why)) => Verdict::Failed(why),
            // Nothing is known: the same may be sent again, as after an unchanged head.
            Err(LogError::Unavailable(_) | LogError::Full(_)) => Verdict::SendAgain,
        }
    }

    /// The head has changed since. The tag is that of the entry's bytes, so nobody else's is the same.
    fn other(&self, head: Head, revision: Revision) -> Verdict {
        let is_ours = match Rule::OwnTagCompared.holds() {
            true => head == self.wanted,
            false => head.number == self.wanted.number,
        };
        if is_ours {
            Verdict::Done(revision)
        } else {
            Verdict::Superseded(head, revision)
        }
    }
}
