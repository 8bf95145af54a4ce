//! What the nodes ask the log, and how that travels.

use crate::memory::Append;
use crate::{Appended, Claim, Followed, Head, LogError, NodeId, NodeReport, Revision};

/// A thread of a process that asks the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    Main,
    Keeper,
    Watch,
    Claim,
}

#[derive(Clone, Debug)]
pub enum Ask {
    Head,
    First,
    Next(u64),
    Append(Append),
    Grant,
    Renew(u64),
    Claim(u64),
    HasClaim(u64),
    Revoke(u64),
    Report(u64, NodeReport),
    Nodes,
    Claimed,
}

#[derive(Clone, Debug)]
pub enum Answer {
    Head(Option<(Head, Revision)>),
    First(Option<u64>),
    Next(Followed),
    Appended(Appended),
    Granted(u64),
    Renewed(bool),
    Claim(Claim),
    HasClaim(bool),
    Done,
    Nodes(Vec<NodeReport>),
    Claimed(Option<NodeId>),
    /// It was refused.
    Error(String),
}

/// A request on its way to the log, or its answer on its way back.
#[derive(Clone, Debug)]
pub struct Flight {
    pub node: usize,
    pub ticket: u64,
    pub carries: Carries,
}

#[derive(Clone, Debug)]
pub enum Carries {
    Ask(Ask),
    Answer(Answer),
}

/// An answer as production gets it; `None` stands for none.
pub fn reply<T>(
    answer: Option<Answer>,
    wanted: impl FnOnce(Answer) -> Option<T>,
) -> Result<T, LogError> {
    match answer {
        Some(Answer::Error(why)) => Err(LogError::Full(why)),
        Some(answer) => Ok(wanted(answer).expect("an answer fits its question")),
        None => Err(LogError::Unavailable("no answer".to_owned())),
    }
}

impl Answer {
    pub fn head(self) -> Option<Option<(Head, Revision)>> {
        match self {
            Self::Head(head) => Some(head),
            _ => None,
        }
    }

    pub fn first(self) -> Option<Option<u64>> {
        match self {
            Self::First(first) => Some(first),
            _ => None,
        }
    }

    pub fn appended(self) -> Option<Appended> {
        match self {
            Self::Appended(appended) => Some(appended),
            _ => None,
        }
    }
}
